//! Where in a segment each entry is, which of them has an id, and which are of which room: as it is in memory.
//!
//! Of the rooms it has nothing where the segment has the lobby alone: its numbers are the offsets.

use super::error::Fault;
use super::record::{self, Found};
use super::rooms::Directory;
use super::segment::{Header, Opened};
use super::sum::Seed;
use super::walk::{Salvaged, Step, Walk};
use chat_core::{Record, RoomName};
use std::collections::HashMap;
use std::sync::Arc;

/// The places of a segment's entries, and their ids, in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Of the first entry of the segment and those after it; 0 where one cannot be read.
    pub(super) places: Vec<u32>,
    pub(super) ids: HashMap<u64, u32>,
    /// The last entry of which it is not known whether it has an id: it cannot be read.
    pub(super) unknown: Option<u32>,
    /// Where the segment may have entries of several rooms.
    pub(super) rooms: Option<Runs>,
}

/// The entries of each room.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// The rooms before the segment, unless that cannot be read.
    pub(super) before: Option<Arc<Directory>>,
    /// The number in the room of each entry that can be read, and its place.
    pub(super) of: HashMap<RoomName, Vec<(u64, u32)>>,
}

/// What a segment has of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// The number of the last entry before the segment, unless that cannot be read.
    pub(super) before: Option<u64>,
    /// How many the segment has.
    pub(super) count: u64,
    /// The number of its last one, if it has any and some were asked for.
    pub(super) last: Option<u64>,
    /// Some of them: their numbers and places.
    pub(super) entries: Vec<(u64, u32)>,
}

/// Which entries of a room are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Those from this number on.
    Seq(u64),
    /// Those from this place on.
    Place(u32),
}

impl Start {
    /// Whether an entry is before those.
    pub(super) fn is_after(self, (seq, place): (u64, u32)) -> bool {
        match self {
            Self::Seq(from) => seq < from,
            Self::Place(from) => place < from,
        }
    }
}

impl Runs {
    /// What the segment has of a room, and so many entries from one on.
    pub(super) fn run(&self, room: &RoomName, from: Start, limit: usize) -> Run {
        let all = self.of.get(room).map(Vec::as_slice).unwrap_or_default();
        let first = all.partition_point(|entry| from.is_after(*entry));
        let before = self.before.as_ref().map(|it| it.last(room));
        Run {
            before: before.or_else(|| all.first().map(|(seq, _)| seq - 1)),
            count: all.len() as u64,
            last: all.last().map(|(seq, _)| *seq),
            entries: all[first..].iter().take(limit).copied().collect(),
        }
    }
}

impl Table {
    /// That of a segment of which nothing was read yet; `before` are the rooms then.
    pub(super) fn new(header: &Header, before: Option<Arc<Directory>>) -> Self {
        let of = HashMap::new();
        Self {
            rooms: header.has_rooms().then_some(Runs { before, of }),
            ..Self::default()
        }
    }

    /// Whether it knows all that a file of it has to say: the rooms before the segment, and every entry. Whoever puts a
    /// damaged segment back as it was, or what is noted of texts that are gone, would be told otherwise by that file.
    pub(super) fn is_complete(&self) -> bool {
        let knows_rooms = (self.rooms.as_ref()).is_none_or(|rooms| rooms.before.is_some());
        knows_rooms && !self.places.contains(&0)
    }

    /// How many entries it knows of.
    pub(super) fn len(&self) -> u64 {
        self.places.len() as u64
    }

    /// The next entry is at this place, and is found by this key, if it has an id.
    fn push(&mut self, place: u64, key: Option<u64>) {
        if let Some(key) = key {
            let nth = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
            self.ids.insert(key, nth);
        }
        self.places.push(u32::try_from(place).unwrap_or(0));
    }

    /// The next entry, which was appended just now, is at this place.
    pub(super) fn push_record(&mut self, place: u64, record: &Record, seed: Seed) {
        let key = (record.sender.as_ref()).zip(record.id.as_deref());
        self.push(
            place,
            key.map(|(session, id)| record::key(seed, session, id)),
        );
        self.push_room(&record.room, record.seq, place);
    }

    /// An entry that was found is at this place; `first` is the first one of the segment, and those before it that
    /// were not found cannot be read.
    pub(super) fn push_found(&mut self, first: u64, place: u64, found: &Found<'_>, seed: Seed) {
        let before = usize::try_from(found.offset - first).unwrap_or(usize::MAX);
        self.places.resize(before, 0);
        self.push(place, record::key_of(seed, found.body));
        if self.rooms.is_some()
            && let Some((room, seq)) = record::room_of(found.offset, found.body)
        {
            self.push_room(&room, seq, place);
        }
    }

    fn push_room(&mut self, room: &RoomName, seq: u64, place: u64) {
        let Some(rooms) = &mut self.rooms else {
            return;
        };
        let place = u32::try_from(place).unwrap_or(0);
        match rooms.of.get_mut(room) {
            // One that is numbered otherwise is found by its offset alone.
            Some(run) if run.last().is_some_and(|(last, _)| *last >= seq) => {}
            Some(run) => run.push((seq, place)),
            None => drop(rooms.of.insert(room.clone(), vec![(seq, place)])),
        }
    }

    /// Made again from a segment, which may be damaged, up to this entry.
    pub(super) fn of(segment: &Opened, last: u64) -> Result<Self, Fault> {
        // Without that, the numbers of rooms are known from the segments before.
        let before = segment.directory().ok().map(Arc::new);
        let mut table = Self::new(&segment.header, before);
        let (first, seed) = (segment.header.first, segment.header.seed());
        let mut walk = Walk::new(segment)?;
        loop {
            let mut each = |place: u64, found: Found<'_>| {
                if found.offset <= last {
                    table.push_found(first, place, &found, seed);
                }
            };
            if walk.next > last {
                break;
            }
            let goes_on = match walk.step(&mut each)? {
                Step::Frame => true,
                Step::Nothing | Step::Broken(_) => walk.salvage(&mut each)? == Salvaged::UpToFrame,
            };
            if !goes_on {
                break;
            }
        }
        let count = usize::try_from(last + 1 - first).unwrap_or(usize::MAX);
        table.places.resize(count, 0);
        let unread = table.places.iter().rposition(|place| *place == 0);
        table.unknown = unread.map(|nth| u32::try_from(nth).unwrap_or(u32::MAX));
        Ok(table)
    }

    /// Adds what was known before of entries that cannot be read any more: all ids, and the last entry of which it
    /// was not known whether it has one.
    pub(super) fn add_lost(&mut self, ids: Vec<(u64, u32)>, unknown: Option<u32>) {
        for (key, nth) in ids {
            let place = usize::try_from(nth)
                .ok()
                .and_then(|nth| self.places.get(nth));
            if place == Some(&0) {
                let newest = self.ids.entry(key).or_insert(nth);
                *newest = nth.max(*newest);
            }
        }
        self.unknown = unknown;
    }

    /// Where so many entries are, the first of them the `nth` of the segment.
    pub(super) fn places(&self, nth: u64, count: usize) -> &[u32] {
        let nth = usize::try_from(nth).unwrap_or(usize::MAX);
        let rest = self.places.get(nth..).unwrap_or_default();
        &rest[..count.min(rest.len())]
    }
}
