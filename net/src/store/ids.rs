//! Where the entry with an id is.

use super::error::{Fault, no_id};
use chat_core::{Record, SessionId};
use redb::{ReadableTable, Table};

/// The key of an entry that has an id; the newest of those with the same one is found by it.
pub(super) fn key_of(record: &Record) -> Option<Vec<u8>> {
    Some(key(record.sender.as_ref()?, record.id.as_deref()?))
}

pub(super) fn key(SessionId(session): &SessionId, id: &str) -> Vec<u8> {
    [session, id.as_bytes()].concat()
}

pub(super) fn add(table: &mut Table<'_, &[u8], u64>, record: &Record) -> Result<(), Fault> {
    if let Some(key) = key_of(record) {
        table.insert(key.as_slice(), record.seq)?;
    }
    Ok(())
}

pub(super) fn remove(table: &mut Table<'_, &[u8], u64>, record: &Record) -> Result<(), Fault> {
    let Some(key) = key_of(record) else {
        return Ok(());
    };
    let found = table.get(key.as_slice())?.map(|seq| seq.value());
    match found {
        Some(seq) if seq == record.seq => drop(table.remove(key.as_slice())?),
        // A newer entry has the same id.
        Some(seq) if seq > record.seq => {}
        _ => return Err(no_id(record.seq)),
    }
    Ok(())
}
