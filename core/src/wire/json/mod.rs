//! The JSON dialect: what objects mean, in both directions (PROTOCOL.md, "The JSON dialect").

mod fault;
mod message;
mod request;

pub use message::{BanOf, DeviceOf, Entry, Message, OrderOf, RoomOf, WaitingOf};
pub use request::Request;

use crate::types::secret::Secret;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use serde::{Deserialize, Deserializer, Serialize};

/// The version of the dialect that is spoken here.
pub const VERSION: u32 = 1;

/// The one room's name.
pub const ROOM: &str = "lobby";

/// The longest id that a sender may give, in bytes.
pub const MAX_ID: usize = 64;

/// The most bytes of an id that come back with an error, where it is longer than an id may be.
pub const MAX_GIVEN: usize = 1024;

/// The most entries in one page of history.
pub const MAX_PAGE: u64 = 1000;

/// The object after `JOIN` in the first line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello<'a> {
    /// The version spoken; [`VERSION`] where none is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The name asked for.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// The secret token of a session, to go on with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Secret<Cow<'a, str>>>,
    /// The secret token of a device: the name asked for belongs to whoever has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Secret<Cow<'a, str>>>,
    /// The number of the last entry known, to be sent what came after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Which log that is a number of.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Cow<'a, str>>,
    /// Where nothing is known: how many of the newest entries to be sent first, at most [`MAX_PAGE`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<u64>,
    /// For each other room that the client knows, the last entry known, to be sent what came after it: at most
    /// [`MAX_ROOMS`](crate::MAX_ROOMS) less one. Whoever is not in one of them is in it then.
    #[serde(
        borrow,
        default,
        deserialize_with = "or_none",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub rooms: BTreeMap<Cow<'a, str>, Known<'a>>,
    /// To be sent what happens without being in the room: nobody is told, and nothing may be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// Which room that is of; the lobby where none is said.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Cow<'a, str>>,
}

/// `null` is as good as nothing (PROTOCOL.md, "Exactly").
fn or_none<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// How far a client knows a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known<'a> {
    /// The number of the last entry known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Of which log.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Cow<'a, str>>,
    /// Where nothing is known: how many of the newest entries to be sent first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<u64>,
}

impl<'a> Hello<'a> {
    /// The object after `JOIN`.
    ///
    /// # Errors
    /// When it is not understood, and why: a clause for people, which quotes no text of it.
    pub fn decode(object: &'a str) -> Result<Self, String> {
        serde_json::from_str(object).map_err(|error| fault::of_hello(object, &error))
    }

    /// Whether a text looks like a token that a server gave out.
    pub fn is_token(text: &str) -> bool {
        text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}

/// How the server's disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskState {
    /// It is full: nothing can be said, and nobody can join.
    Full,
    /// It has room again.
    Room,
    /// It does not answer: what is said waits for it.
    Waits,
    /// It answers again.
    Answers,
    /// In a way that is not known here.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// Why entries do not follow the one that a client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Those between are not held any more.
    NotHeld,
    /// Those between cannot be read.
    Unreadable,
    /// The client knows of later entries than there are: the log has lost its end, and goes on from
    /// an earlier one with the same numbers.
    Ahead,
    /// The client knows another log, whose numbers mean nothing here.
    OtherLog,
    /// For a reason that is not known here.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// Why something was not done, or why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A line is no object of a known shape.
    BadRequest,
    /// An object's type is not known.
    UnknownType,
    /// A line is not UTF-8.
    NotUtf8,
    /// A line or a text is too long.
    TooLong,
    /// A text has nothing to say in it.
    Blank,
    /// An id is empty, too long, or has a character that may not be said.
    BadId,
    /// The session has given this id to another text.
    IdReused,
    /// The last line did not end.
    Unterminated,
    /// Something was said by a connection that reads.
    ReadOnly,
    /// The name asked for is taken.
    NameTaken,
    /// The name asked for belongs to somebody, or one does that it is taken for.
    NameClaimed,
    /// The name asked for is not one, or one that nobody may have; or it goes with a port and is to be claimed.
    BadName,
    /// The name that the connection has does not belong to whoever asks.
    NotClaimed,
    /// A password is too short, or too long.
    BadPassword,
    /// It is not the password of a name, or nobody has claimed that name.
    WrongPassword,
    /// Passwords are not taken on this connection, as others can read along.
    NotPrivate,
    /// Too many passwords were tried in too short a time.
    TooManyGuesses,
    /// As many names belong to somebody as may.
    TooManyAccounts,
    /// What a device is called is too long, or cannot be shown.
    BadLabel,
    /// The token of a device does not open the name asked for, or not any more.
    WrongDevice,
    /// There is no device of that number.
    NoDevice,
    /// Too much of this kind is under way; it is worth while to try again soon.
    Busy,
    /// Whoever asks has no right to it, or not to do it to that one.
    NotAllowed,
    /// They are kept out, or whoever has the name they want is.
    Banned,
    /// The room is private, and they are not invited.
    NotInvited,
    /// The room is closed.
    Closed,
    /// There is no such entry, or none that has a text which could be removed.
    NoEntry,
    /// They are to be silent.
    Muted,
    /// They are to wait between two lines.
    TooSoon,
    /// As much of the kind is in force as may be.
    TooManyOrders,
    /// Nobody here has the name, or they have no connection at the moment.
    NotHere,
    /// Too much is waiting already for whoever was written to.
    ReadsSlowly,
    /// As much is kept already for whoever was written to, and is not here, as may be.
    InboxFull,
    /// It is so already.
    Unchanged,
    /// The room asked for has a name that no room has, or none that is there to be read.
    BadRoom,
    /// The connection is not in the room.
    NotInRoom,
    /// It is the only room that the connection is in.
    LastRoom,
    /// There are as many rooms as there may be, or the connection is in as many as it may be.
    TooManyRooms,
    /// The first line is no object of a known shape.
    BadHello,
    /// The version asked for is not spoken here.
    BadVersion,
    /// Something that does not look like a token came in its place.
    BadSession,
    /// The session has a newer connection.
    Replaced,
    /// An operator has it go.
    Kicked,
    /// More waits for the connection than is allowed.
    TooFarBehind,
    /// There are as many connections as are allowed.
    Full,
    /// Too many have joined from the same host in too short a time.
    TooManyJoins,
    /// Too many tokens that no session has have come from the same host in too short a time.
    TooManyTokens,
    /// The server stops.
    ShuttingDown,
    /// The server stops, for what is said cannot be kept any more.
    NotKept,
    /// There is no room on the server's disk.
    DiskFull,
    /// For a reason that is not known here.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// An object as a line, its ending included.
fn to_line(object: &impl Serialize) -> String {
    // Numbers, strings and lists of these: nothing in it can fail.
    let mut line = serde_json::to_string(object).unwrap_or_default();
    line.push('\n');
    line
}
