//! A room's state: the fold of its entries.

use crate::types::entry::{Change, Entry};
use crate::types::name::{Name, Unique};
use alloc::collections::BTreeSet;

/// Who is in the room. Only [`evolve`](Self::evolve) changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    members: BTreeSet<Unique>,
}

impl State {
    /// Takes note of what happened.
    pub(crate) fn evolve(&mut self, entry: &Entry<'_>) {
        match entry.change() {
            Change::Enters(name, _) => {
                let is_new = self.members.insert(Unique(name.clone()));
                assert!(is_new, "{name} is in the room twice");
            }
            Change::Leaves(name) => {
                self.members.remove(&Unique(name.clone()));
            }
            Change::Nothing => {}
        }
    }

    /// The names of all who are in the room, in order.
    pub(crate) fn members(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.members.iter().map(|name| &name.0)
    }

    /// Whether somebody in the room has a name, in whatever case.
    pub(super) fn has(&self, name: &Name) -> bool {
        self.members.contains(&Unique(name.clone()))
    }
}
