//! How far a room's lines of one dialect have been delivered.

use crate::types::conn_id::ConnId;
use crate::types::limits::{Limits, MAX_SERVER_LINE};
use alloc::collections::BTreeSet;

/// How far a room's lines of one dialect have been delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// The head of the log when the round under way began.
    pub(super) round_start: u64,
    /// The head when the round before began: every member whose socket is not full has come as far. Departed
    /// readers may lag one round more.
    pub(super) previous_start: u64,
    /// What that round appended beyond a batch.
    pub(super) excess: u64,
    /// Connections that need more of the log and whose sockets are full, or were until they were
    /// marked; the one furthest behind first: by place in it, less the bytes of their own that wait.
    pub(super) blocked: BTreeSet<(i64, ConnId)>,
    /// So many bytes more than its limit may a connection be behind, since a crowd that came or went at once has
    /// appended them; 0 once nobody is behind by more than the limit.
    pub(super) burst: u64,
}

impl Lane {
    /// What the round under way has appended beyond a batch.
    pub(super) fn excess(&self, head: u64, limits: &Limits) -> u64 {
        (head - self.round_start).saturating_sub(limits.batch + 2 * (MAX_SERVER_LINE as u64 + 1))
    }

    /// How far the connection that is furthest behind is, and which one it is.
    pub(super) fn furthest(&self, head: u64) -> Option<(u64, ConnId)> {
        let &(key, id) = self.blocked.first()?;
        let distance = head.cast_signed() - key;
        Some((u64::try_from(distance).unwrap_or(0), id))
    }

    /// How far behind the log a connection may be. A crowd that comes or goes at once appends more
    /// than anyone could have taken meanwhile; whoever listens is not to go with it.
    pub(super) fn most_behind(&mut self, head: u64, limits: &Limits) -> u64 {
        let most = limits.transcript.saturating_sub(limits.behind);
        let surplus = self.excess + self.excess(head, limits);
        self.burst = self.burst.max(surplus).min(most);
        limits.behind + self.burst
    }

    /// Files a connection as it is now: by this key, or not at all.
    pub(super) fn file(&mut self, id: ConnId, before: Option<i64>, key: Option<i64>) {
        if let Some(key) = before {
            self.blocked.remove(&(key, id));
        }
        if let Some(key) = key {
            self.blocked.insert((key, id));
        }
    }

    /// Whether a round that begins would find nothing to do here, with all lines sent up to `head`.
    pub(super) fn is_at_rest(&self, head: u64) -> bool {
        self.round_start == head
            && self.previous_start == head
            && (self.excess, self.burst) == (0, 0)
            && self.blocked.is_empty()
    }
}
