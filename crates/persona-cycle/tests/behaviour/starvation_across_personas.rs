//! Personas queue by their best lane, and whoever has waited for a minute goes next whatever the lane.

use persona_cycle::{Budget, FleetOptions, Lane, Outcome, SlotId};

use crate::stage::{LARGE, Stage};

const ONE: Budget = Budget { turns: 1, ..LARGE };

/// A fresh persona with one item.
fn waits(stage: &mut Stage, lane: Lane) -> SlotId {
    let persona = stage.persona();
    stage.put(persona, 1, |item| item.lane = lane);
    persona
}

/// The persona that gets the next turn of the fleet.
fn next(stage: &mut Stage) -> SlotId {
    let turns = &stage.serve_within(ONE).turns;
    assert_eq!(turns.len(), 1);
    turns[0].slot
}

#[test]
fn better_lanes_go_first() {
    let mut stage = Stage::new();
    let mut expected: Vec<SlotId> = Lane::ALL.iter().rev().map(|&lane| waits(&mut stage, lane)).collect();
    expected.reverse();
    let order: Vec<SlotId> = stage.serve().turns.iter().map(|turn| turn.slot).collect();
    assert_eq!(order, expected);
}

#[test]
fn after_a_minute_it_is_next() {
    let mut stage = Stage::new();
    let starved = waits(&mut stage, Lane::Background);
    stage.now += 59_999;
    let voice = waits(&mut stage, Lane::Voice);
    assert_eq!(next(&mut stage), voice, "a millisecond before");
    waits(&mut stage, Lane::Voice);
    stage.now += 1;
    assert_eq!(next(&mut stage), starved);
}

#[test]
fn of_several_starved_the_longest_waiting_goes_first() {
    let mut stage = Stage::new();
    let first = waits(&mut stage, Lane::Background);
    stage.now += 1;
    let third = waits(&mut stage, Lane::Task);
    let second = waits(&mut stage, Lane::Chat);
    stage.now += 60_000;
    let fresh = waits(&mut stage, Lane::Voice);
    let order: Vec<SlotId> = stage.serve().turns.iter().map(|turn| turn.slot).collect();
    assert_eq!(order, [first, second, third, fresh], "of two at once the better lane");
}

#[test]
fn one_visit_stills_the_hunger() {
    let mut stage = Stage::with(FleetOptions { quantum: 1, ..FleetOptions::default() });
    let many = stage.parallel_persona();
    for conversation in 0..3 {
        stage.put(many, conversation, |item| item.lane = Lane::Background);
    }
    stage.now += 60_000;
    let fresh = waits(&mut stage, Lane::Chat);
    let order: Vec<SlotId> = stage.serve().turns.iter().map(|turn| turn.slot).collect();
    assert_eq!(order, [many, fresh, many, many]);
}

#[test]
fn what_counts_is_how_long_the_persona_could_have_gone() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.put(persona, 1, |item| {
        (item.lane, item.enqueued_at) = (Lane::Background, item.enqueued_at - 600_000);
    });
    let chat = waits(&mut stage, Lane::Chat);
    assert_eq!(next(&mut stage), chat, "a persona that was not ready has not been passed over");
    assert_eq!(next(&mut stage), persona);
}

#[test]
fn a_closed_lane_keeps_nobody_else_waiting() {
    let mut stage = Stage::with(FleetOptions { max_turns_in_flight: 2, ..FleetOptions::default() });
    let (running, starved) = (waits(&mut stage, Lane::Background), waits(&mut stage, Lane::Background));
    let turn = stage.turn();
    assert_eq!(turn.slot, running);
    stage.now += 60_000;
    let voice = waits(&mut stage, Lane::Voice);
    assert_eq!(next(&mut stage), voice);
    assert!(stage.complete(turn.id, Outcome::Done));
    waits(&mut stage, Lane::Chat);
    assert_eq!(next(&mut stage), starved);
}
