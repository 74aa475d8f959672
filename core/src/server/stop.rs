//! The server stops: everyone is told goodbye, and leaves within a time (PROTOCOL.md, "Leaving and closing").

use super::Server;
use super::connection::Connection;
use super::phase::{Event, Phase};
use super::timers::Timer;
use super::{CloseReason, RETRY};
use crate::mark::{Mark, mark, mark_if};
use crate::wire::notice::{Goodbye, Notice};
use core::time::Duration;

impl Server {
    /// Stops; those who can be told when to come back are told different times.
    pub(super) fn drain(&mut self, spread: Duration) {
        let all = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        self.retry_share = spread / all.max(1);
        let share = self.retry_share;
        self.stop(|index| Goodbye::ShuttingDown {
            wait: RETRY + share * index,
        });
        if !self.is_committed() {
            let at = self.now + self.limits.shutdown * 4 / 5;
            self.timers.insert(at, Timer::LastWord, None);
        }
    }

    /// A server that stops waits for its store no longer: whoever waits for it is told goodbye while there is time for it.
    pub(super) fn give_up_waiting(&mut self) {
        if self.is_committed() {
            return;
        }
        let share = self.retry_share;
        for (index, id) in (0..).zip(self.connections.ids()) {
            let takes_more = |it: &Connection| it.phase == Phase::Draining && !it.outbound.blocked;
            if !self.connections.get(id).is_some_and(takes_more) {
                continue;
            }
            mark(Mark::StopUncommitted);
            let wait = RETRY + share * index;
            self.replace_waiting(id, |dialect, _| {
                Notice::Goodbye(Goodbye::ShuttingDown { wait }).to_line(dialect)
            });
            self.mark(id);
        }
    }

    pub(super) fn stop(&mut self, why: impl Fn(u32) -> Goodbye) {
        self.stopping = true;
        self.timers
            .insert(self.now + self.limits.shutdown, Timer::Shutdown, None);
        self.sessions.clear();
        self.people.clear();
        for (index, id) in (0..).zip(self.connections.ids()) {
            self.give_seats_up(id);
            if let Some(connection) = self.connections.get_mut(id) {
                connection.name = None;
                connection.session = None;
                mark_if(connection.phase == Phase::Greeting, Mark::StopUnjoined);
                if !connection.phase.is_ending() {
                    self.tell(id, Notice::Goodbye(why(index)));
                }
            }
            self.end(id, Event::Stop, CloseReason::Stopped);
        }
    }
}
