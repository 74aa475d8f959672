//! A log is opened: what was acknowledged is there, and what a torn write left is cut off.

use super::Store;
use super::bytes::write_zeros;
use super::disk::{self, Dir, Mode, Place};
use super::erase;
use super::error::Fault;
use super::frame::Frame;
use super::head::{Head, Mark};
use super::index::Index;
use super::reader::{Segment, Shared};
use super::retention::{Age, Retention};
use super::segment::{self, Header, Opened};
use super::sizes::Sizes;
use super::table::Table;
use super::upkeep::{self, Space};
use super::walk::{Step, Tail, Walk};
use chat_core::Record;
use std::any::Any;
use std::io;
use std::sync::Arc;

pub(super) type Lock = Box<dyn Any + Send + Sync>;

/// A directory that is ours alone, with a log or without one.
pub(super) struct Site {
    pub(super) place: Place,
    pub(super) dir: Arc<dyn Dir>,
    pub(super) lock: Lock,
}

impl Site {
    /// Takes the directory of a place, and makes it if there is none.
    pub(super) fn take(place: Place) -> Result<Self, Fault> {
        let dir = place.made()?;
        let lock = dir.lock(true)?.ok_or(Fault::InUse)?;
        // Else that is found by the first who speaks.
        dir.verify_writable().map_err(|error| {
            io::Error::new(error.kind(), format!("no file can be made in it: {error}"))
        })?;
        Ok(Self { place, dir, lock })
    }
}

impl Store {
    /// Opens the log that there is.
    pub(super) fn found(site: Site, keep: Retention, sizes: Sizes) -> Result<Self, Fault> {
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
}

/// Whether no log was ever made here, or not to its end.
pub(super) fn is_new(dir: &dyn Dir) -> Result<bool, Fault> {
    refuse_version_1(dir)?;
    if let Some(head) = Head::open(dir, Mode::Read)? {
        return Ok(!head.mark.is_made);
    }
    Ok(segment::list(dir)?.is_empty())
}

/// Version 1 was a database, which left a file `head` of its own.
pub(super) fn refuse_version_1(dir: &dyn Dir) -> Result<(), Fault> {
    match disk::open(dir, "log.redb", Mode::Read)? {
        Some(_) => Err(Fault::Older),
        None => Ok(()),
    }
}

/// The segments of a log whose `head` says this, opened, the oldest first.
pub(super) fn segments_of(dir: &dyn Dir, known: Mark, mode: Mode) -> Result<Vec<Opened>, Fault> {
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
