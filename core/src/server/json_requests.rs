//! What a connection of the JSON dialect asks for (PROTOCOL.md, "The JSON dialect").

use super::Server;
use super::asking::{Asking, Besides, From, Said};
use super::backfill_queue::Lane;
use super::io::CloseReason;
use super::orders::unsaid;
use super::phase::Event;
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::decide::Command;
use crate::room::log::Log;
use crate::types::conn_id::ConnId;
use crate::types::entry::{Kind, Record};
use crate::types::limits::MAX_JSON_LINE;
use crate::types::name::Name;
use crate::types::room_name::RoomName;
use crate::wire::answer::Answer;
use crate::wire::asked::Asked;
use crate::wire::json::{Code, MAX_ID, MAX_PAGE, Message, Request};
use crate::wire::printable::{is_blank, printable, trimmed};
use crate::wire::request_id::{GivenId, beginning};
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::Write;

/// What a reader is told who wants to take part.
const READ_ONLY: &str = "this connection reads; to take part, join without \"read\"";

/// Entries in a page of history where no number is asked for.
const PAGE: u64 = 100;

/// What is wrong with a page that is asked for by both ends.
const NOT_BOTH: (Code, &str) = (
    Code::BadRequest,
    "a page is after an entry or before one, not both",
);

impl Server {
    /// A line of a connection that speaks the JSON dialect.
    pub(super) fn object(&mut self, id: ConnId, line: &[u8]) {
        let Ok(line) = str::from_utf8(line) else {
            mark(Mark::LineNotUtf8);
            self.end_quiet(id);
            let given = GivenId::of(line);
            return self.refuse(id, Code::NotUtf8, "the line is not UTF-8", given.as_deref());
        };
        if line.trim().is_empty() {
            return;
        }
        self.end_quiet(id);
        if !line.trim_start().starts_with('{') {
            mark(Mark::JsonInvalid);
            return self.refuse(id, Code::BadRequest, "the line is no object", None);
        }
        match Request::decode(line) {
            Ok(request) if request.is_of_members() && self.is_reader(id) => {
                mark(Mark::ReaderSpoke);
                self.refuse_line(id, Some((Code::ReadOnly, READ_ONLY)), line);
            }
            Ok(request) => self.carry_out(id, request, line),
            Err(why) => {
                mark(Mark::JsonInvalid);
                let text = alloc::format!("the line is no request: {why}");
                self.refuse_line(id, Some((Code::BadRequest, &text)), line);
            }
        }
    }

    /// Carries out what a line asks for.
    #[expect(clippy::too_many_lines, reason = "each request once")]
    fn carry_out(&mut self, id: ConnId, request: Request<'_>, line: &str) {
        // What has no member `id` is answered to it all the same where it is refused.
        let unstated_id = || GivenId::of(line.as_bytes());
        match request {
            Request::Say {
                room,
                text,
                id: given,
                me,
            } => {
                let kind = if me { Kind::Acted } else { Kind::Said };
                self.say_once(id, room.as_deref(), kind, &text, given.as_deref());
            }
            Request::Nick { name, id: given } => self.rename(id, &name, given.as_deref()),
            Request::Topic {
                room,
                text: None,
                id: given,
            } => self.send_topic_of(id, room.as_deref(), given.as_deref()),
            Request::Topic {
                room,
                text: Some(text),
                id: given,
            } => match self.room_in(id, room.as_deref()) {
                Ok(room) => self.set_topic(id, room, trimmed(&printable(&text)), given.as_deref()),
                Err(answer) => self.refuse_answer(id, answer, given.as_deref()),
            },
            Request::Join {
                room,
                id: given,
                after,
                epoch,
                history,
            } => {
                let from = From {
                    after,
                    epoch: epoch.as_deref().map(Into::into),
                    history,
                };
                self.ask_to_join(id, &room, from, given.as_deref());
            }
            Request::Part { room, id: given } => self.part(id, &room, given.as_deref()),
            Request::Rooms => self.send_rooms(id),
            Request::Order {
                room,
                kind,
                whom,
                for_s,
                reason,
                on,
                seconds,
                seq,
                id: given,
            } => {
                let given = given.as_deref();
                let asked = Asked::of(kind, whom, for_s, reason, on, seconds, seq);
                match (self.room_in(id, room.as_deref()), asked) {
                    (Err(answer), _) => self.refuse_answer(id, answer, given),
                    (_, Err(why)) => self.refuse(id, Code::BadRequest, why, given),
                    (Ok(room), Ok(asked)) => self.order(id, room, &asked, given),
                }
            }
            Request::Bans { room, id: given } => match self.room_in(id, room.as_deref()) {
                Ok(room) => self.send_bans(id, room, given.as_deref()),
                Err(answer) => self.refuse_answer(id, answer, given.as_deref()),
            },
            Request::Msg {
                text, id: given, ..
            } if is_blank(&text) => {
                let why = "there is nothing to say in it";
                self.refuse(id, Code::Blank, why, given.as_deref());
            }
            Request::Msg {
                to,
                text,
                id: given,
            } => match to {
                Some(to) => self.message(id, &to, &printable(&text), given.as_deref()),
                None => self.reply(id, &printable(&text), given.as_deref()),
            },
            Request::Away { text } => {
                let why = text.as_deref().map(printable);
                let why = why.as_deref();
                let why = why.map(|why| if is_blank(why) { "" } else { why });
                self.set_away(id, why, unstated_id().as_deref());
            }
            Request::Claim {
                password,
                device,
                id: given,
            } => self.claim(id, &password, besides(device.as_deref(), given.as_deref())),
            Request::Login {
                name,
                password,
                device,
                id: given,
            } => self.log_in(
                id,
                &name,
                &password,
                besides(device.as_deref(), given.as_deref()),
            ),
            Request::Passwd {
                password,
                device,
                id: given,
            } => self.set_password(id, &password, besides(device.as_deref(), given.as_deref())),
            Request::Unclaim { id: given } => self.unclaim(id, given.as_deref()),
            Request::Devices { id: given } => self.send_devices(id, given.as_deref()),
            Request::Revoke { device, id: given } => self.revoke(id, device, given.as_deref()),
            Request::Whois {
                name,
                room,
                id: given,
            } => {
                let room = room.as_deref().map_or(Ok(RoomName::LOBBY), RoomName::parse);
                let room = self.find_seen(id, room.as_ref().ok());
                self.send_whois(id, &name, room, given.as_deref());
            }
            Request::Inbox { id: given } => self.send_inbox(id, given.as_deref()),
            Request::Read { with, seq } => self.mark_read(id, &with, seq, unstated_id().as_deref()),
            Request::History {
                with: Some(with),
                after,
                before,
                limit,
                ..
            } => {
                let (limit, given) = (limit.unwrap_or(PAGE), unstated_id());
                self.send_words_with(id, &with, (after, before), limit, given.as_deref());
            }
            Request::History {
                with: None,
                after: Some(_),
                before: Some(_),
                ..
            } => {
                self.refuse_line(id, Some(NOT_BOTH), line);
            }
            Request::History {
                with: None,
                room,
                after,
                before,
                limit,
            } => {
                let room = match self.room_in(id, room.as_deref()) {
                    Ok(room) => room,
                    Err(answer) => {
                        let given = GivenId::of(line.as_bytes());
                        return self.refuse_answer(id, answer, given.as_deref());
                    }
                };
                let limit = limit.unwrap_or(PAGE);
                let refused = self.page(id, room, after, before, limit).err();
                self.refuse_line(id, refused, line);
            }
            Request::Who { room: None } => self.send_who(id, RoomId::LOBBY),
            Request::Who { room: Some(room) } => {
                self.send_who_of(id, &room, unstated_id().as_deref());
            }

            Request::Ping => self.pong(id),
            Request::Leave => self.end(id, Event::Leave, CloseReason::Left),
            Request::Unknown => {
                mark(Mark::JsonTypeUnknown);
                let text = "the type is not one of say, nick, topic, msg, inbox, read, away, whois, claim, login, passwd, unclaim, devices, revoke, order, bans, join, part, rooms, history, who, ping and leave";
                self.refuse_line(id, Some((Code::UnknownType, text)), line);
            }
        }
    }

    /// A line that is too long was dropped.
    pub(super) fn object_too_long(&mut self, id: ConnId, given: Option<&str>) {
        mark(Mark::LineTooLong);
        self.end_quiet(id);
        let text = alloc::format!("the line is longer than {MAX_JSON_LINE} bytes");
        self.refuse(id, Code::TooLong, &text, given);
    }

    /// The last line did not end, and was dropped.
    pub(super) fn object_unterminated(&mut self, id: ConnId, given: Option<&str>) {
        let text = "the last line did not end with a newline";
        self.refuse(id, Code::Unterminated, text, given);
    }

    /// Refuses what a line asks for, if there is a reason to.
    fn refuse_line(&mut self, id: ConnId, why: Option<(Code, &str)>, line: &str) {
        if let Some((code, text)) = why {
            let given = GivenId::of(line.as_bytes());
            self.refuse(id, code, text, given.as_deref());
        }
    }

    pub(super) fn refuse(&mut self, id: ConnId, code: Code, text: &str, given: Option<&str>) {
        self.refuse_for_now(id, code, text, given, None);
    }

    /// The same of what may be sent again after some time, in milliseconds, where that is known.
    pub(super) fn refuse_for_now(
        &mut self,
        id: ConnId,
        code: Code,
        text: &str,
        given: Option<&str>,
        retry_after_ms: Option<u64>,
    ) {
        let error = Message::Error {
            code,
            text: text.into(),
            id: given.map(|given| beginning(given.into()).into()),
            retry_after_ms,
        };
        mark_if(
            given.is_some_and(|given| !is_id(given)),
            Mark::BadIdReturned,
        );
        // An id that is refused may have characters that a terminal obeys.
        self.note(id, &escaped(&error.to_line()));
    }

    /// Says a text, unless it was said already.
    fn say_once(
        &mut self,
        id: ConnId,
        room: Option<&str>,
        kind: Kind,
        text: &str,
        given: Option<&str>,
    ) {
        if given.is_some_and(|given| !is_id(given)) {
            let text = alloc::format!("an id is 1 to {MAX_ID} bytes that may be said");
            return self.refuse(id, Code::BadId, &text, given);
        }
        match Request::is_sayable(kind, text) {
            Err(Code::Blank) => {
                return self.refuse(id, Code::Blank, "there is nothing to say in it", given);
            }
            Err(code) => {
                let most = Request::longest(kind);
                let text = alloc::format!("the text is longer than {most} bytes");
                return self.refuse(id, code, &text, given);
            }
            Ok(()) => {}
        }
        if self.is_reader(id) {
            mark(Mark::ReaderSpoke);
            return self.refuse(id, Code::ReadOnly, READ_ONLY, given);
        }
        let room = match self.room_in(id, room) {
            Ok(room) => room,
            Err(answer) => return self.refuse_answer(id, answer, given),
        };
        let text = printable(text);
        let Some(connection) = self.connections.get(id) else {
            return;
        };
        let Some(name) = connection.name.clone() else {
            return;
        };
        let sender = connection.session.as_deref().copied().zip(given);
        let sender = sender.map(|(session, given)| (session, given.into()));
        let known = sender
            .as_ref()
            .and_then(|sender| self.rooms.find_said(sender));
        if let Some(said) = known {
            return self.said_again(id, room, kind, &text, &said);
        }
        if let Some((session, given)) = &sender
            && self.may_be_in_store_alone(*session)
        {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.waiting.ask(Asking::Said(Said {
                    room,
                    kind,
                    session: *session,
                    text: (&*text).into(),
                    id: given.clone(),
                }));
            }
            return self.ask_store(Lane::Find, id);
        }
        self.say_now(id, room, kind, &name, &text, given);
    }

    /// What the store has of what was said with the id that a connection gave.
    pub(super) fn found(&mut self, id: ConnId, said: Option<&Record>) {
        if self.asks_of_conversation(id) {
            return self.found_words(id, said);
        }
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some(Asking::Said(Said {
            room,
            kind,
            text,
            id: given,
            ..
        })) = connection.waiting.take_asking()
        else {
            return;
        };
        // Somebody may have removed it from there.
        let is_there = connection.seated_in(room).is_some();
        match (said, connection.name.clone()) {
            _ if !is_there => {
                let why = "you are not in that room any more";
                self.refuse(id, Code::NotInRoom, why, Some(&given));
            }
            (Some(said), _) => self.said_again(id, room, kind, &text, said),
            (None, Some(name)) => self.say_now(id, room, kind, &name, &text, Some(&given)),
            (None, None) => {}
        }
        self.proceed(id);
    }

    /// The store cannot be read: that is a gap in what is sent, and what was said may have been said
    /// before.
    pub(super) fn unreadable(&mut self, id: ConnId) {
        if self.found_to_redact(id, None) {
            return;
        }
        let connection = self.connections.get_mut(id);
        let asking = connection.and_then(|c| c.waiting.take_asking());
        let Some(asking) = asking else {
            return self.not_kept(id);
        };
        match asking {
            Asking::Said(said) => {
                let why = "whether this was said before cannot be read";
                self.refuse(id, Code::NotKept, why, Some(&said.id));
            }
            // The store is not asked for that.
            Asking::Password(_) | Asking::Redact(_) => {}
            Asking::Conversation {
                find: Some(_),
                wanted,
                ..
            } => {
                let why = "whether this was said before cannot be read";
                self.refuse(id, Code::NotKept, why, wanted.given());
            }
            Asking::Conversation { pair, wanted, .. } => {
                let answer = Answer::WordsUnreadable(&pair.name);
                self.refuse_answer(id, answer, wanted.given());
            }
            Asking::Room { name, .. } if self.is_reader(id) => {
                self.turn_reader_away(id, &Answer::RoomUnreadable(&name));
            }
            Asking::Room { name, given, .. } => {
                self.refuse_answer(id, Answer::RoomUnreadable(&name), given.as_deref());
            }
        }
        self.proceed(id);
    }

    /// Answers what was said before, with the same id.
    fn said_again(&mut self, id: ConnId, room: RoomId, kind: Kind, text: &str, said: &Record) {
        let is_there = said.room == self.rooms[room].name;
        // What it was, nobody knows any more where its text was removed.
        let is_it = said.kind == kind && (*said.text == *text || said.is_redacted());
        if is_there && is_it {
            mark(Mark::SaidAgain);
            self.accept_said(id, room, said.seq, said.id.as_deref());
        } else {
            mark(Mark::IdReused);
            let why = "this id was given to another text";
            self.refuse(id, Code::IdReused, why, said.id.as_deref());
        }
        self.end_away(id);
    }

    fn say_now(
        &mut self,
        id: ConnId,
        room: RoomId,
        kind: Kind,
        name: &Name,
        text: &str,
        given: Option<&str>,
    ) {
        if self.is_disk_full() {
            mark(Mark::DiskFullSay);
            let why = "the server's disk is full; try again later";
            return self.refuse(id, Code::DiskFull, why, given);
        }
        let connection = self.connections.get(id);
        let session = connection.and_then(|c| c.session.as_deref().copied());
        let session = session.filter(|_| given.is_some());
        let command = Command::Say {
            kind,
            name,
            text,
            sender: session,
            id: given,
            host: self.limited_host(id),
        };
        let now = self.wall();
        match self.rooms.order(room, now, command).err() {
            None => {
                let seq = self.rooms[room].log().last();
                self.accept_said(id, room, seq, given);
            }
            Some(why) => {
                return self.refuse_answer(id, unsaid(why), given);
            }
        }
        self.end_away(id);
    }

    /// Stands after what was said, and is sent no sooner.
    pub(super) fn accept_said(&mut self, id: ConnId, room: RoomId, seq: u64, given: Option<&str>) {
        let accepted = Message::Accepted {
            room: self.named(room),
            with: None,
            id: given.map(Into::into),
            seq,
        };
        self.note_in(id, room, &accepted.to_line());
    }

    /// Sends a page of the log.
    fn page(
        &mut self,
        id: ConnId,
        room: RoomId,
        after: Option<u64>,
        before: Option<u64>,
        limit: u64,
    ) -> Result<(), (Code, &'static str)> {
        let log = self.rooms[room].log();
        let (after, last) = page_of(log, after, before, limit)?;
        self.send_page(id, room, after, last);
        Ok(())
    }
    /// Sends the newest entries of a room.
    pub(super) fn send_newest(&mut self, id: ConnId, room: RoomId, count: u64) {
        let log = self.rooms[room].log();
        let last = log.last();
        self.send_page(id, room, log.before_newest(last, count), last);
    }
}

/// The entries of a page of a log: those after the first of two numbers, up to the second one.
pub(super) fn page_of(
    log: &Log,
    after: Option<u64>,
    before: Option<u64>,
    limit: u64,
) -> Result<(u64, u64), (Code, &'static str)> {
    let head = log.last();
    let limit = limit.min(MAX_PAGE);
    Ok(match (after, before) {
        (Some(_), Some(_)) => return Err(NOT_BOTH),
        (Some(after), None) => {
            let gone = log.oldest() - 1;
            let after = after.max(gone).min(head);
            (after, after.saturating_add(limit).min(head))
        }
        (None, before) => {
            let last = before.map_or(head, |before| before.saturating_sub(1).min(head));
            (log.before_newest(last, limit), last)
        }
    })
}

/// A line whose strings have an escape for every character that is replaced in a text.
fn escaped(line: &str) -> Cow<'_, str> {
    let (object, ending) = line.split_at(line.len() - 1);
    if printable(object) == object {
        return line.into();
    }
    let mut escaped = String::new();
    for c in object.chars() {
        if printable(c.encode_utf8(&mut [0; 4])) == "?" && c != '?' {
            // All of them are of the basic plane. A string takes it all.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    (escaped + ending).into()
}

/// What comes with a password.
fn besides<'a>(device: Option<&'a str>, given: Option<&'a str>) -> Besides<'a> {
    Besides { device, given }
}

/// Whether a sender may give this to what it says.
pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && printable(text) == text
}
