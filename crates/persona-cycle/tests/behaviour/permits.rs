//! How the fleet's turns in flight are shared among lanes and personas.

use persona_cycle::{Flags, FleetOptions, Held, Lane, Outcome, SlotId, Why};

use crate::stage::Stage;

fn stage_of(max_turns_in_flight: u32) -> Stage {
    Stage::with(FleetOptions { max_turns_in_flight, ..FleetOptions::default() })
}

/// One item in that lane for each of so many fresh personas; gives how many of them get a turn.
fn flood(stage: &mut Stage, lane: Lane, personas: u32) -> u32 {
    for _ in 0..personas {
        let persona = stage.persona();
        let item = stage.item(persona, 1, lane);
        stage.fleet.arm(&item, stage.now);
    }
    let turns = &stage.serve().turns;
    assert!(turns.iter().all(|turn| turn.lane == lane));
    turns.len() as u32
}

#[test]
fn a_flood_of_one_lane_leaves_the_others_what_is_kept_for_them() {
    // Turns that a lane gets when it floods an idle fleet, and when another has flooded it before.
    let table: [(u32, [u32; 4], [u32; 4]); 6] = [
        (1, [1, 1, 1, 1], [0, 0, 0, 0]),
        (2, [2, 1, 1, 1], [1, 0, 0, 0]),
        (5, [5, 3, 3, 3], [2, 0, 0, 0]),
        (8, [7, 6, 5, 5], [2, 1, 0, 0]),
        (32, [25, 21, 19, 18], [8, 4, 2, 1]),
        (1_024, [800, 672, 608, 576], [256, 128, 64, 32]),
    ];
    for (all, first, after) in table {
        for flooding in Lane::ALL {
            let mut stage = stage_of(all);
            let mut in_flight = [0; 4];
            in_flight[flooding as usize] = flood(&mut stage, flooding, all + 1);
            assert_eq!(in_flight[flooding as usize], first[flooding as usize], "{flooding:?} of {all}");
            for lane in Lane::ALL.into_iter().filter(|&lane| lane != flooding) {
                in_flight[lane as usize] = flood(&mut stage, lane, all + 1);
                let case = format!("{lane:?} of {all} after a flood of {flooding:?}");
                assert_eq!(in_flight[lane as usize], after[lane as usize], "{case}");
            }
            assert_eq!(stage.fleet.status().lanes_in_flight, in_flight);
            assert!(!stage.next.more, "a completion, not a further call, helps now");
        }
    }
}

#[test]
fn a_place_that_is_free_again_goes_to_the_best_lane() {
    let mut stage = stage_of(8);
    flood(&mut stage, Lane::Background, 10);
    let running = stage.batch.turns[0].id;
    assert_eq!(flood(&mut stage, Lane::Task, 1), 0);
    assert!(stage.complete(running, Outcome::Done));
    assert_eq!(stage.turn().lane, Lane::Task);
    assert_eq!(stage.fleet.status().lanes_in_flight, [0, 0, 1, 4]);
}

#[test]
fn no_persona_holds_more_than_half() {
    for (all, most) in [(1, 1), (2, 1), (3, 1), (8, 4), (9, 4)] {
        let mut stage = stage_of(all);
        let persona = stage.parallel_persona();
        for conversation in 0..10 {
            stage.put(persona, conversation, |item| item.lane = Lane::Voice);
        }
        assert_eq!(stage.serve().turns.len(), most, "of {all}");
        assert_eq!(stage.hindrance(persona), (Some(Held::Busy), Some(stage.now), None));
    }
}

#[test]
fn a_turn_uses_the_lane_of_its_first_item() {
    let mut stage = stage_of(8);
    let persona = stage.persona();
    stage.put(persona, 1, |item| item.lane = Lane::Task);
    stage.put(persona, 1, |item| item.lane = Lane::Voice);
    let turn = stage.turn();
    assert_eq!(stage.fleet.status().lanes_in_flight, [0, 0, 1, 0]);
    assert!(stage.complete(turn.id, Outcome::Done));
    stage.turn();
    assert_eq!(stage.fleet.status().lanes_in_flight, [1, 0, 0, 0]);
}

/// A persona with a conversation in each of the lanes; a task is urgent.
fn versatile_persona(stage: &mut Stage, lanes: &[Lane]) -> SlotId {
    let persona = stage.parallel_persona();
    for (conversation, &lane) in (1..).zip(lanes) {
        let flags = if lane == Lane::Task { Flags::URGENT } else { Flags::NONE };
        stage.put(persona, conversation, |item| (item.lane, item.flags) = (lane, flags));
    }
    persona
}

#[test]
fn of_its_conversations_only_those_in_an_open_lane_are_chosen_from() {
    let mut stage = stage_of(8);
    flood(&mut stage, Lane::Background, 10);
    let persona = versatile_persona(&mut stage, &[Lane::Chat, Lane::Task]);
    let turn = stage.turn();
    assert_eq!((turn.slot, turn.lane, turn.why), (persona, Lane::Chat, Why::Only), "tasks are closed");
    assert_eq!(stage.hindrance(persona), (Some(Held::FleetBusy), Some(stage.now), None));
}

#[test]
fn a_persona_queues_with_its_best_lane_and_waits_with_it() {
    let mut stage = stage_of(8);
    flood(&mut stage, Lane::Voice, 10);
    let running = stage.batch.turns[0].id;
    let persona = versatile_persona(&mut stage, &[Lane::Voice, Lane::Chat]);
    assert!(stage.serve().turns.is_empty());
    assert_eq!(stage.hindrance(persona), (Some(Held::FleetBusy), Some(stage.now), None));
    assert!(stage.why(persona).iter().all(|one| one.held == Some(Held::FleetBusy)));
    assert_eq!(flood(&mut stage, Lane::Chat, 1), 1, "chat is open");
    assert!(stage.complete(running, Outcome::Done));
    let lanes: Vec<Lane> = stage.serve().turns.iter().map(|turn| turn.lane).collect();
    assert_eq!(lanes, [Lane::Voice], "another one's, which came before");
}
