//! What a server sends.

use super::{Code, DiskState, GapReason, to_line};
use crate::types::entry::{Kind, Record, shown};
use crate::types::order::{Order, OrderKind};
use crate::types::secret::Secret;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use serde::{Deserialize, Serialize};

/// What a server sends, one object to a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message<'a> {
    /// The connection is in.
    Welcome {
        /// [`VERSION`](super::VERSION).
        version: u32,
        /// [`ROOM`](super::ROOM).
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
    /// The same, in answer to [`Request::History`](super::Request::History).
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
    /// Who is kept out of a room, in answer to [`Request::Bans`](super::Request::Bans).
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
    /// The rooms that there are, in answer to [`Request::Rooms`](super::Request::Rooms).
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
        /// Not in a room, but in what this one and whoever has this name say to each other alone.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        with: Option<Cow<'a, str>>,
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
        /// Not in a room, but in what this one and whoever has this name say to each other alone.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        with: Option<Cow<'a, str>>,
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
        /// [`MAX_GIVEN`](super::MAX_GIVEN) bytes the beginning.
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
        /// Not in a room, but in what this one and whoever has this name say to each other alone.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        with: Option<Cow<'a, str>>,
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
    /// What the room is about, in answer to [`Request::Topic`](super::Request::Topic).
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
        /// Where it is kept: its number in what the two say to each other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        /// To the sender: its receiver is not here, and it waits for them. To the receiver: it has waited.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        waits: bool,
        /// It was said before, and is sent in answer to [`Request::Inbox`](super::Request::Inbox) or
        /// [`Request::History`](super::Request::History).
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        past: bool,
    },
    /// What was said to this one alone waits for it.
    Waiting {
        /// How many messages.
        count: usize,
        /// When the first of them was said, in milliseconds since the Unix epoch.
        since: u64,
        /// By whom, whoever was first at first.
        #[serde(borrow)]
        from: alloc::vec::Vec<WaitingOf<'a>>,
    },
    /// All that waited was sent, in answer to [`Request::Inbox`](super::Request::Inbox).
    Inbox {
        /// How many messages waited.
        count: usize,
        /// The id that came with the request.
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
    /// The answer to [`Request::Whois`](super::Request::Whois).
    Whois {
        /// Who.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// For how long they have been here, in milliseconds.
        here_ms: u64,
        /// They have a connection at the moment.
        online: bool,
        /// What they are in the room that was asked about, if they are more than others: `operator`, `owner` or `administrator`.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        role: Option<Cow<'a, str>>,
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
    /// The devices that come back to one's own name, in answer to [`Request::Devices`](super::Request::Devices).
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
    /// One of them does so no more, in answer to [`Request::Revoke`](super::Request::Revoke).
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
    /// The answer to [`Request::Ping`](super::Request::Ping).
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

/// What waits of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingOf<'a> {
    /// Who.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// How many messages.
    pub count: usize,
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
    /// What was said or done is not there any more: somebody has removed it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub redacted: bool,
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
    /// The number of the entry whose text is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
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

impl Message<'_> {
    /// The object as a line, its ending included.
    pub fn to_line(&self) -> String {
        to_line(self)
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
            text: (record.kind.has_text() && !record.is_redacted())
                .then(|| shown(record.kind, &record.text)),
            redacted: record.is_redacted(),
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
            seq: match order {
                Order::Redact(seq, _) => Some(seq),
                _ => None,
            },
            address: address.map(|it| Cow::Owned(it.to_string())),
        })
    }
}

fn is_empty(token: &Secret<Cow<'_, str>>) -> bool {
    token.is_empty()
}
