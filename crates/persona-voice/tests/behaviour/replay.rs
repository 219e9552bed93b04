//! Neither the cutting of bytes nor company nor the hour changes an event.

use persona_voice::{
    Control, Detector, Encoding, Energy, Engine, Event, Format, Rate, Refined, Stance, Stream, TurnOptions,
};
use proptest::prelude::*;

use crate::stage::Written;
use crate::support::rng::Rng;
use crate::support::talk::talk;

/// The sound of a stream and what its caller told it: at which position, and what.
struct Recording {
    format: Format,
    options: TurnOptions,
    bytes: Vec<u8>,
    controls: Vec<(u64, Control)>,
}

fn options() -> TurnOptions {
    let mut options =
        TurnOptions { max_turn_ms: 4_000, idle_timeout_ms: Some(1_000), ..TurnOptions::default() };
    options.listening.min_silence_ms = 200;
    options.speaking.interrupt_ms = Some(200);
    options
}

/// Talk at 16 kHz, written in any format: at other rates it is only faster or slower.
fn recording(seed: u64, hz: u32, encoding: Encoding, channels: u8) -> Recording {
    let mut rng = Rng(seed);
    let mut bytes = Vec::new();
    for sample in talk(Rate::Wide, seed, 12) {
        for _ in 0..channels {
            match encoding {
                Encoding::Pcm16 => bytes.extend(sample.to_le_bytes()),
                Encoding::Float32 => bytes.extend((f32::from(sample) / 32_768.0).to_le_bytes()),
                Encoding::Pcm24 => bytes.extend(&(i32::from(sample) << 8).to_le_bytes()[..3]),
                Encoding::Pcm32 => bytes.extend((i32::from(sample) << 16).to_le_bytes()),
                // Not the codes that belong to the sound, but as good as any.
                Encoding::Pcm8 | Encoding::Mulaw | Encoding::Alaw => bytes.push((sample >> 8) as u8 ^ 0x80),
            }
        }
    }
    let mut controls: Vec<_> = (0..20).map(|_| (rng.below(190_000) as u64, control(&mut rng))).collect();
    controls.sort_by_key(|(position, _)| *position);
    Recording {
        format: Format::new(hz, encoding, channels, channels - 1).unwrap(),
        options: options(),
        bytes,
        controls,
    }
}

fn control(rng: &mut Rng) -> Control {
    match rng.below(6) {
        0 | 1 => Control::Stance(Stance::Speaking),
        2 => Control::Stance(Stance::Thinking),
        3 => Control::Stance(Stance::Listening),
        4 => Control::Confirm,
        _ => Control::EndTurn,
    }
}

/// Plays it in pieces of at most `most` bytes. A control is given as soon as the stream has come to its position.
fn play<D: Detector>(
    recording: &Recording,
    engine: &mut Engine<D>,
    most: usize,
    seed: u64,
) -> (Vec<Event>, Vec<i16>) {
    let mut rng = Rng(seed);
    let mut stream: Stream<D> = Stream::new(recording.format, &recording.options).unwrap();
    let mut bytes = &recording.bytes[..];
    let mut controls = &recording.controls[..];
    let (mut events, mut sound) = (Vec::new(), Vec::new());
    while !bytes.is_empty() {
        let piece = (1 + rng.below(most)).min(bytes.len());
        let taken = stream.take(&bytes[..piece], rng.next() >> 20).unwrap();
        bytes = &bytes[taken..];
        engine.advance(&mut [&mut stream]);
        while let Some(((_, control), rest)) =
            controls.split_first().filter(|((at, _), _)| *at <= stream.position())
        {
            stream.control(*control);
            controls = rest;
        }
        while let Some(event) = stream.next_event() {
            if let Event::TurnEnd { sound_from, known_at, .. } = event {
                stream.sound(sound_from..known_at, &mut sound).unwrap();
            }
            events.push(event);
        }
    }
    engine.finish(&mut stream);
    events.extend(std::iter::from_fn(|| stream.next_event()));
    (events, sound)
}

#[test]
fn chunking_changes_no_event() {
    let mut engine = Engine::<Energy>::default();
    let formats = [
        (16_000, Encoding::Pcm16, 1),
        (8_000, Encoding::Mulaw, 1),
        (8_000, Encoding::Alaw, 2),
        (12_000, Encoding::Pcm24, 3),
        (24_000, Encoding::Float32, 1),
        (44_100, Encoding::Pcm16, 3),
        (22_050, Encoding::Pcm16, 1),
        (96_000, Encoding::Float32, 2),
        (48_000, Encoding::Pcm16, 2),
        (32_000, Encoding::Float32, 1),
    ];
    let mut turns = 0;
    for (seed, (hz, encoding, channels)) in (0..).zip(formats) {
        let recording = recording(seed, hz, encoding, channels);
        let whole = play(&recording, &mut engine, usize::MAX >> 1, 1);
        for most in [1, 7, 160, 5_000] {
            assert!(
                play(&recording, &mut engine, most, seed) == whole,
                "{hz} Hz, {encoding:?}, up to {most} bytes"
            );
        }
        turns += turn_ends(&whole.0);
    }
    assert!(turns > 10, "streams without turns would prove nothing");
}

#[test]
fn nor_does_it_with_the_network() {
    let (mut engine, recording) = (Engine::<Refined>::default(), recording(1, 16_000, Encoding::Pcm16, 1));
    let whole = play(&recording, &mut engine, usize::MAX >> 1, 1);
    assert!(play(&recording, &mut engine, 300, 2) == whole && turn_ends(&whole.0) > 1);
}

#[test]
fn company_changes_no_event() {
    let mut engine = Engine::default();
    let recordings: Vec<_> = (0..2 * Energy::LANES as u64 + 3)
        .map(|seed| recording(seed % 5, if seed % 3 == 0 { 8_000 } else { 16_000 }, Encoding::Pcm16, 1))
        .collect();
    let open = |recording: &Recording| Stream::new(recording.format, &recording.options).unwrap();
    let mut streams: Vec<Stream<Energy>> = recordings.iter().map(open).collect();
    let mut taken = vec![0; streams.len()];
    let mut rng = Rng(1);
    for _ in 0..300 {
        for ((stream, recording), taken) in streams.iter_mut().zip(&recordings).zip(&mut taken) {
            let rest = &recording.bytes[*taken..];
            *taken += stream.take(&rest[..rng.below(2_000).min(rest.len())], 0).unwrap();
        }
        engine.advance(&mut streams);
    }
    let mut turns = 0;
    for ((stream, recording), taken) in streams.iter_mut().zip(&recordings).zip(taken) {
        let mut alone = open(recording);
        engine.push(&mut alone, &recording.bytes[..taken], 0).unwrap();
        assert_eq!(stream.position(), alone.position());
        let events =
            |stream: &mut Stream<Energy>| std::iter::from_fn(|| stream.next_event()).collect::<Vec<_>>();
        let together = events(stream);
        assert_eq!(together, events(&mut alone));
        turns += turn_ends(&together);
    }
    assert!(turns > streams.len(), "streams without turns would prove nothing");
}

fn turn_ends(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::TurnEnd { .. })).count()
}

/// A thousand frames of speech and silence in runs, with a few doubtful ones.
fn probabilities(rng: &mut Rng) -> Vec<f32> {
    let mut frames = Vec::new();
    while frames.len() < 1_000 {
        let level = [0.0, 0.4, 0.55, 1.0][rng.below(4)];
        let longest = [3, 12, 50][rng.below(3)];
        let length = 1 + rng.below(longest);
        frames.extend(std::iter::repeat_n(level, length));
    }
    frames
}

fn random_options(rng: &mut Rng) -> TurnOptions {
    let mut pick = |from: &[u32]| from[rng.below(from.len())];
    let mut options = TurnOptions {
        prefix_padding_ms: pick(&[0, 100, 5_000]),
        max_turn_ms: pick(&[1_000, 5_000, 60_000]),
        patience_ms: [None, Some(0), Some(500), Some(3_000)][pick(&[0, 1, 2, 3]) as usize],
        backchannel_ms: pick(&[0, 300, 1_000]),
        recovery_ms: [None, Some(0), Some(1_000)][pick(&[0, 1, 2]) as usize],
        idle_timeout_ms: Some(pick(&[100, 2_000])),
        no_audio_timeout_ms: Some(pick(&[100, 500])),
        ..TurnOptions::default()
    };
    for profile in [&mut options.listening, &mut options.thinking, &mut options.speaking] {
        profile.min_speech_ms = pick(&[0, 32, 100, 500]);
        profile.min_silence_ms = pick(&[32, 100, 500]);
        profile.interrupt_ms = [None, Some(0), Some(200)][pick(&[0, 1, 2]) as usize];
    }
    options
}

/// What holds for any events in their order.
#[derive(Default)]
struct Rules {
    speaking: bool,
    open: bool,
    interrupted: bool,
    known_at: u64,
    last_end: u64,
}

impl Rules {
    fn follow(&mut self, event: Event, position: u64) {
        let mut know = |known_at: u64| {
            assert!(known_at >= self.known_at && known_at <= position, "{event:?} is known at {known_at}");
            self.known_at = known_at;
        };
        match event {
            Event::SpeechStart { at, committed_at, sound_from } => {
                know(committed_at);
                assert!(!self.speaking && sound_from <= at && at <= committed_at && at >= self.last_end);
                assert!(
                    sound_from >= self.last_end,
                    "{event:?} reaches into what ended at {}",
                    self.last_end
                );
                (self.speaking, self.open) = (true, true);
            }
            Event::SpeechEnd { at, known_at } => {
                know(known_at);
                assert!(self.speaking && self.open && at <= known_at && at >= self.last_end);
                (self.speaking, self.last_end) = (false, at);
            }
            Event::TurnEnd { sound_from, at, known_at, .. } => {
                know(known_at);
                assert!(self.open && !self.speaking && sound_from <= at && at == self.last_end);
                (self.open, self.interrupted) = (false, false);
            }
            Event::Interrupt { known_at, stance, .. } => {
                know(known_at);
                assert!(self.open && self.speaking && !self.interrupted && stance != Stance::Listening);
                self.interrupted = true;
            }
            Event::InterruptRetracted { known_at, .. } => {
                know(known_at);
                assert!(self.open && !self.speaking && self.interrupted);
                (self.open, self.interrupted) = (false, false);
            }
            Event::Misfire { at, until, what: persona_voice::Misfire::Short } => {
                assert!(!self.speaking && at <= until && until <= position);
            }
            Event::Misfire { at, until, .. } => {
                assert!(self.open && !self.speaking && !self.interrupted && at <= until);
                self.open = false;
            }
            Event::Timeout { at, .. } => {
                know(at);
                assert!(!self.speaking && !self.open);
            }
            Event::Damaged { .. } => panic!("the sound is sound"),
        }
    }
}

#[test]
fn any_story_makes_sense() {
    let mut kinds = std::collections::HashMap::new();
    for seed in 0..120 {
        let mut rng = Rng(seed);
        let format = Format::mono(16_000, Encoding::Float32).unwrap();
        let (options, frames) = (random_options(&mut rng), probabilities(&mut rng));
        let mut stream: Stream<Written> = Stream::new(format, &options).unwrap();
        let (mut engine, mut now_ms) = (Engine::default(), 0);
        let (mut rules, mut sound, mut paused_at) = (Rules::default(), Vec::new(), 0);
        for probability in frames {
            match rng.below(60) {
                0..3 => stream.control(control(&mut rng)),
                3..5 => stream.control(Control::Complete { paused_at }),
                5 => {
                    now_ms += 400;
                    stream.check(now_ms);
                }
                _ => {}
            }
            engine.push(&mut stream, &probability.to_le_bytes().repeat(512), now_ms).unwrap();
            while let Some(event) = stream.next_event() {
                rules.follow(event, stream.position());
                *kinds.entry(format!("{event:?}").split(' ').next().unwrap().to_owned()).or_insert(0) += 1;
                match event {
                    Event::SpeechEnd { at, .. } => paused_at = at,
                    Event::SpeechStart { sound_from, .. } | Event::TurnEnd { sound_from, .. } => {
                        stream.sound(sound_from..stream.position(), &mut sound).unwrap();
                        sound.clear();
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(kinds.len() == 7 && kinds.values().all(|&count| count > 25), "some kinds are rare: {kinds:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_heard_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..20_000), seed: u64) {
        let mut rng = Rng(seed);
        let encodings = [
            Encoding::Pcm8,
            Encoding::Pcm16,
            Encoding::Pcm24,
            Encoding::Pcm32,
            Encoding::Float32,
            Encoding::Mulaw,
            Encoding::Alaw,
        ];
        let rates = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000];
        let channels = 1 + rng.below(8) as u8;
        let (hz, encoding) = (rates[rng.below(rates.len())], encodings[rng.below(encodings.len())]);
        let format = Format::new(hz, encoding, channels, 0).unwrap();
        let recording = Recording { format, options: options(), bytes, controls: Vec::new() };
        let mut engine = Engine::<Energy>::default();
        prop_assert!(play(&recording, &mut engine, 4_000, seed) == play(&recording, &mut engine, 3, seed));
    }
}
