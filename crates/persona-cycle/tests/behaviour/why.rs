//! Why something waits, since when, until when: for a persona, and for each of its conversations.

use persona_cycle::{
    Flags, FleetOptions, Held, Lane, Outcome, SleepMode, SlotId, SlotSettings, StrandStatus, Unenroll,
};

use crate::stage::Stage;

type Hindrance = (Option<Held>, Option<i64>, Option<i64>);

const FREE: Hindrance = (None, None, None);

/// Compares what is said of the persona with what is said of its only conversation in which something waits.
fn check(stage: &Stage, persona: SlotId, of_persona: Hindrance, of_conversation: Hindrance) {
    assert_eq!(stage.hindrance(persona), of_persona);
    let strands = stage.why(persona);
    assert_eq!(strands.len(), 1, "{strands:?}");
    let StrandStatus { held, since, until, .. } = strands[0];
    assert_eq!((held, since, until), of_conversation);
}

#[test]
fn nothing_hinders_what_is_about_to_go() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    assert_eq!((stage.hindrance(persona), stage.why(persona)), (FREE, vec![]));
    let first = stage.say(persona, 1);
    stage.say(persona, 1);
    check(&stage, persona, FREE, FREE);
    let StrandStatus { conversation, item, waiting, .. } = stage.why(persona)[0];
    assert_eq!((conversation, item, waiting), (1, first, 2));
}

#[test]
fn a_pause_of_the_persona() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 1);
    let paused = SlotSettings { paused: true, ..SlotSettings::default() };
    stage.now += 5;
    stage.configure(persona, paused);
    let held = (Some(Held::Paused), Some(stage.now), None);
    stage.now += 5;
    stage.configure(persona, SlotSettings { max_queued: 7, ..paused });
    check(&stage, persona, held, held);
}

#[test]
fn the_first_gate_is_named() {
    let mut stage = Stage::new();
    let one = SlotSettings { breaker_failures: 1, ..SlotSettings::default() };
    let persona = stage.persona_with(one);
    stage.put(persona, 1, |item| item.failures = 2);
    stage.end_turn(Outcome::Failed);
    stage.say(persona, 1);
    assert_eq!(stage.status(persona).held, Some(Held::BreakerOpen));
    stage.sleep(persona, SleepMode::Sleeping, None);
    assert_eq!(stage.status(persona).held, Some(Held::Asleep));
    stage.configure(persona, SlotSettings { paused: true, ..one });
    assert_eq!(stage.status(persona).held, Some(Held::Paused));
    stage.configure(persona, one);
    assert_eq!(stage.status(persona).held, Some(Held::Asleep));
    stage.sleep(persona, SleepMode::Active, None);
    assert_eq!(stage.status(persona).held, Some(Held::BreakerOpen));
}

#[test]
fn a_turn_in_the_same_conversation() {
    let mut stage = Stage::new();
    let persona = stage.parallel_persona();
    stage.say(persona, 1);
    let turn = stage.turn();
    assert_eq!((stage.hindrance(persona), stage.why(persona)), (FREE, vec![]), "nothing waits");
    stage.now += 5;
    stage.say(persona, 1);
    let (since, until) = (Some(turn.formed_at), Some(turn.deadline));
    check(&stage, persona, (Some(Held::Busy), since, None), (Some(Held::Busy), since, until));
    assert!(stage.fleet.settling(turn.id));
    check(&stage, persona, (Some(Held::Busy), since, None), (Some(Held::Busy), since, None));
}

#[test]
fn its_own_bound() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { max_parallel_turns: 2, ..SlotSettings::default() });
    stage.say(persona, 1);
    stage.turn();
    stage.now += 5;
    stage.say(persona, 2);
    stage.turn();
    let held = (Some(Held::Busy), Some(stage.now), None);
    stage.now += 5;
    stage.say(persona, 3);
    check(&stage, persona, held, held);
}

#[test]
fn the_fleets_bound() {
    let mut stage = Stage::with(FleetOptions { max_turns_in_flight: 1, ..FleetOptions::default() });
    let (busy, persona) = (stage.persona(), stage.persona());
    stage.say(busy, 1);
    stage.turn();
    let held = (Some(Held::FleetBusy), Some(stage.now), None);
    stage.say(persona, 1);
    stage.now += 5;
    check(&stage, persona, held, held);
}

#[test]
fn the_bound_of_a_lane() {
    // One of two turns is kept for voice.
    let mut stage = Stage::with(FleetOptions { max_turns_in_flight: 2, ..FleetOptions::default() });
    let (busy, persona) = (stage.persona(), stage.persona());
    stage.say(busy, 1);
    stage.turn();
    stage.say(persona, 1);
    stage.put(persona, 2, |item| item.lane = Lane::Voice);
    let held: Vec<_> = stage.why(persona).iter().map(|one| one.held).collect();
    assert_eq!((held.as_slice(), stage.hindrance(persona)), (&[Some(Held::FleetBusy), None][..], FREE));
}

#[test]
fn a_moment_that_has_not_come() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.put(persona, 1, |item| item.not_before = Some(item.enqueued_at + 500));
    let held = (Some(Held::BackingOff), Some(stage.now), Some(stage.now + 500));
    check(&stage, persona, held, held);
    stage.sleep(persona, SleepMode::Sleeping, None);
    check(&stage, persona, (Some(Held::Asleep), Some(stage.now), None), held);
}

#[test]
fn of_several_holds_the_persona_names_the_one_that_ends_first() {
    let mut stage = Stage::new();
    let persona = stage.parallel_persona();
    stage.flag(persona, 1, Flags::ROOM);
    stage.end_turn(Outcome::Done);
    stage.flag(persona, 1, Flags::ROOM);
    assert_eq!(stage.hindrance(persona), (Some(Held::RoomGap), Some(stage.now), Some(stage.now + 10_000)));
    for (conversation, ms) in [(2, 700), (3, 300), (4, 500)] {
        stage.put(persona, conversation, |item| item.not_before = Some(item.enqueued_at + ms));
    }
    assert_eq!(stage.hindrance(persona), (Some(Held::BackingOff), Some(stage.now), Some(stage.now + 300)));
    let reasons: Vec<_> = stage.why(persona).iter().map(|one| (one.conversation, one.held)).collect();
    let backing_off = Some(Held::BackingOff);
    assert_eq!(reasons, [(1, Some(Held::RoomGap)), (2, backing_off), (3, backing_off), (4, backing_off)]);
}

#[test]
fn a_hold_that_changes_its_end_keeps_its_beginning() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.flag(persona, 1, Flags::ROOM);
    stage.end_turn(Outcome::Done);
    let answered = stage.now;
    stage.now += 5;
    stage.flag(persona, 1, Flags::ROOM);
    let since = Some(stage.now);
    stage.now += 5;
    stage.configure(persona, SlotSettings { room_gap_ms: 20_000, ..SlotSettings::default() });
    let held = (Some(Held::RoomGap), since, Some(answered + 20_000));
    check(&stage, persona, held, held);
}

#[test]
fn a_limit_on_the_conversations() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    for conversation in [5, 3, 9] {
        stage.say(persona, conversation);
    }
    let mut strands = stage.why(persona);
    assert!(strands.iter().map(|one| one.conversation).eq([5, 3, 9]));
    stage.fleet.why(persona, 2, &mut strands);
    assert!(strands.iter().map(|one| one.conversation).eq([5, 3]), "what was there before is gone");
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Return), Ok(()));
    stage.fleet.why(persona, 2, &mut strands);
    assert_eq!(strands, [], "a stale handle");
}

#[test]
fn asking_changes_nothing() {
    let mut stage = Stage::new();
    let persona = stage.parallel_persona();
    for (conversation, lane) in (1..).zip(Lane::ALL) {
        stage.put(persona, conversation, |item| item.lane = lane);
    }
    let before = stage.fleet.status();
    stage.why(persona);
    stage.status(persona);
    assert_eq!(stage.fleet.status(), before);
    assert_eq!(stage.serve().turns.len(), 4);
}

#[test]
fn whoever_has_something_to_do() {
    let mut stage = Stage::new();
    let [idle, waits, works] = [(); 3].map(|()| stage.persona());
    stage.say(works, 1);
    stage.turn();
    stage.say(works, 1);
    stage.configure(waits, SlotSettings { paused: true, ..SlotSettings::default() });
    stage.say(waits, 2);
    let busy = |stage: &Stage| -> Vec<_> {
        stage.fleet.loads().map(|load| (load.slot, load.waiting, load.turns_in_flight)).collect()
    };
    assert_eq!(busy(&stage), [(waits, 1, 0), (works, 1, 1)], "and not {idle:?}");
    assert_eq!(stage.fleet.unenroll(waits, Unenroll::Return), Ok(()));
    stage.serve();
    assert_eq!(busy(&stage), [(works, 1, 1)], "its place is free");
}
