//! The entries and the facts about them, in the database.

use super::Retention;
use super::backend::{Direct, Scratch};
use super::disk::File;
use super::error::Fault;
use super::format::{self, Facts, Malformed};
use chat_core::Record;
use redb::{
    Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, WriteTransaction,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const ENTRIES: TableDefinition<u64, &[u8]> = TableDefinition::new("entries");
const FACTS: TableDefinition<&str, &[u8]> = TableDefinition::new("facts");

/// The facts' one row. Whatever its version, a checksum ends it and the version begins it.
const ROW: &str = "facts";

/// The memory that the database may use for what it read.
const CACHE: usize = 32 << 20;

/// Entries that one append may remove beyond as many as it adds.
const REMOVED_AT_ONCE: usize = 1024;

#[derive(Debug)]
pub(super) struct Log {
    db: Db,
    facts: Facts,
}

/// A position behind an entry, with the chain's value there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) seq: u64,
    pub(super) chain: u64,
    /// The size of the entries passed so far.
    pub(super) bytes: u64,
}

impl Log {
    /// Makes a database in an empty file.
    pub(super) fn create(file: Arc<dyn File>, facts: Facts) -> Result<Self, Fault> {
        file.set_len(0)?;
        let db = Db::open(Direct::new(file), false)?;
        write_facts(db.get(), &facts)?;
        Ok(Self { db, facts })
    }

    /// Opens the database to append to it.
    pub(super) fn open(backend: Direct) -> Result<Self, Fault> {
        Self::of(Db::open(backend, false)?)
    }

    /// Opens the database to read it as it is: nothing in the file changes. Every page that is in
    /// use is verified first, or else as little as the database needs.
    pub(super) fn look(file: Arc<dyn File>, verify: bool) -> Result<Self, Fault> {
        // The database would take an empty file for one that is to be made.
        if file.is_empty()? {
            return Err(Fault::damaged("its file `log.redb` is empty"));
        }
        Self::of(Db::open(Scratch::new(file)?, verify)?)
    }

    fn of(db: Db) -> Result<Self, Fault> {
        let facts = guarded(|| {
            let table = db.get().begin_read()?.open_table(FACTS)?;
            let row = table
                .get(ROW)?
                .ok_or_else(|| Fault::damaged("the facts about it are missing"))?;
            Facts::decode(row.value())
        })?;
        Ok(Self { db, facts })
    }

    pub(super) fn facts(&self) -> Facts {
        self.facts
    }

    /// Makes it another log, with the same entries.
    pub(super) fn set_epoch(&mut self, epoch: u128) -> Result<(), Fault> {
        let facts = Facts {
            epoch,
            ..self.facts
        };
        write_facts(self.db.get(), &facts)?;
        self.facts = facts;
        Ok(())
    }

    /// The position before the oldest entry held.
    pub(super) fn start(&self) -> Cursor {
        Cursor {
            seq: self.facts.first - 1,
            chain: self.facts.base,
            bytes: 0,
        }
    }

    /// The position behind an entry, or the nearest one there is.
    pub(super) fn position(&self, after: u64) -> Result<Cursor, Fault> {
        let facts = &self.facts;
        if after < facts.first {
            return Ok(self.start());
        }
        let (seq, chain) = if after >= facts.head {
            (facts.head, facts.chain)
        } else {
            let chain = guarded(|| {
                let table = self.db.get().begin_read()?.open_table(ENTRIES)?;
                let value = table.get(after)?.ok_or_else(|| missing(after))?;
                format::chain_of(value.value()).map_err(|Malformed| changed(after))
            })?;
            (after, chain)
        };
        let bytes = 0;
        Ok(Cursor { seq, chain, bytes })
    }

    /// Moves the cursor over at most `limit` entries, and puts them behind `out`. After an error,
    /// what was put there before it is good.
    pub(super) fn read(
        &self,
        cursor: &mut Cursor,
        limit: usize,
        out: &mut Vec<Record>,
    ) -> Result<(), Fault> {
        guarded(|| {
            let table = self.db.get().begin_read()?.open_table(ENTRIES)?;
            for item in table.range(cursor.seq + 1..)?.take(limit) {
                let (key, value) = item?;
                let (seq, bytes) = (cursor.seq + 1, value.value());
                if key.value() != seq {
                    return Err(missing(seq));
                }
                if seq > self.facts.head {
                    return Err(Fault::damaged(format!(
                        "there is an entry {seq} behind the last one, {}",
                        self.facts.head
                    )));
                }
                let (record, chain) =
                    format::decode(seq, bytes, cursor.chain).map_err(|Malformed| changed(seq))?;
                out.push(record);
                *cursor = Cursor {
                    seq,
                    chain,
                    bytes: cursor.bytes + bytes.len() as u64,
                };
            }
            Ok(())
        })
    }

    /// Whether the cursor, having begun at the start and found no more, passed all that there is
    /// to be.
    pub(super) fn verify_end(&self, cursor: Cursor) -> Result<(), Fault> {
        let facts = &self.facts;
        let end = Cursor {
            seq: facts.head,
            chain: facts.chain,
            bytes: facts.bytes,
        };
        if cursor.seq != end.seq {
            return Err(missing(cursor.seq + 1));
        }
        if cursor != end {
            return Err(Fault::damaged(
                "the entries do not agree with the facts about them",
            ));
        }
        Ok(())
    }

    /// Appends all of the entries, and removes old ones; or does nothing.
    pub(super) fn append(&mut self, records: &[Record], keep: &Retention) -> Result<(), Fault> {
        let db = self.db.get();
        let mut facts = self.facts;
        guarded(|| {
            let transaction = begin(db)?;
            let mut entries = transaction.open_table(ENTRIES)?;
            for record in records {
                let expected = facts.head + 1;
                if record.seq != expected {
                    let found = record.seq;
                    return Err(Fault::Sequence { expected, found });
                }
                let (bytes, chain) = format::encode(record, facts.chain);
                entries.insert(record.seq, bytes.as_slice())?;
                facts.head = record.seq;
                facts.chain = chain;
                facts.bytes += bytes.len() as u64;
            }
            let now = records.last().map_or(0, |record| record.at);
            for _ in 0..records.len() + REMOVED_AT_ONCE {
                // The newest is kept whatever the limits are: it says how far the log reaches.
                if keep.is_all() || facts.first == facts.head {
                    break;
                }
                let Some((key, value)) = entries.first()? else {
                    return Err(missing(facts.first));
                };
                let (seq, size) = (key.value(), value.value().len() as u64);
                if seq != facts.first {
                    return Err(missing(facts.first));
                }
                let (at, chain) = format::peek(value.value()).map_err(|Malformed| changed(seq))?;
                drop((key, value));
                if !keep.is_over(now.saturating_sub(at), facts.count(), facts.bytes) {
                    break;
                }
                entries.remove(seq)?;
                facts.first += 1;
                facts.base = chain;
                facts.bytes = facts.bytes.saturating_sub(size);
            }
            drop(entries);
            transaction
                .open_table(FACTS)?
                .insert(ROW, facts.encode().as_slice())?;
            Ok(transaction.commit()?)
        })?;
        self.facts = facts;
        Ok(())
    }
}

/// Begins a transaction that is written in two phases, so that the root it replaces is whole until
/// the new one is; and with the state of the pages, so that a log whose process was killed needs no
/// repair to be read, which a damaged one would not survive.
fn begin(db: &Database) -> Result<WriteTransaction, Fault> {
    let mut transaction = db.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    Ok(transaction)
}

fn write_facts(db: &Database, facts: &Facts) -> Result<(), Fault> {
    guarded(|| {
        let transaction = begin(db)?;
        transaction.open_table(ENTRIES)?;
        transaction
            .open_table(FACTS)?
            .insert(ROW, facts.encode().as_slice())?;
        Ok(transaction.commit()?)
    })
}

fn missing(seq: u64) -> Fault {
    Fault::damaged(format!("entry {seq} is missing"))
}

fn changed(seq: u64) -> Fault {
    Fault::damaged(format!("entry {seq} is not as it was written"))
}

/// The database, which may panic where its file is damaged, and even when it is dropped.
#[derive(Debug)]
struct Db(Option<Database>);

impl Db {
    fn open(backend: impl StorageBackend, verify: bool) -> Result<Self, Fault> {
        guarded(|| {
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE);
            builder.set_check_integrity_on_open(verify);
            Ok(Self(Some(builder.create_with_backend(backend)?)))
        })
    }

    fn get(&self) -> &Database {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let db = self.0.take();
        // What it would have written then is written when it is opened again.
        let _: Result<(), Fault> = guarded(|| {
            drop(db);
            Ok(())
        });
    }
}

/// Makes a panic of the database an error.
fn guarded<T>(f: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = (panic.downcast_ref::<String>().map(String::as_str))
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Fault::damaged(format!(
            "the database cannot make sense of its file ({})",
            text.unwrap_or("no reason given")
        )))
    })
}
