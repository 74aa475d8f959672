//! What a client remembers from connection to connection, and, if it is kept, from run to run.

use crate::types::secret::Secret;
use crate::wire::json::Request;
use alloc::collections::VecDeque;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// What a client remembers of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Memory {
    /// The secret token of its session. Whoever has it can speak as this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Secret<String>>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which log it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The number of the last entry that is where it can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// What was typed and is not accepted yet, in order.
    #[serde(default)]
    pub outbox: VecDeque<Unaccepted>,
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
}

impl Unaccepted {
    /// What it takes of the room that an outbox has, in bytes.
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.text.len()
    }

    /// The line that says it, its ending included.
    pub(super) fn to_line(&self) -> String {
        let say = Request::Say {
            room: None,
            text: (&*self.text).into(),
            id: Some((&*self.id).into()),
            me: self.me,
        };
        // Two strings: nothing in it can fail.
        serde_json::to_string(&say).unwrap_or_default() + "\n"
    }
}
