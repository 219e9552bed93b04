//! The low-pass filters that bring sound down to the rate inside.

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::Rate;

/// Half the length of a filter, in samples at the rate inside: 1 ms of delay, 2 ms at 8 kHz.
const REACH: f64 = 16.0;

/// Where half the amplitude passes, in samples at the rate inside: 7.6 kHz at 16 kHz; 1 kHz below, all of it passes, and
/// 1 kHz above, a thousandth.
const CUTOFF: f64 = 0.475;

/// Of the Kaiser window: 60 dB.
const BETA: f64 = 5.65;

/// A windowed sinc, cut into one filter for each position between two input samples that an output can have.
pub(super) struct Filter {
    /// Outputs per `down` inputs.
    pub(super) up: u32,
    pub(super) down: u32,
    /// Inputs that an output is made of; even, half of them after it.
    pub(super) taps: usize,
    coefficients: Vec<f32>,
}

impl Filter {
    /// None for the rates that need none.
    pub(super) fn from_hz(hz: u32) -> Option<&'static Self> {
        static FILTERS: [(u32, LazyLock<Filter>); 9] = [
            (11_025, LazyLock::new(|| Filter::new(11_025))),
            (12_000, LazyLock::new(|| Filter::new(12_000))),
            (22_050, LazyLock::new(|| Filter::new(22_050))),
            (24_000, LazyLock::new(|| Filter::new(24_000))),
            (32_000, LazyLock::new(|| Filter::new(32_000))),
            (44_100, LazyLock::new(|| Filter::new(44_100))),
            (48_000, LazyLock::new(|| Filter::new(48_000))),
            (88_200, LazyLock::new(|| Filter::new(88_200))),
            (96_000, LazyLock::new(|| Filter::new(96_000))),
        ];
        FILTERS.iter().find(|(rate, _)| *rate == hz).map(|(_, filter)| &**filter)
    }

    fn new(hz: u32) -> Self {
        let target = Rate::within(hz).hz();
        let common = gcd(hz, target);
        let (up, down) = (target / common, hz / common);
        let ratio = f64::from(hz) / f64::from(target);
        let reach = REACH * ratio;
        let taps = 2 * reach.ceil() as usize;
        let phase = |phase: u32| {
            let distance =
                |tap: usize| (tap + 1) as f64 - (taps / 2) as f64 - f64::from(phase) / f64::from(up);
            let weights: Vec<_> = (0..taps).map(|tap| weight(distance(tap), reach, CUTOFF / ratio)).collect();
            // Each phase passes a constant unchanged, or the phases would add a hum of their own.
            let sum: f64 = weights.iter().sum();
            weights.into_iter().map(move |weight| (weight / sum) as f32)
        };
        Self { up, down, taps, coefficients: (0..up).flat_map(phase).collect() }
    }

    /// The weights for an output that lies `phase / up` of a sample after the tap `taps / 2 - 1`.
    pub(super) fn phase(&self, phase: u32) -> &[f32] {
        &self.coefficients[phase as usize * self.taps..][..self.taps]
    }
}

fn weight(distance: f64, reach: f64, cutoff: f64) -> f64 {
    let angle = 2.0 * PI * cutoff * distance;
    let sinc = if distance.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
    let edge = 1.0 - (distance / reach).powi(2);
    if edge < 0.0 { 0.0 } else { sinc * bessel(BETA * edge.sqrt()) }
}

/// I0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-15 {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

fn gcd(left: u32, right: u32) -> u32 {
    if right == 0 { left } else { gcd(right, left % right) }
}
