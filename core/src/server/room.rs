//! A room: its log and who is in it.

use super::id::ConnId;
use crate::log::Log;
use crate::mark::{Mark, mark};
use crate::name::{Name, Unique};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// The highest number put behind a name that was asked for; finding a free one takes no longer.
const MAX_NUMBER: u32 = 99;

/// The log, the names in use, and the seats of the connections that hear it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Room {
    pub(crate) log: Log,
    names: BTreeSet<Unique>,
    seats: Vec<ConnId>,
    /// So many of them are of readers, who are not in the room.
    readers: usize,
}

impl Room {
    /// A room that nobody is in.
    pub(crate) fn new(log: Log) -> Self {
        Self {
            log,
            names: BTreeSet::new(),
            seats: Vec::new(),
            readers: 0,
        }
    }

    /// `wanted`, or the first of `wanted-2`, `wanted-3` … that nobody in the room has. Where too
    /// many have asked for the same, the same is done for the name that goes with the port.
    pub(crate) fn free_name(&self, wanted: Name, port: u16) -> Name {
        let is_free = |name: &Name| !self.names.contains(&Unique(name.clone()));
        if is_free(&wanted) {
            return wanted;
        }
        mark(Mark::NameTaken);
        let numbered = (2..=MAX_NUMBER).map(|n| wanted.numbered(n)).find(is_free);
        let by_port = || {
            mark(Mark::NameByPort);
            let name = Name::of_port(port);
            // There are more numbers than connections.
            let numbered = (2..).map(|n| name.numbered(n));
            core::iter::once(name.clone()).chain(numbered).find(is_free)
        };
        numbered.or_else(by_port).unwrap_or(wanted)
    }

    /// Somebody is in the room from now on.
    pub(crate) fn enter(&mut self, name: &Name) {
        let is_new = self.names.insert(Unique(name.clone()));
        debug_assert!(is_new, "{name} is in the room twice");
    }

    /// Nobody of that name is in the room any more.
    pub(crate) fn leave(&mut self, name: &Name) {
        self.names.remove(&Unique(name.clone()));
    }

    /// Takes a seat; the answer is its number.
    pub(crate) fn sit(&mut self, conn: ConnId) -> usize {
        self.seats.push(conn);
        self.seats.len() - 1
    }

    /// Takes a seat without being in the room; the answer is its number.
    pub(crate) fn sit_apart(&mut self, conn: ConnId) -> usize {
        self.readers += 1;
        self.sit(conn)
    }

    /// Gives such a seat up, as [`rise`](Self::rise).
    pub(crate) fn rise_apart(&mut self, seat: usize) -> Option<ConnId> {
        self.readers -= 1;
        self.rise(seat)
    }

    /// Gives a seat up; the answer is who sits there now instead, if anyone.
    pub(crate) fn rise(&mut self, seat: usize) -> Option<ConnId> {
        self.seats.swap_remove(seat);
        self.seats.get(seat).copied()
    }

    /// Empties the room without a word.
    pub(crate) fn dismiss(&mut self) {
        self.names.clear();
        self.seats.clear();
        self.readers = 0;
    }

    /// Everyone's names, in order.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.names.iter().map(|name| &name.0)
    }

    /// Who sits in a seat.
    pub(crate) fn seat(&self, seat: usize) -> Option<ConnId> {
        self.seats.get(seat).copied()
    }

    /// How many seats are taken: so many are written to when something happens.
    pub(crate) fn seated(&self) -> usize {
        self.seats.len()
    }

    /// How many in the room have a connection.
    pub(crate) fn population(&self) -> usize {
        self.seats.len() - self.readers
    }
}
