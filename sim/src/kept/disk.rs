//! The disk: what is on it when the server dies is there when it starts again.

use super::people::People;
use super::shipped::{End, Shipped};
use crate::model::law::Law;
use chat_core::{History, Record, RoomName, SessionId};
use std::collections::BTreeMap;
use std::ops::Range;

/// The shipped store, and the list of all that it is to keep: what the store has, and what it answers, is held
/// against that list.
#[derive(Debug)]
pub(super) struct Disk {
    /// Every entry that was ever kept, of all rooms, in the order in which they happened.
    pub(super) all: Vec<Record>,
    /// Where in that list the entries of each room are.
    rooms: BTreeMap<RoomName, Vec<usize>>,
    /// Whether all of it was rightful.
    pub(super) law: Law,
    shipped: Shipped,
    /// The oldest one that still is, counted over all rooms, as far as anybody was told: after a restart older ones may
    /// be back.
    first: usize,
    /// How many are kept, if not all.
    keep: Option<usize>,
    /// Which entries cannot be read: those whose number is a multiple of this.
    unreadable: Option<u64>,
    under_way: Vec<Record>,
    /// It has room only for what has to be written: since so many milliseconds.
    pub(super) full_since: Option<u64>,
}

impl Disk {
    pub(super) fn new(seed: u64, keep: Option<usize>, unreadable: Option<u64>) -> Self {
        Self {
            all: Vec::new(),
            rooms: BTreeMap::new(),
            law: Law::default(),
            shipped: Shipped::new(seed, keep),
            first: 0,
            keep,
            unreadable,
            under_way: Vec::new(),
            full_since: None,
        }
    }

    /// The store makes its log.
    pub(super) fn make(&mut self) {
        self.shipped.make();
    }

    /// How often the store cut off zeros that it had written ahead.
    pub(super) fn cuts(&self) -> u64 {
        self.shipped.cuts()
    }

    /// The rooms in which something ever happened.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.keys().filter(|room| !room.is_accounts())
    }

    fn places(&self, room: &RoomName) -> &[usize] {
        self.rooms.get(room).map_or(&[], Vec::as_slice)
    }

    /// The number of the last entry of a room.
    pub(super) fn last(&self, room: &RoomName) -> u64 {
        self.places(room).len() as u64
    }

    /// The number of the oldest entry of a room that is still there.
    pub(super) fn first(&self, room: &RoomName) -> u64 {
        let places = self.places(room);
        1 + places.partition_point(|place| *place < self.first) as u64
    }

    /// An entry that was ever kept.
    pub(super) fn entry(&self, room: &RoomName, seq: u64) -> Option<&Record> {
        let nth = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.all.get(*self.places(room).get(nth)?)
    }

    /// The entries of a room, up to that one.
    pub(super) fn entries(&self, room: &RoomName, last: u64) -> impl Iterator<Item = &Record> {
        let most = usize::try_from(last).unwrap_or(usize::MAX);
        let places = self.places(room).iter().take(most);
        places.filter_map(|place| self.all.get(*place))
    }

    /// Who is in a room after that entry, and what it is about.
    pub(super) fn people(&self, room: &RoomName, last: u64) -> People {
        self.entries(room, last).collect()
    }

    /// The number of the last entry with which somebody of this name joined a room.
    pub(super) fn joining(&self, room: &RoomName, last: u64, name: &str) -> Option<u64> {
        let joined = self.entries(room, last).filter(|it| is_joining(it, name));
        joined.last().map(|it| it.seq)
    }

    /// Whether it keeps only the newest entries, and the ids of these.
    pub(super) fn forgets(&self) -> bool {
        self.keep.is_some()
    }

    /// Whether some of it cannot be read.
    pub(super) fn is_damaged(&self) -> bool {
        self.unreadable.is_some()
    }

    /// Begins to write, if it does not write already.
    pub(super) fn begin(&mut self, take: impl FnOnce(&mut Vec<Record>)) {
        if self.under_way.is_empty() {
            take(&mut self.under_way);
        }
    }

    /// What is being written.
    pub(super) fn under_way(&self) -> &[Record] {
        &self.under_way
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// What was to be written is; the first entry kept of the lobby.
    pub(super) fn finish(&mut self) -> u64 {
        self.shipped.append(&self.all, &self.under_way);
        self.is_written();
        if self.shipped.is_opened_again() {
            self.shipped.close(&self.all);
        }
        self.shipped.probe(&self.all);
        self.shipped.room(&self.all, &RoomName::LOBBY).first
    }

    fn is_written(&mut self) {
        for record in self.under_way.drain(..) {
            let places = self.rooms.entry(record.room.clone()).or_default();
            places.push(self.all.len());
            self.law.follow(&record);
            self.all.push(record);
        }
        let first = usize::try_from(self.shipped.first() - 1).unwrap_or(0);
        self.first = self.first.max(first);
    }

    /// The server, or the disk, dies meanwhile: all of it is written, or the first of it, or nothing.
    pub(super) fn die(&mut self, how: End) {
        self.shipped.end(how, &self.all, &mut self.under_way);
        self.is_written();
        self.law.restarts();
        self.shipped.check(&self.all);
    }

    /// The store is closed and opened once more.
    pub(super) fn close(&mut self) {
        self.shipped.close(&self.all);
    }

    /// The entries of a room after this one, unless one of them cannot be read.
    pub(super) fn read(&self, room: &RoomName, after: u64, most: usize) -> Option<Vec<Record>> {
        let read = self.shipped.read(&self.all, room, after, most);
        read.iter()
            .all(|it| self.is_readable(it.seq))
            .then_some(read)
    }

    fn is_readable(&self, seq: u64) -> bool {
        self.unreadable
            .is_none_or(|one_in| !seq.is_multiple_of(one_in))
    }

    /// Whether none of these entries of a room can be had from it any more.
    pub(super) fn is_gone(&self, room: &RoomName, mut entries: Range<u64>) -> bool {
        let first = self.first(room);
        entries.all(|seq| seq < first || !self.is_readable(seq))
    }

    pub(super) fn find(&self, session: SessionId, id: &str) -> Option<Record> {
        self.shipped.find(&self.all, session, id)
    }

    /// What a server goes on with that is started: the lobby, and the rooms in which somebody is.
    pub(super) fn restore(&self, newest: usize) -> Vec<(RoomName, History)> {
        let rooms = self.shipped.rooms_with_people(&self.all);
        let accounts = std::iter::once(RoomName::accounts());
        let restored = rooms.into_iter().chain(accounts).map(|room| {
            let history = self.history(&room, newest);
            (room, history)
        });
        restored.collect()
    }

    /// What a server goes on with in a room, with so many of the newest entries. As the shipped store reads them, they
    /// begin with the first one that can be read, and end before the next one that cannot.
    pub(super) fn history(&self, room: &RoomName, newest: usize) -> History {
        let head = self.shipped.room(&self.all, room);
        let after = head.last.saturating_sub(newest as u64);
        let read = self.shipped.read(&self.all, room, after, newest);
        let readable = read
            .into_iter()
            .skip_while(|it| !self.is_readable(it.seq))
            .take_while(|it| self.is_readable(it.seq));
        History {
            first: head.first,
            last: head.last,
            newest: readable.collect(),
            state: head.state,
        }
    }
}

fn is_joining(entry: &Record, name: &str) -> bool {
    entry.kind == chat_core::Kind::Joined && entry.name.as_str() == name
}
