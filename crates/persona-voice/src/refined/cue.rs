//! What the sound of one stream tells between the network's answers.

use super::Coefficients;

/// Bins of 62.5 Hz: 80 to 8000, 100 to 1000, 1000 to 4000, 4000 to 8000 Hz, as far as there are any.
const BANDS: [(usize, usize); 4] = [(2, 128), (2, 16), (16, 64), (64, 128)];

/// Power that is silence anyway, 65 dB below full scale.
const SILENCE: f32 = 3e-7;

/// dB by which a floor rises in each cell; it falls at once.
const RISE: f32 = 0.02;

/// A level is compared with that of so many cells before.
const BACK: usize = 3;

/// Cells in a row that may be speech by their sound alone: the network is late by about as many, and the highest
/// sensitivity takes one more for a start.
const LEAD: u8 = 7;

/// Logit of each of the network's answers below which it finds no speech; also the most that is answered then.
const DENIED: f32 = -1.5;

/// Of the network before its first answer.
const FIRST_LOGIT: f32 = -5.0;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cue {
    /// The last five answers, the latest first.
    logits: [f32; 5],
    /// In dB; infinite before the first cell.
    floors: [f32; 4],
    /// Levels of the last cells in dB, the latest first.
    levels: [[f32; 4]; BACK],
    /// Cells so far, as long as there are fewer than there are levels.
    cells: usize,
    /// Cells in a row that would be speech, were the network not sure that they are none.
    alone: u8,
}

impl Default for Cue {
    fn default() -> Self {
        Self {
            logits: [FIRST_LOGIT; 5],
            floors: [f32::INFINITY; 4],
            levels: [[0.0; 4]; BACK],
            cells: 0,
            alone: 0,
        }
    }
}

impl Cue {
    /// Takes the network's answer to a frame.
    pub(super) fn answer(&mut self, probability: f32) {
        let probability = probability.clamp(1e-6, 1.0 - 1e-6);
        self.logits.rotate_right(1);
        self.logits[0] = (probability / (1.0 - probability)).ln();
    }

    /// How likely the cell of these magnitudes is speech.
    pub(super) fn score(&mut self, magnitudes: &[f32], coefficients: &Coefficients) -> f32 {
        let levels = levels(magnitudes);
        let logits = [0, 1, 2, 4].map(|back| self.logits[back]);
        let mut sum = coefficients.bias + dot(logits, coefficients.logits);
        for (band, weights) in coefficients.bands.into_iter().enumerate() {
            let level = levels[band];
            self.floors[band] = level.min(self.floors[band] + RISE);
            let rise = if self.cells < BACK { 0.0 } else { level - self.levels[BACK - 1][band] };
            sum += dot([level - self.floors[band], rise], weights);
        }
        self.levels.rotate_right(1);
        self.levels[0] = levels;
        self.cells = (self.cells + 1).min(BACK);
        1.0 / (1.0 + (-self.bounded(sum, logits)).exp())
    }

    /// A door and a fan rise above the floor, too. What the network does not find when it has heard it is no speech.
    fn bounded(&mut self, sum: f32, logits: [f32; 4]) -> f32 {
        let denied = sum > DENIED && logits.into_iter().all(|logit| logit < DENIED);
        self.alone = if denied { self.alone.saturating_add(1) } else { 0 };
        if self.alone > LEAD { DENIED } else { sum }
    }
}

fn levels(magnitudes: &[f32]) -> [f32; 4] {
    let window = 2 * (magnitudes.len() - 1);
    BANDS.map(|(low, high)| {
        let band = &magnitudes[low.min(magnitudes.len())..high.min(magnitudes.len())];
        let power: f32 = band.iter().map(|magnitude| magnitude * magnitude).sum();
        10.0 * (power / window as f32 + SILENCE).log10()
    })
}

fn dot<const N: usize>(left: [f32; N], right: [f32; N]) -> f32 {
    left.into_iter().zip(right).map(|(left, right)| left * right).sum()
}
