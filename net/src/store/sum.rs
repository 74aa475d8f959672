//! The checksums of what is stored.

use twox_hash::XxHash3_64;

/// What the checksums of a log are seeded with: no other log's bytes are taken for this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seed(pub(super) u64);

impl Seed {
    pub(super) fn of(log: u128) -> Self {
        Self(checksum(0, &log.to_le_bytes()))
    }
}

/// A checksum that no damage leaves as it was but for one in 2^64.
pub(super) fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(seed, bytes)
}
