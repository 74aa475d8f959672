//! Subscribers: the connections that are written to when something happens in a room.

use crate::types::conn_id::ConnId;
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// What finds a connection among the subscribers of a room: one more than its place, so that to have none takes no space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seat(NonZeroU32);

/// The connections that are sent what happens, each with a seat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Subscribers {
    all: Vec<ConnId>,
}

impl Subscribers {
    /// Takes a seat.
    pub(super) fn add(&mut self, conn: ConnId) -> Seat {
        self.all.push(conn);
        let nth = u32::try_from(self.all.len()).ok().and_then(NonZeroU32::new);
        Seat(nth.unwrap_or(NonZeroU32::MAX)) // There are no more connections than ids.
    }

    /// Gives a seat up; the answer is who has it now, if anyone.
    pub(super) fn remove(&mut self, seat: Seat) -> Option<ConnId> {
        let nth = seat.0.get() as usize - 1;
        self.all.swap_remove(nth);
        self.all.get(nth).copied()
    }

    /// Who has the seat at a place.
    pub(super) fn at(&self, nth: usize) -> Option<ConnId> {
        self.all.get(nth).copied()
    }

    /// How many are taken: so many connections are written to when something happens.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}
