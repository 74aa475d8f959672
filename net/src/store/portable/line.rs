//! The lines of an export, as they are written.

use chat_core::{Kind, Name, Record, RoomName};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

pub(super) const FORMAT: &str = "chat-log";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) epoch: String,
    pub(super) first: u64,
    /// The state of the room before the first entry, or the directory of the rooms, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) state: String,
    /// How many entries before the first one were lost, of which that may not know.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) missing: u64,
    /// In version 1: the chain's value before the first entry.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) base: String,
    /// In version 1: who was in the room before the first entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roster: Vec<Member>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Line {
    Entry(Entry),
    Missing(Missing),
    End(End),
}

impl Line {
    /// Says what is wrong with one as what it is to be, by a member that no other has.
    pub(super) fn decode(bytes: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        #[serde(expecting = "an object")]
        struct Members {
            missing: Option<IgnoredAny>,
            count: Option<IgnoredAny>,
        }
        let members: Members = serde_json::from_slice(bytes)?;
        if members.missing.is_some() {
            serde_json::from_slice(bytes).map(Self::Missing)
        } else if members.count.is_some() {
            serde_json::from_slice(bytes).map(Self::End)
        } else {
            serde_json::from_slice(bytes).map(Self::Entry)
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Where it is not the lobby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) room: Option<String>,
    pub(super) seq: u64,
    pub(super) at: u64,
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
}

/// Entries that are not there.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Missing {
    /// The first and the last of them.
    pub(super) missing: (u64, u64),
    /// The state of the room after them, or the directory of the rooms, in hexadecimal digits, where it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) state: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) count: u64,
    pub(super) chain: String,
    /// In version 1: the sum of who is in the room.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) roster: String,
    /// Whether this is all that the log held.
    pub(super) complete: bool,
    /// The last entry that the log ever had, where that is not the last one here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) head: Option<u64>,
    /// Whether there may have been others after that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_end_lost: bool,
}

impl From<Record> for Entry {
    fn from(record: Record) -> Self {
        Self {
            room: (!record.room.is_lobby()).then(|| record.room.as_str().into()),
            seq: record.seq,
            at: record.at,
            kind: record.kind.name().into(),
            name: record.name.as_str().into(),
            text: record.text.into(),
            sender: record.sender.map(|sender| sender.to_string()),
            id: record.id.map(Into::into),
        }
    }
}

impl TryFrom<Entry> for Record {
    /// The member that is none.
    type Error = &'static str;

    fn try_from(entry: Entry) -> Result<Self, &'static str> {
        let room = entry.room.as_deref().map(RoomName::parse_kept);
        let sender = entry.sender.as_deref().map(str::parse);
        Ok(Self {
            room: room.transpose().map_err(|_| "room")?.unwrap_or_default(),
            seq: entry.seq,
            at: entry.at,
            kind: Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == entry.kind)
                .ok_or("kind")?,
            name: Name::parse(&entry.name).map_err(|_| "name")?,
            text: entry.text.into(),
            sender: sender.transpose().map_err(|()| "sender")?,
            id: entry.id.map(Into::into),
        })
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // Serde gives one.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

pub(super) fn digits(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}"); // A string takes it all.
    }
    digits
}

pub(super) fn undigits(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}
