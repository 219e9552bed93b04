//! One test for each fault of the earlier system that this crate could have again.

use persona_cycle::{Budget, Flags, FleetOptions, Lane, Outcome, Unenroll, Why};

use crate::stage::{LARGE, Stage};

/// There: an inline wait for one persona's inference delayed all others.
#[test]
fn a_hung_turn_delays_nobody_else() {
    let mut stage = Stage::new();
    let (hung, other) = (stage.persona(), stage.persona());
    stage.say(hung, 1);
    stage.turn();
    stage.say(hung, 1);
    for _ in 0..100 {
        let item = stage.say(other, 1);
        let turn = stage.turn();
        assert_eq!((turn.slot, stage.batch.items.as_slice()), (other, &[item][..]));
        assert!(stage.complete(turn.id, Outcome::Done));
    }
}

/// There: popped items were lost on any failure.
#[test]
fn a_failed_turn_gives_its_items_back() {
    for outcome in [Outcome::Failed, Outcome::TimedOut] {
        let mut stage = Stage::new();
        let persona = stage.persona();
        let item = stage.say(persona, 1);
        let turn = stage.turn();
        assert!(stage.complete(turn.id, outcome));
        assert_eq!(stage.fleet.status().waiting, 1);
        stage.now += 1_101;
        assert_eq!(stage.turns(), [[item]]);
    }
}

/// There: items of other lanes than chat were drained and dropped.
#[test]
fn every_lane_is_handed_out() {
    for lane in Lane::ALL {
        let mut stage = Stage::new();
        let persona = stage.persona();
        let item = stage.item(persona, 1, lane);
        stage.arm(&item);
        assert_eq!(stage.turn().lane, lane);
        assert_eq!(stage.batch.items, [item.item]);
    }
}

/// There: "urgent" popped the item with the highest priority.
#[test]
fn urgent_pops_the_urgent_item() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut important = stage.chat(persona, 1);
    important.priority = 1.0;
    let mut urgent = stage.chat(persona, 2);
    (urgent.priority, urgent.flags) = (0.0, Flags::URGENT);
    stage.arm(&important);
    stage.arm(&urgent);
    assert_eq!(stage.turn().why, Why::Urgent);
    assert_eq!(stage.batch.items, [urgent.item]);
}

/// There: aging read the wall clock while the drain used its own `now`. Here there is one, and it is given.
#[test]
fn aging_uses_the_given_now() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut item = stage.chat(persona, 1);
    item.priority = 0.25;
    stage.arm(&item);
    let turn = stage.serve_after(15_000).turns[0].clone();
    assert_eq!((turn.waited_ms, turn.formed_at), (15_000, stage.now));
    assert!((turn.effective_priority - 0.5).abs() < 1e-6, "{}", turn.effective_priority);
}

/// There: every idle persona was locked, consolidated and counted on every tick.
#[test]
fn idle_personas_are_not_visited() {
    let mut stage = Stage::new();
    for _ in 0..1_000 {
        stage.persona();
    }
    let (paused, held, busy) = (stage.persona(), stage.persona(), stage.persona());
    let settings = persona_cycle::SlotSettings { paused: true, ..Default::default() };
    assert_eq!(stage.fleet.configure(paused, settings), Ok(()));
    stage.say(paused, 1);
    let mut later = stage.chat(held, 1);
    later.not_before = Some(stage.now + 10_000);
    stage.arm(&later);
    stage.say(busy, 1);
    stage.turn();
    stage.say(busy, 1);
    let visits = stage.fleet.status().visits;
    assert_eq!(visits, 1);
    for _ in 0..50 {
        stage.serve_after(100);
    }
    assert_eq!(stage.fleet.status().visits, visits);
}

/// There: the test of the drain's bound could not fail, because all items merged into one first.
#[test]
fn a_visit_ends_at_the_quantum() {
    let mut stage = Stage::with(FleetOptions { quantum: 3, ..FleetOptions::default() });
    let (many, few) = (stage.parallel_persona(), stage.persona());
    let first: Vec<u64> = (0..8).map(|conversation| stage.say(many, conversation)).collect();
    let second = stage.say(few, 1);
    stage.serve_within(Budget { turns: 1_000, ..LARGE });
    let expected = [&first[..3], &[second], &first[3..]].concat();
    assert_eq!(stage.batch.items, expected, "3 of the first persona, the other one, the rest");
    assert!(stage.batch.turns.iter().all(|turn| turn.items.len() == 1));
}

/// There: there was no way to unenroll.
#[test]
fn a_persona_can_leave() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Drain), Ok(()));
    assert_eq!(stage.serve().freed, [persona]);
    assert_eq!(stage.fleet.status().personas, 0);
}

/// There: enrolled personas were never serviced in production, since nothing woke the loop.
#[test]
fn whoever_asks_when_to_come_back_misses_nothing() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut item = stage.chat(persona, 1);
    item.not_before = Some(stage.now + 86_400_000);
    stage.arm(&item);
    stage.serve();
    for _ in 0..10 {
        let Some(deadline) = stage.next.deadline else { break };
        stage.now = deadline;
        if !stage.serve().turns.is_empty() {
            break;
        }
    }
    assert_eq!((stage.batch.items.as_slice(), stage.now), (&[item.item][..], 1_000_000 + 86_400_000));
}
