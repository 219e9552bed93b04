//! One voice, from bytes to events.

use std::collections::VecDeque;
use std::ops::Range;

use crate::audio::{Format, Intake, Sound};
use crate::turn::{Control, End, Event, Machine, OptionFault, TurnOptions};
use crate::{Detector, Fault, Rate, Refined};

/// What is heard, remembered and decided about one voice: 5 KB and the sound that is kept.
///
/// It computes nothing by itself. [`take`](Self::take) fills a frame; an [`Engine`](crate::Engine) scores the full
/// frames of many streams together; [`next_event`](Self::next_event) tells what came of it. How the bytes are cut
/// changes no event.
pub struct Stream<D: Detector = Refined> {
    rate: Rate,
    intake: Intake,
    memory: D::Memory,
    probability: f32,
    machine: Machine,
    sound: Sound,
    events: VecDeque<Event>,
    closed: bool,
}

impl<D: Detector> Stream<D> {
    /// # Errors
    /// Every option that is out of its range.
    pub fn new(format: Format, options: &TurnOptions) -> Result<Self, Vec<OptionFault>> {
        options.check()?;
        let rate = format.rate();
        Ok(Self {
            rate,
            intake: Intake::new(format, D::length(rate)),
            memory: D::Memory::default(),
            probability: 0.0,
            machine: Machine::new(options, rate),
            sound: Sound::default(),
            events: VecDeque::new(),
            closed: false,
        })
    }

    /// The rate inside, in whose samples all positions are counted.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Samples that have been scored.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.sound.end()
    }

    /// How likely the last frame was speech; 0 before the first.
    #[must_use]
    pub fn probability(&self) -> f32 {
        self.probability
    }

    /// Takes bytes until a frame is full, and answers how many; none while it is full. `now_ms` is the time of the
    /// caller's clock, of which only differences count.
    ///
    /// # Errors
    /// [`Fault::Closed`].
    pub fn take(&mut self, bytes: &[u8], now_ms: u64) -> Result<usize, Fault> {
        if self.closed {
            return Err(Fault::Closed);
        }
        if !bytes.is_empty() {
            self.machine.hear(now_ms);
        }
        Ok(self.intake.take(bytes))
    }

    /// Whether a frame is full and waits to be scored.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.intake.frame().is_some()
    }

    /// Tells something else than sound. Without effect on a stream that has ended.
    pub fn control(&mut self, control: Control) {
        if !self.closed {
            self.machine.control(control, &mut self.events);
        }
    }

    /// Lets the time pass without sound; `now_ms` as for [`take`](Self::take). Needed only for
    /// [`TurnOptions::no_audio_timeout_ms`].
    pub fn check(&mut self, now_ms: u64) {
        if !self.closed {
            self.machine.check(now_ms, &mut self.events);
        }
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Appends the sound between two positions to `out`, as 16-bit samples. It is there for the open turn, for ten
    /// seconds after a turn has ended, and as far back as a new turn could reach.
    ///
    /// # Errors
    /// [`Fault::NoSound`] if any of it is gone or has not been scored yet.
    pub fn sound(&self, range: Range<u64>, out: &mut Vec<i16>) -> Result<(), Fault> {
        self.sound.copy(range, out)
    }

    /// No more bytes will come. A frame may still become full by it: [`Engine::finish`](crate::Engine::finish) scores
    /// that too.
    pub(crate) fn end_of_bytes(&mut self) {
        self.intake.finish();
    }

    /// Ends what is open. What is left of a frame is not scored.
    pub(crate) fn close(&mut self) {
        if !self.closed {
            if self.intake.is_partial() {
                self.events.push_back(Event::Damaged { at: self.position(), fault: Fault::HalfSample });
            }
            self.machine.close(End::Closed, &mut self.events);
            self.closed = true;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Puts the full frame, if there is one, into a lane of the detector.
    pub(crate) fn stage(&mut self, detector: &mut D) -> Option<usize> {
        self.intake.frame().map(|frame| detector.stage(self.rate, &self.memory, frame))
    }

    /// Takes the score of the staged frame.
    pub(crate) fn collect(&mut self, detector: &mut D, lane: usize) {
        self.probability = detector.collect(self.rate, lane, &mut self.memory);
        let Some(frame) = self.intake.frame() else { return };
        self.sound.append(frame);
        if self.intake.is_damaged() {
            self.events.push_back(Event::Damaged { at: self.position(), fault: Fault::NotFinite });
        }
        self.machine.step(self.probability, frame.len() as u64, &mut self.events);
        self.intake.clear();
        self.sound.forget_before(self.machine.sound_from());
    }
}
