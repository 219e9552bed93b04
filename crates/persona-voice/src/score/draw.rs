//! Which clips count, and how often.

/// A sample of the clips with repetition, as the bootstrap draws it; by default each clip once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// By clip; those beyond the end count once.
    times: Vec<u32>,
}

impl Draw {
    /// As many clips as there are, each time any of them.
    pub(super) fn random(clips: u32, rng: &mut Rng) -> Self {
        let mut times = vec![0; clips as usize];
        for _ in 0..clips {
            times[rng.below(u64::from(clips)) as usize] += 1;
        }
        Self { times }
    }

    pub(super) fn times(&self, clip: u32) -> u64 {
        self.times.get(clip as usize).copied().map_or(1, u64::from)
    }
}

/// `SplitMix64`: a seed gives the same numbers on every machine.
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// The bias is less than one in 2^32 for every `end` that occurs.
    fn below(&mut self, end: u64) -> u64 {
        ((self.next() >> 32) * end) >> 32
    }

    /// Of mean 0 and variance 1, near enough to normal: the sum of twelve numbers from 0 to 1.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| (self.next() >> 11) as f64 / (1_u64 << 53) as f64).sum::<f64>() - 6.0
    }
}
