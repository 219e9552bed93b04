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
        self.samples.extend(frame.iter().map(|&sample| to_i16(sample)));
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

/// Rounds half up: above zero, where the conversion to an integer cuts off, and without the library's `round`, which is
/// a call for each sample.
fn to_i16(sample: f32) -> i16 {
    let shifted = (sample * 32_768.0 + 32_768.5) as i32;
    (shifted.min(65_535) - 32_768) as i16
}
