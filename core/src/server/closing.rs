//! A room is closed: everyone leaves it who may not be there any more, some at a time (PROTOCOL.md, "Order").

use super::Server;
use crate::room::RoomId;
use crate::types::name::Name;
use crate::wire::notice::Removal;
use alloc::string::String;
use alloc::vec::Vec;

/// So many leave at once; then it is looked whether others are to be written to first.
const AT_ONCE: usize = 64;

impl Server {
    /// Has everyone leave a room who may not be in it.
    pub(super) fn empty(&mut self, room: RoomId) {
        if !self.emptying.contains(&room) {
            self.emptying.push(room);
        }
        self.go_on_emptying();
    }

    /// Whether somebody is still to leave a room that is closed, and may now.
    pub(super) fn is_emptying_due(&self) -> bool {
        !self.emptying.is_empty() && !self.is_batch_full()
    }

    /// Goes on with that, as far as one batch goes: what follows from it is written to everyone before more is done.
    pub(super) fn go_on_emptying(&mut self) {
        while self.is_emptying_due()
            && let Some(room) = self.emptying.last().copied()
        {
            let gone = self.to_leave(room);
            if gone.is_empty() {
                self.emptying.pop();
                continue;
            }
            let rules = self.rooms[room].room.state.rules();
            let reason = String::from(rules.closed().unwrap_or_default());
            for name in &gone {
                let reason = &*reason;
                self.remove(room, name, Removal::Closed { reason });
            }
            debug_assert!(self.to_leave(room) != gone, "they have not left");
        }
    }

    /// Some of those who are to leave a room.
    fn to_leave(&self, room: RoomId) -> Vec<Name> {
        if !self.rooms.has(room) {
            return Vec::new();
        }
        let room = &self.rooms[room].room;
        let known = room.known(self.rooms.names(), self.wall());
        let members = room.state.members();
        let gone = members.filter(|name| !known.may_be_in_closed(name));
        gone.take(AT_ONCE).cloned().collect()
    }

    /// The rooms that were closed, and not empty, when the server ended.
    pub(super) fn empty_closed_rooms(&mut self) {
        let all = self.rooms.iter();
        let closed = all.filter(|(_, it)| it.room.state.rules().closed().is_some());
        self.emptying = closed.map(|(id, _)| id).collect();
    }
}
