//! Deadlines of turns.

use persona_cycle::{Lane, Outcome, Reason, SlotSettings};

use crate::stage::Stage;

#[test]
fn a_voice_turn_has_twenty_seconds_at_most() {
    for (lane, deadline_ms, expected) in [
        (Lane::Voice, 120_000, 20_000),
        (Lane::Voice, 5_000, 5_000),
        (Lane::Chat, 120_000, 120_000),
        (Lane::Background, 1, 1),
    ] {
        let mut stage = Stage::new();
        let persona = stage.persona_with(SlotSettings { deadline_ms, ..SlotSettings::default() });
        let item = stage.item(persona, 1, lane);
        stage.arm(&item);
        assert_eq!(stage.turn().deadline, stage.now + expected);
        assert_eq!(stage.next.deadline, Some(stage.now + expected));
    }
}

#[test]
fn a_lease_that_runs_out_is_a_timeout_and_later_answers_are_late() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let item = stage.say(persona, 1);
    let turn = stage.turn();
    assert!(stage.serve_after(119_999).expired.is_empty());
    assert_eq!(stage.serve_after(1).expired, [turn.id]);
    let settlement = stage.batch.settlements[0];
    assert_eq!(
        (settlement.item, settlement.turn, settlement.reason),
        (item, Some(turn.id), Reason::TimedOut)
    );
    assert!(!stage.fleet.settling(turn.id));
    assert!(!stage.complete(turn.id, Outcome::Done));
}

#[test]
fn an_answer_that_is_being_written_does_not_time_out() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 1);
    let turn = stage.turn();
    assert!(stage.fleet.settling(turn.id));
    assert!(stage.fleet.settling(turn.id), "twice is once");
    assert!(stage.serve_after(10_000_000).expired.is_empty());
    assert_eq!(stage.next.deadline, None);
    assert!(stage.complete(turn.id, Outcome::Done));
}

#[test]
fn a_clock_that_is_moved_forward_takes_no_time_from_turns_in_flight() {
    const HOURS: i64 = 8 * 3_600_000;
    let mut stage = Stage::new();
    let persona = stage.parallel_persona();
    stage.say(persona, 1);
    let turn = stage.turn();
    stage.say(persona, 2);
    let written = stage.turn();
    assert!(stage.fleet.settling(written.id));
    let later = stage.put(persona, 3, |item| item.not_before = Some(item.enqueued_at + HOURS));
    stage.serve_after(20_000);

    stage.fleet.stepped(HOURS);
    stage.now += HOURS;
    stage.serve();
    assert!(stage.batch.expired.is_empty());
    assert_eq!(stage.batch.items, [later], "its moment has come");
    assert_eq!(stage.next.deadline, Some(turn.deadline + HOURS));
    assert!(stage.serve_after(99_999).expired.is_empty());
    assert_eq!(stage.serve_after(1).expired, [turn.id]);
    assert!(stage.complete(written.id, Outcome::Done), "what is being written has no lease");
}

#[test]
fn a_new_deadline_holds_for_new_turns() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 1);
    let turn = stage.turn();
    let settings = SlotSettings { deadline_ms: 10, ..SlotSettings::default() };
    assert_eq!(stage.fleet.configure(persona, settings, stage.now), Ok(()));
    assert!(stage.serve_after(10).expired.is_empty());
    assert!(stage.complete(turn.id, Outcome::Done));
    stage.say(persona, 1);
    assert_eq!(stage.turn().deadline, stage.now + 10);
}
