//! What is drawn of names that are claimed, and of orders: steps of a world.

use super::wants::Do;
use super::world::{Client, Op};
use crate::dice::Dice;

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
