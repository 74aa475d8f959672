//! How large the parts of a log are.

use super::retention::Retention;
use super::segment::Header;

/// How large the parts of a log are. What is there already stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// A segment is full when it has so many bytes.
    pub segment: u64,
    /// Zeros are written ahead in steps of so many bytes: a multiple of 512.
    pub step: u64,
    /// The [`Upkeep`](super::Upkeep) sees to it that so many bytes are ready to be written to.
    pub ahead: u64,
    /// A segment is full when it has entries of so many rooms: what is in memory of each is little afterwards.
    pub rooms: usize,
}

impl Sizes {
    /// What suits a log of which so much is kept: a segment is to be a small part of it.
    pub fn of(keep: &Retention) -> Self {
        const MIB: u64 = 1 << 20;
        let part = keep.bytes.map_or(u64::MAX, |bytes| bytes / 8);
        Self {
            segment: part.clamp(MIB, 64 * MIB).next_multiple_of(MIB),
            step: MIB,
            ahead: 8 * MIB,
            rooms: 8_192,
        }
    }

    /// A segment that has entries of so many rooms is full when it has so many bytes: to write down all rooms again is to be
    /// no more than half of the work.
    pub(super) fn limit(&self, header: &Header, rooms: usize) -> u64 {
        if !header.has_rooms() {
            self.segment
        } else if rooms < self.rooms {
            self.segment.max(2 * header.start())
        } else {
            2 * header.start()
        }
    }
}
