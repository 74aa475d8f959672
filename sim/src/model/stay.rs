//! Stays: what of a room's story a peer is to hear.

use super::rooms::Rooms;

/// A stay in a room, from joining to leaving.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    /// The room, by number.
    pub(super) room: usize,
    /// The entry of the room that is its joining, or the first one that is due to a connection with which it goes on.
    pub(super) joined: usize,
    /// What is left of the story for it to hear ends before this entry.
    pub(super) left: Option<usize>,
}

impl Stay {
    /// Where what it hears ends.
    pub(super) fn end(&self, rooms: &Rooms) -> usize {
        self.left.unwrap_or(rooms[self.room].entries.len())
    }
}
