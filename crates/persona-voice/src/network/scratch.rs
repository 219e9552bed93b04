//! The buffers of a batch: allocated once, used for every frame.

use crate::Rate;

/// Streams that are computed together. A multiple of the kernels' six columns and of the four streams of a transform.
pub(super) const LANES: usize = 24;

/// Each buffer has one part per stream.
pub(super) struct Scratch {
    /// Context, frame, and as much of its mirrored end as half a window.
    pub(super) samples: Vec<f32>,
    /// Four windows of magnitudes.
    pub(super) magnitudes: Vec<f32>,
    /// Four windows of 128.
    pub(super) first: Vec<f32>,
    /// Two windows of 64.
    pub(super) second: Vec<f32>,
    /// One window of 64.
    pub(super) third: Vec<f32>,
    /// 128 outputs of the fourth convolution, then 128 of hidden state.
    pub(super) joint: Vec<f32>,
    /// The LSTM's memory, 128.
    pub(super) cell: Vec<f32>,
    /// Four gates of 128.
    pub(super) gates: Vec<f32>,
    pub(super) probabilities: [f32; LANES],
}

impl Scratch {
    pub(super) fn new(rate: Rate) -> Self {
        let part = |floats: usize| vec![0.0; LANES * floats];
        let window = rate.frame() / 2;
        Self {
            samples: part(window / 4 + rate.frame() + window / 4),
            magnitudes: part(4 * (window / 2 + 1)),
            first: part(4 * 128),
            second: part(2 * 64),
            third: part(64),
            joint: part(256),
            cell: part(128),
            gates: part(512),
            probabilities: [0.0; LANES],
        }
    }
}
