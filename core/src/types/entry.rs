//! Entries: what happens in a room, as it is decided, and as it is kept.

use crate::types::device::{Device, number_of};
use crate::types::hex::{from_hex, to_hex};
use crate::types::name::Name;
use crate::types::order::Order;
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::types::verifier::Verifier;
use crate::types::waiting::{Waiting, parse_read};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// One entry of a room's log, as it is kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// The room in which it happened.
    pub room: RoomName,
    /// Its place in the room's log: from 1, without holes.
    pub seq: u64,
    /// The server's time, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub kind: Kind,
    /// To whom, or by whom.
    pub name: Name,
    /// What was said or done, the new name, the topic, what was ordered, what a password is verified with, or a device; empty
    /// where there is none of these.
    pub text: Box<str>,
    /// Whose session said it.
    pub sender: Option<SessionId>,
    /// The id that the sender gave it.
    pub id: Option<Box<str>>,
}

impl Record {
    /// Whether its text was removed ([`Order::Redact`]): what is said or done has one otherwise.
    pub fn is_redacted(&self) -> bool {
        is_redacted(self.kind, &self.text)
    }

    /// The number of the entry of its room whose text is gone by this one.
    pub fn redacts(&self) -> Option<u64> {
        match self.entry().change() {
            Change::Orders(_, Order::Redact(seq, _)) => Some(seq),
            _ => None,
        }
    }

    /// What happened.
    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry {
            kind: self.kind,
            name: Cow::Borrowed(&self.name),
            text: &self.text,
            sender: self.sender,
            id: self.id.as_deref(),
        }
    }
}

impl fmt::Debug for Record {
    /// What a password is verified with is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Record");
        shown.field("room", &self.room).field("seq", &self.seq);
        shown.field("at", &self.at).field("kind", &self.kind);
        shown.field("name", &self.name);
        show_text(&mut shown, self.kind, &self.text);
        shown.field("sender", &self.sender).field("id", &self.id);
        shown.finish()
    }
}

/// One thing that happens in the room, before it has a number and a time.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What happens.
    pub kind: Kind,
    /// To whom, or by whom.
    pub name: Cow<'a, Name>,
    /// What is said or done, the new name, the topic, what is ordered, what a password is verified with, or a device; empty
    /// where there is none of these.
    pub text: &'a str,
    /// The session that somebody joins in, or that says something with an id.
    pub sender: Option<SessionId>,
    /// The id that the sender gives it.
    pub id: Option<&'a str>,
}

impl fmt::Debug for Entry<'_> {
    /// What a password is verified with is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Entry");
        shown.field("kind", &self.kind).field("name", &self.name);
        show_text(&mut shown, self.kind, self.text);
        shown.field("sender", &self.sender).field("id", &self.id);
        shown.finish()
    }
}

/// Shows the text of an entry of a kind, unless it is what a password, or the token of a device, is verified with.
fn show_text(shown: &mut fmt::DebugStruct<'_, '_>, kind: Kind, text: &str) {
    if matches!(kind, Kind::Claimed | Kind::Device) {
        shown.field("text", &Secret(()));
    } else {
        shown.field("text", &text);
    }
}

impl<'a> Entry<'a> {
    /// Somebody joins, in a session if they have one.
    pub fn joined(name: Cow<'a, Name>, sender: Option<SessionId>) -> Self {
        Self {
            kind: Kind::Joined,
            name,
            text: "",
            sender,
            id: None,
        }
    }

    /// Somebody leaves.
    pub fn left(name: &'a Name) -> Self {
        Self {
            kind: Kind::Left,
            name: Cow::Borrowed(name),
            text: "",
            sender: None,
            id: None,
        }
    }

    /// Somebody says something.
    pub fn said(name: &'a Name, text: &'a str) -> Self {
        Self::of(Kind::Said, name, text)
    }

    /// An entry of a kind that has a text.
    pub(crate) fn of(kind: Kind, name: &'a Name, text: &'a str) -> Self {
        Self {
            kind,
            name: Cow::Borrowed(name),
            text,
            sender: None,
            id: None,
        }
    }

    /// Its text as everyone is shown it.
    pub(crate) fn shown(&self) -> Cow<'a, str> {
        shown(self.kind, self.text)
    }

    /// What it changes in the state of the room.
    #[inline]
    pub(crate) fn change(&self) -> Change<'_> {
        // Most entries are of these kinds, and are told here, without a call.
        match self.kind {
            Kind::Said | Kind::Acted => Change::Nothing,
            _ => self.changed(),
        }
    }

    /// What an entry changes that is neither said nor done.
    fn changed(&self) -> Change<'_> {
        match self.kind {
            Kind::Joined => Change::Enters(&self.name, self.sender),
            Kind::Left => Change::Leaves(&self.name),
            // A new name is one where it was decided; what a log says besides changes nothing.
            Kind::Renamed => Name::parse(self.text)
                .map_or(Change::Nothing, |name| Change::Renames(&self.name, name)),
            Kind::Topic => Change::Topic(&self.name, self.text),
            // So it is with what passwords are verified with.
            Kind::Claimed => Verifier::parse(self.text)
                .map_or(Change::Nothing, |it| Change::Claims(&self.name, it)),
            Kind::Unclaimed => Change::Unclaims(&self.name),
            Kind::Device => {
                Device::parse(self.text).map_or(Change::Nothing, |it| Change::Uses(&self.name, it))
            }
            Kind::DeviceEnded => {
                number_of(self.text).map_or(Change::Nothing, |it| Change::Ends(&self.name, it))
            }
            Kind::Waits => Waiting::parse(self.text)
                .map_or(Change::Nothing, |it| Change::Waits(&self.name, it)),
            Kind::Read => parse_read(self.text).map_or(Change::Nothing, |(with, seq)| {
                Change::Reads(&self.name, with, seq)
            }),
            // And with orders.
            Kind::Order => {
                Order::parse(self.text).map_or(Change::Nothing, |it| Change::Orders(&self.name, it))
            }
            Kind::Said | Kind::Acted => Change::Nothing,
        }
    }
}

/// Whether the text of an entry was removed.
pub(crate) fn is_redacted(kind: Kind, text: &str) -> bool {
    text.is_empty() && matches!(kind, Kind::Said | Kind::Acted)
}

/// What is shown in place of a text that was removed.
pub(crate) const REDACTED: &str = "(removed)";

/// The text of an entry of a kind as everyone is shown it: of an order, the words for it.
pub(crate) fn shown(kind: Kind, text: &str) -> Cow<'_, str> {
    match kind {
        Kind::Order => Order::parse(text)
            .map_or_else(String::new, |it| it.words())
            .into(),
        _ if is_redacted(kind, text) => REDACTED.into(),
        _ => text.into(),
    }
}

/// What an entry changes in the state of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    /// Somebody is in it from now on, in a session if they have one.
    Enters(&'a Name, Option<SessionId>),
    /// Somebody is not in it any more.
    Leaves(&'a Name),
    /// Somebody has another name.
    Renames(&'a Name, Name),
    /// Somebody says what the room is about; nothing, where it is empty.
    Topic(&'a Name, &'a str),
    /// Somebody has made a name their own, or has another password.
    Claims(&'a Name, Verifier),
    /// A name is nobody's own any more.
    Unclaims(&'a Name),
    /// Somebody comes back to their name with a device, or may from now on.
    Uses(&'a Name, Device),
    /// The device of this number is of no use any more.
    Ends(&'a Name, u32),
    /// Something that was said to somebody alone waits for them.
    Waits(&'a Name, Waiting),
    /// Somebody has read what whoever has had their name since this entry said to them alone, up to this number.
    Reads(&'a Name, u64, u64),
    /// Somebody orders something.
    Orders(&'a Name, Order<'a>),
    /// It is as it was before.
    Nothing,
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
    /// Someone did something (`/me`).
    Acted,
    /// Someone has another name: the text.
    Renamed,
    /// Someone said what the room is about: the text; nothing any more, where it is empty.
    Topic,
    /// Someone made their name their own, or took another password: the text is what that is verified with. It is in
    /// the log of the accounts alone.
    Claimed,
    /// Someone's name is not their own any more; also there.
    Unclaimed,
    /// Someone may come back to their name with a device, or has done so: the text is what is kept of the device. Also there.
    Device,
    /// A device is of no use any more: the text is its number. Also there.
    DeviceEnded,
    /// Someone ordered something, by a right that they have in the room: the text says what.
    Order,
    /// Something that was said to someone alone waits for them: the text says what. In the log of the accounts alone.
    Waits,
    /// Someone has read what waited for them: the text says up to where. Also there.
    Read,
}

impl Kind {
    /// All kinds, by the number that a store may write for each.
    pub const ALL: [Self; 13] = [
        Self::Joined,
        Self::Left,
        Self::Said,
        Self::Acted,
        Self::Renamed,
        Self::Topic,
        Self::Claimed,
        Self::Unclaimed,
        Self::Device,
        Self::DeviceEnded,
        Self::Order,
        Self::Waits,
        Self::Read,
    ];

    /// Its name, as programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Said => "said",
            Self::Acted => "acted",
            Self::Renamed => "renamed",
            Self::Topic => "topic",
            Self::Claimed => "claimed",
            Self::Unclaimed => "unclaimed",
            Self::Device => "device",
            Self::DeviceEnded => "device_ended",
            Self::Order => "order",
            Self::Waits => "waits",
            Self::Read => "read",
        }
    }

    /// Whether an entry of this kind has a text, be it empty.
    pub fn has_text(self) -> bool {
        !matches!(self, Self::Joined | Self::Left | Self::Unclaimed)
    }
}

/// Which session: a hash of its secret token. The token itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 32]);

impl fmt::Display for SessionId {
    /// In hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(self.0))
    }
}

impl FromStr for SessionId {
    type Err = ();

    /// From what `Display` writes.
    fn from_str(digits: &str) -> Result<Self, ()> {
        from_hex(digits).map(Self).ok_or(())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
