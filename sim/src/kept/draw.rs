//! Worlds around a store are drawn from a seed.

use super::orders::Orders;
use super::world::{Client, Op, ROOMS, World};
use crate::dice::Dice;

impl World {
    /// Draws a world, with names that are claimed and orders, or without.
    pub fn draw(seed: u64, with_orders: bool) -> Self {
        let mut dice = Dice::new(seed, 3);
        let count = 1 + dice.below(5);
        let clients: Vec<Client> = (0..count)
            .map(|_| match dice.below(5) {
                0 => Client::Text,
                n @ (1 | 2) => Client::Program { own_token: n == 1 },
                n => Client::Person { keeps: n == 3 },
            })
            .collect();
        let weights: Vec<usize> = (0..11)
            .map(|_| if dice.one_in(3) { 0 } else { dice.power(5) })
            .collect();
        let mut rooms = Rooms::draw(seed);
        let mut orders = Orders::draw(seed, &clients);
        if !with_orders {
            orders.leave_out();
        }
        let mut steps: Vec<Op> = (0..count).map(Op::Connect).collect();
        steps.extend(orders.begin(&clients));
        let mut ends = Dice::new(seed, 12);
        for _ in 0..dice.power(8) {
            let who = dice.below(count);
            let total: usize = weights.iter().sum();
            let mut left = dice.below(total);
            let nth = weights.iter().position(|weight| {
                let is_it = left < *weight;
                left = left.saturating_sub(*weight);
                is_it
            });
            steps.push(match nth {
                Some(0) => Op::Connect(who),
                Some(1) => Op::Cut(who),
                Some(2) => Op::Page(who, dice.below(30) as u64),
                Some(3) => Op::Again(who),
                Some(4) if dice.one_in(8) => Op::Leave(who),
                Some(5) => [Op::Kill, Op::Start][dice.below(2)],
                Some(6) if dice.one_in(4) => Op::Fail,
                Some(7) => Op::Start,
                Some(8) => Op::Crash(who),
                Some(9) => [Op::Full, Op::Room, Op::Hang(1 << dice.below(14))][dice.below(3)],
                _ => Op::Say(who),
            });
            if ends.one_in(32) {
                steps.push(Op::Stop(1 << ends.below(14)));
            }
            steps.extend(rooms.step(&clients));
            steps.extend(orders.step(&clients));
            let most = dice.power(6);
            steps.push(Op::Meanwhile(dice.below(most)));
        }
        let mut hosts = Dice::new(seed, 6);
        let (accounts, hashes) = orders.limits();
        Self {
            seed,
            grace_ms: 1 << dice.below(17),
            behind: 1 << (13 + dice.below(5)),
            batch: 1 << (4 + dice.below(12)),
            newest: if dice.one_in(2) { 1024 } else { dice.below(6) },
            keep: (dice.one_in(4)).then(|| 1 + dice.below(40)),
            socket: 16 << dice.below(12),
            unreadable: (dice.one_in(4)).then(|| 1 + dice.below(20) as u64),
            hosts: u8::try_from(hosts.below(4)).unwrap_or(0),
            limit_loopback: hosts.one_in(3),
            secure: orders.are_any(),
            accounts,
            hashes,
            clients,
            steps,
        }
    }
}

/// How much goes on in rooms.
struct Rooms {
    /// Has dice of its own, so that all else that is drawn from a seed stays what it is.
    dice: Dice,
    /// One step in so many; 0 where there is the lobby alone.
    rarity: usize,
    names: usize,
}

impl Rooms {
    fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 9);
        Self {
            rarity: if dice.one_in(3) { 0 } else { 1 + dice.below(6) },
            names: 2 + dice.below(ROOMS.len() - 1),
            dice,
        }
    }

    /// What one of the clients does about rooms, if somebody does.
    fn step(&mut self, clients: &[Client]) -> Option<Op> {
        if self.rarity == 0 || !self.dice.one_in(self.rarity) {
            return None;
        }
        let who = self.dice.below(clients.len());
        Some(match self.dice.below(10) {
            0 => Op::Topic(who),
            1 => Op::Look(who),
            2 => Op::Reuse(who),
            _ => Op::Go(who, self.dice.below(self.names)),
        })
    }
}
