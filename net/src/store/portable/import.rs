//! From lines to a log.

use super::before::{Before, Roster, rooms_of};
use super::chain::{link, link_gap, sum};
use super::line::{FORMAT, Head, Line, undigits};
use super::lines::{Lines, MAX_ENTRY, MAX_HEAD};
use crate::store::check;
use crate::store::disk::Place;
use crate::store::error::{Fault, StoreError};
use crate::store::making::Beginning;
use crate::store::rooms::Rooms;
use crate::store::{PAGE, Report, Retention, Store, VERSION};
use chat_core::{Record, printable};
use std::borrow::Cow;
use std::io::BufRead;

/// Makes a new log of what [`export`](super::export()) wrote: the same entries with the same numbers, in a log of
/// the same epoch. Where the last of a damaged log was lost, the epoch is a new one, since other
/// entries will have the numbers of those.
///
/// # Errors
/// When there is a log already, what is read is not a whole export, or the disk fails.
pub fn import(place: impl Into<Place>, from: impl BufRead) -> Result<Report, StoreError> {
    let place = place.into();
    import_into(&place, from).map_err(|fault| fault.at(&place.path))
}

fn import_into(place: &Place, from: impl BufRead) -> Result<Report, Fault> {
    let mut lines = Lines { from, line: 0 };
    let head: Head = lines.next(MAX_HEAD, |bytes| serde_json::from_slice(bytes))?;
    if head.format != FORMAT {
        return Err(lines.bad("does not begin an export of a log"));
    }
    if head.version > VERSION {
        let found = head.version;
        return Err(Fault::NewerExport { found });
    }
    let Some(epoch) = u128::from_str_radix(&head.epoch, 16)
        .ok()
        .filter(|_| head.first > 0)
    else {
        return Err(lines.bad("does not say which log it is"));
    };
    let Some(before) = Before::of(&head) else {
        return Err(lines.bad("does not say who was in the room"));
    };
    let new = Beginning {
        id: place.disk.random()?,
        epoch,
        first: head.first,
        rooms: before.rooms.clone(),
    };
    let mut import = Import {
        numbers: before.rooms,
        version: head.version,
        chain: before.chain,
        roster: before.roster,
        batch: Vec::with_capacity(PAGE),
        count: 0,
        store: Store::begin(place.clone(), &new, Retention::default())?,
    };
    let end = loop {
        match lines.next(MAX_ENTRY, Line::decode)? {
            Line::Entry(entry) => {
                let record = Record::try_from(entry).map_err(|member| {
                    lines.bad(format!(
                        "is no entry: its `{member}` is none that there can be"
                    ))
                })?;
                import.entry(record).map_err(|fault| lines.located(fault))?;
            }
            Line::Missing(it) => {
                let state = undigits(&it.state).ok_or_else(|| lines.bad("has a wrong state"))?;
                if !import.gap(it.missing, state)? {
                    return Err(lines.bad("does not follow what is before it"));
                }
            }
            Line::End(end) => break end,
        }
    };
    import.flush()?;
    let is_whole = end.count == import.count
        && end.chain == sum(import.chain)
        && import.roster.is_none_or(|it| end.roster == sum(it.sum()));
    if !is_whole {
        return Err(lines.bad("does not agree with the entries before it"));
    }
    if !lines.at_end() {
        return Err(lines.bad("should be the last"));
    }
    let last = import.store.head();
    let is_lost = match end.head {
        Some(head) => head > last || end.is_end_lost,
        None => head.version == 1 && !end.complete,
    };
    let epoch = if is_lost || import.store.lacks_numbers() {
        place.disk.random()?
    } else {
        epoch
    };
    drop(import.store.finished(epoch)?);
    check::checked(place)
}

struct Import {
    version: u32,
    store: Store,
    /// What the numbers of the rooms are, with those that are still to be appended.
    numbers: Rooms,
    batch: Vec<Record>,
    count: u64,
    chain: u64,
    roster: Option<Roster>,
}

impl Import {
    fn entry(&mut self, mut record: Record) -> Result<(), Fault> {
        let numbered = self.numbers.number(&record.room, record.seq);
        numbered.map_err(|expected| Fault::Sequence {
            room: record.room.clone(),
            expected,
            found: record.seq,
        })?;
        let offset = self.store.head() + 1 + self.batch.len() as u64;
        self.chain = link(self.chain, &record, offset);
        self.count += 1;
        if let Some(roster) = &mut self.roster {
            roster.apply(&record);
        }
        // Whoever wrote the file, what is shown of it does no harm.
        if let Cow::Owned(shown) = printable(&record.text) {
            record.text = shown.into();
        }
        self.batch.push(record);
        if self.batch.len() == PAGE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let batch = std::mem::take(&mut self.batch);
        self.store.append(&batch).map_err(|error| error.fault)
    }

    /// Goes on after what is missing; whether it is next.
    fn gap(&mut self, (from, to): (u64, u64), state: Vec<u8>) -> Result<bool, Fault> {
        self.flush()?;
        if from != self.store.head() + 1 || to < from || to == u64::MAX {
            return Ok(false);
        }
        self.chain = link_gap(self.chain, (from, to), &state);
        let rooms = if state.is_empty() {
            None
        } else {
            rooms_of(self.version, state, to + 1)
        };
        match &rooms {
            Some(rooms) => self.numbers = rooms.clone(),
            None => self.numbers.missing += to + 1 - from,
        }
        self.store.skip_to(to + 1, rooms)?;
        Ok(true)
    }
}
