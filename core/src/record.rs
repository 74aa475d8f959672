//! One entry of the room's log, as it is kept.

use crate::name::Name;
use crate::text::Entry;
use alloc::boxed::Box;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One entry of the room's log, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Its place in the log: from 1, without holes.
    pub seq: u64,
    /// The server's time, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub kind: Kind,
    /// To whom, or by whom.
    pub name: Name,
    /// What was said; empty unless something was.
    pub text: Box<str>,
    /// Whose session said it.
    pub sender: Option<SessionId>,
    /// The id that the sender gave it.
    pub id: Option<Box<str>>,
}

impl Record {
    /// What happened.
    pub(crate) fn entry(&self) -> Entry<'_> {
        match self.kind {
            Kind::Joined => Entry::Joined(&self.name),
            Kind::Left => Entry::Left(&self.name),
            Kind::Said => Entry::Said(&self.name, &self.text),
        }
    }
}

/// What a [`Record`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Someone joined.
    Joined,
    /// Someone left.
    Left,
    /// Someone said something.
    Said,
}

/// Which session: a hash of its secret token. The token itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 32]);

impl fmt::Display for SessionId {
    /// In hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
