//! Shrinks a world that breaks an invariant to a small one that still does.

use super::play;
use super::production::broken;
use super::world::{Address, Client, Network, Op, Server, World};
use crate::invariant::Invariant;
use crate::kept;
use crate::scenario::Scenario;
use crate::text::Text;
use std::iter;
use std::ops::{Range, RangeInclusive};
use std::time::{Duration, Instant};

/// How many other dice are thrown for a world around a store that is made smaller: the fewest, and the
/// most, where nothing else helps.
const SEEDS: RangeInclusive<u64> = 12..=1000;

/// The smallest world found within `time` that breaks the same invariant.
pub fn shrink(world: &World, invariant: Invariant, time: Duration) -> World {
    let mut hunt = Shrink {
        best: world.clone(),
        invariant,
        until: Instant::now() + time,
    };
    loop {
        let before = hunt.best.clone();
        hunt.steps();
        hunt.clients();
        hunt.hosts();
        hunt.calm();
        hunt.texts();
        hunt.times();
        if hunt.best == before || hunt.is_late() {
            break;
        }
    }
    hunt.best.breaks = Some(invariant.name().into());
    hunt.best
}

/// The scenario with only those of its steps and clients, found within `time`, without which the
/// invariant is not broken in the production shell.
pub fn shrink_production(scenario: &Scenario, invariant: Invariant, time: Duration) -> Scenario {
    let until = Instant::now() + time;
    let mut best = scenario.clone();
    let take = |best: &mut Scenario, smaller: Scenario| {
        let is_sound = smaller.inconsistency().is_none();
        let is_broken = || broken(&smaller).is_some_and(|it| it.invariant == invariant);
        let still = is_sound && Instant::now() < until && is_broken();
        if still {
            *best = smaller;
        }
        still
    };
    leave_out(best.steps.len(), |range| {
        let mut smaller = best.clone();
        drop(smaller.steps.drain(range));
        take(&mut best, smaller)
    });
    leave_out(best.clients.len(), |range| {
        let mut smaller = best.clone();
        drop(smaller.clients.drain(range));
        take(&mut best, smaller)
    });
    best
}

/// A world around a store with as few steps as are found within `time` that break the same invariant.
pub fn shrink_kept(world: &kept::World, invariant: Invariant, time: Duration) -> kept::World {
    let until = Instant::now() + time;
    let mut best = world.clone();
    let mut seeds = *SEEDS.start();
    while Instant::now() < until && seeds <= *SEEDS.end() {
        // Whatever is left out changes what chance brings after it: other dice are as good.
        let take = |best: &mut kept::World, mut smaller: kept::World| {
            smaller.clients.truncate(smaller.clients_needed().max(1));
            for seed in iter::once(smaller.seed).chain(0..seeds) {
                if Instant::now() >= until {
                    return false;
                }
                smaller.seed = seed;
                let broken = kept::play(&smaller, false).broken;
                if broken.is_some_and(|it| it.invariant == invariant) {
                    *best = smaller;
                    return true;
                }
            }
            false
        };
        let before = best.clone();
        leave_out(best.steps.len(), |range| {
            let mut smaller = best.clone();
            drop(smaller.steps.drain(range));
            take(&mut best, smaller)
        });
        for at in (1..best.steps.len()).rev() {
            let (one, other) = (best.steps[at - 1], best.steps[at]);
            let easier = match together(one, other) {
                Some(both) => vec![both],
                None if is_talk_out_of_order(one, other) => vec![other, one],
                None => continue,
            };
            let mut smaller = best.clone();
            smaller.steps.splice(at - 1..=at, easier);
            take(&mut best, smaller);
        }
        for at in 0..best.steps.len() {
            while let Some(less) = half(best.steps[at]) {
                let mut smaller = best.clone();
                smaller.steps[at] = less;
                if !take(&mut best, smaller) {
                    break;
                }
            }
        }
        if best == before {
            seeds *= 4;
        }
    }
    best
}

/// What somebody says, and how often.
fn talk(op: kept::Op) -> Option<(usize, usize)> {
    match op {
        kept::Op::Say(who) => Some((who, 1)),
        kept::Op::Talk(who, times) => Some((who, times)),
        _ => None,
    }
}

/// Whether two talk who are in order the other way round: in the end, what each says is together.
fn is_talk_out_of_order(one: kept::Op, other: kept::Op) -> bool {
    matches!((talk(one), talk(other)), (Some((one, _)), Some((other, _))) if one > other)
}

/// Two steps as one.
fn together(one: kept::Op, other: kept::Op) -> Option<kept::Op> {
    use kept::Op::{Meanwhile, Talk};
    if let (Meanwhile(a), Meanwhile(b)) = (one, other) {
        return Some(Meanwhile(a + b));
    }
    let ((who, a), (same, b)) = (talk(one)?, talk(other)?);
    (who == same).then_some(Talk(who, a + b))
}

/// Half as much of a step.
fn half(op: kept::Op) -> Option<kept::Op> {
    use kept::Op::{Meanwhile, Talk};
    match op {
        Meanwhile(count @ 1..) => Some(Meanwhile(count / 2)),
        Talk(who, times @ 2..) => Some(Talk(who, times / 2)),
        _ => None,
    }
}

/// Tries to leave out stretches of so many things, the long ones first and from behind. `attempt`
/// says whether it did.
fn leave_out(count: usize, mut attempt: impl FnMut(Range<usize>) -> bool) {
    let mut left = count;
    let mut length = count.next_power_of_two();
    while length > 0 {
        let mut at = left;
        while at > 0 {
            let from = at.saturating_sub(length);
            if attempt(from..at) {
                left -= at - from;
            }
            at = from;
        }
        length /= 2;
    }
}

struct Shrink {
    best: World,
    invariant: Invariant,
    until: Instant,
}

impl Shrink {
    fn is_late(&self) -> bool {
        Instant::now() > self.until
    }

    /// Takes a smaller world if it still breaks the invariant.
    fn take(&mut self, smaller: World) -> bool {
        if self.is_late() || smaller == self.best {
            return false;
        }
        let broken = play(&smaller, false).broken;
        let still = broken.is_some_and(|broken| broken.invariant == self.invariant);
        if still {
            self.best = smaller;
        }
        still
    }

    fn attempt(&mut self, change: impl FnOnce(&mut World)) -> bool {
        let mut smaller = self.best.clone();
        change(&mut smaller);
        self.take(smaller)
    }

    /// Leaves out steps.
    fn steps(&mut self) {
        leave_out(self.best.steps.len(), |range| {
            self.attempt(|world| drop(world.steps.drain(range)))
        });
    }

    /// Leaves out clients that do nothing.
    fn clients(&mut self) {
        for who in (0..self.best.clients.len()).rev() {
            self.attempt(|world| {
                world.clients.remove(who);
                world.steps.retain(|(_, op)| op.client() != Some(who));
                for (_, op) in &mut world.steps {
                    if let Some(other) = op.client().filter(|other| *other > who) {
                        *op = op.clone().with_client(other - 1);
                    }
                }
            });
        }
    }

    /// Puts clients on the server's own machine.
    fn hosts(&mut self) {
        let come_home = |client: &mut Client| {
            let port = client.address().port();
            let (Client::Person(address) | Client::Raw(address)) = client;
            *address = Address::Here(port);
        };
        self.attempt(|world| world.clients.iter_mut().for_each(come_home));
        for who in 0..self.best.clients.len() {
            self.attempt(|world| come_home(&mut world.clients[who]));
        }
    }

    /// Makes the network quiet, and the limits usual.
    fn calm(&mut self) {
        self.attempt(|world| world.network = Network::default());
        self.attempt(|world| world.network.chop = 0);
        self.attempt(|world| world.network.delay_us = (100, 100));
        self.attempt(|world| world.network.spread = 1);
        self.attempt(|world| world.network.buffer = 64 * 1024);
        self.attempt(|world| world.network.give_up_ms = 60_000);
        let usual = Server::default();
        self.attempt(|world| world.server = usual.clone());
        let fields: [fn(&mut Server, &Server); 31] = [
            |s, u| s.connections = u.connections,
            |s, u| s.refusals = u.refusals,
            |s, u| s.behind = u.behind,
            |s, u| s.private = u.private,
            |s, u| s.rooms = u.rooms,
            |s, u| s.splices = u.splices,
            |s, u| s.batch = u.batch,
            |s, u| s.pass = u.pass,
            |s, u| s.transcript = u.transcript,
            |s, u| s.grace_ms = u.grace_ms,
            |s, u| s.detached = u.detached,
            |s, u| s.bulk = u.bulk,
            |s, u| s.backfill = u.backfill,
            |s, u| s.answers = u.answers,
            |s, u| s.chunk = u.chunk,
            |s, u| s.lazy = u.lazy,
            |s, u| s.at_once = u.at_once,
            |s, u| s.stretch = u.stretch,
            |s, u| s.copies = u.copies,
            |s, u| s.give_way = u.give_way,
            |s, u| s.first_line_end_ms = u.first_line_end_ms,
            |s, u| s.host_connections = u.host_connections,
            |s, u| s.host_unjoined = u.host_unjoined,
            |s, u| s.host_refusals = u.host_refusals,
            |s, u| s.host_joins = u.host_joins,
            |s, u| s.host_tokens = u.host_tokens,
            |s, u| s.host_detached = u.host_detached,
            |s, u| s.limit_loopback = u.limit_loopback,
            |s, u| s.grants.connection = u.grants.connection,
            |s, u| s.grants.host = u.grants.host,
            |s, u| s.grants.slow_ms = u.grants.slow_ms,
        ];
        for field in fields {
            self.attempt(|world| field(&mut world.server, &usual));
        }
        for seed in 0..3 {
            self.attempt(|world| world.seed = seed);
        }
    }

    /// Shortens what is said.
    fn texts(&mut self) {
        for at in 0..self.best.steps.len() {
            while let (_, Op::Type(_, text) | Op::Send(_, text)) = &self.best.steps[at] {
                let text = text.0.clone();
                let middle = text.len() / 2;
                let shorter = [
                    [
                        &text[..middle],
                        &text[text.len().min(middle + middle.max(1))..],
                    ]
                    .concat(),
                    text[..middle].to_vec(),
                    text[middle..].to_vec(),
                    text[1.min(text.len())..].to_vec(),
                ];
                let better = shorter.into_iter().any(|shorter| {
                    shorter.len() < text.len()
                        && self.attempt(|world| {
                            let (_, Op::Type(_, it) | Op::Send(_, it)) = &mut world.steps[at]
                            else {
                                return;
                            };
                            *it = Text(shorter);
                        })
                });
                if !better {
                    break;
                }
            }
        }
    }

    /// Brings steps together in time.
    fn times(&mut self) {
        self.attempt(|world| {
            for (number, (at, _)) in world.steps.iter_mut().enumerate() {
                *at = 10 * number as u64;
            }
        });
        for divisor in [1000, 10, 2] {
            self.attempt(|world| {
                for (at, _) in &mut world.steps {
                    *at /= divisor;
                }
            });
        }
        for at in 0..self.best.steps.len() {
            let before = at
                .checked_sub(1)
                .map_or(0, |before| self.best.steps[before].0);
            self.attempt(|world| {
                let gap = world.steps[at].0 - before;
                for (time, _) in &mut world.steps[at..] {
                    *time -= gap;
                }
            });
        }
    }
}
