//! What a connection waits for before anything more that it sends is handled: an answer of the store, or its rooms.

use super::io::Action;
use super::talk::Pair;
use crate::room::RoomId;
use crate::types::conn_id::ConnId;
use crate::types::entry::{Kind, SessionId};
use crate::types::name::Name;
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::types::verifier::SALT;
use crate::wire::json::{Hello, Known};
use alloc::boxed::Box;

/// What a connection waits for while the store is asked, or a password hashed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asking {
    /// What was said with an id, and may have been said before.
    Said(Said),
    /// A room that it is to be in.
    Room {
        name: RoomName,
        from: From,
        given: Option<Box<str>>,
        /// How many rooms had been let go of when the store was asked.
        let_go: u64,
    },
    /// What is to be done with a password.
    Password(Password),
    /// Something in what two owners of names say to each other alone.
    Conversation {
        pair: Pair,
        wanted: Wanted,
        /// It is first looked for what this session has said with the same id.
        find: Option<SessionId>,
        /// How many rooms had been let go of when the store was asked.
        let_go: u64,
    },
    /// An entry whose text is to be gone.
    Redact(Redacted),
}

/// What is to be done in what two owners of names say to each other alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// To say this.
    Say {
        text: Secret<Box<str>>,
        given: Option<Box<str>>,
    },
    /// To be sent a page.
    Page {
        after: Option<u64>,
        before: Option<u64>,
        limit: u64,
        given: Option<Box<str>>,
    },
    /// To be sent what the other one has said, of the entries after one up to another.
    Inbox { after: u64, last: u64 },
}

impl Wanted {
    pub(super) fn says(&self) -> bool {
        matches!(self, Self::Say { .. })
    }

    /// What comes back with the answer.
    pub(super) fn given(&self) -> Option<&str> {
        match self {
            Self::Say { given, .. } | Self::Page { given, .. } => given.as_deref(),
            Self::Inbox { .. } => None,
        }
    }
}

/// An entry whose text is to be gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Redacted {
    pub(super) room: RoomId,
    /// The room's name.
    pub(super) name: RoomName,
    pub(super) seq: u64,
    pub(super) given: Option<Box<str>>,
    /// How often that had been done when the store was asked.
    pub(super) done: u64,
}

/// A password that is to be hashed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Password {
    pub(super) purpose: Purpose,
    pub(super) text: Secret<Box<str>>,
    /// What a device is called that is to be given a token.
    pub(super) device: Option<Box<str>>,
    pub(super) given: Option<Box<str>>,
}

/// What comes with a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Besides<'a> {
    /// What a device is called that is to be given a token.
    pub(super) device: Option<&'a str>,
    /// What comes back with the answer.
    pub(super) given: Option<&'a str>,
}

/// What a password is sent for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// To make one's name one's own.
    Claim,
    /// To have another password from now on.
    Change,
    /// To have one's own name; what its password was hashed with.
    LogIn(Name, Secret<[u8; SALT]>),
}

impl Password {
    pub(super) fn new(purpose: Purpose, text: &str, besides: Besides<'_>) -> Self {
        Self {
            purpose,
            text: Secret(text.into()),
            device: besides.device.map(Into::into),
            given: besides.given.map(Into::into),
        }
    }

    pub(super) fn besides(&self) -> Besides<'_> {
        Besides {
            device: self.device.as_deref(),
            given: self.given.as_deref(),
        }
    }
}

/// What was said with an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) room: RoomId,
    pub(super) kind: Kind,
    pub(super) session: SessionId,
    pub(super) text: Box<str>,
    pub(super) id: Box<str>,
}

impl Asking {
    /// Whether it is that.
    pub(super) fn is_to_redact(&self) -> bool {
        matches!(self, Self::Redact(_))
    }

    /// What is asked for outside.
    pub(super) fn action(&self, id: ConnId) -> Action {
        match self {
            Self::Said(said) => Action::Find(id, said.session, said.id.clone()),
            Self::Room { name, .. } => Action::Open(id, name.clone()),
            Self::Conversation {
                pair, wanted, find, ..
            } => match (find, wanted.given()) {
                (Some(session), Some(given)) => Action::Find(id, *session, given.into()),
                _ => Action::Open(id, pair.room.clone()),
            },
            Self::Redact(asked) => Action::Read(id, asked.name.clone(), asked.seq - 1, 1),
            Self::Password(Password { purpose, text, .. }) => {
                let salt = match purpose {
                    Purpose::LogIn(_, salt) => Some(*salt),
                    Purpose::Claim | Purpose::Change => None,
                };
                Action::Hash(id, text.clone(), salt)
            }
        }
    }
}

/// How far a client knows the room that it asks for; its own words, as they are kept while the store is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct From {
    pub(super) after: Option<u64>,
    pub(super) epoch: Option<Box<str>>,
    pub(super) history: Option<u64>,
}

/// What is still due to a connection, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Due {
    /// To be sent what happened in a room that it is in, and then what happens.
    Live(RoomId, From),
    /// To be in one room more; the id comes back with the answer.
    Join(RoomName, From, Option<Box<str>>),
    /// To be sent what waits of what somebody has said to its person alone: the entries after one up to another.
    Words(Pair, u64, u64),
    /// To be told that this was all, of so many messages; the id comes back with that.
    InboxSent(usize, Option<Box<str>>),
}

impl From {
    /// How far a client knows the lobby, or the room that it reads.
    pub(super) fn of_first_line(hello: &Hello<'_>) -> Self {
        Self {
            after: hello.after,
            epoch: hello.epoch.as_deref().map(Into::into),
            history: hello.history,
        }
    }

    pub(super) fn of(known: &Known<'_>, epoch: Option<&str>) -> Self {
        Self {
            after: known.after,
            epoch: known.epoch.as_deref().or(epoch).map(Into::into),
            history: known.history,
        }
    }
}
