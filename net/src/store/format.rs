//! How entries and the facts about them are written, and the chain of checksums that ties them.
//!
//! An entry: one byte for its kind and for what it has, its time, its name after the name's
//! length, the sender if it has one, its id after the id's length if it has one, its text, and the
//! value of the chain. Numbers are little-endian. The chain's value is a checksum of all the bytes
//! before it, seeded with the value of the entry before; so it stands for every entry up to here,
//! in their order.

use super::VERSION;
use super::error::Fault;
use chat_core::{Kind, MAX_NAME, Name, Record, SessionId};
use twox_hash::XxHash3_64;

// A name's length is one byte.
const _: () = assert!(MAX_NAME <= u8::MAX as usize);

const SENDER: u8 = 4;
const ID: u8 = 8;

/// What is known of a log as a whole; written with every append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Which log it is.
    pub(super) epoch: u128,
    /// The oldest entry held; one more than the last while there are none.
    pub(super) first: u64,
    /// The last entry, 0 if there was none yet.
    pub(super) head: u64,
    /// The chain's value before the oldest entry held.
    pub(super) base: u64,
    /// The chain's value at the last entry.
    pub(super) chain: u64,
    /// The size of all entries held, as they are written.
    pub(super) bytes: u64,
    /// The sum of who is in the room after the last entry.
    pub(super) roster: u64,
    /// The sum of who was in the room before the oldest entry held.
    pub(super) earlier: u64,
}

/// Bytes that are not as they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Facts {
    /// A log without entries, whose first one will be `first`.
    pub(super) fn of_new(epoch: u128, first: u64, base: u64) -> Self {
        Self {
            epoch,
            first,
            head: first - 1,
            base,
            chain: base,
            bytes: 0,
            roster: 0,
            earlier: 0,
        }
    }

    /// The number of entries held.
    pub(super) fn count(&self) -> u64 {
        self.head + 1 - self.first
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = VERSION.to_le_bytes().to_vec();
        out.extend(self.epoch.to_le_bytes());
        for number in [
            self.first,
            self.head,
            self.base,
            self.chain,
            self.bytes,
            self.roster,
            self.earlier,
        ] {
            out.extend(number.to_le_bytes());
        }
        out.extend(checksum(0, &out).to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let malformed =
            |Malformed| Fault::damaged("the facts about it are not as they were written");
        let (body, sum) = sealed(bytes).map_err(malformed)?;
        if sum != checksum(0, body) {
            return Err(malformed(Malformed));
        }
        let mut rest = Rest(body);
        let found = u32::from_le_bytes(rest.array().map_err(malformed)?);
        if found > VERSION {
            return Err(Fault::Newer { found });
        }
        let mut read = || -> Result<Self, Malformed> {
            Ok(Self {
                epoch: u128::from_le_bytes(rest.array()?),
                first: rest.number()?,
                head: rest.number()?,
                base: rest.number()?,
                chain: rest.number()?,
                bytes: rest.number()?,
                roster: rest.number()?,
                earlier: rest.number()?,
            })
        };
        let facts = read().map_err(malformed)?;
        let sound = facts.first >= 1 && facts.first - 1 <= facts.head && facts.head < u64::MAX;
        if sound {
            Ok(facts)
        } else {
            Err(malformed(Malformed))
        }
    }
}

/// The chain's value before the first entry of a new log.
pub(super) fn start_of_chain(epoch: u128) -> u64 {
    checksum(0, &epoch.to_le_bytes())
}

/// How an entry is written, after one with the chain's value `chain`; and the chain's value then.
pub(super) fn encode(record: &Record, chain: u64) -> (Vec<u8>, u64) {
    let kind = match record.kind {
        Kind::Joined => 0,
        Kind::Left => 1,
        Kind::Said => 2,
    };
    let mut out = Vec::with_capacity(64 + record.text.len());
    out.push(
        kind | if record.sender.is_some() { SENDER } else { 0 }
            | if record.id.is_some() { ID } else { 0 },
    );
    out.extend(record.at.to_le_bytes());
    let name = record.name.as_str().as_bytes();
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend(name);
    if let Some(SessionId(sender)) = &record.sender {
        out.extend(sender);
    }
    if let Some(id) = &record.id {
        out.extend((id.len() as u64).to_le_bytes());
        out.extend(id.as_bytes());
    }
    out.extend(record.text.as_bytes());
    let chain = checksum(chain, &out);
    out.extend(chain.to_le_bytes());
    (out, chain)
}

/// The entry that is written as `bytes`, after one with the chain's value `chain`; and the chain's
/// value then.
pub(super) fn decode(seq: u64, bytes: &[u8], chain: u64) -> Result<(Record, u64), Malformed> {
    let (body, sum) = sealed(bytes)?;
    if sum != checksum(chain, body) {
        return Err(Malformed);
    }
    let mut rest = Rest(body);
    let [flags] = rest.array()?;
    let kind = match flags & 3 {
        0 => Kind::Joined,
        1 => Kind::Left,
        2 => Kind::Said,
        _ => return Err(Malformed),
    };
    if flags & !(3 | SENDER | ID) != 0 {
        return Err(Malformed);
    }
    let at = rest.number()?;
    let [len] = rest.array()?;
    let name = Name::parse(rest.text(len.into())?).map_err(|_| Malformed)?;
    let sender = (flags & SENDER != 0)
        .then(|| rest.array().map(SessionId))
        .transpose()?;
    let id = (flags & ID != 0)
        .then(|| rest.number().and_then(|len| rest.text(len)))
        .transpose()?;
    let record = Record {
        seq,
        at,
        kind,
        name,
        sender,
        id: id.map(Into::into),
        text: str::from_utf8(rest.0).map_err(|_| Malformed)?.into(),
    };
    Ok((record, sum))
}

/// The chain's value at an entry.
pub(super) fn chain_of(bytes: &[u8]) -> Result<u64, Malformed> {
    sealed(bytes).map(|(_, chain)| chain)
}

/// A checksum that no damage leaves as it was but for one in 2^64.
pub(super) fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(seed, bytes)
}

/// Bytes, and the checksum after them.
pub(super) fn sealed(bytes: &[u8]) -> Result<(&[u8], u64), Malformed> {
    let (body, sum) = bytes.split_last_chunk().ok_or(Malformed)?;
    Ok((body, u64::from_le_bytes(*sum)))
}

/// What is still to be read.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self, len: u64) -> Result<&'a str, Malformed> {
        let len = usize::try_from(len).map_err(|_| Malformed)?;
        let (text, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        str::from_utf8(text).map_err(|_| Malformed)
    }
}
