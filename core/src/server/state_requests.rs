//! What changes the room's state besides joining and leaving: names, and the topic.

use super::Server;
use super::io::Action;
use crate::mark::{Mark, mark};
use crate::room::RoomId;
use crate::room::decide::{Command, Refusal};
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_TOPIC;
use crate::types::name::Name;
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::json::Message;
use crate::wire::notice::Notice;

impl Server {
    /// Gives whoever is in the room by a connection another name.
    pub(super) fn rename(&mut self, id: ConnId, asked: &str, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        let name = &name;
        let wanted = match Name::parse(asked) {
            Ok(wanted) => wanted,
            Err(why) => {
                let answer = Answer::NickInvalid { asked, why, name };
                return self.refuse_answer(id, answer, given);
            }
        };
        if wanted.is_reserved() {
            let asked = &wanted;
            return self.refuse_answer(id, Answer::NickReserved { asked, name }, given);
        }
        if self.is_disk_full() {
            return self.refuse_answer(id, Answer::NotDone, given);
        }
        let now = self.wall();
        match self.rooms.rename(now, name, &wanted, false) {
            Ok(()) => {
                mark(Mark::Renamed);
                self.follow_rename(name, &wanted);
                // It is an entry in all their rooms.
                let rooms = self.rooms.of(&wanted);
                let is_in_lobby = rooms.contains(&RoomId::LOBBY);
                let first = rooms.first().filter(|_| !is_in_lobby);
                let room = first.copied().unwrap_or(RoomId::LOBBY);
                self.accept_change(id, room, given);
            }
            Err(Refusal::Unchanged) => {
                self.refuse_answer(id, Answer::NickUnchanged(name), given);
            }
            Err(Refusal::NameClaimed) => {
                let answer = Answer::NickClaimed {
                    asked: &wanted,
                    name,
                };
                self.refuse_answer(id, answer, given);
            }
            Err(Refusal::NameBanned) => {
                let room = self.rooms.room_banning(now, name, &wanted);
                let room = &self.rooms.named(room.unwrap_or(RoomId::LOBBY));
                let asked = &wanted;
                self.refuse_answer(id, Answer::NickBanned { asked, room, name }, given);
            }
            Err(_) => {
                let by = self.rooms.names().alike(&wanted).find(|by| *by != name);
                let (asked, by) = (&wanted, by.unwrap_or(&wanted).clone());
                let by = &by;
                self.refuse_answer(id, Answer::NickTaken { asked, by, name }, given);
            }
        }
    }

    /// Somebody has another name, whoever they are to the server: a connection, a session, or both.
    pub(super) fn follow_rename(&mut self, before: &Name, name: &Name) {
        self.people.rename(before, name);
        let conn = self.people.find(name).and_then(|(_, person)| person.conn);
        let found = conn.and_then(|conn| Some((conn, self.connections.get_mut(conn)?)));
        let Some((conn, connection)) = found else {
            return self.sessions.rename_waiting(before, name);
        };
        if let Some(session) = connection.session.as_deref().copied() {
            self.sessions.rename(session, name);
        }
        connection.name = Some(name.clone());
        self.actions.push_back(Action::Renamed(conn, name.clone()));
    }

    /// Says what the room is about; nothing any more, with an empty text.
    pub(super) fn set_topic(&mut self, id: ConnId, room: RoomId, text: &str, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        if text.len() > MAX_TOPIC {
            return self.refuse_answer(id, Answer::TopicTooLong, given);
        }
        if self.is_disk_full() {
            return self.refuse_answer(id, Answer::NotDone, given);
        }
        let now = self.wall();
        let (name, host) = (&name, self.limited_host(id));
        let command = Command::SetTopic { name, text, host };
        match self.rooms.order(room, now, command).err() {
            None => {
                mark(Mark::TopicSet);
                self.accept_change(id, room, given);
            }
            Some(Refusal::Muted(until)) => {
                self.refuse_answer(id, Answer::Muted(until), given);
            }
            Some(_) => self.refuse_answer(id, Answer::TopicUnchanged, given),
        }
    }

    /// Tells a connection what the room is about.
    pub(super) fn send_topic(&mut self, id: ConnId, room: RoomId) {
        let dialect = self
            .connections
            .get(id)
            .map_or(Dialect::Text, |c| c.dialect);
        let topic = self.rooms[room].room.state.topic();
        let line = match (dialect, topic) {
            (Dialect::Text, None) => Notice::Answer(Answer::NoTopic).to_line(dialect),
            (Dialect::Text, Some(topic)) => {
                Notice::Answer(Answer::TopicIs(&topic.text, &topic.by)).to_line(dialect)
            }
            (Dialect::Json, topic) => Message::Topic {
                room: self.named(room),
                text: topic.map_or("", |topic| &*topic.text).into(),
                by: topic.map(|topic| topic.by.as_str().into()),
            }
            .to_line(),
        };
        self.note_in(id, room, &line);
    }

    /// Tells a program that what it asked for is in the log; a person sees the entry.
    pub(super) fn accept_change(&mut self, id: ConnId, room: RoomId, given: Option<&str>) {
        let is_program = |c: &super::connection::Connection| c.dialect == Dialect::Json;
        if self.connections.get(id).is_some_and(is_program) {
            let seq = self.rooms[room].log().last();
            self.accept_said(id, room, seq, given);
        }
    }

    /// Refuses what a connection asks for, in its dialect.
    pub(super) fn refuse_answer(&mut self, id: ConnId, answer: Answer<'_>, given: Option<&str>) {
        match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => {
                let (text, wait) = (alloc::format!("{answer}"), answer.wait());
                self.refuse_for_now(id, answer.code(), &text, given, wait);
            }
            _ => self.tell(id, Notice::Answer(answer)),
        }
    }
}
