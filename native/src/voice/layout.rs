//! The packed records of voices.

use std::ops::Range;

use napi::{Error, Result, Status as Code};
use persona_voice::{
    Control, Eagerness, Encoding, End, Event, Fault, Format, Misfire, OptionFault, Profile, Rate,
    Sensitivity, Stance, Timeout, TurnOptions,
};
use persona_voice_pool::News;

use crate::layout::{code_of, constant, lines, list, record, whole, word_at};

record! {
    /// How turns are found: times in milliseconds, `NaN` where there is none.
    in Turn {
        listening_threshold, listening_exit_threshold, listening_min_speech_ms, listening_min_silence_ms,
        listening_interrupt_ms, thinking_threshold, thinking_exit_threshold, thinking_min_speech_ms,
        thinking_min_silence_ms, thinking_interrupt_ms, speaking_threshold, speaking_exit_threshold,
        speaking_min_speech_ms, speaking_min_silence_ms, speaking_interrupt_ms, prefix_padding_ms, max_turn_ms,
        patience_ms, backchannel_ms, recovery_ms, idle_timeout_ms, no_audio_timeout_ms,
    }
}
record! {
    /// What is told of a voice. `word` is a place in the list that belongs to the kind; `at`, `until` and `from` are
    /// milliseconds of sound, but `until` of a probability is that.
    out NewsRecord { voice, kind, word, at, until, from }
}

const DETECTORS: [&str; 4] = ["refined", "network", "gated", "energy"];
pub(super) const ENCODINGS: [(&str, Encoding); 7] = [
    ("s16le", Encoding::Pcm16),
    ("f32", Encoding::Float32),
    ("mulaw", Encoding::Mulaw),
    ("alaw", Encoding::Alaw),
    ("u8", Encoding::Pcm8),
    ("s24le", Encoding::Pcm24),
    ("s32le", Encoding::Pcm32),
];
pub(super) const STANCES: [(&str, Stance); 3] =
    [("listening", Stance::Listening), ("thinking", Stance::Thinking), ("speaking", Stance::Speaking)];
/// Stance and completion carry a value, so that they are matched by hand.
const CONTROLS: [&str; 4] = ["stance", "complete", "confirm", "end_turn"];
const ENDS: [(&str, End); 7] = [
    ("silence", End::Silence),
    ("complete", End::Complete),
    ("patience", End::Patience),
    ("too_long", End::TooLong),
    ("told", End::Told),
    ("no_audio", End::NoAudio),
    ("closed", End::Closed),
];
const MISFIRES: [(&str, Misfire); 2] = [("short", Misfire::Short), ("backchannel", Misfire::Backchannel)];
const TIMEOUTS: [(&str, Timeout); 2] = [("idle", Timeout::Idle), ("no_audio", Timeout::NoAudio)];
const DAMAGES: [(&str, Fault); 2] = [("not_finite", Fault::NotFinite), ("half_sample", Fault::HalfSample)];
const NEWS: [&str; 12] = [
    "speech_start",
    "speech_end",
    "turn_end",
    "interrupt",
    "interrupt_retracted",
    "misfire",
    "timeout",
    "damaged",
    "probability",
    "room",
    "finished",
    "failed",
];
/// What may be wrong with a WAV file.
pub(super) const WAV_FAULTS: [(&str, Fault); 5] = [
    ("bad_wav", Fault::BadWav),
    ("wav_truncated", Fault::WavTruncated),
    ("unknown_encoding", Fault::UnknownEncoding),
    ("unknown_rate", Fault::UnknownRate),
    ("bad_channel", Fault::BadChannel),
];
const LEVELS: [(&str, Sensitivity, Eagerness); 3] = [
    ("low", Sensitivity::Low, Eagerness::Low),
    ("medium", Sensitivity::Medium, Eagerness::Medium),
    ("high", Sensitivity::High, Eagerness::High),
];

/// Rate, encoding, channels and channel.
pub(super) fn format_from(format: &[f64]) -> Result<Format> {
    let &[hz, encoding, channels, channel] = format else { return Err(invalid("format")) };
    let small = |value: f64| whole(value).and_then(|value| u8::try_from(value).ok());
    let hz = whole(hz).and_then(|hz| u32::try_from(hz).ok()).ok_or_else(|| invalid("sample_rate"))?;
    let encoding = word_at(&ENCODINGS, encoding).ok_or_else(|| invalid("encoding"))?;
    let (channels, channel) = small(channels).zip(small(channel)).ok_or_else(|| invalid("channel"))?;
    Format::new(hz, encoding, channels, channel)
        .map_err(|fault| Error::new(Code::InvalidArg, fault.to_string()))
}

/// The place of a detector in `DETECTORS`.
pub(super) fn detector_from(place: f64) -> Result<u64> {
    whole(place).filter(|place| (*place as usize) < DETECTORS.len()).ok_or_else(|| invalid("detector"))
}

pub(super) fn options_from(turn: &[f64]) -> Result<TurnOptions> {
    Turn::read(turn).and_then(|record| turn_options(&record)).ok_or_else(|| invalid("turn"))
}

/// By the place in `CONTROLS`; `value` is the place of a stance, or milliseconds.
pub(super) fn control_from(control: f64, value: f64, rate: Rate) -> Result<Control> {
    Ok(match whole(control) {
        Some(0) => Control::Stance(word_at(&STANCES, value).ok_or_else(|| invalid("stance"))?),
        Some(1) => Control::Complete { paused_at: samples(value, rate).ok_or_else(|| invalid("paused_at"))? },
        Some(2) => Control::Confirm,
        Some(3) => Control::EndTurn,
        _ => return Err(invalid("control")),
    })
}

/// The samples between two times in milliseconds.
pub(super) fn range_from(from: f64, to: f64, rate: Rate) -> Result<Range<u64>> {
    let sample = |ms: f64| samples(ms, rate).ok_or_else(|| invalid("range"));
    Ok(sample(from)?..sample(to)?)
}

/// The nearest sample.
fn samples(ms: f64, rate: Rate) -> Option<u64> {
    whole((ms * f64::from(rate.hz()) / 1_000.0).round())
}

pub(super) fn faults(faults: &[OptionFault]) -> Error {
    let text: Vec<_> = faults.iter().map(ToString::to_string).collect();
    Error::new(Code::InvalidArg, text.join("; "))
}

fn invalid(field: &str) -> Error {
    Error::new(Code::InvalidArg, format!("{field} is not valid"))
}

/// Nothing if a number is none that the field could have; which are in range, the crate decides.
fn turn_options(record: &Turn) -> Option<TurnOptions> {
    let ms = |value: f64| whole(value).and_then(|value| u32::try_from(value).ok());
    let ms_or_never = |value: f64| if value.is_nan() { Some(None) } else { ms(value).map(Some) };
    let profile = |[threshold, exit, min_speech, min_silence, interrupt]: [f64; 5]| {
        Some(Profile {
            threshold: threshold as f32,
            exit_threshold: (!exit.is_nan()).then_some(exit as f32),
            min_speech_ms: ms(min_speech)?,
            min_silence_ms: ms(min_silence)?,
            interrupt_ms: ms_or_never(interrupt)?,
        })
    };
    Some(TurnOptions {
        listening: profile([
            record.listening_threshold,
            record.listening_exit_threshold,
            record.listening_min_speech_ms,
            record.listening_min_silence_ms,
            record.listening_interrupt_ms,
        ])?,
        thinking: profile([
            record.thinking_threshold,
            record.thinking_exit_threshold,
            record.thinking_min_speech_ms,
            record.thinking_min_silence_ms,
            record.thinking_interrupt_ms,
        ])?,
        speaking: profile([
            record.speaking_threshold,
            record.speaking_exit_threshold,
            record.speaking_min_speech_ms,
            record.speaking_min_silence_ms,
            record.speaking_interrupt_ms,
        ])?,
        prefix_padding_ms: ms(record.prefix_padding_ms)?,
        max_turn_ms: ms(record.max_turn_ms)?,
        patience_ms: ms_or_never(record.patience_ms)?,
        backchannel_ms: ms(record.backchannel_ms)?,
        recovery_ms: ms_or_never(record.recovery_ms)?,
        idle_timeout_ms: ms_or_never(record.idle_timeout_ms)?,
        no_audio_timeout_ms: ms_or_never(record.no_audio_timeout_ms)?,
    })
}

pub(super) fn news_record(id: u64, rate: Rate, news: News) -> NewsRecord {
    let (kind, word, [at, until, from]) = match news {
        News::Event(event) => told(rate, event),
        News::Probability { at, probability } => {
            ("probability", f64::NAN, [rate.ms(at), f64::from(probability), f64::NAN])
        }
        News::Room => ("room", f64::NAN, [f64::NAN; 3]),
        News::Finished => ("finished", f64::NAN, [f64::NAN; 3]),
        News::Failed => ("failed", f64::NAN, [f64::NAN; 3]),
    };
    let kind = NEWS.iter().position(|name| *name == kind).map_or(f64::NAN, |place| place as f64);
    NewsRecord { voice: id as f64, kind, word, at, until, from }
}

fn told(rate: Rate, event: Event) -> (&'static str, f64, [f64; 3]) {
    let none = f64::NAN;
    let ms = |samples: u64| rate.ms(samples);
    match event {
        Event::SpeechStart { at, committed_at, sound_from } => {
            ("speech_start", none, [ms(at), ms(committed_at), ms(sound_from)])
        }
        Event::SpeechEnd { at, known_at } => ("speech_end", none, [ms(at), ms(known_at), none]),
        Event::TurnEnd { sound_from, at, known_at, reason } => {
            ("turn_end", code_of(&ENDS, &reason), [ms(at), ms(known_at), ms(sound_from)])
        }
        Event::Interrupt { at, known_at, stance } => {
            ("interrupt", code_of(&STANCES, &stance), [ms(at), ms(known_at), none])
        }
        Event::InterruptRetracted { at, known_at } => {
            ("interrupt_retracted", none, [ms(at), ms(known_at), none])
        }
        Event::Misfire { at, until, what } => {
            ("misfire", code_of(&MISFIRES, &what), [ms(at), ms(until), none])
        }
        Event::Timeout { at, what } => ("timeout", code_of(&TIMEOUTS, &what), [ms(at), none, none]),
        Event::Damaged { at, fault } => ("damaged", code_of(&DAMAGES, &fault), [ms(at), none, none]),
    }
}

/// The part of `src/layout.ts` that is about voices.
pub(crate) fn describe(text: &mut String) {
    for (record, fields) in [("VOICE_TURN", Turn::FIELDS), ("NEWS", NewsRecord::FIELDS)] {
        for (place, field) in fields.iter().enumerate() {
            constant(text, &format!("{record}_{}", field.to_uppercase()), place);
        }
        constant(text, &format!("{record}_SIZE"), fields.len());
    }
    list(text, "DETECTOR", DETECTORS);
    list(text, "ENCODING", ENCODINGS.map(|(word, _)| word));
    list(text, "STANCE", STANCES.map(|(word, _)| word));
    list(text, "CONTROL", CONTROLS);
    list(text, "NEWS", NEWS);
    list(text, "TURN_END", ENDS.map(|(word, _)| word));
    list(text, "MISFIRE", MISFIRES.map(|(word, _)| word));
    list(text, "TIMEOUT", TIMEOUTS.map(|(word, _)| word));
    list(text, "DAMAGE", DAMAGES.map(|(word, _)| word));
    list(text, "WAV_FAULT", WAV_FAULTS.map(|(word, _)| word));
    list(text, "LEVEL", LEVELS.map(|(word, ..)| word));
    numbers(text, "VOICE_TURN_DEFAULTS", &defaults(&TurnOptions::default()));
    let profiles = LEVELS.map(|(_, level, _)| Sensitivity::profile(level, level));
    numbers(text, "LEVEL_THRESHOLD", &profiles.each_ref().map(|profile| decimal(profile.threshold)));
    numbers(text, "LEVEL_MIN_SPEECH_MS", &profiles.each_ref().map(|profile| profile.min_speech_ms.into()));
    numbers(text, "LEVEL_MIN_SILENCE_MS", &profiles.each_ref().map(|profile| profile.min_silence_ms.into()));
    numbers(text, "LEVEL_PATIENCE_MS", &LEVELS.map(|(.., eagerness)| eagerness.patience_ms().into()));
}

/// In the order of [`Turn`].
fn defaults(options: &TurnOptions) -> [f64; Turn::SIZE] {
    let never = |ms: Option<u32>| ms.map_or(f64::NAN, f64::from);
    let profile = |profile: &Profile| {
        [
            decimal(profile.threshold),
            profile.exit_threshold.map_or(f64::NAN, decimal),
            profile.min_speech_ms.into(),
            profile.min_silence_ms.into(),
            never(profile.interrupt_ms),
        ]
    };
    let profiles = [&options.listening, &options.thinking, &options.speaking].map(profile);
    let others = [
        options.prefix_padding_ms.into(),
        options.max_turn_ms.into(),
        never(options.patience_ms),
        options.backchannel_ms.into(),
        never(options.recovery_ms),
        never(options.idle_timeout_ms),
        never(options.no_audio_timeout_ms),
    ];
    let mut values = profiles.as_flattened().iter().chain(&others);
    std::array::from_fn(|_| values.next().copied().unwrap_or(f64::NAN))
}

/// What is meant by a number of 32 bits.
fn decimal(value: f32) -> f64 {
    (f64::from(value) * 1e6).round() / 1e6
}

fn numbers(text: &mut String, name: &str, values: &[f64]) {
    let values: Vec<_> = values
        .iter()
        .map(|value| if value.is_nan() { "Number.NaN".to_owned() } else { value.to_string() })
        .collect();
    lines(text, name, &values);
}
