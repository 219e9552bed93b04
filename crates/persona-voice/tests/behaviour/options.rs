//! Options out of their range, and what names stand for.

use persona_voice::{Eagerness, Encoding, Format, Profile, Sensitivity, Silero, Stream, TurnOptions};

fn check(change: impl FnOnce(&mut TurnOptions), expected: &[&str]) {
    let mut options = TurnOptions::default();
    change(&mut options);
    let faults = options.check().err().unwrap_or_default();
    assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    let format = Format::mono(16_000, Encoding::Pcm16).unwrap();
    assert_eq!(Stream::<Silero>::new(format, &options).err().unwrap_or_default(), faults);
}

#[test]
fn each_fault_says_what_would_be_right() {
    check(|_| {}, &[]);
    let threshold = ["listening.threshold must be from 0.01 to 0.99"];
    for wrong in [0.0, 1.0, -1.0, f32::NAN, f32::INFINITY] {
        check(|options| options.listening.threshold = wrong, &threshold);
    }
    check(
        |options| options.speaking.exit_threshold = Some(0.7),
        &["speaking.exit_threshold must be from 0.01 to 0.6"],
    );
    check(|options| options.thinking.exit_threshold = Some(0.5), &[]);
    check(
        |options| {
            options.listening.min_speech_ms = 5_001;
            options.thinking.min_silence_ms = 31;
            options.speaking.interrupt_ms = Some(u32::MAX);
            options.prefix_padding_ms = 5_001;
            options.max_turn_ms = 999;
            options.patience_ms = Some(60_001);
            options.backchannel_ms = 10_001;
            options.recovery_ms = Some(60_001);
            options.idle_timeout_ms = Some(99);
            options.no_audio_timeout_ms = Some(0);
        },
        &[
            "listening.min_speech_ms must be from 0 to 5000",
            "thinking.min_silence_ms must be from 32 to 10000",
            "speaking.interrupt_ms must be from 0 to 10000",
            "prefix_padding_ms must be from 0 to 5000",
            "max_turn_ms must be from 1000 to 600000",
            "patience_ms must be from 0 to 60000",
            "backchannel_ms must be from 0 to 10000",
            "recovery_ms must be from 0 to 60000",
            "idle_timeout_ms must be from 100 to 3600000",
            "no_audio_timeout_ms must be from 100 to 3600000",
        ],
    );
}

#[test]
fn the_exit_threshold_follows_the_threshold() {
    let exit = |threshold, exit_threshold| Profile { threshold, exit_threshold, ..Profile::default() }.exit();
    assert!((exit(0.5, None) - 0.35).abs() < 1e-6);
    assert!((exit(0.1, None) - 0.01).abs() < 1e-6);
    assert!((exit(0.5, Some(0.5)) - 0.5).abs() < 1e-6);
}

#[test]
fn names_stand_for_their_numbers() {
    use Sensitivity::{High, Low, Medium};
    let numbers = |start, end| {
        let profile = Sensitivity::profile(start, end);
        ((profile.threshold * 100.0).round() as u32, profile.min_speech_ms, profile.min_silence_ms)
    };
    assert_eq!(
        [(Low, High), (Medium, Medium), (High, Low)].map(|(start, end)| numbers(start, end)),
        [(70, 250, 250), (50, 96, 500), (35, 64, 800)]
    );
    assert_eq!(Sensitivity::profile(Medium, Medium), Profile::default());
    let patience = [Eagerness::Low, Eagerness::Medium, Eagerness::High].map(Eagerness::patience_ms);
    assert_eq!(patience, [8_000, 4_000, 2_000]);
}
