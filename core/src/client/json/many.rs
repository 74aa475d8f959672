//! Being in several rooms at the same time (PROTOCOL.md, "The client that resumes").

use super::JsonClient;
use super::memory::Memory;
use super::phase::Phase;
use super::rooms::{self, MAX_OTHERS};
use crate::client::ClientAction;
use crate::mark::{Mark, mark};
use crate::types::room_name::RoomName;
use crate::types::time::Timestamp;
use crate::wire::answer::Answer;
use crate::wire::json::Message;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// The rooms besides the lobby that are remembered.
pub(super) fn named_in(memory: &Memory) -> Vec<RoomName> {
    let mut rooms = Vec::new();
    for room in memory
        .rooms
        .iter()
        .filter_map(|it| RoomName::parse(it).ok())
    {
        if !room.is_lobby() && !rooms.contains(&room) && rooms.len() < MAX_OTHERS {
            rooms.push(room);
        }
    }
    rooms
}

impl JsonClient {
    /// What is typed from now on is for this room; of use where the person may be in several ([`Setup::many`](super::Setup::many)).
    pub fn type_in(&mut self, room: RoomName) {
        if self.setup.many {
            self.here = room;
        }
    }

    /// The person wants to be in the room no more for which they type; they stay in the lobby. What they have typed for it is
    /// said there before. Of use where they may be in several ([`Setup::many`](super::Setup::many)).
    pub fn part_from(&mut self) {
        let room = self.here.clone();
        if self.rooms.contains(&room) {
            self.forget_room(&room);
            self.part_from_others();
        } else {
            self.reply(if room.is_lobby() {
                Answer::LastRoom
            } else {
                Answer::NotInRoom(room.as_str())
            });
        }
    }

    /// The person wants to be in one room more.
    pub(super) fn go_too(&mut self, now: Timestamp, room: &RoomName) {
        if self.is_in_it(room) {
            return self.reply(Answer::InRoomAlready(room));
        }
        if self.rooms.len() >= MAX_OTHERS {
            let why = format!(
                "Not done: you are in {MAX_OTHERS} rooms besides the lobby, and these are the most. /part from one first."
            );
            return self.is_dropped(room, &why);
        }
        mark(Mark::ClientMoves);
        self.rooms.push(room.clone());
        self.remember_rooms();
        if self.reads {
            // A reader is in no room.
            self.reads = false;
            self.enter_room(now);
        } else if self.phase == Phase::Talking {
            self.ask_in(room);
        }
    }

    /// The connection is welcome; or it goes on outside of the lobby.
    pub(super) fn seated_in_many(&mut self, here: Option<(u64, u64)>) {
        match here {
            Some((here, head)) => self.take_seat(RoomName::LOBBY, here, head),
            None => self.join(&RoomName::LOBBY),
        }
    }

    /// The person is not in this room, though they want to be: they are told why.
    pub(super) fn is_dropped(&mut self, room: &RoomName, why: &str) {
        self.forget_room(room);
        self.actions
            .push_back(ClientAction::Notice(format!("* {why}")));
    }

    /// Once the server has answered all that it was asked for, the person is in no room that the connection is not in: a first
    /// line may name a room into which it was not let.
    pub(super) fn drop_rooms_not_let_in(&mut self) {
        if !self.connection.joins.is_empty() {
            return;
        }
        let seats = &self.connection.seats;
        let is_out = |room: &&RoomName| !seats.contains_key(room);
        let out: Vec<RoomName> = self.rooms.iter().filter(is_out).cloned().collect();
        for room in out {
            mark(Mark::ClientMoveRefused);
            let why = format!("You are not in {room}.");
            self.is_dropped(&room, &why);
        }
    }

    /// Whoever looks is told that the person is out of a room as soon as they want to be, and never that they are in one that
    /// they have left meanwhile.
    pub(super) fn is_told_otherwise(&self, message: &Message<'_>) -> bool {
        self.setup.many
            && match message {
                Message::Out { .. } => true,
                Message::In { room, .. } => !self.is_here(room),
                Message::Gap { room, .. } => room.as_deref().is_some_and(|it| !self.is_here(it)),
                Message::Error { id: Some(id), .. } => id.starts_with(rooms::JOIN),
                _ => false,
            }
    }

    fn forget_room(&mut self, room: &RoomName) {
        self.rooms.retain(|it| it != room);
        self.places.retain(|it| it.room != room.as_str());
        self.remember_rooms();
        let out = Message::Out {
            room: room.as_str().into(),
            id: None,
            code: None,
            text: None,
        };
        self.show(out.to_line().trim_end().into());
    }

    fn remember_rooms(&mut self) {
        self.memory.rooms = self.rooms.iter().map(ToString::to_string).collect();
        self.keep_first();
    }
}
