//! A labelled recording, and the same over a bad line or in noise.

use super::draw::Rng;
use super::{HZ, Labels};
use crate::audio::{Intake, halve, through_mulaw};
use crate::{Detector, Fault, Rate, Wav};

/// Sound of one voice at a rate of the detectors, and where there is speech in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Of the samples.
    pub rate: Rate,
    /// From -1 to 1.
    pub samples: Vec<f32>,
    /// As people heard it.
    pub labels: Labels,
}

/// What is done to a clip before it is scored; its labels stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Nothing.
    Clean,
    /// A telephone line: 8 kHz, G.711 µ-law.
    Mulaw,
    /// Pink noise, this many dB below the labelled speech.
    Pink(i8),
}

impl Variant {
    /// Those that are measured.
    pub const ALL: [Self; 5] = [Self::Clean, Self::Mulaw, Self::Pink(10), Self::Pink(5), Self::Pink(0)];
}

impl Clip {
    /// A whole WAV file of any format that a stream takes; its first channel.
    ///
    /// # Errors
    /// Those of [`Wav::parse`].
    pub fn from_wav(file: &[u8], labels: Labels) -> Result<Self, Fault> {
        let wav = Wav::parse(file)?;
        let rate = wav.format.rate();
        // One by one, so that none is left of a frame.
        let mut intake = Intake::new(wav.format, 1);
        let (mut bytes, mut samples) = (&file[wav.data], Vec::new());
        while !bytes.is_empty() {
            bytes = &bytes[intake.take(bytes)..];
            if let Some(frame) = intake.frame() {
                samples.extend_from_slice(frame);
                intake.clear();
            }
        }
        Ok(Self { rate, samples, labels })
    }

    /// The clip as it would sound. The same seed gives the same noise.
    #[must_use]
    pub fn varied(&self, variant: Variant, seed: u64) -> Self {
        let (rate, samples) = match (variant, self.rate) {
            (Variant::Clean, rate) => (rate, self.samples.clone()),
            (Variant::Mulaw, Rate::Narrow) => (Rate::Narrow, through_mulaw(&self.samples)),
            (Variant::Mulaw, Rate::Wide) => (Rate::Narrow, through_mulaw(&halve(&self.samples))),
            (Variant::Pink(ratio), rate) => (rate, self.in_noise(ratio, seed)),
        };
        Self { rate, samples, labels: self.labels.clone() }
    }

    /// What a detector makes of it: a score for each of its frames. What is left of a frame is not scored.
    #[must_use]
    pub fn scored_by<D: Detector>(&self, detector: &mut D) -> Vec<f32> {
        let mut memory = D::Memory::default();
        let frames = self.samples.chunks_exact(D::length(self.rate));
        frames.map(|frame| detector.score(self.rate, &mut memory, frame)).collect()
    }

    fn in_noise(&self, ratio: i8, seed: u64) -> Vec<f32> {
        let noise = pink(self.samples.len(), seed);
        let ratio = 10_f64.powf(f64::from(ratio) / 10.0);
        let scale = (self.speech_power() / ratio / power(noise.iter().copied())).sqrt();
        // A silent clip stays as it is.
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let pairs = self.samples.iter().zip(noise);
        pairs.map(|(sample, noise)| (f64::from(*sample) + scale * noise).clamp(-1.0, 1.0) as f32).collect()
    }

    fn speech_power(&self) -> f64 {
        let seconds = |index: usize| (index as f64 + 0.5) / f64::from(self.rate.hz());
        let speech = self
            .samples
            .iter()
            .enumerate()
            .filter(|(index, _)| self.labels.at(seconds(*index)) == Some(true));
        power(speech.map(|(_, sample)| f64::from(*sample)))
    }
}

/// Mean square; 0 of nothing.
fn power(samples: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = samples.fold((0.0, 0_u64), |(sum, count), sample| (sum + sample * sample, count + 1));
    sum / count.max(1) as f64
}

/// White noise through Paul Kellet's filter: 3 dB less per octave, to 0.05 dB, down to a five-thousandth of the rate.
fn pink(count: usize, seed: u64) -> Vec<f64> {
    const POLES: [(f64, f64); 6] = [
        (0.998_86, 0.055_517_9),
        (0.993_32, 0.075_075_9),
        (0.969_00, 0.153_852_0),
        (0.866_50, 0.310_485_6),
        (0.550_00, 0.532_952_2),
        (-0.761_6, -0.016_898_0),
    ];
    let mut rng = Rng(seed);
    let (mut memory, mut before) = ([0.0; 6], 0.0);
    let mut next = || {
        let white = rng.normal();
        for (memory, (pole, weight)) in memory.iter_mut().zip(POLES) {
            *memory = pole * *memory + weight * white;
        }
        let sum = memory.iter().sum::<f64>() + before + 0.536_2 * white;
        before = 0.115_926 * white;
        sum
    };
    // Until the slowest pole has forgotten that there was nothing before.
    for _ in 0..HZ as usize {
        next();
    }
    (0..count).map(|_| next()).collect()
}
