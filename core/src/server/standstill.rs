//! A server that stood still: its process was stopped, or its machine slept (PROTOCOL.md, "A server that stood still").
//!
//! Whoever was to do something by a deadline could not show it meanwhile. So what the server itself
//! missed counts for nobody.

use super::Server;
use super::timers::Timer;
use crate::mark::{Mark, mark, mark_if};
use crate::types::time::Timestamp;
use core::time::Duration;

impl Server {
    /// The time is now this.
    #[inline]
    pub(super) fn pass_time(&mut self, now: Timestamp) {
        // Much happens at the same time.
        if now > self.now {
            self.time_passed(now);
        }
    }

    /// It was less before.
    fn time_passed(&mut self, now: Timestamp) {
        let gap = now.since(self.now);
        self.now = self.now.max(now);
        if gap > self.limits.standstill && self.next_deadline().is_some() {
            mark(Mark::StoodStill);
            self.move_deadlines(gap);
            self.wait_anew();
        }
    }

    /// The wall clock went on by so much more than the time that is passed in. The machine slept, where the
    /// caller's clock does not count that, or the wall clock was set: then it does no harm.
    pub(super) fn wall_clock_jumped(&mut self, millis: u64) {
        if Duration::from_millis(millis) > self.limits.standstill {
            self.wait_anew();
        }
    }

    /// When the server is to be called at the latest. While it waits for something, it is called so often
    /// that a call which does not come is noticed.
    pub(super) fn next_call(&self) -> Option<(Timestamp, Timer)> {
        let deadline = self.next_deadline()?;
        if deadline.1 == Timer::Shutdown {
            return Some(deadline); // It is not put off in any case.
        }
        let pulse = self.now + self.limits.standstill / 2;
        Some(deadline.min((pulse, Timer::Pulse)))
    }

    fn next_deadline(&self) -> Option<(Timestamp, Timer)> {
        let grace = self.sessions.next_timeout().map(|at| (at, Timer::Grace));
        let rate = self.paces.next_timeout().map(|at| (at, Timer::Rate));
        let history = self.next_backfill().map(|at| (at, Timer::Resume));
        let others = grace.into_iter().chain(rate).chain(history);
        self.timers.next().into_iter().chain(others).min()
    }

    /// What connections have to do in time they may do later. That a stopping server ends in time is promised
    /// to others.
    fn move_deadlines(&mut self, by: Duration) {
        for id in self.connections.ids() {
            let deadline = self.connections.get(id).and_then(|c| c.deadline.clone());
            if let Some((at, timer)) = deadline.as_deref().copied() {
                self.set_deadline(id, Some((at + by, timer)));
            }
            self.move_line_end(id, by);
        }
    }

    /// Sessions without a connection have their whole time again.
    fn wait_anew(&mut self) {
        mark_if(self.sessions.next_timeout().is_some(), Mark::GraceAgain);
        self.sessions.wait_until(self.now + self.limits.grace);
    }
}
