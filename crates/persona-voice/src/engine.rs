//! Scores the frames of many streams together.

use crate::{Detector, Fault, Rate, Refined, Stream};

/// A detector and the order in which streams use it. One for each thread that computes; any stream may be given to any
/// engine, one call after the other.
#[derive(Default)]
pub struct Engine<D: Detector = Refined> {
    detector: D,
}

impl<D: Detector> Engine<D> {
    /// With a detector of one's choice.
    #[must_use]
    pub fn new(detector: D) -> Self {
        Self { detector }
    }

    /// Scores the full frame of each stream that has one; those without cost a look. Allocates nothing but room for
    /// events and for the sound of a turn, and both stay.
    pub fn advance<H: Hold<D>>(&mut self, streams: &mut [H]) {
        for rate in [Rate::Narrow, Rate::Wide] {
            let mut rest = &mut *streams;
            while !rest.is_empty() {
                let (looked_at, staged) = self.stage(rate, rest);
                let (batch, next) = rest.split_at_mut(looked_at);
                if staged > 0 {
                    self.detector.compute(rate);
                    self.collect(rate, batch);
                }
                rest = next;
            }
        }
    }

    /// All bytes of one stream, with `now_ms` as for [`Stream::take`].
    ///
    /// # Errors
    /// [`Fault::Closed`].
    pub fn push(&mut self, stream: &mut Stream<D>, mut bytes: &[u8], now_ms: u64) -> Result<(), Fault> {
        loop {
            bytes = &bytes[stream.take(bytes, now_ms)?..];
            if bytes.is_empty() && !stream.is_ready() {
                return Ok(());
            }
            self.advance(&mut [&mut *stream]);
        }
    }

    /// Ends a stream: scores what it still holds in whole frames, then closes the open turn. Once is enough.
    pub fn finish(&mut self, stream: &mut Stream<D>) {
        if stream.is_closed() {
            return;
        }
        self.advance(&mut [&mut *stream]);
        stream.end_of_bytes();
        self.advance(&mut [&mut *stream]);
        stream.close();
    }

    /// Stages frames of one rate until the lanes are full. Answers how many streams were looked at, and staged.
    fn stage<H: Hold<D>>(&mut self, rate: Rate, streams: &mut [H]) -> (usize, usize) {
        let mut staged = 0;
        for (index, stream) in streams.iter_mut().enumerate() {
            let detector = &mut self.detector;
            if stream.lend(|it| it.rate() == rate && it.stage(detector).is_some()) {
                staged += 1;
                if staged == D::LANES {
                    return (index + 1, staged);
                }
            }
        }
        (streams.len(), staged)
    }

    /// In the order of staging.
    fn collect<H: Hold<D>>(&mut self, rate: Rate, streams: &mut [H]) {
        let mut lane = 0;
        for stream in streams {
            let detector = &mut self.detector;
            lane += usize::from(stream.lend(|it| {
                let staged = it.rate() == rate && it.is_ready();
                if staged {
                    it.collect(detector, lane);
                }
                staged
            }));
        }
    }
}

/// Who has a stream and lends it for a moment: as a value, or behind a lock, which is then free while others compute.
/// Between two loans of one call to an engine nobody else may give it bytes.
pub trait Hold<D: Detector> {
    /// Calls `use_it` with the stream.
    fn lend<T>(&mut self, use_it: impl FnOnce(&mut Stream<D>) -> T) -> T;
}

impl<D: Detector> Hold<D> for Stream<D> {
    fn lend<T>(&mut self, use_it: impl FnOnce(&mut Self) -> T) -> T {
        use_it(self)
    }
}

impl<D: Detector> Hold<D> for &mut Stream<D> {
    fn lend<T>(&mut self, use_it: impl FnOnce(&mut Stream<D>) -> T) -> T {
        use_it(self)
    }
}
