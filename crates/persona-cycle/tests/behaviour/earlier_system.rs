//! One test for each fault of the earlier system that this crate could have again.

use persona_cycle::{
    BreakerState, Budget, Flags, FleetOptions, Held, Lane, Outcome, Reason, SleepMode, SlotId, SlotSettings,
    Unenroll, Why,
};

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

/// There: popped items were lost, and so was what did not fit.
#[test]
fn everything_is_answered_once_however_turns_end() {
    let mut stage = Stage::new();
    let settings = SlotSettings { windows: [2; 4], max_parallel_turns: 3, ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    for n in 0..100 {
        stage.put(persona, n % 7, |item| item.lane = Lane::ALL[(n % 4) as usize]);
    }
    let mut answered: Vec<u64> = Vec::new();
    for round in 0.. {
        let batch = stage.serve_after(20_000).clone();
        stage.arm_wanted();
        for (n, turn) in batch.turns.iter().enumerate() {
            let retry_at = stage.now;
            let outcome = match (round + n) % 4 {
                0 => Outcome::Throttled { retry_at },
                1 => Outcome::Cancelled { retry_at },
                2 if turn.attempt == 1 => Outcome::Failed,
                _ => {
                    answered.extend(&batch.items[turn.items.clone()]);
                    Outcome::Done
                }
            };
            assert!(stage.complete(turn.id, outcome));
        }
        if stage.fleet.status().waiting == 0 {
            break;
        }
        assert!(round < 2_000, "it does not come to an end: {:?}", stage.fleet.status());
    }
    answered.sort_unstable();
    assert!(answered.into_iter().eq(1..=100));
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

/// There: "urgent" knew nothing but the queue. Here no window and no mood stands against it either.
#[test]
fn an_urgent_item_goes_next_however_much_there_is() {
    let mut stage = Stage::new();
    let settings = SlotSettings { windows: [30; 4], temperament: true, ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    for conversation in 0..100 {
        stage.say(persona, conversation);
    }
    let urgent = stage.flag(persona, 100, Flags::URGENT);
    assert_eq!(stage.turns(), [[urgent]]);
}

/// There: a breaker opened and had no half-open state: whoever failed was off, or the whole flood came back at once.
#[test]
fn whoever_failed_is_tried_again_with_one_turn() {
    let mut stage = Stage::new();
    let settings = SlotSettings { breaker_failures: 1, max_parallel_turns: 1_024, ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    stage.say(persona, 1);
    stage.end_turn(Outcome::Failed);
    for conversation in 2..50 {
        stage.say(persona, conversation);
    }
    assert!(stage.turns().is_empty());
    stage.now += 33_000;
    let probe = stage.turn();
    assert_eq!(stage.status(persona).breaker.state, BreakerState::HalfOpen);
    assert!(stage.complete(probe.id, Outcome::Done));
    assert_eq!(stage.serve().turns.len(), 48);
}

/// There: there were two copies of a persona's state, one of them never updated. Here what is shown is what decides.
#[test]
fn what_is_shown_is_what_decides() {
    let paused = |paused| SlotSettings { paused, ..SlotSettings::default() };
    let mut stage = Stage::new();
    let persona = stage.persona();
    goes_unless(&mut stage, persona, None);
    stage.configure(persona, paused(true));
    goes_unless(&mut stage, persona, Some(Held::Paused));
    stage.sleep(persona, SleepMode::Sleeping, Some(stage.now + 500));
    goes_unless(&mut stage, persona, Some(Held::Paused));
    stage.configure(persona, paused(false));
    goes_unless(&mut stage, persona, Some(Held::Asleep));
    stage.sleep(persona, SleepMode::HumanOnly, None);
    goes_unless(&mut stage, persona, Some(Held::Asleep));
    stage.flag(persona, 1, Flags::HUMAN);
    goes_unless(&mut stage, persona, None);
}

/// Says something, and sees that it is handed out exactly if nothing is shown to stand against that.
fn goes_unless(stage: &mut Stage, persona: SlotId, held: Option<Held>) {
    stage.say(persona, 1);
    assert_eq!(stage.status(persona).held, held);
    match held {
        Some(_) => assert!(stage.turns().is_empty(), "{held:?}"),
        None => assert!(!stage.end_turn(Outcome::Done).is_empty()),
    }
}

/// There: the limiter and the caches were never fed on the live path. Here that path is all there is.
#[test]
fn living_feeds_every_limit() {
    let mut stage = Stage::new();
    let settings = SlotSettings {
        breaker_failures: 2,
        room_cap: 2,
        room_gap_ms: 0,
        temperament: true,
        ..SlotSettings::default()
    };
    let persona = stage.persona_with(settings);
    for _ in 0..2 {
        stage.flag(persona, 1, Flags::ROOM);
        let turn = stage.turn();
        stage.now += 60_000;
        assert!(stage.complete(turn.id, Outcome::Done));
    }
    assert_eq!(stage.status(persona).energy, 800);
    let item = stage.flag(persona, 1, Flags::ROOM);
    assert_eq!(stage.settled(), [(item, Reason::RoomCap)]);
    for conversation in [2, 3] {
        stage.say(persona, conversation);
        let turn = stage.turn();
        assert_eq!(stage.serve_after(120_000).expired, [turn.id]);
    }
    assert_eq!(stage.status(persona).breaker.state, BreakerState::Open);
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
    assert_eq!(stage.fleet.configure(paused, settings, stage.now), Ok(()));
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
