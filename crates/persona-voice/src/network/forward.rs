//! The network, from samples to probabilities, for the first `count` parts of the scratch buffers.

use super::columns::{Columns, Walk};
use super::exp::{sigmoid, tanh};
use super::layers::Layers;
use super::multiply::Multiply;
use super::scratch::{LANES, Scratch};

/// `L` windows are transformed at once. Inlined into a function of each kernel, and so compiled for its processors.
#[inline(always)]
pub(super) fn forward<M: Multiply, const L: usize>(
    multiply: M,
    layers: &Layers,
    buffers: &mut Scratch,
    count: usize,
) {
    transform::<M, L>(layers, buffers, count);
    convolve(multiply, layers, buffers, count);
    remember(multiply, layers, buffers, count);
}

/// Whole vectors of windows, then stream by stream.
#[inline(always)]
fn transform<M: Multiply, const L: usize>(layers: &Layers, buffers: &mut Scratch, count: usize) {
    let part = buffers.samples.len() / LANES;
    let windows = 4 * layers.transform.bins();
    let together = L / 4;
    let mut done = 0;
    while done < count {
        let now = if count - done >= together { together } else { 1 };
        let samples = &buffers.samples[done * part..];
        let magnitudes = &mut buffers.magnitudes[done * windows..][..now * windows];
        if now == together {
            layers.transform.magnitudes::<L>(M::FUSED, samples, starts(layers, part), magnitudes);
        } else {
            layers.transform.magnitudes::<4>(M::FUSED, samples, starts(layers, part), magnitudes);
        }
        done += now;
    }
}

/// Four windows in each stream's part of the samples, each half over the one before.
#[inline(always)]
fn starts<const L: usize>(layers: &Layers, part: usize) -> [usize; L] {
    std::array::from_fn(|lane| lane / 4 * part + lane % 4 * (layers.transform.length() / 2))
}

/// Taps are added one after the other, each to the outputs for which it meets more than padding.
#[inline(always)]
fn convolve<M: Multiply>(multiply: M, layers: &Layers, buffers: &mut Scratch, count: usize) {
    let Scratch { magnitudes, first, second, third, joint, .. } = buffers;
    let bins = layers.transform.bins();
    let over = |size: usize, step: usize, windows: usize| {
        move |window: usize| Walk { first: window * size, step: step * size, stride: windows * size }
    };
    let columns = |group: usize, from: Walk, to: Walk| Columns { count: count * group, group, from, to };

    // Four windows to four.
    let (from, to) = (over(bins, 1, 4), over(128, 1, 4));
    fill(first, &layers.first.bias, count * 4);
    let [before, at, after] = &layers.first.taps;
    multiply.accumulate(at, magnitudes, first, columns(4, from(0), to(0)));
    multiply.accumulate(before, magnitudes, first, columns(3, from(0), to(1)));
    multiply.accumulate(after, magnitudes, first, columns(3, from(1), to(0)));
    rectify(&mut first[..count * 4 * 128]);

    // Four windows to two: around the windows 0 and 2.
    let (from, to) = (over(128, 2, 4), over(64, 1, 2));
    fill(second, &layers.second.bias, count * 2);
    let [before, at, after] = &layers.second.taps;
    multiply.accumulate(at, first, second, columns(2, from(0), to(0)));
    multiply.accumulate(before, first, second, columns(1, from(1), to(1)));
    multiply.accumulate(after, first, second, columns(2, from(1), to(0)));
    rectify(&mut second[..count * 2 * 64]);

    // Two windows to one, around window 0.
    let (from, to) = (over(64, 1, 2), over(64, 1, 1));
    fill(third, &layers.third.bias, count);
    let [at, after] = &layers.third.taps;
    multiply.accumulate(at, second, third, columns(1, from(0), to(0)));
    multiply.accumulate(after, second, third, columns(1, from(1), to(0)));
    rectify(&mut third[..count * 64]);

    // One window, next to the hidden state.
    let joint = &mut joint[..count * 256];
    let [at] = &layers.fourth.taps;
    for part in joint.chunks_exact_mut(256) {
        part[..128].copy_from_slice(&layers.fourth.bias);
    }
    multiply.accumulate(at, third, joint, columns(1, over(64, 1, 1)(0), over(256, 1, 1)(0)));
    for part in joint.chunks_exact_mut(256) {
        rectify(&mut part[..128]);
    }
}

/// The LSTM and the output.
#[inline(always)]
fn remember<M: Multiply>(multiply: M, layers: &Layers, buffers: &mut Scratch, count: usize) {
    let Scratch { joint, cell, gates, probabilities, .. } = buffers;
    fill(gates, &layers.gates_bias, count);
    let walk = |size: usize| Walk { first: 0, step: 0, stride: size };
    multiply.accumulate(
        &layers.gates,
        joint,
        gates,
        Columns { count, group: 1, from: walk(256), to: walk(512) },
    );

    let parts = joint.chunks_exact_mut(256).zip(cell.chunks_exact_mut(128)).zip(gates.chunks_exact(512));
    for (((joint, cell), gates), probability) in parts.zip(probabilities).take(count) {
        let hidden = &mut joint[128..];
        let [input, forget, fresh, output] = [0, 1, 2, 3].map(|gate| &gates[gate * 128..][..128]);
        for unit in 0..128 {
            cell[unit] = sigmoid(forget[unit]) * cell[unit] + sigmoid(input[unit]) * tanh(fresh[unit]);
            hidden[unit] = sigmoid(output[unit]) * tanh(cell[unit]);
        }
        *probability = sigmoid(layers.head_bias + dot(hidden, &layers.head));
    }
}

/// Of the positive hidden values, in sixteen sums, so that it can be computed by the vector.
#[inline(always)]
fn dot(hidden: &[f32], weights: &[f32]) -> f32 {
    let mut sums = [0.0; 16];
    for (hidden, weights) in hidden.as_chunks::<16>().0.iter().zip(weights.as_chunks::<16>().0) {
        for lane in 0..16 {
            sums[lane] += hidden[lane].max(0.0) * weights[lane];
        }
    }
    sums.iter().sum()
}

#[inline(always)]
fn fill(buffer: &mut [f32], bias: &[f32], count: usize) {
    for part in buffer.chunks_exact_mut(bias.len()).take(count) {
        part.copy_from_slice(bias);
    }
}

#[inline(always)]
fn rectify(values: &mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}
