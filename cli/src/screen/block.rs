//! What is shown as one: what somebody said or did, or those who came and went together.

use chat_core::Kind;

/// The most names that are told of a crowd that comes or goes.
const MAX_NAMES: usize = 3;

/// The most people of a crowd of whom it is known what has come of it.
const MAX_PEOPLE: usize = 64;

/// An entry of the room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub kind: Kind,
    /// By whom.
    pub name: String,
    /// What was said.
    pub text: String,
    /// It names the person at this screen.
    pub is_mention: bool,
}

/// What is shown as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The number of its first entry; of a notice, the one of the entry before it.
    pub first: u64,
    /// The number of its last entry.
    pub last: u64,
    /// When it began, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What it is.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody said something.
    Said {
        /// Who.
        name: String,
        /// What.
        text: String,
        /// It names the person at this screen.
        is_mention: bool,
    },
    /// Somebody says that they do something (`/me`).
    Acted {
        /// Who.
        name: String,
        /// What.
        text: String,
        /// It names the person at this screen.
        is_mention: bool,
    },
    /// Some joined or left.
    Moved(Moves),
    /// Somebody did something else.
    Did {
        /// What it is.
        kind: Kind,
        /// Who.
        name: String,
        /// What they did in words, their new name, or the topic.
        text: String,
    },
    /// A message for this person alone.
    Notice(String),
}

/// Some people who came and went: of each of them, how it began and how it is at the end. What many do is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Who, whether they came first, and whether they came last.
    people: Vec<(String, bool, bool)>,
    /// What those did who have no place among them.
    joined: usize,
    left: usize,
}

/// What has come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// They are here now, and were not.
    Joined,
    /// They were here, and are not now.
    Left,
    /// They came, and are gone again.
    JoinedAndLeft,
    /// They went, and are here again.
    LeftAndJoined,
}

impl Moves {
    /// Adds that somebody came or went, before or after all that is known.
    pub fn add(&mut self, name: String, has_joined: bool, in_front: bool) {
        let known = self.people.iter_mut().find(|(it, ..)| *it == name);
        if let Some((_, first, last)) = known {
            *(if in_front { first } else { last }) = has_joined;
        } else if self.people.len() >= MAX_PEOPLE {
            *(if has_joined {
                &mut self.joined
            } else {
                &mut self.left
            }) += 1;
        } else {
            let at = if in_front { 0 } else { self.people.len() };
            self.people.insert(at, (name, has_joined, has_joined));
        }
    }

    /// What has come of it, each with who they are, or how many; nothing where there is nobody.
    pub fn net(&self) -> impl Iterator<Item = (Net, String)> {
        let all = [
            (Net::Joined, (true, true), self.joined),
            (Net::Left, (false, false), self.left),
            (Net::JoinedAndLeft, (true, false), 0),
            (Net::LeftAndJoined, (false, true), 0),
        ];
        all.into_iter().filter_map(|(net, how, more)| {
            let of = self
                .people
                .iter()
                .filter(|(_, first, last)| (*first, *last) == how);
            let names: Vec<&str> = of.map(|(name, ..)| name.as_str()).collect();
            match names.len() + more {
                0 => None,
                1..=MAX_NAMES if more == 0 => Some((net, names.join(", "))),
                count => Some((net, count.to_string())),
            }
        })
    }
}

impl Block {
    /// The block of an entry alone.
    pub fn of(entry: Entry) -> Self {
        let what = match entry.kind {
            Kind::Said => What::Said {
                is_mention: entry.is_mention,
                name: entry.name,
                text: entry.text,
            },
            Kind::Acted => What::Acted {
                is_mention: entry.is_mention,
                name: entry.name,
                text: entry.text,
            },
            Kind::Joined | Kind::Left => {
                let mut moves = Moves::default();
                moves.add(entry.name, entry.kind == Kind::Joined, false);
                What::Moved(moves)
            }
            _ => What::Did {
                kind: entry.kind,
                name: entry.name,
                text: entry.text,
            },
        };
        Self {
            first: entry.seq,
            last: entry.seq,
            at: entry.at,
            what,
        }
    }
}
