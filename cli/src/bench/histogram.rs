//! Latencies, counted to within 1 %.

/// Values below twice this are counted exactly; above, each doubling is cut into this many slots.
const SLOTS: u64 = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 7;

/// Counts values in slots that grow with the value; adding one allocates nothing.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    largest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; slot(u64::MAX) + 1],
            total: 0,
            largest: 0,
        }
    }
}

impl Histogram {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.counts[slot(value)] += 1;
        self.total += 1;
        self.largest = self.largest.max(value);
    }

    /// How many values were added.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The largest value, exactly.
    pub fn largest(&self) -> Option<u64> {
        (self.total > 0).then_some(self.largest)
    }

    /// A value that at least `per_mille` of 1,000 values do not exceed, at most 1 % too large.
    pub fn at(&self, per_mille: u32) -> Option<u64> {
        let wanted = u128::from(self.total) * u128::from(per_mille);
        let mut seen = 0;
        for (slot, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count) * 1000;
            if *count > 0 && seen >= wanted {
                return Some(last_of(slot).min(self.largest));
            }
        }
        None
    }
}

#[inline]
fn slot(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(SLOT_BITS + 1);
    #[expect(clippy::cast_possible_truncation, reason = "a few thousand")]
    let slot = (u64::from(shift) * SLOTS + (value >> shift)) as usize;
    slot
}

/// The largest value that is counted in `slot`.
fn last_of(slot: usize) -> u64 {
    let slot = slot as u64;
    let shift = (slot / SLOTS).saturating_sub(1);
    let next = u128::from(slot - shift * SLOTS + 1) << shift;
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_slot_that_ends_close_above_it() {
        let mut before = 0;
        for value in (0..60).flat_map(|bits| [(1 << bits) - 1, 1 << bits, (5 << bits) / 3]) {
            let last = last_of(slot(value));
            assert!(
                value <= last && last - value <= value / 100,
                "{value} {last}"
            );
            before = before.max(slot(value));
        }
        assert_eq!(last_of(slot(u64::MAX)), u64::MAX);
        assert!((0..100_000).all(|value| slot(value + 1) - slot(value) <= 1));
    }

    #[test]
    fn shares_are_found() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.at(500), histogram.largest()), (None, None));
        for value in 1..=100_000 {
            histogram.add(value);
        }
        for (per_mille, wanted) in [(500, 50_000), (990, 99_000), (999, 99_900)] {
            let found = histogram.at(per_mille).unwrap();
            assert!((wanted..=wanted + wanted / 100).contains(&found), "{found}");
        }
        assert_eq!(histogram.largest(), Some(100_000));
        assert_eq!(histogram.total(), 100_000);
    }
}
