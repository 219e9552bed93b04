//! A panic ends only what it was about.

use persona_voice_pool::{News, Word};

use crate::stage::{PANIC, Reader, Written, frame, pool};

#[test]
fn a_panic_fails_the_voice_and_the_pool_goes_on() {
    let (pool, reader) = (pool::<Written>(1), Reader::new());
    let bad = reader.open(&pool, 1);
    bad.push(&frame(PANIC), 0).unwrap();
    assert_eq!(reader.until_over(1), [(1, News::Failed)]);
    assert!(bad.push(&frame(0.1), 0).is_err());
    let good = reader.open(&pool, 2);
    good.push(&frame(0.25), 0).unwrap();
    good.tell(Word::Finish).unwrap();
    assert_eq!(
        reader.until_over(1),
        [(2, News::Probability { at: 512, probability: 0.25 }), (2, News::Finished)]
    );
}
