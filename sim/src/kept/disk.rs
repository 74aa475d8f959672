//! The disk: what is on it when the server dies is there when it starts again.

use crate::dice::Dice;
use chat_core::{History, Kind, Name, Record, SessionId};
use std::collections::BTreeMap;
use std::ops::Range;

/// A store on a disk that is written to as a whole, or not at all.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Every entry that was ever kept.
    pub(super) all: Vec<Record>,
    /// The oldest one that still is.
    first: u64,
    /// How many are kept, if not all.
    keep: Option<usize>,
    /// Which entries cannot be read: the multiples of this.
    unreadable: Option<u64>,
    under_way: Vec<Record>,
}

impl Disk {
    pub(super) fn new(keep: Option<usize>, unreadable: Option<u64>) -> Self {
        Self {
            first: 1,
            keep,
            unreadable,
            ..Self::default()
        }
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

    pub(super) fn is_busy(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// What was to be written is; the first entry kept.
    pub(super) fn finish(&mut self) -> u64 {
        self.all.append(&mut self.under_way);
        if let Some(keep) = self.keep {
            self.first = self
                .first
                .max((self.last() + 1).saturating_sub(keep as u64));
        }
        self.first
    }

    /// The server, or the disk, dies meanwhile: all of it is written, or nothing.
    pub(super) fn die(&mut self, dice: &mut Dice) {
        if dice.one_in(2) {
            self.under_way.clear();
        }
        self.finish();
    }

    /// An entry that was ever kept.
    pub(super) fn entry(&self, seq: u64) -> Option<&Record> {
        self.all.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    fn held(&self) -> &[Record] {
        &self.all[usize::try_from(self.first - 1).unwrap_or(0)..]
    }

    /// The entries after this one, unless one of them cannot be read.
    pub(super) fn read(&self, after: u64, most: usize) -> Option<Vec<Record>> {
        let held = self.held().iter().filter(|record| record.seq > after);
        let read: Vec<Record> = held.take(most).cloned().collect();
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

    pub(super) fn find(&self, session: SessionId, id: &str) -> Option<&Record> {
        let mut held = self.held().iter();
        held.find(|r| r.sender == Some(session) && r.id.as_deref() == Some(id))
    }

    /// What a server that is started goes on with.
    pub(super) fn history(&self, newest: usize) -> History {
        let held = self.held();
        let mut present: BTreeMap<Name, Option<SessionId>> = BTreeMap::new();
        for record in &self.all {
            match record.kind {
                Kind::Joined => drop(present.insert(record.name.clone(), record.sender)),
                Kind::Left => drop(present.remove(&record.name)),
                Kind::Said => {}
            }
        }
        History {
            first: self.first,
            last: self.last(),
            newest: held[held.len().saturating_sub(newest)..].to_vec(),
            present: present.into_iter().collect(),
        }
    }
}
