//! The network against the reference runtime, and the kernels against each other.

use persona_voice::{Detector, Kernel, Memory, Rate, Silero};
use proptest::prelude::*;

use crate::support::rng::Rng;
use crate::support::talk::talk;

/// Written by `tests/goldens/make.py`: what the reference runtime gives for 12 s of talk with seed 1.
fn reference(rate: Rate) -> Vec<f32> {
    let text = match rate {
        Rate::Narrow => include_str!("../goldens/8000.txt"),
        Rate::Wide => include_str!("../goldens/16000.txt"),
    };
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn golden_talk(rate: Rate) -> Vec<f32> {
    talk(rate, 1, 12).into_iter().map(|sample| f32::from(sample) / 32_768.0).collect()
}

fn available() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
}

fn probabilities(silero: &mut Silero, rate: Rate, samples: &[f32]) -> Vec<f32> {
    let mut memory = Memory::default();
    samples.chunks_exact(rate.frame()).map(|frame| silero.score(rate, &mut memory, frame)).collect()
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

#[test]
fn every_kernel_agrees_with_the_reference_runtime() {
    for rate in [Rate::Narrow, Rate::Wide] {
        let reference = reference(rate);
        let spoken = reference.iter().filter(|&&probability| probability > 0.8).count();
        let silent = reference.iter().filter(|&&probability| probability < 0.2).count();
        assert!(spoken > 50 && silent > 50, "a reference that never changes would prove nothing");
        for kernel in available() {
            let found = probabilities(&mut Silero::new(kernel).unwrap(), rate, &golden_talk(rate));
            let difference = largest_difference(&found, &reference);
            println!("{kernel:?} {rate:?}: {difference:e}");
            assert!(difference <= 1e-5, "{kernel:?} at {rate:?} is {difference:e} off");
        }
    }
}

/// Frames of noise, loud, faint, silent and square: what no speech ever looks like.
fn frame(rng: &mut Rng, rate: Rate) -> Vec<f32> {
    let loudness = [0.0, 1e-4, 0.05, 1.0, 20.0][rng.below(5)];
    (0..rate.frame()).map(|_| (loudness * rng.noise()).clamp(-1.0, 1.0) as f32).collect()
}

/// The probabilities of `streams` streams over `frames` frames, all computed together.
fn together(kernel: Kernel, rate: Rate, seed: u64, streams: usize, frames: usize) -> Vec<Vec<f32>> {
    let mut silero = Silero::new(kernel).unwrap();
    let mut rngs: Vec<_> = (0..streams as u64).map(|stream| Rng(seed ^ stream << 32)).collect();
    let mut memories = vec![Memory::default(); streams];
    let mut found = vec![Vec::new(); streams];
    for _ in 0..frames {
        for (rng, memory) in rngs.iter_mut().zip(&memories) {
            silero.stage(rate, memory, &frame(rng, rate));
        }
        silero.compute(rate);
        for (lane, memory) in memories.iter_mut().enumerate() {
            found[lane].push(silero.collect(rate, lane, memory));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn kernels_agree_on_any_input(seed: u64, streams in 1..=Silero::LANES, wide: bool) {
        let rate = if wide { Rate::Wide } else { Rate::Narrow };
        let scalar = together(Kernel::Scalar, rate, seed, streams, 4).concat();
        let mut vectors = available().skip(1).map(|kernel| together(kernel, rate, seed, streams, 4).concat());
        if let Some(vector) = vectors.next() {
            prop_assert!(largest_difference(&scalar, &vector) < 1e-4);
            prop_assert!(vectors.all(|other| other == vector), "both vector kernels round alike");
        }
    }

    #[test]
    fn company_changes_no_bit(seed: u64, streams in 2..=Silero::LANES, wide: bool) {
        let rate = if wide { Rate::Wide } else { Rate::Narrow };
        for kernel in available() {
            let all = together(kernel, rate, seed, streams, 2);
            for stream in 0..streams as u64 {
                let alone = together(kernel, rate, seed ^ stream << 32, 1, 2);
                prop_assert_eq!(&alone[0], &all[stream as usize]);
            }
        }
    }
}

#[test]
fn a_lane_forgets_who_used_it_before() {
    let mut silero = Silero::default();
    let loud = vec![1.0; Rate::Wide.frame()];
    let before = silero.score(Rate::Wide, &mut Memory::default(), &vec![0.0; Rate::Wide.frame()]);
    silero.score(Rate::Wide, &mut Memory::default(), &loud);
    let after = silero.score(Rate::Wide, &mut Memory::default(), &vec![0.0; Rate::Wide.frame()]);
    assert_eq!(before.to_bits(), after.to_bits());
}
