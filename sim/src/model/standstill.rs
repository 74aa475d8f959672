//! A server that stands still: what it misses counts for nobody.

use super::{Watched, micros};
use crate::invariant::Invariant;

impl Watched {
    /// The server was not called for so long.
    pub(super) fn stand_still(&mut self, time: u64) {
        if time <= micros(self.limits.standstill) {
            return;
        }
        for &who in &self.open {
            let peer = &mut self.peers[who];
            peer.accepted += time;
            for at in [&mut peer.stuck, &mut peer.finished, &mut peer.begun] {
                *at = at.map(|at| at + time);
            }
        }
        self.sessions_wait_anew(self.seen + time);
    }

    /// Checks that a server with something to wait for is called often enough to know whether it stood still.
    pub(super) fn looks_at_the_clock(&self) {
        let is_stopping = self.stopped.is_some();
        // Whose leaving is yet to be read on the screen is not waited for any more.
        let waits = self.sessions.detached() > 0 && !self.habits.lazy
            || self.open.iter().any(|who| {
                let peer = &self.peers[*who];
                peer.stuck.is_some()
                    || peer.finished.is_some()
                    || self.line_end(peer).is_some() && self.is_read(peer)
            });
        let latest = self.seen + micros(self.limits.standstill);
        let next = self.next_timeout();
        let is_called = next.is_some_and(|(due, _)| due <= latest);
        Invariant::InTime.holds(is_called || !waits || is_stopping, || {
            format!("it waits for something, and is called {next:?}, not by {latest}")
        });
    }
}
