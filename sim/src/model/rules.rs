//! What is ordered in a room, and who may order it: PROTOCOL.md ("Order", "Accounts"), stated once more.
//!
//! It follows from the orders that were given, and from nothing else. Times are in milliseconds.

use crate::naming::are_alike;
use chat_core::{Name, Network, Order};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Anybody,
    Operator,
    Owner,
    Administrator,
}

/// Names that belong to somebody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    claims: BTreeMap<String, Claim>,
    /// How much happened to them so far.
    pub(crate) last: u64,
}

/// Of whom a name is.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// As it was claimed.
    pub(crate) name: String,
    since: u64,
    is_admin: bool,
    /// Its owner has come back with a device, or may.
    pub(crate) has_device: bool,
}

/// One name, in whatever case.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl Accounts {
    /// Somebody makes a name their own, or sets another password, which ends all devices.
    pub(crate) fn is_claimed(&mut self, name: &str) {
        self.last += 1;
        let since = self.last;
        let claim = self.claims.entry(folded(name)).or_insert(Claim {
            name: name.into(),
            since,
            is_admin: false,
            has_device: false,
        });
        claim.has_device = false;
    }

    /// A name is nobody's own any more.
    pub(crate) fn is_unclaimed(&mut self, name: &str) {
        self.last += 1;
        self.claims.remove(&folded(name));
    }

    /// Its owner may come back with a device.
    pub(crate) fn has_device(&mut self, name: &str) {
        self.last += 1;
        if let Some(claim) = self.claims.get_mut(&folded(name)) {
            claim.has_device = true;
        }
    }

    /// Its owner looks after the server, or no more.
    pub(crate) fn looks_after(&mut self, name: &str, is_on: bool) {
        self.last += 1;
        if let Some(claim) = self.claims.get_mut(&folded(name)) {
            claim.is_admin = is_on;
        }
    }

    /// The name that somebody claimed, if this one is it.
    pub(crate) fn find(&self, name: &str) -> Option<&Claim> {
        self.claims.get(&folded(name))
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Claim> {
        self.claims.values()
    }

    /// Those that a name is, or is taken for.
    pub(crate) fn like<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Claim> {
        self.all().filter(move |it| are_alike(&it.name, name))
    }
}

/// What is ordered in a room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    owner: Option<(String, u64)>,
    operators: BTreeMap<String, u64>,
    bans: Vec<Ban>,
    /// By the name that each was ordered for.
    mutes: BTreeMap<String, Mute>,
    is_private: bool,
    invited: BTreeSet<String>,
    /// Between two lines, in milliseconds.
    slow: u64,
    /// When each said something last, and the least that was between two lines since then.
    said: BTreeMap<String, (u64, u64)>,
    /// The same of those who have left, by from where they came.
    left: BTreeMap<IpAddr, (u64, u64)>,
}

/// Who is silent.
#[derive(Clone, Debug)]
struct Mute {
    until: Option<u64>,
    from: Option<Network>,
    /// The last name that they took since then.
    now: Option<String>,
}

impl Mute {
    fn is_of(&self, key: &str, name: &str) -> bool {
        are_alike(key, name) || self.now.as_ref().is_some_and(|now| are_alike(now, name))
    }
}

/// Who is kept out.
#[derive(Clone, Debug)]
struct Ban {
    name: Option<String>,
    from: Option<Network>,
    until: Option<u64>,
}

/// Why an order is not to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum No {
    /// Who gives it has no right to.
    Right,
    /// Not to somebody of that rank.
    ToThem,
    /// Whoever it is for has no name of their own, or is not there.
    ForThem,
    /// It would change nothing.
    Unchanged,
}

fn holds(until: Option<u64>, at: u64) -> bool {
    until.is_none_or(|until| at < until)
}

impl Ban {
    fn is_of(&self, name: Option<&str>, from: Option<Network>) -> bool {
        let is_by_name = self.name.as_ref().zip(name);
        is_by_name.is_some_and(|(own, name)| are_alike(own, name))
            || from.is_some() && from == self.from
    }
}

impl Rules {
    /// What somebody is. A right is of whoever had the name when it was given.
    pub(crate) fn rank(&self, accounts: &Accounts, name: &str) -> Rank {
        let Some(claim) = accounts.find(name) else {
            return Rank::Anybody;
        };
        let name = folded(name);
        let was_theirs = |given: u64| claim.since <= given;
        let owner = self.owner.as_ref().filter(|it| it.0 == name);
        if claim.is_admin {
            Rank::Administrator
        } else if owner.is_some_and(|it| was_theirs(it.1)) {
            Rank::Owner
        } else if self.operators.get(&name).is_some_and(|it| was_theirs(*it)) {
            Rank::Operator
        } else {
            Rank::Anybody
        }
    }

    /// The same of whoever owns a name that this one is, or is taken for.
    pub(crate) fn rank_like(&self, accounts: &Accounts, name: &str) -> Rank {
        let all = accounts.like(name).map(|it| self.rank(accounts, &it.name));
        all.max().unwrap_or(Rank::Anybody)
    }

    /// Whether an order may be given, to one who is there or not.
    pub(crate) fn may_order(
        &self,
        accounts: &Accounts,
        at: u64,
        by: &str,
        order: &Order<'_>,
        is_there: bool,
    ) -> Result<(), No> {
        let rank = self.rank(accounts, by);
        let whom = order.whom().map(Name::as_str);
        let to = whom.map(|it| self.rank_like(accounts, it));
        let least = match order {
            Order::Own(_) => return self.may_own(accounts, by),
            Order::Op(..) | Order::Deop(_) | Order::Private(_) => Rank::Owner,
            _ => Rank::Operator,
        };
        if rank < least {
            return Err(No::Right);
        }
        let is_done_to_them =
            matches!(order, Order::Kick(..) | Order::Ban { .. } | Order::Mute(..));
        if is_done_to_them && to.is_some_and(|to| to >= rank) {
            return Err(No::ToThem);
        }
        let is_fit = match order {
            Order::Op(name, _) => accounts.find(name.as_str()).is_some(),
            Order::Kick(..) | Order::Mute(..) => is_there,
            _ => true,
        };
        if !is_fit {
            return Err(No::ForThem);
        }
        let name = whom.map(folded).unwrap_or_default();
        let is_news = match order {
            Order::Op(..) => self.rank(accounts, &name) < Rank::Operator,
            Order::Deop(_) => self.operators.contains_key(&name),
            Order::Unban(_, from) => {
                let mut bans = self.bans.iter().filter(|it| holds(it.until, at));
                bans.any(|it| it.is_of(whom, *from))
            }
            Order::Unmute(whom, from) => {
                let mut mutes = self.mutes.iter().filter(|it| holds(it.1.until, at));
                mutes.any(|(key, it)| {
                    it.is_of(key, whom.as_str()) || from.is_some() && it.from == *from
                })
            }
            Order::Private(is_on) => self.is_private != *is_on,
            Order::Invite(_) => !is_there && !self.invited.contains(&name),
            Order::Slow(seconds) => self.slow != u64::from(*seconds) * 1000,
            _ => true,
        };
        is_news.then_some(()).ok_or(No::Unchanged)
    }

    /// Whoever makes a room owns it, if their name is their own.
    fn may_own(&self, accounts: &Accounts, by: &str) -> Result<(), No> {
        if self.owner.is_some() {
            return Err(No::Unchanged);
        }
        accounts.find(by).map(|_| ()).ok_or(No::Right)
    }

    /// An order was given.
    pub(crate) fn is_ordered(&mut self, at: u64, by: &str, order: &Order<'_>) {
        self.bans.retain(|it| holds(it.until, at));
        self.mutes.retain(|_, it| holds(it.until, at));
        let name = order.whom().map(|it| folded(it.as_str()));
        let name = name.unwrap_or_default();
        let until = order.time().map(|time| at + u64::from(time) * 1000);
        match order {
            Order::Own(given) => self.owner = Some((folded(by), *given)),
            Order::Op(_, given) => {
                self.mutes.retain(|key, it| !it.is_of(key, &name));
                self.operators.insert(name, *given);
            }
            Order::Deop(_) => drop(self.operators.remove(&name)),
            Order::Kick(..) => drop(self.invited.remove(&name)),
            Order::Ban { whom, from, .. } => {
                let whom = whom.as_ref().map(Name::as_str);
                self.bans.retain(|it| !it.is_of(whom, *from));
                self.bans.push(Ban {
                    name: whom.map(Into::into),
                    from: *from,
                    until,
                });
                self.invited.remove(&name);
            }
            Order::Unban(whom, from) => {
                let whom = whom.as_ref().map(Name::as_str);
                self.bans.retain(|it| !it.is_of(whom, *from));
            }
            Order::Mute(_, _, from) => {
                let mut is_new = true;
                for (key, mute) in &mut self.mutes {
                    if mute.is_of(key, &name) {
                        is_new = false;
                        mute.until = until;
                        mute.from = from.or(mute.from);
                    }
                }
                if is_new {
                    let (from, now) = (*from, None);
                    self.mutes.insert(name, Mute { until, from, now });
                }
            }
            Order::Unmute(_, from) => {
                self.mutes.retain(|key, it| !it.is_of(key, &name));
                for mute in self.mutes.values_mut().filter(|it| it.from == *from) {
                    mute.from = None;
                }
            }
            Order::Private(is_on) => {
                self.is_private = *is_on;
                if !is_on {
                    self.invited.clear();
                }
            }
            Order::Invite(_) => drop(self.invited.insert(name)),
            Order::Slow(seconds) => {
                self.slow = u64::from(*seconds) * 1000;
                if self.slow == 0 {
                    self.waits_for_nobody();
                }
                for said in self.said.values_mut().chain(self.left.values_mut()) {
                    said.1 = said.1.min(self.slow);
                }
            }
            _ => {}
        }
    }

    /// Somebody who is there has another name.
    pub(crate) fn is_renamed(&mut self, before: &str, after: &str) {
        let (before, after) = (folded(before), folded(after));
        for (key, mute) in &mut self.mutes {
            if mute.is_of(key, &before) {
                mute.now = Some(after.clone());
            }
        }
        if let Some(said) = self.said.remove(&before) {
            self.is_to_wait_since(&after, said);
        }
    }

    /// Somebody from there has left, and whoever comes from there waits as they were to.
    pub(crate) fn is_left_by(&mut self, name: &str, from: Option<IpAddr>) {
        if let (Some(said), Some(from)) = (self.said.get(&folded(name)), from) {
            let known = self.left.entry(from).or_insert(*said);
            if known.0 <= said.0 {
                *known = *said;
            }
        }
    }

    /// Somebody has come from there.
    pub(crate) fn is_entered(&mut self, name: &str, from: Option<IpAddr>) {
        let said = from.and_then(|from| self.left.get(&from));
        if let Some(said) = said.copied() {
            self.is_to_wait_since(&folded(name), said);
        }
    }

    fn is_to_wait_since(&mut self, key: &str, said: (u64, u64)) {
        let known = self.said.entry(key.into()).or_insert(said);
        if known.0 <= said.0 {
            *known = said;
        }
    }

    /// Somebody has said something.
    pub(crate) fn is_heard(&mut self, at: u64, name: &str) {
        if self.slow > 0 {
            self.said.insert(folded(name), (at, self.slow));
        }
    }

    /// Nobody need wait: the server has started again, or nobody was there.
    pub(crate) fn waits_for_nobody(&mut self) {
        self.said.clear();
        self.left.clear();
    }

    /// Whether somebody of this name, from there, is kept out.
    pub(crate) fn is_banned(&self, at: u64, name: &str, from: Option<IpAddr>) -> bool {
        let mut bans = self.bans.iter().filter(|it| holds(it.until, at));
        bans.any(|it| {
            let is_from = it.from.zip(from);
            it.is_of(Some(name), None) || is_from.is_some_and(|(of, from)| is_in(of, from))
        })
    }

    /// Whether somebody may come in as far as that takes an invitation.
    pub(crate) fn is_invited(&self, name: &str) -> bool {
        !self.is_private || self.invited.contains(&folded(name))
    }

    /// Whether somebody of this name, from there, is silent.
    pub(crate) fn is_muted(
        &self,
        accounts: &Accounts,
        at: u64,
        name: &str,
        from: Option<IpAddr>,
    ) -> bool {
        let keeps_order = self.rank(accounts, name) >= Rank::Operator;
        let mut mutes = self.mutes.iter().filter(|it| holds(it.1.until, at));
        mutes.any(|(key, it)| {
            let is_from = it.from.zip(from);
            it.is_of(key, name) || !keeps_order && is_from.is_some_and(|(of, from)| is_in(of, from))
        })
    }

    /// Whether somebody still has to wait before they say something more, whatever their rank.
    pub(crate) fn is_to_wait(&self, at: u64, name: &str) -> bool {
        let said = self.said.get(&folded(name));
        said.is_some_and(|(said, least)| at < said + least.min(&self.slow))
    }

    /// Everyone who has some rank here, or had it.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = &str> {
        let owner = self.owner.iter().map(|it| &*it.0);
        owner.chain(self.operators.keys().map(String::as_str))
    }
}

/// Whether an address is of a network. Of an IPv6 address, the first 64 bits count.
pub(crate) fn is_in(network: Network, address: IpAddr) -> bool {
    let shown = network.to_string();
    let (first, bits) = shown.split_once('/').unwrap_or((&shown, ""));
    let bits: Option<u32> = bits.parse().ok();
    match (first.parse(), address) {
        (Ok(IpAddr::V4(first)), IpAddr::V4(address)) => {
            let rest = 32 - bits.unwrap_or(32);
            (u64::from(first.to_bits()) >> rest) == (u64::from(address.to_bits()) >> rest)
        }
        (Ok(IpAddr::V6(first)), IpAddr::V6(address)) => {
            let rest = 128 - bits.unwrap_or(64).min(64);
            (first.to_bits() >> rest) == (address.to_bits() >> rest)
        }
        _ => false,
    }
}

/// What everyone is shown of an order, after who gave it.
pub(crate) fn words(order: &Order<'_>) -> String {
    let whom = order.whom().map_or("an address", |name| name.as_str());
    let time = order.time().map(span);
    let time = time.map_or(String::new(), |time| format!(" for {time}"));
    let why = Some(order.reason()).filter(|why| !why.is_empty());
    let why = why.map_or(String::new(), |why| format!(": {why}"));
    match order {
        Order::Own(_) => "owns this room".into(),
        Order::Op(..) => format!("has made {whom} an operator"),
        Order::Deop(_) => format!("has taken the operator's rights from {whom}"),
        Order::Kick(..) => format!("has removed {whom}{why}"),
        Order::Ban { .. } => format!("has banned {whom}{time}{why}"),
        Order::Unban(..) => format!("has lifted the ban of {whom}"),
        Order::Mute(..) => format!("has muted {whom}{time}"),
        Order::Unmute(..) => format!("lets {whom} speak again"),
        Order::Private(true) => "has made the room private".into(),
        Order::Private(false) => "has opened the room to everyone".into(),
        Order::Invite(_) => format!("has invited {whom}"),
        Order::Slow(0) => "lets everyone speak as fast as they like".into(),
        Order::Slow(seconds) => format!("limits everyone to one line every {seconds} s"),
        // What is not drawn is not known here.
        other => other.words(),
    }
}

/// A time in seconds, in the largest unit that it is a whole number of.
fn span(seconds: u32) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    let unit = units.iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    unit.map_or(format!("{seconds}s"), |(unit, name)| {
        format!("{}{name}", seconds / unit)
    })
}
