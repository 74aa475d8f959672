//! The JSON dialect: what objects mean, in both directions (PROTOCOL.md, "The JSON dialect").

mod hello;

use crate::types::entry::{Kind, Record, shown};
use crate::types::limits::{MAX_ACTION, MAX_LINE};
use crate::types::order::{Order, OrderKind};
use crate::types::secret::Secret;
use crate::wire::printable::is_blank;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use serde::{Deserialize, Serialize};

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
    #[serde(borrow, default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rooms: BTreeMap<Cow<'a, str>, Known<'a>>,
    /// To be sent what happens without being in the room: nobody is told, and nothing may be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
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
        serde_json::from_str(object).map_err(|error| hello::fault(object, &error))
    }

    /// Whether a text looks like a token that a server gave out.
    pub fn is_token(text: &str) -> bool {
        text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}

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
        /// An id of 1 to [`MAX_ID`] bytes that this session gives nothing else.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// It is something done: `/me`.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
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
        /// Comes back with an error.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// A page of the log: what is behind a position, or the newest before one.
    History {
        /// In which room; the lobby, where it is not said.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// Entries after this number, the oldest first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Entries before this number, the newest of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// How many, at most [`MAX_PAGE`]; 100 where it is not said.
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
        /// As in [`Hello::after`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// As in [`Hello::epoch`].
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        epoch: Option<Cow<'a, str>>,
        /// As in [`Hello::history`].
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

/// What a server sends, one object to a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message<'a> {
    /// The connection is in.
    Welcome {
        /// [`VERSION`].
        version: u32,
        /// [`ROOM`].
        #[serde(borrow)]
        room: Cow<'a, str>,
        /// The name given; empty for a reader, who has none.
        #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
        name: Cow<'a, str>,
        /// The session's secret token; empty for a reader, who has none.
        #[serde(default, skip_serializing_if = "is_empty")]
        session: Secret<Cow<'a, str>>,
        /// Which log it is.
        #[serde(borrow)]
        epoch: Cow<'a, str>,
        /// The number of the last entry.
        head: u64,
        /// The stay goes on: nobody was told of a leaving or a joining.
        resumed: bool,
        /// How long the stay goes on without a connection, in milliseconds.
        grace_ms: u64,
        /// How many are in the room, this one included; a reader is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        here: Option<u64>,
        /// The connection goes on outside of the lobby, in other rooms.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        outside: bool,
        /// The connection reads, and is not in the room.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        read: bool,
    },
    /// Something happened in the room.
    Entry(#[serde(borrow)] Entry<'a>),
    /// The same, in answer to [`Request::History`].
    Past(#[serde(borrow)] Entry<'a>),
    /// The connection is in a room from now on: after this come its entries, and no others before.
    In {
        /// Which room.
        #[serde(borrow)]
        room: Cow<'a, str>,
        /// Which log.
        #[serde(borrow)]
        epoch: Cow<'a, str>,
        /// The number of the last entry.
        head: u64,
        /// How many are in it, this one included.
        here: u64,
        /// The id that came with the request.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// The connection is not in a room any more: nothing of it comes after this.
    Out {
        /// Which room.
        #[serde(borrow)]
        room: Cow<'a, str>,
        /// The id that came with the request.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// Why, for programs, where nobody asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Code>,
        /// The same for people.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        text: Option<Cow<'a, str>>,
    },
    /// Who is kept out of a room, in answer to [`Request::Bans`].
    Bans {
        /// Which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The oldest first, as many as fit.
        #[serde(borrow)]
        bans: alloc::vec::Vec<BanOf<'a>>,
        /// How many more there are.
        more: usize,
    },
    /// Somebody invites this one to a room.
    Invited {
        /// Which.
        #[serde(borrow)]
        room: Cow<'a, str>,
        /// Who.
        #[serde(borrow)]
        by: Cow<'a, str>,
    },
    /// The addresses that an order is about, for those who may see them.
    Address {
        /// In which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The number of its entry.
        seq: u64,
        /// They.
        #[serde(borrow)]
        address: Cow<'a, str>,
    },
    /// The rooms that there are, in answer to [`Request::Rooms`].
    Rooms {
        /// Those in which somebody is, by name, as many as fit.
        rooms: alloc::vec::Vec<RoomOf<'a>>,
        /// How many more there are.
        more: usize,
    },
    /// A page of history ends here.
    Page {
        /// Which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The number of the oldest entry that can still be asked for.
        first: u64,
        /// The number of the last entry.
        head: u64,
    },
    /// What was sent with this id is in the log.
    Accepted {
        /// Which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The id.
        #[serde(borrow, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// The number of its entry.
        seq: u64,
    },
    /// A request was not carried out.
    Error {
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        #[serde(borrow)]
        text: Cow<'a, str>,
        /// The id that came with the request: a number as a string, and of what is longer than
        /// [`MAX_GIVEN`] bytes the beginning.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// When it may be sent again, in milliseconds, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// What was asked for is not what comes next.
    Gap {
        /// Which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The entry known before the gap.
        after: u64,
        /// The next entry that is sent: the first one after the gap.
        next: u64,
        /// Why; none where a server does not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<GapReason>,
    },
    /// Entries of a page that cannot be read.
    Missing {
        /// Which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The one before them.
        after: u64,
        /// The one after them.
        next: u64,
    },
    /// Who is in the room.
    Who {
        /// Which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// Their names, in order, as many as fit.
        names: alloc::vec::Vec<Cow<'a, str>>,
        /// How many more there are.
        more: usize,
    },
    /// What the room is about, in answer to [`Request::Topic`].
    Topic {
        /// Which room, where it is not the lobby.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// It; empty if nobody has said so.
        #[serde(borrow)]
        text: Cow<'a, str>,
        /// Who said so.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        by: Option<Cow<'a, str>>,
    },
    /// Something was said to one person alone. Whoever said it is sent it as well: that it has arrived.
    Private {
        /// Who said it.
        #[serde(borrow)]
        from: Cow<'a, str>,
        /// To whom.
        #[serde(borrow)]
        to: Cow<'a, str>,
        /// What.
        #[serde(borrow)]
        text: Cow<'a, str>,
        /// The server's time, in milliseconds since the Unix epoch.
        at: u64,
        /// The id that its sender gave it, for the sender alone.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Whoever was written to alone is away.
    Away {
        /// Who is away.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// Why; may be empty.
        #[serde(borrow)]
        text: Cow<'a, str>,
    },
    /// The answer to [`Request::Whois`].
    Whois {
        /// Who.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// For how long they have been here, in milliseconds.
        here_ms: u64,
        /// They have a connection at the moment.
        online: bool,
        /// Why they are away, if they are; may be empty.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        away: Option<Cow<'a, str>>,
    },
    /// What was asked for of an account is done.
    Account {
        /// The name that the connection has now.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// It belongs to whoever is told.
        claimed: bool,
        /// The secret token of a device, where one was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<Secret<Cow<'a, str>>>,
        /// The id that came with the request.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// The devices that come back to one's own name, in answer to [`Request::Devices`].
    Devices {
        /// The name.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// They, in the order of their numbers.
        devices: alloc::vec::Vec<DeviceOf<'a>>,
        /// The id that came with the request.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// One of them does so no more, in answer to [`Request::Revoke`].
    Revoked {
        /// Its number.
        device: u32,
        /// The id that came with the request.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// A notice that is no error.
    Notice {
        /// For people.
        #[serde(borrow)]
        text: Cow<'a, str>,
    },
    /// The answer to [`Request::Ping`].
    Pong {
        /// The number of the last entry.
        head: u64,
    },
    /// What the connection sends has waited for long, as it is more than its rate or its host's. It
    /// is read all the same.
    Slow {
        /// The same for people.
        #[serde(borrow)]
        text: Cow<'a, str>,
    },
    /// Those who look after the server have something to say to everyone. It is no entry.
    Announcement {
        /// What it is.
        #[serde(borrow)]
        text: Cow<'a, str>,
    },
    /// What the server's disk lets happen has changed.
    Disk {
        /// How it is now.
        state: DiskState,
        /// The same for people.
        #[serde(borrow)]
        text: Cow<'a, str>,
    },
    /// The last line before the server closes the connection for a reason of its own.
    Bye {
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        #[serde(borrow)]
        text: Cow<'a, str>,
        /// When to come back, in milliseconds; none if that is of no use.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
}

/// A room in a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomOf<'a> {
    /// Which.
    #[serde(borrow)]
    pub room: Cow<'a, str>,
    /// How many are in it.
    pub here: u64,
}

/// A device in a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceOf<'a> {
    /// Which of its owner's.
    pub number: u32,
    /// What its owner's client called it; may be empty.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub label: Cow<'a, str>,
    /// For how long it has been one, in milliseconds.
    pub age_ms: u64,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// Which room.
    #[serde(borrow)]
    pub room: Cow<'a, str>,
    /// Which log.
    #[serde(borrow)]
    pub epoch: Cow<'a, str>,
    /// Its number: from 1, without holes.
    pub seq: u64,
    /// The server's time, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub kind: Kind,
    /// To whom, or by whom.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// What was said or done, the new name, the topic, or an order in words.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Cow<'a, str>>,
    /// The id that its sender gave it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// What was ordered.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderOf<'a>>,
}

/// What was ordered, for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderOf<'a> {
    /// What.
    #[serde(rename = "do")]
    pub kind: OrderKind,
    /// To whom, by name.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<Cow<'a, str>>,
    /// For how many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<u32>,
    /// Why.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// Whether the room is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    /// How many seconds are between two lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u16>,
    /// For those who may see that: the addresses that it is about.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Cow<'a, str>>,
}

/// Who is kept out of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanOf<'a> {
    /// By which name.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<Cow<'a, str>>,
    /// By which addresses.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Cow<'a, str>>,
    /// Until when, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Who ordered it.
    #[serde(borrow)]
    pub by: Cow<'a, str>,
    /// Why.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
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
    /// It is so already.
    Unchanged,
    /// The room asked for has a name that no room has.
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

impl Request<'_> {
    /// The object as a line, its ending included.
    pub(crate) fn to_line(&self) -> String {
        // Numbers and strings: nothing in it can fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// Whether it is of somebody who is in the room, and not of a reader; what is said is looked at first.
    pub(crate) fn is_of_members(&self) -> bool {
        matches!(
            self,
            Self::Nick { .. }
                | Self::Topic { text: Some(_), .. }
                | Self::Msg { .. }
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

impl Message<'_> {
    /// The object as a line, its ending included.
    pub fn to_line(&self) -> String {
        // Numbers, strings and lists of strings: nothing in it can fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

impl<'a> Entry<'a> {
    /// An entry as it is kept, as it is sent.
    pub(crate) fn of(record: &'a Record, epoch: &'a str, shows_addresses: bool) -> Self {
        Self {
            room: record.room.as_str().into(),
            epoch: epoch.into(),
            seq: record.seq,
            at: record.at,
            kind: record.kind,
            name: record.name.as_str().into(),
            text: record
                .kind
                .has_text()
                .then(|| shown(record.kind, &record.text)),
            id: record.id.as_deref().map(Into::into),
            order: OrderOf::of(record.kind, &record.text, shows_addresses),
        }
    }
}

impl OrderOf<'_> {
    /// What an entry of a kind orders by its text, if it does.
    pub(crate) fn of(kind: Kind, text: &str, shows_addresses: bool) -> Option<OrderOf<'static>> {
        if kind != Kind::Order {
            return None;
        }
        let order = Order::parse(text)?;
        let reason = order.reason();
        let address = order.address().filter(|_| shows_addresses);
        Some(OrderOf {
            kind: order.kind(),
            whom: order.whom().map(|it| Cow::Owned(it.as_str().into())),
            for_s: order.time(),
            reason: (!reason.is_empty()).then(|| Cow::Owned(reason.into())),
            on: match order {
                Order::Private(is_on) => Some(is_on),
                _ => None,
            },
            seconds: match order {
                Order::Slow(seconds) => Some(seconds),
                _ => None,
            },
            address: address.map(|it| Cow::Owned(it.to_string())),
        })
    }
}

fn is_empty(token: &Secret<Cow<'_, str>>) -> bool {
    token.is_empty()
}
