//! How the entries of one sync are written: a frame.
//!
//! A header of 40 bytes, the records, and bytes of 0xFF, at least one, up to where the next frame may begin.
//! The header: a tag that is the segment's own, a check of the 24 bytes that follow, the frame's length with
//! all of that, how many records there are, the offset of the first, the sum of the frame before, and the
//! sum of this one. That covers the header and the *sums* of the records, not their bytes: so one text can be
//! erased for good without breaking the chain of frames.
//!
//! A frame begins where its header lies within one sector, which a disk writes whole or not at all.

use super::error::Fault;
use super::gone::Gone;
use super::record::{self, Found, Malformed, Rest};
use super::sum::{Seed, checksum};
use chat_core::Record;

pub(super) const HEADER: usize = 40;

/// What a disk writes whole or not at all.
pub(super) const SECTOR: u64 = SECTOR_LEN as u64;
const SECTOR_LEN: usize = 512;

/// The records of one frame come to no more than that and one record more; what is left is for the next.
pub(super) const MAX_RECORDS: usize = 4 << 20;

/// The longest frame.
pub(super) const MAX_FRAME: usize =
    MAX_RECORDS + record::PREFIX + record::MAX_BODY + HEADER + SECTOR_LEN;

pub(super) const PADDING: u8 = 0xFF;

/// What begins each frame of a segment, and nothing else: no text, and no frame of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    pub(super) fn of(seed: Seed, segment: u64) -> Self {
        // Never that of what was not written yet.
        Self(low(checksum(seed.0, &segment.to_le_bytes())) | 1)
    }

    /// Whether these bytes begin a frame, for all that is to be seen at once.
    pub(super) fn begins(self, bytes: &[u8]) -> bool {
        bytes.starts_with(&self.0.to_le_bytes())
    }
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The length of the frame.
    pub(super) len: usize,
    pub(super) count: u32,
    /// The offset of its first entry.
    pub(super) first: u64,
    /// The sum of the frame before.
    pub(super) prev: u64,
    pub(super) sum: u64,
}

impl Header {
    /// The header that stands here, if it is whole.
    pub(super) fn decode(bytes: &[u8], tag: Tag) -> Option<Self> {
        let bytes = bytes.get(..HEADER).filter(|bytes| tag.begins(bytes))?;
        let read = || -> Result<Self, Malformed> {
            let mut rest = Rest(&bytes[4..]);
            let check = rest.number32()?;
            if check != low(checksum(tag.0.into(), &bytes[8..32])) {
                return Err(Malformed);
            }
            Ok(Self {
                len: usize::try_from(rest.number32()?).map_err(|_| Malformed)?,
                count: rest.number32()?,
                first: rest.number()?,
                prev: rest.number()?,
                sum: rest.number()?,
            })
        };
        read().ok().filter(|it| {
            (HEADER..=MAX_FRAME).contains(&it.len) && it.count > 0 && it.last() >= it.first
        })
    }

    /// The offset of its last entry.
    pub(super) fn last(&self) -> u64 {
        self.first
            .wrapping_add(u64::from(self.count))
            .wrapping_sub(1)
    }
}

/// Verifies a frame, all of whose bytes these are, and gives its records, each with where it begins.
pub(super) fn verify<'a>(
    bytes: &'a [u8],
    header: &Header,
    seed: Seed,
    gone: &Gone,
    mut each: impl FnMut(usize, Found<'a>),
) -> Result<(), Malformed> {
    let mut sums = bytes[..32].to_vec();
    let mut at = HEADER;
    for offset in header.first..=header.last() {
        let found = record::find(&bytes[at..], seed, gone)?;
        if found.offset != offset {
            return Err(Malformed);
        }
        sums.extend(found.sum.to_le_bytes());
        each(at, found);
        at += found.len();
    }
    let is_padded = bytes[at..].iter().all(|&byte| byte == PADDING);
    if is_padded && at < bytes.len() && checksum(0, &sums) == header.sum {
        Ok(())
    } else {
        Err(Malformed)
    }
}

/// A frame being made; its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Frame {
    bytes: Vec<u8>,
    sums: Vec<u8>,
    /// Where each record begins.
    starts: Vec<u32>,
}

impl Frame {
    /// Begins another frame.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.resize(HEADER, 0);
        self.sums.clear();
        self.starts.clear();
    }

    /// Puts an entry in, which has the offset after the one before.
    pub(super) fn push(&mut self, record: &Record, offset: u64, seed: Seed) -> Result<(), Fault> {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let sum = record::encode(record, offset, seed, &mut self.bytes)?;
        self.sums.extend(sum.to_le_bytes());
        self.starts.push(start);
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= HEADER + MAX_RECORDS
    }

    /// Where each record begins.
    pub(super) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// How long it will be, where it begins at `at`.
    pub(super) fn len_at(&self, at: u64) -> u64 {
        next_place(at + self.bytes.len() as u64) - at
    }

    /// Ends the frame, which begins at `at`; its bytes, and its sum.
    pub(super) fn end(&mut self, at: u64, tag: Tag, first: u64, prev: u64) -> (&[u8], u64) {
        let len = self.len_at(at);
        self.bytes
            .resize(usize::try_from(len).unwrap_or(usize::MAX), PADDING);
        let mut header = tag.0.to_le_bytes().to_vec();
        header.extend([0; 4]);
        header.extend(u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
        let count = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        header.extend(count.to_le_bytes());
        header.extend(first.to_le_bytes());
        header.extend(prev.to_le_bytes());
        let check = low(checksum(tag.0.into(), &header[8..32]));
        header[4..8].copy_from_slice(&check.to_le_bytes());
        self.bytes[..32].copy_from_slice(&header);
        header.append(&mut self.sums);
        let sum = checksum(0, &header);
        self.bytes[32..HEADER].copy_from_slice(&sum.to_le_bytes());
        (&self.bytes, sum)
    }
}

/// Where the next frame begins, after one whose records end here.
fn next_place(end: u64) -> u64 {
    let next = (end + 1).next_multiple_of(8);
    if next % SECTOR > SECTOR - HEADER as u64 {
        next.next_multiple_of(SECTOR)
    } else {
        next
    }
}

fn low(sum: u64) -> u32 {
    let [a, b, c, d, ..] = sum.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
