//! The database of a log, and what is written into it.

use super::backend::{Direct, Scratch};
use super::db::{Db, guarded};
use super::disk::File;
use super::error::{Fault, changed, missing};
use super::format::{self, Facts, Malformed};
use super::ids;
use super::roster::{self, Roster};
use super::view::{EARLIER, ENTRIES, FACTS, IDS, ROSTER, ROW, View};
use super::{REMOVED_AT_ONCE, Retention};
use chat_core::Record;
use redb::{ReadableTable, Table, WriteTransaction};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Log {
    db: Arc<Db>,
    facts: Facts,
    /// Where it is only looked at.
    scratch: Option<Scratch>,
}

impl Log {
    /// Makes a database in an empty file, of a log without entries.
    pub(super) fn create(
        file: Arc<dyn File>,
        facts: Facts,
        earlier: &Roster,
    ) -> Result<Self, Fault> {
        file.set_len(0)?;
        let db = Arc::new(Db::open(Direct::new(file), false)?);
        let sum = earlier.sum();
        let facts = Facts {
            roster: sum,
            earlier: sum,
            ..facts
        };
        guarded(|| {
            let transaction = db.begin_write()?;
            transaction.open_table(ENTRIES)?;
            transaction.open_table(IDS)?;
            earlier.write(&mut transaction.open_table(ROSTER)?)?;
            earlier.write(&mut transaction.open_table(EARLIER)?)?;
            put_facts(&transaction, &facts)?;
            Ok(transaction.commit()?)
        })?;
        Ok(Self {
            db,
            facts,
            scratch: None,
        })
    }

    /// Opens the database to append to it.
    pub(super) fn open(backend: Direct) -> Result<Self, Fault> {
        Self::of(Db::open(backend, false)?, None)
    }

    /// Opens the database to read it as it is: nothing in the file changes. Every page that is in
    /// use is verified first, or else as little as the database needs.
    pub(super) fn look(file: Arc<dyn File>, verify: bool) -> Result<Self, Fault> {
        // The database would take an empty file for one that is to be made.
        if file.is_empty()? {
            return Err(Fault::damaged("its file `log.redb` is empty"));
        }
        let scratch = Scratch::new(file)?;
        Self::of(Db::open(scratch.clone(), verify)?, Some(scratch))
    }

    fn of(db: Db, scratch: Option<Scratch>) -> Result<Self, Fault> {
        let facts = Facts::of_new(0, 1, 0);
        let db = Arc::new(db);
        let mut log = Self { db, facts, scratch };
        log.facts = log.view()?.facts();
        Ok(log)
    }

    pub(super) fn facts(&self) -> Facts {
        self.facts
    }

    pub(super) fn db(&self) -> &Arc<Db> {
        &self.db
    }

    pub(super) fn view(&self) -> Result<View, Fault> {
        View::of(&self.db)
    }

    /// Makes it another log, with the same entries.
    pub(super) fn set_epoch(&mut self, epoch: u128) -> Result<(), Fault> {
        let facts = Facts {
            epoch,
            ..self.facts
        };
        guarded(|| {
            let transaction = self.db.begin_write()?;
            put_facts(&transaction, &facts)?;
            Ok(transaction.commit()?)
        })?;
        self.facts = facts;
        Ok(())
    }

    /// Appends all of the entries, and removes old ones; or does nothing.
    pub(super) fn append(&mut self, records: &[Record], keep: &Retention) -> Result<(), Fault> {
        let mut facts = self.facts;
        guarded(|| {
            let transaction = self.db.begin_write()?;
            {
                let mut tables = Tables::open(&transaction)?;
                tables.add(records, &mut facts)?;
                if !keep.is_all() {
                    let now = records.last().map_or(0, |record| record.at);
                    let most = records.len() + REMOVED_AT_ONCE;
                    tables.remove(most, now, keep, &mut facts)?;
                }
            }
            put_facts(&transaction, &facts)?;
            Ok(transaction.commit()?)
        })?;
        self.facts = facts;
        Ok(())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(scratch) = &self.scratch {
            scratch.stop();
        }
    }
}

struct Tables<'t> {
    entries: Table<'t, u64, &'static [u8]>,
    ids: Table<'t, &'static [u8], u64>,
    roster: Table<'t, &'static str, &'static [u8]>,
    earlier: Table<'t, &'static str, &'static [u8]>,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            ids: transaction.open_table(IDS)?,
            roster: transaction.open_table(ROSTER)?,
            earlier: transaction.open_table(EARLIER)?,
        })
    }

    fn add(&mut self, records: &[Record], facts: &mut Facts) -> Result<(), Fault> {
        for record in records {
            let expected = facts.head + 1;
            if record.seq != expected {
                let found = record.seq;
                return Err(Fault::Sequence { expected, found });
            }
            let (bytes, chain) = format::encode(record, facts.chain);
            self.entries.insert(record.seq, bytes.as_slice())?;
            ids::add(&mut self.ids, record)?;
            roster::apply(&mut self.roster, &mut facts.roster, record)?;
            facts.head = record.seq;
            facts.chain = chain;
            facts.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// Removes at most so many of the oldest entries.
    fn remove(
        &mut self,
        most: usize,
        now: u64,
        keep: &Retention,
        facts: &mut Facts,
    ) -> Result<(), Fault> {
        for _ in 0..most {
            // The newest is kept whatever the limits are: it says how far the log reaches.
            if facts.first == facts.head {
                break;
            }
            let seq = facts.first;
            let value = self.entries.get(seq)?.ok_or_else(|| missing(seq))?;
            let size = value.value().len() as u64;
            let (record, chain) =
                format::decode(seq, value.value(), facts.base).map_err(|Malformed| changed(seq))?;
            drop(value);
            if !keep.is_over(now.saturating_sub(record.at), facts.count(), facts.bytes) {
                break;
            }
            self.entries.remove(seq)?;
            ids::remove(&mut self.ids, &record)?;
            roster::apply(&mut self.earlier, &mut facts.earlier, &record)?;
            facts.first += 1;
            facts.base = chain;
            facts.bytes = facts.bytes.saturating_sub(size);
        }
        Ok(())
    }
}

fn put_facts(transaction: &WriteTransaction, facts: &Facts) -> Result<(), Fault> {
    transaction
        .open_table(FACTS)?
        .insert(ROW, facts.encode().as_slice())?;
    Ok(())
}
