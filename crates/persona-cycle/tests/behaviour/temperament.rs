//! Personas whose energy and load decide what they take up.

use persona_cycle::{Envelope, Flags, Held, Lane, Outcome, SlotId, SlotSettings};

use crate::stage::Stage;

fn moody() -> SlotSettings {
    SlotSettings { temperament: true, max_parallel_turns: 1_024, ..SlotSettings::default() }
}

/// It has next to nothing left to compute with.
fn overwhelmed() -> SlotSettings {
    SlotSettings { compute: 199, ..moody() }
}

/// The persona answers a human for so long, which no mood stands against.
fn work(stage: &mut Stage, persona: SlotId, ms: i64) {
    stage.flag(persona, 0, Flags::HUMAN);
    let turn = stage.turn();
    stage.now += ms;
    assert!(stage.complete(turn.id, Outcome::Done));
}

/// Compares how long the only item is held, and sees that it goes then and not before.
fn goes_after(stage: &mut Stage, persona: SlotId, reason: Held, ms: i64) {
    let until = stage.now + ms;
    assert_eq!(stage.hindrance(persona), (Some(reason), Some(stage.now), Some(until)));
    stage.now = until - 1;
    assert!(stage.turns().is_empty(), "{ms} ms are not over");
    stage.now = until;
    assert_eq!(stage.turns().len(), 1, "{ms} ms are over");
}

#[test]
fn it_is_off_by_default() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { compute: 0, ..SlotSettings::default() });
    for _ in 0..30 {
        stage.put(persona, 1, |item| item.priority = 0.0);
    }
    assert_eq!(stage.end_turn(Outcome::Done).len(), 20);
    assert_eq!(stage.status(persona).energy, 1_000);
}

#[test]
fn with_more_than_twenty_waiting_it_takes_up_what_is_important() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(moody());
    for conversation in 0..20 {
        stage.say(persona, conversation);
    }
    assert_eq!(stage.status(persona).held, None, "20 are not too many");
    stage.say(persona, 20);
    assert_eq!(stage.status(persona).held, Some(Held::Overwhelmed));
    assert!(stage.turns().is_empty());
    let important = stage.put(persona, 21, |item| item.priority = 0.9);
    assert_eq!(stage.turns(), [[important]]);
    assert_eq!(stage.status(persona).held, Some(Held::Overwhelmed));
    stage.put(persona, 0, |item| item.flags = Flags::URGENT);
    assert_eq!(stage.turns().len(), 20 + 1, "with the urgent ones gone the others are not too many");
}

#[test]
fn what_is_in_the_store_weighs_on_it_too() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { windows: [10; 4], ..moody() });
    for conversation in 0..21 {
        stage.say(persona, conversation);
    }
    assert_eq!((stage.status(persona).in_store, stage.status(persona).held), (11, Some(Held::Overwhelmed)));
}

#[test]
fn waiting_makes_things_important_enough() {
    // Overwhelmed it wants more than 0.8; waiting gains 0.5 in 30 s (a task: in 60 s), and at 60 s nothing is refused.
    let table = [
        (Lane::Chat, 0.5, 18_001),
        (Lane::Chat, 0.8, 1),
        (Lane::Chat, 0.3, 60_000),
        (Lane::Chat, 0.0, 60_000),
        (Lane::Task, 0.5, 36_001),
        (Lane::Background, 0.5, 18_001),
    ];
    for (lane, priority, ms) in table {
        let mut stage = Stage::new();
        let persona = stage.persona_with(overwhelmed());
        stage.put(persona, 1, |item| (item.lane, item.priority) = (lane, priority));
        goes_after(&mut stage, persona, Held::Overwhelmed, ms);
    }
}

#[test]
fn what_no_mood_stands_against() {
    let goes = |change: fn(&mut Envelope)| {
        let mut stage = Stage::new();
        let persona = stage.persona_with(overwhelmed());
        stage.put(persona, 1, change);
        !stage.turns().is_empty()
    };
    assert!(!goes(|item| item.flags = Flags::MENTION), "nor does it go for a machine's mention");
    assert!(goes(|item| item.lane = Lane::Voice));
    assert!(goes(|item| item.flags = Flags::URGENT));
    assert!(goes(|item| item.flags = Flags::HUMAN));
    assert!(goes(|item| item.flags = Flags::ROOM.with(Flags::HUMAN).with(Flags::MENTION)));
    assert!(!goes(|item| item.flags = Flags::ROOM.with(Flags::HUMAN)));
    assert!(goes(|item| item.enqueued_at -= 60_000));
    assert!(!goes(|item| (item.priority, item.enqueued_at) = (0.0, item.enqueued_at - 59_999)));
}

#[test]
fn a_humans_word_carries_what_it_merges_with() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(overwhelmed());
    let machine = stage.say(persona, 1);
    assert!(stage.turns().is_empty());
    let human = stage.flag(persona, 1, Flags::HUMAN);
    let behind = stage.say(persona, 1);
    assert_eq!(stage.turns(), [[machine, human, behind]]);
}

#[test]
fn compute_below_a_fifth_overwhelms() {
    for (compute, expected) in [(200, None), (199, Some(Held::Overwhelmed)), (0, Some(Held::Overwhelmed))] {
        let mut stage = Stage::new();
        let persona = stage.persona_with(moody());
        stage.say(persona, 1);
        stage.configure(persona, SlotSettings { compute, ..moody() });
        assert_eq!(stage.status(persona).held, expected, "{compute} permille");
    }
}

enum Step {
    Work(i64),
    Rest(i64),
}

#[test]
fn energy() {
    use Step::{Rest, Work};
    let check = |complexity, steps: &[Step], expected| {
        let mut stage = Stage::new();
        let persona = stage.persona_with(SlotSettings { complexity, ..moody() });
        for step in steps {
            match *step {
                Work(ms) => work(&mut stage, persona, ms),
                Rest(ms) => assert!(stage.serve_after(ms).turns.is_empty()),
            }
        }
        assert_eq!(stage.status(persona).energy, expected);
    };
    check(1_000, &[], 1_000);
    check(1_000, &[Work(60_000)], 900);
    check(2_000, &[Work(60_000)], 800);
    check(0, &[Work(60_000)], 1_000);
    check(1_000, &[Work(60_000), Rest(15_000)], 950);
    check(1_000, &[Work(60_000), Rest(30_000)], 1_000);
    check(1_000, &[Work(60_000), Rest(15_000), Work(60_000)], 850);
    check(1_000, &[Rest(3_600_000), Work(60_000)], 900);
    check(1_000, &[Work(600_000)], 0);
    check(10_000, &[Work(3_600_000), Rest(30_000)], 100);
}

#[test]
fn there_is_no_rest_while_a_turn_is_in_flight() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(moody());
    stage.say(persona, 1);
    stage.say(persona, 2);
    let turns: Vec<_> = stage.serve().turns.iter().map(|turn| turn.id).collect();
    stage.serve_after(60_000);
    assert!(stage.complete(turns[0], Outcome::Failed));
    assert_eq!(stage.status(persona).energy, 900, "a failure tires like an answer");
    stage.serve_after(30_000);
    assert_eq!(stage.status(persona).energy, 900);
    assert!(stage.complete(turns[1], Outcome::Done));
    assert_eq!(stage.status(persona).energy, 750);
}

#[test]
fn tired_it_rests_first() {
    let check = |worked, lane, priority, ms: Option<i64>| {
        let mut stage = Stage::new();
        let persona = stage.persona_with(moody());
        work(&mut stage, persona, worked);
        stage.put(persona, 1, |item| (item.lane, item.priority) = (lane, priority));
        match ms {
            Some(ms) => goes_after(&mut stage, persona, Held::Tired, ms),
            None => assert_eq!(stage.turns().len(), 1),
        }
    };
    // At 0.3 it is not tired; a millisecond of work more is made good by half a millisecond of rest.
    check(420_000, Lane::Chat, 0.0, None);
    check(420_001, Lane::Chat, 0.0, Some(1));
    // From 0.2 it rests for 30 s, unless waiting makes the item important first.
    check(480_000, Lane::Chat, 0.0, Some(30_000));
    check(480_000, Lane::Chat, 0.2, Some(18_001));
    check(480_000, Lane::Task, 0.2, Some(30_000));
    check(480_000, Lane::Background, 0.5, Some(1));
    check(480_000, Lane::Chat, 0.51, None);
    // From nothing rest takes longer than anything may wait.
    check(600_000, Lane::Chat, 0.0, Some(60_000));
}

#[test]
fn tired_and_at_work_it_waits_for_the_end_of_that() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(moody());
    work(&mut stage, persona, 480_000);
    stage.flag(persona, 0, Flags::HUMAN);
    let turn = stage.turn();
    stage.put(persona, 1, |item| item.priority = 0.0);
    assert_eq!(stage.hindrance(persona), (Some(Held::Tired), Some(stage.now), Some(stage.now + 60_000)));
    let held_since = stage.now;
    stage.serve_after(1_000);
    assert!(stage.complete(turn.id, Outcome::Declined));
    let rested = stage.now + 30_500;
    assert_eq!(stage.hindrance(persona), (Some(Held::Tired), Some(held_since), Some(rested)));
    stage.now = rested;
    assert_eq!(stage.turns().len(), 1);
}

#[test]
fn switched_off_it_forgets_and_switched_on_it_starts_full() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(moody());
    work(&mut stage, persona, 480_000);
    stage.put(persona, 1, |item| item.priority = 0.0);
    assert_eq!(stage.status(persona).held, Some(Held::Tired));
    stage.configure(persona, SlotSettings { complexity: 7, ..moody() });
    assert_eq!((stage.status(persona).held, stage.status(persona).energy), (Some(Held::Tired), 200));
    stage.configure(persona, SlotSettings::default());
    assert_eq!((stage.status(persona).held, stage.status(persona).energy), (None, 1_000));
    stage.configure(persona, moody());
    assert_eq!((stage.status(persona).held, stage.status(persona).energy), (None, 1_000));
}

/// Found by the simulation (seed 1284): the crowd goes while its conversations are looked at.
#[test]
fn what_is_declined_on_the_way_ends_the_crowd_for_all() {
    let mut stage = Stage::new();
    let persona =
        stage.persona_with(SlotSettings { paused: true, room_gap_ms: 0, ..SlotSettings::default() });
    let room = |stage: &mut Stage| {
        let item = Envelope { flags: Flags::ROOM, priority: 0.1, ..stage.chat(persona, 99) };
        stage.arm(&item);
    };
    room(&mut stage);
    let open = SlotSettings { room_gap_ms: 0, ..SlotSettings::default() };
    assert_eq!(stage.fleet.configure(persona, open, stage.now), Ok(()));
    let turn = stage.turn().id;
    assert!(stage.complete(turn, Outcome::Done));
    let paused = SlotSettings { paused: true, ..open };
    assert_eq!(stage.fleet.configure(persona, paused, stage.now), Ok(()));
    for conversation in 0..20 {
        let item = Envelope { priority: 0.1, ..stage.chat(persona, conversation) };
        stage.arm(&item);
    }
    room(&mut stage);
    let choosy = SlotSettings { room_cap: 1, temperament: true, ..open };
    assert_eq!(stage.fleet.configure(persona, choosy, stage.now), Ok(()));
    stage.fleet.check();
    let status = stage.fleet.slot_status(persona).unwrap();
    assert_eq!((status.waiting, status.held), (20, None));
}
