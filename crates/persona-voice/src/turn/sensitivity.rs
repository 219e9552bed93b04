//! What a role means by low, medium and high.

use super::Profile;

/// How readily something is taken for a start of speech, or for its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sensitivity {
    /// Threshold 0.7 and 250 ms of speech for a start; 800 ms of silence for an end.
    Low,
    /// Threshold 0.5 and 96 ms; 500 ms.
    #[default]
    Medium,
    /// Threshold 0.35 and 64 ms; 250 ms.
    High,
}

impl Sensitivity {
    /// The profile for these sensitivities of start and end, while the persona listens.
    #[must_use]
    pub fn profile(start: Self, end: Self) -> Profile {
        let (threshold, min_speech_ms) = match start {
            Self::Low => (0.7, 250),
            Self::Medium => (0.5, 96),
            Self::High => (0.35, 64),
        };
        let min_silence_ms = match end {
            Self::Low => 800,
            Self::Medium => 500,
            Self::High => 250,
        };
        Profile { threshold, min_speech_ms, min_silence_ms, ..Profile::default() }
    }
}
