//! A log read by others while it is appended to.

use super::bytes::shorter;
use super::disk::Dir;
use super::error::{Fault, StoreError};
use super::gone::Gone;
use super::head::{Head, Mark};
use super::index::Index;
use super::record;
use super::rooms::{RoomHead, Rooms};
use super::segment::Opened;
use super::sidecar::{self, Sidecar, Unusable};
use super::sum::Seed;
use super::table::Table;
use chat_core::{Record, RoomName, SessionId};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::sync::{RwLockReadGuard, RwLockWriteGuard};

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
    committed: RwLock<Committed>,
    /// The oldest first; the last one is being written.
    segments: RwLock<Vec<Arc<Segment>>>,
    head: Mutex<Head>,
    is_closed: AtomicBool,
}

/// All that may be told of.
#[derive(Debug)]
struct Committed {
    mark: Mark,
    rooms: Rooms,
}

/// One segment, and where in it each entry is, once that was asked for.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) opened: Opened,
    pub(super) index: RwLock<Option<Index>>,
    /// Its index is to be made without waiting for a question: there was no file of it when the log was opened.
    pub(super) is_bare: AtomicBool,
    /// It may have zeros at its end that are not needed once it is full.
    pub(super) is_uncut: AtomicBool,
    /// It was found when the log was opened: its texts that are erased may be there again.
    pub(super) is_unread: AtomicBool,
}

impl Segment {
    pub(super) fn new(opened: Opened, index: Option<Index>) -> Self {
        Self {
            opened,
            index: RwLock::new(index),
            is_bare: AtomicBool::new(false),
            is_uncut: AtomicBool::new(true),
            is_unread: AtomicBool::new(false),
        }
    }

    /// How many rooms it has entries of, while that is in memory.
    pub(super) fn rooms(&self) -> usize {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        match &*index {
            Some(Index::Memory(table)) => table.rooms.as_ref().map_or(0, |rooms| rooms.of.len()),
            _ => 0,
        }
    }

    /// A full one, as it is found in a directory with these files.
    pub(super) fn found(opened: Opened, names: &HashSet<String>) -> Self {
        let is_bare = !names.contains(&sidecar::file_name(opened.header.first));
        Self {
            is_bare: AtomicBool::new(is_bare),
            is_unread: AtomicBool::new(true),
            ..Self::new(opened, None)
        }
    }

    pub(super) fn first(&self) -> u64 {
        self.opened.header.first
    }

    /// What its index says. It is looked for, or made again from the segment, whose last entry is this one,
    /// where it is not known or wrong.
    pub(super) fn ask<T>(
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

    /// The entries that are at these places, the first with this offset; `None` for those that cannot be read.
    fn records(
        &self,
        offset: u64,
        places: &[u32],
        seed: Seed,
    ) -> Result<Vec<Option<Record>>, Fault> {
        let written = places.iter().filter(|place| **place > 0);
        let (Some(from), Some(to)) = (written.clone().min(), written.max()) else {
            return Ok(vec![None; places.len()]);
        };
        let bytes = self.span(*from, *to)?;
        // What is erased while it is read is known to be that by now.
        let gone = self.opened.gone();
        Ok((offset..)
            .zip(places)
            .map(|(offset, place)| {
                let found = found_at(&bytes, *from, *place, seed, &gone)?;
                let found = Some(found).filter(|it| it.offset == offset)?;
                record::decode(offset, found.body).ok()
            })
            .collect())
    }

    /// The bytes from one record to the end of another one.
    pub(super) fn span(&self, from: u32, to: u32) -> Result<Vec<u8>, Fault> {
        let (from, to) = (u64::from(from), u64::from(to));
        // How long the last one is, it says itself; most are shorter than that.
        let bytes = self.bytes(from, to + 512)?;
        let last = bytes.get(usize::try_from(to - from).unwrap_or(usize::MAX)..);
        if let Some(last) = last
            && record::length(last).is_some_and(|length| length > last.len())
        {
            let end = to + (record::PREFIX + record::MAX_BODY) as u64;
            return self.bytes(from, end);
        }
        Ok(bytes)
    }

    /// Makes its index again from the segment itself, if a file has it: either an entry is not as it was written, or
    /// that file is not. Whether that was done.
    pub(super) fn index_again(&self, last: u64) -> Result<bool, Fault> {
        let is_of_a_file = matches!(
            *self.index.read().unwrap_or_else(PoisonError::into_inner),
            Some(Index::File(_))
        );
        if !is_of_a_file {
            return Ok(false);
        }
        let mut table = Table::of(&self.opened, last)?;
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        // Where the file cannot be read, what the entries were remains unknown.
        if let Some(Index::File(sidecar)) = &*index
            && table.unknown.is_some()
            && let Ok(ids) = sidecar.ids()
        {
            table.add_lost(ids, sidecar.unknown);
        }
        *index = Some(Index::Memory(table));
        Ok(true)
    }

    fn bytes(&self, from: u64, to: u64) -> Result<Vec<u8>, Fault> {
        let file = &*self.opened.file;
        let mut len = file.len()?;
        loop {
            let to = to.min(len).max(from);
            let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(usize::MAX)];
            match file.read(from, &mut bytes) {
                Ok(()) => return Ok(bytes),
                Err(error) => len = shorter(file, len, error)?,
            }
        }
    }
}

/// The record at a place, if there is a whole one, in bytes that begin at another place.
pub(super) fn found_at<'a>(
    bytes: &'a [u8],
    from: u32,
    place: u32,
    seed: Seed,
    gone: &Gone,
) -> Option<record::Found<'a>> {
    let at = usize::try_from(place.checked_sub(from)?).ok()?;
    record::find(bytes.get(at..)?, seed, gone).ok()
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
        rooms: Rooms,
        segments: Vec<Arc<Segment>>,
    ) -> Self {
        let mark = head.mark;
        Self {
            dir,
            path,
            seed,
            committed: RwLock::new(Committed { mark, rooms }),
            segments: RwLock::new(segments),
            head: Mutex::new(head),
            is_closed: AtomicBool::new(false),
        }
    }

    fn written(&self) -> RwLockReadGuard<'_, Committed> {
        (self.committed.read()).unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Committed> {
        (self.committed.write()).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn commit(&self, mark: Mark) {
        self.change().mark = mark;
    }

    /// The same, of these entries that come next.
    pub(super) fn commit_entries(&self, mark: Mark, records: &[Record]) {
        let mut committed = self.change();
        for record in records {
            // How they are numbered was looked at before.
            let _ = committed.rooms.fold(record);
        }
        committed.mark = mark;
    }

    pub(super) fn committed(&self) -> Mark {
        self.written().mark
    }

    /// How far the log reaches, and what is asked of its rooms.
    pub(super) fn with_rooms<T>(&self, ask: impl FnOnce(&Rooms) -> T) -> (Mark, T) {
        let committed = self.written();
        (committed.mark, ask(&committed.rooms))
    }

    pub(super) fn change_rooms<T>(&self, change: impl FnOnce(&mut Rooms) -> T) -> T {
        change(&mut self.change().rooms)
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        let segments = self.segments.read();
        segments.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds the segment that is written from now on; it may take the place of one that has no entry.
    pub(super) fn add_segment(&self, segment: Arc<Segment>) {
        let segments = self.segments.write();
        let mut segments = segments.unwrap_or_else(PoisonError::into_inner);
        segments.pop_if(|last| last.first() == segment.first());
        segments.push(segment);
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
        if head.mark == mark {
            return Ok(());
        }
        // The last one is looked at before each append.
        for sealed in self.segments().iter().rev().skip(1) {
            Fault::verify_linked(&*sealed.opened.file, &sealed.opened.name())?;
        }
        (head.advance(mark)).map_err(|fault| fault.in_file(super::HEAD))
    }

    /// The last entry of a segment that one with the entry `next` follows.
    pub(super) fn last_before(next: &Segment) -> u64 {
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

    pub(super) fn told<T>(&self, f: impl FnOnce() -> Result<T, Fault>) -> Result<T, StoreError> {
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
        if records.iter().all(Option::is_some) || !segment.index_again(last)? {
            return Ok(records);
        }
        let places = segment.ask(&*self.dir, last, |index| index.places(nth, count))?;
        segment.records(seq, &places, self.seed)
    }

    /// The entries of the log from an offset on, with their offsets, as [`Reader::read`] has those of a room.
    pub(super) fn read_log(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Record)>, StoreError> {
        self.told(|| {
            let Mark { first, last, .. } = self.committed();
            let mut next = from.max(first);
            let mut records: Vec<(u64, Record)> = Vec::new();
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
                        Some(record) => records.push((next, record)),
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
                let to = records.first().map_or(last, |(offset, _)| offset - 1);
                tracing::error!(from, to, "entries of the history cannot be read");
            }
            Ok(records)
        })
    }
}

impl Reader {
    /// The offset of the last entry of the log; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.0.committed().last
    }

    /// The number of the oldest entry of a room that is held; one more than that of its last while none is.
    ///
    /// # Errors
    /// When the disk fails, or the store is gone.
    pub fn first(&self, room: &RoomName) -> Result<u64, StoreError> {
        self.0.first_of(room)
    }

    /// What the log has of a room; 1 and 0, and the state of a new one, if there never was an entry of it.
    ///
    /// # Errors
    /// When the disk fails, or the store is gone.
    pub fn room(&self, room: &RoomName) -> Result<RoomHead, StoreError> {
        self.0.room(room)
    }

    /// The entry to which a session gave this id, in whatever room; the newest, if it gave it to several.
    ///
    /// # Errors
    /// When it is not as it was written, or may be among entries that cannot be read and whose ids are not known; or
    /// when the disk fails, or the store is gone.
    pub fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.0.find(session, id)
    }

    /// The entries of a room after number `after`, the oldest first, at most `limit` of them. They begin with the
    /// first one after it that is held and can be read, and end where one is not or cannot.
    ///
    /// # Errors
    /// When the disk fails, or the store is gone.
    pub fn read(
        &self,
        room: &RoomName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.0.read(room, after, limit)
    }
}
