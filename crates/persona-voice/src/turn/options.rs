//! How turns are found.

use std::error::Error;
use std::fmt;

use super::Stance;

/// The options of a stream. Times are milliseconds; each takes effect at the end of the frame (32 ms) that reaches it.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnOptions {
    /// While the persona listens.
    pub listening: Profile,
    /// While it thinks.
    pub thinking: Profile,
    /// While it speaks: its own voice may come back through the microphone.
    pub speaking: Profile,
    /// Sound before the start that is delivered with it: 0 to 5 000.
    pub prefix_padding_ms: u32,
    /// A turn is cut after so long, at the longest pause of its second half: 1 000 to 600 000. So much sound is kept.
    pub max_turn_ms: u32,
    /// After a pause, how long a judge may find the turn incomplete until it ends all the same: up to 60 000. Without
    /// it nobody is asked, and the first pause ends the turn.
    pub patience_ms: Option<u32>,
    /// An interruption by at most so much speech may be a false one, unless its turn began while the persona listened: up
    /// to 10 000.
    pub backchannel_ms: u32,
    /// It is retracted after so long a silence without a word understood: up to 60 000. Without it, never.
    pub recovery_ms: Option<u32>,
    /// Tells when nobody has spoken for so long while the persona listened: 100 to 3 600 000.
    pub idle_timeout_ms: Option<u32>,
    /// Tells when no sound has come for so long, by the caller's clock: 100 to 3 600 000.
    pub no_audio_timeout_ms: Option<u32>,
}

/// The options that depend on what the persona does.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Probability from which a frame is speech: 0.01 to 0.99.
    pub threshold: f32,
    /// Probability below which it is silence: 0.01 to `threshold`; between the two, all stays as it was. Without it,
    /// 0.15 below the threshold.
    pub exit_threshold: Option<f32>,
    /// Speech before a start is committed: up to 5 000.
    pub min_speech_ms: u32,
    /// Silence that ends speech: 32 to 10 000.
    pub min_silence_ms: u32,
    /// Speech that interrupts: up to 10 000. Without it, nothing does, and what is said meanwhile is a turn all the
    /// same. Without meaning while the persona listens.
    pub interrupt_ms: Option<u32>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            exit_threshold: None,
            min_speech_ms: 96,
            min_silence_ms: 500,
            interrupt_ms: Some(300),
        }
    }
}

impl Profile {
    /// The exit threshold, given or derived.
    #[must_use]
    pub fn exit(&self) -> f32 {
        self.exit_threshold.unwrap_or((self.threshold - 0.15).max(0.01))
    }
}

impl Default for TurnOptions {
    fn default() -> Self {
        let speaking =
            Profile { threshold: 0.6, min_speech_ms: 192, interrupt_ms: Some(500), ..Profile::default() };
        Self {
            listening: Profile::default(),
            thinking: Profile::default(),
            speaking,
            prefix_padding_ms: 300,
            max_turn_ms: 60_000,
            patience_ms: None,
            backchannel_ms: 1_000,
            recovery_ms: Some(2_000),
            idle_timeout_ms: None,
            no_audio_timeout_ms: None,
        }
    }
}

/// How soon a persona answers when its judge finds the turn incomplete; the numbers are those of `OpenAI`'s
/// `semantic_vad`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Eagerness {
    /// Lets people finish: 8 s.
    Low,
    /// 4 s.
    #[default]
    Medium,
    /// 2 s.
    High,
}

impl Eagerness {
    /// For [`TurnOptions::patience_ms`].
    #[must_use]
    pub const fn patience_ms(self) -> u32 {
        match self {
            Self::Low => 8_000,
            Self::Medium => 4_000,
            Self::High => 2_000,
        }
    }
}

/// An option that is out of its range.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionFault {
    /// Dotted path of the option, such as `speaking.threshold`.
    pub option: String,
    /// The least that would be right.
    pub least: f64,
    /// The most that would be right.
    pub most: f64,
}

impl fmt::Display for OptionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must be from {} to {}", self.option, self.least, self.most)
    }
}

impl Error for OptionFault {}

impl TurnOptions {
    /// The profile for what the persona does.
    #[must_use]
    pub fn profile(&self, stance: Stance) -> &Profile {
        match stance {
            Stance::Listening => &self.listening,
            Stance::Thinking => &self.thinking,
            Stance::Speaking => &self.speaking,
        }
    }

    /// # Errors
    /// Every option that is out of its range.
    pub fn check(&self) -> Result<(), Vec<OptionFault>> {
        let mut faults = Vec::new();
        let mut within = |option: String, value: f64, least: f64, most: f64| {
            if !(least..=most).contains(&value) {
                faults.push(OptionFault { option, least, most });
            }
        };
        for (name, profile) in
            [("listening", &self.listening), ("thinking", &self.thinking), ("speaking", &self.speaking)]
        {
            let path = |option: &str| format!("{name}.{option}");
            within(path("threshold"), round(profile.threshold), 0.01, 0.99);
            if let Some(exit) = profile.exit_threshold {
                within(path("exit_threshold"), round(exit), 0.01, round(profile.threshold).max(0.01));
            }
            within(path("min_speech_ms"), profile.min_speech_ms.into(), 0.0, 5_000.0);
            within(path("min_silence_ms"), profile.min_silence_ms.into(), 32.0, 10_000.0);
            within(path("interrupt_ms"), profile.interrupt_ms.unwrap_or(0).into(), 0.0, 10_000.0);
        }
        within("prefix_padding_ms".into(), self.prefix_padding_ms.into(), 0.0, 5_000.0);
        within("max_turn_ms".into(), self.max_turn_ms.into(), 1_000.0, 600_000.0);
        within("patience_ms".into(), self.patience_ms.unwrap_or(0).into(), 0.0, 60_000.0);
        within("backchannel_ms".into(), self.backchannel_ms.into(), 0.0, 10_000.0);
        within("recovery_ms".into(), self.recovery_ms.unwrap_or(0).into(), 0.0, 60_000.0);
        within("idle_timeout_ms".into(), self.idle_timeout_ms.unwrap_or(100).into(), 100.0, 3_600_000.0);
        within(
            "no_audio_timeout_ms".into(),
            self.no_audio_timeout_ms.unwrap_or(100).into(),
            100.0,
            3_600_000.0,
        );
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// To six digits: what was meant by a number that came as 32 bits.
fn round(value: f32) -> f64 {
    (f64::from(value) * 1e6).round() / 1e6
}
