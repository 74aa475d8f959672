//! Entries of a segment whose texts are erased: they are written down before they are, so that a power loss at any time leaves
//! an entry that is whole, or one that is known to have no text.
//!
//! The file `<first entry>.gone` beside the segment has slots of 32 bytes: the sum of the record as it was written, which stands in front
//! of it for ever, and is in its frame's sum; the offset of the entry; the sum of what is left of the body, before the text; and the
//! sum of these three. The text is then written over with zeros. A record whose sum is in a slot is read without the text, whatever stands
//! there; so what was being written over when the power was lost is as good as erased, and is written over again by the next who
//! opens the log, as the order to do so is in the newest segment (see [`Store`](super::Store)).

use super::disk::{self, Dir, Mode};
use super::error::Fault;
use super::sum::{Seed, checksum};
use std::collections::BTreeMap;

const SLOT: usize = 32;

/// What is known of an entry without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) offset: u64,
    /// The sum of what stands before the text.
    sum: u64,
}

/// The entries of one segment that have no text any more, by the sums of their records.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone(BTreeMap<u64, Rest>);

impl Rest {
    /// What is left of the body of a record, if its text is not.
    /// `length`: of all of it, as it was written.
    pub(super) fn of(offset: u64, length: usize, head: &[u8], seed: Seed) -> Self {
        let seed = seed.0 ^ offset.rotate_left(16) ^ length as u64;
        let sum = checksum(seed, head);
        Self { offset, sum }
    }
}

/// The name of the file of a segment that begins with this entry.
pub(super) fn file_name(first: u64) -> String {
    format!("{first:016x}.gone")
}

impl Gone {
    /// What is written down of a segment; nothing, where there is no file. A slot that was not written to its end is none: nothing
    /// of its text was erased then.
    pub(super) fn read(dir: &dyn Dir, first: u64) -> Result<Self, Fault> {
        let Some(file) = disk::open(dir, &file_name(first), Mode::Read)? else {
            return Ok(Self::default());
        };
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
        file.read(0, &mut bytes)?;
        let (slots, _) = bytes.as_chunks::<SLOT>();
        Ok(Self(slots.iter().filter_map(decode).collect()))
    }

    /// Which they are.
    pub(super) fn offsets(&self) -> Vec<u64> {
        self.0.values().map(|rest| rest.offset).collect()
    }

    /// What is left of the record with this sum, if its text is gone.
    pub(super) fn get(&self, sum: u64) -> Option<Rest> {
        self.0.get(&sum).copied()
    }

    /// Writes one more down, durably.
    pub(super) fn write(dir: &dyn Dir, first: u64, sum: u64, rest: Rest) -> Result<(), Fault> {
        let name = file_name(first);
        let (file, is_new) = match disk::open(dir, &name, Mode::Write)? {
            Some(file) => (file, false),
            None => (
                dir.open(&name, Mode::New).map_err(Fault::of_making_room)?,
                true,
            ),
        };
        // Where the last one was not written to its end, this one comes after it.
        let at = file.len()?.next_multiple_of(SLOT as u64);
        file.write(at, &encode(sum, rest))
            .map_err(Fault::of_making_room)?;
        file.sync().map_err(Fault::of_making_room)?;
        if is_new {
            dir.sync()?;
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, sum: u64, rest: Rest) {
        self.0.insert(sum, rest);
    }
}

/// Removes what is written down of a segment.
pub(super) fn remove(dir: &dyn Dir, first: u64) -> std::io::Result<()> {
    disk::remove(dir, &file_name(first))
}

fn encode(sum: u64, rest: Rest) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    for (to, number) in slot.chunks_exact_mut(8).zip([sum, rest.offset, rest.sum]) {
        to.copy_from_slice(&number.to_le_bytes());
    }
    let own = checksum(0, &slot[..24]);
    slot[24..].copy_from_slice(&own.to_le_bytes());
    slot
}

fn decode(slot: &[u8; SLOT]) -> Option<(u64, Rest)> {
    let (numbers, _) = slot.as_chunks::<8>();
    let [sum, offset, rest, own] = [0, 1, 2, 3].map(|nth| u64::from_le_bytes(numbers[nth]));
    let is_whole = own == checksum(0, &slot[..24]);
    is_whole.then_some((sum, Rest { offset, sum: rest }))
}
