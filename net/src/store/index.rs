//! What is known of the entries of a segment: where each is, which of them has an id, and which are of which room.
//!
//! Of the segment being written it is a table in memory ([`table`](super::table)). One is written beside each segment
//! that is full ([`sidecar`](super::sidecar)): it follows from that, and is made again where it is missing or not as it
//! was written.

use super::sidecar::{Sidecar, Unusable};
use super::table::{Run, Start, Table};
use chat_core::RoomName;

/// What is known of a segment.
#[derive(Debug)]
pub(super) enum Index {
    Memory(Table),
    File(Sidecar),
}

impl Index {
    /// Where so many entries are, the first of them the `nth` of the segment.
    pub(super) fn places(&self, nth: u64, count: usize) -> Result<Vec<u32>, Unusable> {
        match self {
            Self::Memory(table) => Ok(table.places(nth, count).to_vec()),
            Self::File(sidecar) => sidecar.places(nth, count),
        }
    }

    /// Which entry of the segment has this key.
    pub(super) fn find(&self, key: u64) -> Result<Option<u32>, Unusable> {
        match self {
            Self::Memory(table) => Ok(table.ids.get(&key).copied()),
            Self::File(sidecar) => sidecar.find(key),
        }
    }

    /// What the segment has of a room, and so many entries from one on. Of a segment that has the lobby alone it
    /// is not asked.
    pub(super) fn run(&self, room: &RoomName, from: Start, limit: usize) -> Result<Run, Unusable> {
        match self {
            Self::Memory(table) => {
                let rooms = table.rooms.as_ref();
                Ok(rooms.map_or_else(Run::default, |rooms| rooms.run(room, from, limit)))
            }
            Self::File(sidecar) => sidecar.run(room, from, limit),
        }
    }

    /// The last entry of the segment of which it is not known whether it has an id.
    pub(super) fn unknown(&self) -> Option<u32> {
        match self {
            Self::Memory(table) => table.unknown,
            Self::File(sidecar) => sidecar.unknown,
        }
    }
}
