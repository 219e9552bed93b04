//! Bounds on turns, and on what one call does.

use persona_cycle::{Budget, FleetOptions, Held, Lane, Outcome, Reason, SlotSettings};

use crate::stage::{LARGE, Stage};

#[test]
fn the_order_of_turns_does_not_depend_on_the_budget() {
    let run = |turns: u32| {
        let mut stage = Stage::with(FleetOptions { quantum: 3, ..FleetOptions::default() });
        let personas = [stage.parallel_persona(), stage.parallel_persona()];
        for conversation in 0..10 {
            for persona in personas {
                stage.say(persona, conversation);
            }
        }
        let mut items = Vec::new();
        loop {
            items.extend(stage.serve_within(Budget { turns, settlements: 0, ..LARGE }).items.clone());
            if !stage.next.more {
                return items;
            }
        }
    };
    let at_once = run(1_000);
    assert_eq!(at_once.len(), 20);
    for turns in 1..8 {
        assert_eq!(run(turns), at_once, "{turns} at a time");
    }
}

#[test]
fn a_budget_of_nothing_gives_nothing_and_says_so() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 1);
    assert!(stage.serve_within(Budget { turns: 0, settlements: 0, ..LARGE }).turns.is_empty());
    assert!(stage.next.more);
    stage.turn();
    assert!(!stage.next.more);
}

#[test]
fn a_personas_own_bound() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { max_parallel_turns: 2, ..SlotSettings::default() });
    for conversation in 0..5 {
        stage.say(persona, conversation);
    }
    let running: Vec<_> = stage.serve().turns.iter().map(|turn| turn.id).collect();
    assert_eq!((running.len(), stage.next.more), (2, false));
    assert_eq!(stage.fleet.slot_status(persona).unwrap().held, Some(Held::Busy));
    assert!(stage.complete(running[0], Outcome::Done));
    assert_eq!(stage.turns().len(), 1);
}

#[test]
fn the_fleets_bound() {
    // A third one is kept for voice.
    let mut stage = Stage::with(FleetOptions { max_turns_in_flight: 3, ..FleetOptions::default() });
    let personas: Vec<_> = (0..3).map(|_| stage.persona()).collect();
    for &persona in &personas {
        stage.say(persona, 1);
    }
    let running: Vec<_> = stage.serve().turns.iter().map(|turn| turn.id).collect();
    assert_eq!((running.len(), stage.next.more), (2, false), "a completion, not a further call, helps now");
    assert_eq!(stage.fleet.slot_status(personas[2]).unwrap().held, Some(Held::FleetBusy));
    assert!(stage.complete(running[0], Outcome::Done));
    assert_eq!(stage.turn().slot, personas[2]);
}

#[test]
fn the_settlements_of_one_turn_stay_together() {
    let mut stage = Stage::new();
    let persona = stage.parallel_persona();
    for conversation in 0..3 {
        for _ in 0..20 {
            stage.say(persona, conversation);
        }
    }
    let turns: Vec<_> = stage.serve().turns.iter().map(|turn| turn.id).collect();
    for &turn in &turns {
        assert!(stage.complete(turn, Outcome::Failed));
    }
    for turn in turns {
        let settled = &stage.serve_within(Budget { turns: 0, settlements: 1, ..LARGE }).settlements;
        assert_eq!(settled.len(), 20);
        assert!(settled.iter().all(|one| one.turn == Some(turn)));
    }
    assert!(!stage.next.more);
}

/// So many timers that one call does not fire them all.
const FLOOD: u64 = 20_000;

/// Personas with a conversation for each of so many items, which all expire after 5 s.
fn flood(stage: &mut Stage) {
    let window = u64::from(SlotSettings::default().windows[Lane::Chat as usize]);
    let mut persona = stage.parallel_persona();
    for conversation in 0..FLOOD {
        if conversation % window == 0 {
            persona = stage.parallel_persona();
        }
        let mut item = stage.chat(persona, conversation);
        item.expires_at = Some(stage.now + 5_000);
        stage.fleet.arm(&item, stage.now);
    }
}

#[test]
fn a_flood_of_timers_is_worked_off_in_short_calls() {
    let mut stage = Stage::new();
    flood(&mut stage);
    let other = stage.persona();
    let item = stage.say(other, 1);
    stage.now += 5_000;
    let mut expired = Vec::new();
    let mut calls = 0;
    loop {
        let batch = stage.serve_within(Budget::default());
        expired.extend(batch.settlements.iter().map(|one| (one.item, one.reason)));
        if calls == 0 {
            assert_eq!(batch.items, [item], "the flood delays nobody, and nothing of it is handed out");
        }
        calls += 1;
        assert!(stage.fleet.status().dead <= calls * 6_000, "too many in one call");
        if !stage.next.more {
            break;
        }
    }
    expired.sort_unstable_by_key(|&(item, _)| item);
    assert!(expired.iter().map(|&(item, _)| item).eq(1..=FLOOD));
    assert!(expired.iter().all(|&(_, reason)| reason == Reason::Expired));
}

#[test]
fn settlements_that_nobody_takes_do_not_pile_up() {
    let mut stage = Stage::new();
    flood(&mut stage);
    stage.now += 5_000;
    for _ in 0..20 {
        stage.serve_within(Budget { turns: 10, settlements: 0, ..LARGE });
        assert!(stage.next.more);
    }
    assert!(stage.fleet.status().dead <= 4_096 + 20, "{}", stage.fleet.status().dead);
}
