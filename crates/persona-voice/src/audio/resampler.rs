//! From the rate of the sound to the rate inside.

use super::filter::Filter;

/// A polyphase filter over the latest inputs. Output `n` is the sound at input `n * down / up`, to the sample: the
/// filter waits for the inputs after it instead of shifting time.
pub(super) struct Resampler {
    filter: &'static Filter,
    /// The latest inputs twice, so that they always lie in one piece somewhere.
    history: Box<[f32]>,
    next: usize,
    /// Inputs to come until there is an output.
    wait: u32,
    phase: u32,
}

impl Resampler {
    pub(super) fn new(filter: &'static Filter) -> Self {
        let history = vec![0.0; 2 * filter.taps].into();
        Self { filter, history, next: 0, wait: filter.taps as u32 / 2 + 1, phase: 0 }
    }

    /// The next input; the next output, if it was the last that this waited for. Never two: the rate goes down.
    pub(super) fn push(&mut self, sample: f32) -> Option<f32> {
        let taps = self.filter.taps;
        self.history[self.next] = sample;
        self.history[self.next + taps] = sample;
        self.next = (self.next + 1) % taps;
        self.wait -= 1;
        if self.wait > 0 {
            return None;
        }
        let output = dot(self.filter.phase(self.phase), &self.history[self.next..][..taps]);
        self.phase += self.filter.down;
        self.wait = self.phase / self.filter.up;
        self.phase %= self.filter.up;
        Some(output)
    }

    /// Inputs after the last one that its output waits for.
    pub(super) fn tail(&self) -> usize {
        self.filter.taps / 2
    }
}

/// From 16 to 8 kHz: what brings 32 kHz down to 16 halves any rate.
pub(crate) fn halve(samples: &[f32]) -> Vec<f32> {
    let Some(filter) = Filter::from_hz(32_000) else { return Vec::new() };
    let mut resampler = Resampler::new(filter);
    let tail = std::iter::repeat_n(&0.0, resampler.tail());
    samples.iter().chain(tail).filter_map(|sample| resampler.push(*sample)).collect()
}

/// In eight sums, so that it can be computed by the vector.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let (left, left_rest) = left.as_chunks::<8>();
    let (right, right_rest) = right.as_chunks::<8>();
    for (left, right) in left.iter().zip(right) {
        for lane in 0..8 {
            sums[lane] += left[lane] * right[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f32>() + rest
}
