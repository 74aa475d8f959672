//! Holds the orders in which members heard the lines of all speakers against each other.
//!
//! Nobody hears its own lines, so no two speakers hear the same. One member is the witness: what it
//! hears is the order, and each speaker must have heard that without its own lines. Everyone keeps
//! a count and a hash, and the witness one for each speaker, however much is said.

use crate::bench::faults::{Faults, Kind};
use crate::bench::sum::Sum;

/// What everyone heard, without the lines of the witness.
#[derive(Clone, Debug)]
struct Witness {
    member: u32,
    heard: Vec<Sum>,
    /// What each speaker is to have heard, by what the witness did, and last a member that is
    /// silent.
    wanted: Vec<Sum>,
}

impl Witness {
    fn new(member: u32, members: u32, speakers: u32) -> Self {
        Self {
            member,
            heard: vec![Sum::default(); members as usize],
            wanted: vec![Sum::default(); speakers as usize + 1],
        }
    }

    #[inline]
    fn hear(&mut self, member: u32, speaker: u32, line: u64) {
        if speaker == self.member {
            return;
        }
        self.heard[member as usize].add(line);
        if member == self.member {
            let (before, rest) = self.wanted.split_at_mut(speaker as usize);
            for sum in before.iter_mut().chain(&mut rest[1..]) {
                sum.add(line);
            }
        }
    }

    /// The members that heard as much as they were to, and in another order.
    fn others(&self) -> impl Iterator<Item = usize> {
        let silent = self.wanted.len() - 1;
        let heard = self.heard.iter().enumerate();
        heard.filter_map(move |(member, heard)| {
            let wanted = self.wanted[member.min(silent)];
            (heard.count == wanted.count && heard.hash != wanted.hash).then_some(member)
        })
    }
}

/// The order of what was said, as everyone heard it.
#[derive(Clone, Debug)]
pub struct Order(Vec<Witness>);

impl Order {
    /// Nothing heard, in a room of `members`, of which the first `speakers` speak.
    pub fn new(members: u32, speakers: u32) -> Self {
        // Where nobody is silent, any two speakers are heard by at least one of three.
        let witnesses = if speakers < members {
            members - 1..members
        } else {
            0..members.min(3)
        };
        let witness = |member| Witness::new(member, members, speakers);
        Self(witnesses.map(witness).collect())
    }

    /// A member heard this line of a speaker's, which is not itself.
    #[inline]
    pub fn hear(&mut self, member: u32, speaker: u32, number: u32) {
        let line = u64::from(speaker) << 32 | u64::from(number);
        for witness in &mut self.0 {
            witness.hear(member, speaker, line);
        }
    }

    /// Who heard another order than a witness. Whoever heard less cannot be compared.
    pub fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        for witness in &self.0 {
            for member in witness.others() {
                let witness = witness.member;
                faults.add(Kind::Diverged, 1, || {
                    format!("member {member} heard the lines of all in another order than member {witness}")
                });
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found when everyone hears `log`, of (speaker, number), but these members the last two
    /// lines the other way round.
    fn found(members: u32, speakers: u32, log: &[(u32, u32)], others: &[u32]) -> usize {
        let mut order = Order::new(members, speakers);
        for member in 0..members {
            let mut log = log.to_vec();
            if others.contains(&member) {
                let end = log.len();
                log.swap(end - 2, end - 1);
            }
            for (speaker, number) in log {
                if speaker != member {
                    order.hear(member, speaker, number);
                }
            }
        }
        order.faults().lines().len()
    }

    const LOG: [(u32, u32); 6] = [(0, 0), (1, 0), (1, 1), (2, 0), (0, 1), (1, 2)];

    #[test]
    fn one_order_is_no_fault() {
        for (members, speakers) in [(2, 1), (2, 2), (3, 3), (4, 3), (4, 4), (9, 4)] {
            let log: Vec<_> = LOG.into_iter().filter(|(who, _)| *who < speakers).collect();
            let all: Vec<_> = (0..members).collect();
            assert_eq!(found(members, speakers, &log, &[]), 0);
            assert_eq!(found(members, speakers, &log, &all), 0, "the same for all");
        }
    }

    #[test]
    fn another_order_is_found_whoever_heard_it() {
        for (members, speakers) in [(5, 3), (9, 4), (5, 5)] {
            for other in 2..members {
                assert_eq!(found(members, speakers, &LOG, &[other]), 1, "{other}");
            }
        }
        // Any two speakers, and who has heard both of them.
        for (a, b) in [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4)] {
            let log = [(a, 0), (b, 0)];
            for other in (0..5).filter(|other| ![a, b].contains(other)) {
                assert_eq!(found(5, 5, &log, &[other]), 1, "{a} {b} {other}");
            }
        }
    }

    #[test]
    fn who_heard_less_is_not_compared() {
        let mut order = Order::new(4, 2);
        for member in [2, 3] {
            order.hear(member, 0, 0);
        }
        order.hear(3, 1, 0);
        assert!(order.faults().is_empty());
    }
}
