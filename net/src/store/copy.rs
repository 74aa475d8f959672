//! A log written anew in another directory: a backup, or what is left of a damaged one.

use super::check::{Count, Damage};
use super::disk::Place;
use super::error::{Fault, Finder, StoreError};
use super::making::Beginning;
use super::rooms::Rooms;
use super::survey::Survey;
use super::visit::{Gap, Visit, Visitor};
use super::{PAGE, Report, Retention, Store, hex};
use chat_core::Record;
use std::mem;

/// How often a backup begins anew, where its source lets go of entries meanwhile.
const TRIES: usize = 5;

/// Makes a copy of a log in another directory, also beside a server that has it open: all that its file `head`
/// tells of then, some milliseconds old where nothing is said, and a second at most. The copy is the same log.
///
/// # Errors
/// When there is no log, or one where the copy is to be, the log is damaged, or a disk fails.
pub fn backup(place: impl Into<Place>, to: impl Into<Place>) -> Result<Report, StoreError> {
    let (place, to) = (place.into(), to.into());
    let mut tries = 0;
    loop {
        tries += 1;
        let first = || Survey::new(&place).ok().map(|it| it.known.first);
        let before = first();
        match copied(&place, &to, true) {
            // What it was to have was let go of meanwhile.
            Err((false, Fault::Damaged(_))) if tries < TRIES && first() != before => {}
            result => return result.map_err(|failure| located(failure, &place, &to)),
        }
    }
}

fn located((is_there, fault): (bool, Fault), place: &Place, to: &Place) -> StoreError {
    let path = if is_there { &to.path } else { &place.path };
    StoreError {
        found_by: Finder::Copy,
        ..fault.at(path)
    }
}

/// Makes a new log, in another directory, of all that can be read of a damaged one; that is left as it is. The
/// report says which entries are missing. Where the last ones are, or may be, also those of one room, the new
/// log has another epoch, since other entries will have their numbers.
///
/// # Errors
/// When there is no log, or one where the new one is to be, or a disk fails.
pub fn repair(place: impl Into<Place>, to: impl Into<Place>) -> Result<Report, StoreError> {
    let (place, to) = (place.into(), to.into());
    copied(&place, &to, false).map_err(|failure| located(failure, &place, &to))
}

/// Copies a log, all of it or what can be read; of a failure also whether it is where the copy was to be.
fn copied(place: &Place, to: &Place, all: bool) -> Result<Report, (bool, Fault)> {
    let here = |fault| (false, fault);
    let there = |fault| (true, fault);
    let survey = if all {
        Survey::new(place)
    } else {
        Survey::of_what_is_there(place)
    };
    let survey = survey.map_err(here)?;
    let random = || to.disk.random().map_err(|error| there(error.into()));
    let copy = Copy {
        to: to.clone(),
        id: random()?,
        epoch: survey.known.epoch,
        first: survey.known.first,
        store: None,
        batch: Vec::new(),
    };
    let mut visit = Visit::new(survey.known.first, copy);
    let mut count = Count::new(&survey).map_err(here)?;
    let mut damage = Damage::default();
    let mut is_there = false;
    let last = survey.each(|item| {
        damage.note(&item);
        if all && !damage.is_none() {
            return mem::take(&mut damage).into_result();
        }
        count.note(&item);
        visit.take(item).inspect_err(|_| is_there = true)
    });
    let last = last.map_err(|fault| (is_there, fault))?;
    // What is missing after the last entry, the new log does not have.
    let ending = visit.end().map_err(there)?;
    let is_end_lost = ending.is_end_lost;
    let store = ending.visitor.end().map_err(there)?;
    let epoch = if last > store.head() || is_end_lost || store.lacks_numbers() {
        random()?
    } else {
        survey.known.epoch
    };
    let head = store.head();
    drop(store.finished(epoch).map_err(there)?);
    Ok(Report {
        epoch: hex(epoch),
        size: Survey::new(to).and_then(|it| it.size()).map_err(there)?,
        head,
        ..count.report(last)
    })
}

/// A log that is written from another one.
struct Copy {
    to: Place,
    id: u128,
    epoch: u128,
    first: u64,
    /// Once it has begun.
    store: Option<Store>,
    batch: Vec<Record>,
}

impl Visitor for Copy {
    fn begin(&mut self, rooms: Rooms) -> Result<(), Fault> {
        let new = Beginning {
            id: self.id,
            epoch: self.epoch,
            first: self.first,
            rooms,
        };
        let begun = Store::begin(self.to.clone(), &new, Retention::default())?;
        self.store = Some(begun);
        Ok(())
    }

    fn entry(&mut self, _offset: u64, record: Record) -> Result<(), Fault> {
        self.batch.push(record);
        if self.batch.len() == PAGE {
            self.flush()?;
        }
        Ok(())
    }

    fn gap(&mut self, gap: Gap) -> Result<(), Fault> {
        self.flush()?.skip_to(gap.missing.1 + 1, gap.rooms)
    }
}

impl Copy {
    fn flush(&mut self) -> Result<&mut Store, Fault> {
        let store = self.store.as_mut().ok_or(Fault::Closed)?;
        let batch = mem::take(&mut self.batch);
        store.append(&batch).map_err(|error| error.fault)?;
        Ok(store)
    }

    fn end(mut self) -> Result<Store, Fault> {
        self.flush()?;
        self.store.ok_or(Fault::Closed)
    }
}
