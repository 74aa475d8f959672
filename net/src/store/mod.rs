//! The room's log on disk: what is appended stays, or its loss is told.
//!
//! A log is a directory that one process has open at a time:
//!
//! | file | holds |
//! |---|---|
//! | `log.redb` | the entries, their ids, who is in the room, and the facts about all that, in one database |
//! | `head` | how far the log reaches, once more |
//! | `lock` | nothing: who has it locked has the log |
//!
//! Once [`Store::append`] has returned, what was appended survives the end of the process and the
//! loss of power. What is kept, and for how long, is said by the caller.
//!
//! A log that is not as it was written is refused, and left as it is. [`Store::open`] takes a time
//! that does not depend on the log's length: it verifies the facts, how far the log reaches, the
//! oldest entry, the newest 1,024 with their ids, and who is in the room. With a [`Retention`] that
//! has limits, it verifies the oldest 2,048 as well, which are removed next. Each other entry is
//! verified when it is read or removed: a checksum ties it to all those before. [`check`] verifies
//! all of it. Two things only [`check`] finds: that an older entry's id is not found any more, and
//! that the database's own accounts of its pages changed. An append that meets these is refused, or
//! ends the process, or writes over older entries, which is told when they are read.

mod backend;
mod db;
mod disk;
mod error;
mod format;
mod ids;
mod log;
mod portable;
mod reader;
mod roster;
mod view;
mod witness;

pub use disk::{Disk, File, Place};
pub use error::{Fault, StoreError};
pub use portable::{export, import};
pub use reader::Reader;

use backend::Direct;
use chat_core::{Name, Record, SessionId};
use error::Finder;
use format::Facts;
use log::Log;
use reader::Shared;
use roster::Roster;
use std::any::Any;
use std::mem;
use std::sync::Arc;
use std::time::Duration;
use std::vec;
use view::Cursor;
use witness::{Mark, Witness};

/// The version of all that is in a log's directory.
const VERSION: u32 = 1;

const LOG: &str = "log.redb";
const NEW_LOG: &str = "log.new";
const HEAD: &str = "head";
const NEW_HEAD: &str = "head.new";
const LOCK: &str = "lock";

/// Entries that are in memory at once where all are gone through.
const PAGE: usize = 1024;

/// Entries that one append may remove beyond as many as it adds.
const REMOVED_AT_ONCE: usize = 1024;

/// How much is kept. The oldest entries beyond any of these limits are removed when others are
/// appended, a bounded number each time; the newest is always kept. The default has no limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Retention {
    /// The oldest entry is at most this much older than the newest, by the times in them.
    pub age: Option<Duration>,
    /// At most so many entries.
    pub count: Option<u64>,
    /// At most so many bytes of entries, as they are written; the database's own needs come on top,
    /// and its file never gets smaller: what is removed makes room for what comes.
    pub bytes: Option<u64>,
}

impl Retention {
    fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the oldest entry, `age` milliseconds old, is to go.
    fn is_over(&self, age: u64, count: u64, bytes: u64) -> bool {
        self.age
            .is_some_and(|most| u128::from(age) > most.as_millis())
            || self.count.is_some_and(|most| count > most)
            || self.bytes.is_some_and(|most| bytes > most)
    }
}

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which log it is.
    pub epoch: String,
    /// The entries held.
    pub entries: u64,
    /// The oldest of them; one more than `head` while there are none.
    pub first: u64,
    /// The last entry, 0 if there was none yet.
    pub head: u64,
    /// The size of the entries held, as [`Retention`] counts it.
    pub bytes: u64,
    /// The size of the database's file.
    pub file: u64,
}

/// A log that is open, and ours alone.
#[derive(Debug)]
pub struct Store {
    place: Place,
    keep: Retention,
    epoch: String,
    log: Log,
    backend: Direct,
    witness: Witness,
    shared: Arc<Shared>,
    stopped: bool,
    /// Dropped last.
    _lock: Lock,
}

type Lock = Box<dyn Any + Send + Sync>;

impl Store {
    /// Opens the log in a directory, and makes one if there is none. It takes a time that does not
    /// depend on the log's length, whatever ended the process that had it open before.
    ///
    /// # Errors
    /// When someone has it open, a newer version wrote it, it is damaged, or the disk fails.
    pub fn open(place: impl Into<Place>, keep: Retention) -> Result<Self, StoreError> {
        let place = place.into();
        let opened = (|| {
            place.disk.create_dir(&place.dir)?;
            let lock = lock(&place)?;
            if is_new(&place)? {
                let epoch = place.disk.random()?;
                let facts = Facts::of_new(epoch, 1, format::start_of_chain(epoch));
                create(&place, facts, &Roster::default(), |_| Ok(()))?;
            }
            // Were one of those that are removed next damaged, all that is appended would be refused.
            let depth = if keep.is_all() {
                Depth::Ends
            } else {
                Depth::Removable
            };
            let (facts, mut witness) = examine(&place, depth)?;
            let backend = Direct::new(place.disk.open(&place.path(LOG), false)?);
            let log = Log::open(backend.clone())?;
            if log.facts() != facts {
                return Err(Fault::damaged(
                    "it reads differently from one time to the next",
                ));
            }
            // Who reads it from now on may be told of what was kept but not said to be.
            if witness.mark() != mark(&facts) {
                witness.advance(mark(&facts))?;
            }
            Ok((lock, log, backend, witness))
        })();
        let (lock, log, backend, witness) = opened.map_err(|fault| fault.at(&place.dir))?;
        Ok(Self {
            epoch: hex(log.facts().epoch),
            shared: Arc::new(Shared::new(
                Arc::clone(log.db()),
                place.dir.clone(),
                log.facts(),
            )),
            place,
            keep,
            log,
            backend,
            witness,
            stopped: false,
            _lock: lock,
        })
    }

    /// Which log this is: 32 hexadecimal digits, made when the log was.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The number of the last entry; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.log.facts().head
    }

    /// The number of the oldest entry held; one more than the head while there is none.
    pub fn first(&self) -> u64 {
        self.log.facts().first
    }

    /// Appends all of the entries, durably, and removes the oldest where there are too many. The
    /// first has the number after the head, and each other one the number after the one before.
    ///
    /// # Errors
    /// When they are numbered otherwise, the disk is full, or it fails. All of them may be in the
    /// log then, or none; which, is known when it is opened again. This store takes no more, and
    /// may not be able to read.
    pub fn append(&mut self, records: &[Record]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let appended = if self.stopped {
            Err(Fault::Stopped)
        } else {
            self.log
                .append(records, &self.keep)
                .and_then(|()| self.witness.advance(mark(&self.log.facts())))
                .map(|()| self.shared.commit(self.log.facts()))
        };
        appended.map_err(|fault| {
            self.stopped = true;
            self.backend.stop();
            fault.at(&self.place.dir)
        })
    }

    /// What reads the log from any thread, also while this one appends.
    pub fn reader(&self) -> Reader {
        Reader::of(Arc::clone(&self.shared))
    }

    /// The entries after number `after`, the oldest first, at most `limit` of them. They begin
    /// with [`first`](Self::first) where those before are no longer held.
    ///
    /// # Errors
    /// When one of them is not as it was written, or the disk fails.
    pub fn read(&self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.shared.read(after, limit)
    }

    /// The entry to which a session gave this id; the newest, if it gave it to several.
    ///
    /// # Errors
    /// When it is not as it was written, or the disk fails.
    pub fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.shared.find(session, id)
    }

    /// Who is in the room after the last entry, in the order of their names, each with the session
    /// that is the `sender` of the entry by which they joined: who joined and did not leave, even
    /// if that entry is no longer held.
    ///
    /// # Errors
    /// When that is not as it was written, or the disk fails.
    pub fn present(&self) -> Result<Vec<(Name, Option<SessionId>)>, StoreError> {
        let present = self.log.view().and_then(|view| view.present());
        let roster = present.map_err(|fault| fault.at(&self.place.dir))?;
        Ok(roster.into_iter().collect())
    }

    /// All entries held, the oldest first; only a few are in memory at once.
    pub fn entries(&self) -> Entries<'_> {
        Entries {
            store: self,
            next: Next::Start,
            page: Vec::new().into_iter(),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // What is committed is whole. The database would commit once more, through pages that
        // nothing verified; where they are damaged, it may end the process.
        self.backend.stop();
        // Readers may outlive it, and must not have the file written after the lock is gone.
        self.log.db().close();
    }
}

/// All entries of a [`Store`]. It ends after an error.
#[derive(Debug)]
pub struct Entries<'a> {
    store: &'a Store,
    next: Next,
    page: vec::IntoIter<Record>,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Start,
    Cursor(Cursor),
    /// There is no more to be read.
    End,
}

impl Entries<'_> {
    fn next_page(&mut self) -> Result<(), Fault> {
        let next = mem::replace(&mut self.next, Next::End);
        let view = self.store.log.view()?;
        let mut cursor = match next {
            Next::Start => view.start(),
            Next::Cursor(cursor) => cursor,
            Next::End => return Ok(()),
        };
        let mut records = Vec::with_capacity(PAGE);
        view.read(&mut cursor, PAGE, &mut records)?;
        if records.is_empty() {
            return view.verify_end(cursor);
        }
        self.next = Next::Cursor(cursor);
        self.page = records.into_iter();
        Ok(())
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.page.next() {
            return Some(Ok(record));
        }
        match self.next_page() {
            Ok(()) => self.page.next().map(Ok),
            Err(fault) => Some(Err(fault.at(&self.store.place.dir))),
        }
    }
}

/// Verifies a log, and changes nothing.
///
/// # Errors
/// When there is none, someone has it open, a newer version wrote it, it is damaged, or the disk
/// fails.
pub fn check(place: impl Into<Place>) -> Result<Report, StoreError> {
    let place = place.into();
    let checked = (|| {
        let _lock = lock_existing(&place)?;
        let (facts, _) = examine(&place, Depth::All).map_err(|fault| located(&place, fault))?;
        report(&place, &facts)
    })();
    checked.map_err(|fault| StoreError {
        found_by: Finder::Check,
        ..fault.at(&place.dir)
    })
}

/// Says of damage which entry is the first that cannot be read, if there is one: the database
/// names none.
fn located(place: &Place, fault: Fault) -> Fault {
    match fault {
        Fault::Damaged(what) => Fault::Damaged(match first_unreadable(place) {
            Some(seq) => format!("{what} (the first entry that cannot be read is {seq})"),
            None => what,
        }),
        fault => fault,
    }
}

/// The first entry that cannot be read, where others might be.
fn first_unreadable(place: &Place) -> Option<u64> {
    let file = place.disk.open(&place.path(LOG), false).ok()?;
    let log = Log::look(file, false).ok()?;
    let view = log.view().ok()?;
    let mut cursor = view.start();
    let mut records = Vec::new();
    loop {
        let read = view.read(&mut cursor, PAGE, &mut records);
        if read.is_err() {
            return (cursor.seq < view.facts().head).then_some(cursor.seq + 1);
        }
        if records.is_empty() {
            return None;
        }
        records.clear();
    }
}

fn report(place: &Place, facts: &Facts) -> Result<Report, Fault> {
    Ok(Report {
        epoch: hex(facts.epoch),
        entries: facts.count(),
        first: facts.first,
        head: facts.head,
        bytes: facts.bytes,
        file: place.disk.open(&place.path(LOG), false)?.len()?,
    })
}

fn lock(place: &Place) -> Result<Lock, Fault> {
    place.disk.lock(&place.path(LOCK))?.ok_or(Fault::InUse)
}

fn lock_existing(place: &Place) -> Result<Lock, Fault> {
    let exists = |name| place.disk.exists(&place.path(name));
    if !exists(LOG)? && !exists(HEAD)? {
        return Err(Fault::Missing);
    }
    let lock = lock(place)?;
    if is_new(place)? {
        return Err(Fault::Unfinished);
    }
    Ok(lock)
}

/// Whether no log was ever made here, or not to its end.
fn is_new(place: &Place) -> Result<bool, Fault> {
    let exists = |name| place.disk.exists(&place.path(name));
    if exists(LOG)? {
        return Ok(false);
    }
    // The log gets its name last.
    Ok(!exists(HEAD)? || open_witness(place)?.mark().seq == 0)
}

fn open_witness(place: &Place) -> Result<Witness, Fault> {
    if !place.disk.exists(&place.path(HEAD))? {
        return Err(Fault::damaged("its file `head` is missing"));
    }
    Witness::open(place.disk.open(&place.path(HEAD), false)?)
}

/// Makes a log that has what `fill` puts into it. Until that is all there, there is none.
fn create(
    place: &Place,
    facts: Facts,
    earlier: &Roster,
    fill: impl FnOnce(&mut Log) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let disk = &place.disk;
    let put = |from, to| -> Result<(), Fault> {
        disk.rename(&place.path(from), &place.path(to))?;
        Ok(disk.sync_dir(&place.dir)?)
    };
    let testify = |mark| -> Result<(), Fault> {
        Witness::create(disk.open(&place.path(NEW_HEAD), true)?, mark)?;
        put(NEW_HEAD, HEAD)
    };
    testify(Mark {
        seq: 0,
        ..mark(&facts)
    })?;
    let mut log = Log::create(disk.open(&place.path(NEW_LOG), true)?, facts, earlier)?;
    fill(&mut log)?;
    let facts = log.facts();
    drop(log);
    put(NEW_LOG, LOG)?;
    testify(mark(&facts))
}

/// How much of a log is verified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What takes a time that does not depend on the log's length.
    Ends,
    /// These, and the entries that are removed next.
    Removable,
    All,
}

/// Verifies a log, and changes nothing.
fn examine(place: &Place, depth: Depth) -> Result<(Facts, Witness), Fault> {
    let witness = open_witness(place)?;
    if !place.disk.exists(&place.path(LOG))? {
        return Err(Fault::damaged("its file `log.redb` is missing"));
    }
    let log = Log::look(
        place.disk.open(&place.path(LOG), false)?,
        depth == Depth::All,
    )?;
    let view = log.view()?;
    let facts = view.facts();
    verify_reach(&facts, witness.mark())?;
    match depth {
        Depth::Ends => view.verify_ends()?,
        Depth::Removable => {
            view.verify_ends()?;
            view.verify_oldest()?;
        }
        Depth::All => view.verify_all()?,
    }
    let known = witness.mark().seq;
    if (facts.first - 1..=facts.head).contains(&known)
        && view.position(known)?.chain != witness.mark().chain
    {
        return Err(Fault::damaged(format!(
            "entry {known} is not the one that its file `head` tells of"
        )));
    }
    Ok((facts, witness))
}

/// Whether the log reaches as far as it once did.
fn verify_reach(facts: &Facts, known: Mark) -> Result<(), Fault> {
    if known.epoch != facts.epoch {
        return Err(Fault::damaged(
            "its files `log.redb` and `head` are of two logs",
        ));
    }
    if known.seq > facts.head {
        return Err(Fault::damaged(format!(
            "it ends with entry {}, and entries up to {} were kept in it",
            facts.head, known.seq
        )));
    }
    Ok(())
}

fn mark(facts: &Facts) -> Mark {
    Mark {
        epoch: facts.epoch,
        seq: facts.head,
        chain: facts.chain,
    }
}

fn hex(epoch: u128) -> String {
    format!("{epoch:032x}")
}
