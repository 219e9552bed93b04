//! The two sample rates that the detector knows.

/// Samples per second inside a stream. Each has its own branch of the network. Nothing is brought up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rate {
    /// 8 kHz: telephony, and what has less than 16 kHz.
    Narrow,
    /// 16 kHz: everything else is brought down to it.
    Wide,
}

impl Rate {
    /// The higher one that sound of so many samples per second can be brought down to.
    #[must_use]
    pub const fn within(hz: u32) -> Self {
        if hz < Self::Wide.hz() { Self::Narrow } else { Self::Wide }
    }

    /// Samples per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Wide => 16_000,
        }
    }

    /// Samples of 32 ms: a frame of the network.
    #[must_use]
    pub const fn frame(self) -> usize {
        match self {
            Self::Narrow => 256,
            Self::Wide => 512,
        }
    }

    /// Milliseconds, exact for every position that a stream can reach.
    #[must_use]
    pub fn ms(self, samples: u64) -> f64 {
        samples as f64 * 1_000.0 / f64::from(self.hz())
    }

    /// Samples in so many milliseconds, without a remainder.
    #[must_use]
    pub const fn samples(self, ms: u32) -> u64 {
        ms as u64 * (self.hz() / 1_000) as u64
    }
}
