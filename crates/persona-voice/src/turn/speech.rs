//! Speech or silence, with hysteresis: what a single stream of probabilities says.

use super::Profile;
use crate::Rate;

/// A profile in samples.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    threshold: f32,
    exit: f32,
    min_speech: u64,
    min_silence: u64,
    pub(super) interrupt: Option<u64>,
}

impl Limits {
    pub(super) fn new(profile: &Profile, rate: Rate) -> Self {
        Self {
            threshold: profile.threshold,
            exit: profile.exit(),
            min_speech: rate.samples(profile.min_speech_ms),
            min_silence: rate.samples(profile.min_silence_ms),
            interrupt: profile.interrupt_ms.map(|ms| rate.samples(ms)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Speech {
    Quiet,
    /// Perhaps a start: it has not spoken long enough.
    Rising {
        since: u64,
        spoken: u64,
        quiet_since: Option<u64>,
    },
    Talking {
        pause: Option<u64>,
    },
}

/// What a frame changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    Nothing,
    /// It was no start.
    Fell {
        at: u64,
        until: u64,
    },
    Started {
        at: u64,
        spoken: u64,
    },
    Spoke,
    Resumed {
        pause: u64,
        at: u64,
    },
    Stopped {
        at: u64,
    },
}

impl Speech {
    /// A frame that begins at `start` and ends at `end`.
    pub(super) fn step(&mut self, probability: f32, start: u64, end: u64, limits: &Limits) -> Change {
        let loud = probability >= limits.threshold;
        match self {
            Self::Quiet if loud => {
                *self = Self::Rising { since: start, spoken: 0, quiet_since: None };
                self.rise(true, start, end, limits)
            }
            Self::Quiet => Change::Nothing,
            Self::Rising { .. } => self.rise(loud, start, end, limits),
            Self::Talking { pause } if loud => {
                pause.take().map_or(Change::Spoke, |pause| Change::Resumed { pause, at: start })
            }
            Self::Talking { pause } => {
                if pause.is_none() && probability < limits.exit {
                    *pause = Some(start);
                }
                match *pause {
                    Some(at) if end - at >= limits.min_silence => {
                        *self = Self::Quiet;
                        Change::Stopped { at }
                    }
                    _ => Change::Nothing,
                }
            }
        }
    }

    /// A start may be quiet for less time than it must speak: clicks far apart never add up to one.
    fn rise(&mut self, loud: bool, start: u64, end: u64, limits: &Limits) -> Change {
        let Self::Rising { since, spoken, quiet_since } = self else { return Change::Nothing };
        let at = *since;
        if loud {
            *quiet_since = None;
            *spoken += end - start;
            let spoken = *spoken;
            if spoken >= limits.min_speech {
                *self = Self::Talking { pause: None };
                return Change::Started { at, spoken };
            }
            return Change::Nothing;
        }
        let until = *quiet_since.get_or_insert(start);
        if end - until >= limits.min_speech.min(limits.min_silence) {
            *self = Self::Quiet;
            return Change::Fell { at, until };
        }
        Change::Nothing
    }
}
