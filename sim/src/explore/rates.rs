//! How much a drawn world's server grants its connections and hosts.

use crate::dice::Dice;
use chat_core::{Limits, Rate, Rates};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Lines and bytes a second, and as many at once; with 0 a second, any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Lines a second, and at once.
    pub lines: (u64, u64),
    /// Bytes a second, and at once.
    pub bytes: (u64, u64),
}

impl From<Rates> for Grant {
    fn from(Rates { lines, bytes }: Rates) -> Self {
        Self {
            lines: (lines.count, lines.burst),
            bytes: (bytes.count, bytes.burst),
        }
    }
}

impl From<Grant> for Rates {
    fn from(Grant { lines, bytes }: Grant) -> Self {
        Self {
            lines: Rate::per_second(lines.0, lines.1),
            bytes: Rate::per_second(bytes.0, bytes.1),
        }
    }
}

/// What a server grants in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    /// To a connection.
    pub connection: Grant,
    /// To a host.
    pub host: Grant,
    /// After how long somebody is told that they are read slowly.
    pub slow_ms: u64,
}

impl Default for Grants {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            connection: limits.rate.into(),
            host: limits.host_rate.into(),
            slow_ms: u64::try_from(limits.slow.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl Grants {
    /// The usual ones, none, or little. Whatever a world sends is to be read in the time that it may take to
    /// come to rest: it is little at once rather than little a second.
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 7);
        let usual = Self::default();
        let mut grant = |usual: Grant, unlimited: bool| match dice.below(4) {
            0 => usual,
            1 if unlimited => Rates::UNLIMITED.into(),
            _ => Grant {
                lines: (10 + dice.below(300) as u64, 1 + dice.power(5) as u64),
                bytes: (2000 + dice.below(50_000) as u64, 1 + dice.power(13) as u64),
            },
        };
        let connection = grant(usual.connection, true);
        let host = grant(usual.host, true);
        Self {
            connection,
            host,
            slow_ms: if dice.one_in(2) {
                usual.slow_ms
            } else {
                1 + dice.power(11) as u64
            },
        }
    }

    /// Has limits be these.
    pub(super) fn limit(self, limits: Limits) -> Limits {
        Limits {
            rate: self.connection.into(),
            host_rate: self.host.into(),
            slow: Duration::from_millis(self.slow_ms),
            ..limits
        }
    }
}
