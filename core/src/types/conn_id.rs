//! Names of connections.

use core::fmt;
use core::num::NonZeroU32;

/// Names one connection of a server, and never another one after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    pub(crate) slot: u32,
    /// One more than is shown, so that to have no connection takes no space.
    pub(crate) generation: NonZeroU32,
}

impl ConnId {
    /// A small number that no other connection open at the same time has: an index for the
    /// caller's own table.
    pub fn slot(self) -> usize {
        self.slot as usize
    }
}

impl ConnId {
    /// Reads what `Debug` writes, `#3.1`; the `#` may be left out.
    pub fn parse(text: &str) -> Option<Self> {
        let (slot, generation) = text.strip_prefix('#').unwrap_or(text).split_once('.')?;
        let number = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        };
        Some(Self {
            slot: number(slot)?,
            generation: NonZeroU32::MIN.checked_add(number(generation)?)?,
        })
    }
}

impl fmt::Debug for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.slot, self.generation.get() - 1)
    }
}
