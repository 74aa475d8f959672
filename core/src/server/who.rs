//! The answer to `/who` and to `who`: who is in the room, as far as a line goes.

use super::Server;
use crate::mark::{Mark, mark_if};
use crate::room::RoomId;
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_LINE;
use crate::types::name::Name;
use crate::types::room_name::RoomName;
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::json::{Message, RoomOf};
use crate::wire::notice::who;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

impl Server {
    /// The name of a room, where it is said: of the lobby it is not.
    pub(super) fn named(&self, room: RoomId) -> Option<Cow<'static, str>> {
        let name = (room != RoomId::LOBBY).then(|| self.rooms[room].name.as_str());
        name.map(|name| Cow::Owned(name.into()))
    }

    /// Tells a connection who is in a room of this name, in its turn.
    pub(super) fn send_who_of(&mut self, id: ConnId, asked: &str, given: Option<&str>) {
        let name = RoomName::parse(asked);
        if let Some(room) = self.find_seen(id, name.as_ref().ok()) {
            return self.send_who(id, room);
        }
        let is_json = self
            .connections
            .get(id)
            .is_some_and(|c| c.dialect == Dialect::Json);
        match name {
            Ok(name) if is_json => {
                let room = Some(Cow::Owned(name.as_str().into()));
                let line = in_json(room, [].into_iter());
                self.note(id, &line);
            }
            Ok(name) => self.refuse_answer(id, Answer::NobodyIn(&name), given),
            Err(_) => {
                let room = &self.rooms[self.room_of(id)].name.clone();
                self.refuse_answer(id, Answer::RoomInvalid { asked, room }, given);
            }
        }
    }

    /// A room in memory, if a connection may know of it.
    pub(super) fn find_seen(&self, id: ConnId, name: Option<&RoomName>) -> Option<RoomId> {
        let room = self.rooms.find(name?)?;
        self.may_see(id, room).then_some(room)
    }

    /// Tells a connection of the JSON dialect what a room of this name is about.
    pub(super) fn send_topic_of(&mut self, id: ConnId, asked: Option<&str>, given: Option<&str>) {
        let name = asked.map_or(Ok(RoomName::LOBBY), RoomName::parse);
        if let Some(room) = self.find_seen(id, name.as_ref().ok()) {
            return self.send_topic(id, room);
        }
        if let Ok(name) = name {
            let line = Message::Topic {
                room: Some(Cow::Owned(name.as_str().into())),
                text: "".into(),
                by: None,
            };
            return self.note(id, &line.to_line());
        }
        let asked = asked.unwrap_or_default();
        let room = &self.rooms[self.room_of(id)].name.clone();
        self.refuse_answer(id, Answer::RoomInvalid { asked, room }, given);
    }

    /// Tells a connection who is in the room.
    pub(super) fn answer_who(&mut self, id: ConnId, room: RoomId) {
        let dialect = self.connections.get(id).map(|c| c.dialect);
        let hosted = &self.rooms[room];
        if dialect == Some(Dialect::Text) && hosted.room.state.members().len() == 0 {
            // Whether it is still in memory is nobody's business.
            let name = hosted.name.clone();
            return self.refuse_answer(id, Answer::NobodyIn(&name), None);
        }
        let members = hosted.room.state.members();
        let answer = match dialect {
            Some(Dialect::Json) => in_json(self.named(room), members),
            _ => who(members),
        };
        self.note_in(id, room, &answer);
    }
}

/// The rooms, as many as fit into a line.
pub(super) fn rooms_in_json<'a>(all: impl Iterator<Item = (&'a str, usize)>) -> String {
    let (mut rooms, mut more, mut length) = (Vec::new(), 0, 0);
    for (room, here) in all {
        length += room.len() + "{\"room\":\"\",\"here\":4294967295},".len();
        if length < MAX_LINE {
            let (room, here) = (room.into(), here as u64);
            rooms.push(RoomOf { room, here });
        } else {
            more += 1;
        }
    }
    mark_if(more > 0, Mark::RoomsCutShort);
    Message::Rooms { rooms, more }.to_line()
}

fn in_json<'a>(
    room: Option<Cow<'_, str>>,
    members: impl ExactSizeIterator<Item = &'a Name>,
) -> String {
    let count = members.len();
    let mut length = 0;
    let fits = |name: &&Name| {
        length += name.as_str().len() + "\"\",".len();
        length < MAX_LINE
    };
    let names: Vec<Cow<'_, str>> = members
        .take_while(fits)
        .map(|name| name.as_str().into())
        .collect();
    let more = count - names.len();
    Message::Who { room, names, more }.to_line()
}
