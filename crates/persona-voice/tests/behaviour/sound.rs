//! Encodings, rates, channels, and sound that is at fault.

use std::f64::consts::TAU;

use persona_voice::{
    Control, Encoding, Energy, Engine, Event, Fault, Format, Rate, Stance, Stream, TurnOptions,
};

use crate::stage::Written;
use crate::support::rng::Rng;
use crate::support::talk::talk;

/// What a stream has kept of at most five seconds, brought to its inner rate.
fn heard(format: Format, bytes: &[u8]) -> Vec<i16> {
    let (mut engine, mut stream) = open(format);
    engine.push(&mut stream, bytes, 0).unwrap();
    engine.finish(&mut stream);
    let mut sound = Vec::new();
    stream.sound(0..stream.position(), &mut sound).unwrap();
    sound
}

fn open(format: Format) -> (Engine<Written>, Stream<Written>) {
    let options = TurnOptions { prefix_padding_ms: 5_000, ..TurnOptions::default() };
    (Engine::default(), Stream::new(format, &options).unwrap())
}

fn events(stream: &mut Stream<Written>) -> Vec<Event> {
    std::iter::from_fn(|| stream.next_event()).collect()
}

fn pcm16(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

fn float32(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Three seconds, whole frames.
fn sample_sound() -> Vec<i16> {
    let mut samples = talk(Rate::Wide, 3, 3);
    samples.truncate(samples.len() / 512 * 512);
    samples
}

#[test]
fn what_is_kept_is_what_was_given() {
    let samples = sample_sound();
    let floats: Vec<_> = samples.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    assert_eq!(heard(Format::mono(16_000, Encoding::Pcm16).unwrap(), &pcm16(&samples)), samples);
    assert_eq!(heard(Format::mono(16_000, Encoding::Float32).unwrap(), &float32(&floats)), samples);
    let wider = |bytes: usize| -> Vec<u8> {
        samples
            .iter()
            .flat_map(|&it| (i32::from(it) << 16).to_le_bytes().into_iter().skip(4 - bytes))
            .collect()
    };
    assert_eq!(heard(Format::mono(16_000, Encoding::Pcm24).unwrap(), &wider(3)), samples);
    assert_eq!(heard(Format::mono(16_000, Encoding::Pcm32).unwrap(), &wider(4)), samples);
    let bytes: Vec<_> = samples.iter().map(|&sample| ((sample >> 8) + 128) as u8).collect();
    let coarse: Vec<_> = samples.iter().map(|&sample| sample >> 8 << 8).collect();
    assert_eq!(heard(Format::mono(16_000, Encoding::Pcm8).unwrap(), &bytes), coarse);
}

#[test]
fn one_channel_of_several_is_heard() {
    let (samples, mut rng) = (sample_sound(), Rng(1));
    for encoding in [Encoding::Pcm16, Encoding::Float32] {
        for (channels, channel) in [(2, 0), (2, 1), (8, 5)] {
            let mut bytes = Vec::new();
            for &sample in &samples {
                for index in 0..channels {
                    let value = if index == channel { sample } else { (rng.noise() * 32_000.0) as i16 };
                    match encoding {
                        Encoding::Pcm16 => bytes.extend(value.to_le_bytes()),
                        _ => bytes.extend((f32::from(value) / 32_768.0).to_le_bytes()),
                    }
                }
            }
            let format = Format::new(16_000, encoding, channels, channel).unwrap();
            assert!(heard(format, &bytes) == samples, "channel {channel} of {channels}, {encoding:?}");
        }
    }
}

#[test]
fn telephony_stays_at_its_rate() {
    for (encoding, zero) in [(Encoding::Mulaw, 0xff), (Encoding::Alaw, 0xd5)] {
        let format = Format::mono(8_000, encoding).unwrap();
        assert_eq!(format.rate(), Rate::Narrow);
        // Zero, and the loudest positive value.
        let sound = heard(format, &[vec![zero; 256], vec![zero ^ 0x7f; 256]].concat());
        assert_eq!(sound.len(), 512);
        assert!(sound[..256].iter().all(|&sample| sample.abs() <= 8), "{encoding:?}");
        assert!(
            sound[256..]
                .iter()
                .all(|&sample| sample > 32_000 || encoding == Encoding::Alaw && sample > 5_000)
        );
    }
}

/// The largest distance from a sine of this frequency, sampled at the rate inside from time 0 on, beyond the first and
/// the last milliseconds.
fn distance_from_sine(format: Format, hz: f64, frequency: f64, gain: f64) -> f64 {
    let (inside, frame) = (f64::from(format.rate().hz()), format.rate().frame());
    let sine = |rate: f64, index: usize| 0.5 * (TAU * frequency * index as f64 / rate).sin();
    let samples: Vec<_> = (0..(hz * 1.5) as usize).map(|index| sine(hz, index) as f32).collect();
    let sound = heard(format, &float32(&samples));
    let length = (inside * 1.5) as usize / frame * frame;
    assert_eq!(sound.len(), length, "a second and a half is kept in whole frames");
    let error = |index: usize| f64::from(sound[index]) / 32_768.0 - gain * sine(inside, index);
    (100..sound.len() - 100).map(|index| error(index).abs()).fold(0.0, f64::max)
}

#[test]
fn every_rate_is_brought_down_without_shifting_time() {
    for hz in [11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000] {
        let format = Format::mono(hz, Encoding::Float32).unwrap();
        assert_eq!(format.rate(), if hz < 16_000 { Rate::Narrow } else { Rate::Wide });
        for part in [0.006, 0.06, 0.31, 0.4] {
            let frequency = part * f64::from(format.rate().hz());
            let error = distance_from_sine(format, hz.into(), frequency, 1.0);
            assert!(error < 1.5e-3, "{frequency} Hz at {hz} Hz: {error}");
        }
    }
}

/// Five minutes, in which the least error in the ratio would add up to frames.
#[test]
fn time_does_not_drift_at_any_rate() {
    for hz in [11_025, 12_000, 22_050, 44_100, 88_200, 48_000] {
        let format = Format::mono(hz, Encoding::Mulaw).unwrap();
        let mut stream = Stream::<Energy>::new(format, &TurnOptions::default()).unwrap();
        let mut engine = Engine::new(Energy::default());
        let second = vec![0xff; hz as usize];
        for _ in 0..300 {
            engine.push(&mut stream, &second, 0).unwrap();
        }
        engine.finish(&mut stream);
        assert_eq!(stream.position(), 300 * u64::from(format.rate().hz()), "{hz} Hz");
    }
}

#[test]
fn what_does_not_fit_under_the_lower_rate_is_not_heard() {
    for hz in [11_025, 12_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000] {
        for part in [0.544, 0.625, 0.68] {
            let format = Format::mono(hz, Encoding::Float32).unwrap();
            let frequency = part * f64::from(format.rate().hz());
            let left = distance_from_sine(format, hz.into(), frequency, 0.0);
            assert!(left < 1.5e-3, "{frequency} Hz at {hz} Hz: {left}");
        }
    }
}

#[test]
fn formats_that_are_not_in_the_list() {
    for hz in [0, 7_999, 11_024, 22_051, 192_000, u32::MAX] {
        assert_eq!(Format::mono(hz, Encoding::Pcm16), Err(Fault::UnknownRate));
    }
    for (channels, channel) in [(0, 0), (1, 1), (2, 200), (9, 0), (255, 255)] {
        assert_eq!(Format::new(16_000, Encoding::Pcm16, channels, channel), Err(Fault::BadChannel));
    }
}

#[test]
fn samples_that_are_no_numbers_count_as_silence_and_are_told_once_a_frame() {
    let mut samples = vec![0.25_f32; 512 * 3];
    (samples[512], samples[700], samples[900]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    let (mut engine, mut stream) = open(Format::mono(16_000, Encoding::Float32).unwrap());
    engine.push(&mut stream, &float32(&samples), 0).unwrap();
    assert_eq!(events(&mut stream), [Event::Damaged { at: 1_024, fault: Fault::NotFinite }]);
    let mut sound = Vec::new();
    stream.sound(0..1_536, &mut sound).unwrap();
    let silent: Vec<_> = (0..sound.len()).filter(|&index| sound[index] == 0).collect();
    assert_eq!(silent, [512, 700, 900]);
}

#[test]
fn too_loud_is_clipped() {
    let sound = heard(Format::mono(16_000, Encoding::Float32).unwrap(), &float32(&[3e38, -3e38].repeat(256)));
    assert!(sound.chunks_exact(2).all(|pair| pair == [i16::MAX, i16::MIN]));
}

#[test]
fn sound_that_ends_within_a_sample() {
    let (mut engine, mut stream) = open(Format::mono(16_000, Encoding::Pcm16).unwrap());
    engine.push(&mut stream, &[0; 2 * 512 + 3], 0).unwrap();
    engine.finish(&mut stream);
    engine.finish(&mut stream);
    assert_eq!(events(&mut stream), [Event::Damaged { at: 512, fault: Fault::HalfSample }]);
}

#[test]
fn a_stream_that_has_ended_takes_nothing() {
    let (mut engine, mut stream) = open(Format::mono(16_000, Encoding::Pcm16).unwrap());
    assert_eq!(stream.take(&[], 0), Ok(0));
    engine.finish(&mut stream);
    assert_eq!(stream.take(&[0; 2], 0), Err(Fault::Closed));
    assert_eq!(engine.push(&mut stream, &[0; 2_000], 0), Err(Fault::Closed));
    stream.control(Control::Stance(Stance::Speaking));
    stream.check(u64::MAX);
    assert_eq!((events(&mut stream), stream.position()), (vec![], 0));
}

#[test]
fn a_full_frame_takes_nothing_more() {
    let (mut engine, mut stream) = open(Format::mono(16_000, Encoding::Pcm16).unwrap());
    assert_eq!(stream.take(&[0; 5_000], 0), Ok(1_024));
    assert!(stream.is_ready());
    assert_eq!(stream.take(&[0; 5_000], 0), Ok(0));
    engine.advance(&mut [&mut stream]);
    assert!(!stream.is_ready());
    assert_eq!(stream.take(&[0; 10], 0), Ok(10));
}

#[test]
fn sound_that_is_gone_or_not_there_yet() {
    let format = Format::mono(16_000, Encoding::Pcm16).unwrap();
    let options = TurnOptions { prefix_padding_ms: 64, ..TurnOptions::default() };
    let (mut engine, mut stream) = (Engine::<Written>::default(), Stream::new(format, &options).unwrap());
    engine.push(&mut stream, &[0; 2 * 5_120], 0).unwrap();
    let mut sound = Vec::new();
    assert_eq!(stream.sound(0..512, &mut sound), Err(Fault::NoSound));
    assert_eq!(stream.sound(4_608..5_121, &mut sound), Err(Fault::NoSound));
    let backwards = std::ops::Range { start: 5_000, end: 4_900 };
    assert_eq!(stream.sound(backwards, &mut sound), Err(Fault::NoSound));
    assert_eq!((stream.sound(4_096..5_120, &mut sound), sound.len()), (Ok(()), 1_024));
}

#[test]
fn every_fault_has_a_code_of_its_own() {
    let faults = [
        Fault::UnknownRate,
        Fault::UnknownEncoding,
        Fault::BadChannel,
        Fault::NotFinite,
        Fault::HalfSample,
        Fault::Closed,
        Fault::NoSound,
        Fault::BadWav,
        Fault::WavTruncated,
        Fault::KernelUnavailable,
    ];
    let codes: std::collections::HashSet<_> = faults.iter().map(|fault| fault.as_str()).collect();
    let sentences: std::collections::HashSet<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!((codes.len(), sentences.len()), (faults.len(), faults.len()));
}
