//! The chain of an export: by its last value it shows whether anything was cut out or changed.

use crate::store::record::is_plain;
use crate::store::sum::checksum;
use chat_core::{Kind, Record, SessionId};

/// The chain's value after an entry at this offset.
pub(super) fn link(chain: u64, record: &Record, offset: u64) -> u64 {
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
pub(super) fn link_gap(chain: u64, (from, to): (u64, u64), state: &[u8]) -> u64 {
    let bytes = [&from.to_le_bytes(), &to.to_le_bytes(), state].concat();
    checksum(chain, &bytes)
}

/// A value, as it is written.
pub(super) fn sum(value: u64) -> String {
    format!("{value:016x}")
}
