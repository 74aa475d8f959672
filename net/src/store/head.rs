//! The file `head`: how far the log certainly reaches, said once more.
//!
//! It is written some time after what it tells of was acknowledged, never before, and nobody waits for it.
//! What it names was durable: a log that does not reach so far is damaged.
//!
//! Two slots are written in turn, so that one is whole when the power is lost while the other is being
//! written; they are far enough apart not to share a sector.

use super::disk::{self, Dir, File, Mode};
use super::error::Fault;
use super::record::{Malformed, Rest};
use super::sum::checksum;
use super::{HEAD, LOBBY_ALONE, VERSION};
use std::sync::Arc;

const SLOTS: [u64; 2] = [0, 4096];
const SLOT_LEN: usize = 80;

/// How far a log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Which log it is, as its files have it.
    pub(super) id: u128,
    /// Which log it is, as clients have it: an import has that of what was exported.
    pub(super) epoch: u128,
    /// The oldest entry that is held.
    pub(super) first: u64,
    /// The last entry; 0 if there is none.
    pub(super) last: u64,
    /// The sum of the last frame.
    pub(super) chain: u64,
    /// Whether the log is whole: one that is still being made is none.
    pub(super) is_made: bool,
}

/// The file, open to be written.
#[derive(Debug)]
pub(super) struct Head {
    file: Arc<dyn File>,
    /// The slot that holds the newest mark.
    slot: usize,
    pub(super) mark: Mark,
}

impl Head {
    /// Makes the file, in place of the one that there may be.
    pub(super) fn create(dir: &dyn Dir, mark: Mark) -> Result<Self, Fault> {
        let mut bytes = vec![0; usize::try_from(SLOTS[1]).unwrap_or(0)];
        let slot = encode(mark);
        bytes[..slot.len()].copy_from_slice(&slot);
        bytes.extend(slot);
        let file = disk::put(dir, HEAD, &bytes)?;
        Ok(Self {
            file,
            slot: 0,
            mark,
        })
    }

    /// Opens the file, if there is one.
    pub(super) fn open(dir: &dyn Dir, mode: Mode) -> Result<Option<Self>, Fault> {
        let Some(file) = disk::open(dir, HEAD, mode)? else {
            return Ok(None);
        };
        let len = file.len()?;
        let mut newest: Option<(usize, Mark)> = None;
        let mut newer_version = None;
        for (slot, at) in SLOTS.into_iter().enumerate() {
            let mut bytes = [0; SLOT_LEN];
            if at + SLOT_LEN as u64 > len {
                continue;
            }
            file.read(at, &mut bytes)?;
            match decode(&bytes) {
                Ok(mark)
                    if newest.is_none_or(|(_, other)| {
                        (other.last, other.first, other.is_made)
                            < (mark.last, mark.first, mark.is_made)
                    }) =>
                {
                    newest = Some((slot, mark));
                }
                Err(Fault::Newer { found }) => newer_version = Some(found),
                // A slot that is not whole was being written when the power was lost: the other one says
                // what was so before.
                _ => {}
            }
        }
        match (newest, newer_version) {
            (_, Some(found)) => Err(Fault::Newer { found }),
            (Some((slot, mark)), None) => Ok(Some(Self { file, slot, mark })),
            (None, None) => Err(Fault::damaged(
                "its file `head`, which says how far it reaches, is not as it was written",
            )),
        }
    }

    /// Writes a newer mark, durably.
    pub(super) fn advance(&mut self, mark: Mark) -> Result<(), Fault> {
        Fault::verify_linked(&*self.file, HEAD)?;
        let slot = 1 - self.slot;
        self.file.write(SLOTS[slot], &encode(mark))?;
        self.file.sync()?;
        self.slot = slot;
        self.mark = mark;
        Ok(())
    }

    /// Writes that the log is whole, durably, into both slots: were one of them damaged, the other must not
    /// say that it is not.
    pub(super) fn finish(&mut self, mark: Mark) -> Result<(), Fault> {
        self.advance(mark)?;
        self.advance(mark)
    }
}

fn encode(mark: Mark) -> Vec<u8> {
    let mut out = LOBBY_ALONE.to_le_bytes().to_vec();
    out.extend(u32::from(mark.is_made).to_le_bytes());
    out.extend(mark.id.to_le_bytes());
    out.extend(mark.epoch.to_le_bytes());
    out.extend(mark.first.to_le_bytes());
    out.extend(mark.last.to_le_bytes());
    out.extend(mark.chain.to_le_bytes());
    out.resize(SLOT_LEN - 8, 0);
    out.extend(checksum(0, &out).to_le_bytes());
    out
}

fn decode(bytes: &[u8; SLOT_LEN]) -> Result<Mark, Fault> {
    let malformed = |Malformed| Fault::damaged("a slot");
    let (body, sum) = bytes.split_at(SLOT_LEN - 8);
    if sum != checksum(0, body).to_le_bytes() {
        return Err(malformed(Malformed));
    }
    let mut rest = Rest(body);
    let found = rest.number32().map_err(malformed)?;
    if found > VERSION {
        return Err(Fault::Newer { found });
    }
    let mut read = || -> Result<Mark, Malformed> {
        Ok(Mark {
            is_made: rest.number32()? == 1,
            id: u128::from_le_bytes(rest.array()?),
            epoch: u128::from_le_bytes(rest.array()?),
            first: rest.number()?,
            last: rest.number()?,
            chain: rest.number()?,
        })
    };
    let mark = read().map_err(malformed)?;
    if mark.first >= 1 && mark.first - 1 <= mark.last && mark.last < u64::MAX {
        Ok(mark)
    } else {
        Err(malformed(Malformed))
    }
}
