//! Turns, from probabilities and what the caller tells. Time is counted in samples; the clock is an argument.

use std::collections::VecDeque;

use super::pauses::Pauses;
use super::speech::{Change, Limits, Speech};
use super::{Control, End, Event, Misfire, Stance, Timeout, TurnOptions};
use crate::Rate;

pub(crate) struct Machine {
    options: Durations,
    stance: Stance,
    position: u64,
    speech: Speech,
    turn: Option<Turn>,
    /// No later turn has sound from before.
    floor: u64,
    /// The last turn that ended: where its sound begins, and when it ended.
    last: Option<(u64, u64)>,
    idle_since: u64,
    told_idle: bool,
    /// By the caller's clock, milliseconds.
    heard_at: Option<u64>,
    told_no_audio: bool,
}

/// The options in samples, except for the caller's clock.
struct Durations {
    limits: [Limits; 3],
    prefix: u64,
    max_turn: u64,
    patience: Option<u64>,
    backchannel: u64,
    recovery: Option<u64>,
    idle: Option<u64>,
    no_audio_ms: Option<u64>,
    keep: u64,
}

/// What a start has opened and nothing has closed.
struct Turn {
    sound_from: u64,
    began: u64,
    spoken: u64,
    /// The last end of speech, unless it goes on.
    ended: Option<u64>,
    /// It began while the persona could have been interrupted.
    overlaps: bool,
    interrupted: bool,
    word: Word,
    pauses: Pauses,
}

/// What the caller has said about a turn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    None,
    /// It is one.
    Confirmed,
    /// It is over, unless somebody goes on speaking.
    Complete,
}

/// How long the sound of a turn is kept after its end.
const KEEP_MS: u32 = 10_000;

impl Machine {
    pub(crate) fn new(options: &TurnOptions, rate: Rate) -> Self {
        let samples = |ms: Option<u32>| ms.map(|ms| rate.samples(ms));
        let options = Durations {
            limits: [&options.listening, &options.thinking, &options.speaking]
                .map(|it| Limits::new(it, rate)),
            prefix: rate.samples(options.prefix_padding_ms),
            max_turn: rate.samples(options.max_turn_ms),
            patience: samples(options.patience_ms),
            backchannel: rate.samples(options.backchannel_ms),
            recovery: samples(options.recovery_ms),
            idle: samples(options.idle_timeout_ms),
            no_audio_ms: options.no_audio_timeout_ms.map(u64::from),
            keep: rate.samples(KEEP_MS),
        };
        Self {
            options,
            stance: Stance::default(),
            position: 0,
            speech: Speech::Quiet,
            turn: None,
            floor: 0,
            last: None,
            idle_since: 0,
            told_idle: false,
            heard_at: None,
            told_no_audio: false,
        }
    }

    /// The next frame, of `length` samples.
    pub(crate) fn step(&mut self, probability: f32, length: u64, events: &mut VecDeque<Event>) {
        let start = self.position;
        self.position += length;
        let known_at = self.position;
        match self.speech.step(probability, start, known_at, &self.limits()) {
            Change::Nothing => {}
            Change::Fell { at, until } => {
                events.push_back(Event::Misfire { at, until, what: Misfire::Short });
            }
            Change::Started { at, spoken } => self.start(at, spoken, events),
            Change::Spoke => self.speak(length),
            Change::Resumed { pause, at } => {
                self.pause(pause, at);
                self.speak(length);
            }
            Change::Stopped { at } => self.stop(at, events),
        }
        self.interrupt(events);
        self.cut(events);
        self.settle(events);
        self.time_out(events);
    }

    pub(crate) fn control(&mut self, control: Control, events: &mut VecDeque<Event>) {
        match control {
            Control::Stance(stance) => {
                self.stance = stance;
                self.rest();
            }
            Control::Complete { paused_at } => {
                if let Some(turn) = self.turn.as_mut().filter(|turn| turn.ended == Some(paused_at)) {
                    turn.word = Word::Complete;
                    self.settle(events);
                }
            }
            Control::Confirm => {
                if let Some(turn) = &mut self.turn {
                    turn.word = turn.word.max(Word::Confirmed);
                    self.settle(events);
                }
            }
            Control::EndTurn => self.close(End::Told, events),
        }
    }

    /// Sound has come at this time of the caller's clock.
    pub(crate) fn hear(&mut self, now_ms: u64) {
        (self.heard_at, self.told_no_audio) = (Some(now_ms), false);
    }

    /// It is this time of the caller's clock, whether or not sound has come.
    pub(crate) fn check(&mut self, now_ms: u64, events: &mut VecDeque<Event>) {
        let heard_at = *self.heard_at.get_or_insert(now_ms);
        let Some(limit) = self.options.no_audio_ms else { return };
        if !self.told_no_audio && now_ms.saturating_sub(heard_at) >= limit {
            self.told_no_audio = true;
            self.close(End::NoAudio, events);
            events.push_back(Event::Timeout { at: self.position, what: Timeout::NoAudio });
        }
    }

    /// Ends what is open: speech where it paused, or now; then the turn.
    pub(crate) fn close(&mut self, reason: End, events: &mut VecDeque<Event>) {
        let now = self.position;
        match std::mem::replace(&mut self.speech, Speech::Quiet) {
            Speech::Quiet => {}
            Speech::Rising { since: at, quiet_since, .. } => {
                events.push_back(Event::Misfire {
                    at,
                    until: quiet_since.unwrap_or(now),
                    what: Misfire::Short,
                });
            }
            Speech::Talking { pause } => self.stop(pause.unwrap_or(now), events),
        }
        if let Some(turn) = &mut self.turn {
            if reason == End::Told {
                turn.word = Word::Complete;
            }
            if turn.is_backchannel(self.stance) {
                self.dismiss(events);
            } else if self.may_be_false() {
                self.retract(events);
            } else {
                self.end(reason, events);
            }
        }
    }

    /// Where the sound begins that may still be asked for.
    pub(crate) fn sound_from(&self) -> u64 {
        let heard = match (&self.turn, self.speech) {
            (Some(turn), _) => turn.sound_from,
            (None, Speech::Rising { since, .. }) => since.saturating_sub(self.options.prefix),
            (None, _) => self.position.saturating_sub(self.options.prefix),
        };
        let last = self.last.filter(|(_, ended)| self.position - ended < self.options.keep);
        last.map_or(heard, |(from, _)| from.min(heard))
    }

    fn limits(&self) -> Limits {
        self.options.limits[self.stance as usize]
    }

    /// Opens a turn, or goes on with one after a pause.
    fn start(&mut self, at: u64, spoken: u64, events: &mut VecDeque<Event>) {
        let before = self.turn.as_ref().and_then(|turn| turn.ended).unwrap_or(self.floor);
        let sound_from = at.saturating_sub(self.options.prefix).max(before);
        events.push_back(Event::SpeechStart { at, committed_at: self.position, sound_from });
        let overlaps = self.stance != Stance::Listening && self.limits().interrupt.is_some();
        let turn = self.turn.get_or_insert_with(|| Turn {
            sound_from,
            began: at,
            spoken: 0,
            ended: None,
            overlaps,
            interrupted: false,
            word: Word::None,
            pauses: Pauses::after(at + self.options.max_turn / 2),
        });
        turn.spoken += spoken;
        if turn.ended.take().is_some() {
            turn.word = turn.word.min(Word::Confirmed);
            // A cut before this start would end speech that has been told to go on.
            turn.pauses.forget();
        }
    }

    fn speak(&mut self, length: u64) {
        if let Some(turn) = &mut self.turn {
            turn.spoken += length;
        }
    }

    fn pause(&mut self, from: u64, to: u64) {
        if let Some(turn) = &mut self.turn {
            turn.pauses.offer(from, to);
        }
    }

    fn stop(&mut self, at: u64, events: &mut VecDeque<Event>) {
        events.push_back(Event::SpeechEnd { at, known_at: self.position });
        if let Some(turn) = &mut self.turn {
            turn.ended = Some(at);
        }
    }

    fn interrupt(&mut self, events: &mut VecDeque<Event>) {
        let (stance, limit) = (self.stance, self.limits().interrupt);
        let Some(turn) = &mut self.turn else { return };
        let talks = self.speech == Speech::Talking { pause: None };
        if talks
            && stance != Stance::Listening
            && !turn.interrupted
            && limit.is_some_and(|it| turn.spoken >= it)
        {
            turn.interrupted = true;
            events.push_back(Event::Interrupt { at: turn.began, known_at: self.position, stance });
        }
    }

    /// Ends a turn that lasts too long. What is spoken after the cut is a turn of its own.
    fn cut(&mut self, events: &mut VecDeque<Event>) {
        let now = self.position;
        let Some(turn) = self.turn.as_mut().filter(|turn| now - turn.began >= self.options.max_turn) else {
            return;
        };
        let interrupted = turn.interrupted;
        let Speech::Talking { pause } = self.speech else { return self.end(End::TooLong, events) };
        if let Some(pause) = pause {
            turn.pauses.offer(pause, now);
        }
        let (from, to) = turn.pauses.best().unwrap_or((now, now));
        self.stop(from, events);
        self.end(End::TooLong, events);
        if pause == Some(from) {
            self.speech = Speech::Quiet;
        } else {
            self.start(to, now - to, events);
            if let Some(turn) = &mut self.turn {
                (turn.overlaps, turn.interrupted, turn.word) = (false, interrupted, Word::Confirmed);
            }
        }
    }

    /// Decides about a turn whose speech has ended, if it can be decided yet.
    fn settle(&mut self, events: &mut VecDeque<Event>) {
        let now = self.position;
        let Some(turn) = self.turn.as_ref().filter(|_| self.speech == Speech::Quiet) else { return };
        let Some(ended) = turn.ended else { return };
        let silent_for = |limit: Option<u64>| limit.is_some_and(|limit| now - ended >= limit);
        if turn.is_backchannel(self.stance) {
            self.dismiss(events);
        } else if self.may_be_false() {
            if silent_for(self.options.recovery) {
                self.retract(events);
            }
        } else if self.options.patience.is_none() {
            self.end(End::Silence, events);
        } else if turn.word == Word::Complete {
            self.end(End::Complete, events);
        } else if silent_for(self.options.patience) {
            self.end(End::Patience, events);
        }
    }

    /// Whether the open turn has interrupted by so little that it may not have been meant. One over which the persona
    /// began was meant for it.
    fn may_be_false(&self) -> bool {
        let short = |turn: &Turn| {
            let meant = !turn.overlaps || turn.word != Word::None;
            turn.interrupted && !meant && turn.spoken <= self.options.backchannel
        };
        self.options.recovery.is_some() && self.turn.as_ref().is_some_and(short)
    }

    fn end(&mut self, reason: End, events: &mut VecDeque<Event>) {
        let known_at = self.position;
        if let Some((sound_from, at)) = self.shut() {
            self.last = Some((sound_from, known_at));
            events.push_back(Event::TurnEnd { sound_from, at, known_at, reason });
        }
    }

    fn retract(&mut self, events: &mut VecDeque<Event>) {
        let began = self.turn.as_ref().map(|turn| turn.began);
        if let (Some(at), Some(_)) = (began, self.shut()) {
            events.push_back(Event::InterruptRetracted { at, known_at: self.position });
        }
    }

    fn dismiss(&mut self, events: &mut VecDeque<Event>) {
        let began = self.turn.as_ref().map(|turn| turn.began);
        if let (Some(at), Some((_, until))) = (began, self.shut()) {
            events.push_back(Event::Misfire { at, until, what: Misfire::Backchannel });
        }
    }

    /// Where the sound of the open turn begins, and where its speech ended.
    fn shut(&mut self) -> Option<(u64, u64)> {
        let turn = self.turn.take()?;
        let ended = turn.ended.unwrap_or(self.position);
        self.floor = ended;
        self.rest();
        Some((turn.sound_from, ended))
    }

    /// The wait for somebody to speak begins.
    fn rest(&mut self) {
        (self.idle_since, self.told_idle) = (self.position, false);
    }

    fn time_out(&mut self, events: &mut VecDeque<Event>) {
        let now = self.position;
        let waits = self.stance == Stance::Listening && self.turn.is_none() && self.speech == Speech::Quiet;
        if waits && !self.told_idle && self.options.idle.is_some_and(|idle| now - self.idle_since >= idle) {
            self.told_idle = true;
            events.push_back(Event::Timeout { at: now, what: Timeout::Idle });
        }
    }
}

impl Turn {
    /// Whether it was spoken over a persona that still has the floor, and did not interrupt it.
    fn is_backchannel(&self, stance: Stance) -> bool {
        self.overlaps && stance != Stance::Listening && !self.interrupted && self.word == Word::None
    }
}
