//! Who goes to which room, and from which (PROTOCOL.md, "Rooms").

use super::Server;
use super::asking::{Asking, Due, From};
use super::backfill_queue::Lane;
use super::connection::Position;
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::cursor::begun_line;
use crate::room::decide::Command;
use crate::room::log::History;
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_ROOMS;
use crate::types::name::Name;
use crate::types::room_name::RoomName;
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::json::{Code, GapReason, Hello, MAX_PAGE, Message};
use crate::wire::notice::Notice;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

impl Server {
    /// Takes a text connection to another room.
    pub(super) fn go(&mut self, id: ConnId, asked: &str) {
        let here = self.rooms[self.room_of(id)].name.clone();
        let Ok(name) = RoomName::parse(asked) else {
            mark(Mark::RoomInvalid);
            let room = &here;
            return self.refuse_answer(id, Answer::RoomInvalid { asked, room }, None);
        };
        if name == here {
            return self.refuse_answer(id, Answer::InRoomAlready(&name), None);
        }
        self.ask_for_room(id, name, From::default(), None);
    }

    /// Has a connection of the JSON dialect be in one room more.
    pub(super) fn ask_to_join(&mut self, id: ConnId, asked: &str, from: From, given: Option<&str>) {
        let Ok(name) = RoomName::parse(asked) else {
            mark(Mark::RoomInvalid);
            let room = &RoomName::LOBBY;
            return self.refuse_answer(id, Answer::RoomInvalid { asked, room }, given);
        };
        self.ask_for_room(id, name, from, given.map(Into::into));
    }

    /// Has a connection be in a room as soon as that is in memory.
    fn ask_for_room(&mut self, id: ConnId, name: RoomName, from: From, given: Option<Box<str>>) {
        let room = self.rooms.find(&name);
        let connection = self.connections.get_mut(id);
        let is_there = connection
            .zip(room)
            .is_some_and(|(it, room)| it.seated_in(room).is_some());
        if self.is_disk_full() && !is_there {
            return self.refuse_answer(id, Answer::NotDone, given.as_deref());
        }
        if let Some(room) = room {
            return self.come_in(id, room, &from, given.as_deref());
        }
        if self.rooms.len() >= self.limits.rooms {
            mark(Mark::RoomsFull);
            return self.refuse_answer(id, Answer::RoomsFull, given.as_deref());
        }
        if self.rooms.is_kept() {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.waiting.ask(Asking::Room {
                    name,
                    from,
                    given,
                    let_go: self.rooms.let_go,
                });
            }
            return self.ask_store(Lane::Find, id);
        }
        mark(Mark::RoomMade);
        let room = self.rooms.make(&name);
        self.come_in(id, room, &from, given.as_deref());
    }

    /// What the store has of the room that a connection is to be in.
    pub(super) fn opened(&mut self, id: ConnId, history: &History) {
        if self.asks_of_conversation(id) {
            return self.opened_conversation(id, history);
        }
        let connection = self.connections.get_mut(id);
        let asking = connection.and_then(|c| c.waiting.take_asking());
        let Some(Asking::Room {
            name,
            from,
            given,
            let_go,
        }) = asking
        else {
            return;
        };
        let reads = self.is_reader(id);
        let is_there = self.rooms.find(&name).is_some();
        mark_if(is_there, Mark::RoomOpenedTwice);
        if !is_there && let_go == self.rooms.let_go && self.rooms.len() < self.limits.rooms {
            if history.last == 0 && reads {
                return self.turn_reader_away(id, &Answer::NoRoom(&name));
            }
            if history.last == 0 && self.rooms.stored() >= self.limits.stored_rooms {
                mark(Mark::RoomsFull);
                self.refuse_answer(id, Answer::RoomsFull, given.as_deref());
                return self.proceed(id);
            }
            mark_if(history.last > 0, Mark::RoomOpenedAgain);
            mark_if(history.last == 0, Mark::RoomMade);
            self.rooms.open(&name, history.clone());
        } else {
            // A room was let go of meanwhile: it may be this one, with more in it than was read.
            mark_if(!is_there, Mark::RoomAskedAgain);
        }
        if reads {
            self.find_to_read(id, name, from);
        } else {
            self.ask_for_room(id, name, from, given);
        }
        self.proceed(id);
    }

    fn come_in(&mut self, id: ConnId, room: RoomId, from: &From, given: Option<&str>) {
        match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Text) => self.go_to(id, room),
            Some(Dialect::Json) => self.join_room(id, room, from, given),
            None => {}
        }
    }

    /// Takes a text connection from its room to another: first it is sent all that waits of the old one.
    pub(super) fn go_to(&mut self, id: ConnId, room: RoomId) {
        if !self.may_be_copied(id) {
            mark(Mark::MoveHeld);
            return self.refuse_answer(id, Answer::TooMuchWaits, None);
        }
        let Some(name) = self.name_of(id) else {
            return;
        };
        let (host, now) = (self.limited_host(id), self.wall());
        let known = self.rooms[room].room.known(self.rooms.names(), now);
        if let Err(why) = known.may_enter(&name, host) {
            self.rooms.look_whether_empty(room);
            return self.refuse_entry(id, room, why, None);
        }
        let before = self.room_of(id);
        let end = self.rooms[before].log().head(Dialect::Text);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.main.cursor.end_at(end);
        }
        self.give_seats_up(id);
        self.leave_one(before, &name);
        self.move_main(id, room, Dialect::Text);
        let is_new = self.rooms[room].log().last() == 0;
        let command = Command::Enter {
            name: &name,
            session: None,
            host,
        };
        let _ = self.rooms.order(room, now, command);
        mark(Mark::Moved);
        let hosted = &mut self.rooms[room];
        let head = hosted.log().head(Dialect::Text);
        let seat = hosted.subscribers.add(id);
        let others = hosted.room.state.members().len().saturating_sub(1);
        let (its_name, has_topic) = (hosted.name.clone(), hosted.room.state.topic().is_some());
        if let Some(connection) = self.connections.get_mut(id) {
            connection.main.cursor.move_to(head, true);
            connection.main.seat = Some(seat);
            connection.outbound.barrier = self.rooms.ordered();
        }
        self.tell(id, Notice::Answer(Answer::InRoom(&its_name, others)));
        if has_topic {
            self.send_topic(id, room);
        }
        if is_new {
            self.own(room, &name);
        }
    }

    /// Has a connection of the JSON dialect be in one room more.
    pub(super) fn join_room(&mut self, id: ConnId, room: RoomId, from: &From, given: Option<&str>) {
        let (Some(name), Some(connection)) = (self.name_of(id), self.connections.get_mut(id))
        else {
            return;
        };
        let session = connection.session.as_deref().copied();
        let seats = connection.seated().count();
        if connection.seated_in(room).is_some() {
            let room = self.rooms[room].name.clone();
            return self.refuse_answer(id, Answer::InRoomAlready(&room), given);
        }
        if seats >= MAX_ROOMS {
            mark(Mark::InTooManyRooms);
            return self.refuse_answer(id, Answer::InTooMany, given);
        }
        let before = self.rooms[room].log().last();
        let now = self.wall();
        let (name, host) = (&name, self.limited_host(id));
        let command = Command::Enter {
            name,
            session,
            host,
        };
        if let Err(why) = self.rooms.order(room, now, command) {
            self.rooms.look_whether_empty(room);
            return self.refuse_entry(id, room, why, given);
        }
        mark(Mark::JoinedRoom);
        self.sit_in(id, room);
        self.tell_in(id, room, given);
        self.go_on_after(id, room, from, before);
        if before == 0 {
            self.own(room, name);
        }
    }

    /// Gives a connection of the JSON dialect a seat in a room besides the others that it has.
    pub(super) fn sit_in(&mut self, id: ConnId, room: RoomId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let hosted = &mut self.rooms[room];
        hosted.room.log.set_reading(true);
        let position = Position {
            seat: Some(hosted.subscribers.add(id)),
            ..Position::outside(room, hosted.log().head(Dialect::Json))
        };
        connection.others.get_or_insert_default().push(position);
        connection.outbound.barrier = self.rooms.ordered();
        self.rooms.attach(room);
    }

    /// Tells a connection that it is in a room.
    pub(super) fn tell_in(&mut self, id: ConnId, room: RoomId, given: Option<&str>) {
        let hosted = &self.rooms[room];
        let line = Message::In {
            room: hosted.name.as_str().into(),
            epoch: hosted.log().epoch().into(),
            head: hosted.log().last(),
            here: hosted.room.state.members().len() as u64,
            id: given.map(Into::into),
        }
        .to_line();
        self.note_in(id, room, &line);
    }

    /// Has a connection of the JSON dialect be in one room fewer: it is sent all that waits of it, and then told.
    pub(super) fn part(&mut self, id: ConnId, asked: &str, given: Option<&str>) {
        let room = match self.room_in(id, Some(asked)) {
            Ok(room) => room,
            Err(answer) => return self.refuse_answer(id, answer, given),
        };
        let (Some(name), Some(connection)) = (self.name_of(id), self.connections.get_mut(id))
        else {
            return;
        };
        if connection.seated().count() == 1 {
            mark(Mark::LastRoom);
            return self.refuse_answer(id, Answer::LastRoom, given);
        }
        mark(Mark::PartedRoom);
        self.part_from(id, room, &name, given, None);
    }

    /// The same, where it is in others. `why`: nobody has asked for it.
    pub(super) fn part_from(
        &mut self,
        id: ConnId,
        room: RoomId,
        name: &Name,
        given: Option<&str>,
        why: Option<(Code, &str)>,
    ) {
        self.leave_one(room, name);
        let out = Message::Out {
            room: self.rooms[room].name.as_str().into(),
            id: given.map(Into::into),
            code: why.map(|(code, _)| code),
            text: why.map(|(_, text)| text.into()),
        };
        let out = out.to_line();
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let is_main = connection.main.room == room && connection.main.seat.is_some();
        let reads = !is_main || core::mem::take(&mut connection.reads_json);
        let Some(it) = connection.seated_in(room) else {
            return;
        };
        let head = self.rooms[room].log().head(Dialect::Json);
        it.cursor.end_at(head);
        it.cursor.note(head, &out);
        let seat = it.seat.take();
        if reads {
            self.rooms[room].room.log.set_reading(false);
        }
        if let Some(seat) = seat {
            self.give_seat_up(room, seat);
        }
        self.file(id);
        self.mark(id);
    }

    /// Has all that waits for a connection, of whatever rooms, wait in its main position, and nothing come after it.
    pub(super) fn gather(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else {
            return;
        };
        if connection.others.is_none() {
            return;
        }
        self.give_seats_up(id);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let dialect = connection.dialect;
        let main = self.rooms[connection.main.room].log().head(dialect);
        connection.main.cursor.end_at(main);
        let others = connection.others.take();
        let mut gathered = 0;
        let mut room_left = self.limits.copies.saturating_sub(self.delivery.copied());
        for mut it in others.into_iter().flat_map(|it| it.positions) {
            let hosted = &mut self.rooms[it.room];
            let log = hosted.room.log.stream(dialect);
            it.cursor.end_at(log.head());
            let waiting = it.cursor.total(log);
            let is_mid_line = it.cursor.is_mid_line();
            if waiting > room_left {
                // Whoever comes back is sent it again.
                mark(Mark::GatheredInPart);
                it.cursor.cut(log, "");
            }
            let mut rest = it.cursor.drain(log);
            gathered += rest.len() as u64;
            room_left = room_left.saturating_sub(rest.len() as u64);
            if is_mid_line {
                let after = rest.split_off(begun_line(&rest));
                connection.main.cursor.put_first(rest);
                rest = after;
            }
            if !rest.is_empty() {
                let lines = Vec::from(rest);
                let lines = String::from_utf8_lossy(&lines);
                connection.main.cursor.note(main, &lines);
            }
            let before = it.filed.take().map(|key| *key);
            hosted.lanes[dialect as usize].file(id, before, None);
            self.rooms.detach(it.room);
        }
        connection.outbound.barrier = self.rooms.ordered();
        let copied = connection.outbound.copied + gathered;
        self.set_copied(id, copied);
        self.file(id);
    }

    /// The room that a connection of the JSON dialect asks for: one that it is in; the lobby, where it does not say which.
    pub(super) fn room_in<'a>(
        &mut self,
        id: ConnId,
        asked: Option<&'a str>,
    ) -> Result<RoomId, Answer<'a>> {
        let asked = asked.unwrap_or(RoomName::LOBBY_TEXT);
        let name = RoomName::parse(asked).map_err(|_| Answer::NotInRoom(asked))?;
        let room = self.rooms.find(&name).ok_or(Answer::NotInRoom(asked))?;
        let connection = self.connections.get_mut(id);
        let seated = connection.and_then(|c| c.seated_in(room));
        seated.map(|_| room).ok_or_else(|| {
            mark(Mark::NotInRoom);
            Answer::NotInRoom(asked)
        })
    }

    /// Sends what came in a room after the last entry that a connection knows. `before`: the log's head prior to its
    /// joining.
    pub(super) fn go_on_after(&mut self, id: ConnId, room: RoomId, from: &From, before: u64) {
        let log = self.rooms[room].log();
        let epoch = from.epoch.as_deref();
        let is_ours = epoch.is_none_or(|epoch| epoch == log.epoch());
        let next = match from.after {
            // Who asks for nothing hears what comes after their joining, if they join.
            None => match from.history.unwrap_or(0).min(MAX_PAGE) {
                0 => log.last() + 1,
                count => log.before_newest(before, count) + 1,
            },
            Some(after) if is_ours && after <= before => after + 1,
            Some(after) => {
                mark_if(is_ours, Mark::ClientAhead);
                mark_if(!is_ours, Mark::OtherLog);
                let (next, reason) = if is_ours {
                    (log.last() + 1, GapReason::Ahead)
                } else {
                    (log.oldest(), GapReason::OtherLog)
                };
                let gap = Message::Gap {
                    room: self.named(room),
                    after,
                    next,
                    reason: Some(reason),
                };
                self.note_in(id, room, &gap.to_line());
                next
            }
        };
        self.send_from(id, room, next);
    }

    /// What a first line asks for of other rooms than the lobby is due: of those in which its session is, and of others that it
    /// names.
    pub(super) fn owe_rooms(&mut self, id: ConnId, hello: &Hello<'_>) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let mut known = BTreeMap::new();
        let mut refused = Vec::new();
        for (asked, it) in &hello.rooms {
            match RoomName::parse(asked) {
                Ok(name) => drop(known.insert(name, From::of(it, hello.epoch.as_deref()))),
                Err(_) => refused.push(&**asked),
            }
        }
        let seated: Vec<RoomId> = connection
            .seated()
            .filter(|it| *it != RoomId::LOBBY)
            .collect();
        for room in seated {
            mark(Mark::ResumedInRoom);
            let from = known.remove(&self.rooms[room].name).unwrap_or_default();
            connection.waiting.owe(Due::Live(room, from));
        }
        for (name, from) in known {
            connection.waiting.owe(Due::Join(name, from, None));
        }
        for asked in refused {
            let room = &RoomName::LOBBY;
            self.refuse_answer(id, Answer::RoomInvalid { asked, room }, None);
        }
    }

    /// Goes on with what is due to a connection, for as long as it waits for nothing.
    pub(super) fn go_on_with_rooms(&mut self, id: ConnId) {
        while let Some(connection) = self.connections.get_mut(id)
            && connection.waiting.backfill.is_none()
            && connection.waiting.asking().is_none()
            && let Some(due) = connection.waiting.next_due()
        {
            match due {
                // Somebody may have removed it from there.
                Due::Live(room, _) if connection.seated_in(room).is_none() => {}
                Due::Live(room, from) => {
                    let log = self.rooms[room].log();
                    let last = log.last();
                    if log.committed() < last {
                        // How far the room is may only be told when that is committed.
                        connection.outbound.barrier = self.rooms.ordered();
                    }
                    self.tell_in(id, room, None);
                    self.go_on_after(id, room, &from, last);
                }
                Due::Join(name, from, given) => self.ask_for_room(id, name, from, given),
                Due::Words(pair, after, last) => self.send_waiting(id, pair, after, last),
                Due::InboxSent(count, given) => self.inbox_sent(id, count, given.as_deref()),
            }
        }
    }

    /// Tells a connection which rooms there are.
    pub(super) fn send_rooms(&mut self, id: ConnId) {
        let rooms = self.rooms.iter().filter_map(|(room, hosted)| {
            let here = hosted.room.state.members().len();
            let is_seen = self.may_see(id, room);
            (is_seen && (here > 0 || room == RoomId::LOBBY)).then_some((hosted.name.as_str(), here))
        });
        let line: String = match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => super::who::rooms_in_json(rooms),
            _ => crate::wire::notice::rooms(rooms),
        };
        self.note(id, &line);
    }
}
