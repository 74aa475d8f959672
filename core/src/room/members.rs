//! Who is in a room, by name, and by what names look like.

use crate::types::look::Look;
use crate::types::name::{Name, Unique};
use alloc::collections::BTreeSet;

/// The names of all who are in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Members {
    all: BTreeSet<Unique>,
    /// Each of them by all that it looks like; what stands without a name is only looked for.
    looks: BTreeSet<(Look, Option<Unique>)>,
}

impl Members {
    /// It takes the place of one that differs in case alone.
    pub(super) fn insert(&mut self, name: Unique) {
        self.remove(&name);
        self.looks
            .extend(name.0.looks().map(|look| (look, Some(name.clone()))));
        self.all.insert(name);
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, name: &Unique) -> bool {
        // As it is written there, which may be in other letters.
        let Some(name) = self.all.take(name) else {
            return false;
        };
        for look in name.0.looks() {
            self.looks.remove(&(look, Some(name.clone())));
        }
        true
    }

    pub(super) fn contains(&self, name: &Unique) -> bool {
        self.all.contains(name)
    }

    /// The last one, in their order.
    pub(super) fn last(&self) -> Option<&Unique> {
        self.all.last()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Unique> {
        self.all.iter()
    }

    /// All who have this name, or one that is taken for it.
    pub(super) fn alike(&self, name: &Name) -> impl Iterator<Item = &Name> {
        name.looks().flat_map(|look| {
            let from = self.looks.range((look.clone(), None)..);
            from.take_while(move |(other, _)| *other == look)
                .filter_map(|(_, name)| name.as_ref().map(|name| &name.0))
        })
    }
}
