//! Who is in a room, as far as the server has told.

use chat_core::Kind;
use std::collections::BTreeMap;

/// The most people who are known by name; a server lists fewer.
const MAX_KNOWN: usize = 4096;

/// What is known of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// They are away, as they were when somebody wrote to them or asked.
    pub is_away: bool,
    /// They had no connection when somebody asked.
    pub is_cut_off: bool,
}

/// The people of a room. They are known once the server has listed them, and followed from then on.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// In the order of the alphabet: by their names in lower case.
    known: BTreeMap<(String, String), Person>,
    /// How many are there besides.
    more: usize,
    is_listed: bool,
}

impl People {
    /// The server's list: the first names, and how many more there are.
    pub fn list<'a>(&mut self, names: impl Iterator<Item = &'a str>, more: usize) {
        let before = std::mem::take(&mut self.known);
        self.more = more;
        self.is_listed = true;
        for name in names {
            let person = before.get(&key(name)).copied().unwrap_or_default();
            self.add(name, person);
        }
    }

    /// Nobody is known any more: what happened meanwhile is not either.
    pub fn forget(&mut self) {
        self.is_listed = false;
    }

    /// Whether the server has listed them.
    pub fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.known.len() + self.more
    }

    /// Those whose names are known, in the order of the alphabet.
    pub fn known(&self) -> impl ExactSizeIterator<Item = (&str, Person)> {
        let known = self.known.iter();
        known.map(|((_, name), person)| (&**name, *person))
    }

    /// Takes note of what happened in the room.
    pub fn follow(&mut self, kind: Kind, name: &str, text: &str) {
        match kind {
            Kind::Joined => self.add(name, Person::default()),
            Kind::Left => drop(self.remove(name)),
            Kind::Renamed => {
                let person = self.remove(name);
                self.add(text, person);
            }
            // Whoever speaks is back.
            _ => {
                if let Some(person) = self.known.get_mut(&key(name)) {
                    *person = Person::default();
                }
            }
        }
    }

    /// Somebody was found to be so.
    pub fn learn(&mut self, name: &str, found: Person) {
        if let Some(person) = self.known.get_mut(&key(name)) {
            *person = found;
        }
    }

    fn add(&mut self, name: &str, person: Person) {
        if self.known.len() < MAX_KNOWN || self.known.contains_key(&key(name)) {
            self.known.insert(key(name), person);
        } else {
            self.more += 1;
        }
    }

    fn remove(&mut self, name: &str) -> Person {
        self.known.remove(&key(name)).unwrap_or_else(|| {
            self.more = self.more.saturating_sub(1);
            Person::default()
        })
    }
}

fn key(name: &str) -> (String, String) {
    (name.to_lowercase(), name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(people: &People) -> Vec<&str> {
        people.known().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_list_follows_what_happens() {
        let mut people = People::default();
        people.list(["bob", "Ann"].into_iter(), 2);
        assert_eq!((names(&people), people.count()), (vec!["Ann", "bob"], 4));
        people.follow(Kind::Joined, "cat", "");
        people.follow(Kind::Renamed, "bob", "zoe");
        assert_eq!(names(&people), ["Ann", "cat", "zoe"]);
        people.follow(Kind::Left, "Ann", "");
        people.follow(Kind::Left, "one of the others", "");
        assert_eq!((names(&people), people.count()), (vec!["cat", "zoe"], 3));
    }

    #[test]
    fn whoever_is_away_is_so_until_they_speak_under_whatever_name() {
        let away = Person {
            is_away: true,
            is_cut_off: false,
        };
        let of = |people: &People, name: &str| people.known().find(|it| it.0 == name).unwrap().1;
        let mut people = People::default();
        people.list(["ann"].into_iter(), 0);
        people.learn("ann", away);
        people.learn("nobody", away);
        people.follow(Kind::Renamed, "ann", "bea");
        assert_eq!(of(&people, "bea"), away);
        people.list(["bea"].into_iter(), 0);
        assert_eq!(of(&people, "bea"), away);
        people.follow(Kind::Said, "bea", "back");
        assert_eq!(of(&people, "bea"), Person::default());
    }

    #[test]
    fn so_many_are_known_by_name_and_one_more_is_counted() {
        let mut people = People::default();
        for number in 0..=MAX_KNOWN {
            people.follow(Kind::Joined, &format!("user{number}"), "");
        }
        assert_eq!(people.known().len(), MAX_KNOWN);
        assert_eq!(people.count(), MAX_KNOWN + 1);
        people.follow(Kind::Left, &format!("user{MAX_KNOWN}"), "");
        assert_eq!(people.count(), MAX_KNOWN);
    }
}
