//! What is shown as one: what somebody said or did, or those who came and went together.

use chat_core::Kind;

/// The most names that are told of a crowd that comes or goes.
const MAX_NAMES: usize = 3;

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
    Moved {
        /// Who joined.
        joined: Crowd,
        /// Who left.
        left: Crowd,
    },
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

/// Some people: how many, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    count: usize,
    names: Vec<String>,
}

impl Crowd {
    /// Adds somebody, before or after the others.
    pub fn add(&mut self, name: String, in_front: bool) {
        self.count += 1;
        if in_front {
            self.names.insert(0, name);
        } else {
            self.names.push(name);
        }
        // One more than are told, so that a page before them does not have to know.
        self.names.truncate(MAX_NAMES + 1);
    }

    /// Who they are, or how many; nothing where there is nobody.
    pub fn describe(&self) -> Option<String> {
        match self.count {
            0 => None,
            1..=MAX_NAMES => Some(self.names.join(", ")),
            count => Some(count.to_string()),
        }
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
                let (mut joined, mut left) = (Crowd::default(), Crowd::default());
                let crowd = if entry.kind == Kind::Joined {
                    &mut joined
                } else {
                    &mut left
                };
                crowd.add(entry.name, false);
                What::Moved { joined, left }
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
