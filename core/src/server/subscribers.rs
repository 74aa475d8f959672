//! Subscribers: the connections that are written to when something happens in a room.

use crate::types::conn_id::ConnId;
use alloc::vec::Vec;

/// The connections that are sent what happens, each with a seat: a number that finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Subscribers {
    all: Vec<ConnId>,
}

impl Subscribers {
    /// Takes a seat; the answer is its number.
    pub(super) fn add(&mut self, conn: ConnId) -> usize {
        self.all.push(conn);
        self.all.len() - 1
    }

    /// Gives a seat up; the answer is who has it now, if anyone.
    pub(super) fn remove(&mut self, seat: usize) -> Option<ConnId> {
        self.all.swap_remove(seat);
        self.all.get(seat).copied()
    }

    /// Who has a seat.
    pub(super) fn at(&self, seat: usize) -> Option<ConnId> {
        self.all.get(seat).copied()
    }

    /// How many are taken: so many connections are written to when something happens.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}
