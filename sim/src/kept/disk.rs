//! The disk: what is on it when the server dies is there when it starts again.

use super::shipped::{End, Shipped};
use chat_core::{History, Record, SessionId};
use std::ops::Range;

/// The shipped store, and the list of all that it is to keep: what the store has, and what it answers, is held
/// against that list.
#[derive(Debug)]
pub(super) struct Disk {
    /// Every entry that was ever kept.
    pub(super) all: Vec<Record>,
    shipped: Shipped,
    /// The oldest one that still is, as far as anybody was told: after a restart older ones may be back.
    first: u64,
    /// How many are kept, if not all.
    keep: Option<usize>,
    /// Which entries cannot be read: the multiples of this.
    unreadable: Option<u64>,
    under_way: Vec<Record>,
    /// It has room only for what has to be written: since so many milliseconds.
    pub(super) full_since: Option<u64>,
}

impl Disk {
    pub(super) fn new(seed: u64, keep: Option<usize>, unreadable: Option<u64>) -> Self {
        Self {
            all: Vec::new(),
            shipped: Shipped::new(seed, keep),
            first: 1,
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

    /// The number of the last entry.
    pub(super) fn last(&self) -> u64 {
        self.all.len() as u64
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Whether it keeps only the newest entries, and the ids of these.
    pub(super) fn forgets(&self) -> bool {
        self.keep.is_some()
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

    /// What was to be written is; the first entry kept.
    pub(super) fn finish(&mut self) -> u64 {
        let first = self.shipped.append(&self.all, &self.under_way);
        self.all.append(&mut self.under_way);
        if self.shipped.is_opened_again() {
            self.shipped.close(&self.all);
        }
        self.shipped.probe(&self.all);
        self.first = self.first.max(first);
        first
    }

    /// The server, or the disk, dies meanwhile: all of it is written, or nothing.
    pub(super) fn die(&mut self, how: End) {
        self.shipped.end(how, &self.all, &mut self.under_way);
        self.all.append(&mut self.under_way);
        self.first = self.first.max(self.shipped.first());
        self.shipped.check(&self.all);
    }

    /// The store is closed and opened once more.
    pub(super) fn close(&mut self) {
        self.shipped.close(&self.all);
    }

    /// An entry that was ever kept.
    pub(super) fn entry(&self, seq: u64) -> Option<&Record> {
        self.all.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    /// The entries after this one, unless one of them cannot be read.
    pub(super) fn read(&self, after: u64, most: usize) -> Option<Vec<Record>> {
        let read = self.shipped.read(&self.all, after, most);
        read.iter()
            .all(|it| self.is_readable(it.seq))
            .then_some(read)
    }

    fn is_readable(&self, seq: u64) -> bool {
        self.unreadable
            .is_none_or(|one_in| !seq.is_multiple_of(one_in))
    }

    /// Whether none of these entries can be had from it any more.
    pub(super) fn is_gone(&self, mut entries: Range<u64>) -> bool {
        entries.all(|seq| seq < self.first || !self.is_readable(seq))
    }

    pub(super) fn find(&self, session: SessionId, id: &str) -> Option<Record> {
        self.shipped.find(&self.all, session, id)
    }

    /// What a server that is started goes on with.
    pub(super) fn history(&self, newest: usize) -> History {
        let after = self.last().saturating_sub(newest as u64);
        History {
            first: self.shipped.first(),
            last: self.last(),
            newest: self.shipped.read(&self.all, after, newest),
            state: self.shipped.state(),
        }
    }
}
