//! Hosts, as the model counts them, and who has a place.

use super::peer::{Peer, Place};
use super::{Watched, micros};
use crate::invariant::Invariant;
use chat_core::{CloseReason, Rate, server_phase::Phase};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// What is due to a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Place,
    /// Somebody's place: of those that have said nothing for sure, this one came last, if any.
    Way(Option<usize>),
    /// To be told that there is none.
    Told(CloseReason),
}

/// What is left of a rate, in parts of one: as many as microseconds in its period.
#[derive(Debug, Default)]
struct Credit {
    /// How many parts are missing, at which time.
    missing: u128,
    at: u64,
    /// Some of them came back by and by, so that how many are missing is not known to the last one.
    is_rough: bool,
}

impl Credit {
    fn missing(&self, now: u64, rate: &Rate) -> u128 {
        let back = u128::from(now - self.at) * u128::from(rate.count);
        self.missing.saturating_sub(back)
    }

    /// Whether one may be left, where time is told to the microsecond.
    fn may_be_there(&self, now: u64, rate: &Rate) -> bool {
        let one = rate.period.as_micros();
        let all = u128::from(rate.burst.max(1)) * one;
        rate.count == 0 || self.missing(now, rate) + one <= all + self.slack(now, rate)
    }

    /// Whether one is left for sure.
    fn is_there(&self, now: u64, rate: &Rate) -> bool {
        let one = rate.period.as_micros();
        let all = u128::from(rate.burst.max(1)) * one;
        let missing = self.missing(now, rate);
        rate.count == 0 || missing == 0 || missing + one + self.slack(now, rate) <= all
    }

    /// What comes back in two microseconds, if any has.
    fn slack(&self, now: u64, rate: &Rate) -> u128 {
        let is_rough = self.is_rough || now > self.at;
        if is_rough {
            2 * u128::from(rate.count)
        } else {
            0
        }
    }

    fn take(&mut self, now: u64, rate: &Rate) {
        let missing = self.missing(now, rate);
        self.is_rough = missing > 0 && (self.is_rough || now > self.at);
        self.missing = missing + rate.period.as_micros();
        self.at = now;
    }
}

/// What hosts took in a time.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    joins: BTreeMap<IpAddr, Credit>,
    tokens: BTreeMap<IpAddr, Credit>,
    ways: Credit,
}

/// The host that has an address: of IPv6, the network of 64 bits; of this machine, the address.
fn host_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) if it != Ipv6Addr::LOCALHOST => {
            let [a, b, c, d, ..] = it.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        it => it,
    }
}

fn exceeds(count: usize, limit: usize) -> bool {
    limit > 0 && count > limit
}

impl Watched {
    /// The host of an address, if it has limits.
    pub(super) fn host_with_limits(&self, address: IpAddr) -> Option<IpAddr> {
        let has_limits = self.limits.limit_loopback || !address.to_canonical().is_loopback();
        has_limits.then(|| host_of(address))
    }

    /// How many of the connections that there are have that place, of one host or of all.
    fn count(&self, host: Option<IpAddr>, is_it: impl Fn(&Peer) -> bool) -> usize {
        let peers = self.open.iter().map(|who| &self.peers[*who]);
        let of_it = peers.filter(|peer| host.is_none() || peer.host == host);
        of_it.filter(|peer| is_it(peer)).count()
    }

    /// What is due to a newcomer.
    pub(super) fn due_to(&self, host: Option<IpAddr>) -> Due {
        let limits = &self.limits.host;
        if host.is_some() {
            let all = self.count(host, |peer| peer.place != Place::Refused);
            if exceeds(all + 1, limits.connections) {
                return Due::Told(CloseReason::HostFull);
            }
            let unjoined = self.count(host, |peer| {
                peer.place != Place::Refused && self.server.phase(peer.id) == Phase::Greeting
            });
            if exceeds(unjoined + 1, limits.unjoined) {
                return Due::Told(CloseReason::HostUnjoined);
            }
        }
        if self.count(None, |peer| peer.place == Place::Held) < self.limits.connections {
            return Due::Place;
        }
        let giving_way = self.count(None, |peer| peer.place == Place::GaveWay);
        let rate = &self.limits.give_way;
        let may = rate.count > 0
            && giving_way < self.limits.refusals
            && self.hosts.ways.may_be_there(self.seen, rate);
        let must = self.hosts.ways.is_there(self.seen, rate);
        let mut quiet = self.open.iter().copied().filter(|who| self.may_give(*who));
        if !may || quiet.next().is_none() {
            return Due::Told(CloseReason::Refused);
        }
        let is_sure = |who: &usize| self.may_give(*who) && !self.peers[*who].speaks;
        Due::Way(self.open.iter().copied().rfind(is_sure).filter(|_| must))
    }

    /// Whether a peer may have said nothing yet, and has a place to give up.
    fn may_give(&self, who: usize) -> bool {
        let peer = &self.peers[who];
        let is_heard = peer.speaks && self.server.wants_input(peer.id);
        peer.place == Place::Held && !self.server.phase(peer.id).is_ending() && !is_heard
    }

    /// Whether one more of a host is to be told that it has no place.
    pub(super) fn is_to_be_told(&self, host: Option<IpAddr>) -> bool {
        let refused = |host| self.count(host, |peer| peer.place == Place::Refused);
        refused(None) < self.limits.refusals
            && (host.is_none() || !exceeds(refused(host) + 1, self.limits.host.refusals))
    }

    /// Checks that the right one gave way, if anybody did; `could` are those who could before.
    pub(super) fn see_way(&mut self, due: Due, could: &[usize]) -> bool {
        let has_given = |who: &&usize| self.server.phase(self.peers[**who].id).is_ending();
        let gave: Vec<usize> = could.iter().filter(has_given).copied().collect();
        let Due::Way(last) = due else {
            Invariant::GivesWay.holds(gave.is_empty(), || format!("{gave:?} gave way to nobody"));
            return false;
        };
        let is_right = match (gave[..].first(), last) {
            (Some(who), Some(last)) => gave.len() == 1 && *who >= last,
            (Some(_), None) => gave.len() == 1,
            (None, last) => last.is_none(),
        };
        Invariant::GivesWay.holds(is_right, || {
            format!("{gave:?} gave way, and {last:?} said nothing and came last")
        });
        for &who in &gave {
            self.hosts.ways.take(self.seen, &self.limits.give_way);
            let peer = &mut self.peers[who];
            peer.place = Place::GaveWay;
            peer.short = Some(super::cut_short::Short::GaveWay);
            peer.phase = self.server.phase(peer.id);
            self.touched.insert(who);
        }
        !gave.is_empty()
    }

    /// Those who could give way.
    pub(super) fn could_give(&self) -> Vec<usize> {
        let is_there = |who: &&usize| !self.server.phase(self.peers[**who].id).is_ending();
        self.open.iter().filter(is_there).copied().collect()
    }

    /// Somebody came into the room, with a token that no session had or without one.
    pub(super) fn has_joined(&mut self, who: usize, guessed: bool) {
        let peer = &self.peers[who];
        let Some(host) = peer.host else { return };
        let limits = &self.limits.host;
        if guessed {
            let tokens = self.hosts.tokens.entry(host).or_default();
            Invariant::HostLimits.holds(tokens.may_be_there(self.seen, &limits.tokens), || {
                format!("{host} may guess once more")
            });
            tokens.take(self.seen, &limits.tokens);
        }
        let joins = self.hosts.joins.entry(host).or_default();
        Invariant::HostLimits.holds(joins.may_be_there(self.seen, &limits.joins), || {
            format!("one more may join from {host}")
        });
        joins.take(self.seen, &limits.joins);
    }

    /// Why a peer that is not let in by a limit of its host is not; none if no limit stops it for sure, and so it was cut off
    /// before it was asked for its token. `guesses` says whether it came with one that no session has.
    pub(super) fn why_not_in(&mut self, who: usize, guesses: bool) -> Option<CloseReason> {
        let host = self.peers[who].host?;
        let limits = &self.limits.host;
        let joins = self.hosts.joins.entry(host).or_default();
        let may_join = joins.is_there(self.seen, &limits.joins);
        if guesses {
            let tokens = self.hosts.tokens.entry(host).or_default();
            if !tokens.is_there(self.seen, &limits.tokens) {
                return Some(CloseReason::TooManyTokens);
            }
            if !may_join {
                tokens.take(self.seen, &limits.tokens);
            }
        }
        (!may_join).then_some(CloseReason::TooManyJoins)
    }

    /// Whether nothing that a peer sends is held back, so that its time counts from when it comes.
    pub(super) fn is_read(&self, peer: &Peer) -> bool {
        peer.host.is_none() && self.server.wants_input(peer.id)
    }

    /// When the first line of a peer has to have ended, if it has begun one.
    pub(super) fn line_end(&self, peer: &Peer) -> Option<u64> {
        let is_first = matches!(peer.phase, Phase::Greeting | Phase::Silent);
        let begun = peer.begun.filter(|_| is_first);
        begun.map(|at| at + micros(self.limits.first_line_end))
    }
}
