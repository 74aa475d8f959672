//! Rates: how much of something is granted in a time.

use core::time::Duration;

/// How much of something is granted: so many at once, and then one after another in even steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many are granted in `period` in the long run; with 0, there is no limit.
    pub count: u64,
    /// The time for which `count` are granted.
    pub period: Duration,
    /// How many more are granted at once to whoever took none for long.
    pub burst: u64,
}

impl Rate {
    /// As many as anybody wants.
    pub const UNLIMITED: Self = Self::per_second(0, 0);

    /// So many a second, and `burst` at once.
    pub const fn per_second(count: u64, burst: u64) -> Self {
        Self {
            count,
            period: Duration::from_secs(1),
            burst,
        }
    }

    /// So many a minute, and `burst` at once.
    pub const fn per_minute(count: u64, burst: u64) -> Self {
        Self {
            count,
            period: Duration::from_secs(60),
            burst,
        }
    }

    /// In what time so many are granted, in nanoseconds, rounded up.
    pub(crate) fn time_of(&self, count: u64) -> u64 {
        if self.count == 0 {
            return 0;
        }
        let nanos = (u128::from(count) * self.period.as_nanos()).div_ceil(u128::from(self.count));
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

/// How much may be sent: lines, and bytes in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rates {
    /// Lines of any kind.
    pub lines: Rate,
    /// All bytes, the endings of lines included.
    pub bytes: Rate,
}

impl Rates {
    /// As much as anybody wants.
    pub const UNLIMITED: Self = Self {
        lines: Rate::UNLIMITED,
        bytes: Rate::UNLIMITED,
    };

    /// Of a connection: so many lines a second in the long run, of 512 bytes, and at once as many lines as in 50 s and as many bytes
    /// as in 12 s; with 0, [no limit](Self::UNLIMITED).
    pub const fn of_lines(lines: u32) -> Self {
        Self::with_burst(lines, 12)
    }

    /// The same of a host, but at once as many bytes as in 5 s: less than a reader on a slow line may be behind.
    pub const fn of_host(lines: u32) -> Self {
        Self::with_burst(lines, 5)
    }

    const fn with_burst(lines: u32, seconds_of_bytes: u64) -> Self {
        const BYTES: u64 = 512;
        const SECONDS: u64 = 50;
        let lines = lines as u64;
        Self {
            lines: Rate::per_second(lines, SECONDS * lines),
            bytes: Rate::per_second(BYTES * lines, seconds_of_bytes * BYTES * lines),
        }
    }
}

impl Rates {
    /// In what time so much is granted, in nanoseconds.
    pub(crate) fn time_of(&self, lines: u64, bytes: u64) -> u64 {
        self.lines.time_of(lines).max(self.bytes.time_of(bytes))
    }
}
