//! Names that are claimed, and orders, in a drawn world: who has power, and over whom it is used.

use super::world::{Client, Op, Server};
use crate::dice::Dice;
use crate::text::Text;

/// How much is claimed and ordered.
pub(super) struct Orders {
    dice: Dice,
    /// One line in so many; 0 where no password is taken.
    rarity: usize,
    /// Who claims a name first, and makes the room.
    owner: usize,
}

/// Passwords that are claimed with, and set.
const PASSWORDS: [&str; 3] = ["claimed-first", "claimed-second", "set-later"];

/// The names that are asked for.
const NAMES: [&str; 6] = ["ann", "Ann", "bob", "cat", "dan", "USER5001"];

/// Networks in which some clients are.
const ADDRESSES: [&str; 4] = [
    "192.0.2.1",
    "192.0.2.3",
    "192.0.2.0/24",
    "2001:db8:0:1::/64",
];

impl Orders {
    /// Has dice of its own, so that all else that is drawn from a seed stays what it is.
    pub(super) fn draw(seed: u64, count: usize) -> Self {
        let mut dice = Dice::new(seed, 12);
        Self {
            rarity: if dice.one_in(4) { 1 + dice.below(4) } else { 0 },
            owner: dice.below(count),
            dice,
        }
    }

    /// Whether there are any.
    pub(super) fn are_any(&self) -> bool {
        self.rarity > 0
    }

    /// Nothing of it, after all.
    pub(super) fn leave_out(&mut self) {
        self.rarity = 0;
    }

    /// A server that takes passwords.
    pub(super) fn limit(&mut self, server: &mut Server) {
        if self.are_any() {
            server.hashes = if self.dice.one_in(4) { 1 } else { 2 };
            server.accounts = if self.dice.one_in(8) { 1 } else { 100 };
            server.secure = !self.dice.one_in(16);
            (server.lazy, server.stretch) = (false, 0);
        }
    }

    /// What happens first: somebody claims their name and makes a room, and others come there.
    pub(super) fn begin(&mut self, clients: &[Client], duration: u64) -> Vec<(u64, Op)> {
        let mut steps = Vec::new();
        if !self.are_any() {
            return steps;
        }
        let at = duration / 4;
        for (who, client) in clients.iter().enumerate() {
            let lines: &[&str] = match who == self.owner {
                true => &["/claim claimed-first", "/join dev"],
                false if self.dice.one_in(3) => &["/claim claimed-second", "/join dev"],
                false => &["/join dev"],
            };
            for (nth, line) in lines.iter().enumerate() {
                let at = at + u64::from(who != self.owner) * (1 + duration / 8) + nth as u64;
                steps.push((
                    at,
                    match client {
                        Client::Person(_) => Op::Type(who, Text(line.as_bytes().to_vec())),
                        Client::Raw(_) => Op::Send(who, Text(format!("{line}\n").into_bytes())),
                    },
                ));
            }
        }
        steps
    }

    /// The owner of the room makes it private, while somebody may read it, and says something there.
    pub(super) fn shut(&mut self, clients: &[Client], duration: u64) -> Vec<(u64, Op)> {
        if !self.are_any() {
            return Vec::new();
        }
        let who = self.owner;
        let at = duration / 4 * 3;
        let lines = ["/private on", "said among ourselves"];
        let step = |line: &str| match clients[who] {
            Client::Person(_) => Op::Type(who, Text(line.as_bytes().to_vec())),
            Client::Raw(_) => Op::Send(who, Text(format!("{line}\n").into_bytes())),
        };
        lines.map(|line| (at, step(line))).into()
    }

    fn is_next(&mut self) -> bool {
        self.are_any() && self.dice.one_in(self.rarity)
    }

    /// A line of the text dialect that claims or orders something, if the next one is to.
    pub(super) fn line(&mut self) -> Option<Vec<u8>> {
        if !self.is_next() {
            return None;
        }
        let dice = &mut self.dice;
        let name = NAMES[dice.below(NAMES.len())];
        let password = PASSWORDS[dice.below(2)];
        let time = ["", " 1s", " 3s", " 2m"][dice.below(4)];
        let address = ADDRESSES[dice.below(ADDRESSES.len())];
        Some(
            match dice.below(32) {
                0 => format!("/claim {password}"),
                1 | 2 => format!("/login {name} {password}"),
                3 => format!("/passwd {}", PASSWORDS[2]),
                4 if dice.one_in(2) => "/unclaim".into(),
                4 => "/claim short".into(),
                5 | 6 => format!("/op {name}"),
                7 => format!("/deop {name}"),
                8..10 => format!("/kick {name}{}", ["", " too loud"][dice.below(2)]),
                10..12 => format!("/ban {name}{time}{}", ["", " not nice"][dice.below(2)]),
                12 => format!("/ban {address}{time}"),
                13 => format!("/unban {name}"),
                14 => format!("/unban {address}"),
                15 | 16 => format!("/mute {name}{time}"),
                17 => format!("/unmute {name}"),
                18 => format!("/private {}", ["on", "on", "off"][dice.below(3)]),
                19 | 20 => format!("/invite {name}"),
                21 => format!("/slow {}", dice.below(3)),
                22 => "/bans".into(),
                23 => format!("/nick {name}"),
                24 | 25 => "/join dev".into(),
                26 => "/join lobby".into(),
                27 => "/history 5".into(),
                _ => format!("says {}", dice.below(1000)),
            }
            .into_bytes(),
        )
    }

    /// An object of the JSON dialect that does, if the next one is to.
    pub(super) fn object(&mut self) -> Option<Vec<u8>> {
        if !self.is_next() {
            return None;
        }
        let dice = &mut self.dice;
        let name = NAMES[dice.below(NAMES.len())];
        let password = PASSWORDS[dice.below(2)];
        let address = ADDRESSES[dice.below(ADDRESSES.len())];
        let of = |kind: &str, more: &str| {
            format!("{{\"type\":\"order\",\"room\":\"dev\",\"do\":\"{kind}\"{more},\"id\":\"o\"}}")
        };
        let to = |kind: &str, whom: &str| of(kind, &format!(",\"whom\":\"{whom}\""));
        Some(
            match dice.below(24) {
                0 => format!("{{\"type\":\"claim\",\"password\":\"{password}\",\"id\":\"c\"}}"),
                1 | 2 => format!(
                    "{{\"type\":\"login\",\"name\":\"{name}\",\"password\":\"{password}\"}}"
                ),
                3 => format!("{{\"type\":\"passwd\",\"password\":\"{}\"}}", PASSWORDS[2]),
                4 if dice.one_in(2) => "{\"type\":\"unclaim\"}".into(),
                4 => "{\"type\":\"bans\",\"room\":\"dev\"}".into(),
                5 | 6 => to("op", name),
                7 => to("deop", name),
                8 | 9 => to("kick", name),
                10 => to("ban", name),
                11 => to("ban", address),
                12 => to("unban", name),
                13 => to("unban", address),
                14 => to("mute", name),
                15 => to("unmute", name),
                16 => of("private", ",\"on\":true"),
                17 => of("private", ",\"on\":false"),
                18 => to("invite", name),
                19 => of("slow", &format!(",\"seconds\":{}", dice.below(3))),
                20..22 => "{\"type\":\"join\",\"room\":\"dev\",\"id\":\"j\"}".into(),
                22 => "{\"type\":\"part\",\"room\":\"dev\",\"id\":\"p\"}".into(),
                _ => format!(
                    "{{\"type\":\"say\",\"room\":\"dev\",\"text\":\"says {}\"}}",
                    dice.below(1000)
                ),
            }
            .into_bytes(),
        )
    }
}
