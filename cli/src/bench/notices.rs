//! Holds what members are told about joinings and leavings against each other.
//!
//! Member 0 joins before the others and leaves after them, so it hears all there is to hear, in the
//! order in which it happened. Everyone else must hear the end of its list of joinings, from its
//! own joining on, and the beginning of its list of leavings, up to its own. That is compared by a
//! count and a hash for each member, however many members there are.

use crate::bench::faults::{Faults, Kind};
use crate::bench::sum::{self, Sum};

/// What all members heard about joinings or about leavings.
#[derive(Clone, Debug)]
struct Ledger {
    sums: Vec<Sum>,
    /// What member 0 heard, one by one.
    log: Vec<u32>,
    total: u64,
    faults: Faults,
}

impl Ledger {
    fn new(members: u32) -> Self {
        Self {
            sums: vec![Sum::default(); members as usize],
            log: Vec::new(),
            total: 0,
            faults: Faults::default(),
        }
    }

    #[inline]
    fn hear(&mut self, member: u32, who: u32, what: &str) {
        self.total += 1;
        self.sums[member as usize].add(who.into());
        if member == 0 && self.log.len() < self.sums.len() {
            self.log.push(who);
        }
        if member == who {
            self.faults.add(Kind::Misreported, 1, || {
                format!("member {member} was told that it had {what} itself")
            });
        }
    }

    /// The place of each member in the log; `None` if the log is not complete, with a fault.
    fn places(&mut self, what: &str) -> Option<Vec<usize>> {
        let mut places = vec![None; self.sums.len()];
        for (place, who) in self.log.iter().enumerate() {
            match places.get_mut(*who as usize) {
                Some(none @ None) => *none = Some(place),
                _ => self.faults.add(Kind::Misreported, 1, || {
                    format!("member 0 was told twice that member {who} had {what}")
                }),
            }
        }
        for (member, place) in places.iter().enumerate().skip(1) {
            if place.is_none() {
                self.faults.add(Kind::Misreported, 1, || {
                    format!("member 0 was not told that member {member} had {what}")
                });
            }
        }
        let whole = self.log.len() + 1 == places.len();
        let others = places.into_iter().skip(1).collect::<Option<Vec<_>>>();
        others.filter(|_| whole)
    }

    /// Compares what each member but 0 heard with what it should have heard.
    fn compare(&mut self, wanted: &[Sum], what: &str) {
        for (member, (heard, wanted)) in self.sums.iter().zip(wanted).enumerate().skip(1) {
            if heard == wanted {
                continue;
            }
            self.faults.add(Kind::Misreported, 1, || {
                if heard.count == wanted.count {
                    format!(
                        "member {member} was told in another order, or of others, who had {what}"
                    )
                } else {
                    let (heard, wanted) = (heard.count, wanted.count);
                    format!(
                        "member {member} was told of {heard} that had {what}, instead of {wanted}"
                    )
                }
            });
        }
    }
}

/// What all members heard about joinings and leavings.
#[derive(Clone, Debug)]
pub struct Notices {
    joined: Ledger,
    left: Ledger,
}

impl Notices {
    /// Nothing heard yet, in a room that will have so many members.
    pub fn new(members: u32) -> Self {
        let ledger = Ledger::new(members);
        Self {
            joined: ledger.clone(),
            left: ledger,
        }
    }

    /// A member was told that `who` had joined.
    #[inline]
    pub fn joined(&mut self, member: u32, who: u32) {
        self.joined.hear(member, who, "joined");
    }

    /// A member was told that `who` had left.
    #[inline]
    pub fn left(&mut self, member: u32, who: u32) {
        self.left.hear(member, who, "left");
    }

    /// How many times somebody was told that somebody had joined.
    pub fn joinings(&self) -> u64 {
        self.joined.total
    }

    /// How many times somebody was told that somebody had left.
    pub fn leavings(&self) -> u64 {
        self.left.total
    }

    /// How many of each there are to be told when all have joined, and when all have left.
    pub fn due(&self) -> u64 {
        let members = self.joined.sums.len() as u64;
        members * (members - 1) / 2
    }

    /// What was not told as it happened, once everyone has joined.
    pub fn faults_in_joinings(&mut self) -> Faults {
        let ledger = &mut self.joined;
        if let Some(places) = ledger.places("joined") {
            // From the last to the first: what those hear who join before it.
            let mut wanted = vec![Sum::default(); ledger.log.len() + 1];
            let mut power = 1_u64;
            for place in (0..ledger.log.len()).rev() {
                let after = wanted[place + 1];
                let hash = sum::worth(ledger.log[place].into()).wrapping_mul(power);
                wanted[place] = Sum {
                    count: after.count + 1,
                    hash: after.hash.wrapping_add(hash),
                };
                power = power.wrapping_mul(sum::BASE);
            }
            let wanted: Vec<_> = std::iter::once(wanted[0])
                .chain(places.iter().map(|place| wanted[place + 1]))
                .collect();
            ledger.compare(&wanted, "joined");
        }
        ledger.faults.clone()
    }

    /// What was not told as it happened, once everyone has left.
    pub fn faults_in_leavings(&mut self) -> Faults {
        let ledger = &mut self.left;
        if let Some(places) = ledger.places("left") {
            let mut wanted = vec![Sum::default()];
            for who in &ledger.log {
                let mut sum = wanted[wanted.len() - 1];
                sum.add((*who).into());
                wanted.push(sum);
            }
            let wanted: Vec<_> = std::iter::once(wanted[wanted.len() - 1])
                .chain(places.iter().map(|place| wanted[*place]))
                .collect();
            ledger.compare(&wanted, "left");
        }
        ledger.faults.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who hears whom when 0, 3, 1, 2 join and 2, 1, 3, 0 leave.
    const JOININGS: [(u32, u32); 6] = [(0, 3), (0, 1), (3, 1), (0, 2), (3, 2), (1, 2)];
    const LEAVINGS: [(u32, u32); 6] = [(0, 2), (1, 2), (3, 2), (0, 1), (3, 1), (0, 3)];

    fn found(joinings: &[(u32, u32)], leavings: &[(u32, u32)]) -> Vec<String> {
        let mut notices = Notices::new(4);
        for &(member, who) in joinings {
            notices.joined(member, who);
        }
        for &(member, who) in leavings {
            notices.left(member, who);
        }
        let mut faults = notices.faults_in_joinings();
        faults.append(&notices.faults_in_leavings());
        faults.lines()
    }

    #[test]
    fn what_is_told_as_it_happened_is_no_fault() {
        assert_eq!(found(&JOININGS, &LEAVINGS), [""; 0]);
        assert_eq!(Notices::new(4).due(), 6);
    }

    #[test]
    fn one_notice_less_or_more_or_elsewhere_is_found() {
        for at in 0..6 {
            let told = [JOININGS, LEAVINGS];
            for (which, list) in told.iter().enumerate() {
                let mut less = list.to_vec();
                let notice = less.remove(at);
                let more = [&list[..], &[notice]].concat();
                let own = [&list[..], &[(notice.0, notice.0)]].concat();
                for changed in [less, more, own] {
                    let mut told = told.map(|list| list.to_vec());
                    told[which] = changed;
                    assert_ne!(found(&told[0], &told[1]), [""; 0], "{told:?}");
                }
            }
        }
        let mut swapped = JOININGS;
        swapped.swap(2, 4);
        let fault = "member told wrongly who joined or left: member 3 was told in another order, or of others, who had joined";
        assert_eq!(found(&swapped, &LEAVINGS), [fault]);
        let fault = "member told wrongly who joined or left: member 3 was told of 1 that had left, instead of 2";
        assert_eq!(
            found(&JOININGS, &[&LEAVINGS[..2], &LEAVINGS[3..]].concat()),
            [fault]
        );
    }
}
