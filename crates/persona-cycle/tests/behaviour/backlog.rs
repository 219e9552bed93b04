//! Items beyond a persona's windows wait in the caller's store, and are asked for when there is room.

use persona_cycle::{Batch, Budget, Flags, Held, Lane, Outcome, Reason, SlotId, SlotSettings, Unenroll};

use crate::stage::{LARGE, Stage};

/// One mind with so large a window in each lane.
fn narrow(window: u32) -> SlotSettings {
    SlotSettings { windows: [window; 4], ..SlotSettings::default() }
}

/// The same that says nothing yet.
fn paused(window: u32) -> SlotSettings {
    SlotSettings { paused: true, ..narrow(window) }
}

/// Items in conversations of their own, from 1.
fn say_apart(stage: &mut Stage, persona: SlotId, items: u64) -> Vec<u64> {
    (1..=items).map(|conversation| stage.say(persona, conversation)).collect()
}

/// Items that wait in memory, and in the store.
fn places(stage: &Stage, persona: SlotId) -> (u32, u32) {
    let status = stage.status(persona);
    (status.waiting - status.in_store, status.in_store)
}

fn wanted(batch: &Batch) -> Vec<u64> {
    batch.wanted.clone()
}

#[test]
fn a_window_is_filled_and_the_rest_put_aside() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(paused(4));
    say_apart(&mut stage, persona, 10);
    stage.put(persona, 11, |item| item.lane = Lane::Task);
    assert_eq!(places(&stage, persona), (5, 6));
    let status = stage.status(persona);
    assert_eq!((status.waiting, status.lanes), (11, [0, 10, 1, 0]), "what is put aside waits too");
    let status = stage.fleet.status();
    assert_eq!((status.waiting, status.lanes, status.in_store), (11, [0, 10, 1, 0], 6));
    assert!(stage.serve().wanted.is_empty());
    assert!(!stage.next.more);
    assert_eq!(stage.why(persona).len(), 5, "of the others no more is known than that they wait");
}

#[test]
fn when_half_of_the_window_is_free_it_is_filled_up() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(narrow(4));
    let keys = say_apart(&mut stage, persona, 10);
    for (round, asked) in [(0, &[][..]), (1, &keys[4..6]), (2, &[]), (3, &keys[6..8]), (4, &[])] {
        let turn = stage.turn();
        let case = format!("turn {round}, waiting {:?}", places(&stage, persona));
        assert_eq!(
            (stage.batch.items.as_slice(), wanted(&stage.batch).as_slice()),
            (&keys[round..=round], asked),
            "{case}"
        );
        stage.arm_wanted();
        assert!(stage.complete(turn.id, Outcome::Done));
    }
    for key in &keys[5..] {
        assert_eq!(stage.end_turn(Outcome::Done), [*key]);
        stage.arm_wanted();
    }
    assert_eq!(places(&stage, persona), (0, 0));
}

#[test]
fn what_is_asked_for_counts_until_it_comes() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(narrow(2));
    let keys = say_apart(&mut stage, persona, 6);
    let turn = stage.turn();
    assert_eq!(stage.batch.wanted, keys[2..3]);
    assert_eq!(places(&stage, persona), (1, 4));
    for _ in 0..3 {
        assert!(stage.serve().wanted.is_empty(), "it is not asked for twice");
        assert!(!stage.next.more);
    }
    assert!(stage.complete(turn.id, Outcome::Done));
    stage.turn();
    assert_eq!(stage.batch.wanted, keys[3..4], "one is on its way, and there is room for another one");
}

#[test]
fn while_all_is_on_its_way_it_says_so() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(narrow(1));
    let keys = say_apart(&mut stage, persona, 2);
    assert_eq!(stage.end_turn(Outcome::Done), keys[..1]);
    assert_eq!(stage.hindrance(persona), (Some(Held::Paging), None, None));
    stage.arm_wanted();
    assert_eq!(stage.end_turn(Outcome::Done), keys[1..]);
}

#[test]
fn a_conversation_stays_in_its_order() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(narrow(2));
    let mut keys: Vec<u64> = (0..3).map(|_| stage.put(persona, 1, |item| item.lane = Lane::Voice)).collect();
    // There is room for these, but they follow something that was put aside.
    keys.push(stage.say(persona, 1));
    keys.push(stage.put(persona, 1, |item| (item.lane, item.flags) = (Lane::Task, Flags::URGENT)));
    assert_eq!(places(&stage, persona), (2, 3));
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.extend(stage.end_turn(Outcome::Done));
        // On its way, it is still ahead of what is said now.
        if seen.len() < 3 {
            keys.push(stage.put(persona, 1, |item| item.lane = Lane::Voice));
        }
        stage.arm_wanted();
    }
    while !stage.serve().turns.is_empty() {
        seen.extend(&stage.batch.items);
        let turn = stage.batch.turns[0].id;
        assert!(stage.complete(turn, Outcome::Done));
        stage.arm_wanted();
    }
    assert_eq!(seen, keys);
}

#[test]
fn an_urgent_item_finds_room() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(paused(1));
    stage.say(persona, 1);
    stage.say(persona, 2);
    stage.flag(persona, 3, Flags::URGENT);
    assert_eq!(places(&stage, persona), (2, 1));
    stage.flag(persona, 2, Flags::URGENT);
    assert_eq!(places(&stage, persona), (2, 2), "but not past its own conversation");
}

#[test]
fn what_was_in_a_turn_finds_room() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(narrow(1));
    stage.say(persona, 1);
    let turn = stage.turn();
    stage.say(persona, 1);
    assert!(stage.complete(turn.id, Outcome::Failed));
    assert_eq!(places(&stage, persona), (2, 0));
    stage.flag(persona, 2, Flags::UNKNOWN);
    assert_eq!(places(&stage, persona), (3, 0));
}

#[test]
fn better_lanes_are_asked_for_first() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(paused(1));
    let fill = |stage: &mut Stage, conversation: u64| {
        Lane::ALL.map(|lane| stage.put(persona, conversation + lane as u64, |item| item.lane = lane))
    };
    fill(&mut stage, 0);
    let [voice, chat, task, background] = fill(&mut stage, 10);
    stage.configure(persona, paused(4));
    assert_eq!(stage.serve().wanted, [voice, chat, task, background]);
}

#[test]
fn a_conversation_comes_from_the_queue_of_its_first_item() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(paused(1));
    stage.put(persona, 1, |item| item.lane = Lane::Task);
    stage.put(persona, 2, |item| item.lane = Lane::Voice);
    let task = stage.put(persona, 3, |item| item.lane = Lane::Task);
    let voice = stage.put(persona, 3, |item| item.lane = Lane::Voice);
    let other = stage.put(persona, 4, |item| item.lane = Lane::Voice);
    stage.configure(persona, paused(4));
    assert_eq!(stage.serve().wanted, [other, task, voice]);
}

#[test]
fn each_lane_has_a_window_of_its_own() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { windows: [1, 2, 3, 4], ..paused(1) });
    for lane in Lane::ALL {
        for conversation in 0..5 {
            stage.put(persona, conversation + 10 * lane as u64, |item| item.lane = lane);
        }
    }
    assert_eq!(places(&stage, persona), (1 + 2 + 3 + 4, 4 + 3 + 2 + 1));
}

#[test]
fn a_budget_of_keys() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(paused(1));
    let keys = say_apart(&mut stage, persona, 8);
    stage.configure(persona, paused(100));
    let within = |stage: &mut Stage, wanted: u32| {
        let asked = stage.serve_within(Budget { wanted, ..LARGE }).wanted.clone();
        (asked, stage.next.more)
    };
    assert_eq!(within(&mut stage, 0), (vec![], true));
    assert_eq!(within(&mut stage, 3), (keys[1..4].to_vec(), true));
    assert_eq!(within(&mut stage, 4), (keys[4..].to_vec(), false));
}

#[test]
fn personas_are_asked_for_in_the_order_in_which_they_got_room() {
    let mut stage = Stage::new();
    let personas: [SlotId; 3] = std::array::from_fn(|_| stage.persona_with(paused(1)));
    let keys = personas.map(|persona| say_apart(&mut stage, persona, 2)[1]);
    for place in [2, 0, 1] {
        stage.configure(personas[place], paused(2));
    }
    assert_eq!(stage.serve().wanted, [keys[2], keys[0], keys[1]]);
}

#[test]
fn a_time_that_is_over_is_found_when_the_item_comes() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(paused(1));
    stage.say(persona, 1);
    let item = stage.put(persona, 2, |item| item.expires_at = Some(item.enqueued_at + 500));
    assert!(stage.serve_after(1_000).settlements.is_empty());
    stage.configure(persona, paused(10));
    assert_eq!(stage.serve().wanted, [item]);
    stage.arm_wanted();
    assert_eq!(stage.settled(), [(item, Reason::Expired)]);
    assert_eq!(places(&stage, persona), (1, 0));
}

#[test]
fn an_item_that_nobody_asked_for_is_like_any_other() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(paused(1));
    let item = stage.flag(persona, 1, Flags::PAGED);
    stage.flag(persona, 2, Flags::PAGED);
    assert_eq!((places(&stage, persona), stage.fleet.status().accepted), ((1, 1), 2));
    stage.configure(persona, narrow(1));
    assert_eq!(stage.turns(), [[item]]);
}

#[test]
fn what_comes_back_is_not_accepted_twice() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { max_queued: 3, ..narrow(1) });
    for conversation in 0..3 {
        assert_eq!(stage.fleet.admit(persona, 1), Ok(()));
        stage.flag(persona, conversation, Flags::ADMITTED);
    }
    assert!(stage.fleet.admit(persona, 1).is_err(), "what is in the store is undecided too");
    stage.end_turn(Outcome::Done);
    stage.arm_wanted();
    let status = stage.fleet.status();
    assert_eq!((status.accepted, status.waiting, status.reserved), (3, 2, 0));
    assert!(stage.fleet.admit(persona, 1).is_ok());
}

#[test]
fn returning_gives_back_what_was_put_aside() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(narrow(2));
    let keys = say_apart(&mut stage, persona, 5);
    let turn = stage.turn();
    let asked = stage.batch.wanted.clone();
    assert_eq!(asked, keys[2..3]);
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Return), Ok(()));
    let declined = |keys: &[u64]| keys.iter().map(|&key| (key, Reason::Unenrolled)).collect::<Vec<_>>();
    assert_eq!(stage.settled(), declined(&[keys[1], keys[3], keys[4]]));
    assert!(stage.complete(turn.id, Outcome::Done));
    assert!(stage.serve().freed.is_empty(), "one is on its way");
    stage.batch.wanted = asked;
    stage.arm_wanted();
    assert_eq!(stage.settled(), declined(&keys[2..3]));
    assert_eq!(stage.batch.freed, [persona]);
}

#[test]
fn draining_answers_what_was_put_aside() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(narrow(1));
    let keys = say_apart(&mut stage, persona, 4);
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Drain), Ok(()));
    for key in keys {
        assert_eq!(stage.end_turn(Outcome::Done), [key]);
        assert!(stage.batch.freed.is_empty());
        stage.arm_wanted();
    }
    assert_eq!(stage.serve().freed, [persona]);
}
