//! Token buckets: how much of a rate is left.

use crate::types::rate::{Rate, Rates};
use crate::types::time::Timestamp;

/// What somebody has left of a [`Rate`], kept as one moment: the generic cell rate algorithm (ITU-T
/// I.371).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Bucket {
    /// When everything taken so far is granted: the bucket is full then. In nanoseconds, finer than
    /// time is told: no step is so short that its rounding counts.
    full_at: u64,
}

impl Bucket {
    /// Takes so many, whether they are there or not: what is missing is owed, and the bucket is
    /// [ready](Self::ready_at) once it is paid back.
    pub(super) fn take(&mut self, now: Timestamp, rate: &Rate, count: u64) {
        let from = self.full_at.max(nanos(now));
        self.full_at = from.saturating_add(rate.time_of(count));
    }

    /// The moment from which on one can be taken without owing anything, rounded down to whole
    /// microseconds.
    pub(super) fn ready_at(self, rate: &Rate) -> Timestamp {
        let ahead = rate.time_of(rate.burst.max(1) - 1);
        Timestamp::from_micros(self.full_at.saturating_sub(ahead) / 1000)
    }

    /// Whether one can be taken without owing anything.
    pub(super) fn is_ready(self, now: Timestamp, rate: &Rate) -> bool {
        self.ready_at(rate) <= now
    }

    /// The moment from which on it is as if nothing had ever been taken.
    pub(super) fn full_at(self) -> Timestamp {
        Timestamp::from_micros(self.full_at.div_ceil(1000))
    }

    /// Whether it is as if nothing had ever been taken.
    pub(super) fn is_full(self, now: Timestamp) -> bool {
        self.full_at <= nanos(now)
    }
}

fn nanos(now: Timestamp) -> u64 {
    now.as_micros().saturating_mul(1000)
}

/// What somebody has left of [`Rates`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Buckets {
    lines: Bucket,
    bytes: Bucket,
}

impl Buckets {
    /// Takes so many, whether they are there or not.
    pub(super) fn take(&mut self, now: Timestamp, rates: &Rates, lines: u64, bytes: u64) {
        self.lines.take(now, &rates.lines, lines);
        self.bytes.take(now, &rates.bytes, bytes);
    }

    /// Whether a line can be taken.
    pub(super) fn is_ready(self, now: Timestamp, rates: &Rates) -> bool {
        self.lines.is_ready(now, &rates.lines) && self.bytes.is_ready(now, &rates.bytes)
    }

    /// The moment from which on a line can be taken.
    pub(super) fn ready_at(self, rates: &Rates) -> Timestamp {
        let lines = self.lines.ready_at(&rates.lines);
        lines.max(self.bytes.ready_at(&rates.bytes))
    }

    /// Whether it is as if nothing had ever been taken.
    pub(super) fn is_full(self, now: Timestamp) -> bool {
        self.lines.is_full(now) && self.bytes.is_full(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1000 * millis)
    }

    #[test]
    fn a_burst_is_granted_at_once_and_then_one_a_step() {
        let rate = Rate::per_second(10, 3);
        let mut bucket = Bucket::default();
        for _ in 0..3 {
            assert!(bucket.is_ready(at(5000), &rate));
            bucket.take(at(5000), &rate, 1);
        }
        assert!(!bucket.is_ready(at(5000), &rate));
        assert_eq!(bucket.ready_at(&rate), at(5100));
        bucket.take(at(5100), &rate, 1);
        assert_eq!(bucket.ready_at(&rate), at(5200));
        assert_eq!(bucket.full_at(), at(5400));
    }

    #[test]
    fn a_burst_is_granted_at_once_whatever_the_steps_are() {
        for count in 1..200 {
            let rate = Rate::per_second(count, count);
            let mut bucket = Bucket::default();
            for nth in 0..count {
                assert!(bucket.is_ready(at(1), &rate), "{nth} of {count}");
                bucket.take(at(1), &rate, 1);
            }
            assert!(!bucket.is_ready(at(1), &rate));
        }
    }

    /// Whatever the rate: no step's rounding takes one of the burst away.
    #[test]
    fn a_burst_is_as_many_as_it_says_at_a_rate_that_no_second_is_a_multiple_of() {
        for count in [3, 7, 999, 99_999] {
            let rate = Rate::per_second(count, 900);
            let mut bucket = Bucket::default();
            for nth in 0..900 {
                assert!(bucket.is_ready(at(7), &rate), "{count}: {nth}");
                bucket.take(at(7), &rate, 1);
            }
            assert!(!bucket.is_ready(at(7), &rate), "{count}");
        }
    }

    #[test]
    fn lines_and_bytes_are_granted_side_by_side() {
        let rates = Rates::of_host(2);
        assert_eq!((rates.lines.burst, rates.bytes.burst), (100, 5_120));
        let mut buckets = Buckets::default();
        buckets.take(at(0), &rates, 1, 5_119);
        assert_eq!(buckets.ready_at(&rates), at(0));
        buckets.take(at(0), &rates, 1, 1 + 512);
        assert_eq!(
            buckets.ready_at(&rates),
            at(500) + Duration::from_micros(976)
        );
        buckets.take(at(0), &rates, 100, 0);
        assert_eq!(buckets.ready_at(&rates), at(1500));
        buckets.take(at(0), &Rates::UNLIMITED, u64::MAX, u64::MAX);
        assert_eq!(Buckets::default().ready_at(&Rates::of_lines(0)), at(0));
    }

    #[test]
    fn what_is_taken_beyond_the_burst_is_owed() {
        let rate = Rate::per_second(1000, 100);
        let mut bucket = Bucket::default();
        bucket.take(at(0), &rate, 5000);
        assert_eq!(bucket.ready_at(&rate), at(4901));
    }

    #[test]
    fn without_a_limit_it_is_always_ready() {
        let mut bucket = Bucket::default();
        bucket.take(at(1), &Rate::UNLIMITED, u64::MAX);
        assert!(bucket.is_ready(at(1), &Rate::UNLIMITED));
    }

    #[test]
    fn nobody_saves_up_more_than_a_burst() {
        let rate = Rate::per_minute(60, 2);
        let mut bucket = Bucket::default();
        bucket.take(at(0), &rate, 1);
        for _ in 0..2 {
            assert!(bucket.is_ready(at(3_600_000), &rate));
            bucket.take(at(3_600_000), &rate, 1);
        }
        assert!(!bucket.is_ready(at(3_600_000), &rate));
    }
}
