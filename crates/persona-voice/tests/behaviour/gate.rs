//! The energy gate, alone and before the network.

use std::cell::Cell;

use persona_voice::{Detector, Energy, Gated, Rate, Silero};

use crate::support::rng::Rng;
use crate::support::talk::talk;

fn noise(loudness: f64, frames: usize) -> Vec<f32> {
    let mut rng = Rng(7);
    (0..frames * 512).map(|_| (loudness * rng.noise()) as f32).collect()
}

fn scores<D: Detector>(mut detector: D, samples: &[f32]) -> Vec<f32> {
    let mut memory = D::Memory::default();
    samples.chunks_exact(512).map(|frame| detector.score(Rate::Wide, &mut memory, frame)).collect()
}

#[test]
fn steady_noise_is_background_and_what_rises_above_it_is_not() {
    for loudness in [0.0, 0.001, 0.1] {
        let sound =
            [noise(loudness, 50), noise((10.0 * loudness).max(0.05), 10), noise(loudness, 50)].concat();
        let scores = scores(Energy::default(), &sound);
        let loud: Vec<_> = (0..scores.len()).filter(|&index| scores[index] > 0.5).collect();
        assert_eq!(loud, (50..60).collect::<Vec<_>>(), "{loudness}");
    }
}

#[test]
fn a_noise_that_stays_becomes_background() {
    let sound = [noise(0.001, 20), noise(0.01, 900)].concat();
    let scores = scores(Energy::default(), &sound);
    assert!(scores[20..100].iter().all(|&score| score > 0.5));
    assert!(scores[700..].iter().all(|&score| score < 0.1));
}

#[test]
fn streams_of_either_rate_keep_their_lanes() {
    let mut energy = Energy::default();
    let mut memories = [<Energy as Detector>::Memory::default(); 4];
    let (quiet, loud) = (noise(0.001, 1), noise(0.5, 1));
    for frame in [&quiet, &quiet, &loud] {
        let mut lanes = Vec::new();
        for (index, memory) in memories.iter().enumerate() {
            let (rate, frame) = if index % 2 == 0 { (Rate::Wide, frame) } else { (Rate::Narrow, &quiet) };
            lanes.push((rate, energy.stage(rate, memory, &frame[..rate.frame()])));
        }
        energy.compute(Rate::Narrow);
        energy.compute(Rate::Wide);
        let scores: Vec<_> = lanes
            .iter()
            .zip(&mut memories)
            .map(|(&(rate, lane), memory)| energy.collect(rate, lane, memory))
            .collect();
        let expected = [frame == &loud, false, frame == &loud, false];
        assert_eq!(scores.iter().map(|&score| score > 0.5).collect::<Vec<_>>(), expected);
    }
}

/// Counts what it is asked, and is sure that it is speech.
#[derive(Default)]
struct Asked<'a>(Option<&'a Cell<usize>>);

impl Detector for Asked<'_> {
    type Memory = ();

    const LANES: usize = 4;

    fn length(rate: Rate) -> usize {
        rate.frame()
    }

    fn stage(&mut self, _: Rate, (): &(), _: &[f32]) -> usize {
        self.0.map_or(0, |asked| asked.replace(asked.get() + 1))
    }

    fn compute(&mut self, _: Rate) {}

    fn collect(&mut self, _: Rate, _: usize, (): &mut ()) -> f32 {
        1.0
    }
}

#[test]
fn the_detector_sleeps_through_silence_and_wakes_with_the_first_sound() {
    let asked = Cell::new(0);
    let sound = [noise(0.001, 100), noise(0.1, 5), noise(0.001, 100)].concat();
    let scores = scores(Gated::new(Asked(Some(&asked))), &sound);
    let heard: Vec<_> = (0..scores.len()).filter(|&index| scores[index] > 0.5).collect();
    // Fifteen frames of patience at the beginning and after the sound.
    assert_eq!(heard, (0..15).chain(100..120).collect::<Vec<_>>());
    assert_eq!(asked.get(), heard.len());
}

#[test]
fn the_network_behind_a_gate_finds_the_same_speech() {
    let samples: Vec<_> =
        talk(Rate::Wide, 5, 20).into_iter().map(|sample| f32::from(sample) / 32_768.0).collect();
    let (bare, gated) = (scores(Silero::default(), &samples), scores(Gated::<Silero>::default(), &samples));
    let differ = bare.iter().zip(&gated).filter(|(bare, gated)| (**bare >= 0.5) != (**gated >= 0.5)).count();
    assert!(bare.iter().any(|&score| score > 0.9) && differ * 50 < bare.len(), "{differ} of {}", bare.len());
}
