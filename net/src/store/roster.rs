//! Who is in the room, as a table of rows. What an entry changes in that is for the core to say.

use super::error::Fault;
use super::format::{Malformed, checksum};
use chat_core::{Change, Name, Record, SessionId};
use redb::{ReadableTable, Table};
use std::collections::BTreeMap;

/// Names, each with the session that it joined with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Roster(BTreeMap<Name, Option<SessionId>>);

impl Roster {
    /// Does what an entry tells of.
    pub(super) fn apply(&mut self, record: &Record) {
        match record.change() {
            Change::Enters(name, session) => drop(self.0.insert(name.clone(), session)),
            Change::Leaves(name) => drop(self.0.remove(name)),
            Change::Nothing => {}
        }
    }

    /// The rows of a table whose sum is to be `sum`.
    pub(super) fn read(
        table: &impl ReadableTable<&'static str, &'static [u8]>,
        sum: u64,
    ) -> Result<Self, Fault> {
        let changed = || Fault::damaged("who is in the room is not as it was written");
        let mut roster = Self::default();
        for item in table.iter()? {
            let (name, value) = item?;
            let name = Name::parse(name.value()).map_err(|_| changed())?;
            let session = decode(value.value()).map_err(|Malformed| changed())?;
            roster.0.insert(name, session);
        }
        if roster.sum() == sum {
            Ok(roster)
        } else {
            Err(changed())
        }
    }

    /// Writes all of it into an empty table.
    pub(super) fn write(&self, table: &mut Table<'_, &str, &[u8]>) -> Result<(), Fault> {
        for (name, session) in &self.0 {
            table.insert(name.as_str(), encode(session.as_ref()))?;
        }
        Ok(())
    }

    /// A sum of checksums, one for each row, which does not depend on their order.
    pub(super) fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, (name, session)| {
            sum.wrapping_add(row(name.as_str(), encode(session.as_ref())))
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Roster {
    type Item = (Name, Option<SessionId>);
    type IntoIter = <BTreeMap<Name, Option<SessionId>> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(Name, Option<SessionId>)> for Roster {
    fn from_iter<I: IntoIterator<Item = (Name, Option<SessionId>)>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

/// Does in a table what an entry tells of, and keeps the sum of its rows.
pub(super) fn apply(
    table: &mut Table<'_, &str, &[u8]>,
    sum: &mut u64,
    record: &Record,
) -> Result<(), Fault> {
    let name = record.name.as_str();
    let before = match record.change() {
        Change::Enters(_, session) => {
            let value = encode(session.as_ref());
            *sum = sum.wrapping_add(row(name, value));
            table.insert(name, value)?
        }
        Change::Leaves(_) => table.remove(name)?,
        Change::Nothing => None,
    };
    if let Some(before) = before {
        *sum = sum.wrapping_sub(row(name, before.value()));
    }
    Ok(())
}

fn row(name: &str, value: &[u8]) -> u64 {
    checksum(name.len() as u64, &[name.as_bytes(), value].concat())
}

fn encode(session: Option<&SessionId>) -> &[u8] {
    session.map_or(&[], |SessionId(bytes)| bytes)
}

fn decode(bytes: &[u8]) -> Result<Option<SessionId>, Malformed> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let session = bytes.try_into().map_err(|_| Malformed)?;
    Ok(Some(SessionId(session)))
}
