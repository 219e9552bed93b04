//! A detector that sleeps through silence.

use crate::energy::Background;
use crate::{Detector, Rate, Silero};

/// After so many frames without a sound, half a second, the detector sleeps.
const PATIENCE: u32 = 16;

/// How likely a sound must be to wake it.
const WAKE: f32 = 0.05;

/// Asks a detector only near what rises above the background, and finds silence elsewhere: for very many streams of
/// which few are spoken into. What the detector remembers waits meanwhile, so that frames after a long silence may be
/// scored a little differently than without the gate.
#[derive(Default)]
pub struct Gated<D: Detector = Silero> {
    detector: D,
    /// Of the staged frames of either rate.
    lanes: [Vec<Lane>; 2],
    /// The lanes hold the last computation, and make room at the next frame.
    computed: [bool; 2],
}

/// What gate and detector remember of one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatedMemory<M> {
    gate: Gate,
    memory: M,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Gate {
    background: Background,
    silent_for: u32,
}

struct Lane {
    gate: Gate,
    /// The detector's own, unless it sleeps.
    detector: Option<usize>,
}

impl<D: Detector> Gated<D> {
    /// A gate before a detector of one's choice.
    #[must_use]
    pub fn new(detector: D) -> Self {
        Self { detector, lanes: [Vec::new(), Vec::new()], computed: [false; 2] }
    }
}

impl<D: Detector> Detector for Gated<D> {
    type Memory = GatedMemory<D::Memory>;

    const LANES: usize = D::LANES;

    fn length(rate: Rate) -> usize {
        D::length(rate)
    }

    fn stage(&mut self, rate: Rate, GatedMemory { gate, memory }: &Self::Memory, frame: &[f32]) -> usize {
        let lanes = &mut self.lanes[rate as usize];
        if std::mem::take(&mut self.computed[rate as usize]) {
            lanes.clear();
        }
        let mut gate = *gate;
        let sounds = gate.background.hear(frame) >= WAKE;
        gate.silent_for = if sounds { 0 } else { gate.silent_for.saturating_add(1) };
        let awake = gate.silent_for < PATIENCE;
        let detector = awake.then(|| self.detector.stage(rate, memory, frame));
        lanes.push(Lane { gate, detector });
        lanes.len() - 1
    }

    fn compute(&mut self, rate: Rate) {
        self.computed[rate as usize] = true;
        if self.lanes[rate as usize].iter().any(|lane| lane.detector.is_some()) {
            self.detector.compute(rate);
        }
    }

    fn collect(&mut self, rate: Rate, lane: usize, known: &mut Self::Memory) -> f32 {
        let Lane { gate, detector } = &self.lanes[rate as usize][lane];
        known.gate = *gate;
        detector.map_or(0.0, |lane| self.detector.collect(rate, lane, &mut known.memory))
    }
}
