//! How a persona leaves.

use persona_cycle::{Flags, Kind, Outcome, Reason, Refusal, SlotId, SlotSettings, Unenroll};

use crate::stage::Stage;

/// A persona with one turn in flight, one item behind it and one place reserved.
fn busy(stage: &mut Stage) -> (SlotId, persona_cycle::TurnId, u64) {
    let persona = stage.persona();
    stage.say(persona, 1);
    let turn = stage.turn();
    let waiting = stage.say(persona, 1);
    assert_eq!(stage.fleet.admit(persona, 1), Ok(()));
    (persona, turn.id, waiting)
}

fn arm_admitted(stage: &mut Stage, persona: SlotId) -> u64 {
    let mut item = stage.chat(persona, 1);
    item.flags = Flags::ADMITTED;
    stage.arm(&item);
    item.item
}

#[test]
fn draining_finishes_what_was_accepted() {
    let mut stage = Stage::new();
    let (persona, turn, waiting) = busy(&mut stage);
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Drain), Ok(()));
    assert_eq!(stage.fleet.admit(persona, 1), Err(Refusal::Draining));
    assert!(stage.fleet.slot_status(persona).is_some_and(|status| status.draining));
    let reserved = arm_admitted(&mut stage, persona);
    assert!(stage.complete(turn, Outcome::Failed));
    stage.now += 1_101;
    let last = stage.turn();
    assert_eq!(stage.batch.items, [1, waiting, reserved]);
    assert!(stage.batch.freed.is_empty());
    assert!(stage.complete(last.id, Outcome::Done));
    assert_eq!(stage.serve().freed, [persona]);
    assert_eq!(stage.fleet.slot_status(persona), None);
}

#[test]
fn returning_gives_back_what_waits_and_what_still_comes() {
    let mut stage = Stage::new();
    let (persona, turn, waiting) = busy(&mut stage);
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Return), Ok(()));
    let declined = |stage: &mut Stage| -> Vec<(u64, Option<persona_cycle::TurnId>)> {
        let settled = &stage.serve().settlements;
        assert!(settled.iter().all(|one| (one.kind, one.reason) == (Kind::Declined, Reason::Unenrolled)));
        settled.iter().map(|one| (one.item, one.turn)).collect()
    };
    assert_eq!(declined(&mut stage), [(waiting, None)]);
    let reserved = arm_admitted(&mut stage, persona);
    assert_eq!(declined(&mut stage), [(reserved, None)]);
    assert!(stage.batch.freed.is_empty(), "a turn is still in flight");
    assert!(stage.complete(turn, Outcome::Failed));
    assert_eq!(declined(&mut stage), [(1, Some(turn))]);
    assert_eq!(stage.batch.freed, [persona]);
}

#[test]
fn a_reservation_keeps_the_handle_until_it_is_released() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    assert_eq!(stage.fleet.admit(persona, 2), Ok(()));
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Return), Ok(()));
    assert!(stage.serve().freed.is_empty());
    stage.fleet.release(persona, 2);
    assert_eq!(stage.serve().freed, [persona]);
}

#[test]
fn draining_can_become_returning_but_not_the_other_way_round() {
    let mut stage = Stage::new();
    let paused = SlotSettings { paused: true, ..SlotSettings::default() };
    let persona = stage.persona_with(paused);
    stage.say(persona, 1);
    assert_eq!(stage.fleet.admit(persona, 1), Ok(()));
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Drain), Ok(()));
    assert!(stage.serve().settlements.is_empty());
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Return), Ok(()));
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Drain), Ok(()));
    assert_eq!(stage.serve().settlements.len(), 1);
    arm_admitted(&mut stage, persona);
    assert_eq!(stage.serve().settlements.len(), 1, "it still returns");
}

#[test]
fn a_stale_handle_never_names_the_next_persona() {
    let mut stage = Stage::new();
    let old = stage.persona();
    assert_eq!(stage.fleet.unenroll(old, Unenroll::Return), Ok(()));
    let new = stage.persona();
    assert_ne!(old, new);
    assert_eq!(old.get() & 0xffff_ffff, new.get() & 0xffff_ffff, "the row is used again");
    assert_eq!(stage.fleet.admit(old, 1), Err(Refusal::Unknown));
    let item = stage.say(old, 1);
    let batch = stage.serve();
    assert!(batch.turns.is_empty());
    let settlement = batch.settlements[0];
    assert_eq!((settlement.item, settlement.slot, settlement.reason), (item, old, Reason::Unenrolled));
    assert_eq!(stage.fleet.slot_status(new).map(|status| status.waiting), Some(0));
}

#[test]
fn a_persona_is_reported_gone_only_after_its_settlements() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    for conversation in 0..3 {
        stage.say(persona, conversation);
    }
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Return), Ok(()));
    let one = persona_cycle::Budget { turns: 1, settlements: 1, wanted: 256 };
    for _ in 0..2 {
        assert_eq!((stage.serve_within(one).settlements.len(), stage.batch.freed.len()), (1, 0));
        assert!(stage.next.more);
    }
    assert_eq!((stage.serve_within(one).settlements.len(), stage.batch.freed.len()), (1, 1));
    assert!(!stage.next.more);
}
