//! Rooms in a drawn world: who asks for which.

use crate::dice::Dice;
use chat_core::mark::Mark;

/// Rare paths that no drawn world comes by yet: tests of the core do. In a drawn world, people of the text dialect go from
/// room to room, and programs stay in the lobby.
pub const UNDRAWN: [Mark; 11] = [
    Mark::RoomsFull,
    Mark::RoomsInOneWrite,
    Mark::JoinedRoom,
    Mark::NotInRoom,
    Mark::RoomsCutShort,
    Mark::GatheredInPart,
    Mark::InTooManyRooms,
    Mark::RenamedInRooms,
    Mark::PartedRoom,
    Mark::LastRoom,
    Mark::ResumedInRoom,
];

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
