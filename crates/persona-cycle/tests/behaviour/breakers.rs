//! After so many failures in a row a persona is left alone for a while, then one turn tries whether it answers again.

use persona_cycle::{
    BreakerState::{self, Closed, HalfOpen, Open},
    Flags, Held, Outcome, SlotId, SlotSettings, TurnId,
};

use crate::stage::Stage;

const LATER: i64 = i64::MAX;

fn persona(stage: &mut Stage, breaker_failures: u32) -> SlotId {
    let settings = SlotSettings { breaker_failures, max_parallel_turns: 16, ..SlotSettings::default() };
    stage.persona_with(settings)
}

/// A turn in a conversation of its own ends like this. Its item is on its last try: a failure leaves nothing behind.
fn end_one(stage: &mut Stage, persona: SlotId, outcome: Outcome) {
    let mut item = stage.chat(persona, 0);
    (item.conversation, item.failures) = (item.item, 2);
    stage.arm(&item);
    stage.end_turn(outcome);
}

fn fail(stage: &mut Stage, persona: SlotId, times: u32) {
    for _ in 0..times {
        end_one(stage, persona, Outcome::Failed);
    }
}

/// State and count of the breaker.
fn breaker(stage: &Stage, persona: SlotId) -> (BreakerState, u32) {
    let status = stage.status(persona).breaker;
    (status.state, status.failures)
}

/// Lets the pause of an open breaker pass, and gives how long it was.
fn wait_until_half_open(stage: &mut Stage, persona: SlotId) -> i64 {
    let until = stage.status(persona).breaker.until.unwrap_or(LATER);
    let pause = until - stage.now;
    stage.now = until - 1;
    stage.serve();
    assert_eq!(breaker(stage, persona).0, Open, "a millisecond before");
    stage.now = until;
    pause
}

#[test]
fn the_fifth_failure_in_a_row_opens_it() {
    let mut stage = Stage::new();
    let (failing, other) = (persona(&mut stage, 5), stage.persona());
    fail(&mut stage, failing, 4);
    assert_eq!(breaker(&stage, failing), (Closed, 4));
    let items = [stage.say(failing, 1), stage.say(failing, 2)];
    assert_eq!(stage.status(failing).held, None);
    fail_all(&mut stage, &items);
    let until = stage.status(failing).breaker.until;
    assert!(until.is_some_and(|until| (27_000..=33_000).contains(&(until - stage.now))), "{until:?}");
    assert_eq!(breaker(&stage, failing), (Open, 0));
    assert_eq!(stage.hindrance(failing), (Some(Held::BreakerOpen), Some(stage.now), until));
    assert_eq!(stage.serve().turns.len(), 0);
    let elsewhere = stage.say(other, 1);
    assert_eq!(stage.turns(), [[elsewhere]], "it is no other persona's");
}

/// Forms a turn for each of the items and fails them all.
fn fail_all(stage: &mut Stage, items: &[u64]) {
    let turns: Vec<TurnId> = stage.serve().turns.iter().map(|turn| turn.id).collect();
    assert_eq!(turns.len(), items.len());
    for turn in turns {
        assert!(stage.complete(turn, Outcome::Failed));
    }
}

#[test]
fn only_failures_in_a_row_count() {
    use Outcome::{Cancelled, Declined, Done, Failed, Throttled, TimedOut};
    let check = |outcomes: &[Outcome], failures| {
        let mut stage = Stage::new();
        let persona = persona(&mut stage, 5);
        for &outcome in outcomes {
            end_one(&mut stage, persona, outcome);
        }
        assert_eq!(breaker(&stage, persona), (Closed, failures), "{outcomes:?}");
    };
    check(&[], 0);
    check(&[TimedOut], 1);
    check(&[Failed, TimedOut, Failed, TimedOut], 4);
    check(&[Failed, Failed, Failed, Failed, Done, Failed], 1);
    check(&[Failed, Failed, Failed, Failed, Declined, Failed], 1);
    check(&[Throttled { retry_at: LATER }, Cancelled { retry_at: LATER }], 0);
    check(&[Failed, Throttled { retry_at: LATER }, Cancelled { retry_at: LATER }, Failed], 2);
}

#[test]
fn one_probe_decides() {
    let check = |outcome: Outcome, expected: (BreakerState, u32)| {
        let mut stage = Stage::new();
        let persona = persona(&mut stage, 1);
        fail(&mut stage, persona, 1);
        let keys = [stage.say(persona, 1), stage.say(persona, 2), stage.say(persona, 3)];
        wait_until_half_open(&mut stage, persona);
        let probe = stage.turn();
        assert_eq!((breaker(&stage, persona), stage.batch.items.as_slice()), ((HalfOpen, 0), &keys[..1]));
        assert_eq!(stage.hindrance(persona), (Some(Held::BreakerProbing), Some(stage.now), None));
        assert!(stage.serve_after(1_000).turns.is_empty(), "one at a time");
        assert!(stage.complete(probe.id, outcome));
        assert_eq!(breaker(&stage, persona), expected, "{outcome:?}");
        stage.serve().turns.len()
    };
    assert_eq!(check(Outcome::Done, (Closed, 0)), 2, "all that waits");
    assert_eq!(check(Outcome::Declined, (Closed, 0)), 2, "it answers, if only with a no");
    assert_eq!(check(Outcome::Failed, (Open, 1)), 0);
    assert_eq!(check(Outcome::TimedOut, (Open, 1)), 0);
    assert_eq!(check(Outcome::Throttled { retry_at: LATER }, (HalfOpen, 0)), 1, "the next probe");
    assert_eq!(check(Outcome::Cancelled { retry_at: LATER }, (HalfOpen, 0)), 1, "the next probe");
}

#[test]
fn a_probe_whose_outcome_never_comes_ends_with_its_lease() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 1);
    fail(&mut stage, persona, 1);
    stage.say(persona, 1);
    wait_until_half_open(&mut stage, persona);
    let probe = stage.turn();
    assert_eq!(stage.serve_after(120_000).expired, [probe.id]);
    assert_eq!(breaker(&stage, persona), (Open, 1));
}

#[test]
fn it_stays_open_twice_as_long_after_each_failed_probe() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 1);
    let expected = [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000];
    for (times, pause) in (0..).zip(expected) {
        fail(&mut stage, persona, 1);
        assert_eq!(breaker(&stage, persona), (Open, times));
        let waited = wait_until_half_open(&mut stage, persona);
        assert!((pause - pause / 10..=pause + pause / 10).contains(&waited), "{waited} of {pause}");
    }
    end_one(&mut stage, persona, Outcome::Done);
    fail(&mut stage, persona, 1);
    assert!(wait_until_half_open(&mut stage, persona) <= 33_000, "an answer makes it forget");
}

#[test]
fn what_began_before_the_last_change_counts_for_nothing() {
    for late in [Outcome::Done, Outcome::Failed, Outcome::Throttled { retry_at: LATER }] {
        let mut stage = Stage::new();
        let persona = persona(&mut stage, 2);
        for conversation in 0..4 {
            stage.say(persona, conversation);
        }
        let turns: Vec<TurnId> = stage.serve().turns.iter().map(|turn| turn.id).collect();
        for &turn in &turns[..2] {
            assert!(stage.complete(turn, Outcome::Failed));
        }
        let opened = stage.status(persona).breaker;
        assert!(stage.complete(turns[2], late));
        assert_eq!(stage.status(persona).breaker, opened, "{late:?} while it is open");
        wait_until_half_open(&mut stage, persona);
        let probe = stage.turn();
        assert!(stage.complete(turns[3], late));
        assert_eq!(breaker(&stage, persona), (HalfOpen, 0), "{late:?} during the probe");
        assert!(stage.serve().turns.is_empty(), "{late:?} lets no second probe through");
        assert!(stage.complete(probe.id, Outcome::Done));
        assert_eq!(breaker(&stage, persona), (Closed, 0));
    }
}

#[test]
fn a_breaker_of_zero_never_opens() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 0);
    fail(&mut stage, persona, 2_000);
    assert_eq!(breaker(&stage, persona), (Closed, 2_000));
}

#[test]
fn switching_it_off_closes_it_at_once() {
    let settings = |breaker_failures| SlotSettings { breaker_failures, ..SlotSettings::default() };
    let mut stage = Stage::new();
    let persona = stage.persona_with(settings(1));
    fail(&mut stage, persona, 1);
    let item = stage.say(persona, 1);
    stage.configure(persona, settings(0));
    assert_eq!(breaker(&stage, persona), (Closed, 0));
    assert_eq!(stage.end_turn(Outcome::Done), [item]);

    stage.configure(persona, settings(1));
    fail(&mut stage, persona, 1);
    wait_until_half_open(&mut stage, persona);
    stage.say(persona, 1);
    let probe = stage.turn();
    stage.configure(persona, settings(0));
    stage.configure(persona, settings(1));
    assert!(stage.complete(probe.id, Outcome::Failed));
    assert_eq!(breaker(&stage, persona), (Closed, 0), "the probe was of another time");
}

#[test]
fn other_settings_leave_it_as_it_is() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 2);
    fail(&mut stage, persona, 2);
    let opened = stage.status(persona).breaker;
    stage.configure(persona, SlotSettings { breaker_failures: 9, ..SlotSettings::default() });
    assert_eq!(stage.status(persona).breaker, opened);
}

#[test]
fn what_a_crash_cut_off_does_not_count() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 1);
    for conversation in 0..10 {
        stage.flag(persona, conversation, Flags::UNKNOWN.with(Flags::WAS_ALONE));
    }
    assert_eq!(breaker(&stage, persona), (Closed, 0));
}
