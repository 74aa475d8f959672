//! What is known by name, and found by all that a name looks like.

use crate::types::name::{Name, Unique};
use alloc::collections::{BTreeMap, BTreeSet};

/// The number of a look, and whose it is; what stands without a name is only looked for.
type Key = (u64, Option<Unique>);

/// What is known of some names. It is one map, since most names have one look: of a crowd there are many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ByName<V> {
    /// By the first look of each name.
    all: BTreeMap<Key, V>,
    /// By the others of those that have more than one.
    others: BTreeSet<Key>,
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> ByName<V> {
    pub(super) const fn new() -> Self {
        Self {
            all: BTreeMap::new(),
            others: BTreeSet::new(),
        }
    }

    /// What is known of a name, in whatever case.
    pub(super) fn get(&self, name: &Name) -> Option<&V> {
        self.all.get(&first(name))
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, name: &Name) -> Option<&mut V> {
        self.all.get_mut(&first(name))
    }

    /// Takes note of a name, instead of one that differs in case alone.
    pub(super) fn insert(&mut self, name: &Name, value: V) {
        self.remove(name);
        self.all.insert(first(name), value);
        self.others.extend(others(name));
    }

    /// Forgets a name, in whatever case.
    pub(super) fn remove(&mut self, name: &Name) -> Option<V> {
        let value = self.all.remove(&first(name))?;
        for other in others(name) {
            self.others.remove(&other);
        }
        Some(value)
    }

    /// Those that are taken for a name, or are it.
    pub(super) fn alike(&self, name: &Name) -> impl Iterator<Item = &Name> {
        let found = name.look_numbers().flat_map(|look| {
            let first = self.all.range((look, None)..).map(|(key, _)| key);
            let others = self.others.range((look, None)..);
            let has_it = move |key: &&Key| key.0 == look;
            first.take_while(has_it).chain(others.take_while(has_it))
        });
        let names = found.filter_map(|(_, name)| name.as_ref().map(|name| &name.0));
        // Two looks may have one number.
        names.filter(|other| other.is_like(name))
    }
}

fn first(name: &Name) -> Key {
    let look = name.look_numbers().next().unwrap_or_default();
    (look, Some(Unique(name.clone())))
}

fn others(name: &Name) -> impl Iterator<Item = Key> {
    let looks = name.look_numbers().skip(1);
    looks.map(|look| (look, Some(Unique(name.clone()))))
}
