//! Readers: who is sent what happens in a room without being in it (PROTOCOL.md, "Readers").
//!
//! A reader is nobody: it may read what anybody may join, and only for as long as that is so.

use super::Server;
use super::asking::{Asking, From};
use super::backfill_queue::Lane;
use super::io::CloseReason;
use super::phase::{Event, Phase};
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::decide::Refusal;
use crate::types::conn_id::ConnId;
use crate::types::order::Order;
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::json::{self, Code, Hello, Message};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How long a reader is to wait that was refused for what may pass, in milliseconds.
const RETRY_MS: u64 = 5000;

impl Server {
    /// The first line asks to read, and its connection has its lines in the JSON dialect by now.
    pub(super) fn let_read(&mut self, id: ConnId, hello: &Hello<'_>) {
        if !self.let_in_or_send_away(id, None) {
            return;
        }
        mark(Mark::ReadingBegun);
        mark_if(self.phase(id) == Phase::Silent, Mark::ReadingAfterSilence);
        self.step(id, Event::Read);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.reads = true;
        }
        let asked = hello.room.as_deref().unwrap_or(RoomName::LOBBY_TEXT);
        match RoomName::parse(asked) {
            Ok(name) => self.find_to_read(id, name, From::of_first_line(hello)),
            Err(why) => {
                mark(Mark::RoomInvalid);
                // It quotes no text of a first line.
                let why = alloc::format!("\"room\": {why}");
                self.end_reader(id, Code::BadRoom, &why);
            }
        }
    }

    /// Has a connection read a room as soon as that is in memory. A reader makes none.
    pub(super) fn find_to_read(&mut self, id: ConnId, name: RoomName, from: From) {
        if let Some(room) = self.rooms.find(&name) {
            return self.read_room(id, room, &from);
        }
        if !self.rooms.is_kept() {
            return self.turn_reader_away(id, &Answer::NoRoom(&name));
        }
        if self.rooms.len() >= self.limits.rooms {
            mark(Mark::RoomsFull);
            return self.turn_reader_away(id, &Answer::RoomsFull);
        }
        if let Some(connection) = self.connections.get_mut(id) {
            connection.waiting.ask(Asking::Room {
                name,
                from,
                given: None,
                let_go: self.rooms.let_go,
            });
        }
        self.ask_store(Lane::Find, id);
    }

    /// Has a connection read a room, if anybody may.
    fn read_room(&mut self, id: ConnId, room: RoomId, from: &From) {
        // That may have come while the store was asked.
        if !self.let_in_or_send_away(id, None) || !self.may_go_on_reading(id, room) {
            return self.rooms.look_whether_empty(room);
        }
        if room != RoomId::LOBBY {
            mark(Mark::ReadingElsewhere);
            self.move_main(id, room, Dialect::Json);
            self.rooms[RoomId::LOBBY].room.log.set_reading(false);
            self.rooms[room].room.log.set_reading(true);
        }
        let hosted = &mut self.rooms[room];
        let seat = hosted.subscribers.add(id);
        let last = hosted.log().last();
        let welcome = Message::Welcome {
            version: json::VERSION,
            room: hosted.name.as_str().into(),
            name: "".into(),
            session: Secret::default(),
            epoch: hosted.log().epoch().into(),
            head: last,
            resumed: false,
            grace_ms: 0,
            here: Some(hosted.room.state.members().len() as u64),
            outside: false,
            read: true,
        };
        let welcome = welcome.to_line();
        if let Some(connection) = self.connections.get_mut(id) {
            connection.main.seat = Some(seat);
            connection.outbound.barrier = self.rooms.ordered();
        }
        self.note(id, &welcome);
        self.tell_if_disk_full(id);
        self.go_on_after(id, room, from, last);
    }

    /// Whether a connection may read a room; if not, it is told why, and ends.
    fn may_go_on_reading(&mut self, id: ConnId, room: RoomId) -> bool {
        let (now, host) = (self.wall(), self.limited_host(id));
        let hosted = &self.rooms[room];
        let known = hosted.room.known(self.rooms.names(), now);
        let is_made = room == RoomId::LOBBY || hosted.log().last() > 0;
        let why = known.may_read(host).err();
        if is_made && why.is_none() {
            return true;
        }
        let (name, rules) = (hosted.name.clone(), hosted.room.state.rules());
        match why {
            None => self.turn_reader_away(id, &Answer::NoRoom(&name)),
            Some(Refusal::Closed) => {
                let why = String::from(rules.closed().unwrap_or_default());
                self.turn_reader_away(id, &Answer::Closed(&name, &why));
            }
            Some(Refusal::Banned) => {
                let ban = rules.ban_of(now, None, host).cloned();
                let until = ban.as_ref().and_then(|ban| ban.until);
                let reason = ban.as_ref().map_or("", |ban| &*ban.reason);
                let room = &name;
                self.turn_reader_away(
                    id,
                    &Answer::Banned {
                        room,
                        until,
                        reason,
                    },
                );
            }
            Some(_) => self.turn_reader_away(id, &Answer::NotToRead(&name)),
        }
        false
    }

    /// Tells a reader why it may not read, and ends it.
    pub(super) fn turn_reader_away(&mut self, id: ConnId, why: &Answer<'_>) {
        let text = why.to_string();
        let text = text.strip_prefix("Not done: ").unwrap_or(&text);
        self.end_reader(id, why.code(), text);
    }

    fn end_reader(&mut self, id: ConnId, code: Code, why: &str) {
        mark(Mark::ReaderTurnedAway);
        if let Some(connection) = self.connections.get_mut(id) {
            // What it is told may follow from what is not committed.
            connection.outbound.barrier = self.rooms.ordered();
        }
        let may_pass = matches!(code, Code::TooManyRooms | Code::NotKept);
        let bye = Message::Bye {
            code,
            text: why.into(),
            retry_after_ms: may_pass.then_some(RETRY_MS),
        };
        self.note(id, &bye.to_line());
        self.end(id, Event::Refused, CloseReason::NotToRead);
    }

    /// Something was ordered in a room by which those who read it may have no right to that any more: of the lobby, those who
    /// read any room.
    pub(super) fn end_readers(&mut self, room: RoomId, order: &Order<'_>) {
        if !matches!(
            order,
            Order::Private(true) | Order::Close(_) | Order::Ban { .. }
        ) {
            return;
        }
        let all = if room == RoomId::LOBBY {
            self.connections.ids()
        } else {
            let seated = &self.rooms[room].subscribers;
            (0..seated.len())
                .filter_map(|nth| seated.at(nth))
                .collect::<Vec<_>>()
        };
        for id in all {
            let Some(connection) = self.connections.get_mut(id).filter(|c| c.reads) else {
                continue;
            };
            // What it may be told follows from the order.
            connection.outbound.barrier = self.rooms.ordered();
            let may_stay = if room == RoomId::LOBBY {
                self.let_in_or_send_away(id, None)
            } else {
                self.may_go_on_reading(id, room)
            };
            mark_if(!may_stay, Mark::ReaderSentAway);
        }
    }

    /// Whether a connection reads, and is not in the room.
    pub(super) fn is_reader(&self, id: ConnId) -> bool {
        self.connections.get(id).is_some_and(|c| c.reads)
    }
}
