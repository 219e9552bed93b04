//! What goes into one turn together.

use persona_cycle::{Envelope, Flags, Lane, Outcome};

use crate::stage::Stage;

type Change = fn(&mut Envelope);

/// Arms items of one conversation, which get the keys 1, 2, ..., and compares the turns that come of them.
fn check(name: &str, items: &[(Lane, Change)], expected: &[&[u64]]) {
    let mut stage = Stage::new();
    let persona = stage.persona();
    for &(lane, change) in items {
        let mut item = stage.item(persona, 1, lane);
        change(&mut item);
        stage.arm(&item);
    }
    let mut turns = Vec::new();
    while let Some(turn) = stage.serve().turns.first() {
        let id = turn.id;
        turns.push(stage.batch.items.clone());
        assert!(stage.complete(id, Outcome::Done));
    }
    assert_eq!(turns, expected, "{name}");
}

#[test]
fn in_one_conversation() {
    use Lane::{Background, Chat, Task, Voice};
    fn plain(_: &mut Envelope) {}
    fn keyed(item: &mut Envelope) {
        item.merge_key = 5;
    }
    fn alone(item: &mut Envelope) {
        item.flags = Flags::ALONE;
    }
    fn held(item: &mut Envelope) {
        item.not_before = Some(item.enqueued_at + 1);
    }

    check("chat merges", &[(Chat, plain), (Chat, plain), (Chat, plain)], &[&[1, 2, 3]]);
    check("chat with another key does not", &[(Chat, plain), (Chat, keyed), (Chat, keyed)], &[&[1], &[2, 3]]);
    check("voice never merges", &[(Voice, keyed), (Voice, keyed)], &[&[1], &[2]]);
    check("tasks without a key do not", &[(Task, plain), (Task, plain)], &[&[1], &[2]]);
    check("tasks with one key do", &[(Task, keyed), (Task, keyed), (Task, plain)], &[&[1, 2], &[3]]);
    check("background is like tasks", &[(Background, keyed), (Background, keyed)], &[&[1, 2]]);
    check("another lane ends the run", &[(Chat, keyed), (Task, keyed), (Chat, keyed)], &[&[1], &[2], &[3]]);
    check(
        "what must be alone is, and order stays",
        &[(Chat, plain), (Chat, alone), (Chat, plain), (Chat, plain)],
        &[&[1], &[2], &[3, 4]],
    );
    check("what is held longer than the head does not go early", &[(Chat, plain), (Chat, held)], &[&[1]]);
    let past: Change = |item| item.not_before = Some(item.enqueued_at);
    check("a moment that has passed holds nothing", &[(Chat, plain), (Chat, past)], &[&[1, 2]]);
}

#[test]
fn a_turn_holds_twenty() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let keys: Vec<u64> = (0..45).map(|_| stage.say(persona, 1)).collect();
    for expected in [&keys[..20], &keys[20..40], &keys[40..]] {
        let turn = stage.turn();
        assert_eq!(stage.batch.items, expected);
        assert!(stage.complete(turn.id, Outcome::Done));
    }
}

#[test]
fn a_turn_that_was_called_off_merges_with_what_has_come_since() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let first = stage.say(persona, 1);
    let turn = stage.turn();
    let second = stage.say(persona, 1);
    let retry_at = stage.now + 5;
    assert!(stage.complete(turn.id, Outcome::Cancelled { retry_at }));
    assert_eq!(stage.turns().len(), 0);
    stage.now = retry_at;
    assert_eq!(stage.turns(), [[first, second]]);
}
