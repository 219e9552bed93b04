//! The weights of both branches, read once per process.

use std::sync::LazyLock;

use super::matrix::Matrix;
use super::spectrum::Transform;
use crate::Rate;

/// Written by `weights/convert.mjs`.
static FILE: &[u8] = include_bytes!("../../weights/silero_vad_v6.2.f32");

static BRANCHES: LazyLock<[Layers; 2]> = LazyLock::new(|| {
    let mut rest = Reader(FILE);
    let wide = Layers::read(&mut rest, Rate::Wide);
    let narrow = Layers::read(&mut rest, Rate::Narrow);
    assert!(rest.0.is_empty(), "the file holds the two branches and nothing else");
    [narrow, wide]
});

/// A branch of the network.
pub(super) struct Layers {
    pub(super) transform: Transform,
    /// Over four windows, all taps.
    pub(super) first: Convolution<3>,
    /// Every other window, all taps.
    pub(super) second: Convolution<3>,
    /// From two windows to one: the tap before them meets only padding.
    pub(super) third: Convolution<2>,
    /// Of one window: only the middle tap meets anything.
    pub(super) fourth: Convolution<1>,
    /// From the fourth convolution's outputs and the hidden state, in this order, to the gates of the LSTM: input,
    /// forget, cell, output, 128 each.
    pub(super) gates: Matrix,
    pub(super) gates_bias: Vec<f32>,
    pub(super) head: Vec<f32>,
    pub(super) head_bias: f32,
}

/// A matrix for each tap.
pub(super) struct Convolution<const TAPS: usize> {
    pub(super) taps: [Matrix; TAPS],
    pub(super) bias: Vec<f32>,
}

impl Layers {
    pub(super) fn of(rate: Rate) -> &'static Self {
        &BRANCHES[rate as usize]
    }

    fn read(file: &mut Reader, rate: Rate) -> Self {
        let transform = Transform::new(rate);
        let first = Convolution::read(file, 128, transform.bins());
        let second = Convolution::read(file, 64, 128);
        let third = Convolution::read(file, 64, 64);
        let fourth = Convolution::read(file, 128, 64);
        let (input, hidden) = (file.take(512 * 128), file.take(512 * 128));
        let gates = Matrix::new(512, 256, |output, column| {
            if column < 128 { input[output * 128 + column] } else { hidden[output * 128 + column - 128] }
        });
        let gates_bias =
            file.take(512).iter().zip(file.take(512)).map(|(input, hidden)| input + hidden).collect();
        let (head, head_bias) = (file.take(128), file.take(1)[0]);
        Self { transform, first, second, third, fourth, gates, gates_bias, head, head_bias }
    }
}

impl<const TAPS: usize> Convolution<TAPS> {
    /// The file has the taps of one output and input side by side.
    fn read(file: &mut Reader, outputs: usize, inputs: usize) -> Self {
        let weights = file.take(outputs * inputs * TAPS);
        let tap = |tap| {
            Matrix::new(outputs, inputs, |output, input| weights[(output * inputs + input) * TAPS + tap])
        };
        Self { taps: std::array::from_fn(tap), bias: file.take(outputs) }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Vec<f32> {
        let (bytes, rest) = self.0.split_at(count * 4);
        self.0 = rest;
        bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    }
}
