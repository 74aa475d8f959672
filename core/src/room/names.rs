//! Which names are in use, in any room, and what they look like: the fold of the entries of all rooms.

use crate::room::RoomId;
use crate::types::entry::{Change, Entry};
use crate::types::look::Look;
use crate::types::name::{Name, Unique};
use crate::types::order::Order;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Who is in which rooms, by name. One name is of one person in all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Names {
    all: BTreeMap<Unique, In>,
    looks: Looks,
    /// Those that belong to somebody, who may be here or not.
    claimed: Looks,
    claims: BTreeMap<Unique, Claim>,
    /// The number of the last entry of the accounts' log.
    last_claim: u64,
}

/// Since when a name belongs to whom it belongs to, and what goes with that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    /// The number of the entry of the accounts' log that says so; 0 where that is not known, as it was before anything was ordered.
    pub(crate) since: u64,
    /// They look after the server.
    pub(crate) is_admin: bool,
}

/// Names by all that they look like; what stands without a name is only looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Looks(BTreeSet<(Look, Option<Unique>)>);

impl Looks {
    fn insert(&mut self, name: &Unique) {
        let looks = name.0.looks().map(|look| (look, Some(name.clone())));
        self.0.extend(looks);
    }

    fn remove(&mut self, name: &Unique) {
        for look in name.0.looks() {
            self.0.remove(&(look, Some(name.clone())));
        }
    }

    /// Those that are taken for a name, or are it.
    fn alike(&self, name: &Name) -> impl Iterator<Item = &Name> {
        name.looks().flat_map(|look| {
            let from = self.0.range((look.clone(), None)..);
            from.take_while(move |(other, _)| *other == look)
                .filter_map(|(_, name)| name.as_ref().map(|name| &name.0))
        })
    }
}

/// The rooms in which somebody is: almost everybody is in one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum In {
    One(RoomId),
    Many(Vec<RoomId>),
}

impl In {
    fn rooms(&self) -> &[RoomId] {
        match self {
            Self::One(room) => core::slice::from_ref(room),
            Self::Many(rooms) => rooms,
        }
    }
}

impl Names {
    /// All who have this name, or one that is taken for it, in whatever rooms: one at most, but where others of
    /// different looks have some in common with it.
    pub(crate) fn alike(&self, name: &Name) -> impl Iterator<Item = &Name> {
        self.looks.alike(name)
    }

    /// A name that belongs to somebody and is this one, or is taken for it, but for those that are in use under this
    /// other one: whoever has it has proved that it is theirs.
    pub(crate) fn claimed_like(&self, name: &Name, own: Option<&Name>) -> Option<&Name> {
        let own = own.map(|own| Unique(own.clone()));
        let is_others = |it: &&Name| own.as_ref() != Some(&Unique(Name::clone(it)));
        self.claimed.alike(name).find(is_others)
    }

    /// Whether a name is free for anybody: nobody has it, it belongs to nobody, and nor is it with one that it is taken for.
    pub(crate) fn is_free(&self, name: &Name) -> bool {
        !self.has_like(name) && self.claimed_like(name, None).is_none()
    }

    /// Since when a name belongs to somebody, if it does: that very name, in whatever case.
    pub(crate) fn claim_of(&self, name: &Name) -> Option<Claim> {
        self.claims.get(&Unique(name.clone())).copied()
    }

    /// The names that belong to somebody and that a name is taken for, itself among them.
    pub(crate) fn claims_like(&self, name: &Name) -> impl Iterator<Item = &Name> {
        self.claimed.alike(name)
    }

    /// The number of the last entry of the accounts' log.
    pub(crate) fn last_claim(&self) -> u64 {
        self.last_claim
    }

    /// Takes note of what happened in the log of the accounts, as its entry `seq`.
    pub(crate) fn evolve_claimed(&mut self, seq: u64, change: &Change<'_>) {
        self.last_claim = seq;
        match change {
            Change::Claims(name, _) => {
                let claim = self.claim_of(name).unwrap_or(Claim {
                    since: seq,
                    is_admin: false,
                });
                self.claim(name, claim);
            }
            Change::Unclaims(name) => {
                let name = Unique(Name::clone(name));
                self.claimed.remove(&name);
                self.claims.remove(&name);
            }
            Change::Orders(name, Order::Admin(is_on)) => {
                if let Some(claim) = self.claims.get_mut(&Unique(Name::clone(name))) {
                    claim.is_admin = *is_on;
                }
            }
            _ => {}
        }
    }

    /// The log of the accounts has so many entries.
    pub(crate) fn set_last_claim(&mut self, seq: u64) {
        self.last_claim = seq;
    }

    /// A name belongs to somebody.
    pub(crate) fn claim(&mut self, name: &Name, claim: Claim) {
        self.claimed.insert(&Unique(name.clone()));
        self.claims.insert(Unique(name.clone()), claim);
    }

    /// Whether somebody has this name, or one that is taken for it.
    pub(crate) fn has_like(&self, name: &Name) -> bool {
        self.alike(name).next().is_some()
    }

    /// The rooms in which somebody is, in no order.
    pub(crate) fn rooms(&self, name: &Name) -> &[RoomId] {
        let found = self.all.get(&Unique(name.clone()));
        found.map_or(&[], In::rooms)
    }

    /// Takes note of what happened in a room. A new name is taken note of once, by [`rename`](Self::rename).
    pub(crate) fn evolve(&mut self, room: RoomId, entry: &Entry<'_>) {
        match entry.change() {
            Change::Enters(name, _) => self.enter(room, name),
            Change::Leaves(name) => self.leave(room, name),
            _ => {}
        }
    }

    /// Somebody is in one room more.
    pub(crate) fn enter(&mut self, room: RoomId, name: &Name) {
        let name = Unique(name.clone());
        let Some(there) = self.all.get_mut(&name) else {
            return self.insert(name, In::One(room));
        };
        if !there.rooms().contains(&room) {
            let mut rooms = there.rooms().to_vec();
            rooms.push(room);
            *there = In::Many(rooms);
        }
    }

    fn leave(&mut self, room: RoomId, name: &Name) {
        let name = Unique(name.clone());
        let Some(there) = self.all.get_mut(&name) else {
            return;
        };
        let mut rooms = there.rooms().to_vec();
        rooms.retain(|it| *it != room);
        match rooms[..] {
            [] => drop(self.remove(&name)),
            [room] => *there = In::One(room),
            _ => *there = In::Many(rooms),
        }
    }

    /// Somebody has another name, in all their rooms.
    pub(crate) fn rename(&mut self, before: &Name, after: &Name) {
        if let Some(rooms) = self.remove(&Unique(before.clone())) {
            self.insert(Unique(after.clone()), rooms);
        }
    }

    /// It takes the place of one that differs in case alone.
    fn insert(&mut self, name: Unique, rooms: In) {
        self.remove(&name);
        self.looks.insert(&name);
        self.all.insert(name, rooms);
    }

    fn remove(&mut self, name: &Unique) -> Option<In> {
        // As it is written there, which may be in other letters.
        let (name, rooms) = self.all.remove_entry(name)?;
        self.looks.remove(&name);
        Some(rooms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_in_use_as_long_as_somebody_is_in_a_room_with_it() {
        let [ann, bob] = ["ann", "bob"].map(|name| Name::parse(name).unwrap());
        let [lobby, dev] = [0, 1].map(RoomId);
        let mut names = Names::default();
        names.enter(lobby, &ann);
        names.enter(dev, &ann);
        names.enter(dev, &ann);
        assert_eq!(names.rooms(&ann), [lobby, dev]);
        names.rename(&ann, &bob);
        assert_eq!((names.has_like(&ann), names.rooms(&bob).len()), (false, 2));
        names.leave(lobby, &bob);
        assert_eq!(names.rooms(&bob), [dev]);
        names.leave(dev, &bob);
        assert_eq!(names, Names::default());
    }

    #[test]
    fn a_name_that_belongs_to_somebody_is_free_for_nobody_until_it_is_given_up() {
        let [ann, like, bob] = ["ann", "ANN.", "bob"].map(|name| Name::parse(name).unwrap());
        let mut names = Names::default();
        names.claim(&ann, Claim::default());
        assert!(!names.is_free(&ann) && !names.is_free(&like) && names.is_free(&bob));
        assert_eq!(names.claimed_like(&like, None), Some(&ann));
        assert_eq!(names.claimed_like(&like, Some(&bob)), Some(&ann));
        assert_eq!(
            names.claimed_like(&like, Some(&ann)),
            None,
            "it is their own"
        );
        names.evolve_claimed(0, &Change::Unclaims(&Name::parse("ANN").unwrap()));
        assert_eq!(names, Names::default());
    }

    #[test]
    fn whoever_looks_like_a_name_is_found_in_whatever_room() {
        let [max, like, other, nav] =
            ["Max", "rnax.", "Nina", "ναν"].map(|it| Name::parse(it).unwrap());
        let [lobby, dev] = [0, 1].map(RoomId);
        let mut names = Names::default();
        names.enter(lobby, &other);
        names.enter(dev, &max);
        assert_eq!(names.alike(&like).collect::<Vec<_>>(), [&max]);
        // One name that looks like two others.
        let [nan, vav] = ["nan", "vav"].map(|it| Name::parse(it).unwrap());
        names.enter(lobby, &nan);
        names.enter(dev, &vav);
        let alike: BTreeSet<&Name> = names.alike(&nav).collect();
        assert_eq!(alike, [&nan, &vav].into());
        names.rename(&max, &like);
        assert_eq!(names.alike(&max).collect::<Vec<_>>(), [&like]);
        for (room, name) in [(lobby, &other), (dev, &like), (lobby, &nan), (dev, &vav)] {
            names.leave(room, name);
        }
        assert_eq!(names, Names::default());
    }
}
