//! Whose lines are handled next, where more is sent than a batch holds (PROTOCOL.md, "Flow").
//!
//! Fair queueing with two classes, as RFC 8290 has them for packets: who speaks now and then comes
//! before who talks without pause, so that a few words are heard in the next batch whatever the
//! others do. Within a class it is one after the other.

use super::Server;
use super::id::ConnId;
use crate::mark::{Mark, mark, mark_if};
use alloc::collections::BTreeSet;
use core::mem;
use core::time::Duration;

/// A turn ends with the line that makes it so many bytes, or whose answer does.
const TURN: usize = 256;

/// How often a connection may have a turn as a sparse speaker, in the long run.
const PERIOD: Duration = Duration::from_millis(500);

/// How far it may be ahead of that: seven turns at once, and then one a period.
const AHEAD: Duration = Duration::from_millis(3_500);

/// A connection's place among those that wait.
pub(super) type Place = (Class, u64);

/// Who comes before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// It speaks now and then.
    Sparse,
    /// It talks without pause.
    Bulk,
}

/// Connections whose `unread` is to be gone through, the next one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Turns {
    waiting: BTreeSet<(Place, ConnId)>,
    next: u64,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a connection behind all others of its class.
    fn insert(&mut self, class: Class, id: ConnId) -> Place {
        if self.waiting.is_empty() {
            self.next = 0;
        }
        let place = (class, self.next);
        self.next += 1;
        self.waiting.insert((place, id));
        place
    }

    pub(super) fn remove(&mut self, place: Place, id: ConnId) {
        self.waiting.remove(&(place, id));
    }
}

impl Server {
    /// Gives a connection a place in a class, if it has none.
    pub(super) fn queue(&mut self, id: ConnId, class: Class) {
        if let Some(connection) = self.connections.get_mut(id)
            && connection.turn.is_none()
        {
            connection.turn = Some(self.turns.insert(class, id));
        }
        debug_assert!(self.turns.waiting.len() <= self.connections.len());
    }

    /// Gives a connection of which nothing was held back a place in the class that it belongs to,
    /// by the generic cell rate algorithm (ITU-T I.371).
    pub(super) fn queue_by_rate(&mut self, id: ConnId) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let unread = &connection.unread;
        let is_one_line = memchr::memchr(b'\n', unread).is_none_or(|end| end + 1 == unread.len());
        let is_little = unread.len() <= TURN || is_one_line;
        let class = if is_little && connection.next_sparse <= now + AHEAD {
            // A long line counts for as many turns as it fills.
            let turns = u32::try_from(unread.len().div_ceil(TURN)).unwrap_or(u32::MAX);
            connection.next_sparse = connection.next_sparse.max(now) + PERIOD * turns;
            Class::Sparse
        } else {
            Class::Bulk
        };
        self.queue(id, class);
    }

    /// Whether somebody waits whose turn can be given now.
    pub(super) fn is_turn_due(&self) -> bool {
        self.turns
            .waiting
            .first()
            .is_some_and(|((class, _), _)| match class {
                Class::Sparse => !self.is_batch_full(),
                Class::Bulk => !self.is_batch_full() && !self.is_bulk_full(),
            })
    }

    /// Gives turns for as long as the batch has room.
    pub(super) fn take_turns(&mut self) {
        while self.is_turn_due()
            && let Some(((class, _), id)) = self.turns.waiting.pop_first()
        {
            let Some(connection) = self.connections.get_mut(id) else {
                continue;
            };
            connection.turn = None;
            mark_if(class == Class::Sparse, Mark::TurnSparse);
            if class == Class::Bulk {
                mark(Mark::TurnBulk);
                // A long line is paid for, whatever comes between.
                let next = self.now + AHEAD + PERIOD;
                connection.next_sparse = connection.next_sparse.max(next);
            }
            let mut unread = mem::take(&mut connection.unread);
            let handled = self.read_lines(id, &unread, TURN, class);
            unread.drain(..handled);
            self.give_up_next(id);
            mark_if(!unread.is_empty(), Mark::TurnLeftOver);
            self.keep(id, unread);
        }
    }
}
