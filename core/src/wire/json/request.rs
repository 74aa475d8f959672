//! What a client sends.

use super::{Code, fault, to_line};
use crate::types::entry::Kind;
use crate::types::limits::{MAX_ACTION, MAX_LINE};
use crate::types::order::OrderKind;
use crate::types::secret::Secret;
use crate::wire::printable::is_blank;
use alloc::borrow::Cow;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// What a client sends, one object to a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request<'a> {
    /// Say this.
    Say {
        /// In which room; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The text: one line, not blank, at most [`MAX_LINE`] bytes.
        #[serde(borrow)]
        text: Cow<'a, str>,
        /// An id of 1 to [`MAX_ID`](super::MAX_ID) bytes that this session gives nothing else.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// It is something done: `/me`.
        #[serde(
            default,
            deserialize_with = "super::or_none",
            skip_serializing_if = "core::ops::Not::not"
        )]
        me: bool,
    },
    /// Have another name.
    Nick {
        /// The name.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Say what the room is about, or ask.
    Topic {
        /// In which room; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// What it is about; nothing any more, where it is empty. Without it, it is a question.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        text: Option<Cow<'a, str>>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Say something to one person alone.
    Msg {
        /// Their name; without it, whoever wrote last to this connection's person alone.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        to: Option<Cow<'a, str>>,
        /// The text: one line, not blank, at most [`MAX_PRIVATE`](crate::MAX_PRIVATE) bytes.
        #[serde(borrow)]
        text: Cow<'a, str>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Be sent what was said to one alone, and waits.
    Inbox {
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// What somebody said to one alone has been shown, and does not wait any more.
    Read {
        /// Who said it.
        #[serde(borrow)]
        with: Cow<'a, str>,
        /// The number of the last of it.
        seq: u64,
    },
    /// Be away, or back.
    Away {
        /// Why; without it, one is back.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        text: Option<Cow<'a, str>>,
    },
    /// Tell of somebody.
    Whois {
        /// Their name.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// What they are in which room; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// Comes back with an error.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// A page of the log: what is behind a position, or the newest before one.
    History {
        /// In which room; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// Not of a room, but of what one and whoever has this name have said to each other alone.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        with: Option<Cow<'a, str>>,
        /// Entries after this number, the oldest first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Entries before this number, the newest of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// How many, at most [`MAX_PAGE`](super::MAX_PAGE); 100 where it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// List who is in a room.
    Who {
        /// Which; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
    },
    /// Be in one room more.
    Join {
        /// Which.
        #[serde(borrow)]
        room: Cow<'a, str>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// As in [`Hello::after`](super::Hello::after).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// As in [`Hello::epoch`](super::Hello::epoch).
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        epoch: Option<Cow<'a, str>>,
        /// As in [`Hello::history`](super::Hello::history).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<u64>,
    },
    /// Be in one room fewer.
    Part {
        /// Which.
        #[serde(borrow)]
        room: Cow<'a, str>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Make one's name one's own.
    Claim {
        /// With this password: [`MIN_PASSWORD`](crate::MIN_PASSWORD) to [`MAX_PASSWORD`](crate::MAX_PASSWORD) bytes.
        password: Secret<Cow<'a, str>>,
        /// To be given a token for a device that is called this, in [`MAX_LABEL`](crate::MAX_LABEL) bytes; may be empty.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        device: Option<Cow<'a, str>>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Have the name that is one's own.
    Login {
        /// The name.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// Its password.
        password: Secret<Cow<'a, str>>,
        /// As for [`Request::Claim`].
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        device: Option<Cow<'a, str>>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Have another password for the name that is one's own.
    Passwd {
        /// As for [`Request::Claim`].
        password: Secret<Cow<'a, str>>,
        /// As for [`Request::Claim`].
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        device: Option<Cow<'a, str>>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Have one's name be nobody's own.
    Unclaim {
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// List the devices that come back to one's own name.
    Devices {
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Order something in a room.
    Order {
        /// In which room; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// What.
        #[serde(rename = "do")]
        kind: OrderKind,
        /// To whom: a name; for a ban, an address or a network as well.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        whom: Option<Cow<'a, str>>,
        /// For how many seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_s: Option<u64>,
        /// Why.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        reason: Option<Cow<'a, str>>,
        /// Whether the room is private.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<bool>,
        /// How many seconds are between two lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        /// The number of an entry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Have one of them do so no more.
    Revoke {
        /// Its number.
        device: u32,
        /// Comes back with the answer.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// List who is kept out of a room.
    Bans {
        /// Of which room; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// Comes back with an error.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// List the rooms.
    Rooms,
    /// Answer with the number of the last entry.
    Ping,
    /// Leave the room: the session is over.
    Leave,
    /// Of no type that is known.
    #[serde(other, skip_serializing)]
    Unknown,
}

impl<'a> Request<'a> {
    /// What a line asks for.
    ///
    /// # Errors
    /// When it is no request, and why: a clause for people, which quotes no text of it.
    pub(crate) fn decode(line: &'a str) -> Result<Self, String> {
        serde_json::from_str(line).map_err(|error| fault::of_request(line, &error))
    }
}

impl Request<'_> {
    /// The object as a line, its ending included.
    pub(crate) fn to_line(&self) -> String {
        to_line(self)
    }

    /// Whether it is of somebody who is in the room, and not of a reader; what is said is looked at first.
    pub(crate) fn is_of_members(&self) -> bool {
        matches!(
            self,
            Self::Nick { .. }
                | Self::Topic { text: Some(_), .. }
                | Self::Msg { .. }
                | Self::Inbox { .. }
                | Self::Read { .. }
                | Self::History { with: Some(_), .. }
                | Self::Join { .. }
                | Self::Part { .. }
                | Self::Claim { .. }
                | Self::Login { .. }
                | Self::Passwd { .. }
                | Self::Unclaim { .. }
                | Self::Devices { .. }
                | Self::Revoke { .. }
                | Self::Away { .. }
                | Self::Order { .. }
                | Self::Bans { .. }
        )
    }

    /// The longest text of an entry of a kind, in bytes.
    pub(crate) fn longest(kind: Kind) -> usize {
        if kind == Kind::Acted {
            MAX_ACTION
        } else {
            MAX_LINE
        }
    }

    /// Whether a text may be said, or done.
    pub(crate) fn is_sayable(kind: Kind, text: &str) -> Result<(), Code> {
        if is_blank(text) {
            Err(Code::Blank)
        } else if text.len() > Self::longest(kind) {
            Err(Code::TooLong)
        } else {
            Ok(())
        }
    }
}
