//! How one entry is written.
//!
//! A record: the length of its body in two bytes, its sum in eight, and the body: one byte for its kind and
//! for what it has, its time in eight, its name after the name's length in one byte, the sender's 32 bytes if
//! it has one, its id after the id's length in two bytes if it has one, its room if it says one, and its text.
//! Numbers are little-endian. It says no room where it is of the lobby and its number there is its offset, as
//! in a log without other rooms; else the room's name follows the name's length in one byte, 0 for the lobby, and
//! then its number in the room in eight. The sum is the body's checksum, seeded with which log it is, and the entry's
//! offset added to it, spread over all bits: whoever has the bytes of a record alone knows that they are whole, of
//! this log, and which entry they are. Damage to the sum gives a number that is far from any that can be there.

use super::error::Fault;
use super::gone::{self, Gone};
use super::sum::{Seed, checksum};
use chat_core::{Kind, MAX_NAME, MAX_ROOM_NAME, Name, Record, RoomName, SessionId};

/// What stands before the body.
pub(super) const PREFIX: usize = 10;

/// The longest body: far more than the longest line with all that goes with it.
pub(super) const MAX_BODY: usize = 16 * 1024;

/// The kind of the entry, as its place in [`Kind::ALL`]: two bits, and two more where kinds that came later need them.
const KIND: u8 = 3 | LATER_KIND | LAST_KIND;
const LATER_KIND: u8 = 16;
const LAST_KIND: u8 = 64;

const SENDER: u8 = 4;
const ID: u8 = 8;
const ROOM: u8 = 32;

/// What an entry's offset is multiplied by in the sum, and what undoes that: a bit or two of the sum changed
/// are a number changed by more than a segment can hold.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
const GATHER: u64 = inverse(SPREAD);

/// What an odd number is to be multiplied by to give 1.
const fn inverse(of: u64) -> u64 {
    // Each round doubles how many of the low bits are right, three at first.
    let mut inverse = of;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(of.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
}

/// Bytes that are not as they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A record found in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) offset: u64,
    pub(super) sum: u64,
    /// Without the text, where that was erased.
    pub(super) body: &'a [u8],
    /// How long the body was written.
    length: usize,
    /// The text is to be erased, and some of it is still there.
    pub(super) is_left: bool,
}

impl Found<'_> {
    /// The length of the record.
    pub(super) fn len(&self) -> usize {
        PREFIX + self.length
    }
}

/// Whether a record at this offset is written without its room, as in a log that has the lobby alone.
pub(super) fn is_plain(record: &Record, offset: u64) -> bool {
    record.room.is_lobby() && record.seq == offset
}

/// Writes a record after `out`; its sum.
pub(super) fn encode(
    record: &Record,
    offset: u64,
    seed: Seed,
    out: &mut Vec<u8>,
) -> Result<u64, Fault> {
    let start = out.len();
    out.extend([0; PREFIX]);
    encode_body(record, offset, out);
    let body = &out[start + PREFIX..];
    let length = u16::try_from(body.len()).ok();
    let Some(length) = length.filter(|_| body.len() <= MAX_BODY) else {
        out.truncate(start);
        return Err(Fault::TooLarge { seq: record.seq });
    };
    let sum = checksum(seed.0, body).wrapping_add(offset.wrapping_mul(SPREAD));
    out[start..start + 2].copy_from_slice(&length.to_le_bytes());
    out[start + 2..start + PREFIX].copy_from_slice(&sum.to_le_bytes());
    Ok(sum)
}

fn encode_body(record: &Record, offset: u64, out: &mut Vec<u8>) {
    const _: () = assert!(MAX_NAME <= u8::MAX as usize && MAX_ROOM_NAME <= u8::MAX as usize);
    let says_room = !is_plain(record, offset);
    out.push(
        kind_bits(record.kind)
            | if record.sender.is_some() { SENDER } else { 0 }
            | if record.id.is_some() { ID } else { 0 }
            | if says_room { ROOM } else { 0 },
    );
    out.extend(record.at.to_le_bytes());
    let name = record.name.as_str().as_bytes();
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend(name);
    if let Some(SessionId(sender)) = &record.sender {
        out.extend(sender);
    }
    if let Some(id) = &record.id {
        // What is longer than that makes the record too large.
        out.extend(u16::try_from(id.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend(id.as_bytes());
    }
    if says_room {
        encode_room(&record.room, out);
        out.extend(record.seq.to_le_bytes());
    }
    out.extend(record.text.as_bytes());
}

/// Writes a room's name after its length, which is 0 for the lobby's.
fn encode_room(room: &RoomName, out: &mut Vec<u8>) {
    let name = if room.is_lobby() { "" } else { room.as_str() };
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend(name.as_bytes());
}

/// The bits of a kind.
fn kind_bits(kind: Kind) -> u8 {
    match kind {
        Kind::Joined => 0,
        Kind::Left => 1,
        Kind::Said => 2,
        Kind::Acted => 3,
        Kind::Renamed => LATER_KIND,
        Kind::Topic => LATER_KIND | 1,
        Kind::Claimed => LATER_KIND | 2,
        Kind::Unclaimed => LATER_KIND | 3,
        Kind::Order => LAST_KIND,
        Kind::Device => LAST_KIND | 1,
        Kind::DeviceEnded => LAST_KIND | 2,
        Kind::Waits => LATER_KIND | LAST_KIND,
        Kind::Read => LATER_KIND | LAST_KIND | 1,
    }
}

/// The kind that has these bits.
fn kind_of(bits: u8) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind_bits(*kind) == bits)
}

/// The record that `bytes` begin with, whichever entry it is; `gone` has those without a text.
pub(super) fn find<'a>(bytes: &'a [u8], seed: Seed, gone: &Gone) -> Result<Found<'a>, Malformed> {
    let (length, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
    let (sum, rest) = rest.split_first_chunk().ok_or(Malformed)?;
    let length = usize::from(u16::from_le_bytes(*length));
    let body = rest.get(..length).filter(|_| length <= MAX_BODY);
    let body = body.ok_or(Malformed)?;
    let sum = u64::from_le_bytes(*sum);
    if let Some(rest) = gone.get(sum) {
        let (whole, body) = (body, head_of(body).ok_or(Malformed)?);
        let text = whole.get(body.len()..).unwrap_or_default();
        let found = Found {
            offset: rest.offset,
            sum,
            body,
            length,
            is_left: text.iter().any(|&byte| byte != 0),
        };
        return (rest == rest_of(&found, body, seed))
            .then_some(found)
            .ok_or(Malformed);
    }
    let offset = sum
        .wrapping_sub(checksum(seed.0, body))
        .wrapping_mul(GATHER);
    Ok(Found {
        offset,
        sum,
        body,
        length,
        is_left: false,
    })
}

/// What of a body stands before the text.
pub(super) fn head_of(body: &[u8]) -> Option<&[u8]> {
    let text = Body::read(0, body).ok()?.text;
    body.get(..body.len() - text.len())
}

/// What is known of a record, whose body begins with this, without its text.
pub(super) fn rest_of(found: &Found<'_>, head: &[u8], seed: Seed) -> gone::Rest {
    gone::Rest::of(found.offset, found.length, head, seed)
}

/// The kind of the entry that is written as this body.
pub(super) fn kind_in(body: &[u8]) -> Option<Kind> {
    kind_of(body.first()? & KIND)
}

/// The fewest bytes that a record has.
pub(super) const SHORTEST: u64 = PREFIX as u64 + 11;

/// The length of the record that `bytes` begin with, if they say one.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let length = usize::from(u16::from_le_bytes(*bytes.first_chunk()?));
    (length <= MAX_BODY).then_some(PREFIX + length)
}

/// Whether it is worth while to look whether these bytes are a record.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    let flags = bytes.get(PREFIX).copied().unwrap_or(u8::MAX);
    let name = bytes.get(PREFIX + 9).copied().map_or(0, usize::from);
    kind_of(flags & KIND).is_some()
        && flags & !(KIND | SENDER | ID | ROOM) == 0
        && (1..=MAX_NAME).contains(&name)
}

/// A body, taken apart.
struct Body<'a> {
    kind: Kind,
    at: u64,
    name: &'a str,
    sender: Option<SessionId>,
    id: Option<&'a str>,
    room: RoomName,
    seq: u64,
    text: &'a [u8],
}

impl<'a> Body<'a> {
    fn read(offset: u64, body: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = Rest(body);
        let [flags] = rest.array()?;
        let kind = kind_of(flags & KIND).ok_or(Malformed)?;
        if flags & !(KIND | SENDER | ID | ROOM) != 0 {
            return Err(Malformed);
        }
        let at = rest.number()?;
        let [length] = rest.array()?;
        let name = rest.text(length.into())?;
        let sender = (flags & SENDER != 0)
            .then(|| rest.array().map(SessionId))
            .transpose()?;
        let id = (flags & ID != 0)
            .then(|| {
                let length = u16::from_le_bytes(rest.array()?);
                rest.text(length.into())
            })
            .transpose()?;
        let (room, seq) = if flags & ROOM == 0 {
            (RoomName::LOBBY, offset)
        } else {
            (rest.room()?, rest.number()?)
        };
        Ok(Self {
            kind,
            at,
            name,
            sender,
            id,
            room,
            seq,
            text: rest.0,
        })
    }
}

/// The entry that is written as a body.
pub(super) fn decode(offset: u64, body: &[u8]) -> Result<Record, Malformed> {
    let body = Body::read(offset, body)?;
    Ok(Record {
        room: body.room,
        seq: body.seq,
        at: body.at,
        kind: body.kind,
        name: Name::parse(body.name).map_err(|_| Malformed)?,
        sender: body.sender,
        id: body.id.map(Into::into),
        text: str::from_utf8(body.text).map_err(|_| Malformed)?.into(),
    })
}

/// The room of the entry that is written as a body, and its number there.
pub(super) fn room_of(offset: u64, body: &[u8]) -> Option<(RoomName, u64)> {
    let body = Body::read(offset, body).ok()?;
    Some((body.room, body.seq))
}

/// By what an entry with an id is found.
pub(super) fn key(seed: Seed, SessionId(session): &SessionId, id: &str) -> u64 {
    checksum(checksum(seed.0, session), id.as_bytes())
}

/// By what the entry that is written as this body is found, if it has an id.
pub(super) fn key_of(seed: Seed, body: &[u8]) -> Option<u64> {
    let body = Body::read(0, body).ok()?;
    Some(key(seed, &body.sender?, body.id?))
}

/// Whether the entry that is written as this body may change the state of the room: it is not just something
/// said or done.
pub(super) fn is_more_than_said(body: &[u8]) -> bool {
    let is_said = |flags: &u8| matches!(kind_of(flags & KIND), Some(Kind::Said | Kind::Acted));
    !body.first().is_some_and(is_said)
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

    pub(super) fn number32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self, len: usize) -> Result<&'a str, Malformed> {
        str::from_utf8(self.bytes(len)?).map_err(|_| Malformed)
    }

    /// The name of a room as it is written, in one way only.
    fn room(&mut self) -> Result<RoomName, Malformed> {
        let [length] = self.array()?;
        if length == 0 {
            return Ok(RoomName::LOBBY);
        }
        let text = self.text(length.into())?;
        let room = RoomName::parse_kept(text).map_err(|_| Malformed)?;
        (room.as_str() == text && !room.is_lobby())
            .then_some(room)
            .ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::{GATHER, SPREAD};

    #[test]
    fn one_or_two_changed_bits_of_a_sum_are_a_number_far_away() {
        assert_eq!(SPREAD.wrapping_mul(GATHER), 1);
        let changes: Vec<u64> = (0..64)
            .flat_map(|bit| [1 << bit, (1_u64 << bit).wrapping_neg()])
            .collect();
        let pairs = changes
            .iter()
            .flat_map(|one| changes.iter().map(move |other| one.wrapping_add(*other)));
        for change in pairs
            .chain(changes.iter().copied())
            .filter(|change| *change != 0)
        {
            let number = change.wrapping_mul(GATHER);
            assert!(number.min(number.wrapping_neg()) > 1 << 40, "{change:x}");
        }
    }
}
