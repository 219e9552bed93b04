//! Which conversation of a persona goes next, and why.

use persona_cycle::{Flags, Lane, Outcome, Why};

use crate::stage::Stage;

/// An item: conversation, lane, priority, milliseconds it has waited, flags.
type Item = (u64, Lane, f32, i64, Flags);

const NONE: Flags = Flags::NONE;
const URGENT: Flags = Flags::URGENT;

/// Arms the items and compares the order of the conversations' first turns with the expected one.
fn check(name: &str, items: &[Item], expected: &[(u64, Why)]) {
    let mut stage = Stage::new();
    let persona = stage.parallel_persona();
    for &(conversation, lane, priority, waited, flags) in items {
        let mut item = stage.item(persona, conversation, lane);
        (item.priority, item.flags, item.enqueued_at) = (priority, flags, stage.now - waited);
        stage.arm(&item);
    }
    let turns: Vec<(u64, Why)> =
        stage.serve().turns.iter().map(|turn| (turn.conversation, turn.why)).collect();
    assert_eq!(turns, expected, "{name}");
}

#[test]
fn between_conversations() {
    use Lane::{Background, Chat, Task, Voice};
    use Why::{Age, Only, Priority, Starved, Urgent};

    check("one alone", &[(1, Chat, 0.5, 0, NONE)], &[(1, Only)]);
    check(
        "urgent before starved",
        &[(1, Chat, 1.0, 70_000, NONE), (2, Background, 0.0, 0, URGENT)],
        &[(2, Urgent), (1, Only)],
    );
    check(
        "an urgent item behind others hurries its conversation",
        &[(1, Voice, 0.5, 0, NONE), (2, Task, 0.5, 0, NONE), (2, Task, 0.5, 0, URGENT)],
        &[(2, Urgent), (1, Only)],
    );
    check(
        "starved before a better lane, the oldest first",
        &[(1, Voice, 1.0, 0, NONE), (2, Background, 0.0, 60_000, NONE), (3, Task, 0.0, 60_001, NONE)],
        &[(3, Starved), (2, Starved), (1, Only)],
    );
    check(
        "one millisecond below the bound",
        &[(1, Voice, 1.0, 0, NONE), (2, Background, 0.0, 59_999, NONE)],
        &[(1, Why::Lane), (2, Only)],
    );
    check(
        "lanes in their order",
        &[
            (1, Background, 1.0, 0, NONE),
            (2, Task, 1.0, 0, NONE),
            (3, Chat, 0.0, 0, NONE),
            (4, Voice, 0.0, 0, NONE),
        ],
        &[(4, Why::Lane), (3, Why::Lane), (2, Why::Lane), (1, Only)],
    );
    check(
        "a better lane further back is inherited",
        &[(1, Task, 1.0, 0, NONE), (2, Background, 0.0, 0, NONE), (2, Chat, 0.0, 0, NONE)],
        &[(2, Why::Lane), (1, Only)],
    );
    check(
        "priority before age",
        &[(1, Chat, 0.2, 10, NONE), (2, Chat, 0.3, 0, NONE)],
        &[(2, Priority), (1, Only)],
    );
    check(
        "waiting is worth priority: 12 s of chat are 0.2",
        &[(1, Chat, 0.5, 12_000, NONE), (2, Chat, 0.69, 0, NONE), (3, Chat, 0.71, 0, NONE)],
        &[(3, Priority), (1, Priority), (2, Only)],
    );
    check(
        "a task gains half as fast",
        &[(1, Task, 0.5, 12_000, NONE), (2, Task, 0.59, 0, NONE), (3, Task, 0.61, 0, NONE)],
        &[(3, Priority), (1, Priority), (2, Only)],
    );
    check(
        "voice gains nothing",
        &[(1, Voice, 0.5, 50_000, NONE), (2, Voice, 0.51, 0, NONE)],
        &[(2, Priority), (1, Only)],
    );
    check(
        "no more than half is gained, and 1 is the most there is",
        &[
            (1, Chat, 0.1, 50_000, NONE),
            (2, Chat, 0.61, 0, NONE),
            (3, Chat, 0.8, 50_000, NONE),
            (4, Chat, 1.0, 1, NONE),
        ],
        &[(3, Age), (4, Priority), (2, Priority), (1, Only)],
    );
    check(
        "the largest priority of what merges counts",
        &[(1, Chat, 0.5, 0, NONE), (2, Chat, 0.1, 0, NONE), (2, Chat, 0.6, 0, NONE)],
        &[(2, Priority), (1, Only)],
    );
    check(
        "the priority of what does not merge does not count",
        &[(1, Voice, 0.5, 0, NONE), (2, Voice, 0.1, 0, NONE), (2, Voice, 0.6, 0, NONE)],
        &[(1, Priority), (2, Only)],
    );
    check("age, then the key", &[(1, Chat, 0.5, 0, NONE), (2, Chat, 0.5, 0, NONE)], &[(1, Age), (2, Only)]);
    check(
        "the reason is that against the runner-up, not against the last",
        &[(1, Background, 0.0, 0, NONE), (2, Chat, 0.4, 0, NONE), (3, Chat, 0.5, 0, NONE)],
        &[(3, Priority), (2, Why::Lane), (1, Only)],
    );
}

#[test]
fn the_order_changes_while_time_passes() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 9);
    let running = stage.turn();
    let (mut old, mut fresh) = (stage.chat(persona, 1), stage.chat(persona, 2));
    (old.priority, fresh.priority, fresh.enqueued_at) = (0.1, 0.5, stage.now + 1_000);
    stage.arm(&old);
    stage.arm(&fresh);
    // Both gain at the same pace until the older one has waited 30 s; then the other one leads by more still.
    stage.now += 40_000;
    assert!(stage.complete(running.id, Outcome::Done));
    let turn = stage.turn();
    assert_eq!((turn.conversation, turn.why), (2, Why::Priority));
    // From 60 s on the older one goes next all the same.
    stage.now += 20_000;
    assert!(stage.complete(turn.id, Outcome::Cancelled { retry_at: 0 }));
    let turn = stage.turn();
    assert_eq!((turn.conversation, turn.why), (1, Why::Starved));
}

#[test]
fn inside_a_conversation_nothing_overtakes() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut keys = Vec::new();
    for (lane, priority, flags) in [
        (Lane::Background, 0.0, NONE),
        (Lane::Chat, 1.0, NONE),
        (Lane::Voice, 1.0, URGENT),
        (Lane::Task, 0.5, NONE),
    ] {
        let mut item = stage.item(persona, 1, lane);
        (item.priority, item.flags) = (priority, flags);
        stage.arm(&item);
        keys.push(item.item);
    }
    for key in keys {
        let turn = stage.turn();
        assert_eq!(stage.batch.items, [key]);
        stage.say(persona, 2);
        assert!(stage.complete(turn.id, Outcome::Done));
        if key == 3 {
            // Without the urgent item behind it the conversation is no better than the other one.
            let turn = stage.turn();
            assert_eq!((turn.conversation, turn.why), (2, Why::Lane));
            assert!(stage.complete(turn.id, Outcome::Done));
        }
    }
}

#[test]
fn one_turn_at_a_time_in_a_conversation() {
    let mut stage = Stage::new();
    let persona = stage.parallel_persona();
    let other = stage.parallel_persona();
    stage.say(persona, 1);
    let turn = stage.turn();
    let second = stage.say(persona, 1);
    let elsewhere = stage.say(persona, 2);
    let same_room = stage.say(other, 1);
    assert_eq!(stage.turns(), [[elsewhere], [same_room]]);
    assert!(stage.complete(turn.id, Outcome::Done));
    assert_eq!(stage.turns(), [[second]]);
}

#[test]
fn personas_take_turns_in_the_order_in_which_they_became_ready() {
    let mut stage = Stage::new();
    let personas: Vec<_> = (0..4).map(|_| stage.persona()).collect();
    let order = [2, 0, 3, 1];
    let keys: Vec<[u64; 1]> = order.into_iter().map(|place: usize| [stage.say(personas[place], 1)]).collect();
    assert_eq!(stage.turns(), keys);
}
