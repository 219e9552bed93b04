//! What finds speech in frames.

use crate::Rate;

/// Gives the probability of speech for one frame after the other of a stream; for several streams at once, where that
/// is cheaper: stage a frame of each, compute, collect.
pub trait Detector {
    /// What it remembers of one stream from frame to frame.
    type Memory: Default;

    /// How many frames of one rate can be staged at once.
    const LANES: usize;

    /// Samples of a frame.
    fn length(rate: Rate) -> usize;

    /// Takes a frame of samples from -1 to 1; answers its lane. Panics if the frame has another length, or if all lanes
    /// are taken.
    fn stage(&mut self, rate: Rate, memory: &Self::Memory, frame: &[f32]) -> usize;

    /// Computes all staged frames of this rate, and frees their lanes for the next.
    fn compute(&mut self, rate: Rate);

    /// The probability for a lane of the last computation; brings the memory of its stream up to date.
    fn collect(&mut self, rate: Rate, lane: usize, memory: &mut Self::Memory) -> f32;

    /// One frame of one stream.
    fn score(&mut self, rate: Rate, memory: &mut Self::Memory, frame: &[f32]) -> f32 {
        let lane = self.stage(rate, memory, frame);
        self.compute(rate);
        self.collect(rate, lane, memory)
    }
}
