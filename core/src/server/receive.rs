//! What a connection sends: bytes become lines, and lines what they ask for.

use super::Server;
use super::asking::Besides;
use super::connection::Connection;
use super::inbound::{new_reader, whole_line};
use super::io::CloseReason;
use super::orders::unsaid;
use super::phase::{Event, Phase};
use super::session::BadLine;
use super::turns::Class;
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::decide::Command;
use crate::types::conn_id::ConnId;
use crate::types::entry::Kind;
use crate::types::limits::{MAX_ACTION, MAX_JSON_LINE, MAX_LINE};
use crate::wire::answer::Answer;
use crate::wire::commands::command;
use crate::wire::dialect::Dialect;
use crate::wire::foreign::Protocol;
use crate::wire::json::MAX_PAGE;
use crate::wire::line::{Line, LineReader};
use crate::wire::notice::{Goodbye, Notice};
use crate::wire::text::{FirstLine, Request};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::mem;

/// So many lines are looked at for another protocol after a first one that is none, and not `JOIN`
/// (PROTOCOL.md, "Strangers").
const SUSPECT_LINES: u8 = 64;

/// The protocol that a line speaks for sure, given what of it has come.
fn opened(is_first: bool, begun: &[u8]) -> Option<Protocol> {
    if is_first {
        Protocol::of_opening(begun)
    } else {
        Protocol::of_later_opening(begun)
    }
}

impl Server {
    pub(super) fn received(&mut self, id: ConnId, bytes: &[u8]) {
        let Some(connection) = self.connections.get(id) else {
            return;
        };
        if connection.phase.is_ending() {
            return;
        }
        let is_first = !connection.inbound.has_unread();
        let is_paced = self.is_paced(connection);
        let at_once =
            self.turns.is_empty() && !self.is_batch_full() && !self.is_answers_full() && !is_paced;
        if is_first && at_once {
            let is_free = !self.is_back_pressured(connection);
            let handled = self.read_lines(id, bytes, usize::MAX, Class::Asking, is_free);
            let is_over = handled == bytes.len();
            let connection = self.connections.get(id);
            if is_over && connection.is_none_or(Connection::is_all_heard) {
                return; // So it is with most.
            }
            return self.keep(id, bytes[handled..].to_vec());
        }
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.inbound.add_unread(bytes);
        self.watch_first_line(id);
        if is_first && is_paced {
            self.wait_for_pace(id);
        } else if is_first {
            self.queue_by_rate(id);
        }
    }

    /// Handles the lines at the front of `bytes`, up to the one that passes `turn` bytes or whose answer
    /// does, for as long as the connection and its class are not held back; says how many bytes that
    /// were. `is_free`: it is known that they are not, before the first line.
    pub(super) fn read_lines(
        &mut self,
        id: ConnId,
        bytes: &[u8],
        turn: usize,
        class: Class,
        mut is_free: bool,
    ) -> usize {
        let (mut rest, mut answered) = (bytes, 0);
        let Some(connection) = self.connections.get_mut(id) else {
            return bytes.len();
        };
        let mut reader = connection.inbound.take_reader();
        let ordered_before = self.rooms.ordered();
        while let Some(connection) = self.connections.get(id)
            && !connection.phase.is_ending()
            && (mem::take(&mut is_free) || !self.is_held_back(connection, class))
            && bytes.len() - rest.len() < turn
            && answered < turn
        {
            let (dialect, phase) = (connection.dialect, connection.phase);
            let (is_limited, is_known) = (connection.limited, connection.is_known());
            let is_suspect = !is_known && connection.newcomer.suspect > 0;
            let before = (self.rooms.ordered(), connection.private());
            let made = self.backfills.made();
            if dialect == Dialect::Json
                && let Some(reader) = &mut reader
            {
                reader.read_objects(MAX_JSON_LINE);
            }
            let left = rest.len();
            let whole = match reader {
                None => whole_line(dialect, &mut rest),
                Some(_) => None,
            };
            let line = if let Some(line) = whole {
                Some(Line::Whole(line))
            } else {
                let reader = reader.get_or_insert_with(|| new_reader(dialect));
                reader.next(&mut rest)
            };
            if is_limited {
                self.pay(id, u64::from(line.is_some()), left - rest.len());
            }
            let Some(line) = line else {
                let is_first = phase.awaits_first_line();
                if (is_first || is_suspect)
                    && dialect == Dialect::Text
                    && let Some(reader) = &reader
                    && let Some(protocol) = opened(is_first, reader.begun())
                {
                    mark(Mark::ForeignMidLine);
                    self.misdirected(id, protocol);
                }
                break;
            };
            match (dialect, line) {
                (Dialect::Text, line) => self.line(id, phase, is_known, line),
                (Dialect::Json, Line::Whole(line)) => self.object(id, line),
                (Dialect::Json, Line::TooLong(_)) => {
                    let given = reader.as_mut().and_then(LineReader::take_id);
                    self.object_too_long(id, given.as_deref());
                }
            }
            if self.rooms.ordered() == before.0 {
                let answer = self.private(id).saturating_sub(before.1);
                let made = self.backfills.made() - made; // That is counted already.
                answered += self.backfills.answers(answer.saturating_sub(made));
                mark_if(self.is_answers_full(), Mark::AnswersFull);
            }
            if rest.is_empty() {
                break; // The line has ended, and no other one has begun.
            }
        }
        if let Some(connection) = self.connections.get_mut(id) {
            if let Some(reader) = reader {
                connection.inbound.put_reader(reader);
            }
            connection.inbound.asks = answered > 0 && self.rooms.ordered() == ordered_before;
        }
        bytes.len() - rest.len()
    }

    /// Whether no further line of a connection may be handled now, as one of this class.
    fn is_held_back(&self, c: &Connection, class: Class) -> bool {
        self.is_batch_full()
            || class == Class::Asking && self.is_answers_full()
            || self.is_back_pressured(c)
            || self.is_paced(c)
    }

    /// Whether no further line of a connection may be handled yet, by what it and its host have sent.
    fn is_paced(&self, c: &Connection) -> bool {
        c.limited && self.is_paced_by(c.inbound.pace.as_deref(), c.peer.host)
    }

    /// Keeps what could not be handled yet, if it is still of interest.
    pub(super) fn keep(&mut self, id: ConnId, unread: Vec<u8>) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if connection.phase.is_ending() {
            return;
        }
        connection.inbound.put_unread(unread);
        if connection.inbound.has_unread() {
            let (private, splices) = (connection.private(), connection.splices());
            mark_if(private >= self.limits.private, Mark::HeldByNotices);
            mark_if(splices >= self.limits.splices, Mark::HeldBySplices);
            self.resume(id);
        } else if connection.inbound.eof {
            self.eof(id);
        }
        self.watch_first_line(id);
    }

    /// Has the bytes of a connection that wait gone through in its turn, unless it must wait until it has taken
    /// what is its own.
    fn resume(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id).filter(|c| self.goes_on(c)) else {
            return;
        };
        if connection.inbound.turn.is_none() && self.is_paced(connection) {
            self.wait_for_pace(id);
        } else {
            self.queue_on(id);
        }
    }

    /// Whether a turn is due to what was kept of a connection's input.
    fn goes_on(&self, c: &Connection) -> bool {
        c.inbound.has_unread() && !self.is_back_pressured(c)
    }

    /// Bytes of private lines that wait for a connection.
    pub(super) fn private(&self, id: ConnId) -> usize {
        self.connections.get(id).map_or(0, Connection::private)
    }

    /// Whether lines of a connection must wait until it has taken what is its own.
    pub(super) fn is_back_pressured(&self, c: &Connection) -> bool {
        c.waiting.is_waiting()
            || c.private() >= self.limits.private
            || c.splices() >= self.limits.splices
    }

    /// Goes on with what a connection is owed, and then with what it sent.
    pub(super) fn proceed(&mut self, id: ConnId) {
        self.send_backfill(id);
        self.receive_on(id);
    }

    /// Goes on with what a connection sent.
    pub(super) fn receive_on(&mut self, id: ConnId) {
        self.go_on_with_rooms(id);
        self.end_if_heard(id);
        mark_if(
            self.connections
                .get(id)
                .is_some_and(|c| c.inbound.turn.is_none() && self.goes_on(c)),
            Mark::HeardAgain,
        );
        self.resume(id);
    }

    /// `is_known`: what it is, it has shown before.
    fn line(&mut self, id: ConnId, phase: Phase, is_known: bool, line: Line<'_>) {
        let line = if phase.awaits_first_line() {
            line.without_marks() // Of those that come after a blank line, or one after another.
        } else {
            line
        };
        if phase.awaits_first_line() {
            let (first, is_whole) = match line {
                Line::Whole(line) => (FirstLine::decode(line), true),
                Line::TooLong(start) => match FirstLine::decode(start) {
                    FirstLine::Join(_) | FirstLine::Blank => (FirstLine::Other, false),
                    first => (first, false),
                },
            };
            match first {
                FirstLine::Join(asked) => return self.join(id, asked),
                FirstLine::Json(_) if !is_whole => return self.greet(id, Err(BadLine::TooLong)),
                FirstLine::Json("") => return self.greet(id, Err(BadLine::NotUtf8)),
                FirstLine::Json(line) => return self.greet(id, Ok(line)),
                FirstLine::Foreign(protocol) => return self.misdirected(id, protocol),
                FirstLine::Blank => return mark(Mark::BlankFirst),
                FirstLine::Other if phase == Phase::Greeting => {
                    self.enter(id, Event::OtherLine, None);
                    if self.phase(id).is_ending() {
                        return;
                    }
                }
                FirstLine::Other => {
                    self.step(id, Event::OtherLine);
                }
            }
            if let Some(connection) = self.connections.get_mut(id) {
                connection.newcomer.suspect = SUSPECT_LINES;
            }
        } else if !is_known && let Some(protocol) = self.suspected(id, line) {
            mark(Mark::ForeignLater);
            return self.misdirected(id, protocol);
        }
        match line {
            Line::TooLong(_) => {
                mark(Mark::LineTooLong);
                self.end_quiet(id);
                self.tell(id, Notice::TooLong);
            }
            Line::Whole(line) => match Request::decode(line) {
                Err(_) => {
                    mark(Mark::LineNotUtf8);
                    self.end_quiet(id);
                    self.tell(id, Notice::NotUtf8);
                }
                Ok(request) => {
                    mark_if(line.len() == MAX_LINE, Mark::LineAtLimit);
                    if !is_known && request != Request::Nothing {
                        self.end_quiet(id);
                    }
                    self.request(id, &request);
                }
            },
        }
    }

    /// The protocol that a line speaks of one whose first line was not `JOIN`, while it is not long ago.
    fn suspected(&mut self, id: ConnId, line: Line<'_>) -> Option<Protocol> {
        let connection = self.connections.get_mut(id)?;
        let (Line::Whole(line) | Line::TooLong(line)) = line;
        if connection.newcomer.suspect == 0 || line.trim_ascii().is_empty() {
            return None;
        }
        connection.newcomer.suspect -= 1;
        Protocol::of_later_line(line)
    }

    fn request(&mut self, id: ConnId, request: &Request<'_>) {
        match request {
            Request::Nothing => {}
            Request::Say(text) => {
                let is_escaped = text.starts_with('/');
                mark_if(is_escaped, Mark::SlashEscaped);
                mark_if(matches!(text, Cow::Owned(_)), Mark::ControlReplaced);
                self.say(id, Kind::Said, text);
            }
            Request::Act(text) if text.len() > MAX_ACTION => {
                self.tell(id, Notice::Answer(Answer::ActionTooLong));
            }
            Request::Act(text) => self.say(id, Kind::Acted, text),
            Request::Nick(name) => self.rename(id, name, None),
            Request::Claim(password) => self.claim(id, password, Besides::default()),
            Request::LogIn(name, password) => {
                self.log_in(id, name, password, Besides::default());
            }
            Request::Password(password) => self.set_password(id, password, Besides::default()),
            Request::Unclaim => self.unclaim(id, None),
            Request::Devices => self.send_devices(id, None),
            Request::Revoke(number) => self.revoke(id, *number, None),
            Request::Ignore(_) | Request::Unignore(_) => {
                self.tell(id, Notice::Answer(Answer::OfClients));
            }
            Request::Topic => self.send_topic(id, self.room_of(id)),
            Request::SetTopic(text) => self.set_topic(id, self.room_of(id), text, None),
            Request::Message(to, text) => self.message(id, to, text, None),
            Request::Reply(text) => self.reply(id, text, None),
            Request::Inbox => self.send_inbox(id, None),
            Request::InboxOf(name, count) => {
                let limit = (*count).min(MAX_PAGE);
                self.send_words_with(id, name, (None, None), limit, None);
            }
            Request::Away(why) => self.set_away(id, Some(why), None),
            Request::Back => self.set_away(id, None, None),
            Request::Whois(name) => {
                let room = Some(self.room_of(id));
                self.send_whois(id, name, room, None);
            }
            Request::Leave => self.end(id, Event::Leave, CloseReason::Left),
            Request::Help => {
                let role = self.role_in(id, self.room_of(id));
                self.tell(id, Notice::Help(role));
            }
            Request::Order(asked) => self.order(id, self.room_of(id), asked, None),
            Request::Bans => self.send_bans(id, self.room_of(id), None),
            Request::BadTime(command) => {
                self.tell(id, Notice::Answer(Answer::BadTime(command)));
            }
            Request::HelpOn(name) => {
                if let Some(command) = command(name) {
                    self.tell(id, Notice::HelpOn(command));
                }
            }
            Request::Who(None) => self.send_who(id, self.room_of(id)),
            Request::Who(Some(room)) => self.send_who_of(id, room, None),
            Request::Join(room) => self.go(id, room),
            Request::Rooms => self.send_rooms(id),
            Request::History(count) => {
                self.send_newest(id, self.room_of(id), (*count).min(MAX_PAGE));
            }
            Request::Surplus(command) => {
                mark(Mark::CommandSurplus);
                self.tell(id, Notice::Surplus(command));
            }
            Request::Lacking(command) => {
                mark(Mark::CommandLacking);
                self.tell(id, Notice::Lacking(command));
            }
            Request::Unknown(command) | Request::HelpOnOther(command) => {
                mark(Mark::CommandUnknown);
                self.tell(id, Notice::unknown(command, &[]));
            }
        }
    }

    /// The one room in which a text connection is; the one that a reader reads, and the lobby for all others of the JSON dialect.
    pub(super) fn room_of(&self, id: ConnId) -> RoomId {
        let connection = self.connections.get(id);
        connection.map_or(RoomId::LOBBY, |c| c.main.room)
    }

    fn say(&mut self, id: ConnId, kind: Kind, text: &str) {
        if self.is_disk_full() {
            mark(Mark::DiskFullSay);
            return self.tell(id, Notice::NotSaid);
        }
        let now = self.wall();
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some(name) = &connection.name else {
            return;
        };
        let command = Command::Say {
            kind,
            name,
            text,
            sender: None,
            id: None,
            host: connection.limited.then_some(connection.peer.host),
        };
        match self.rooms.order(connection.main.room, now, command) {
            Ok(ordered) if kind == Kind::Said => connection.main.cursor.skip(ordered.line),
            Ok(_) => {}
            Err(why) => return self.tell(id, Notice::Answer(unsaid(why))),
        }
        if connection.is_away {
            self.end_away(id);
        }
    }

    /// The first line is of another protocol.
    fn misdirected(&mut self, id: ConnId, protocol: Protocol) {
        let in_time = self.phase(id) == Phase::Greeting;
        let answer = protocol.answer();
        mark_if(in_time && !answer.is_empty(), Mark::ForeignAnswered);
        mark_if(in_time && answer.is_empty(), Mark::ForeignClosed);
        mark_if(!in_time, Mark::ForeignAfterSilence);
        if !in_time {
            // What has been welcomed as a text client is no exchange of another protocol any more.
            self.tell(id, Notice::Goodbye(Goodbye::Foreign(protocol)));
        } else if !answer.is_empty() {
            self.note(id, answer);
        }
        self.end(id, Event::Misdirected, CloseReason::Foreign(protocol));
    }

    pub(super) fn eof(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.inbound.eof = true;
        if connection.inbound.has_unread() {
            mark(Mark::EofHeldBack);
            return; // It is heard to the end first.
        }
        if connection.waiting.is_waiting() {
            return; // That is seen to first.
        }
        if connection.inbound.is_mid_line() && !connection.phase.is_ending() {
            mark(Mark::LineUnended);
            match connection.dialect {
                Dialect::Text => self.tell(id, Notice::Unterminated),
                Dialect::Json => {
                    let given = connection
                        .inbound
                        .take_reader()
                        .and_then(|mut it| it.take_id());
                    self.object_unterminated(id, given.as_deref());
                }
            }
        }
        self.end(id, Event::Eof, CloseReason::Eof);
    }

    /// Acts on the end of what a connection sent, if nothing of it is left to be handled.
    fn end_if_heard(&mut self, id: ConnId) {
        let is_heard =
            |c: &Connection| c.inbound.eof && !c.inbound.has_unread() && !c.waiting.is_waiting();
        if self.connections.get(id).is_some_and(is_heard) && !self.phase(id).is_ending() {
            self.eof(id);
        }
    }
}
