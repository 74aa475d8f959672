//! What is ordered in a room: who its operators are, who is kept out or silent, who is invited, and how fast one may speak. It is the
//! fold of the orders among its entries.

use super::mutes::{Mute, Mutes, NOTHING, holds};
use super::names::Names;
use crate::types::limits::{MAX_BANS, MAX_INVITED, MAX_OPERATORS};
use crate::types::name::{Name, Unique};
use crate::types::network::Network;
use crate::types::order::Order;
use crate::types::peer::Host;
use crate::types::rights::{Right, Role};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What is ordered in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    /// Who made it, and the number of the accounts' last entry by then.
    owner: Option<(Unique, u64)>,
    operators: BTreeMap<Unique, u64>,
    /// The oldest first.
    bans: Vec<Ban>,
    mutes: Mutes,
    is_private: bool,
    invited: BTreeSet<Unique>,
    /// So many seconds are between two lines of one person.
    slow: u16,
    /// Nobody comes in but the owner and administrators; and why.
    closed: Option<Box<str>>,
}

/// Whom a ban is for, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ban {
    pub(crate) whom: Option<Unique>,
    pub(crate) from: Option<Network>,
    /// When it ends, in milliseconds since the Unix epoch.
    pub(crate) until: Option<u64>,
    /// Who ordered it.
    pub(crate) by: Unique,
    pub(crate) reason: Box<str>,
}

/// Where nothing was ordered.
static NONE: Rules = Rules {
    owner: None,
    operators: BTreeMap::new(),
    bans: Vec::new(),
    mutes: Mutes::NONE,
    is_private: false,
    invited: BTreeSet::new(),
    slow: 0,
    closed: None,
};

fn unique(name: &Name) -> Unique {
    Unique(name.clone())
}

impl Ban {
    /// Whether it is for somebody of this name, or from this host.
    fn is_for(&self, name: Option<&Name>, host: Option<Host>) -> bool {
        let is_by_name = self.whom.as_ref().zip(name);
        let is_from = self.from.zip(host);
        is_by_name.is_some_and(|(own, name)| own.0.is_like(name))
            || is_from.is_some_and(|(from, host)| from.has(host))
    }

    /// Whether it was ordered for this name, or these addresses.
    fn is_of(&self, whom: Option<&Name>, from: Option<Network>) -> bool {
        let is_by_name = self.whom.as_ref().zip(whom);
        is_by_name.is_some_and(|(own, name)| own.0.is_like(name))
            || from.is_some() && self.from == from
    }
}

impl Rules {
    /// Those of a room where nothing was ordered.
    pub(super) fn none() -> &'static Self {
        &NONE
    }

    pub(super) fn is_none(&self) -> bool {
        *self == NONE
    }

    /// What somebody is in the room. A right goes with the claimed name only as long as that belongs to whoever it belonged to when
    /// the right was given.
    pub(crate) fn role(&self, names: &Names, name: &Name) -> Role {
        let Some(claim) = names.claim_of(name) else {
            return Role::None;
        };
        let name = unique(name);
        let held = |given: u64| claim.since <= given;
        let is_owner = |(owner, given): &(Unique, u64)| *owner == name && held(*given);
        if claim.is_admin {
            Role::Administrator
        } else if self.owner.as_ref().is_some_and(is_owner) {
            Role::Owner
        } else if self.operators.get(&name).is_some_and(|it| held(*it)) {
            Role::Operator
        } else {
            Role::None
        }
    }

    /// The same of whoever has a name, or owns one that it is taken for.
    pub(super) fn role_like(&self, names: &Names, name: &Name) -> Role {
        let own = names.claims_like(name).map(|own| self.role(names, own));
        own.max().unwrap_or(Role::None)
    }

    pub(crate) fn is_private(&self) -> bool {
        self.is_private
    }

    /// Why nobody comes in but the owner and administrators, where that is so.
    pub(crate) fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// How many seconds are between two lines of one person.
    pub(crate) fn slow(&self) -> u16 {
        self.slow
    }

    /// Whether anybody may be kept from saying something.
    pub(super) fn restrain(&self) -> bool {
        self.slow > 0 || !self.mutes.is_empty()
    }

    /// That somebody from a host is silent at a time, if they are. Who keeps order is that by name alone, not by what keeps others
    /// of their host silent.
    pub(super) fn mute_of(
        &self,
        names: &Names,
        name: &Name,
        host: Option<Host>,
        at: u64,
    ) -> Option<&Mute> {
        let by_host = self.mutes.by_host(host, at);
        let by_host = by_host.filter(|_| !self.role(names, name).may(Right::Mute, None));
        self.mutes.by_name(name, at).or(by_host)
    }

    /// From where somebody is known to come who is muted by this name.
    pub(crate) fn muted_from(&self, name: &Name, at: u64) -> Option<Network> {
        self.mutes.known_from(name, at)
    }

    /// Whether anybody is silent for coming from there.
    pub(crate) fn mutes_from(&self, host: Host, at: u64) -> bool {
        self.mutes.by_host(Some(host), at).is_some()
    }

    /// The bans that hold at a time.
    pub(crate) fn bans(&self, at: u64) -> impl Iterator<Item = &Ban> {
        self.bans.iter().filter(move |ban| holds(ban.until, at))
    }

    /// The ban that keeps somebody out, if one does.
    pub(crate) fn ban_of(&self, at: u64, name: Option<&Name>, host: Option<Host>) -> Option<&Ban> {
        self.bans(at).find(|ban| ban.is_for(name, host))
    }

    /// The ban that was ordered for a name, if one holds.
    pub(crate) fn ban_by_name(&self, at: u64, name: &Name) -> Option<&Ban> {
        self.bans(at).find(|ban| ban.is_of(Some(name), None))
    }

    pub(crate) fn has_owner(&self) -> bool {
        self.owner.is_some()
    }

    pub(super) fn is_invited(&self, name: &Name) -> bool {
        self.invited.contains(&unique(name))
    }

    /// Whether somebody may come in where it is private.
    pub(super) fn lets_in(&self, name: &Name) -> bool {
        !self.is_private || self.is_invited(name)
    }

    /// Whether an order would change nothing, or more than there may be is in force by now.
    pub(super) fn takes(&self, names: &Names, at: u64, order: &Order<'_>) -> Result<(), Fault> {
        let is_new = match order {
            Order::Own(_) => self.owner.is_none(),
            Order::Op(name, _) => {
                if names.claim_of(name).is_none() {
                    return Err(Fault::NotClaimed);
                }
                let is_known = self.operators.contains_key(&unique(name));
                if self.operators.len() >= MAX_OPERATORS && !is_known {
                    return Err(Fault::TooMany);
                }
                self.role(names, name) < Role::Operator
            }
            Order::Deop(name) => self.operators.contains_key(&unique(name)),
            Order::Kick(..) | Order::Redact(..) => true,
            Order::Ban { whom, from, .. } => {
                let others = self.bans(at);
                let others = others.filter(|it| !it.is_of(whom.as_ref(), *from));
                if others.count() >= MAX_BANS {
                    return Err(Fault::TooMany);
                }
                true
            }
            Order::Unban(whom, from) => self.bans(at).any(|it| it.is_of(whom.as_ref(), *from)),
            Order::Mute(name, ..) => {
                if self.mutes.is_full_for(name, at) {
                    return Err(Fault::TooMany);
                }
                true
            }
            Order::Unmute(name, from) => self.mutes.has(name, *from, at),
            Order::Private(is_on) => self.is_private != *is_on,
            Order::Invite(name) => {
                let is_new = !self.is_invited(name);
                if is_new && self.invited.len() >= MAX_INVITED {
                    return Err(Fault::TooMany);
                }
                is_new
            }
            Order::Slow(seconds) => self.slow != *seconds,
            Order::Admin(_) => false,
            Order::Close(_) => self.closed.is_none(),
            Order::Reopen => self.closed.is_some(),
        };
        if is_new {
            Ok(())
        } else {
            Err(Fault::Unchanged)
        }
    }

    /// Takes note of an order, given at this time. It never has more than there may be, whatever is missing of what came before.
    pub(super) fn evolve(&mut self, at: u64, by: &Name, order: Order<'_>) {
        // What is over is as if it had never been.
        self.bans.retain(|ban| holds(ban.until, at));
        self.mutes.end(at);
        let end = |time: Option<u32>| time.map(|time| at.saturating_add(u64::from(time) * 1000));
        match order {
            Order::Own(given) => self.owner = Some((unique(by), given)),
            Order::Op(name, given) => {
                self.mutes.remove(&name, None);
                let is_known = self.operators.remove(&unique(&name)).is_some();
                if is_known || self.operators.len() < MAX_OPERATORS {
                    self.operators.insert(Unique(name), given);
                }
            }
            Order::Deop(name) => drop(self.operators.remove(&Unique(name))),
            Order::Kick(name, _) => drop(self.invited.remove(&Unique(name))),
            Order::Ban {
                whom,
                from,
                time,
                reason,
            } => {
                self.bans.retain(|it| !it.is_of(whom.as_ref(), from));
                let whom = whom.map(Unique);
                if let Some(name) = &whom {
                    self.invited.remove(name);
                }
                if self.bans.len() < MAX_BANS {
                    self.bans.push(Ban {
                        whom,
                        from,
                        until: end(time),
                        by: unique(by),
                        reason: reason.into(),
                    });
                }
            }
            Order::Unban(whom, from) => self.bans.retain(|it| !it.is_of(whom.as_ref(), from)),
            Order::Mute(name, time, from) => self.mutes.insert(name, end(time), from),
            Order::Unmute(name, from) => self.mutes.remove(&name, from),
            Order::Private(is_on) => {
                self.is_private = is_on;
                if !is_on {
                    self.invited.clear();
                }
            }
            Order::Invite(name) => {
                if self.invited.len() < MAX_INVITED {
                    self.invited.insert(Unique(name));
                }
            }
            Order::Slow(seconds) => self.slow = seconds,
            Order::Close(why) => self.closed = Some(why.into()),
            Order::Reopen => self.closed = None,
            Order::Admin(_) | Order::Redact(..) => {}
        }
    }

    /// Somebody who is in the room has another name, and is no less silent for that.
    pub(super) fn rename(&mut self, before: &Name, after: &Name) {
        self.mutes.rename(before, after);
    }
}

/// Why something cannot be ordered, whoever wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is so already.
    Unchanged,
    /// The name of whoever is to be an operator belongs to nobody.
    NotClaimed,
    /// As much of this kind is in force as may be.
    TooMany,
}

impl Rules {
    /// It as lines, each of a letter and what it says, in this order: the owner, operators, bans, mutes, privacy, those who are invited,
    /// the time between two lines, and that it is closed.
    pub(super) fn encode(&self) -> String {
        let mut out = String::new();
        let mut put = |letter: char, parts: &[&str]| {
            out.push(letter);
            for part in parts {
                out.push(' ');
                out.push_str(part);
            }
            out.push('\n');
        };
        let time = |until: &Option<u64>| until.map_or(NOTHING.into(), |it| it.to_string());
        if let Some((owner, given)) = &self.owner {
            put('o', &[owner.0.as_str(), &given.to_string()]);
        }
        for (name, given) in &self.operators {
            put('p', &[name.0.as_str(), &given.to_string()]);
        }
        for ban in &self.bans {
            let whom = ban.whom.as_ref().map_or(NOTHING, |name| name.0.as_str());
            let from = ban.from.map_or(NOTHING.into(), |it| it.to_string());
            let (until, by) = (time(&ban.until), ban.by.0.as_str());
            put('b', &[whom, &from, &until, by, &ban.reason]);
        }
        for mute in self.mutes.encode() {
            put('m', &[&mute]);
        }
        if self.is_private {
            put('c', &[]);
        }
        for name in &self.invited {
            put('i', &[name.0.as_str()]);
        }
        if self.slow > 0 {
            put('s', &[&self.slow.to_string()]);
        }
        if let Some(why) = &self.closed {
            put('z', &[why]);
        }
        out
    }

    /// What these lines are, if they are that.
    pub(super) fn decode(text: &str) -> Option<Self> {
        let mut rules = Self::default();
        let name = |text: &str| Name::parse(text).ok().map(Unique);
        let time = |text: &str| match text {
            NOTHING => Some(None),
            text => Some(Some(text.parse().ok()?)),
        };
        for line in text.lines() {
            let (letter, rest) = line.split_once(' ').unwrap_or((line, ""));
            let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
            match letter {
                "o" => rules.owner = Some((name(first)?, second.parse().ok()?)),
                "p" => drop(rules.operators.insert(name(first)?, second.parse().ok()?)),
                "b" => {
                    let mut parts = rest.splitn(5, ' ');
                    let mut next = || parts.next();
                    let whom = match next()? {
                        NOTHING => None,
                        whom => Some(name(whom)?),
                    };
                    let from = match next()? {
                        NOTHING => None,
                        from => Some(Network::parse(from)?),
                    };
                    rules.bans.push(Ban {
                        whom,
                        from,
                        until: time(next()?)?,
                        by: name(next()?)?,
                        reason: next()?.into(),
                    });
                }
                "m" => rules.mutes.decode(rest)?,
                "c" => rules.is_private = true,
                "i" => drop(rules.invited.insert(name(first)?)),
                "s" => rules.slow = first.parse().ok()?,
                "z" => rules.closed = Some(rest.into()),
                _ => return None,
            }
        }
        // There is one way to write them.
        (rules.encode() == text && !rules.is_none()).then_some(rules)
    }

    /// Whether somebody of this role sees addresses.
    pub(crate) fn shows_addresses(&self, names: &Names, name: &Name) -> bool {
        self.role(names, name).may(Right::Addresses, None)
    }
}
