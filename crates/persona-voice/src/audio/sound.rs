//! The sound that may still be asked for.

use std::collections::VecDeque;
use std::ops::Range;

use crate::Fault;

/// Room that a stream keeps: half a second, more than the look-back of most.
const LEAST: usize = 1 << 13;

/// 16-bit samples from some position on, up to the last frame.
#[derive(Default)]
pub(crate) struct Sound {
    samples: VecDeque<i16>,
    start: u64,
}

impl Sound {
    pub(crate) fn append(&mut self, frame: &[f32]) {
        // First side by side, which is done by the vector.
        let mut samples = [0; 64];
        for frame in frame.chunks(samples.len()) {
            for (sample, &exact) in samples.iter_mut().zip(frame) {
                *sample = to_i16(exact);
            }
            self.samples.extend(&samples[..frame.len()]);
        }
    }

    /// Where the sound ends: how much has been heard.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }

    /// Forgets what lies before `position`, and gives memory back after a long turn.
    pub(crate) fn forget_before(&mut self, position: u64) {
        let count = position.saturating_sub(self.start).min(self.samples.len() as u64);
        self.samples.drain(..count as usize);
        self.start += count;
        let needed = self.samples.len().max(LEAST);
        if self.samples.capacity() > 4 * needed {
            self.samples.shrink_to(needed);
        }
    }

    /// Appends a part to `out`.
    pub(crate) fn copy(&self, range: Range<u64>, out: &mut Vec<i16>) -> Result<(), Fault> {
        if range.start < self.start || range.end > self.end() || range.start > range.end {
            return Err(Fault::NoSound);
        }
        let (start, end) = ((range.start - self.start) as usize, (range.end - self.start) as usize);
        out.extend(self.samples.range(start..end));
        Ok(())
    }
}

/// Rounds half up: above zero, where that is to cut off. All of it is done by the vector, which the conversion to an integer
/// and the library's `round` are not.
fn to_i16(sample: f32) -> i16 {
    /// Adding it rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 8_388_608.0;
    let shifted = (sample * 32_768.0 + 32_768.5).clamp(0.0, 65_535.0);
    let near = shifted + ROUND - ROUND;
    let below = if near > shifted { near - 1.0 } else { near };
    ((below + ROUND).to_bits() as u16 ^ 0x8000).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_and_others_are_rounded_half_up() {
        for sample in i16::MIN..=i16::MAX {
            let exact = f32::from(sample) / 32_768.0;
            assert_eq!(to_i16(exact), sample);
            let half = 0.5 / 32_768.0;
            assert_eq!(to_i16(exact + half), sample.saturating_add(1), "{sample} and a half");
            assert_eq!(to_i16(exact - half * 0.9), sample, "a little less than {sample}");
        }
        assert_eq!((to_i16(-2.0), to_i16(1.0), to_i16(2.0)), (i16::MIN, i16::MAX, i16::MAX));
    }
}
