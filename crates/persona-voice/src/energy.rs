//! The cheapest detector: how far a frame rises above the noise.

use crate::{Detector, Rate};

/// The background rises by so many dB a frame, 2 dB a second; it falls at once.
const RISE: f32 = 0.064;

/// No background is quieter, in dB below full scale.
const QUIETEST: f32 = -75.0;

/// So many dB above the background are speech as likely as not; each `SLOPE` more, e times as likely.
const MARGIN: f32 = 12.0;
const SLOPE: f32 = 3.0;

/// Takes for speech what is louder than the background, which it follows. It cannot tell a voice from a door, and costs
/// a fraction of the network; before that, it spares it the silence ([`Gated`](crate::Gated)).
#[derive(Clone, Debug, Default)]
pub struct Energy {
    /// Background and probability after the staged frames, of either rate.
    lanes: [Vec<(Background, f32)>; 2],
    /// The lanes hold the last computation, and make room at the next frame.
    computed: [bool; 2],
}

/// The noise behind one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Background {
    /// In dB; nothing before the first frame.
    floor: Option<f32>,
}

impl Detector for Energy {
    type Memory = Background;

    const LANES: usize = 64;

    fn length(rate: Rate) -> usize {
        rate.frame()
    }

    fn stage(&mut self, rate: Rate, background: &Background, frame: &[f32]) -> usize {
        assert!(frame.len() == rate.frame(), "a frame lasts 32 ms");
        let lanes = &mut self.lanes[rate as usize];
        if std::mem::take(&mut self.computed[rate as usize]) {
            lanes.clear();
        }
        let mut background = *background;
        let probability = background.hear(frame);
        lanes.push((background, probability));
        lanes.len() - 1
    }

    fn compute(&mut self, rate: Rate) {
        self.computed[rate as usize] = true;
    }

    fn collect(&mut self, rate: Rate, lane: usize, background: &mut Background) -> f32 {
        let probability;
        (*background, probability) = self.lanes[rate as usize][lane];
        probability
    }
}

impl Background {
    /// Follows the noise; answers how likely the frame is more than that.
    pub(crate) fn hear(&mut self, frame: &[f32]) -> f32 {
        let level = level(frame);
        let floor = self.floor.map_or(level, |floor| level.min(floor + RISE)).max(QUIETEST);
        self.floor = Some(floor);
        1.0 / (1.0 + f32::exp((MARGIN - (level - floor)) / SLOPE))
    }
}

/// In dB below full scale, of the differences between samples: hum and offset hardly count.
fn level(frame: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (chunk, next) in frame.as_chunks::<8>().0.iter().zip(frame[1..].as_chunks::<8>().0) {
        for lane in 0..8 {
            sums[lane] += (next[lane] - 0.95 * chunk[lane]).powi(2);
        }
    }
    10.0 * (sums.iter().sum::<f32>() / frame.len() as f32 + 1e-12).log10()
}
