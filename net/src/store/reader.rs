//! A log read by others while it is appended to.

use super::disk::Dir;
use super::error::{Fault, StoreError};
use super::head::{Head, Mark};
use super::index::{self, Index, Sidecar, Table, Unusable};
use super::record::{self, Seed};
use super::segment::Opened;
use chat_core::{Record, SessionId};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Reads what a [`Store`](super::Store) has committed, also while that appends, from any thread.
/// It never waits for the disk of an append. Once the store is dropped, reading fails with
/// [`Fault::Closed`].
#[derive(Clone, Debug)]
pub struct Reader(pub(super) Arc<Shared>);

/// What a store shares with its readers and its upkeep.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dir: Arc<dyn Dir>,
    pub(super) path: PathBuf,
    pub(super) seed: Seed,
    /// As it was when the last append returned.
    committed: RwLock<Mark>,
    /// The oldest first; the last one is being written.
    segments: RwLock<Vec<Arc<Segment>>>,
    head: Mutex<Head>,
    is_closed: AtomicBool,
}

/// One segment, and where in it each entry is, once that was asked for.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) opened: Opened,
    pub(super) index: RwLock<Option<Index>>,
    /// Its index is to be made without waiting for a question: there was no file of it when the log was opened.
    pub(super) is_bare: AtomicBool,
}

impl Segment {
    pub(super) fn new(opened: Opened, index: Option<Index>) -> Self {
        Self {
            opened,
            index: RwLock::new(index),
            is_bare: AtomicBool::new(false),
        }
    }

    /// A full one, as it is found in a directory with these files.
    pub(super) fn found(opened: Opened, names: &HashSet<String>) -> Self {
        let is_bare = !names.contains(&index::file_name(opened.header.first));
        Self {
            is_bare: AtomicBool::new(is_bare),
            ..Self::new(opened, None)
        }
    }

    pub(super) fn first(&self) -> u64 {
        self.opened.header.first
    }

    /// What its index says. It is looked for, or made again from the segment, whose last entry is this one,
    /// where it is not known or wrong.
    fn ask<T>(
        &self,
        dir: &dyn Dir,
        last: u64,
        question: impl Fn(&Index) -> Result<T, Unusable>,
    ) -> Result<T, Fault> {
        let fault = |unusable| match unusable {
            Unusable::Io(error) => Fault::from(error),
            Unusable::Wrong => Fault::damaged("what is in memory of it is not so"),
        };
        {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            match index.as_ref().map(&question) {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(Unusable::Io(error))) => return Err(error.into()),
                Some(Err(Unusable::Wrong)) | None => {}
            }
        }
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let count = last + 1 - self.first();
        if index.is_none()
            && let Ok(sidecar) = Sidecar::open(dir, &self.opened, count)
        {
            let found = Index::File(sidecar);
            if let Ok(answer) = question(&found) {
                *index = Some(found);
                return Ok(answer);
            }
        }
        let table = Index::Memory(Table::of(&self.opened, last)?);
        let answer = question(&table).map_err(fault);
        *index = Some(table);
        answer
    }

    /// Makes its index, if that is still to be made.
    pub(super) fn index_if_bare(&self, dir: &dyn Dir, last: u64) -> Result<(), Fault> {
        if self.is_bare.swap(false, Ordering::AcqRel) {
            self.ask(dir, last, |_| Ok(()))?;
        }
        Ok(())
    }

    /// The entries that are at these places, the first with this number; `None` for those that cannot be read.
    fn records(&self, seq: u64, places: &[u32], seed: Seed) -> Result<Vec<Option<Record>>, Fault> {
        let written = places.iter().filter(|place| **place > 0);
        let (Some(from), Some(to)) = (written.clone().min(), written.max()) else {
            return Ok(vec![None; places.len()]);
        };
        let from = u64::from(*from);
        // How long the last one is, it says itself; most are shorter than that.
        let mut bytes = self.bytes(from, u64::from(*to) + 512)?;
        let last = bytes.get(usize::try_from(u64::from(*to) - from).unwrap_or(usize::MAX)..);
        if let Some(last) = last
            && record::length(last).is_some_and(|length| length > last.len())
        {
            let end = u64::from(*to) + (record::PREFIX + record::MAX_BODY) as u64;
            bytes = self.bytes(from, end)?;
        }
        Ok((seq..)
            .zip(places)
            .map(|(seq, place)| {
                let at = u64::from(*place).checked_sub(from)?;
                let bytes = bytes.get(usize::try_from(at).ok()?..)?;
                let found = record::find(bytes, seed).ok().filter(|it| it.seq == seq)?;
                record::decode(seq, found.body).ok()
            })
            .collect())
    }

    fn bytes(&self, from: u64, to: u64) -> Result<Vec<u8>, Fault> {
        let to = to.min(self.opened.file.len()?).max(from);
        let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(usize::MAX)];
        self.opened.file.read(from, &mut bytes)?;
        Ok(bytes)
    }
}

/// Entries of one segment that a question is about.
struct Part {
    segment: Arc<Segment>,
    /// The last entry of the segment that may be told of.
    last: u64,
}

impl Shared {
    pub(super) fn new(
        dir: Arc<dyn Dir>,
        path: PathBuf,
        seed: Seed,
        head: Head,
        segments: Vec<Arc<Segment>>,
    ) -> Self {
        Self {
            dir,
            path,
            seed,
            committed: RwLock::new(head.mark),
            segments: RwLock::new(segments),
            head: Mutex::new(head),
            is_closed: AtomicBool::new(false),
        }
    }

    pub(super) fn commit(&self, mark: Mark) {
        *(self.committed.write()).unwrap_or_else(PoisonError::into_inner) = mark;
    }

    pub(super) fn committed(&self) -> Mark {
        *(self.committed.read()).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        let segments = self.segments.read();
        segments.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add_segment(&self, segment: Arc<Segment>) {
        let segments = self.segments.write();
        segments
            .unwrap_or_else(PoisonError::into_inner)
            .push(segment);
    }

    /// Whether all of the entries of the oldest segment are gone.
    pub(super) fn has_spare_segment(&self) -> bool {
        let (first, segments) = (self.committed().first, self.segments());
        segments.get(1).is_some_and(|next| next.first() <= first)
    }

    /// Takes the oldest segment away, if all of its entries are gone.
    pub(super) fn take_segment(&self) -> Option<Arc<Segment>> {
        let first = self.committed().first;
        let mut segments = self
            .segments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let is_gone = segments.get(1).is_some_and(|next| next.first() <= first);
        is_gone.then(|| segments.remove(0))
    }

    pub(super) fn head(&self) -> MutexGuard<'_, Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down how far the log reaches, durably, if that is not so yet.
    pub(super) fn write_head(&self) -> Result<(), Fault> {
        let mut head = self.head();
        let mark = self.committed();
        head.advance(mark)
    }

    /// The last entry of a segment that one with the entry `next` follows.
    fn last_before(next: &Segment) -> u64 {
        next.opened.header.last
    }

    /// The segment that this entry is in, or after; and with which entry the one after that begins.
    fn part(&self, seq: u64, head: u64) -> Option<(Part, Option<u64>)> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first() <= seq);
        let segment = Arc::clone(segments.get(after.checked_sub(1)?)?);
        let next = segments.get(after);
        let last = next.map_or(head, |next| Self::last_before(next)).min(head);
        Some((Part { segment, last }, next.map(|next| next.first())))
    }

    /// The first entry of the segment with this place in their order that is not before this place in it, or
    /// the first one of the next segment.
    pub(super) fn first_from(&self, nth: usize, place: u64) -> u64 {
        let segments = self.segments();
        let Some(segment) = segments.get(nth) else {
            return 0;
        };
        let last = segments
            .get(nth + 1)
            .map_or(self.committed().last, |next| Self::last_before(next));
        let is_before = |nth: u64| {
            let place_of = segment.ask(&*self.dir, last, |index| index.places(nth, 1));
            let found = place_of.ok().and_then(|places| places.first().copied());
            found.is_some_and(|found| u64::from(found) < place)
        };
        let (mut low, mut high) = (0, (last + 1).saturating_sub(segment.first()));
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        segment.first() + low
    }

    fn told<T>(&self, f: impl FnOnce() -> Result<T, Fault>) -> Result<T, StoreError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Fault::Closed.at(&self.path));
        }
        f().map_err(|fault| fault.at(&self.path))
    }

    pub(super) fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.told(|| {
            let key = record::key(self.seed, session, id);
            let Mark { first, last, .. } = self.committed();
            let segments = self.segments();
            let mut end = last;
            let mut unknown = None;
            for segment in segments.iter().rev() {
                let asked = (end >= segment.first()).then(|| {
                    segment.ask(&*self.dir, end, |index| {
                        Ok((index.find(key)?, index.unknown()))
                    })
                });
                let (found, lost) = asked.transpose()?.unwrap_or_default();
                let lost = lost.map(|nth| segment.first() + u64::from(nth));
                unknown = unknown.or(lost.filter(|seq| *seq >= first));
                let seq = found.map(|nth| segment.first() + u64::from(nth));
                if let Some(seq) = seq.filter(|seq| (first..=last).contains(seq)) {
                    let record = self.read_in(segment, end, seq, 1)?.pop().flatten();
                    let is_it = |it: &Record| {
                        it.sender.as_ref() == Some(session) && it.id.as_deref() == Some(id)
                    };
                    return match record {
                        Some(record) => Ok(Some(record).filter(is_it)),
                        None => Err(Fault::damaged(format!("entry {seq} cannot be read"))),
                    };
                }
                end = segment.opened.header.last;
                if end < first {
                    break;
                }
            }
            match unknown {
                Some(seq) => Err(Fault::damaged(format!(
                    "entry {seq} cannot be read, and may be the one that is looked for"
                ))),
                None => Ok(None),
            }
        })
    }

    /// So many entries of a segment, whose last is `last`, from one on.
    fn read_in(
        &self,
        segment: &Segment,
        last: u64,
        seq: u64,
        count: usize,
    ) -> Result<Vec<Option<Record>>, Fault> {
        let nth = seq - segment.first();
        let places = segment.ask(&*self.dir, last, |index| index.places(nth, count))?;
        let records = segment.records(seq, &places, self.seed)?;
        if records.iter().all(Option::is_some) {
            return Ok(records);
        }
        // Either the entry is not as it was written, or the file that said where it is: the segment tells.
        let is_of_a_file = matches!(
            *segment.index.read().unwrap_or_else(PoisonError::into_inner),
            Some(Index::File(_))
        );
        if !is_of_a_file {
            return Ok(records);
        }
        let mut table = Table::of(&segment.opened, last)?;
        let mut index = segment
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(Index::File(sidecar)) = &*index {
            // Where it cannot be read, what the entries were remains unknown.
            let _ = table.add_lost(sidecar);
        }
        let table = index.insert(Index::Memory(table));
        let places = table.places(nth, count).unwrap_or_default();
        drop(index);
        segment.records(seq, &places, self.seed)
    }

    pub(super) fn read(&self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.told(|| {
            let Mark { first, last, .. } = self.committed();
            let mut next = after.saturating_add(1).max(first);
            let mut records: Vec<Record> = Vec::new();
            let mut unread: Option<u64> = None;
            while records.len() < limit && next <= last {
                let Some((part, following)) = self.part(next, last) else {
                    // It was lost with its file, or removed meanwhile: a page has no gap in it.
                    match self.segments().first() {
                        Some(oldest) if oldest.first() > next && records.is_empty() => {
                            next = oldest.first();
                        }
                        _ => break,
                    }
                    continue;
                };
                if next > part.last {
                    // Those from there on were lost before this log was made, or with their file.
                    match following {
                        Some(following) if records.is_empty() => next = following,
                        _ => break,
                    }
                    continue;
                }
                let left = usize::try_from(part.last + 1 - next).unwrap_or(usize::MAX);
                let count = (limit - records.len()).min(left);
                let read = match self.read_in(&part.segment, part.last, next, count) {
                    // It was removed meanwhile.
                    Err(_) if self.committed().first > next => return Ok(Vec::new()),
                    read => read?,
                };
                if read.is_empty() {
                    break;
                }
                for record in read {
                    match record {
                        Some(record) => records.push(record),
                        // What follows is read when it is asked for.
                        None if !records.is_empty() => return Ok(records),
                        None => {
                            unread.get_or_insert(next);
                        }
                    }
                    next += 1;
                }
            }
            if let Some(from) = unread {
                let to = records.first().map_or(last, |record| record.seq - 1);
                tracing::error!(from, to, "entries of the history cannot be read");
            }
            Ok(records)
        })
    }
}

impl Reader {
    /// The number of the last entry; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.0.committed().last
    }

    /// The number of the oldest entry held; one more than the head while there is none.
    pub fn first(&self) -> u64 {
        self.0.committed().first
    }

    /// As [`Store::find`](super::Store::find).
    ///
    /// # Errors
    /// As there, and when the store is gone.
    pub fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.0.find(session, id)
    }

    /// As [`Store::read`](super::Store::read).
    ///
    /// # Errors
    /// When the disk fails, or the store is gone.
    pub fn read(&self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.0.read(after, limit)
    }
}
