//! All rooms of a log: the number of the last entry of each, and its state.
//!
//! What was so before the first entry of a segment, the segment says after its header: its directory. In memory,
//! the same bytes are kept, and beside them what has changed since: a room in which nobody is costs little more
//! than its name.
//!
//! A directory has the rooms in the order of their names. Of each: its name after the name's length in one byte, the
//! number of its last entry in eight, and its state after the state's length in four; one that is as that of a new
//! room has no bytes. Where there is the lobby alone, whose numbers are the offsets, a segment has the lobby's state
//! and no more.

use super::record::{self, Found, Malformed, Rest};
use super::{LOBBY_ALONE, VERSION};
use chat_core::{History, Record, RoomName, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a log has of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomHead {
    /// No entry before this one is held; one more than `last` where none is.
    pub first: u64,
    /// The number of its last entry, held or not; 0 if there never was one.
    pub last: u64,
    /// Its state after that.
    pub state: State,
}

impl RoomHead {
    /// It as a server goes on with it, with its newest entries.
    pub(crate) fn history(self, newest: Vec<Record>) -> History {
        History {
            first: self.first,
            last: self.last,
            newest,
            state: self.state,
        }
    }
}

/// All rooms before an offset, as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directory {
    bytes: Vec<u8>,
    /// Where each of them begins.
    starts: Vec<u32>,
}

/// One room of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    pub(super) name: &'a str,
    pub(super) last: u64,
    /// Nothing for that of a new room.
    state: &'a [u8],
}

/// A directory, or a state, as a segment has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The version of the format that has it.
    pub(super) version: u32,
    pub(super) bytes: Vec<u8>,
}

impl Directory {
    /// That which a segment with this first entry has.
    pub(super) fn decode(snapshot: Snapshot, first: u64) -> Result<Self, Malformed> {
        let Snapshot { version, bytes } = snapshot;
        let mut directory = Self::default();
        if version < VERSION {
            let state = State::decode(&bytes).ok_or(Malformed)?;
            let state = encoded(&state);
            if first > 1 || !state.is_empty() {
                directory.push(RoomName::LOBBY.as_str(), first - 1, &state);
            }
            return Ok(directory);
        }
        let mut rest = Rest(&bytes);
        let mut before = "";
        while !rest.0.is_empty() {
            let start = bytes.len() - rest.0.len();
            let listed = Listed::read(&mut rest)?;
            let is_name =
                RoomName::parse_kept(listed.name).is_ok_and(|it| it.as_str() == listed.name);
            if !is_name || listed.name <= before || listed.decode().is_none() {
                return Err(Malformed);
            }
            before = listed.name;
            let start = u32::try_from(start).map_err(|_| Malformed)?;
            directory.starts.push(start);
        }
        directory.bytes = bytes;
        Ok(directory)
    }

    fn push(&mut self, name: &str, last: u64, state: &[u8]) {
        // A segment is refused before it is so long.
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.starts.push(start);
        self.bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(last.to_le_bytes());
        let length = u32::try_from(state.len()).unwrap_or(u32::MAX);
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(state);
    }

    fn nth(&self, nth: usize) -> Option<Listed<'_>> {
        let start = usize::try_from(*self.starts.get(nth)?).ok()?;
        Listed::read(&mut Rest(self.bytes.get(start..)?)).ok()
    }

    /// All rooms, in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = Listed<'_>> {
        (0..self.starts.len()).filter_map(|nth| self.nth(nth))
    }

    /// What it has of a room.
    pub(super) fn get(&self, room: &RoomName) -> Option<Listed<'_>> {
        let name_at = |start: &u32| {
            let start = usize::try_from(*start).unwrap_or(usize::MAX);
            let listed = Listed::read(&mut Rest(self.bytes.get(start..).unwrap_or_default()));
            listed.map_or("", |it| it.name)
        };
        let found = self
            .starts
            .binary_search_by(|start| name_at(start).cmp(room.as_str()));
        self.nth(found.ok()?)
    }

    /// The number of the last entry of a room.
    pub(super) fn last(&self, room: &RoomName) -> u64 {
        self.get(room).map_or(0, |it| it.last)
    }

    /// It as a segment has it, before whose first entry so many are missing of which it is not known in which rooms
    /// they were.
    pub(super) fn snapshot(&self, first: u64, missing: u64) -> Snapshot {
        let lobby = self.get(&RoomName::LOBBY);
        let is_alone = self.starts.len() == usize::from(lobby.is_some());
        let last = lobby.map_or(0, |it| it.last);
        if is_alone && last.saturating_add(missing) >= first - 1 {
            let state = lobby.and_then(|it| it.decode()).unwrap_or_default();
            return Snapshot {
                version: LOBBY_ALONE,
                bytes: state.encode(),
            };
        }
        self.snapshot_of_rooms()
    }

    /// It as a segment has it that is to have entries of several rooms.
    pub(super) fn snapshot_of_rooms(&self) -> Snapshot {
        Snapshot {
            version: VERSION,
            bytes: self.bytes.clone(),
        }
    }
}

impl<'a> Listed<'a> {
    fn read(rest: &mut Rest<'a>) -> Result<Self, Malformed> {
        let [length] = rest.array()?;
        let name = rest.text(length.into())?;
        let last = rest.number()?;
        let length = usize::try_from(rest.number32()?).map_err(|_| Malformed)?;
        let state = rest.bytes(length)?;
        Ok(Self { name, last, state })
    }

    fn decode(&self) -> Option<State> {
        if self.state.is_empty() {
            Some(State::default())
        } else {
            State::decode(self.state)
        }
    }
}

/// A state in a directory.
fn encoded(state: &State) -> Vec<u8> {
    if *state == State::default() {
        Vec::new()
    } else {
        state.encode()
    }
}

/// One room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) last: u64,
    pub(super) state: State,
}

impl Room {
    /// What a directory has of it.
    fn listed(directory: &Directory, name: &RoomName) -> Self {
        let listed = directory.get(name);
        listed.map_or_else(Self::default, |it| Self {
            last: it.last,
            state: it.decode().unwrap_or_default(),
        })
    }
}

/// All rooms, as entries are appended.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms {
    /// As the active segment has it.
    base: Arc<Directory>,
    /// What has changed since, and all rooms in which somebody is.
    changed: BTreeMap<RoomName, Room>,
    /// Entries that are missing, and of which it is not known in which rooms they were: where one of a room is
    /// not the next, that explains it.
    pub(super) missing: u64,
}

impl Rooms {
    pub(super) fn new(base: Arc<Directory>) -> Self {
        let mut changed = BTreeMap::new();
        for listed in base.iter().filter(|it| !it.state.is_empty()) {
            let state = listed.decode().unwrap_or_default();
            if let Ok(name) = RoomName::parse_kept(listed.name)
                && state.has_members()
            {
                let last = listed.last;
                changed.insert(name, Room { last, state });
            }
        }
        Self {
            base,
            changed,
            missing: 0,
        }
    }

    /// Those after so many entries of which nothing is known.
    pub(super) fn unknown(missing: u64) -> Self {
        Self {
            missing,
            ..Self::default()
        }
    }

    /// These, where nothing waits for owners of names.
    pub(super) fn without_waiting(mut self) -> Self {
        let accounts = RoomName::accounts();
        let mut room = self.get(&accounts);
        if room.state.forget_waiting() {
            self.changed.insert(accounts, room);
        }
        self
    }

    /// The directory that the active segment has.
    pub(super) fn base(&self) -> &Arc<Directory> {
        &self.base
    }

    /// The number of the last entry of a room.
    pub(super) fn last(&self, room: &RoomName) -> u64 {
        let changed = self.changed.get(room).map(|it| it.last);
        changed.unwrap_or_else(|| self.base.last(room))
    }

    /// How many there are, the lobby among them.
    pub(super) fn count(&self) -> usize {
        let new = self.changed.keys().chain([&RoomName::LOBBY]);
        let new: BTreeSet<_> = new.filter(|it| self.base.get(it).is_none()).collect();
        self.base.starts.len() + new.len()
    }

    /// A room, as it is now.
    pub(super) fn get(&self, room: &RoomName) -> Room {
        match self.changed.get(room) {
            Some(room) => room.clone(),
            None => Room::listed(&self.base, room),
        }
    }

    /// The rooms in which somebody is.
    pub(super) fn with_people(&self) -> impl Iterator<Item = (&RoomName, &Room)> {
        let rooms = self.changed.iter();
        rooms.filter(|(_, room)| room.state.has_members())
    }

    fn change(&mut self, name: &RoomName) -> &mut Room {
        let base = &self.base;
        let changed = self.changed.entry(name.clone());
        changed.or_insert_with(|| Room::listed(base, name))
    }

    /// Takes note of the number of the next entry of a room. What it should have been, where it is another one and
    /// nothing that is missing explains it.
    pub(super) fn number(&mut self, room: &RoomName, seq: u64) -> Result<(), u64> {
        let missing = self.missing;
        let room = self.change(room);
        let expected = room.last + 1;
        let skipped = seq.checked_sub(expected);
        room.last = seq.max(room.last);
        match skipped.and_then(|skipped| missing.checked_sub(skipped)) {
            Some(left) => {
                self.missing = left;
                Ok(())
            }
            None => Err(expected),
        }
    }

    /// Takes note of the next entry; as [`number`](Self::number).
    pub(super) fn fold(&mut self, record: &Record) -> Result<(), u64> {
        let numbered = self.number(&record.room, record.seq);
        self.change(&record.room).state.fold(record);
        numbered
    }

    /// The same of one that was found; one that cannot be read changes nothing.
    pub(super) fn fold_found(&mut self, found: &Found<'_>) -> Result<(), u64> {
        if !record::is_more_than_said(found.body) {
            let read = record::room_of(found.offset, found.body);
            return read.map_or(Ok(()), |(room, seq)| self.number(&room, seq));
        }
        let record = record::decode(found.offset, found.body);
        record.map_or(Ok(()), |record| self.fold(&record))
    }

    /// All rooms as they are now, as a directory.
    pub(super) fn directory(&self) -> Directory {
        let mut directory = Directory::default();
        directory.bytes.reserve(self.base.bytes.len());
        directory.starts.reserve(self.base.starts.len());
        let mut changed = self.changed.iter().peekable();
        let put = |directory: &mut Directory, name: &RoomName, room: &Room| {
            let state = encoded(&room.state);
            if room.last > 0 || !state.is_empty() {
                directory.push(name.as_str(), room.last, &state);
            }
        };
        for listed in self.base.iter() {
            while let Some((name, room)) = changed.next_if(|(name, _)| name.as_str() < listed.name)
            {
                put(&mut directory, name, room);
            }
            match changed.next_if(|(name, _)| name.as_str() == listed.name) {
                Some((name, room)) => put(&mut directory, name, room),
                None => directory.push(listed.name, listed.last, listed.state),
            }
        }
        for (name, room) in changed {
            put(&mut directory, name, room);
        }
        directory
    }

    /// A segment has been begun that has this directory, which is that of all rooms as they are now.
    pub(super) fn rebase(&mut self, base: Arc<Directory>) {
        self.base = base;
        self.changed.retain(|_, room| room.state.has_members());
    }
}
