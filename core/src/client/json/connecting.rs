//! Connections: one after the other, until nothing is to be said any more.

use super::JsonClient;
use super::connection::Connection;
use super::leaving::{CLOSE_PATIENCE, CLOSING};
use super::memory::told;
use super::phase::{Event, Phase};
use crate::client::prompt::Answer;
use crate::client::{ClientAction, Outcome, PATIENCE, PROMPT, sentence};
use crate::mark::{Mark, mark};
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::json::{Hello, Request as Ask, VERSION};
use crate::wire::line::Line;
use crate::wire::short::Short;
use alloc::format;
use core::mem;
use core::time::Duration;

/// How long that takes to be answered, at most.
const ANSWER_PATIENCE: Duration = Duration::from_secs(4);

impl JsonClient {
    /// An answer to the prompt.
    pub(super) fn answer(&mut self, now: Timestamp, line: Line<'_>) {
        match Answer::of(line) {
            Answer::Join(name) => {
                if let Some((_, name)) = name {
                    self.memory.name = Some(name.as_str().into());
                    self.asked = Some(name.as_str().into());
                }
                self.connect(now, Event::Join);
            }
            Answer::Again(why) => {
                self.actions.extend(why.map(ClientAction::Notice));
                self.actions.push_back(ClientAction::Prompt(PROMPT));
            }
        }
    }

    pub(super) fn connect(&mut self, now: Timestamp, event: Event) {
        if self.step(event) {
            self.deadline = Some(now + PATIENCE);
            self.actions.push_back(ClientAction::Connect);
        }
    }

    pub(super) fn connected(&mut self, now: Timestamp) {
        if !self.step(Event::Connected) {
            return;
        }
        self.deadline = Some(now + PATIENCE);
        let device = self.own_device();
        let device_of = device.map(|it| it.name.clone());
        let known = &self.memory;
        let is_seen = |_: &&str| !self.reads;
        let lobby = self.known(&RoomName::LOBBY);
        // What is not shown need not be sent.
        let is_lobby_shown = self.is_lobby_shown();
        let rooms = self.named_rooms();
        let named = rooms.keys().filter_map(|it| RoomName::parse(it).ok());
        let lobby_too = is_lobby_shown.then_some(RoomName::LOBBY);
        let named = named.chain(lobby_too).collect();
        // A reader names the room that it reads, and where it is in that.
        let read = self.reads.then(|| self.known(&self.here));
        let (after, epoch, history) = match read {
            Some(known) => (known.after, known.epoch, known.history),
            None if is_lobby_shown => (lobby.after, lobby.epoch, lobby.history),
            None => (None, None, None),
        };
        let hello = Hello {
            rooms,
            version: Some(VERSION),
            name: known.name.as_deref().filter(is_seen).map(Into::into),
            session: (known.session.as_ref().filter(|_| !self.reads))
                .map(|token| Secret(token.as_str().into())),
            device: device.map(|it| Secret(it.token.as_str().into())),
            after,
            epoch,
            history,
            read: self.reads.then_some(true),
            room: told(&self.here).filter(|_| self.reads).map(Into::into),
        };
        // Numbers and strings: nothing in it can fail.
        let hello = serde_json::to_string(&hello).unwrap_or_default();
        self.connection.named = named;
        self.connection.device_of = device_of;
        self.send(&format!("JOIN {hello}\n"));
    }

    /// Joins on a connection of its own, from where it has read to.
    pub(super) fn enter_room(&mut self, now: Timestamp) {
        if self.phase == Phase::Talking {
            mark(Mark::ClientEnters);
            self.give_private_up();
            self.connection = Connection::new();
            self.actions.push_back(ClientAction::Disconnect);
            self.connect(now, Event::Join);
        }
    }

    /// It has read, and is on its way into the room.
    pub(super) fn is_entering(&self) -> bool {
        let is_on_its_way = matches!(self.phase, Phase::Connecting | Phase::Joining);
        is_on_its_way && self.was_in && !self.is_offline
    }

    /// There is no connection any more, or it is of no use.
    pub(super) fn lost(&mut self, now: Timestamp, why: &str) {
        self.give_private_up();
        match self.phase {
            Phase::Leaving if self.interrupted => self.finish(Outcome::Interrupted, ""),
            Phase::Leaving => self.finish(self.left(), ""),
            Phase::Connecting if !self.was_in => self.finish(Outcome::Unreachable, &sentence(why)),
            _ if self.connection.is_final || !self.was_in => {
                self.finish(Outcome::Lost, &sentence(why));
            }
            _ => self.wait(now, why),
        }
    }

    /// What was said to one person alone on a connection that is over is not answered any more.
    fn give_private_up(&mut self) {
        for (_, text) in mem::take(&mut self.connection.private) {
            let news = format!(
                "* Nobody knows whether this has arrived: \"{}\"",
                Short(&text)
            );
            self.actions.push_back(ClientAction::Notice(news));
        }
    }

    /// Waits for a while, and tries again.
    pub(super) fn wait(&mut self, now: Timestamp, why: &str) {
        if !self.step(Event::Lost) {
            return;
        }
        self.go_on(now);
        if self.phase == Phase::Ended {
            return;
        }
        mark(Mark::ClientOffline);
        let over = mem::replace(&mut self.connection, Connection::new());
        let lasted = over.since.map_or(Duration::ZERO, |since| now - since);
        let wait = over.retry_after + self.backoff.next_wait(lasted);
        self.deadline = Some(now + wait);
        self.actions.push_back(ClientAction::Disconnect);
        if !mem::replace(&mut self.is_offline, true) {
            let news = format!("* Offline: {why}. Trying again.");
            self.actions.push_back(ClientAction::Notice(news));
            self.tell_how_long(now);
        }
    }

    pub(super) fn timeout(&mut self, now: Timestamp) {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if is_due(self.keeping.at) {
            self.keeping.at = None;
            self.keeping.is_due = true;
        }
        self.send_held(now);
        if is_due(self.give_up) {
            return self.give_up();
        }
        if !is_due(self.deadline) {
            return;
        }
        self.deadline = None;
        let seconds = PATIENCE.as_secs();
        match self.phase {
            Phase::Connecting => self.lost(now, &format!("could not connect within {seconds} s")),
            Phase::Joining => {
                let why = format!("the server sent no welcome within {seconds} s");
                let why = match self.connection.banner.describe() {
                    None if self.connection.is_text => {
                        format!("{why}; what it sent is of the text dialect")
                    }
                    _ => self.connection.banner.with(&why),
                };
                self.lost(now, &why);
            }
            Phase::Waiting => self.connect(now, Event::Due),
            Phase::Talking if self.connection.asked => self.lost(now, "the server does not answer"),
            Phase::Talking => {
                self.connection.asked = true;
                self.deadline = Some(now + ANSWER_PATIENCE);
                self.request(&Ask::Ping);
            }
            Phase::Leaving if self.interrupted || self.connection.asked => self.lost(now, ""),
            Phase::Leaving => {
                self.connection.asked = true;
                self.deadline = Some(now + CLOSE_PATIENCE);
                self.actions.push_back(ClientAction::Notice(CLOSING.into()));
            }
            Phase::Asking | Phase::Ended => {}
        }
    }
}
