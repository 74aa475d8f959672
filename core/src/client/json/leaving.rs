//! How a client leaves, and how it ends.

use super::keeping::Keeping;
use super::phase::{Event, Phase};
use super::{ACCEPT_PATIENCE, JsonClient};
use crate::client::{ClientAction, INTERRUPT_PATIENCE, Outcome};
use crate::types::time::Timestamp;
use crate::wire::json::Request as Ask;
use crate::wire::short::seconds;
use alloc::format;
use alloc::string::String;
use core::mem;
use core::time::Duration;

/// How long a server may take to close, once its client has left, before the person is told that it is waited for.
const CLOSE_QUIETLY: Duration = Duration::from_secs(2);

/// How long it is waited for then.
pub(super) const CLOSE_PATIENCE: Duration = Duration::from_secs(8);

pub(super) const CLOSING: &str =
    "* Waiting up to 8 s for the server to close the connection. Ctrl-C ends at once.";

impl JsonClient {
    /// The person wants to leave.
    pub(super) fn leave(&mut self, now: Timestamp) {
        if self.phase == Phase::Asking {
            return self.finish(
                Outcome::NeverJoined,
                "The input ended before JOIN; nothing was sent.",
            );
        }
        if mem::replace(&mut self.leaves, true) {
            return;
        }
        self.give_up = Some(now + ACCEPT_PATIENCE);
        self.go_on(now);
        let is_waiting = matches!(
            self.phase,
            Phase::Waiting | Phase::Connecting | Phase::Joining
        );
        if is_waiting {
            self.tell_how_long(now);
        }
    }

    /// Tells a person who wants to leave for how long what they have said is waited for.
    pub(super) fn tell_how_long(&mut self, now: Timestamp) {
        let Some(give_up) = self.give_up.filter(|_| !self.memory.outbox.is_empty()) else {
            return;
        };
        let (lines, seconds) = (self.lines(), seconds(give_up.since(now)));
        let news =
            format!("* Waiting up to {seconds} s for {lines} to be accepted. Ctrl-C ends at once.");
        self.actions.push_back(ClientAction::Notice(news));
    }

    pub(super) fn interrupt(&mut self, now: Timestamp) {
        self.interrupted = true;
        if self.phase == Phase::Talking {
            self.go_on(now);
        } else {
            self.finish(Outcome::Interrupted, "");
        }
    }

    /// Leaves, if that is wanted and nothing is in the way.
    pub(super) fn go_on(&mut self, now: Timestamp) {
        let is_accepted = self.memory.outbox.is_empty();
        if self.is_keeping() || !(self.interrupted || self.leaves && is_accepted) {
            return;
        }
        if self.phase == Phase::Waiting {
            self.finish(self.left(), "");
        } else if self.step(Event::Leave) {
            let patience = if self.interrupted {
                INTERRUPT_PATIENCE
            } else {
                CLOSE_QUIETLY
            };
            self.connection.asked = false;
            self.request(&Ask::Leave);
            self.give_up = None;
            self.deadline = Some(now + patience);
            self.actions.push_back(ClientAction::Finish);
        }
    }

    /// What was said last was not accepted in time.
    pub(super) fn give_up(&mut self) {
        let (seconds, lines) = (ACCEPT_PATIENCE.as_secs(), self.lines());
        let fate = if self.setup.keeps {
            "the next run sends what is left"
        } else {
            "what is left may not have been said"
        };
        self.finish(
            Outcome::Lost,
            &format!("{lines} not accepted within {seconds} s; {fate}."),
        );
    }

    /// How many lines are not accepted yet, in words.
    pub(super) fn lines(&self) -> String {
        match self.memory.outbox.len() {
            1 => "1 line".into(),
            count => format!("{count} lines"),
        }
    }

    /// How it ends for who has left and had everything accepted.
    pub(super) fn left(&self) -> Outcome {
        if self.refused {
            Outcome::Refused
        } else {
            Outcome::Left
        }
    }

    pub(super) fn finish(&mut self, outcome: Outcome, news: &str) {
        if !self.step(Event::End) {
            return;
        }
        (self.deadline, self.give_up) = (None, None);
        self.keeping = Keeping {
            is_due: self.is_keeping() || self.keeping.at.is_some(),
            ..Keeping::default()
        };
        if !news.is_empty() {
            self.actions
                .push_back(ClientAction::Notice(format!("* {news}")));
        }
        self.actions.push_back(ClientAction::End(outcome));
    }
}
