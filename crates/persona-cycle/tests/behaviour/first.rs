//! The first tests of the earlier system, as far as they belong to this crate. (Ids, names and commands are checked
//! where they are known; here a persona is a handle. Options and settings: `bad_settings.rs`.)

use persona_cycle::{Fault, Lane, Outcome, SlotId, SlotSettings};

use crate::stage::Stage;

#[test]
fn status_with_none() {
    let mut stage = Stage::new();
    let status = stage.fleet.status();
    assert_eq!((status.personas, status.waiting, status.accepted), (0, 0, 0));
    assert_eq!(stage.fleet.slot_status(SlotId::from_raw(1 << 32)), None);
    assert_eq!(stage.turns(), [] as [Vec<u64>; 0]);
    assert_eq!((stage.next.deadline, stage.next.more), (None, false));
}

#[test]
fn enrolling_constructs_and_shows() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 1);
    let task = stage.item(persona, 2, Lane::Task);
    stage.arm(&task);
    let status = stage.fleet.slot_status(persona).unwrap();
    assert_eq!((status.waiting, status.lanes), (2, [0, 1, 1, 0]));
    assert_eq!((status.turns_in_flight, status.held, status.draining), (0, None, false));
    assert_eq!(stage.fleet.status().lanes, [0, 1, 1, 0]);
}

#[test]
fn configuring_again_keeps_the_inbox() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { paused: true, ..SlotSettings::default() });
    let item = stage.say(persona, 1);
    assert_eq!(stage.turns().len(), 0);
    assert_eq!(stage.fleet.configure(persona, SlotSettings::default(), stage.now), Ok(()));
    assert_eq!(stage.turns(), [[item]]);
}

#[test]
fn two_are_both_kept() {
    let mut stage = Stage::new();
    let (one, other) = (stage.persona(), stage.persona());
    assert_ne!(one, other);
    let (first, second) = (stage.say(one, 1), stage.say(other, 1));
    assert_eq!(stage.turns(), [[first], [second]]);
    assert_eq!(stage.fleet.status().personas, 2);
}

#[test]
fn an_unknown_handle_is_refused() {
    let mut stage = Stage::new();
    stage.persona();
    let stranger = SlotId::from_raw(7);
    assert_eq!(stage.fleet.configure(stranger, SlotSettings::default(), stage.now), Err(Fault::UnknownSlot));
    assert_eq!(stage.fleet.slot_status(stranger), None);
}

#[test]
fn a_tick_does_something() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let item = stage.say(persona, 1);
    let turn = stage.turn();
    assert_eq!((turn.slot, turn.conversation, turn.attempt), (persona, 1, 1));
    assert_eq!(stage.batch.items, [item]);
    assert!(stage.complete(turn.id, Outcome::Done));
    let status = stage.fleet.status();
    assert_eq!((status.accepted, status.done, status.waiting), (1, 1, 0));
}
