//! What waits is bounded, and a reader is woken once.

use std::ops::ControlFlow;

use persona_voice::{Control, Fault, Stance};
use persona_voice_pool::{News, Word};

use crate::stage::{GATE, Reader, WAIT_AT_GATE, Written, frame, pool};

#[test]
fn more_than_a_second_is_not_taken_and_room_is_told_of() {
    let (pool, reader) = (pool::<Written>(1), Reader::new());
    let voice = reader.open(&pool, 1);
    let hour = vec![0; 4 * 16_000 * 3_600];
    let taken = voice.push(&hour, 0).unwrap();
    assert_eq!(taken, 4 * 16_000);
    voice.tell(Word::Finish).unwrap();
    let news = reader.until_over(1);
    let frames = |it: &&(u64, News)| matches!(it.1, News::Probability { .. });
    assert_eq!(news.iter().filter(frames).count(), 16_000 / 512);
    assert_eq!(news[0], (1, News::Room));
    assert_eq!(news.last(), Some(&(1, News::Finished)));
}

#[test]
fn nothing_is_taken_after_the_end() {
    let (pool, reader) = (pool::<Written>(1), Reader::new());
    let voice = reader.open(&pool, 1);
    voice.tell(Word::Finish).unwrap();
    assert_eq!(voice.push(&frame(0.1), 0), Err(Fault::Closed));
    assert_eq!(voice.tell(Word::Finish), Err(Fault::Closed));
    assert_eq!(reader.until_over(1), [(1, News::Finished)]);
}

#[test]
fn more_than_a_thousand_words_do_not_wait_but_the_last_always_does() {
    let (pool, reader) = (pool::<Written>(1), Reader::new());
    let voice = reader.open(&pool, 1);
    voice.push(&frame(WAIT_AT_GATE), 0).unwrap();
    // The frame is computed until the gate opens, and nobody empties the inbox meanwhile.
    GATE.meet();
    let word = Word::Control(Control::Stance(Stance::Speaking));
    let taken = (0..10_000).filter(|_| voice.tell(word).unwrap()).count();
    let more = voice.tell(Word::Check { now_ms: 0 });
    let last = voice.tell(Word::Finish);
    // First of all, so that the thread ends, too, if this is not what was wanted.
    GATE.open();
    assert_eq!((taken, more, last), (1_024, Ok(false), Ok(true)));
    assert_eq!(reader.until_over(1).last(), Some(&(1, News::Finished)));
}

#[test]
fn a_reader_is_woken_once_until_it_has_read_everything() {
    let (pool, reader) = (pool::<Written>(2), Reader::new());
    let voices: Vec<_> = (0..20).map(|id| reader.open(&pool, id)).collect();
    for voice in &voices {
        voice.push(&frame(0.1).repeat(10), 0).unwrap();
        voice.tell(Word::Finish).unwrap();
    }
    reader.wait();
    // Nobody has read: however much is posted, there is no other wake.
    drop((voices, pool));
    assert_eq!(reader.wakes(), 0);
    // What is left over is not woken for again either.
    reader.outbox.read(|_, _| ControlFlow::Break(()));
    assert_eq!(reader.wakes(), 0);
}

#[test]
fn nobody_is_woken_by_an_outbox_that_is_shut() {
    let (pool, reader) = (pool::<Written>(1), Reader::new());
    let voice = reader.open(&pool, 1);
    reader.outbox.shut();
    voice.push(&frame(0.1).repeat(10), 0).unwrap();
    drop((voice, pool));
    assert_eq!(reader.wakes(), 0);
}
