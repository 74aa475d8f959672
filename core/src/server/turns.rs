//! Whose lines are handled next, where more is sent than a batch holds (PROTOCOL.md, "Flow").
//!
//! Fair queueing with two classes, as RFC 8290 has them for packets: who speaks now and then comes
//! before who talks without pause, so that a few words are heard in the next batch whatever the
//! others do. Within a class it is one after the other. Who asks without pause, and says nothing, is a
//! third class: questions are nobody's business but the asker's, and wait for what is said to all.

use super::Server;
use crate::mark::{Mark, mark_if};
use crate::types::conn_id::ConnId;
use alloc::collections::BTreeSet;
use core::num::{NonZeroU32, NonZeroU64};
use core::time::Duration;

/// A turn ends with the line that makes it so many bytes, or whose answer does.
const TURN: usize = 256;

/// How often a connection may have a turn as a sparse speaker, in the long run.
const PERIOD: Duration = Duration::from_millis(500);

/// Where both wait, so many turns of those who talk are followed by one of those who ask.
const TALKING: u8 = 7;

/// How far it may be ahead of that: seven turns at once, and then one a period.
const AHEAD: Duration = Duration::from_millis(3_500);

/// A connection's place among those that wait: the class, in the two highest bits, and the number in it, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(NonZeroU64);

impl Place {
    fn new(class: Class, number: NonZeroU64) -> Self {
        Self(number | (class as u64) << 62)
    }

    fn class(self) -> Class {
        match self.0.get() >> 62 {
            0 => Class::Sparse,
            1 => Class::Bulk,
            _ => Class::Asking,
        }
    }
}

/// Who comes before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// It speaks now and then.
    Sparse,
    /// It talks without pause.
    Bulk,
    /// It asks without pause: nothing that it sent in its last turn was for the room.
    Asking,
}

/// Connections of which bytes wait to be gone through, the next one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Turns {
    waiting: BTreeSet<(Place, ConnId)>,
    last: u64,
    /// Turns of those who talk since one of those who ask.
    talked: u8,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a connection after all others of its class.
    fn insert(&mut self, class: Class, id: ConnId) -> Place {
        if self.waiting.is_empty() {
            self.last = 0;
        }
        self.last += 1;
        let place = Place::new(class, NonZeroU64::MIN.saturating_add(self.last - 1));
        self.waiting.insert((place, id));
        place
    }

    pub(super) fn remove(&mut self, place: Place, id: ConnId) {
        self.waiting.remove(&(place, id));
    }

    /// The first of a class or of those after it.
    fn first_from(&self, class: Class) -> Option<(Place, ConnId)> {
        let (slot, generation) = (0, NonZeroU32::MIN);
        let begin = (
            Place::new(class, NonZeroU64::MIN),
            ConnId { slot, generation },
        );
        self.waiting.range(begin..).next().copied()
    }
}

impl Server {
    /// Gives a connection a place in a class, if it has none.
    pub(super) fn queue(&mut self, id: ConnId, class: Class) {
        if let Some(connection) = self.connections.get_mut(id)
            && connection.inbound.turn.is_none()
        {
            connection.inbound.turn = Some(self.turns.insert(class, id));
        }
        debug_assert!(self.turns.waiting.len() <= self.connections.len());
    }

    /// Gives a connection that goes on a place among those who do the same.
    pub(super) fn queue_on(&mut self, id: ConnId) {
        let asks = self.connections.get(id).is_some_and(|c| c.inbound.asks);
        self.queue(id, if asks { Class::Asking } else { Class::Bulk });
    }

    /// Gives a connection of which nothing was held back a place in the class that it belongs to,
    /// by the generic cell rate algorithm (ITU-T I.371).
    pub(super) fn queue_by_rate(&mut self, id: ConnId) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let unread = connection.inbound.unread();
        let is_one_line = memchr::memchr(b'\n', unread).is_none_or(|end| end + 1 == unread.len());
        let is_little = unread.len() <= TURN || is_one_line;
        let class = if is_little && connection.inbound.next_sparse <= now + AHEAD {
            // A long line counts for as many turns as it fills.
            let turns = u32::try_from(unread.len().div_ceil(TURN)).unwrap_or(u32::MAX);
            connection.inbound.next_sparse =
                connection.inbound.next_sparse.max(now) + PERIOD * turns;
            Class::Sparse
        } else if connection.inbound.asks {
            Class::Asking
        } else {
            Class::Bulk
        };
        self.queue(id, class);
    }

    /// Whether somebody waits whose turn can be given now.
    pub(super) fn is_turn_due(&self) -> bool {
        self.next_turn().is_some()
    }

    /// Whose turn it is, if it can be given now.
    fn next_turn(&self) -> Option<(Place, ConnId)> {
        if self.is_batch_full() {
            return None;
        }
        let is_asked = !self.is_bulk_full() && !self.is_answers_full();
        let asking = || self.turns.first_from(Class::Asking).filter(|_| is_asked);
        let first = self.turns.waiting.first().copied();
        first.and_then(|first| match first.0.class() {
            Class::Bulk if self.is_bulk_full() => None,
            Class::Bulk if self.turns.talked >= TALKING => asking().or(Some(first)),
            Class::Sparse | Class::Bulk => Some(first),
            Class::Asking => asking(),
        })
    }

    /// Gives turns for as long as the batch has room.
    pub(super) fn take_turns(&mut self) {
        while let Some(next) = self.next_turn() {
            let (class, id) = (next.0.class(), next.1);
            self.turns.waiting.remove(&next);
            self.turns.talked = match class {
                Class::Sparse => self.turns.talked,
                Class::Bulk => self.turns.talked.saturating_add(1),
                Class::Asking => 0,
            };
            let Some(connection) = self.connections.get_mut(id) else {
                continue;
            };
            connection.inbound.turn = None;
            mark_if(class == Class::Sparse, Mark::TurnSparse);
            mark_if(class == Class::Bulk, Mark::TurnBulk);
            mark_if(class == Class::Asking, Mark::TurnAsking);
            if class != Class::Sparse {
                // A long line is paid for, whatever comes between.
                let next = self.now + AHEAD + PERIOD;
                connection.inbound.next_sparse = connection.inbound.next_sparse.max(next);
            }
            let mut unread = connection.inbound.take_unread();
            let handled = self.read_lines(id, &unread, TURN, class, false);
            unread.drain(..handled);
            self.give_up_next(id);
            mark_if(!unread.is_empty(), Mark::TurnLeftOver);
            self.keep(id, unread);
        }
    }
}
