//! The refiner against the script that trained it.

use persona_voice::{Detector, Rate, Refined, RefinedMemory, Silero};

use crate::support::rng::Rng;
use crate::support::talk::talk;

fn samples(rate: Rate, seed: u64) -> Vec<f32> {
    talk(rate, seed, 20).into_iter().map(|sample| f32::from(sample) / 32_768.0).collect()
}

/// Written by `refiner/train.py`: what it finds in 20 s of talk with seed 2.
fn reference(rate: Rate) -> Vec<f32> {
    let text = match rate {
        Rate::Narrow => include_str!("../../refiner/8000.txt"),
        Rate::Wide => include_str!("../../refiner/16000.txt"),
    };
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn the_model_is_that_of_its_script() {
    for rate in [Rate::Narrow, Rate::Wide] {
        let (samples, expected) = (samples(rate, 2), reference(rate));
        let (mut refined, mut memory) = (Refined::<Silero>::default(), RefinedMemory::default());
        let cells = samples.chunks_exact(<Refined>::length(rate)).take(expected.len());
        let found: Vec<_> = cells.map(|cell| refined.score(rate, &mut memory, cell)).collect();
        assert!(
            found.len() > 2_400 && expected.iter().any(|&it| it > 0.9) && expected.iter().any(|&it| it < 0.1)
        );
        for (cell, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!((found - expected).abs() < 1e-3, "{rate:?}, cell {cell}: {found}, not {expected}");
        }
    }
}

/// What rises suddenly is a door, a fan or a cough as well as speech; the network tells, once it has heard it.
#[test]
fn sudden_noise_is_speech_no_longer_than_the_network_is_late() {
    for rate in [Rate::Narrow, Rate::Wide] {
        for loudness in [0.01, 0.05, 0.3] {
            let (mut refined, mut memory) = (Refined::<Silero>::default(), RefinedMemory::default());
            let (mut rng, length) = (Rng(4), <Refined>::length(rate));
            let mut longest = 0;
            let mut speech = 0;
            // A second of hush, then noise for 250 ms and for 2 s, with a second between.
            for cell in 0..600 {
                let loud = (125..156).contains(&cell) || (281..531).contains(&cell);
                let loudness = if loud { loudness } else { 0.0005 };
                let cell: Vec<_> = (0..length).map(|_| (loudness * rng.noise()) as f32).collect();
                speech = if refined.score(rate, &mut memory, &cell) > 0.2 { speech + 1 } else { 0 };
                longest = longest.max(speech);
            }
            assert!(longest <= 7, "{rate:?}, {loudness}: {longest} cells");
        }
    }
}

#[test]
fn company_changes_no_bit_wherever_it_is_in_its_frame() {
    let mut refined = Refined::<Silero>::default();
    let sounds: Vec<_> = (0..<Refined>::LANES as u64).map(|seed| samples(Rate::Wide, seed % 4)).collect();
    let mut rng = Rng(9);
    let mut alone = Vec::new();
    for sound in &sounds {
        let mut memory = RefinedMemory::default();
        let cells = sound.chunks_exact(128).take(200);
        alone.push(cells.map(|cell| refined.score(Rate::Wide, &mut memory, cell)).collect::<Vec<_>>());
    }
    let mut memories: Vec<_> = sounds.iter().map(|_| RefinedMemory::default()).collect();
    let mut heard = vec![0; sounds.len()];
    for _ in 0..300 {
        // About half of the streams have a cell.
        let ready: Vec<_> =
            (0..sounds.len()).filter(|&stream| rng.below(2) == 0 && heard[stream] < 200).collect();
        for &stream in &ready {
            refined.stage(Rate::Wide, &memories[stream], &sounds[stream][heard[stream] * 128..][..128]);
        }
        refined.compute(Rate::Wide);
        for (lane, &stream) in ready.iter().enumerate() {
            let probability = refined.collect(Rate::Wide, lane, &mut memories[stream]);
            assert_eq!(probability.to_bits(), alone[stream][heard[stream]].to_bits());
            heard[stream] += 1;
        }
    }
    assert!(heard.iter().all(|&cells| cells > 100));
}
