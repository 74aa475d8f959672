//! A log as lines of JSON: to keep a copy, to look into, to move it, to save what can be saved.
//!
//! The first line says which log it is and what is before the first entry, also the state of the room
//! then, or the directory of all rooms where there may be others than the lobby; then there is a line for each entry, and for those that are missing; the last has their number and
//! the chain's value, so that a file that was cut or changed shows. What version 1 of this program exported
//! is imported as well: there, the first line has who was in the room.

use super::check::{Count, Damage};
use super::disk::Place;
use super::error::{Fault, Finder, StoreError};
use super::making::Beginning;
use super::record::is_plain;
use super::rooms::{Directory, Rooms, Snapshot};
use super::sum::checksum;
use super::survey::Survey;
use super::visit::{Gap, Visit, Visitor};
use super::{LOBBY_ALONE, PAGE, Report, Retention, Store, VERSION, hex};
use chat_core::json::MAX_ID;
use chat_core::{Kind, MAX_LINE, Name, Record, RoomName, SessionId, State, printable};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};
use std::sync::Arc;

const FORMAT: &str = "chat-log";

/// The longest first line, of a million in the room before the first entry.
const MAX_HEAD: u64 = 256 << 20;

/// The longest of the other lines: an entry of a room, every byte of which is written as `\u0001`.
const MAX_ENTRY: u64 = 6 * (MAX_LINE + MAX_ID) as u64 + 512;

/// What the line of entries that are missing begins with.
const MISSING: &[u8] = b"{\"missing\":";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
    epoch: String,
    first: u64,
    /// The state of the room before the first entry, or the directory of the rooms, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    state: String,
    /// How many entries before the first one were lost, of which that may not know.
    #[serde(default, skip_serializing_if = "is_zero")]
    missing: u64,
    /// In version 1: the chain's value before the first entry.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    base: String,
    /// In version 1: who was in the room before the first entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roster: Vec<Member>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Entry(Entry),
    Missing(Missing),
    End(End),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Where it is not the lobby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    seq: u64,
    at: u64,
    kind: String,
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// Entries that are not there.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Missing {
    /// The first and the last of them.
    missing: (u64, u64),
    /// The state of the room after them, or the directory of the rooms, in hexadecimal digits, where it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    state: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    count: u64,
    chain: String,
    /// In version 1: the sum of who is in the room.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    roster: String,
    /// Whether this is all that the log held.
    complete: bool,
    /// The last entry that the log ever had, where that is not the last one here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<u64>,
    /// Whether there may have been others after that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_end_lost: bool,
}

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

/// The chain's value after an entry at this offset.
fn link(chain: u64, record: &Record, offset: u64) -> u64 {
    let is_plain = is_plain(record, offset);
    let mut bytes = vec![
        match record.kind {
            Kind::Joined => 0,
            Kind::Left => 1,
            Kind::Said => 2,
            Kind::Acted => 3,
            Kind::Renamed => 16,
            Kind::Topic => 17,
            Kind::Claimed => 18,
            Kind::Unclaimed => 19,
            Kind::Order => 64,
            Kind::Device => 65,
            Kind::DeviceEnded => 66,
            Kind::Waits => 80,
            Kind::Read => 81,
        } | if record.sender.is_some() { 4 } else { 0 }
            | if record.id.is_some() { 8 } else { 0 }
            | if is_plain { 0 } else { 32 },
    ];
    bytes.extend(record.at.to_le_bytes());
    let name = record.name.as_str().as_bytes();
    bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    bytes.extend(name);
    if let Some(SessionId(sender)) = &record.sender {
        bytes.extend(sender);
    }
    if let Some(id) = &record.id {
        bytes.extend((id.len() as u64).to_le_bytes());
        bytes.extend(id.as_bytes());
    }
    if !is_plain {
        let room = record.room.as_str().as_bytes();
        bytes.push(u8::try_from(room.len()).unwrap_or(u8::MAX));
        bytes.extend(room);
        bytes.extend(record.seq.to_le_bytes());
    }
    bytes.extend(record.text.as_bytes());
    checksum(chain, &bytes)
}

/// The chain's value after what is missing.
fn link_gap(chain: u64, (from, to): (u64, u64), state: &[u8]) -> u64 {
    let bytes = [&from.to_le_bytes(), &to.to_le_bytes(), state].concat();
    checksum(chain, &bytes)
}

#[allow(clippy::trivially_copy_pass_by_ref)] // Serde gives one.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn sum(value: u64) -> String {
    format!("{value:016x}")
}

fn put(out: &mut impl Write, line: &impl Serialize) -> Result<(), Fault> {
    serde_json::to_writer(&mut *out, line)
        .map_err(Into::into)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(Fault::Unwritten)
}

/// Makes a new log of what [`export`] wrote: the same entries with the same numbers, in a log of
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
    let head: Head = lines.next(MAX_HEAD)?;
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
        match lines.next(MAX_ENTRY)? {
            Line::Entry(entry) => {
                let record = Record::try_from(entry).map_err(|()| lines.bad("is no entry"))?;
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
    super::check::checked(place)
}

/// What is before the first entry of an export.
struct Before {
    rooms: Rooms,
    chain: u64,
    /// In version 1.
    roster: Option<Roster>,
}

impl Before {
    fn of(head: &Head) -> Option<Self> {
        if head.version > 1 {
            let bytes = undigits(&head.state)?;
            let chain = checksum(head.first, &bytes);
            let mut rooms = rooms_of(head.version, bytes, head.first)?;
            rooms.missing = head.missing;
            return Some(Self {
                chain,
                rooms,
                roster: None,
            });
        }
        let chain = u64::from_str_radix(&head.base, 16).ok()?;
        let mut state = State::default();
        let mut roster = Roster::default();
        for member in &head.roster {
            let record = member.joined()?;
            roster.apply(&record);
            state.fold(&record);
        }
        let is_possible = head.first > 1 || head.roster.is_empty();
        let rooms = rooms_of(LOBBY_ALONE, state.encode(), head.first)?;
        is_possible.then_some(Self {
            rooms,
            chain,
            roster: Some(roster),
        })
    }
}

/// The rooms that these bytes are in an export of this version, before an entry.
fn rooms_of(version: u32, bytes: Vec<u8>, first: u64) -> Option<Rooms> {
    let directory = Directory::decode(Snapshot { version, bytes }, first).ok()?;
    Some(Rooms::new(Arc::new(directory)))
}

/// Who is in the room, as version 1 had it beside the entries, with a sum in the last line.
#[derive(Default)]
struct Roster(BTreeMap<String, Vec<u8>>);

impl Roster {
    fn apply(&mut self, record: &Record) {
        let name = record.name.as_str();
        let session = record.sender.map(|SessionId(bytes)| bytes.to_vec());
        match record.kind {
            Kind::Joined => drop(self.0.insert(name.into(), session.unwrap_or_default())),
            Kind::Left => drop(self.0.remove(name)),
            // Version 1 had no other kinds.
            _ => {}
        }
    }

    fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, (name, session)| {
            let row = [name.as_bytes(), session].concat();
            sum.wrapping_add(checksum(name.len() as u64, &row))
        })
    }
}

impl Member {
    /// An entry by which it came.
    fn joined(&self) -> Option<Record> {
        Some(Record {
            room: RoomName::LOBBY,
            seq: 0,
            at: 0,
            kind: Kind::Joined,
            name: Name::parse(&self.name).ok()?,
            text: "".into(),
            sender: self.session.as_deref().map(str::parse).transpose().ok()?,
            id: None,
        })
    }
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

fn digits(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}"); // A string takes it all.
    }
    digits
}

fn undigits(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

/// The lines of an export.
struct Lines<R> {
    from: R,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line, of at most so many bytes without its end.
    fn next<T: for<'a> Deserialize<'a>>(&mut self, most: u64) -> Result<T, Fault> {
        let mut bytes = Vec::new();
        self.line += 1;
        self.more(most + 1, &mut bytes)?;
        let mut most = most;
        if bytes.last() != Some(&b'\n') && bytes.starts_with(MISSING) {
            // With what is missing there may be all rooms.
            most = MAX_HEAD;
            self.more(most + 1 - bytes.len() as u64, &mut bytes)?;
        }
        let length = bytes.len() as u64;
        if bytes.pop() != Some(b'\n') {
            if length > most {
                return Err(self.bad(format!(
                    "is longer than {most} bytes, which no line there can be"
                )));
            }
            return Err(self.bad("is where the file ends before its time"));
        }
        let text = match bytes.strip_prefix("\u{feff}".as_bytes()) {
            // Some programs that copy a text put a mark in front of it.
            Some(text) if self.line == 1 => text,
            _ => &bytes,
        };
        serde_json::from_slice(text)
            .map_err(|error| self.bad(format!("is not what belongs there ({error})")))
    }

    /// Reads on to the end of the line, at most so many bytes.
    fn more(&mut self, most: u64, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let read = (self.from.by_ref().take(most)).read_until(b'\n', bytes);
        read.map_err(|error| self.bad(format!("cannot be read ({error})")))?;
        Ok(())
    }

    fn at_end(&mut self) -> bool {
        self.from.fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    /// What is wrong with the log that is made of it is wrong here.
    fn located(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Sequence {
                room,
                expected,
                found,
            } if room.is_lobby() => self.bad(format!("is entry {found}, not {expected}")),
            Fault::Sequence {
                room,
                expected,
                found,
            } => self.bad(format!("is entry {found} of room {room}, not {expected}")),
            fault => fault,
        }
    }

    fn bad(&self, what: impl Into<String>) -> Fault {
        Fault::BadExport {
            line: self.line,
            what: what.into(),
        }
    }
}

impl From<Record> for Entry {
    fn from(record: Record) -> Self {
        Self {
            room: (!record.room.is_lobby()).then(|| record.room.as_str().into()),
            seq: record.seq,
            at: record.at,
            kind: record.kind.name().into(),
            name: record.name.as_str().into(),
            text: record.text.into(),
            sender: record.sender.map(|sender| sender.to_string()),
            id: record.id.map(Into::into),
        }
    }
}

impl TryFrom<Entry> for Record {
    type Error = ();

    fn try_from(entry: Entry) -> Result<Self, ()> {
        let room = entry.room.as_deref().map(RoomName::parse_kept);
        Ok(Self {
            room: room.transpose().map_err(|_| ())?.unwrap_or_default(),
            seq: entry.seq,
            at: entry.at,
            kind: Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == entry.kind)
                .ok_or(())?,
            name: Name::parse(&entry.name).map_err(|_| ())?,
            text: entry.text.into(),
            sender: entry.sender.as_deref().map(str::parse).transpose()?,
            id: entry.id.map(Into::into),
        })
    }
}
