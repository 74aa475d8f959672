//! Seats: the connections that are written to when something happens in the room.

use crate::types::conn_id::ConnId;
use alloc::vec::Vec;

/// The seats of all who hear the room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seats {
    all: Vec<ConnId>,
    /// So many of them are of readers, who are not in the room.
    readers: usize,
}

impl Seats {
    /// Takes a seat; the answer is its number.
    pub(super) fn sit(&mut self, conn: ConnId) -> usize {
        self.all.push(conn);
        self.all.len() - 1
    }

    /// Takes a seat without being in the room; the answer is its number.
    pub(super) fn sit_apart(&mut self, conn: ConnId) -> usize {
        self.readers += 1;
        self.sit(conn)
    }

    /// Gives such a seat up, as [`rise`](Self::rise).
    pub(super) fn rise_apart(&mut self, seat: usize) -> Option<ConnId> {
        self.readers -= 1;
        self.rise(seat)
    }

    /// Gives a seat up; the answer is who sits there now instead, if anyone.
    pub(super) fn rise(&mut self, seat: usize) -> Option<ConnId> {
        self.all.swap_remove(seat);
        self.all.get(seat).copied()
    }

    /// Nobody sits any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Who sits in a seat.
    pub(super) fn at(&self, seat: usize) -> Option<ConnId> {
        self.all.get(seat).copied()
    }

    /// How many are taken: so many connections are written to when something happens.
    pub(super) fn taken(&self) -> usize {
        self.all.len()
    }

    /// How many who sit are in the room.
    pub(super) fn members(&self) -> usize {
        self.all.len() - self.readers
    }
}
