//! What a client is sent, and what it shows of that.

use super::answers::answer_line;
use super::devices::without_token;
use super::entries::line_of;
use super::phase::{Event, Phase};
use super::rooms;
use super::{ACCEPT_PATIENCE, JsonClient, MAX_RETRY_AFTER, SILENCE, Unaccepted};
use crate::client::{ClientAction, Outcome};
use crate::mark::{Mark, mark, mark_if};
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::json::{Code, GapReason, Message, ROOM};
use crate::wire::line::{Line, LineReader};
use crate::wire::printable::printable;
use crate::wire::short::Short;
use crate::wire::text::{ServerLine, WELCOME};
use alloc::format;
use alloc::string::String;
use core::mem;
use core::time::Duration;

/// That a server reads slowly is shown once in so long.
const SLOW_SHOWN: Duration = Duration::from_secs(20);

/// How long a server is left alone that says goodbye in the text dialect: its room is full.
const TEXT_RETRY_AFTER: Duration = Duration::from_secs(5);

impl JsonClient {
    pub(super) fn received(&mut self, now: Timestamp, mut bytes: &[u8]) {
        if self.phase == Phase::Joining {
            self.connection.banner.hear(bytes);
            if let Some(why) = self.connection.banner.strange() {
                return self.lost(now, &why);
            }
        }
        let mut reader = mem::replace(&mut self.connection.reader, LineReader::new(0));
        let is_listening =
            |phase| matches!(phase, Phase::Joining | Phase::Talking | Phase::Leaving);
        while is_listening(self.phase)
            && let Some(line) = reader.next(&mut bytes)
        {
            let Line::Whole(line) = line else {
                let why = "the server sent a line that is too long";
                return self.not_understood(now, why);
            };
            let text = String::from_utf8_lossy(line);
            if self.phase == Phase::Joining && !text.starts_with('{') {
                self.hears_text(&text);
            } else {
                self.hears(now, &text);
            }
        }
        if is_listening(self.phase) {
            self.connection.reader = reader;
        }
    }

    /// The connection is of no use, as what comes on it is not of this protocol.
    fn not_understood(&mut self, now: Timestamp, why: &str) {
        let first = self.first_words();
        let why = first.map_or_else(|| why.into(), |banner| banner.with(why));
        self.lost(now, &why);
    }

    /// A line that was sent before the server knew which dialect this is. What happened is sent
    /// again, as far as it concerns this client; that the room is full is not.
    fn hears_text(&mut self, line: &str) {
        let is_goodbye = matches!(ServerLine::decode(line), ServerLine::Goodbye(_));
        mark_if(is_goodbye, Mark::GoodbyeHeard);
        self.connection.goodbye |= is_goodbye;
        self.connection.is_text = true;
        if is_goodbye {
            self.connection.retry_after = TEXT_RETRY_AFTER;
        }
        if is_goodbye && !self.is_offline {
            self.tell(&printable(line));
        }
    }

    #[expect(clippy::too_many_lines, reason = "each message once")]
    fn hears(&mut self, now: Timestamp, line: &str) {
        let Ok(message) = serde_json::from_str(line) else {
            // What is not known yet is no fault.
            if serde_json::from_str::<serde::de::IgnoredAny>(line).is_err() {
                self.not_understood(now, "the server sent something that is not understood");
            }
            return;
        };
        if self.phase == Phase::Talking {
            self.connection.asked = false;
            self.deadline = Some(now + SILENCE);
        }
        let is_own = rooms::is_errand(&message)
            || self.is_told_otherwise(&message)
            || self.is_held_already(&message);
        let is_known = self.follow_words(&message);
        let is_taken = self.take_names(&message) || self.take_role(&message);
        if is_taken || self.hides(&message) || is_known {
            if !self.is_showing {
                self.say_what_is_read(); // Nothing of it is to be seen first.
            }
            return;
        }
        if self.setup.raw && is_shown_raw(&message) && !is_own {
            let line = without_token(&message, line);
            self.show(printable(&line).into());
        }
        self.follow_devices(&message);
        match message {
            Message::Welcome {
                room,
                name,
                session,
                epoch,
                head,
                resumed,
                here,
                outside,
                read,
                ..
            } => {
                let stay = (!read).then_some((&*name, &**session, resumed));
                // A server of one room need not say how many are there.
                let here_now = (!outside && !read).then(|| here.unwrap_or(1));
                let at = (&*room, &*epoch, head);
                self.welcomed(now, stay, at, here_now);
                if !read {
                    self.introduce(&name, here.filter(|_| self.target().is_lobby()));
                }
            }
            Message::Entry(entry) if self.is_here(&entry.room) => self.happened(now, &entry, line),
            Message::Entry(entry) => self.overheard(&entry),
            Message::In { .. } => self.came_in(now, &message),
            Message::Out {
                room,
                code: Some(_),
                text,
                ..
            } => self.was_removed(now, &room, text.as_deref().unwrap_or_default()),
            Message::Out { room, .. } => self.went_out(&room),
            Message::Topic { room, text, .. }
                if self.takes_topic(room.as_deref(), text.is_empty()) => {}
            Message::Past(entry) => {
                self.tell_at(&format!("* {}", line_of(&entry)), Some(entry.at));
            }
            Message::Accepted { id: Some(id), .. } => {
                drop(self.take_out(now, &id));
                self.go_on(now);
            }
            Message::Error {
                code: Code::TooSoon,
                text,
                id: Some(id),
                retry_after_ms: Some(wait),
            } if self.has_said(&id) => self.is_held(now, &id, wait, &text),
            Message::Error { code, text, id, .. } => self.failed(now, code, &text, id.as_deref()),
            Message::Slow { text } => {
                // It does hear, if slowly.
                self.give_up = self.give_up.map(|_| now + ACCEPT_PATIENCE);
                if self.connection.slow_until.is_none_or(|until| until <= now) {
                    self.connection.slow_until = Some(now + SLOW_SHOWN);
                    self.tell(&format!("* {}", printable(&text)));
                }
            }
            Message::Private { .. } => self.show_private(&message),
            Message::Gap {
                room,
                after,
                next,
                reason,
            } => self.is_gap(room.as_deref(), after, next, reason),
            Message::Pong { head } => self.answered(now, head),
            Message::Bye {
                text,
                retry_after_ms,
                ..
            } => {
                mark(Mark::GoodbyeHeard);
                self.connection.goodbye = true;
                self.connection.is_final = retry_after_ms.is_none();
                let wait = Duration::from_millis(retry_after_ms.unwrap_or(0));
                self.connection.retry_after = wait.min(MAX_RETRY_AFTER);
                self.tell(&format!("* Goodbye: {}", printable(&text)));
            }
            Message::Accepted { id: None, .. } | Message::Page { .. } => {}
            answer => {
                if let Some(line) = answer_line(&answer) {
                    self.tell(&line);
                }
            }
        }
    }

    /// Entries of a room are missing.
    fn is_gap(&mut self, room: Option<&str>, after: u64, next: u64, reason: Option<GapReason>) {
        if let Ok(room) = RoomName::parse(room.unwrap_or(ROOM))
            && self.is_in_it(&room)
        {
            self.missed(&room, after, next, reason);
        }
    }

    /// The server has answered that it is there, and how far the lobby is, or the room that it reads.
    fn answered(&mut self, now: Timestamp, head: u64) {
        let sent = if self.reads {
            self.position(&self.here)
        } else {
            self.after.filter(|_| self.is_lobby_sent())
        };
        if sent.is_some_and(|after| after < head) {
            self.lost(now, "the server did not send everything");
        } else {
            self.drop_rooms_not_let_in();
        }
    }

    /// Something was not done.
    fn failed(&mut self, now: Timestamp, code: Code, text: &str, id: Option<&str>) {
        let why = printable(text);
        if let Some(id) = id
            && self.errand_failed(now, code, id, &why)
        {
            return;
        }
        if code == Code::TooManyRooms && !self.connection.joins.is_empty() {
            return; // The answer to what is asked by the way says which room.
        }
        let why = why.strip_prefix("Not sent: ").unwrap_or(&why);
        let private = id.and_then(|id| self.take_private(id));
        let said = id.and_then(|id| self.take_out(now, id));
        let line = match (&said, &private) {
            (Some(said), _) if code == Code::NotInRoom => {
                let room = said.room.as_deref().unwrap_or(ROOM);
                format!(
                    "* Not said: \"{}\": you are not in {room}.",
                    Short(&said.text)
                )
            }
            // Whoever may not speak for long can say it elsewhere: they have all of it.
            (Some(said), _) if code == Code::Muted => {
                format!("* Not said: \"{}\": {why}", printable(&said.text))
            }
            (Some(said), _) => format!("* Not said: \"{}\": {why}", Short(&said.text)),
            (_, Some(text)) => format!("* Not said: \"{}\": {why}", Short(text)),
            _ => format!("* {why}"),
        };
        self.tell(&line);
        if said.is_some() && code == Code::NotInRoom {
            self.drop_rooms_not_let_in();
        }
        self.refused = true;
        self.go_on(now);
    }

    /// The connection is in: with a name, a session, and whether that goes on; or it reads. `at`: of which room that tells, and
    /// which entry of which log is the last one there.
    fn welcomed(
        &mut self,
        now: Timestamp,
        stay: Option<(&str, &str, bool)>,
        at: (&str, &str, u64),
        here: Option<u64>,
    ) {
        let (room, epoch, head) = at;
        if !self.step(Event::Welcomed) {
            return;
        }
        self.deadline = Some(now + SILENCE);
        self.connection.since = Some(now);
        let read = RoomName::parse(room).ok().filter(|_| stay.is_none());
        if self.reads && read.as_ref().is_some_and(|room| *room != self.here) {
            let here = &self.here;
            let why = format!("This server lets nobody read {here} who does not join it.");
            return self.finish(Outcome::Lost, &why);
        }
        match read.filter(|room| !room.is_lobby()) {
            Some(room) => self.follow(&room, epoch, head),
            None => self.follow_lobby(epoch, head),
        }
        let was_in = mem::replace(&mut self.was_in, true);
        let was_offline = mem::take(&mut self.is_offline);
        mark_if(was_offline, Mark::ClientBack);
        let is_seen = match stay {
            Some((name, session, resumed)) => self.is_member(name, session, head, resumed),
            None => false,
        };
        if !was_in {
            self.tell(WELCOME);
        }
        if was_offline {
            let news = match stay {
                Some((name, ..)) if is_seen => format!(
                    "* Back, as {}: the others have seen you leave and join.",
                    printable(name)
                ),
                _ => "* Back.".into(),
            };
            self.actions.push_back(ClientAction::Notice(news));
        }
        let is_typed = stay.is_none() && !self.reads;
        if is_typed || here.is_some() && self.is_unasked(&RoomName::LOBBY) {
            // Something was typed since it asked to read, or to go on elsewhere.
            return self.enter_room(now);
        }
        if stay.is_some() {
            self.seated(here.map(|here| (here, head)));
        }
        let unaccepted: String = self.memory.outbox.iter().map(Unaccepted::to_line).collect();
        self.send(&unaccepted);
        self.keep_first();
        self.go_on(now);
    }

    /// Where the log of the lobby stands, which is followed from now on.
    fn follow_lobby(&mut self, epoch: &str, head: u64) {
        let is_shown = self.is_lobby_shown();
        let known = &mut self.memory;
        if known.epoch.as_deref().is_some_and(|known| known != epoch) {
            // It is a number of another log.
            // Where nothing of it is shown now, all of it is, later.
            (self.after, known.after) = ((!is_shown).then_some(0), None);
            self.joined = None;
        } else if self.after.is_none() && self.setup.history == 0 {
            (self.after, known.after) = (Some(head), Some(head));
        }
        known.epoch = Some(epoch.into());
    }

    /// It is in the room; whether the others have seen it leave and join.
    fn is_member(&mut self, name: &str, session: &str, head: u64, resumed: bool) -> bool {
        // A server may know no readers.
        self.reads = false;
        self.memory.session = Some(Secret(session.into()));
        let asked = self.memory.name.replace(name.into());
        if resumed && asked.is_some_and(|asked| asked != name) {
            let news = format!("* You are still {}: your session goes on.", printable(name));
            self.actions.push_back(ClientAction::Notice(news));
        }
        self.words.is_back = resumed && self.was_member;
        if mem::replace(&mut self.was_member, true) {
            return !resumed;
        }
        self.joined = (!resumed).then(|| (RoomName::LOBBY, head, name.into()));
        false
    }

    /// Takes a text out of the outbox, if it is there.
    fn take_out(&mut self, now: Timestamp, id: &str) -> Option<Unaccepted> {
        let position = self.memory.outbox.iter().position(|said| said.id == id);
        let said = position.and_then(|at| self.memory.outbox.remove(at));
        if let Some(said) = &said {
            self.waiting -= said.size();
            self.give_up = self.give_up.map(|_| now + ACCEPT_PATIENCE);
            self.keep_soon(now);
            self.part_from_others();
        }
        said
    }

    /// Takes what was said to one person alone for answered.
    pub(super) fn take_private(&mut self, id: &str) -> Option<Secret<String>> {
        let private = &mut self.connection.private;
        let nth = private.iter().position(|(known, _)| known == id)?;
        private.remove(nth).map(|(_, text)| text)
    }

    /// Shows what people read.
    pub(super) fn tell(&mut self, line: &str) {
        if !self.setup.raw {
            self.show(line.into());
        }
    }

    /// The same, with when it happened.
    pub(super) fn tell_at(&mut self, line: &str, at: Option<u64>) {
        match at {
            Some(at) if !self.setup.raw => {
                self.is_showing = true;
                self.actions
                    .push_back(ClientAction::ShowAt(line.into(), at));
            }
            _ => self.tell(line),
        }
    }

    /// Shows lines of this client's own.
    pub(super) fn show_all(&mut self, lines: &str) {
        for line in lines.lines() {
            self.tell(line);
        }
    }

    pub(super) fn show(&mut self, line: String) {
        self.is_showing = true;
        self.actions.push_back(ClientAction::Show(line));
    }
}

/// Whether a program that reads objects is to see this one, besides entries, each once.
fn is_shown_raw(message: &Message<'_>) -> bool {
    matches!(
        message,
        Message::Past(_)
            | Message::Page { .. }
            | Message::Gap { .. }
            | Message::Missing { .. }
            | Message::In { .. }
            | Message::Out { .. }
            | Message::Rooms { .. }
            | Message::Who { .. }
            | Message::Private { .. }
            | Message::Waiting { .. }
            | Message::Inbox { .. }
            | Message::Topic { .. }
            | Message::Away { .. }
            | Message::Whois { .. }
            | Message::Account { .. }
            | Message::Devices { .. }
            | Message::Revoked { .. }
            | Message::Notice { .. }
            | Message::Error { .. }
            | Message::Slow { .. }
            | Message::Announcement { .. }
            | Message::Disk { .. }
            | Message::Bans { .. }
            | Message::Invited { .. }
            | Message::Address { .. }
            | Message::Bye { .. }
    )
}
