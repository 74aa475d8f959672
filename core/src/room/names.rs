//! Which names are in use, in any room: the fold of the entries of all rooms.

use crate::room::RoomId;
use crate::types::entry::{Change, Entry};
use crate::types::name::{Name, Unique};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Who is in which rooms, by name. One name is of one person in all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Names {
    all: BTreeMap<Unique, In>,
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
    /// Whether somebody has a name.
    pub(crate) fn has(&self, name: &Name) -> bool {
        self.all.contains_key(&Unique(name.clone()))
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
            Change::Renames(..) | Change::Topic(..) | Change::Nothing => {}
        }
    }

    /// Somebody is in one room more.
    pub(crate) fn enter(&mut self, room: RoomId, name: &Name) {
        let name = Unique(name.clone());
        let Some(there) = self.all.get_mut(&name) else {
            self.all.insert(name, In::One(room));
            return;
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
            [] => drop(self.all.remove(&name)),
            [room] => *there = In::One(room),
            _ => *there = In::Many(rooms),
        }
    }

    /// Somebody has another name, in all their rooms.
    pub(crate) fn rename(&mut self, before: &Name, after: &Name) {
        if let Some(rooms) = self.all.remove(&Unique(before.clone())) {
            self.all.insert(Unique(after.clone()), rooms);
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
        assert_eq!((names.has(&ann), names.rooms(&bob).len()), (false, 2));
        names.leave(lobby, &bob);
        assert_eq!(names.rooms(&bob), [dev]);
        names.leave(dev, &bob);
        assert_eq!(names, Names::default());
    }
}
