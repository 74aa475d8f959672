//! From a log to lines.

use super::chain::{link, link_gap, sum};
use super::line::{End, FORMAT, Head, Line, Missing, digits};
use crate::store::check::{Count, Damage};
use crate::store::disk::Place;
use crate::store::error::{Fault, Finder, StoreError};
use crate::store::rooms::Rooms;
use crate::store::sum::checksum;
use crate::store::survey::Survey;
use crate::store::visit::{Gap, Visit, Visitor};
use crate::store::{LOBBY_ALONE, Report, hex};
use chat_core::{Kind, Name, Record, RoomName};
use serde::Serialize;
use std::io::Write;

/// Writes a log as lines of JSON. Of a damaged one, all that can be read is written, with a line for what is
/// missing where it is, marked as incomplete, and then the error is returned. Beside a server that has it
/// open, it is written as far as its file `head` says that it reaches.
///
/// # Errors
/// When there is no log, a newer version wrote it, it is damaged, or what it is written to or read from fails.
pub fn export(place: impl Into<Place>, out: impl Write) -> Result<Report, StoreError> {
    let (report, _) = export_all(&place.into(), out, true)?;
    Ok(report)
}

/// The same without what people said to each other alone, and from how many entries that was left out. Of each it is left that it was,
/// with its number and its time, so that what is made of the export goes on with the numbers: not what was said, nor by whom. Nothing waits
/// for anybody any more.
///
/// # Errors
/// As [`export`].
pub fn export_without_private(
    place: impl Into<Place>,
    out: impl Write,
) -> Result<(Report, u64), StoreError> {
    export_all(&place.into(), out, false)
}

fn export_all(
    place: &Place,
    out: impl Write,
    has_private: bool,
) -> Result<(Report, u64), StoreError> {
    export_from(place, out, has_private).map_err(|fault| StoreError {
        found_by: Finder::Export,
        ..fault.at(&place.path)
    })
}

fn export_from(place: &Place, out: impl Write, has_private: bool) -> Result<(Report, u64), Fault> {
    let survey = Survey::of_what_is_there(place)?;
    let mut count = Count::new(&survey)?;
    let mut damage = Damage::default();
    let export = Export {
        out,
        version: survey.version(),
        epoch: hex(survey.known.epoch),
        first: survey.known.first,
        count: 0,
        chain: 0,
        last: survey.known.first - 1,
        has_private,
        left_out: 0,
    };
    let mut visit = Visit::new(survey.known.first, export);
    let head = survey.each(|item| {
        count.note(&item);
        damage.note(&item);
        visit.take(item)
    })?;
    let ending = visit.end()?;
    let (mut export, is_end_lost) = (ending.visitor, ending.is_end_lost);
    if let Some(gap) = ending.gap {
        export.gap(gap)?;
    }
    let complete = damage.is_none();
    let end = Line::End(End {
        count: export.count,
        chain: sum(export.chain),
        roster: String::new(),
        complete,
        head: (head > export.last || is_end_lost).then_some(head),
        is_end_lost,
    });
    put(&mut export.out, &end)?;
    export.out.flush().map_err(Fault::Unwritten)?;
    let exported = export.count;
    match damage.into_result() {
        Ok(()) => Ok((count.report(head), export.left_out)),
        Err(Fault::Damaged(what)) => Err(Fault::Damaged(format!(
            "{what} ({exported} entries were exported)"
        ))),
        Err(fault) => Err(fault),
    }
}

/// A log that is written as lines.
struct Export<W> {
    out: W,
    version: u32,
    epoch: String,
    first: u64,
    count: u64,
    chain: u64,
    /// The last entry that was written.
    last: u64,
    /// What people said to each other alone is written as well.
    has_private: bool,
    /// From so many entries that was left out.
    left_out: u64,
}

impl<W: Write> Visitor for Export<W> {
    fn begin(&mut self, rooms: Rooms) -> Result<(), Fault> {
        let state = self.encode(&rooms);
        self.chain = checksum(self.first, &state);
        let head = Head {
            format: FORMAT.into(),
            version: self.version,
            epoch: self.epoch.clone(),
            first: self.first,
            state: digits(&state),
            missing: if self.version > LOBBY_ALONE {
                rooms.missing
            } else {
                0
            },
            base: String::new(),
            roster: Vec::new(),
        };
        put(&mut self.out, &head)
    }

    fn entry(&mut self, offset: u64, mut record: Record) -> Result<(), Fault> {
        if !self.has_private && is_private(&record) {
            self.left_out += u64::from(record.room.is_conversation());
            record = without_words(record);
        }
        self.chain = link(self.chain, &record, offset);
        self.count += 1;
        self.last = offset;
        put(&mut self.out, &Line::Entry(record.into()))
    }

    fn gap(&mut self, gap: Gap) -> Result<(), Fault> {
        let rooms = gap.rooms.as_ref();
        let state = rooms.map(|rooms| self.encode(rooms)).unwrap_or_default();
        self.chain = link_gap(self.chain, gap.missing, &state);
        let missing = Missing {
            missing: gap.missing,
            state: digits(&state),
        };
        put(&mut self.out, &Line::Missing(missing))
    }
}

impl<W> Export<W> {
    fn encode(&self, rooms: &Rooms) -> Vec<u8> {
        let without;
        let rooms = if self.has_private {
            rooms
        } else {
            without = rooms.clone().without_waiting();
            &without
        };
        if self.version > LOBBY_ALONE {
            rooms.directory().snapshot_of_rooms().bytes
        } else {
            rooms.get(&RoomName::LOBBY).state.encode()
        }
    }
}

/// Whether an entry is one of what people said to each other alone, or of what waits of that.
fn is_private(record: &Record) -> bool {
    record.room.is_conversation() || matches!(record.kind, Kind::Waits | Kind::Read)
}

/// What is left of it.
fn without_words(record: Record) -> Record {
    Record {
        name: Name::of_port(0),
        text: "".into(),
        sender: None,
        id: None,
        ..record
    }
}

fn put(out: &mut impl Write, line: &impl Serialize) -> Result<(), Fault> {
    serde_json::to_writer(&mut *out, line)
        .map_err(Into::into)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(Fault::Unwritten)
}
