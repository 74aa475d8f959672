//! What an export says of what is before its first entry.

use super::line::{Head, Member, undigits};
use crate::store::LOBBY_ALONE;
use crate::store::rooms::{Directory, Rooms, Snapshot};
use crate::store::sum::checksum;
use chat_core::{Kind, Name, Record, RoomName, SessionId, State};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is before the first entry of an export.
pub(super) struct Before {
    pub(super) rooms: Rooms,
    pub(super) chain: u64,
    /// In version 1.
    pub(super) roster: Option<Roster>,
}

impl Before {
    pub(super) fn of(head: &Head) -> Option<Self> {
        if head.version > 1 {
            let bytes = undigits(&head.state)?;
            let chain = checksum(head.first, &bytes);
            let mut rooms = rooms_of(head.version, bytes, head.first)?;
            rooms.missing = head.missing;
            return Some(Self {
                chain,
                rooms,
                roster: None,
            });
        }
        let chain = u64::from_str_radix(&head.base, 16).ok()?;
        let mut state = State::default();
        let mut roster = Roster::default();
        for member in &head.roster {
            let record = member.joined()?;
            roster.apply(&record);
            state.fold(&record);
        }
        let is_possible = head.first > 1 || head.roster.is_empty();
        let rooms = rooms_of(LOBBY_ALONE, state.encode(), head.first)?;
        is_possible.then_some(Self {
            rooms,
            chain,
            roster: Some(roster),
        })
    }
}

/// The rooms that these bytes are in an export of this version, before an entry.
pub(super) fn rooms_of(version: u32, bytes: Vec<u8>, first: u64) -> Option<Rooms> {
    let directory = Directory::decode(Snapshot { version, bytes }, first).ok()?;
    Some(Rooms::new(Arc::new(directory)))
}

/// Who is in the room, as version 1 had it beside the entries, with a sum in the last line.
#[derive(Default)]
pub(super) struct Roster(BTreeMap<String, Vec<u8>>);

impl Roster {
    pub(super) fn apply(&mut self, record: &Record) {
        let name = record.name.as_str();
        let session = record.sender.map(|SessionId(bytes)| bytes.to_vec());
        match record.kind {
            Kind::Joined => drop(self.0.insert(name.into(), session.unwrap_or_default())),
            Kind::Left => drop(self.0.remove(name)),
            // Version 1 had no other kinds.
            _ => {}
        }
    }

    pub(super) fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, (name, session)| {
            let row = [name.as_bytes(), session].concat();
            sum.wrapping_add(checksum(name.len() as u64, &row))
        })
    }
}

impl Member {
    /// An entry by which it came.
    fn joined(&self) -> Option<Record> {
        Some(Record {
            room: RoomName::LOBBY,
            seq: 0,
            at: 0,
            kind: Kind::Joined,
            name: Name::parse(&self.name).ok()?,
            text: "".into(),
            sender: self.session.as_deref().map(str::parse).transpose().ok()?,
            id: None,
        })
    }
}
