//! A voice that floods takes nobody's place.

use persona_voice_pool::{News, Word};

use crate::stage::{LATCH, Reader, WAIT, Written, frame, pool};

#[test]
fn whoever_floods_waits_as_long_as_everybody_else() {
    let (pool, reader) = (pool::<Written>(1), Reader::new());
    let (flood, polite) = (reader.open(&pool, 1), reader.open(&pool, 2));
    // The only thread waits in the first frame until both have said what they have to say.
    flood.push(&frame(WAIT), 0).unwrap();
    flood.push(&frame(0.1).repeat(30), 0).unwrap();
    flood.tell(Word::Finish).unwrap();
    polite.push(&frame(0.2), 0).unwrap();
    polite.tell(Word::Finish).unwrap();
    LATCH.open();
    let news = reader.until_over(2);
    let place = news.iter().position(|it| *it == (2, News::Finished)).unwrap();
    // The first share and one more.
    assert!(place <= 10, "told as number {place} of {}", news.len());
    assert!(news.len() > 30);
}
