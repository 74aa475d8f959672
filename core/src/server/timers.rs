//! Deadlines, each with its reason.

use crate::types::conn_id::ConnId;
use crate::types::time::Timestamp;
use alloc::collections::BTreeSet;

/// Why a timeout is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A connection's first line did not come.
    FirstLine,
    /// A connection has begun its first line, and did not end it.
    FirstLineEnd,
    /// A connection took no byte of what waits for it.
    Stall,
    /// A connection that was told everything did not close its side.
    Linger,
    /// A stopping server waits for its store no longer before it says goodbye.
    LastWord,
    /// A stopping server has waited long enough.
    Shutdown,
    /// The store may have taken too long.
    Commit,
    /// A session has had no connection for too long.
    Grace,
    /// Input was held back for a rate.
    Rate,
    /// Input was held back and can be gone on with at once.
    Resume,
    /// Nothing is due yet. The server notices by such calls that it did not stand still.
    Pulse,
}

/// All deadlines, the next one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Timers(BTreeSet<(Timestamp, Timer, Option<ConnId>)>);

impl Timers {
    pub(crate) fn insert(&mut self, at: Timestamp, timer: Timer, id: Option<ConnId>) {
        self.0.insert((at, timer, id));
    }

    pub(crate) fn remove(&mut self, at: Timestamp, timer: Timer, id: Option<ConnId>) {
        self.0.remove(&(at, timer, id));
    }

    pub(crate) fn next(&self) -> Option<(Timestamp, Timer)> {
        self.0.first().map(|&(at, timer, _)| (at, timer))
    }

    /// Takes out the next deadline that has passed.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<(Option<ConnId>, Timer)> {
        self.0.first().filter(|(at, ..)| *at <= now)?;
        self.0.pop_first().map(|(_, timer, id)| (id, timer))
    }
}
