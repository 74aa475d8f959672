//! A log as lines of JSON: to keep a copy, to look into, to move it, to save what can be saved.
//!
//! The first line says which log it is and what is before the first entry, also who was in the room
//! then; then there is a line for each entry; the last has their number, the chain's value and the
//! sum of who is in the room, so that a file that was cut or changed shows.

use super::VERSION;
use super::error::{Fault, Finder, StoreError};
use super::format::Facts;
use super::log::Log;
use super::roster::Roster;
use super::{
    Depth, LOG, PAGE, Place, Report, create, examine, hex, is_new, lock, lock_existing, report,
};
use chat_core::json::MAX_ID;
use chat_core::{Kind, MAX_LINE, Name, Record, SessionId};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read, Write};

const FORMAT: &str = "chat-log";

/// The longest first line, of a million in the room before the first entry.
const MAX_HEAD: u64 = 128 << 20;

/// The longest of the other lines: an entry of a room, every byte of which is written as `\u0001`.
const MAX_ENTRY: u64 = 6 * (MAX_LINE + MAX_ID) as u64 + 512;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
    epoch: String,
    first: u64,
    base: String,
    /// Who was in the room before the first entry.
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
    End(End),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    count: u64,
    chain: String,
    roster: String,
    /// Whether this is all that the log held.
    complete: bool,
}

/// Writes a log as lines of JSON. Of a damaged one, what can be read before the first damage is
/// written, marked as incomplete, and then the error is returned.
///
/// # Errors
/// When there is no log, someone has it open, a newer version wrote it, it is damaged, or what it
/// is written to or read from fails.
pub fn export(place: impl Into<Place>, out: impl Write) -> Result<Report, StoreError> {
    let place = place.into();
    export_from(&place, out).map_err(|fault| StoreError {
        found_by: Finder::Export,
        ..fault.at(&place.dir)
    })
}

fn export_from(place: &Place, mut out: impl Write) -> Result<Report, Fault> {
    let _lock = lock_existing(place)?;
    if !place.disk.exists(&place.path(LOG))? {
        return Err(Fault::damaged("its file `log.redb` is missing"));
    }
    let log = Log::look(place.disk.open(&place.path(LOG), false)?, false)?;
    let view = log.view()?;
    let facts = view.facts();
    let mut roster = view.earlier()?;
    let head = Head {
        format: FORMAT.into(),
        version: VERSION,
        epoch: hex(facts.epoch),
        first: facts.first,
        base: sum(facts.base),
        roster: roster.clone().into_iter().map(Into::into).collect(),
    };
    put(&mut out, &head)?;
    let mut cursor = view.start();
    let mut records = Vec::new();
    let read = loop {
        let read = view.read(&mut cursor, PAGE, &mut records);
        let found = !records.is_empty();
        for record in records.drain(..) {
            roster.apply(&record);
            put(&mut out, &Line::Entry(record.into()))?;
        }
        if read.is_err() || !found {
            break read;
        }
    };
    let whole = read
        .and_then(|()| view.verify_end(cursor))
        .and_then(|()| examine(place, Depth::All));
    let count = cursor.seq + 1 - facts.first;
    let end = End {
        count,
        chain: sum(cursor.chain),
        roster: sum(roster.sum()),
        complete: whole.is_ok(),
    };
    put(&mut out, &Line::End(end))?;
    out.flush().map_err(Fault::Unwritten)?;
    match whole {
        Ok((facts, _)) => report(place, &facts),
        Err(Fault::Damaged(what)) => Err(Fault::Damaged(format!(
            "{what} ({count} entries, {} to {}, were exported before that)",
            facts.first, cursor.seq
        ))),
        Err(fault) => Err(fault),
    }
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
/// the same epoch. Of what was exported from a damaged log the epoch is a new one, since other
/// entries will have the numbers of those that were lost.
///
/// # Errors
/// When there is a log already, what is read is not a whole export, or the disk fails.
pub fn import(place: impl Into<Place>, from: impl BufRead) -> Result<Report, StoreError> {
    let place = place.into();
    import_into(&place, from).map_err(|fault| fault.at(&place.dir))
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
    let epoch = u128::from_str_radix(&head.epoch, 16).ok();
    let base = u64::from_str_radix(&head.base, 16).ok();
    let (Some(epoch), Some(base), true) = (epoch, base, head.first > 0) else {
        return Err(lines.bad("does not say which log it is"));
    };
    let earlier: Result<Roster, ()> = head.roster.into_iter().map(TryInto::try_into).collect();
    let Some(earlier) = earlier.ok().filter(|all| head.first > 1 || all.is_empty()) else {
        return Err(lines.bad("does not say who was in the room"));
    };
    place.disk.create_dir(&place.dir)?;
    let _lock = lock(place)?;
    if !is_new(place)? {
        return Err(Fault::Exists);
    }
    let facts = Facts::of_new(epoch, head.first, base);
    create(place, facts, &earlier, |log| {
        let mut records = Vec::with_capacity(PAGE);
        let end = loop {
            match lines.next(MAX_ENTRY)? {
                Line::Entry(entry) => {
                    let expected = log.facts().head + 1 + records.len() as u64;
                    match Record::try_from(entry) {
                        Ok(record) if record.seq == expected => records.push(record),
                        Ok(record) => {
                            let found = record.seq;
                            return Err(lines.bad(format!("is entry {found}, not {expected}")));
                        }
                        Err(()) => return Err(lines.bad("is no entry")),
                    }
                    if records.len() == PAGE {
                        log.append(&records, &super::Retention::default())?;
                        records.clear();
                    }
                }
                Line::End(end) => break end,
            }
        };
        if !records.is_empty() {
            log.append(&records, &super::Retention::default())?;
        }
        let facts = log.facts();
        if end.count != facts.count()
            || end.chain != sum(facts.chain)
            || end.roster != sum(facts.roster)
        {
            return Err(lines.bad("does not agree with the entries before it"));
        }
        if !lines.at_end() {
            return Err(lines.bad("should be the last"));
        }
        if !end.complete {
            log.set_epoch(place.disk.random()?)?;
        }
        Ok(())
    })?;
    let (facts, _) = examine(place, Depth::All)?;
    report(place, &facts)
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
        (self.from.by_ref().take(most + 1))
            .read_until(b'\n', &mut bytes)
            .map_err(|error| self.bad(format!("cannot be read ({error})")))?;
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

    fn at_end(&mut self) -> bool {
        self.from.fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    fn bad(&self, what: impl Into<String>) -> Fault {
        Fault::BadExport {
            line: self.line,
            what: what.into(),
        }
    }
}

impl From<(Name, Option<SessionId>)> for Member {
    fn from((name, session): (Name, Option<SessionId>)) -> Self {
        Self {
            name: name.as_str().into(),
            session: session.map(|session| session.to_string()),
        }
    }
}

impl TryFrom<Member> for (Name, Option<SessionId>) {
    type Error = ();

    fn try_from(member: Member) -> Result<Self, ()> {
        let name = Name::parse(&member.name).map_err(|_| ())?;
        let session = member.session.as_deref().map(session).transpose()?;
        Ok((name, session))
    }
}

impl From<Record> for Entry {
    fn from(record: Record) -> Self {
        Self {
            seq: record.seq,
            at: record.at,
            kind: match record.kind {
                Kind::Joined => "joined",
                Kind::Left => "left",
                Kind::Said => "said",
            }
            .into(),
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
        Ok(Self {
            seq: entry.seq,
            at: entry.at,
            kind: match entry.kind.as_str() {
                "joined" => Kind::Joined,
                "left" => Kind::Left,
                "said" => Kind::Said,
                _ => return Err(()),
            },
            name: Name::parse(&entry.name).map_err(|_| ())?,
            text: entry.text.into(),
            sender: entry.sender.as_deref().map(session).transpose()?,
            id: entry.id.map(Into::into),
        })
    }
}

fn session(hex: &str) -> Result<SessionId, ()> {
    let mut bytes = [0; 32];
    if hex.len() != 2 * bytes.len() || !hex.is_ascii() {
        return Err(());
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).map_err(|_| ())?;
    }
    Ok(SessionId(bytes))
}
