//! The room's log on disk: what is appended stays, or its loss is told.
//!
//! A log is a directory that one process has open at a time:
//!
//! | file | holds |
//! |---|---|
//! | `log.redb` | the entries and the facts about them, in one database |
//! | `head` | how far the log reaches, once more |
//! | `lock` | nothing: who has it locked has the log |
//!
//! Once [`Store::append`] has returned, what was appended survives the end of the process and the
//! loss of power. Opening verifies all of it; a log that is not as it was written is refused, and
//! left as it is. What is kept, and for how long, is said by the caller.

mod backend;
mod disk;
mod error;
mod format;
mod log;
mod portable;
mod witness;

pub use disk::{Disk, File, Place};
pub use error::{Fault, StoreError};
pub use portable::{export, import};

use backend::Direct;
use chat_core::Record;
use format::Facts;
use log::{Cursor, Log};
use std::any::Any;
use std::time::Duration;
use std::vec;
use witness::{Mark, Witness};

const LOG: &str = "log.redb";
const NEW_LOG: &str = "log.new";
const HEAD: &str = "head";
const NEW_HEAD: &str = "head.new";
const LOCK: &str = "lock";

/// Entries that are in memory at once where all are gone through.
const PAGE: usize = 1024;

/// How much is kept. The oldest entries beyond any of these limits are removed when others are
/// appended, a bounded number each time; the newest is always kept. The default has no limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Retention {
    /// The oldest entry is at most this much older than the newest, by the times in them.
    pub age: Option<Duration>,
    /// At most so many entries.
    pub count: Option<u64>,
    /// At most so many bytes of entries, as they are written; the database's own needs come on top.
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
    stopped: bool,
    /// Dropped last.
    _lock: Lock,
}

type Lock = Box<dyn Any + Send + Sync>;

impl Store {
    /// Opens the log in a directory, and makes one if there is none.
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
                create(&place, facts, |_| Ok(()))?;
            }
            let (facts, mut witness) = examine(&place)?;
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
    /// first has the number behind the head, and each other one the number behind the one before.
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
        };
        appended.map_err(|fault| {
            self.stopped = true;
            self.backend.stop();
            fault.at(&self.place.dir)
        })
    }

    /// The entries behind number `after`, the oldest first, at most `limit` of them. They begin
    /// with [`first`](Self::first) where those before are no longer held.
    ///
    /// # Errors
    /// When one of them is not as it was written, or the disk fails.
    pub fn read(&self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        self.log
            .position(after)
            .and_then(|mut cursor| self.log.read(&mut cursor, limit, &mut records))
            .map_err(|fault| fault.at(&self.place.dir))?;
        Ok(records)
    }

    /// All entries held, the oldest first; only a few are in memory at once.
    pub fn entries(&self) -> Entries<'_> {
        Entries {
            store: self,
            cursor: Some(self.log.start()),
            page: Vec::new().into_iter(),
        }
    }
}

/// All entries of a [`Store`]. It ends after an error.
#[derive(Debug)]
pub struct Entries<'a> {
    store: &'a Store,
    /// `None` once there is no more to be read.
    cursor: Option<Cursor>,
    page: vec::IntoIter<Record>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.page.next() {
            return Some(Ok(record));
        }
        let mut cursor = self.cursor.take()?;
        let mut records = Vec::with_capacity(PAGE);
        if let Err(fault) = self.store.log.read(&mut cursor, PAGE, &mut records) {
            return Some(Err(fault.at(&self.store.place.dir)));
        }
        if !records.is_empty() {
            self.cursor = Some(cursor);
        }
        self.page = records.into_iter();
        self.page.next().map(Ok)
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
        let (facts, _) = examine(&place)?;
        report(&place, &facts)
    })();
    checked.map_err(|fault| fault.at(&place.dir))
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
    lock(place)
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
    let mut log = Log::create(disk.open(&place.path(NEW_LOG), true)?, facts)?;
    fill(&mut log)?;
    let facts = log.facts();
    drop(log);
    put(NEW_LOG, LOG)?;
    testify(mark(&facts))
}

/// Verifies all that there is.
fn examine(place: &Place) -> Result<(Facts, Witness), Fault> {
    let witness = open_witness(place)?;
    if !place.disk.exists(&place.path(LOG))? {
        return Err(Fault::damaged("its file `log.redb` is missing"));
    }
    let log = Log::look(place.disk.open(&place.path(LOG), false)?, true)?;
    let facts = log.facts();
    verify_reach(&facts, witness.mark())?;
    let mut cursor = log.start();
    let mut records = Vec::new();
    loop {
        let from = cursor.seq;
        log.read(&mut cursor, PAGE, &mut records)?;
        records.clear();
        if cursor.seq == from {
            break;
        }
    }
    log.verify_end(cursor)?;
    let known = witness.mark().seq;
    if (facts.first - 1..=facts.head).contains(&known)
        && log.position(known)?.chain != witness.mark().chain
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
