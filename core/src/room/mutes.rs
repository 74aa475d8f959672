//! Who is silent in a room, and until when: by name, and by where they come from.

use super::by_name::ByName;
use crate::types::limits::MAX_MUTES;
use crate::types::name::{Name, Unique};
use crate::types::network::Network;
use crate::types::peer::Host;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

/// What stands in a snapshot for nothing.
pub(super) const NOTHING: &str = "-";

/// Whether something with this end holds at a time.
pub(super) fn holds(until: Option<u64>, at: u64) -> bool {
    until.is_none_or(|until| at < until)
}

/// Everyone who is silent, by the name that they were muted under.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Mutes {
    all: BTreeMap<Unique, Mute>,
    /// All names that somebody is silent by: most of those who speak have none that is taken for one of them.
    names: ByName<()>,
}

/// That somebody is silent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mute {
    /// When it ends, in milliseconds since the Unix epoch.
    pub(super) until: Option<u64>,
    /// Whoever comes from there is silent, too.
    from: Option<Network>,
    /// The name that they have taken last since then.
    now: Option<Unique>,
}

impl Mutes {
    /// Nobody is.
    pub(super) const NONE: Self = Self {
        all: BTreeMap::new(),
        names: ByName::new(),
    };

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// That somebody is silent by the name they have, at a time.
    pub(super) fn by_name(&self, name: &Name, at: u64) -> Option<&Mute> {
        self.names.alike(name).next()?;
        let is_for = |(whom, mute): &(&Unique, &Mute)| is_of(whom, mute, name);
        let mut all = self.all.iter().filter(|it| holds(it.1.until, at));
        all.find(is_for).map(|it| it.1)
    }

    /// That whoever comes from a host is.
    pub(super) fn by_host(&self, host: Option<Host>, at: u64) -> Option<&Mute> {
        let host = host?;
        let mut all = self.all.values().filter(|it| holds(it.until, at));
        all.find(|it| it.from.is_some_and(|from| from.has(host)))
    }

    /// From where somebody was known to come who was muted by this name.
    pub(super) fn known_from(&self, name: &Name, at: u64) -> Option<Network> {
        self.by_name(name, at)?.from
    }

    /// Whether an order to mute somebody is one more than there may be.
    pub(super) fn is_full_for(&self, name: &Name, at: u64) -> bool {
        let others = self
            .all
            .iter()
            .filter(|(whom, mute)| holds(mute.until, at) && !is_of(whom, mute, name));
        others.count() >= MAX_MUTES
    }

    /// Whether an order to let somebody speak changes anything.
    pub(super) fn has(&self, name: &Name, from: Option<Network>, at: u64) -> bool {
        let is_from = |it: &Mute| holds(it.until, at) && from.is_some() && it.from == from;
        self.by_name(name, at).is_some() || self.all.values().any(is_from)
    }

    /// What is over is as if it had never been.
    pub(super) fn end(&mut self, at: u64) {
        let count = self.all.len();
        self.all.retain(|_, it| holds(it.until, at));
        if self.all.len() < count {
            self.note_names();
        }
    }

    /// Somebody is silent from now on. A second mute of theirs takes the place of the first one, which goes on to hold for all names
    /// that it held for.
    pub(super) fn insert(&mut self, name: Name, until: Option<u64>, from: Option<Network>) {
        let mut is_known = false;
        for (whom, mute) in &mut self.all {
            if is_of(whom, mute, &name) {
                is_known = true;
                mute.until = until;
                mute.from = from.or(mute.from);
            }
        }
        if !is_known && self.all.len() < MAX_MUTES {
            let now = None;
            self.all.insert(Unique(name), Mute { until, from, now });
        }
        self.note_names();
    }

    /// Somebody may speak again. What others are silent by who come from there holds by their names alone.
    pub(super) fn remove(&mut self, name: &Name, from: Option<Network>) {
        self.all.retain(|whom, mute| !is_of(whom, mute, name));
        for mute in self.all.values_mut() {
            mute.from = mute.from.filter(|it| Some(*it) != from);
        }
        self.note_names();
    }

    /// Somebody who is in the room has another name, and is no less silent for that; nor if they take the old one again.
    pub(super) fn rename(&mut self, before: &Name, after: &Name) {
        if self.names.alike(before).next().is_none() {
            return;
        }
        for (whom, mute) in &mut self.all {
            if is_of(whom, mute, before) {
                let now = Unique(after.clone());
                mute.now = (now != *whom).then_some(now);
            }
        }
        self.note_names();
    }

    /// Takes note of all names that somebody is silent by.
    fn note_names(&mut self) {
        self.names = ByName::new();
        for (whom, mute) in &self.all {
            for name in [Some(whom), mute.now.as_ref()].into_iter().flatten() {
                self.names.insert(&name.0, ());
            }
        }
    }

    /// Each as what stands in a snapshot for it: the name, when it ends, and where there is either, from where they come and their
    /// last name.
    pub(super) fn encode(&self) -> impl Iterator<Item = String> {
        self.all.iter().map(|(whom, mute)| {
            let or_none = |it: Option<String>| it.unwrap_or_else(|| NOTHING.into());
            let (whom, until) = (
                whom.0.as_str(),
                or_none(mute.until.map(|it| it.to_string())),
            );
            if mute.from.is_none() && mute.now.is_none() {
                return format!("{whom} {until}");
            }
            let from = or_none(mute.from.map(|it| it.to_string()));
            let now = or_none(mute.now.as_ref().map(|it| it.0.to_string()));
            format!("{whom} {until} {from} {now}")
        })
    }

    /// Reads one of these.
    pub(super) fn decode(&mut self, text: &str) -> Option<()> {
        let mut parts = text.split(' ');
        let name = |text: &str| Name::parse(text).ok().map(Unique);
        let whom = name(parts.next()?)?;
        let mut next = || parts.next().filter(|it| *it != NOTHING);
        let mute = Mute {
            until: next().map(str::parse).transpose().ok()?,
            from: match next() {
                Some(from) => Some(Network::parse(from)?),
                None => None,
            },
            now: match next() {
                Some(now) => Some(name(now)?),
                None => None,
            },
        };
        for name in [Some(&whom), mute.now.as_ref()].into_iter().flatten() {
            self.names.insert(&name.0, ());
        }
        self.all.insert(whom, mute);
        Some(())
    }
}

/// Whether a mute is of whoever has this name.
fn is_of(whom: &Unique, mute: &Mute, name: &Name) -> bool {
    whom.0.is_like(name) || mute.now.as_ref().is_some_and(|now| now.0.is_like(name))
}
