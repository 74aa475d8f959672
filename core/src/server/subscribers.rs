//! Subscribers: the connections that are written to when something happens in the room.

use crate::types::conn_id::ConnId;
use alloc::vec::Vec;

/// The connections that are sent what happens, each with a seat: a number that finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Subscribers {
    all: Vec<ConnId>,
    /// So many of them are of readers, who are not in the room.
    readers: usize,
}

impl Subscribers {
    /// Takes a seat; the answer is its number.
    pub(super) fn add(&mut self, conn: ConnId) -> usize {
        self.all.push(conn);
        self.all.len() - 1
    }

    /// The same for one who is not in the room.
    pub(super) fn add_reader(&mut self, conn: ConnId) -> usize {
        self.readers += 1;
        self.add(conn)
    }

    /// The same for one who is not in the room, as [`remove`](Self::remove).
    pub(super) fn remove_reader(&mut self, seat: usize) -> Option<ConnId> {
        self.readers -= 1;
        self.remove(seat)
    }

    /// Gives a seat up; the answer is who has it now, if anyone.
    pub(super) fn remove(&mut self, seat: usize) -> Option<ConnId> {
        self.all.swap_remove(seat);
        self.all.get(seat).copied()
    }

    /// Nobody is there any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Who has a seat.
    pub(super) fn at(&self, seat: usize) -> Option<ConnId> {
        self.all.get(seat).copied()
    }

    /// How many are taken: so many connections are written to when something happens.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many of them are in the room.
    pub(super) fn members(&self) -> usize {
        self.all.len() - self.readers
    }
}
