//! The log as it was at one moment, to be read.

use super::db::{Db, guarded};
use super::error::{Fault, changed, missing, no_id};
use super::format::{self, Facts, Malformed};
use super::ids;
use super::roster::Roster;
use super::{PAGE, REMOVED_AT_ONCE};
use chat_core::{Record, SessionId};
use redb::{Key, ReadOnlyTable, ReadTransaction, ReadableTableMetadata, TableDefinition, Value};

pub(super) const ENTRIES: TableDefinition<u64, &[u8]> = TableDefinition::new("entries");
pub(super) const FACTS: TableDefinition<&str, &[u8]> = TableDefinition::new("facts");
/// The session and the id of each entry that has both, and the entry's number.
pub(super) const IDS: TableDefinition<&[u8], u64> = TableDefinition::new("ids");
/// Who is in the room after the last entry.
pub(super) const ROSTER: TableDefinition<&str, &[u8]> = TableDefinition::new("roster");
/// Who was in the room before the oldest entry held.
pub(super) const EARLIER: TableDefinition<&str, &[u8]> = TableDefinition::new("earlier");

/// The facts' one row. Whatever its version, a checksum ends it and the version begins it.
pub(super) const ROW: &str = "facts";

/// The newest entries that are verified when a log is opened.
const NEWEST: u64 = 1024;

/// The oldest entries that are, where some are to be removed: as many as one append removes, and
/// more.
const OLDEST: usize = 2 * REMOVED_AT_ONCE;

pub(super) struct View {
    transaction: ReadTransaction,
    facts: Facts,
}

/// A position after an entry, with the chain's value there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) seq: u64,
    pub(super) chain: u64,
    /// The size of the entries passed so far.
    pub(super) bytes: u64,
}

impl View {
    /// The log as it is committed.
    pub(super) fn of(db: &Db) -> Result<Self, Fault> {
        guarded(|| {
            let transaction = db.begin_read()?;
            let facts = {
                let table = transaction.open_table(FACTS)?;
                let row = table
                    .get(ROW)?
                    .ok_or_else(|| Fault::damaged("the facts about it are missing"))?;
                Facts::decode(row.value())?
            };
            Ok(Self { transaction, facts })
        })
    }

    pub(super) fn facts(&self) -> Facts {
        self.facts
    }

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<K, V>,
    ) -> Result<ReadOnlyTable<K, V>, Fault> {
        Ok(self.transaction.open_table(table)?)
    }

    /// The position before the oldest entry held.
    pub(super) fn start(&self) -> Cursor {
        Cursor {
            seq: self.facts.first - 1,
            chain: self.facts.base,
            bytes: 0,
        }
    }

    /// The position after an entry, or the nearest one there is.
    pub(super) fn position(&self, after: u64) -> Result<Cursor, Fault> {
        let facts = &self.facts;
        if after < facts.first {
            return Ok(self.start());
        }
        let (seq, chain) = if after >= facts.head {
            (facts.head, facts.chain)
        } else {
            let chain = guarded(|| {
                let table = self.table(ENTRIES)?;
                let value = table.get(after)?.ok_or_else(|| missing(after))?;
                format::chain_of(value.value()).map_err(|Malformed| changed(after))
            })?;
            (after, chain)
        };
        let bytes = 0;
        Ok(Cursor { seq, chain, bytes })
    }

    /// Moves the cursor over at most `limit` entries, and puts them after `out`. After an error,
    /// what was put there before it is good.
    pub(super) fn read(
        &self,
        cursor: &mut Cursor,
        limit: usize,
        out: &mut Vec<Record>,
    ) -> Result<(), Fault> {
        guarded(|| {
            let mut left = limit;
            for item in self.table(ENTRIES)?.range(cursor.seq + 1..)?.take(limit) {
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
                left -= 1;
            }
            if left > 0 && cursor.seq != self.facts.head {
                return Err(missing(cursor.seq + 1));
            }
            if cursor.seq == self.facts.head && cursor.chain != self.facts.chain {
                return Err(disagree());
            }
            Ok(())
        })
    }

    /// The newest entry with an id.
    pub(super) fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, Fault> {
        let seq = guarded(|| {
            let found = self.table(IDS)?.get(ids::key(session, id).as_slice())?;
            Ok(found.map(|seq| seq.value()))
        })?;
        let Some(seq) = seq else {
            return Ok(None);
        };
        let wrong = || Fault::damaged(format!("an id leads to entry {seq}, which has another"));
        if !(self.facts.first..=self.facts.head).contains(&seq) {
            return Err(wrong());
        }
        let mut found = Vec::with_capacity(1);
        self.read(&mut self.position(seq - 1)?, 1, &mut found)?;
        let record = found.pop().ok_or_else(|| missing(seq))?;
        if record.sender.as_ref() == Some(session) && record.id.as_deref() == Some(id) {
            Ok(Some(record))
        } else {
            Err(wrong())
        }
    }

    /// Who is in the room after the last entry.
    pub(super) fn present(&self) -> Result<Roster, Fault> {
        guarded(|| Roster::read(&self.table(ROSTER)?, self.facts.roster))
    }

    /// Who was in the room before the oldest entry held.
    pub(super) fn earlier(&self) -> Result<Roster, Fault> {
        guarded(|| Roster::read(&self.table(EARLIER)?, self.facts.earlier))
    }

    /// Verifies what takes a time that does not depend on the log's length: the numbers of
    /// entries, the oldest of them, the newest and their ids, and who is in the room.
    pub(super) fn verify_ends(&self) -> Result<(), Fault> {
        let facts = &self.facts;
        self.verify_count()?;
        let mut records = Vec::new();
        self.read(&mut self.start(), 1, &mut records)?;
        records.clear();
        let mut cursor = self.position(facts.head.saturating_sub(NEWEST))?;
        let limit = usize::try_from(NEWEST).unwrap_or(usize::MAX) + 1;
        self.read(&mut cursor, limit, &mut records)?;
        self.verify_ids(&records)?;
        self.present()?;
        self.earlier()?;
        Ok(())
    }

    /// Verifies what is removed next.
    pub(super) fn verify_oldest(&self) -> Result<(), Fault> {
        let mut records = Vec::new();
        self.read(&mut self.start(), OLDEST, &mut records)?;
        self.verify_ids(&records)?;
        Ok(())
    }

    /// Verifies all of it.
    pub(super) fn verify_all(&self) -> Result<(), Fault> {
        self.verify_count()?;
        let mut roster = self.earlier()?;
        let (mut cursor, mut ids) = (self.start(), 0);
        let mut records = Vec::new();
        loop {
            self.read(&mut cursor, PAGE, &mut records)?;
            if records.is_empty() {
                break;
            }
            ids += self.verify_ids(&records)?;
            for record in records.drain(..) {
                roster.apply(&record);
            }
        }
        self.verify_end(cursor)?;
        if ids != guarded(|| Ok(self.table(IDS)?.len()?))? {
            return Err(Fault::damaged("there are ids that no entry has"));
        }
        if roster != self.present()? {
            return Err(Fault::damaged(
                "who is in the room does not agree with the entries",
            ));
        }
        Ok(())
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
            return Err(disagree());
        }
        Ok(())
    }

    fn verify_count(&self) -> Result<(), Fault> {
        let count = guarded(|| Ok(self.table(ENTRIES)?.len()?))?;
        let no_one_came_before = self.facts.first > 1 || self.facts.earlier == 0;
        if count == self.facts.count() && no_one_came_before {
            Ok(())
        } else {
            Err(disagree())
        }
    }

    /// Verifies that entries are found by their ids, or newer ones that have the same; returns how
    /// many are.
    fn verify_ids(&self, records: &[Record]) -> Result<u64, Fault> {
        guarded(|| {
            let table = self.table(IDS)?;
            let mut found = 0;
            for record in records {
                let Some(key) = ids::key_of(record) else {
                    continue;
                };
                let seq = table.get(key.as_slice())?.map(|seq| seq.value());
                match seq {
                    Some(seq) if (record.seq..=self.facts.head).contains(&seq) => {
                        found += u64::from(seq == record.seq);
                    }
                    _ => return Err(no_id(record.seq)),
                }
            }
            Ok(found)
        })
    }
}

fn disagree() -> Fault {
    Fault::damaged("the entries do not agree with the facts about them")
}
