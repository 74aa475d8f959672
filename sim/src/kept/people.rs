//! Who is in a room, and what it is about: what follows from its entries.

use crate::naming::are_alike;
use chat_core::{Kind, Record};
use std::collections::BTreeSet;

/// Who is in a room, and what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct People {
    /// Their names.
    pub(super) names: BTreeSet<String>,
    /// The topic, and who has set it.
    pub(super) topic: Option<(String, String)>,
}

impl People {
    /// One more entry; whether it makes sense.
    pub(super) fn follow(&mut self, entry: &Record) -> bool {
        let name = entry.name.as_str().to_owned();
        match entry.kind {
            Kind::Joined => !self.has(&name) && self.names.insert(name),
            Kind::Left => self.names.remove(&name),
            Kind::Said | Kind::Acted | Kind::Order => self.names.contains(&name),
            // These are in no room.
            Kind::Claimed
            | Kind::Unclaimed
            | Kind::Device
            | Kind::DeviceEnded
            | Kind::Waits
            | Kind::Read => false,
            Kind::Renamed => {
                self.names.remove(&name) && !self.has(&entry.text) && {
                    self.names.insert(entry.text.to_string())
                }
            }
            Kind::Topic => {
                let is_here = self.names.contains(&name);
                let text = Some(entry.text.to_string()).filter(|text| !text.is_empty());
                self.topic = text.map(|text| (text, name));
                is_here
            }
        }
    }

    /// Whether somebody has this name, or one that is taken for it.
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|it| are_alike(it, name))
    }
}

impl<'a> FromIterator<&'a Record> for People {
    fn from_iter<T: IntoIterator<Item = &'a Record>>(entries: T) -> Self {
        let mut people = Self::default();
        for entry in entries {
            people.follow(entry);
        }
        people
    }
}
