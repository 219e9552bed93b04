//! Scores the frames of many streams together.

use std::borrow::BorrowMut;

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
    pub fn advance<S: BorrowMut<Stream<D>>>(&mut self, streams: &mut [S]) {
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
    fn stage<S: BorrowMut<Stream<D>>>(&mut self, rate: Rate, streams: &mut [S]) -> (usize, usize) {
        let mut staged = 0;
        for (index, stream) in streams.iter_mut().enumerate() {
            let stream = stream.borrow_mut();
            if stream.rate() == rate && stream.stage(&mut self.detector).is_some() {
                staged += 1;
                if staged == D::LANES {
                    return (index + 1, staged);
                }
            }
        }
        (streams.len(), staged)
    }

    /// In the order of staging.
    fn collect<S: BorrowMut<Stream<D>>>(&mut self, rate: Rate, streams: &mut [S]) {
        let ready = streams
            .iter_mut()
            .map(BorrowMut::borrow_mut)
            .filter(|it: &&mut Stream<D>| it.rate() == rate && it.is_ready());
        for (lane, stream) in ready.enumerate() {
            stream.collect(&mut self.detector, lane);
        }
    }
}
