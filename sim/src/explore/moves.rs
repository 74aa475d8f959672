//! Rooms in a drawn world: who asks for which.

use super::world::{Op, Server};
use crate::dice::Dice;
use crate::text::Text;
use chat_core::{MAX_LINE, MAX_ROOMS};

/// How much people and programs go from room to room.
pub(super) struct Moves {
    dice: Dice,
    /// One line in so many asks for a room; 0 where there is the lobby alone.
    rarity: usize,
    /// How many of the names of rooms are asked for.
    names: usize,
    /// Programs name as many rooms in their first lines as they may be in, or one more.
    are_many: bool,
    /// The server stops while much waits for programs in several rooms, of which little may be held.
    ends: bool,
    /// Dice for what programs know of rooms in which they go on.
    going_on: Dice,
    /// Dice for which room is read.
    reading: Dice,
}

impl Moves {
    /// Has dice of its own, so that all else that is drawn from a seed stays what it is.
    pub(super) fn draw(seed: u64) -> Self {
        let (mut dice, mut going_on) = (Dice::new(seed, 8), Dice::new(seed, 10));
        Self {
            ends: going_on.one_in(60),
            going_on,
            reading: Dice::new(seed, 13),
            rarity: if dice.one_in(2) { 0 } else { 1 + dice.below(6) },
            names: 1 + dice.below(4),
            are_many: dice.one_in(16),
            dice,
        }
    }

    /// Whether it ends while much waits for programs in several rooms.
    pub(super) fn ends(&self) -> bool {
        self.ends
    }

    /// How it ends: programs go to several rooms and read no more, and then the server stops. Now and then somebody
    /// types more than their client takes.
    pub(super) fn end(
        &mut self,
        programs: &[usize],
        person: Option<usize>,
        at: u64,
    ) -> Vec<(u64, Op)> {
        let mut steps = Vec::new();
        if let Some(who) = person.filter(|_| self.going_on.one_in(4)) {
            steps.extend((0..18).map(|_| (at, Op::Type(who, Text(vec![b'x'; MAX_LINE])))));
        }
        for &who in programs {
            steps.push((at, Op::Deaf(who)));
            steps.push((at, Op::Send(who, Text(self.last_words()))));
        }
        steps.push((at + 200, Op::Stop));
        steps
    }

    /// What one of these programs sends: it is in two rooms more, and talks in them.
    fn last_words(&mut self) -> Vec<u8> {
        let mut lines: Vec<String> = ["dev", "tea"]
            .map(|room| format!("{{\"type\":\"join\",\"room\":\"{room}\",\"id\":\"in {room}\"}}"))
            .into();
        for nth in 0..2 + self.going_on.below(6) {
            let room = ["dev", "tea"][self.going_on.below(2)];
            lines.push(format!(
                "{{\"type\":\"say\",\"room\":\"{room}\",\"text\":\"last {nth}\",\"id\":\"{room} {nth}\"}}"
            ));
        }
        lines.extend(["first", "second"].map(|word| {
            format!("{{\"type\":\"msg\",\"to\":\"ann\",\"text\":\"{word} word\",\"id\":\"to ann {word}\"}}")
        }));
        lines
            .iter()
            .flat_map(|line| [line, "\n"].concat().into_bytes())
            .collect()
    }

    /// In some worlds there may be only a few rooms, or little may be held of rooms that one goes out of.
    pub(super) fn limit(&mut self, server: &mut Server) {
        if self.are_any() && self.dice.one_in(12) {
            server.copies = self.dice.below(300) as u64;
        }
        if self.ends {
            server.copies = self.going_on.below(300) as u64;
        }
        if self.are_any() && !self.are_many && self.dice.one_in(4) {
            server.rooms = 1 + self.dice.below(3);
        }
    }

    /// Whether there is more than the lobby.
    pub(super) fn are_any(&self) -> bool {
        self.rarity > 0
    }

    /// Whether the next line asks for a room.
    fn is_next(&mut self) -> bool {
        self.are_any() && self.dice.one_in(self.rarity)
    }

    /// The name of a room, now and then of none.
    fn room(&mut self) -> String {
        if self.dice.one_in(24) {
            let none = ["a/b", "#", "\u{e9}", "a b", &"r".repeat(33)];
            return none[self.dice.below(none.len())].into();
        }
        if self.are_many && self.dice.one_in(2) {
            let kind = self.dice.below(2);
            return of_many(kind, self.dice.below(MAX_ROOMS + 1));
        }
        let long = "r".repeat(32);
        let name = ["dev", "lobby", "tea", &long][self.dice.below(self.names)];
        match self.dice.below(8) {
            0 => format!("#{name}"),
            1 => name.to_ascii_uppercase(),
            _ => name.into(),
        }
    }

    /// An object of the JSON dialect that asks for a room, or something of it, if the next one is to.
    pub(super) fn object(&mut self) -> Option<Vec<u8>> {
        if !self.is_next() {
            return None;
        }
        if self.are_many && self.going_on.one_in(4) {
            return Some(b"{\"type\":\"rooms\"}".to_vec());
        }
        let room = self.room();
        let number = self.dice.below(1000);
        let object = match self.dice.below(18) {
            0 => "{\"type\":\"rooms\"}".into(),
            1 => format!("{{\"type\":\"who\",\"room\":\"{room}\"}}"),
            2 => format!("{{\"type\":\"topic\",\"room\":\"{room}\"}}"),
            3 => {
                let text = ["", "tea", "coffee"][number % 3];
                format!(
                    "{{\"type\":\"topic\",\"room\":\"{room}\",\"text\":\"{text}\",\"id\":\"t{number}\"}}"
                )
            }
            4 => {
                let limit = self.dice.power(6);
                format!(
                    "{{\"type\":\"history\",\"id\":\"h{number}\",\"room\":\"{room}\",\"limit\":{limit}}}"
                )
            }
            5 => {
                let (way, at) = (["after", "before"][number % 2], self.dice.power(6));
                format!(
                    "{{\"type\":\"history\",\"id\":\"h{number}\",\"room\":\"{room}\",\"{way}\":{at}}}"
                )
            }
            6 | 7 => format!("{{\"type\":\"part\",\"room\":\"{room}\",\"id\":\"p{number}\"}}"),
            8..13 => {
                let known = self.known();
                format!("{{\"type\":\"join\",\"room\":\"{room}\",\"id\":\"j{number}\"{known}}}")
            }
            // What is said with one id is mostly the same, and in one room.
            _ => {
                let (id, me) = (number % 20, number.is_multiple_of(7));
                let of = if number < 100 { "" } else { &room };
                format!(
                    "{{\"type\":\"say\",\"room\":\"{room}\",\"text\":\"{id} here\",\"id\":\"{of}{id}\",\"me\":{me}}}"
                )
            }
        };
        Some(object.into_bytes())
    }

    /// What is known of a room, as further members of an object.
    fn known(&mut self) -> String {
        match self.dice.below(8) {
            0 | 1 => format!(",\"after\":{}", self.dice.power(5) - 1),
            2 => format!(",\"history\":{}", self.dice.power(5) - 1),
            3 => ",\"after\":1,\"epoch\":\"?\"".into(),
            _ => String::new(),
        }
    }

    /// The rooms that a first object names, as a member of it, now and then.
    pub(super) fn named(&mut self) -> Option<String> {
        if !self.are_any() || !self.are_many && !self.dice.one_in(3) {
            return self.known_so_far();
        }
        let rooms: Vec<String> = if self.are_many && !self.dice.one_in(4) {
            let (kind, count) = (self.dice.below(2), MAX_ROOMS - 1 + self.dice.below(8) / 7);
            (0..count)
                .map(|nth| format!("\"{}\":{{}}", of_many(kind, nth)))
                .collect()
        } else {
            let count = 1 + self.dice.below(3);
            let mut named = |_| {
                let (room, known) = (self.room(), self.known());
                format!("\"{room}\":{{{}}}", known.trim_start_matches(','))
            };
            (0..count).map(&mut named).collect()
        };
        Some(format!("\"rooms\":{{{}}}", rooms.join(",")))
    }

    /// What a first object says of a room to be read, as members of it, now and then; it says by itself whether it `reads`.
    pub(super) fn read(&mut self, reads: bool) -> Vec<String> {
        let mut members = Vec::new();
        if !self.are_any() || self.reading.one_in(3) {
            return members;
        }
        if !reads && self.reading.one_in(3) {
            members.push("\"read\":true".into());
        } else if !reads && !self.reading.one_in(8) {
            return members; // It is not looked at.
        }
        let names = ["dev", "tea", "lobby", "#DEV", "a/b", &"r".repeat(32)];
        let nth = self.reading.below(3) * self.reading.below(3);
        let room = names[nth.min(names.len() - 1)];
        members.push(format!("\"room\":\"{room}\""));
        members
    }

    /// Somebody is in a room, and a program that was somebody comes back and reads it, now and then. `goes`: somebody who is to go
    /// there by a line of text, and whether they are a person.
    pub(super) fn look_in(
        &mut self,
        programs: &[usize],
        goes: Option<(usize, bool)>,
        duration: u64,
    ) -> Vec<(u64, Op)> {
        let mut steps = Vec::new();
        // Where nobody is to go there, somebody orders something there.
        let is_next = goes.is_none() || self.reading.one_in(3);
        if programs.is_empty() || self.ends || !is_next {
            return steps;
        }
        let at = duration / 4;
        if let Some((who, is_person)) = goes {
            let line = "/join dev";
            steps.push((
                at,
                if is_person {
                    Op::Type(who, Text(line.as_bytes().to_vec()))
                } else {
                    Op::Send(who, Text(format!("{line}\n").into_bytes()))
                },
            ));
        }
        let reader = programs[self.reading.below(programs.len())];
        let at = at + duration / 4 + self.reading.below(50) as u64;
        let known = match self.reading.below(3) {
            0 => String::new(),
            1 => format!(",\"history\":{}", self.reading.power(5)),
            _ => format!(",\"after\":{}", self.reading.power(4) - 1),
        };
        let hello = format!("JOIN {{\"read\":true,\"room\":\"dev\"{known}}}\n");
        steps.push((at, Op::Close(reader)));
        steps.push((at + 20, Op::Connect(reader)));
        steps.push((at + 20, Op::Send(reader, Text(hello.into_bytes()))));
        steps
    }

    /// Rooms in which a program may go on, each with the number after which it does, now and then.
    fn known_so_far(&mut self) -> Option<String> {
        if !self.are_any() || !self.going_on.one_in(3) {
            return None;
        }
        let names = 1 + self.going_on.below(2);
        let mut known = |room| format!("\"{room}\":{{\"after\":{}}}", self.going_on.power(5) - 1);
        let rooms: Vec<String> = ["dev", "tea"]
            .into_iter()
            .take(names)
            .map(&mut known)
            .collect();
        Some(format!("\"rooms\":{{{}}}", rooms.join(",")))
    }

    /// A line of the text dialect that asks for a room, if the next one is to.
    pub(super) fn line(&mut self) -> Option<Vec<u8>> {
        if !self.is_next() {
            return None;
        }
        let room = self.room();
        let line = match self.dice.below(12) {
            0 => "/rooms".into(),
            1 => format!("/who {room}"),
            2 => {
                let odd = [
                    "/join",
                    "/join two words",
                    "/rooms now",
                    "/ROOMS",
                    "/who two words",
                ];
                odd[self.dice.below(odd.len())].into()
            }
            3 => format!("/Join\t{room} "),
            _ => format!("/join {room}"),
        };
        Some(line.into_bytes())
    }
}

/// One of many rooms, of one of two kinds: their names are as long as they may be.
fn of_many(kind: usize, nth: usize) -> String {
    format!("{}{nth:031}", ["a", "b"][kind])
}
