//! Going from room to room.

use super::desk::Desk;
use super::messages::Message;
use super::mode::Mode;
use super::room::Room;
use super::{Screen, Typed};
use crate::editor::line::Line;
use chat_core::{Name, RoomName};

impl Screen {
    /// Looks at another room: what was being typed stays in the one before.
    pub(super) fn go_to(&mut self, place: usize) {
        if place >= self.rooms.len() || place == self.current || self.is_held() {
            return;
        }
        if matches!(self.mode, Mode::Searching(_)) {
            self.end_search(true);
        }
        self.end_jump();
        let next = std::mem::take(&mut self.rooms[place].desk);
        let desk = Desk {
            line: self.editor.exchange(next.line),
            history: self.editor.exchange_history(next.history),
            names: self.editor.exchange_names(next.names),
            anchor: std::mem::replace(&mut self.anchor, next.anchor),
        };
        let room = &mut self.rooms[self.current];
        room.marker = room.newest();
        room.desk = desk;
        let left = self.current;
        self.current = place;
        if self.anchor.is_none() {
            self.catch_up();
        }
        if self.rooms[left].is_gone {
            self.remove(left);
        }
        self.is_dirty = true;
    }

    /// Whether what is being typed cannot be put aside: it is asked for, or edited elsewhere.
    fn is_held(&self) -> bool {
        matches!(self.mode, Mode::Naming(_)) || self.is_editing
    }

    /// Whether somebody types, or is asked for something: where they are then, they stay, unless they go elsewhere themselves. They
    /// would say the rest of it there.
    pub(super) fn is_busy(&self) -> bool {
        !self.being_typed().is_empty() || !self.editor.is_free()
    }

    /// The same, for whoever presses a key or clicks: not while something that was entered here has still to be taken, or to
    /// be decided about. It would be said there.
    pub(super) fn move_to(&mut self, place: usize) {
        if self.has_space() && self.editor.asked_paste().is_none() {
            self.go_to(place);
        }
    }

    pub(super) fn move_by(&mut self, step: usize) {
        self.move_to((self.current + step) % self.rooms.len());
    }

    /// Goes to the next room in which somebody has named the person, or else to the next with anything new.
    pub(super) fn move_to_news(&mut self) {
        let count = self.rooms.len();
        let places = (1..=count).map(|step| (self.current + step) % count);
        let mentions = places.clone().find(|at| self.rooms[*at].mentions > 0);
        let news = || places.clone().find(|at| self.rooms[*at].unread > 0);
        if let Some(place) = mentions.or_else(news) {
            self.move_to(place);
        }
    }

    /// Begins to ask for a room by some letters of its name.
    pub(super) fn jump(&mut self) {
        if matches!(self.mode, Mode::Talking) {
            let before = self.editor.exchange(Line::default());
            self.editor
                .prompt(Message::GoTo.text(self.settings.language));
            self.mode = Mode::Jumping(before);
        }
    }

    /// The rooms whose names have these letters in this order, those first that begin with them.
    pub(super) fn fitting(&self, letters: &str) -> Vec<usize> {
        let letters = letters.trim().to_lowercase();
        let mut fitting: Vec<(usize, usize)> = Vec::new();
        for (place, room) in self.rooms.iter().enumerate() {
            let name = room.name.to_lowercase();
            let mut rest = name.chars();
            let rank = match name.find(&letters) {
                Some(0) => 0,
                Some(_) => 1,
                None if letters.chars().all(|letter| rest.any(|c| c == letter)) => 2,
                None => continue,
            };
            fitting.push((rank, place));
        }
        fitting.sort_unstable();
        fitting.into_iter().map(|(_, place)| place).collect()
    }

    /// Goes to the room that fits best.
    pub(super) fn jumped(&mut self, letters: &str) {
        let place = self.fitting(letters).first().copied();
        self.end_jump();
        if let Some(place) = place {
            self.go_to(place);
        }
    }

    pub(super) fn end_jump(&mut self) {
        if matches!(self.mode, Mode::Jumping(_)) {
            self.end_prompt();
        }
    }

    /// Goes to the conversation with somebody, which begins with that.
    pub(super) fn query(&mut self, name: &str) {
        match Name::parse(name) {
            Ok(_) => {
                if let Some(place) = self.place_with(name) {
                    self.go_to(place);
                } else {
                    self.remark(&self.say(Message::TooManyRooms, &[]));
                }
            }
            Err(why) => self.remark(&self.say(Message::NotDone, &[&why.to_string()])),
        }
    }

    /// Goes to a room, and has the person be in it if they are not; whether nobody else need know of it.
    pub(super) fn join(&mut self, asked: &str) -> bool {
        let Ok(name) = RoomName::parse(asked) else {
            return false; // The client says why.
        };
        self.open(&name, true);
        true
    }

    /// The same, for somebody who may not `go` there now.
    pub(super) fn open(&mut self, name: &RoomName, goes: bool) {
        let known = self.known_room(name.as_str());
        let from = (self.room().name.clone(), self.room().is_conversation);
        let Some(place) = self.place_of(name.as_str()) else {
            return self.remark(&self.say(Message::TooManyRooms, &[]));
        };
        let room = &mut self.rooms[place];
        if known.is_none() {
            room.came_from = Some(from);
        }
        let asks = known.is_none() || room.is_gone;
        if goes {
            self.go_to(place);
        }
        if asks {
            self.enter_in(name.to_string(), Typed::Line(format!("/join {name}")));
        }
    }

    /// Puts these rooms before the others, after the lobby, in their order.
    pub(super) fn arrange(&mut self, first: &[RoomName]) {
        let current = (self.room().name.clone(), self.room().is_conversation);
        let is_it = |room: &Room| (&room.name, room.is_conversation) == (&current.0, current.1);
        let place = |room: &Room| {
            let mut names = first.iter().map(RoomName::as_str);
            let place = names.position(|name| !room.is_conversation && name == room.name);
            place.unwrap_or(usize::MAX)
        };
        self.rooms[1..].sort_by_key(place);
        self.current = self.rooms.iter().position(is_it).unwrap_or(0);
    }

    /// Has the person be no more in a room: in this one, where none is named.
    pub(super) fn part(&mut self, asked: &str) {
        let place = match asked {
            "" => Some(self.current),
            asked => RoomName::parse(asked)
                .ok()
                .and_then(|name| self.known_room(name.as_str())),
        };
        match place {
            Some(0) => self.remark(&self.say(Message::LobbyStays, &[])),
            Some(place) if self.rooms[place].is_gone => self.take_away(place),
            Some(place) => {
                self.rooms[place].is_parting = true;
                let name = self.rooms[place].name.clone();
                self.typed.push_back((name, Typed::Part));
            }
            None => self.remark(&self.say(Message::NotInRoom, &[asked])),
        }
    }

    /// The person is in a room no more. Where they did not ask for that, and look at it, it stays before them until they go
    /// elsewhere: whoever is typing there would say the rest somewhere else.
    pub(super) fn is_out(&mut self, name: &str) {
        let Some(place) = self.known_room(name).filter(|place| *place > 0) else {
            return;
        };
        let is_here = place == self.current;
        let is_typing = is_here && self.is_busy();
        let room = &mut self.rooms[place];
        room.is_in = false;
        room.people.forget();
        let stays = !room.is_parting && (room.was_in || is_typing);
        if is_here && stays {
            room.is_gone = true;
        } else {
            self.take_away(place);
        }
    }

    /// Takes a room away in which the person is no more.
    fn take_away(&mut self, place: usize) {
        if place != self.current {
            return self.remove(place);
        }
        let room = &mut self.rooms[place];
        room.is_gone = true;
        // Whoever is not let in stays where they were.
        let from = room.came_from.take().filter(|_| !room.was_in);
        let from = from.and_then(|(name, is_conversation)| {
            let is_it = |it: &Room| it.name == name && it.is_conversation == is_conversation;
            self.rooms.iter().position(is_it)
        });
        self.go_to(from.unwrap_or(0));
    }

    /// Removes a room, or a conversation, that is not looked at. What was being typed in it can be inserted elsewhere.
    fn remove(&mut self, place: usize) {
        let room = self.rooms.remove(place);
        if place < self.current {
            self.current -= 1;
        }
        self.keep_for_later(&room.name, room.desk.line.text());
    }

    /// Has what was being typed somewhere be inserted by Ctrl-Y, and says so.
    pub(super) fn keep_for_later(&mut self, room: &str, text: &str) {
        if self.editor.keep_cut(text) {
            self.remark(&self.say(Message::DraftKept, &[room, &glimpse(text)]));
        }
    }

    /// Has a conversation be gone, and what was said in it.
    pub(super) fn close(&mut self) {
        let place = self.current;
        if !self.rooms[place].is_conversation {
            return;
        }
        self.go_to(0);
        if self.current != place {
            self.remove(place);
        }
    }

    /// Everything in the room that is looked at is seen, up to now.
    pub(super) fn catch_up(&mut self) {
        let room = &mut self.rooms[self.current];
        (room.unread, room.mentions) = (0, 0);
        self.is_dirty = true;
    }

    pub(super) fn room(&self) -> &Room {
        &self.rooms[self.current]
    }
}

/// The beginning of a text, in one line.
pub(super) fn glimpse(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.replace('\n', " ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
