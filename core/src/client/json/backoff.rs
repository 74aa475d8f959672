//! How long to wait before a connection is tried again: exponential back-off with full jitter, so
//! that a crowd that lost its server does not come back all at once.

use core::time::Duration;

/// The first wait is at most this long, and each one after it at most twice as long as the one before.
const FIRST: Duration = Duration::from_millis(500);

/// No wait is longer, but for what a server asks for.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Backoff {
    /// The state of `SplitMix64`.
    dice: u64,
    /// Tries since a connection was of use.
    tries: u32,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: seed,
            tries: 0,
        }
    }

    /// The next wait, after a connection that was of use for so long. One that was closed at once
    /// counts as none: a server that welcomes and closes is not to be hammered.
    pub(super) fn next_wait(&mut self, lasted: Duration) -> Duration {
        if lasted >= self.longest() {
            self.tries = 0;
        }
        let longest = self.longest();
        self.tries = self.tries.saturating_add(1);
        let micros = (longest.as_micros() * u128::from(self.throw())) >> 64;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The next wait is shorter than that.
    fn longest(&self) -> Duration {
        FIRST.saturating_mul(1 << self.tries.min(16)).min(LONGEST)
    }

    /// A number of 64 bits.
    fn throw(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of `SplitMix64` as it is published, for a seed of 0.
    #[test]
    fn the_dice_are_the_known_ones() {
        let mut backoff = Backoff::new(0);
        let thrown = [0; 3].map(|_| backoff.throw());
        let known = [
            0xe220_a839_7b1d_cdaf,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f,
        ];
        assert_eq!(thrown, known);
    }

    #[test]
    fn waits_grow_to_the_longest_and_no_two_clients_wait_alike() {
        let mut sums = [Duration::ZERO; 12];
        for seed in 0..1000 {
            let mut backoff = Backoff::new(seed);
            let mut longest = FIRST;
            for sum in &mut sums {
                let too_short = longest.saturating_sub(Duration::from_micros(1));
                let wait = backoff.next_wait(if longest > FIRST { too_short } else { longest });
                assert!(wait < longest, "{wait:?}");
                *sum += wait;
                longest = (longest * 2).min(LONGEST);
            }
            assert!(backoff.next_wait(LONGEST) < FIRST);
        }
        let mut mean = FIRST / 2;
        for sum in sums {
            let ratio = sum.as_secs_f64() / 1000.0 / mean.as_secs_f64();
            assert!((0.9..1.1).contains(&ratio), "{ratio}");
            mean = (mean * 2).min(LONGEST / 2);
        }
    }
}
