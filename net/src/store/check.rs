//! A log verified, all of it.

use super::disk::Place;
use super::error::{Fault, Finder, StoreError};
use super::hex;
use super::survey::{Item, Survey};

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which log it is.
    pub epoch: String,
    /// The entries held.
    pub entries: u64,
    /// The offset of the oldest of them; one more than `head` while there are none.
    pub first: u64,
    /// The offset of the last entry, 0 if there was none yet.
    pub head: u64,
    /// The size of the segments, with what is ready to be written to.
    pub size: u64,
    /// The entries between the first and the last that it does not have, and says so: the first and the last
    /// of each gap.
    pub missing: Vec<(u64, u64)>,
}

/// Verifies a log, and changes nothing. Beside a server that has it open, it is verified as far as its file
/// `head` says that it reaches.
///
/// # Errors
/// When there is none, a newer version wrote it, it is damaged, or the disk fails.
pub fn check(place: impl Into<Place>) -> Result<Report, StoreError> {
    let place = place.into();
    checked(&place).map_err(|fault| StoreError {
        found_by: Finder::Check,
        ..fault.at(&place.path)
    })
}

pub(super) fn checked(place: &Place) -> Result<Report, Fault> {
    let survey = Survey::of_what_is_there(place)?;
    let mut count = Count::new(&survey)?;
    let (mut damage, mut left) = (Damage::default(), Left::default());
    let last = survey.each(|item| {
        damage.note(&item);
        left.note(&item);
        count.note(&item);
        Ok(())
    })?;
    match (damage.into_result(), left.into_result()) {
        (Ok(()), left) => left.map(|()| count.report(last)),
        (Err(Fault::Damaged(what)), Err(Fault::NotErased { what: left, .. })) => {
            Err(Fault::Damaged(format!("{what}; {left}")))
        }
        (damaged, _) => damaged.map(|()| count.report(last)),
    }
}

/// Texts that were ordered gone and are still there.
#[derive(Debug, Default)]
struct Left {
    told: Vec<String>,
    count: u64,
    /// Whoever opens the log does not find all of them.
    is_overlooked: bool,
}

impl Left {
    fn note(&mut self, item: &Item) {
        /// No more than that is told.
        const MOST: usize = 20;
        let Item::Left(room, seq, is_found) = item else {
            return;
        };
        self.count += 1;
        self.is_overlooked |= !is_found;
        if self.told.len() < MOST {
            self.told.push(format!(
                "the text of entry {seq} of room {room} was ordered gone and is still there"
            ));
        }
    }

    fn into_result(self) -> Result<(), Fault> {
        if self.told.is_empty() {
            return Ok(());
        }
        let more = self.count - self.told.len() as u64;
        let mut told = self.told;
        if more > 0 {
            told.push(format!("and {more} others"));
        }
        let what = told.join("; ");
        Err(Fault::NotErased {
            what,
            is_overlooked: self.is_overlooked,
        })
    }
}

/// What is counted of a log that is gone through.
#[derive(Debug)]
pub(super) struct Count(Report);

impl Count {
    pub(super) fn new(survey: &Survey) -> Result<Self, Fault> {
        Ok(Self(Report {
            epoch: hex(survey.known.epoch),
            entries: 0,
            first: survey.known.first,
            head: 0,
            size: survey.size()?,
            missing: Vec::new(),
        }))
    }

    pub(super) fn note(&mut self, item: &Item) {
        let first = self.0.first;
        match item {
            Item::Entry(offset, _) if *offset >= first => self.0.entries += 1,
            Item::Gap(from, to) | Item::Lost(from, to) if *to >= first => {
                self.0.missing.push((*from.max(&first), *to));
            }
            _ => {}
        }
    }

    pub(super) fn report(mut self, last: u64) -> Report {
        self.0.head = last;
        self.0
    }
}

/// What is wrong with a log that is gone through.
#[derive(Debug, Default)]
pub(super) struct Damage {
    lost: Vec<(u64, u64)>,
    flaws: Vec<String>,
}

impl Damage {
    pub(super) fn note(&mut self, item: &Item) {
        /// No more than that is told.
        const MOST: usize = 20;
        match item {
            Item::Lost(from, to) => match self.lost.last_mut() {
                Some(last) if last.1 + 1 == *from => last.1 = *to,
                _ => self.lost.push((*from, *to)),
            },
            Item::Flaw(what) if self.flaws.len() < MOST => self.flaws.push(what.clone()),
            _ => {}
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.lost.is_empty() && self.flaws.is_empty()
    }

    /// What is wrong, in words.
    pub(super) fn into_result(self) -> Result<(), Fault> {
        if self.is_none() {
            return Ok(());
        }
        let mut what = self.flaws.join("; ");
        if !self.lost.is_empty() {
            if !what.is_empty() {
                what += "; ";
            }
            what += &lost(&self.lost);
        }
        Err(Fault::Damaged(what))
    }
}

/// Which entries cannot be read, in words.
pub(super) fn lost(ranges: &[(u64, u64)]) -> String {
    const MOST: usize = 20;
    let count: u64 = ranges.iter().map(|(from, to)| to - from + 1).sum();
    let listed: Vec<String> = (ranges.iter().take(MOST))
        .map(|(from, to)| {
            if from == to {
                format!("{from}")
            } else {
                format!("{from} to {to}")
            }
        })
        .collect();
    let more = if ranges.len() > MOST {
        ", and others"
    } else {
        ""
    };
    let entries = if count == 1 { "entry" } else { "entries" };
    format!(
        "{count} {entries} cannot be read: {}{more}",
        listed.join(", ")
    )
}
