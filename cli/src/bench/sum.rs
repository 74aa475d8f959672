//! A sequence, held as its length and a hash: two that are equal were the same, in the same order.

/// Odd, so that nothing is lost however often it is multiplied by.
pub const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// What one listener heard, in the order in which it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How much it was.
    pub count: u64,
    /// Of all of it.
    pub hash: u64,
}

impl Sum {
    /// Adds what was heard next.
    #[inline]
    pub fn add(&mut self, item: u64) {
        self.count += 1;
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(worth(item));
    }
}

/// What an item adds to the hash.
#[inline]
pub fn worth(item: u64) -> u64 {
    let mixed = (item + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(items: &[u64]) -> Sum {
        let mut sum = Sum::default();
        for item in items {
            sum.add(*item);
        }
        sum
    }

    #[test]
    fn the_order_counts() {
        assert_eq!(sum(&[1, 2, 3]), sum(&[1, 2, 3]));
        for other in [
            &[2, 1, 3][..],
            &[1, 3, 2],
            &[1, 2],
            &[1, 2, 4],
            &[1, 2, 3, 3],
        ] {
            assert_ne!(sum(&[1, 2, 3]), sum(other), "{other:?}");
        }
    }
}
