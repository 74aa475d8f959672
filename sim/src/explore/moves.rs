//! Rooms in a drawn world: who asks for which.

use super::world::Server;
use crate::dice::Dice;

/// How much people go from room to room.
pub(super) struct Moves {
    dice: Dice,
    /// One line in so many asks for a room; 0 where there is the lobby alone.
    rarity: usize,
    /// How many of the names of rooms are asked for.
    names: usize,
}

impl Moves {
    /// Has dice of its own, so that all else that is drawn from a seed stays what it is.
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 8);
        Self {
            rarity: if dice.one_in(2) { 0 } else { 1 + dice.below(6) },
            names: 1 + dice.below(4),
            dice,
        }
    }

    /// In some worlds there may be only a few rooms.
    pub(super) fn limit(&mut self, server: &mut Server) {
        if self.rarity > 0 && self.dice.one_in(4) {
            server.rooms = 1 + self.dice.below(3);
        }
    }

    /// Whether the next line asks for a room.
    fn is_next(&mut self) -> bool {
        self.rarity > 0 && self.dice.one_in(self.rarity)
    }

    /// The name of a room, now and then of none.
    fn room(&mut self) -> String {
        if self.dice.one_in(24) {
            let none = ["a/b", "#", "\u{e9}", "a b", &"r".repeat(33)];
            return none[self.dice.below(none.len())].into();
        }
        let long = "r".repeat(32);
        let name = ["dev", "lobby", "tea", &long][self.dice.below(self.names)];
        match self.dice.below(8) {
            0 => format!("#{name}"),
            1 => name.to_ascii_uppercase(),
            _ => name.into(),
        }
    }

    /// Whether there is more than the lobby.
    pub(super) fn are_any(&self) -> bool {
        self.rarity > 0
    }

    /// An object of the JSON dialect that asks for a room, or something of it, if the next one is to.
    pub(super) fn object(&mut self) -> Option<Vec<u8>> {
        if !self.is_next() {
            return None;
        }
        let room = self.room();
        let number = self.dice.below(1000);
        let known = self.known();
        let object = match self.dice.below(16) {
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
                format!("{{\"type\":\"history\",\"room\":\"{room}\",\"limit\":{limit}}}")
            }
            5 | 6 => format!("{{\"type\":\"part\",\"room\":\"{room}\",\"id\":\"p{number}\"}}"),
            7..12 => {
                format!("{{\"type\":\"join\",\"room\":\"{room}\",\"id\":\"j{number}\"{known}}}")
            }
            // What is said with one id is the same, and in one room.
            _ => {
                let (id, me) = (number % 20, number.is_multiple_of(7));
                format!(
                    "{{\"type\":\"say\",\"room\":\"{room}\",\"text\":\"{id} here\",\"id\":\"{room}{id}\",\"me\":{me}}}"
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
        if self.rarity == 0 || !self.dice.one_in(3) {
            return None;
        }
        let count = 1 + self.dice.below(3);
        let rooms: Vec<String> = (0..count)
            .map(|_| {
                let (room, known) = (self.room(), self.known());
                format!("\"{room}\":{{{}}}", known.trim_start_matches(','))
            })
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
