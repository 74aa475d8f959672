//! The log of all rooms on disk: what is appended stays, or its loss is told.
//!
//! Each entry has a number in its room, and an *offset*, which is its number in the whole log: both from 1, without
//! holes. Where there is the lobby alone, they are the same.
//!
//! A log is a directory that one process has open at a time; [README.md](README.md) has the format, and the
//! argument for every failure that it is to survive.
//!
//! | file | holds |
//! |---|---|
//! | `<first entry>.log` | a segment: entries in frames, one for each sync, and zeros after them |
//! | `<first entry>.idx` | where in a full segment each entry is, their ids and rooms; it follows from that |
//! | `head` | how far the log certainly reaches, once more, written some time after |
//!
//! Once [`Store::append`] has returned, what was appended survives the end of the process and the
//! loss of power: one write and one sync. What is kept, and for how long, is said by the caller.

mod check;
mod copy;
mod cut;
mod disk;
mod erase;
mod error;
mod frame;
mod gone;
mod head;
mod index;
mod machine;
mod pages;
mod portable;
mod reader;
mod record;
mod retention;
mod rooms;
mod segment;
mod sidecar;
mod sum;
mod survey;
mod table;
mod upkeep;
mod visit;
mod walk;

pub use check::{Report, check};
pub use copy::{backup, repair};
pub use disk::{Dir, Disk, File, Mode, Place};
pub(crate) use disk::{open, put};
pub use error::{Fault, StoreError};
pub use portable::{export, export_without_private, import};
pub use reader::Reader;
pub use retention::Retention;
pub use rooms::RoomHead;
pub use upkeep::Upkeep;

use chat_core::{Record, RoomName, SessionId};
use frame::{Frame, Tag};
use head::{Head, Mark};
use index::Index;
use reader::{Segment, Shared};
use retention::Age;
use rooms::Rooms;
use segment::{Header, Opened};
use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError};
use sum::Seed;
use table::Table;
use upkeep::Space;
use walk::{Step, Tail, Walk};

/// The version of all that is in a log's directory.
const VERSION: u32 = 3;

/// The version of what is as it was before there were rooms: a log that has the lobby alone is of that, and so is
/// the file `head` of any.
const LOBBY_ALONE: u32 = 2;

const HEAD: &str = "head";

/// Entries that are in memory at once where all are gone through.
const PAGE: usize = 1024;

/// How large the parts of a log are. What is there already stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// A segment is full when it has so many bytes.
    pub segment: u64,
    /// Zeros are written ahead in steps of so many bytes: a multiple of 512.
    pub step: u64,
    /// The [`Upkeep`] sees to it that so many bytes are ready to be written to.
    pub ahead: u64,
    /// A segment is full when it has entries of so many rooms: what is in memory of each is little afterwards.
    pub rooms: usize,
}

impl Sizes {
    /// What suits a log of which so much is kept: a segment is to be a small part of it.
    pub fn of(keep: &Retention) -> Self {
        const MIB: u64 = 1 << 20;
        let part = keep.bytes.map_or(u64::MAX, |bytes| bytes / 8);
        Self {
            segment: part.clamp(MIB, 64 * MIB).next_multiple_of(MIB),
            step: MIB,
            ahead: 8 * MIB,
            rooms: 8_192,
        }
    }

    /// A segment that has entries of so many rooms is full when it has so many bytes: to write down all rooms again is to be
    /// no more than half of the work.
    fn limit(&self, header: &Header, rooms: usize) -> u64 {
        if !header.has_rooms() {
            self.segment
        } else if rooms < self.rooms {
            self.segment.max(2 * header.start())
        } else {
            2 * header.start()
        }
    }
}

/// A log that is open, and ours alone.
#[derive(Debug)]
pub struct Store {
    place: Place,
    keep: Retention,
    sizes: Sizes,
    seed: Seed,
    tag: Tag,
    shared: Arc<Shared>,
    space: Arc<Space>,
    active: Arc<Segment>,
    /// Where the next frame begins.
    end: u64,
    /// What the log is as a whole, with all that was appended.
    mark: Mark,
    age: Age,
    frame: Frame,
    /// Entries whose texts are to be erased, by orders that are in the log: before anything else is appended, and at the latest by
    /// whoever opens the log next, for the orders are in the newest segment.
    to_erase: Vec<(RoomName, u64)>,
    stopped: bool,
    /// Dropped last.
    _lock: Lock,
}

type Lock = Box<dyn Any + Send + Sync>;

/// A directory that is ours alone, with a log or without one.
struct Site {
    place: Place,
    dir: Arc<dyn Dir>,
    lock: Lock,
}

impl Site {
    /// Takes the directory of a place, and makes it if there is none.
    fn take(place: Place) -> Result<Self, Fault> {
        let dir = place.made()?;
        let lock = dir.lock(true)?.ok_or(Fault::InUse)?;
        Ok(Self { place, dir, lock })
    }
}

impl Store {
    /// Opens the log in a directory, and makes one if there is none. What a torn write left of entries that
    /// nobody was told of is cut off, and that is logged. It takes a time that does not depend on the log's
    /// length: the newest segment is verified, whatever ended the process that had it open before.
    ///
    /// # Errors
    /// When someone has it open, a newer version wrote it, it is damaged, or the disk fails.
    pub fn open(place: impl Into<Place>, keep: Retention) -> Result<Self, StoreError> {
        let sizes = Sizes::of(&keep);
        Self::with_sizes(place, keep, sizes)
    }

    /// The same, with parts of these sizes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_sizes(
        place: impl Into<Place>,
        keep: Retention,
        sizes: Sizes,
    ) -> Result<Self, StoreError> {
        let place = place.into();
        let path = place.path.clone();
        Self::opened(place, keep, sizes).map_err(|fault| fault.at(path))
    }

    fn opened(place: Place, keep: Retention, sizes: Sizes) -> Result<Self, Fault> {
        let site = Site::take(place)?;
        if !is_new(&*site.dir)? {
            return Self::found(site, keep, sizes);
        }
        let id = site.place.disk.random()?;
        let new = Beginning {
            id,
            epoch: id,
            first: 1,
            rooms: Rooms::default(),
        };
        Self::made(site, &new, keep, sizes)?.finished(id)
    }

    /// Makes a log where there is none, and opens it.
    fn made(site: Site, new: &Beginning, keep: Retention, sizes: Sizes) -> Result<Self, Fault> {
        create(&*site.dir, new, sizes.step)?;
        Self::found(site, keep, sizes)
    }

    /// Opens the log that there is.
    fn found(site: Site, keep: Retention, sizes: Sizes) -> Result<Self, Fault> {
        let Site { place, dir, lock } = site;
        let head = Head::open(&*dir, Mode::Write)?
            .ok_or_else(|| Fault::damaged("its file `head` is missing"))?;
        let known = head.mark;
        let segments = segments_of(&*dir, known, Mode::Write)?;
        let oldest = segments.first().map_or(0, |it| it.header.first);
        for left in segment::list(&*dir)?.into_iter().filter(|it| *it < oldest) {
            upkeep::remove_segment(&*dir, left)?;
        }
        let newest = segments
            .last()
            .ok_or_else(|| Fault::damaged("none of its segments is there"))?
            .clone();
        let Header { first, .. } = newest.header;
        let mut rooms = newest.rooms()?;
        let mut table = Table::new(&newest.header, Some(Arc::clone(rooms.base())));
        let seed = newest.header.seed();
        let mut walk = Walk::new(&newest)?;
        let mut to_erase = Vec::new();
        let step = loop {
            let step = walk.step(|place, found| {
                table.push_found(first, place, &found, seed);
                to_erase.extend(erase::ordered(&found));
                // `check` says where one is numbered wrongly.
                let _ = rooms.fold_found(&found);
            })?;
            if step != Step::Frame {
                break step;
            }
        };
        let tail = walk.tail(step, known.last);
        if let Tail::Torn(bytes) = tail.map_err(|fault| fault.in_file(&newest.name()))? {
            let (from, length) = (bytes.start, bytes.end - bytes.start);
            tracing::warn!(
                after = walk.next - 1,
                length,
                "a write was under way when the server or its machine ended: what nobody was told of is cut off"
            );
            write_zeros(&*newest.file, from, bytes.end)?;
        }
        // After a kill, or a sync that failed, it may be in memory alone.
        if let Some(last) = &walk.last {
            let length = usize::try_from(last.end - last.start).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            newest.file.read(last.start, &mut bytes)?;
            newest.file.write(last.start, &bytes)?;
        }
        newest.file.sync()?;
        // So may its name be.
        dir.sync()?;
        let mark = Mark {
            first: known.first.min(walk.next),
            last: walk.next - 1,
            chain: walk.chain,
            ..known
        };
        let (end, tag) = (walk.at, newest.header.tag());
        drop(walk);
        let names = dir.list()?.into_iter().collect();
        let mut all: Vec<Arc<Segment>> = segments
            .into_iter()
            .map(|opened| Arc::new(Segment::found(opened, &names)))
            .collect();
        all.pop();
        let active = Arc::new(Segment::new(newest, Some(Index::Memory(table))));
        all.push(Arc::clone(&active));
        let shared = Arc::new(Shared::new(dir, place.path.clone(), seed, head, rooms, all));
        shared.commit(mark);
        let space = Space::new(Arc::clone(&active), end, sizes, Arc::clone(&shared));
        let mut store = Self {
            place,
            keep,
            sizes,
            seed,
            tag,
            shared,
            space: Arc::new(space),
            active,
            end,
            mark,
            age: Age::default(),
            frame: Frame::default(),
            to_erase,
            stopped: false,
            _lock: lock,
        };
        // What was let go of is not to come back because that was not written down in time.
        if let Ok(newest) = store.shared.read_log(store.head().saturating_sub(1), 2) {
            let newest: Vec<Record> = newest.into_iter().map(|(_, record)| record).collect();
            store.forget(&newest);
        }
        store.shared.commit(store.mark);
        match store.erase() {
            // It is tried again before anything is appended.
            Err(Fault::NoRoom(error)) => {
                tracing::error!(%error, "texts that are to be gone cannot be erased: there is no room on the disk");
            }
            erased => erased?,
        }
        store.shared.write_head()?;
        Ok(store)
    }

    /// Which log this is: 32 hexadecimal digits, made when the log was.
    pub fn epoch(&self) -> String {
        hex(self.mark.epoch)
    }

    /// The offset of the last entry; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.mark.last
    }

    /// The offset of the oldest entry held; one more than the head while there is none.
    pub fn first(&self) -> u64 {
        self.mark.first
    }

    /// What the log has of a room; 1 and 0, and the state of a new one, if there never was an entry of it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn room(&self, room: &RoomName) -> Result<RoomHead, StoreError> {
        self.shared.room(room)
    }

    /// How many rooms there are of which the log knows, the lobby among them.
    pub fn rooms(&self) -> usize {
        self.shared.with_rooms(Rooms::count).1
    }

    /// The lobby, and then all other rooms in which somebody is, in the order of their names.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn rooms_with_people(&self) -> Result<Vec<(RoomName, RoomHead)>, StoreError> {
        self.shared.rooms_with_people()
    }

    /// Appends all of the entries, durably, in this order, and lets go of the oldest where there are too many. Each
    /// has the number after that of the last entry of its room.
    ///
    /// # Errors
    /// When there is no room for them ([`Fault::NoRoom`]): so many of the first of them as the [head](Self::head)
    /// went on are in the log, and the rest may be tried again. When they are numbered otherwise, or the disk fails:
    /// all of them may be in the log then, or the first of them, or none; which, is known when it is opened again.
    /// This store takes no more.
    pub fn append(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let appended = if self.stopped {
            Err(Fault::Stopped)
        } else {
            self.append_all(records)
        };
        appended.map_err(|fault| {
            self.stopped = !matches!(fault, Fault::NoRoom(_));
            fault.at(&self.place.path)
        })
    }

    /// Whether all of the entries have the numbers that come next in their rooms.
    fn verify_numbers(&self, records: &[Record]) -> Result<(), Fault> {
        let (_, verified) = self.shared.with_rooms(|rooms| {
            let mut next: BTreeMap<&RoomName, u64> = BTreeMap::new();
            // In a log that is still being made, one follows what is missing.
            let mut missing = if self.mark.is_made { 0 } else { rooms.missing };
            for record in records {
                let next = next.entry(&record.room);
                let next = next.or_insert_with(|| rooms.last(&record.room) + 1);
                let skipped = record.seq.checked_sub(*next);
                match skipped.and_then(|skipped| missing.checked_sub(skipped)) {
                    Some(left) => missing = left,
                    None => {
                        return Err(Fault::Sequence {
                            room: record.room.clone(),
                            expected: *next,
                            found: record.seq,
                        });
                    }
                }
                *next = record.seq + 1;
            }
            Ok(())
        });
        verified
    }

    /// Erases what is to be erased.
    fn erase(&mut self) -> Result<(), Fault> {
        while let Some((room, seq)) = self.to_erase.last() {
            self.shared.erase(room, *seq)?;
            self.to_erase.pop();
        }
        Ok(())
    }

    fn append_all(&mut self, records: &[Record]) -> Result<(), Fault> {
        self.erase()?;
        self.verify_numbers(records)?;
        let mut rest = records;
        while !rest.is_empty() {
            self.frame.begin();
            let mut count = 0;
            for (offset, record) in (self.mark.last + 1..).zip(rest) {
                self.frame.push(record, offset, self.seed)?;
                count += 1;
                if self.frame.is_full() {
                    break;
                }
            }
            let (frame, after) = rest.split_at(count);
            let orders = frame.iter().filter_map(erase::target);
            let orders: Vec<(RoomName, u64)> = orders.collect();
            let shared = Arc::clone(&self.shared);
            // Nobody is told that it is ordered before it is done, and whoever looks beside this one is not, either.
            let held = (!orders.is_empty()).then(|| shared.head());
            self.write(frame)?;
            self.forget(frame);
            self.shared.commit(self.mark);
            self.to_erase.extend(orders);
            self.erase()?;
            drop(held);
            rest = after;
        }
        self.space.appended(self.end);
        Ok(())
    }

    /// Appends one frame: one write, one sync.
    fn write(&mut self, records: &[Record]) -> Result<(), Fault> {
        let first = self.mark.last + 1;
        let limit = (self.sizes).limit(&self.active.opened.header, self.active.rooms());
        let is_full = self.end + self.frame.len_at(self.end) > limit;
        let has_rooms = self.active.opened.header.has_rooms()
            || !(first..)
                .zip(records)
                .all(|(offset, it)| record::is_plain(it, offset));
        if has_rooms && !self.active.opened.header.has_rooms()
            || is_full && self.mark.last >= self.active.first()
        {
            self.roll(first, has_rooms)?;
        }
        let length = self.frame.len_at(self.end);
        self.space.reserve(self.end + length)?;
        self.verify_place()?;
        let (bytes, sum) = self.frame.end(self.end, self.tag, first, self.mark.chain);
        let file = &self.active.opened.file;
        file.write(self.end, bytes)?;
        file.sync()?;
        let mut index = self
            .active
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(Index::Memory(table)) = &mut *index {
            for (record, start) in records.iter().zip(self.frame.starts()) {
                table.push_record(self.end + u64::from(*start), record, self.seed);
            }
        }
        drop(index);
        self.end += length;
        self.mark.last += records.len() as u64;
        self.mark.chain = sum;
        self.shared.commit_entries(self.mark, records);
        Ok(())
    }

    /// Whether what is written is still what will be read: nobody moved or removed it meanwhile.
    fn verify_place(&self) -> Result<(), Fault> {
        if self.active.opened.file.is_linked()? && self.shared.dir.is_in_place()? {
            Ok(())
        } else {
            Err(Fault::Gone)
        }
    }

    /// Begins another segment, with this entry: those before it that are not in the log are lost. `has_rooms`:
    /// other rooms than the lobby come.
    fn roll(&mut self, first: u64, has_rooms: bool) -> Result<(), Fault> {
        let (_, (directory, missing)) =
            (self.shared).with_rooms(|rooms| (rooms.directory(), rooms.missing));
        let snapshot = if has_rooms {
            directory.snapshot_of_rooms()
        } else {
            directory.snapshot(first, missing)
        };
        let active = &self.active.opened.header;
        let (before, last, chain) = if active.first == first {
            // It has no entry, and this one takes its place.
            (active.before, active.last, active.chain)
        } else {
            (active.first, self.mark.last, self.mark.chain)
        };
        let header = Header {
            before,
            last,
            chain,
            ..Header::new(self.mark.id, first, self.sizes.step, &snapshot)
        };
        let directory = Arc::new(directory);
        let table = Table::new(&header, Some(Arc::clone(&directory)));
        self.active = self.space.roll(header, &header.encode(&snapshot), table)?;
        self.end = header.start();
        self.tag = header.tag();
        self.shared.change_rooms(|rooms| rooms.rebase(directory));
        self.shared.commit(self.mark);
        self.shared.add_segment(Arc::clone(&self.active));
        Ok(())
    }

    /// Lets go of the oldest entries, so far as more are held than are to be.
    fn forget(&mut self, appended: &[Record]) {
        if !self.keep.is_all() {
            self.mark.first = retention::first(
                &self.keep,
                &self.shared,
                self.mark,
                &mut self.age,
                appended,
                self.end,
            );
        }
    }

    /// What is to be done besides appending, by whoever has the time.
    pub fn upkeep(&self) -> Upkeep {
        Upkeep::new(Arc::clone(&self.space))
    }

    /// What reads the log from any thread, also while this one appends.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.shared))
    }

    /// As [`Reader::read`].
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(
        &self,
        room: &RoomName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.shared.read(room, after, limit)
    }

    /// As [`Reader::find`].
    ///
    /// # Errors
    /// As there.
    pub fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.shared.find(session, id)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Readers may outlive it, and must not tell of what another one writes.
        self.shared.close();
        self.space.close();
        if !self.stopped
            && let Err(fault) = self.shared.write_head()
        {
            let error = fault.at(&self.place.path);
            tracing::error!(%error, "how far the history reaches could not be written down");
        }
    }
}

/// Whether no log was ever made here, or not to its end.
fn is_new(dir: &dyn Dir) -> Result<bool, Fault> {
    refuse_version_1(dir)?;
    if let Some(head) = Head::open(dir, Mode::Read)? {
        return Ok(!head.mark.is_made);
    }
    Ok(segment::list(dir)?.is_empty())
}

/// Version 1 was a database, which left a file `head` of its own.
fn refuse_version_1(dir: &dyn Dir) -> Result<(), Fault> {
    match disk::open(dir, "log.redb", Mode::Read)? {
        Some(_) => Err(Fault::Older),
        None => Ok(()),
    }
}

/// What a new log begins with.
#[derive(Clone, Debug)]
struct Beginning {
    id: u128,
    epoch: u128,
    /// The offset of its first entry.
    first: u64,
    /// The rooms before it.
    rooms: Rooms,
}

/// Begins to make a log, in place of one whose making did not end: until it is [finished](Store::finished),
/// there is none.
fn create(dir: &dyn Dir, new: &Beginning, step: u64) -> Result<(), Fault> {
    let mark = Mark {
        id: new.id,
        epoch: new.epoch,
        first: new.first,
        last: new.first - 1,
        chain: 0,
        is_made: false,
    };
    Head::create(dir, mark)?;
    for left in segment::list(dir)? {
        upkeep::remove_segment(dir, left)?;
    }
    let snapshot = (new.rooms.directory()).snapshot(new.first, new.rooms.missing);
    let mut header = Header::new(new.id, new.first, step, &snapshot);
    if header.has_rooms() {
        header.last -= new.rooms.missing.min(header.last);
    }
    upkeep::make_segment(dir, header, &header.encode(&snapshot))?;
    Ok(())
}

impl Store {
    /// Begins a log that is not there before it is [finished](Self::finished).
    fn begin(place: Place, new: &Beginning, keep: Retention) -> Result<Self, Fault> {
        let site = Site::take(place)?;
        if !is_new(&*site.dir)? {
            return Err(Fault::Exists);
        }
        let sizes = Sizes::of(&keep);
        Self::made(site, new, keep, sizes)
    }

    /// Makes what was begun a log, which has this epoch.
    fn finished(mut self, epoch: u128) -> Result<Self, Fault> {
        self.mark.is_made = true;
        self.mark.epoch = epoch;
        self.shared.commit(self.mark);
        self.shared.head().finish(self.mark)?;
        Ok(self)
    }

    /// Goes on with this entry: those before it that are not in the log are lost. `rooms` are the rooms then,
    /// if that is known.
    fn skip_to(&mut self, first: u64, rooms: Option<Rooms>) -> Result<(), Fault> {
        let lost = first - 1 - self.mark.last;
        self.shared.change_rooms(|it| match rooms {
            Some(rooms) => *it = rooms,
            None => it.missing += lost,
        });
        let has_rooms = self.active.opened.header.has_rooms();
        self.roll(first, has_rooms)?;
        self.mark.last = first - 1;
        Ok(())
    }

    /// Whether entries are missing of which it is not known which numbers they had in their rooms: other entries may
    /// be given those.
    fn lacks_numbers(&self) -> bool {
        let (_, (missing, is_plain)) = self.shared.with_rooms(|rooms| {
            let snapshot = rooms
                .directory()
                .snapshot(self.mark.last + 1, rooms.missing);
            (rooms.missing, snapshot.version == LOBBY_ALONE)
        });
        missing > 0 && !is_plain
    }
}

/// The segments of a log whose `head` says this, opened, the oldest first.
fn segments_of(dir: &dyn Dir, known: Mark, mode: Mode) -> Result<Vec<Opened>, Fault> {
    let mut firsts = segment::list(dir)?;
    // Those before it were being removed.
    let oldest = firsts.partition_point(|first| *first <= known.first);
    firsts.drain(..oldest.saturating_sub(1));
    let mut segments: Vec<Opened> = Vec::with_capacity(firsts.len());
    for first in firsts {
        let opened = Opened::new(dir, first, mode)?;
        if opened.header.id != known.id {
            let wrong = Fault::damaged("it is of another log than the file `head`");
            return Err(wrong.in_file(&opened.name()));
        }
        if let Some(before) = segments.last()
            && before.header.first != opened.header.before
        {
            tracing::error!(
                after = before.name(),
                before = opened.name(),
                "a part of the history is missing"
            );
        }
        segments.push(opened);
    }
    if let Some(oldest) = segments.first()
        && oldest.header.first > known.first
    {
        tracing::error!(
            before = oldest.name(),
            "the first part of the history is missing"
        );
    }
    Ok(segments)
}

/// Reads a file from a place to its end, a part at a time.
fn read_all(file: &dyn File, from: u64, mut each: impl FnMut(u64, &[u8])) -> Result<(), Fault> {
    let mut len = file.len()?;
    let mut bytes = vec![0; 256 * 1024];
    let mut at = from;
    while at < len {
        let length = usize::try_from(len - at)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let part = &mut bytes[..length];
        if let Err(error) = file.read(at, part) {
            len = shorter(file, len, error)?;
            continue;
        }
        each(at, part);
        at += length as u64;
    }
    Ok(())
}

/// The length of a file that could not be read so far as it went, if zeros at its end were cut off meanwhile.
fn shorter(file: &dyn File, than: u64, error: io::Error) -> Result<u64, Fault> {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let len = file.len()?;
        if len < than {
            return Ok(len);
        }
    }
    Err(error.into())
}

fn write_zeros(file: &dyn File, from: u64, to: u64) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut at = from;
    while at < to {
        let length = usize::try_from(to - at)
            .unwrap_or(usize::MAX)
            .min(ZEROS.len());
        file.write(at, &ZEROS[..length])?;
        at += length as u64;
    }
    Ok(())
}

fn hex(epoch: u128) -> String {
    format!("{epoch:032x}")
}
