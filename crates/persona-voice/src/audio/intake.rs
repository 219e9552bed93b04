//! Bytes to frames.

use super::Format;
use super::filter::Filter;
use super::reader::{Flow, Reader};
use super::resampler::Resampler;

/// Fills one frame at a time; takes nothing more until that is cleared, so that a stream that floods holds no memory.
pub(crate) struct Intake {
    reader: Reader,
    resampler: Option<Resampler>,
    frame: Box<[f32]>,
    filled: usize,
    damaged: bool,
}

impl Intake {
    pub(crate) fn new(format: Format, length: usize) -> Self {
        Self {
            reader: Reader::new(format),
            resampler: Filter::from_hz(format.hz()).map(Resampler::new),
            frame: vec![0.0; length].into(),
            filled: 0,
            damaged: false,
        }
    }

    /// Answers how many bytes were used: all, unless the frame is full.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        let Self { reader, resampler, frame, filled, damaged } = self;
        if *filled == frame.len() {
            return 0;
        }
        let at_once = if resampler.is_none() { reader.fill(bytes, &mut frame[*filled..]) } else { 0 };
        *filled += at_once;
        if *filled == frame.len() {
            return 2 * at_once;
        }
        2 * at_once
            + reader.read(&bytes[2 * at_once..], |sample| {
                *damaged |= sample.is_none();
                let sample = sample.unwrap_or(0.0);
                if let Some(sample) =
                    resampler.as_mut().map_or(Some(sample), |resampler| resampler.push(sample))
                {
                    frame[*filled] = sample;
                    *filled += 1;
                }
                if *filled == frame.len() { Flow::Stop } else { Flow::More }
            })
    }

    /// Lets out what the resampler still holds, as far as it completes the frame. What completes none is not heard.
    pub(crate) fn finish(&mut self) {
        let Self { resampler, frame, filled, .. } = self;
        let Some(resampler) = resampler else { return };
        for _ in 0..resampler.tail() {
            if let Some(sample) = resampler.push(0.0)
                && let Some(place) = frame.get_mut(*filled)
            {
                *place = sample;
                *filled += 1;
            }
        }
    }

    /// The frame, if it is full.
    pub(crate) fn frame(&self) -> Option<&[f32]> {
        (self.filled == self.frame.len()).then_some(&self.frame)
    }

    /// Whether a sample since the last clearing was not a finite number.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Whether the last bytes were no whole sample.
    pub(crate) fn is_partial(&self) -> bool {
        self.reader.is_partial()
    }

    pub(crate) fn clear(&mut self) {
        (self.filled, self.damaged) = (0, false);
    }
}
