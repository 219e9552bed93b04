//! Somebody who talks, pauses and is talked over by noise: vowels of a simple voice, the same on every machine.
//!
//! Only sums and products go in, no sine of a system's library, so that every sample is exact.

use persona_voice::Rate;

use super::rng::Rng;

/// Samples per second, before they are brought down.
const RATE: usize = 16_000;

/// Four resonators at 16 kHz for each of a, i, u, e, o: y = x + a y' + b y''.
const VOWELS: [[(f64, f64); 4]; 5] = [
    [(1.8885, -0.9691), (1.7842, -0.9615), (1.1188, -0.9465), (0.4445, -0.9065)],
    [(1.9578, -0.9691), (1.2202, -0.9615), (0.7375, -0.9465), (0.3715, -0.9065)],
    [(1.9552, -0.9691), (1.8478, -0.9615), (1.2403, -0.9465), (0.5169, -0.9065)],
    [(1.9263, -0.9691), (1.4711, -0.9615), (1.0937, -0.9465), (0.4081, -0.9065)],
    [(1.9197, -0.9691), (1.8554, -0.9615), (1.1375, -0.9465), (0.4808, -0.9065)],
];

/// So many seconds: phrases of syllables between pauses, now and then over noise. At 8 kHz it is the mean of every two
/// samples.
pub(crate) fn talk(rate: Rate, seed: u64, seconds: usize) -> Vec<i16> {
    let mut rng = Rng(seed);
    let mut out = Vec::with_capacity(seconds * RATE + RATE);
    while out.len() < seconds * RATE {
        let hiss = [0.0, 0.002, 0.02, 0.1][rng.below(4)];
        pause(&mut out, &mut rng, hiss);
        for _ in 0..3 + rng.below(6) {
            syllable(&mut out, &mut rng, hiss);
        }
    }
    out.truncate(seconds * RATE);
    match rate {
        Rate::Narrow => out.chunks_exact(2).map(|pair| i16::midpoint(pair[0], pair[1])).collect(),
        Rate::Wide => out,
    }
}

fn pause(out: &mut Vec<i16>, rng: &mut Rng, hiss: f64) {
    for _ in 0..RATE / 5 + rng.below(RATE) {
        out.push(sample(hiss * rng.noise()));
    }
}

/// A hiss, then a vowel with a falling pitch.
fn syllable(out: &mut Vec<i16>, rng: &mut Rng, hiss: f64) {
    for _ in 0..rng.below(RATE / 12) {
        out.push(sample((0.03 + hiss) * rng.noise()));
    }
    let resonators = VOWELS[rng.below(VOWELS.len())];
    let (length, pitch) = (RATE / 8 + rng.below(RATE / 6), 110 + rng.below(60));
    let mut memory = [[0.0; 2]; 4];
    let mut until_pulse = 0;
    for index in 0..length {
        let pulse = until_pulse == 0;
        until_pulse = if pulse { pitch + index * 20 / length } else { until_pulse - 1 };
        let mut value = if pulse { 1.0 } else { 0.01 * rng.noise() };
        for ((a, b), [last, before]) in resonators.into_iter().zip(&mut memory) {
            value = value * (1.0 - a - b) + a * *last + b * *before;
            (*last, *before) = (value, *last);
        }
        let swell = index.min(length - index).min(400) as f64 / 400.0;
        out.push(sample(6.0 * swell * value + hiss * rng.noise()));
    }
}

fn sample(value: f64) -> i16 {
    (value * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}
