//! The time of the room, and waiting for what is next.

use super::Shell;
use crate::listener::Listener;
use chat_core::{Timer, Timestamp};
use std::future::Future;
use std::task::Context;
use std::time::Duration;

impl<L: Listener, T: FnMut(&[u8])> Shell<L, T> {
    pub(super) fn now(&self) -> Timestamp {
        let elapsed = self.origin.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.server
            .next_timeout()
            .is_some_and(|(due, _)| due <= now)
    }

    /// Waits for the next deadline of the core's, or the end of the pause in accepting.
    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let due = self.server.next_timeout();
        // Timers count in whole milliseconds, and what is to be gone on with does not wait for one.
        if due.is_some_and(|(due, why)| why == Timer::Resume && due <= self.now()) {
            return true;
        }
        let due = due.map(|(due, _)| self.origin + Duration::from_micros(due.as_micros()));
        // Where that has ended since it was looked at, the timer is due at once.
        let pause = self.pause.map(|(until, _)| until);
        let counted = self.visits.due();
        let Some(next) = due.into_iter().chain(pause).chain(counted).min() else {
            return false;
        };
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }
}
