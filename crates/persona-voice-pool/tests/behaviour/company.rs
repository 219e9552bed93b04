//! A voice's events depend on nothing but its bytes and words.

use persona_voice::{Control, Encoding, Energy, Engine, Event, Format, Stance, Stream, TurnOptions};
use persona_voice_pool::{News, Word};

use crate::stage::{Reader, pool};

/// Bursts of noise between pauses, as floats; nothing is the same in two of them.
fn sound(seed: u64) -> Vec<u8> {
    let mut state = seed * 2 + 1;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let mut bytes = Vec::new();
    for burst in 0..8 {
        let loudness = if burst % 2 == 0 { 0.001 } else { 0.5 };
        let length = 13_000 + (next() * 4_000.0) as i32;
        for _ in 0..length {
            bytes.extend((loudness * next()).to_le_bytes());
        }
    }
    bytes
}

/// What the stream tells without a pool, with a control in the middle.
fn alone(bytes: &[u8]) -> Vec<Event> {
    let format = Format::mono(16_000, Encoding::Float32).unwrap();
    let mut engine = Engine::<Energy>::default();
    let mut stream = Stream::new(format, &TurnOptions::default()).unwrap();
    engine.push(&mut stream, &bytes[..MIDDLE], 0).unwrap();
    stream.control(Control::Stance(Stance::Speaking));
    engine.push(&mut stream, &bytes[MIDDLE..], 0).unwrap();
    engine.finish(&mut stream);
    std::iter::from_fn(|| stream.next_event()).collect()
}

/// Within a sample.
const MIDDLE: usize = 200_003;

#[test]
fn neither_company_nor_the_cutting_of_bytes_changes_an_event() {
    let (pool, reader) = (pool::<Energy>(3), Reader::new());
    let sounds: Vec<_> = (0..20).map(sound).collect();
    let voices: Vec<_> = (0..sounds.len() as u64).map(|id| reader.open(&pool, id)).collect();
    std::thread::scope(|scope| {
        for (number, (voice, bytes)) in voices.iter().zip(&sounds).enumerate() {
            scope.spawn(move || {
                let piece = 1 + 997 * number;
                let push = |mut bytes: &[u8]| {
                    while !bytes.is_empty() {
                        let piece = &bytes[..piece.min(bytes.len())];
                        bytes = &bytes[voice.push(piece, 0).unwrap()..];
                        std::thread::yield_now();
                    }
                };
                push(&bytes[..MIDDLE]);
                voice.tell(Word::Control(Control::Stance(Stance::Speaking))).unwrap();
                push(&bytes[MIDDLE..]);
                voice.tell(Word::Finish).unwrap();
            });
        }
    });
    let news = reader.until_over(voices.len());
    for (id, bytes) in (0..).zip(&sounds) {
        let events: Vec<_> = news
            .iter()
            .filter(|(voice, _)| *voice == id)
            .filter_map(|(_, news)| if let News::Event(event) = news { Some(*event) } else { None })
            .collect();
        assert!(events.len() > 4, "voice {id} tells something: {events:?}");
        assert_eq!(events, alone(bytes), "voice {id}");
    }
}
