//! The network knows of a frame when it is over, 32 ms at a time, and is late even then. In between, the sound itself
//! tells: a small model scores every 8 ms, a **cell**, from the network's last answers and from how far the sound rises
//! above its floor in four bands.
//!
//! `refiner/train.py` makes the coefficients; it says what goes in, and on what they were trained.

#[path = "../../refiner/coefficients.rs"]
mod coefficients;
mod cue;

use crate::network::Spectra;
use crate::{Detector, Rate, Silero};
use cue::Cue;

/// Weights of a logistic model.
struct Coefficients {
    /// Of the network's logits: the last, and those 1, 2 and 4 frames before.
    logits: [f32; 4],
    /// Of each band's level over its floor and of its rise, in dB.
    bands: [[f32; 2]; 4],
    bias: f32,
}

/// Cells in a frame of the network.
const CELLS: usize = 4;

/// Asks a detector once in 32 ms, and answers every 8 ms. Made for [`Silero`], also behind a
/// [`Gated`](crate::Gated).
#[derive(Default)]
pub struct Refined<D: Detector = Silero> {
    detector: D,
    spectra: Spectra,
    batches: [Batch; 2],
}

/// What the model and the detector remember of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct RefinedMemory<M> {
    memory: M,
    /// The last four cells, each at its place in the frame.
    frame: [f32; 512],
    /// The place of the next.
    place: usize,
    cue: Cue,
}

/// The cells of one rate that were staged.
#[derive(Default)]
struct Batch {
    /// The detector's lane, where the cell completes a frame.
    lanes: Vec<Option<usize>>,
    /// Two cells for each lane: the one before, and the staged one.
    windows: Vec<f32>,
    magnitudes: Vec<f32>,
    /// The lanes hold the last computation, and make room at the next cell.
    computed: bool,
}

impl<D: Detector> Refined<D> {
    /// With a detector of one's choice.
    #[must_use]
    pub fn new(detector: D) -> Self {
        Self { detector, spectra: Spectra::default(), batches: Default::default() }
    }
}

impl<M: Default> Default for RefinedMemory<M> {
    fn default() -> Self {
        Self { memory: M::default(), frame: [0.0; 512], place: 0, cue: Cue::default() }
    }
}

impl<D: Detector> Detector for Refined<D> {
    type Memory = RefinedMemory<D::Memory>;

    const LANES: usize = D::LANES;

    fn length(rate: Rate) -> usize {
        D::length(rate) / CELLS
    }

    fn stage(&mut self, rate: Rate, known: &Self::Memory, cell: &[f32]) -> usize {
        let length = Self::length(rate);
        let batch = &mut self.batches[rate as usize];
        if std::mem::take(&mut batch.computed) {
            batch.lanes.clear();
            batch.windows.clear();
        }
        let before = (known.place + CELLS - 1) % CELLS * length;
        batch.windows.extend_from_slice(&known.frame[before..before + length]);
        batch.windows.extend_from_slice(cell);
        let detector = (known.place + 1 == CELLS).then(|| {
            let mut frame = known.frame;
            let frame = &mut frame[..CELLS * length];
            frame[known.place * length..].copy_from_slice(cell);
            self.detector.stage(rate, &known.memory, frame)
        });
        batch.lanes.push(detector);
        batch.lanes.len() - 1
    }

    fn compute(&mut self, rate: Rate) {
        let batch = &mut self.batches[rate as usize];
        batch.computed = true;
        if batch.lanes.iter().any(Option::is_some) {
            self.detector.compute(rate);
        }
        self.spectra.magnitudes(rate, &mut batch.windows, &mut batch.magnitudes);
    }

    fn collect(&mut self, rate: Rate, lane: usize, known: &mut Self::Memory) -> f32 {
        let length = Self::length(rate);
        let batch = &self.batches[rate as usize];
        let cell = &batch.windows[(2 * lane + 1) * length..][..length];
        known.frame[known.place * length..][..length].copy_from_slice(cell);
        known.place = (known.place + 1) % CELLS;
        if let Some(lane) = batch.lanes[lane] {
            known.cue.answer(self.detector.collect(rate, lane, &mut known.memory));
        }
        let bins = Spectra::bins(rate);
        let coefficients = match rate {
            Rate::Narrow => &coefficients::NARROW,
            Rate::Wide => &coefficients::WIDE,
        };
        known.cue.score(&batch.magnitudes[lane * bins..][..bins], coefficients)
    }
}
