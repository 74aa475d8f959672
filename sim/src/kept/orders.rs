//! What somebody is to have ordered, or done about their name: as steps of a world, and as lines.

use super::world::{Client, Op};
use crate::dice::Dice;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Do {
    /// Somebody is to be an operator.
    Op,
    /// They are to be none any more.
    Deop,
    /// They are to go.
    Kick,
    /// They are to be kept out, for so many seconds.
    Ban(Option<u32>),
    /// Whoever comes from where they come from is.
    BanHost(Option<u32>),
    /// They are to be let in again.
    Unban,
    /// Whoever comes from there is.
    UnbanHost,
    /// They are to be silent, for so many seconds.
    Mute(Option<u32>),
    /// They may speak again.
    Unmute,
    /// Nobody is to come in who is not invited, or everybody may.
    Private(bool),
    /// They are invited.
    Invite,
    /// So many seconds are to be between two lines.
    Slow(u16),
}

/// What somebody wants to be done, in a room where they are or with their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Their name is to be their own.
    Claim(String),
    /// They want a name, with this password.
    LogIn(String, String),
    /// They want this password.
    Password(String),
    /// Their name is to be nobody's own.
    Unclaim,
    /// They want another name.
    Nick(String),
    /// They order this, of somebody or of an address.
    Order(Do, String),
}

/// The password of whatever name is claimed: under which name a claim is heard is not known when it is sent.
pub(super) const RIGHT: &str = "one-for-all";

/// What is nobody's password.
pub(super) const WRONG: &str = "none-of-theirs";

impl Do {
    /// Whether it is about an address.
    pub(super) fn is_of_host(self) -> bool {
        matches!(self, Self::BanHost(_) | Self::UnbanHost)
    }

    fn time(self) -> Option<u32> {
        match self {
            Self::Ban(time) | Self::BanHost(time) | Self::Mute(time) => time,
            _ => None,
        }
    }
}

impl Want {
    /// It as a line of the text dialect.
    pub(super) fn to_line(&self) -> String {
        match self {
            Self::Claim(password) => format!("/claim {password}"),
            Self::LogIn(name, password) => format!("/login {name} {password}"),
            Self::Password(password) => format!("/passwd {password}"),
            Self::Unclaim => "/unclaim".into(),
            Self::Nick(name) => format!("/nick {name}"),
            Self::Order(what, whom) => {
                let time = what
                    .time()
                    .map_or(String::new(), |time| format!(" {time}s"));
                match what {
                    Do::Op => format!("/op {whom}"),
                    Do::Deop => format!("/deop {whom}"),
                    Do::Kick => format!("/kick {whom} too loud"),
                    Do::Ban(_) | Do::BanHost(_) => format!("/ban {whom}{time}"),
                    Do::Unban | Do::UnbanHost => format!("/unban {whom}"),
                    Do::Mute(_) => format!("/mute {whom}{time}"),
                    Do::Unmute => format!("/unmute {whom}"),
                    Do::Private(is_on) => format!("/private {}", if *is_on { "on" } else { "off" }),
                    Do::Invite => format!("/invite {whom}"),
                    Do::Slow(seconds) => format!("/slow {seconds}"),
                }
            }
        }
    }

    /// It as an object, with an id that says what it is, in a room.
    pub(super) fn to_object(&self, room: &str, nth: usize) -> Value {
        let mut object = match self {
            Self::Claim(password) => json!({"type": "claim", "password": password}),
            Self::LogIn(name, password) => {
                json!({"type": "login", "name": name, "password": password})
            }
            Self::Password(password) => json!({"type": "passwd", "password": password}),
            Self::Unclaim => json!({"type": "unclaim"}),
            Self::Nick(name) => json!({"type": "nick", "name": name}),
            Self::Order(what, whom) => {
                let (kind, more) = match what {
                    Do::Op => ("op", json!({})),
                    Do::Deop => ("deop", json!({})),
                    Do::Kick => ("kick", json!({"reason": "too loud"})),
                    Do::Ban(_) | Do::BanHost(_) => ("ban", json!({})),
                    Do::Unban | Do::UnbanHost => ("unban", json!({})),
                    Do::Mute(_) => ("mute", json!({})),
                    Do::Unmute => ("unmute", json!({})),
                    Do::Private(is_on) => ("private", json!({"on": is_on})),
                    Do::Invite => ("invite", json!({})),
                    Do::Slow(seconds) => ("slow", json!({"seconds": seconds})),
                };
                let mut object = more;
                object["type"] = json!("order");
                object["do"] = json!(kind);
                object["room"] = json!(room);
                if !matches!(what, Do::Private(_) | Do::Slow(_)) {
                    object["whom"] = json!(whom);
                }
                if let Some(time) = what.time() {
                    object["for_s"] = json!(time);
                }
                object
            }
        };
        let is_wrong = matches!(self, Self::LogIn(_, password) if password == WRONG);
        object["id"] = json!(format!(
            "want {nth}{}",
            if is_wrong { " wrong" } else { "" }
        ));
        object
    }
}

/// How much is ordered in a world.
pub(super) struct Orders {
    /// Has dice of its own, so that all else that is drawn from a seed stays what it is.
    dice: Dice,
    /// One step in so many; 0 where nobody has a right to anything.
    rarity: usize,
    /// The room where most of it happens.
    room: usize,
    /// Who mostly has power, and who is to be their operator.
    owner: usize,
    second: usize,
}

impl Orders {
    pub(super) fn draw(seed: u64, clients: &[Client]) -> Self {
        let mut dice = Dice::new(seed, 11);
        Self {
            rarity: if dice.one_in(2) { 0 } else { 1 + dice.below(4) },
            room: if dice.one_in(5) { 0 } else { 1 + dice.below(2) },
            owner: dice.below(clients.len()),
            second: dice.below(clients.len()),
            dice,
        }
    }

    /// Nothing of it, after all.
    pub(super) fn leave_out(&mut self) {
        self.rarity = 0;
    }

    /// Whether there are any.
    pub(super) fn are_any(&self) -> bool {
        self.rarity > 0
    }

    /// So many names may belong to somebody, and so many passwords wait; 0 where that is as usual.
    pub(super) fn limits(&mut self) -> (usize, usize) {
        if !self.are_any() {
            return (0, 0);
        }
        let mut small = || {
            if self.dice.one_in(6) {
                1 + self.dice.below(2)
            } else {
                0
            }
        };
        (small(), small())
    }

    /// What happens first: somebody claims their name and makes a room, and others come there.
    pub(super) fn begin(&mut self, clients: &[Client]) -> Vec<Op> {
        let mut steps = Vec::new();
        if !self.are_any() || self.dice.one_in(5) {
            return steps;
        }
        let meanwhile = |steps: &mut Vec<Op>, dice: &mut Dice| {
            steps.push(Op::Meanwhile(20 + dice.below(80)));
        };
        meanwhile(&mut steps, &mut self.dice);
        steps.push(Op::Claim(self.owner));
        meanwhile(&mut steps, &mut self.dice);
        if self.room == 0 {
            steps.push(Op::Admin(self.owner, true));
        } else {
            steps.push(Op::Go(self.owner, self.room));
        }
        meanwhile(&mut steps, &mut self.dice);
        for who in 0..clients.len() {
            if who != self.owner && self.room != 0 && !self.dice.one_in(4) {
                steps.push(Op::Go(who, self.room));
            }
            if who != self.owner && (who == self.second || self.dice.one_in(3)) {
                steps.push(Op::Claim(who));
            }
        }
        meanwhile(&mut steps, &mut self.dice);
        if self.dice.one_in(2) {
            steps.push(Op::Order(self.owner, Do::Op, self.second));
            meanwhile(&mut steps, &mut self.dice);
        }
        steps
    }

    /// What the clients do about it, if somebody does.
    pub(super) fn step(&mut self, clients: &[Client]) -> Vec<Op> {
        if !self.are_any() || !self.dice.one_in(self.rarity) {
            return Vec::new();
        }
        if self.dice.one_in(6) {
            return self.story(clients);
        }
        vec![self.one(clients)]
    }

    /// One thing after the other, of which something follows for somebody.
    fn story(&mut self, clients: &[Client]) -> Vec<Op> {
        let dice = &mut self.dice;
        let (owner, room) = (self.owner, self.room);
        let whom = dice.below(clients.len());
        let all = match dice.below(7) {
            0 => vec![
                Op::Order(owner, Do::Mute(None), whom),
                Op::Nick(whom, clients.len() + dice.below(9)),
                Op::Say(whom),
            ],
            1 => vec![
                Op::Order(owner, Do::Private(true), whom),
                Op::Order(owner, Do::Invite, whom),
                Op::Go(whom, room),
                Op::Order(owner, Do::Kick, whom),
                Op::Go(whom, room),
            ],
            2 => vec![
                Op::Order(owner, Do::Slow(2), whom),
                Op::Say(whom),
                Op::Say(whom),
                Op::Talk(whom, 2),
            ],
            3 => vec![
                Op::Order(owner, Do::Op, self.second),
                Op::Order(self.second, Do::Kick, owner),
                Op::Go(owner, room),
            ],
            4 => vec![
                Op::Order(owner, Do::Ban(None), whom),
                Op::Connect(whom),
                Op::Kill,
                Op::Start,
                Op::Connect(whom),
                Op::Go(whom, room),
            ],
            5 => vec![
                Op::Unclaim(owner),
                Op::Claim(owner),
                Op::Order(owner, Do::Slow(1), whom),
            ],
            _ => vec![
                Op::Order(self.second, Do::Op, whom),
                Op::Order(self.second, Do::Mute(None), owner),
                Op::Order(whom, Do::Kick, self.second),
            ],
        };
        let mut steps = Vec::new();
        for op in all {
            steps.push(op);
            if !dice.one_in(5) {
                steps.push(Op::Meanwhile(10 + dice.below(40)));
            }
        }
        steps
    }

    fn one(&mut self, clients: &[Client]) -> Op {
        let dice = &mut self.dice;
        let anybody = |dice: &mut Dice| dice.below(clients.len());
        let who = anybody(dice);
        let owner = match dice.below(8) {
            0 => who,
            1 | 2 => self.second,
            _ => self.owner,
        };
        let whom = if dice.one_in(16) {
            clients.len()
        } else {
            anybody(dice)
        };
        match dice.below(24) {
            0 => Op::Claim(who),
            1 => Op::Login(who, anybody(dice), !dice.one_in(3)),
            2 if dice.one_in(3) => Op::Password(who),
            2 if dice.one_in(2) => Op::Unclaim(owner),
            2 => Op::Admin(who, !dice.one_in(3)),
            3 => Op::Nick(who, dice.below(clients.len() + 3)),
            4 | 5 => Op::Go(who, self.room),
            6 => Op::Connect(who),
            7..10 => Op::Say(who),
            _ => Op::Order(owner, Self::what(dice), whom),
        }
    }

    fn what(dice: &mut Dice) -> Do {
        let time = if dice.one_in(2) {
            None
        } else {
            Some([1, 2, 3][dice.below(3)])
        };
        match dice.below(20) {
            0..3 => Do::Op,
            3 => Do::Deop,
            4..6 => Do::Kick,
            6..8 => Do::Ban(time),
            8 => Do::BanHost(time),
            9 => Do::Unban,
            10 => Do::UnbanHost,
            11..13 => Do::Mute(time),
            13 => Do::Unmute,
            14 | 15 => Do::Private(!dice.one_in(3)),
            16 | 17 => Do::Invite,
            _ => Do::Slow([0, 1, 2][dice.below(3)]),
        }
    }
}
