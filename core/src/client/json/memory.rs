//! What a client remembers from connection to connection, and, if it is kept, from run to run.

use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::wire::json::Request;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a client remembers of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Memory {
    /// The secret token of its session. Whoever has it can speak as this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Secret<String>>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which log it follows: that of the lobby.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The number of the last entry of the lobby that is where it can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// In which room its person is, or wants to be; the lobby, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// In which rooms besides the lobby its person is, or wants to be, where they may be in several at the same time.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub rooms: VecDeque<String>,
    /// How far it is in other rooms than the lobby: where it was last comes last.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub places: VecDeque<Place>,
    /// What was typed and is not accepted yet, in order.
    #[serde(default)]
    pub outbox: VecDeque<Unaccepted>,
    /// With what it comes back to names that belong to its person.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub devices: VecDeque<OwnDevice>,
    /// Whom its person ignores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Ignored>,
}

/// The device that a client is for a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OwnDevice {
    /// The name.
    pub name: String,
    /// The secret token. Whoever has it has the name.
    pub token: Secret<String>,
}

impl OwnDevice {
    /// Whether it is for this name: a server takes names for the same that differ in the case of letters of ASCII alone.
    pub(super) fn is_for(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Somebody of whom nothing is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ignored {
    /// The server's time when they were ignored, in milliseconds since the Unix epoch, as far as it was known.
    #[serde(default)]
    pub since: u64,
    /// The names that they had one after the other; the last one is that which they have now.
    pub names: VecDeque<Named>,
}

/// A name that somebody had for a while, by the server's time in milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// From when on.
    #[serde(default)]
    pub from: u64,
    /// Until when; none where they have it still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

impl Ignored {
    /// The name that they have now.
    pub(super) fn name(&self) -> Option<&str> {
        self.names.back().map(|last| &*last.name)
    }
}

/// How far a client is in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The room's name.
    pub room: String,
    /// Which log it follows there.
    pub epoch: String,
    /// The number of the last entry that is where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// A text that the server has not accepted yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unaccepted {
    /// The id it is sent with, however often.
    pub id: String,
    /// The text.
    pub text: String,
    /// It is something done: `/me`.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub me: bool,
    /// For which room it was typed; the lobby, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
}

/// A room as it is told to a server, and kept: of the lobby there is nothing to tell.
pub(super) fn told(room: &RoomName) -> Option<String> {
    (!room.is_lobby()).then(|| room.to_string())
}

impl Unaccepted {
    /// What it takes of the room that an outbox has, in bytes.
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.text.len() + self.room.as_ref().map_or(0, String::len)
    }

    /// The line that says it, its ending included.
    pub(super) fn to_line(&self) -> String {
        let say = Request::Say {
            room: self.room.as_deref().map(Into::into),
            text: (&*self.text).into(),
            id: Some((&*self.id).into()),
            me: self.me,
        };
        say.to_line()
    }
}
