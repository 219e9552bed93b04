//! How late the end of speech is known.

use super::{Draw, HZ, Labels};

/// Shorter silences are no ends, in seconds.
const LEAST_SILENCE: f64 = 0.2;

/// Delays of the ends of speech, from any number of clips.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// By clip: milliseconds from a labelled end to the end of the first frame below the threshold, or nothing if no
    /// frame of that silence was below it.
    delays: Vec<(u32, Option<f64>)>,
    clip: u32,
}

impl Ends {
    /// Adds a clip. The frame in which speech ends may already be below the threshold.
    pub fn add(&mut self, scores: &[f32], hop: usize, labels: &Labels, threshold: f32) {
        let seconds = |index: usize| (index + 1) as f64 * hop as f64 / HZ;
        for (start, length) in labels.silences().filter(|(_, length)| *length >= LEAST_SILENCE) {
            let first = (start * HZ / hop as f64) as usize;
            let below = (first..scores.len())
                .take_while(|&index| seconds(index) <= start + length)
                .find(|&index| scores[index] < threshold);
            self.delays.push((self.clip, below.map(|index| (seconds(index) - start) * 1_000.0)));
        }
        self.clip += 1;
    }

    /// The delay that a share of the ends (0 to 1) does not exceed, of those that were found.
    #[must_use]
    pub fn percentile(&self, share: f64, draw: &Draw) -> Option<f64> {
        let found = self.delays.iter().filter_map(|&(clip, delay)| Some((clip, delay?)));
        let mut delays: Vec<_> =
            found.flat_map(|(clip, delay)| std::iter::repeat_n(delay, draw.times(clip) as usize)).collect();
        delays.sort_unstable_by(f64::total_cmp);
        let last = delays.len().checked_sub(1)?;
        Some(delays[(share.clamp(0.0, 1.0) * last as f64).round() as usize])
    }

    /// How many ends were found.
    #[must_use]
    pub fn found(&self) -> usize {
        self.delays.len() - self.missed()
    }

    /// How many were not.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.delays.iter().filter(|(_, delay)| delay.is_none()).count()
    }
}
