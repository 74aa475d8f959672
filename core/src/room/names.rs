//! Which names are in use, in any room, and what they look like: the fold of the entries of all rooms.

use super::by_name::ByName;
use crate::room::RoomId;
use crate::types::entry::{Change, Entry};
use crate::types::name::Name;
use crate::types::order::Order;
use alloc::vec::Vec;
use core::slice;

/// Who is in which rooms, by name. One name is of one person in all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Names {
    /// For each, a room in which they are: almost everybody is in one alone.
    all: ByName<RoomId>,
    /// All rooms of those who are in more, in no order.
    more: ByName<Vec<RoomId>>,
    /// Those that belong to somebody, who may be here or not.
    claims: ByName<Claim>,
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

impl Names {
    /// All who have this name, or one that is taken for it, in whatever rooms: one at most, but where others of
    /// different looks have some in common with it.
    pub(crate) fn alike(&self, name: &Name) -> impl Iterator<Item = &Name> {
        self.all.alike(name)
    }

    /// A name that belongs to somebody and is this one, or is taken for it, but for those that are in use under this
    /// other one: whoever has it has proved that it is theirs.
    pub(crate) fn claimed_like(&self, name: &Name, own: Option<&Name>) -> Option<&Name> {
        let is_others = |it: &&Name| own.is_none_or(|own| !it.is_same(own));
        self.claims.alike(name).find(is_others)
    }

    /// Whether a name is free for anybody: nobody has it, it belongs to nobody, and nor is it with one that it is taken for.
    pub(crate) fn is_free(&self, name: &Name) -> bool {
        !self.has_like(name) && self.claimed_like(name, None).is_none()
    }

    /// Since when a name belongs to somebody, if it does: that very name, in whatever case.
    pub(crate) fn claim_of(&self, name: &Name) -> Option<Claim> {
        self.claims.get(name).copied()
    }

    /// The names that belong to somebody and that a name is taken for, itself among them.
    pub(crate) fn claims_like(&self, name: &Name) -> impl Iterator<Item = &Name> {
        self.claims.alike(name)
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
            Change::Unclaims(name) => drop(self.claims.remove(name)),
            Change::Orders(name, Order::Admin(is_on)) => {
                if let Some(claim) = self.claims.get_mut(name) {
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
        self.claims.insert(name, claim);
    }

    /// Whether somebody has this name, or one that is taken for it.
    pub(crate) fn has_like(&self, name: &Name) -> bool {
        self.alike(name).next().is_some()
    }

    /// The rooms in which somebody is, in no order.
    pub(crate) fn rooms(&self, name: &Name) -> &[RoomId] {
        let one = || self.all.get(name).map_or(&[][..], slice::from_ref);
        self.more.get(name).map_or_else(one, Vec::as_slice)
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
        let mut rooms = self.rooms(name).to_vec();
        if !rooms.contains(&room) {
            rooms.push(room);
            self.set_rooms(name, rooms);
        }
    }

    fn leave(&mut self, room: RoomId, name: &Name) {
        let mut rooms = self.rooms(name).to_vec();
        rooms.retain(|it| *it != room);
        self.set_rooms(name, rooms);
    }

    fn set_rooms(&mut self, name: &Name, rooms: Vec<RoomId>) {
        self.more.remove(name);
        let Some(&one) = rooms.first() else {
            self.all.remove(name);
            return;
        };
        match self.all.get_mut(name) {
            Some(it) => *it = one,
            None => self.all.insert(name, one),
        }
        if rooms.len() > 1 {
            self.more.insert(name, rooms);
        }
    }

    /// Somebody has another name, in all their rooms.
    pub(crate) fn rename(&mut self, before: &Name, after: &Name) {
        if let Some(one) = self.all.remove(before) {
            self.all.insert(after, one);
        }
        if let Some(rooms) = self.more.remove(before) {
            self.more.insert(after, rooms);
        }
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
        let mut alike: Vec<&Name> = names.alike(&nav).collect();
        alike.sort();
        alike.dedup();
        assert_eq!(alike, [&nan, &vav]);
        names.rename(&max, &like);
        assert_eq!(names.alike(&max).collect::<Vec<_>>(), [&like]);
        for (room, name) in [(lobby, &other), (dev, &like), (lobby, &nan), (dev, &vav)] {
            names.leave(room, name);
        }
        assert_eq!(names, Names::default());
    }
}
