//! What failures, throttles, cancels and crashes do to items.

use persona_cycle::{Flags, Kind, OnUnknown, Outcome, Reason, SlotSettings};

use crate::stage::Stage;

/// Fails an item that is alone until it is given up; gives the pauses between its turns.
fn pauses(seed: u64) -> Vec<i64> {
    let mut stage = Stage::with(persona_cycle::FleetOptions { seed, ..Default::default() });
    let persona = stage.persona();
    stage.say(persona, 1);
    let mut pauses = Vec::new();
    loop {
        let turn = stage.turn();
        assert!(stage.complete(turn.id, Outcome::Failed));
        let settlement = stage.serve().settlements[0];
        assert_eq!((settlement.attempt, settlement.failures), (turn.attempt, turn.attempt));
        assert_eq!((settlement.turn, settlement.reason), (Some(turn.id), Reason::Failed));
        let Kind::Retry { not_before } = settlement.kind else {
            assert_eq!((settlement.kind, turn.attempt), (Kind::Dead, 3));
            return pauses;
        };
        assert_eq!(stage.next.deadline, Some(not_before));
        pauses.push(not_before - stage.now);
        stage.now = not_before - 1;
        assert_eq!(stage.turns().len(), 0, "before its time");
        stage.now = not_before;
    }
}

#[test]
fn the_third_failure_of_an_item_alone_is_its_last() {
    let seeds = 0..200;
    let all: Vec<Vec<i64>> = seeds.map(pauses).collect();
    for (place, pause) in [1_000, 4_000].into_iter().enumerate() {
        let seen: Vec<i64> = all.iter().map(|pauses| pauses[place]).collect();
        let range = pause - pause / 10..=pause + pause / 10;
        assert!(seen.iter().all(|seen| range.contains(seen)), "{seen:?}");
        assert!(seen.iter().any(|&seen| seen < pause) && seen.iter().any(|&seen| seen > pause), "no jitter");
    }
    assert_eq!(pauses(7), pauses(7), "one seed, two runs");
}

#[test]
fn the_pause_after_the_third_attempt_and_later_is_sixteen_seconds() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut item = stage.chat(persona, 1);
    item.attempt = u32::MAX;
    stage.arm(&item);
    let turn = stage.turn();
    assert_eq!(turn.attempt, u32::MAX);
    assert!(stage.complete(turn.id, Outcome::TimedOut));
    let Kind::Retry { not_before } = stage.serve().settlements[0].kind else {
        unreachable!("it has two more")
    };
    assert!((14_400..=17_600).contains(&(not_before - stage.now)));
}

#[test]
fn after_a_merged_failure_each_is_tried_alone() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let keys: Vec<u64> = (0..3).map(|_| stage.say(persona, 1)).collect();
    let turn = stage.turn();
    let later = stage.say(persona, 1);
    assert!(stage.complete(turn.id, Outcome::Failed));
    let settled: Vec<_> =
        stage.serve().settlements.iter().map(|one| (one.item, one.failures, one.flags)).collect();
    assert_eq!(settled, [(1, 0, Flags::ALONE), (2, 0, Flags::ALONE), (3, 0, Flags::ALONE)]);
    stage.now += 1_101;
    for key in keys {
        let turn = stage.turn();
        assert_eq!((stage.batch.items.as_slice(), turn.attempt), (&[key][..], 2));
        assert!(stage.complete(turn.id, Outcome::Done));
    }
    assert_eq!(stage.turns(), [[later]]);
}

#[test]
fn a_poisonous_item_takes_nobody_with_it() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let poison = stage.say(persona, 1);
    stage.say(persona, 1);
    let (mut answered, mut dead) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        stage.now += 20_000;
        let batch = stage.serve();
        dead.extend(batch.settlements.iter().filter(|one| one.kind == Kind::Dead).map(|one| one.item));
        let Some(turn) = batch.turns.first() else { continue };
        let (id, items) = (turn.id, batch.items.clone());
        let outcome = if items.contains(&poison) { Outcome::Failed } else { Outcome::Done };
        answered.extend(items.into_iter().filter(|_| outcome == Outcome::Done));
        assert!(stage.complete(id, outcome));
    }
    assert_eq!((answered, dead), (vec![2], vec![poison]));
}

#[test]
fn throttles_and_cancels_are_no_failures() {
    // What is called off was never begun, so it was no attempt either.
    for counts in [1, 0] {
        let outcome = |retry_at| match counts {
            0 => Outcome::Cancelled { retry_at },
            _ => Outcome::Throttled { retry_at },
        };
        let mut stage = Stage::new();
        let persona = stage.persona();
        let keys = [stage.say(persona, 1), stage.say(persona, 1)];
        for earlier in 0..9 {
            let turn = stage.turn();
            assert_eq!((turn.attempt, stage.batch.items.as_slice()), (1 + earlier * counts, &keys[..]));
            assert!(stage.complete(turn.id, outcome(stage.now + 30_000)));
            assert_eq!(stage.serve().settlements, [], "the caller has written it");
            assert!(stage.serve_after(29_999).turns.is_empty());
            stage.now += 1;
        }
    }
}

#[test]
fn a_late_or_doubled_outcome_changes_nothing() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 1);
    let first = stage.turn();
    assert!(stage.complete(first.id, Outcome::Failed));
    assert!(!stage.complete(first.id, Outcome::Done), "doubled");
    stage.now += 1_101;
    let second = stage.turn();
    assert_ne!(first.id, second.id, "the row is used again under another handle");
    let before = stage.fleet.status();
    assert!(!stage.complete(first.id, Outcome::Done), "late");
    assert!(!stage.fleet.settling(first.id));
    assert_eq!(stage.fleet.status(), before);
}

/// What a crash left behind: (policy, was alone, failures so far) and what becomes of it.
#[test]
fn an_unknown_outcome_counts_as_a_failed_turn() {
    let check = |on_unknown, was_alone, failures: u32| {
        let mut stage = Stage::new();
        let persona = stage.persona_with(SlotSettings { on_unknown, ..SlotSettings::default() });
        let mut item = stage.chat(persona, 1);
        let how = if was_alone { Flags::WAS_ALONE } else { Flags::NONE };
        item.flags = Flags::UNKNOWN.with(Flags::HUMAN).with(how);
        (item.attempt, item.failures) = (2, failures);
        stage.arm(&item);
        let settlement = stage.serve().settlements[0];
        assert_eq!((settlement.turn, settlement.reason), (None, Reason::UnknownOutcome));
        assert_eq!(settlement.attempt, 2);
        assert!(stage.batch.turns.is_empty());
        if let Kind::Retry { not_before } = settlement.kind {
            assert!((3_600..=4_400).contains(&(not_before - stage.now)), "the pause after a second attempt");
            stage.now = not_before;
            assert_eq!(stage.turn().attempt, 3);
        }
        let kind = match settlement.kind {
            Kind::Retry { .. } => "retry",
            Kind::Dead => "dead",
            Kind::Declined => "declined",
        };
        (kind, settlement.failures, settlement.flags)
    };
    let human = Flags::HUMAN;
    assert_eq!(check(OnUnknown::Drop, true, 0), ("declined", 0, human));
    assert_eq!(check(OnUnknown::Ask, true, 0), ("dead", 0, human));
    assert_eq!(check(OnUnknown::Ask, false, 2), ("dead", 2, human));
    assert_eq!(check(OnUnknown::Retry, true, 0), ("retry", 1, human));
    assert_eq!(check(OnUnknown::Retry, true, 2), ("dead", 3, human));
    assert_eq!(check(OnUnknown::Retry, true, u32::MAX), ("dead", u32::MAX, human));
    assert_eq!(check(OnUnknown::Retry, false, 2), ("retry", 2, human.with(Flags::ALONE)));
}
