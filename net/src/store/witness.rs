//! A second record of how far a log reaches, in a file of its own.
//!
//! The database keeps two roots, and one bit of its header, which no checksum covers, says which of
//! them is the newer. Were that bit to change, the database would open as it was one append
//! earlier, sound in itself. So after each append, and before that is said to be done, its number
//! is written here as well; a log that does not reach this far is damaged.
//!
//! Two slots are written in turn, so that one is whole when the power is lost while the other is
//! being written; they are far enough apart not to share a sector.

use super::disk::File;
use super::error::Fault;
use super::format::{Malformed, Rest, checksum, sealed};
use std::sync::Arc;

const SLOTS: [u64; 2] = [0, 4096];
const SLOT_LEN: usize = 40;

/// An entry that was kept: its log, its number and the chain's value at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) epoch: u128,
    pub(super) seq: u64,
    pub(super) chain: u64,
}

#[derive(Debug)]
pub(super) struct Witness {
    file: Arc<dyn File>,
    /// The slot that holds the newest mark.
    slot: usize,
    mark: Mark,
}

impl Witness {
    /// Writes both slots anew.
    pub(super) fn create(file: Arc<dyn File>, mark: Mark) -> Result<Self, Fault> {
        file.set_len(0)?;
        for slot in SLOTS {
            file.write(slot, &encode(mark))?;
        }
        file.sync()?;
        let slot = 0;
        Ok(Self { file, slot, mark })
    }

    pub(super) fn open(file: Arc<dyn File>) -> Result<Self, Fault> {
        let len = file.len()?;
        let mut newest: Option<(usize, Mark)> = None;
        for (slot, at) in SLOTS.into_iter().enumerate() {
            let mut bytes = [0; SLOT_LEN];
            if at + SLOT_LEN as u64 > len {
                continue;
            }
            file.read(at, &mut bytes)?;
            // A slot that is not whole was being written when the power was lost: the other holds
            // what was said to be kept.
            if let Ok(mark) = decode(&bytes)
                && newest.is_none_or(|(_, other)| other.seq < mark.seq)
            {
                newest = Some((slot, mark));
            }
        }
        let (slot, mark) = newest.ok_or_else(|| {
            Fault::damaged(
                "its file `head`, which says how far it reaches, is not as it was written",
            )
        })?;
        Ok(Self { file, slot, mark })
    }

    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// Writes a newer mark, durably.
    pub(super) fn advance(&mut self, mark: Mark) -> Result<(), Fault> {
        let slot = 1 - self.slot;
        self.file.write(SLOTS[slot], &encode(mark))?;
        self.file.sync()?;
        self.slot = slot;
        self.mark = mark;
        Ok(())
    }
}

fn encode(mark: Mark) -> Vec<u8> {
    let mut out = mark.epoch.to_le_bytes().to_vec();
    out.extend(mark.seq.to_le_bytes());
    out.extend(mark.chain.to_le_bytes());
    out.extend(checksum(0, &out).to_le_bytes());
    out
}

fn decode(bytes: &[u8]) -> Result<Mark, Malformed> {
    let (body, sum) = sealed(bytes)?;
    if sum != checksum(0, body) {
        return Err(Malformed);
    }
    let mut rest = Rest(body);
    Ok(Mark {
        epoch: u128::from_le_bytes(rest.array()?),
        seq: rest.number()?,
        chain: rest.number()?,
    })
}
