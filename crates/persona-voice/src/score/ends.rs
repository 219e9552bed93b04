//! How late the end of speech is known.

use super::{HZ, Labels};

/// Shorter silences are no ends, in seconds.
const LEAST_SILENCE: f64 = 0.2;

/// Delays of the ends of speech, from any number of files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// Milliseconds from each labelled end to the end of the first frame below the threshold.
    delays: Vec<f64>,
    /// Silences during which no frame was below it.
    missed: usize,
}

impl Ends {
    /// Adds a file. The frame in which speech ends may already be below the threshold.
    pub fn add(&mut self, scores: &[f32], hop: usize, labels: &Labels, threshold: f32) {
        let seconds = |index: usize| (index + 1) as f64 * hop as f64 / HZ;
        for (start, length) in labels.silences().filter(|(_, length)| *length >= LEAST_SILENCE) {
            let first = (start * HZ / hop as f64) as usize;
            let below = (first..scores.len())
                .take_while(|&index| seconds(index) <= start + length)
                .find(|&index| scores[index] < threshold);
            match below {
                Some(index) => self.delays.push((seconds(index) - start) * 1_000.0),
                None => self.missed += 1,
            }
        }
    }

    /// The delay that a share of the ends (0 to 1) does not exceed, of those that were found.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let mut delays = self.delays.clone();
        delays.sort_unstable_by(f64::total_cmp);
        let last = delays.len().checked_sub(1)?;
        Some(delays[(share.clamp(0.0, 1.0) * last as f64).round() as usize])
    }

    /// How many ends were found.
    #[must_use]
    pub fn found(&self) -> usize {
        self.delays.len()
    }

    /// How many were not.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.missed
    }
}
