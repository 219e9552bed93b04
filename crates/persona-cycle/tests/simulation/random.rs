//! Seeded random choices.

use std::ops::Range;

/// xorshift64: Marsaglia, "Xorshift RNGs", 2003. Another generator than the fleet's own.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
        // Small seeds differ in few bits; the first numbers would differ as little.
        for _ in 0..8 {
            random.below(1);
        }
        random
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }

    pub(crate) fn within(&mut self, range: Range<i64>) -> i64 {
        range.start.saturating_add_unsigned(self.below(range.end.abs_diff(range.start)))
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}
