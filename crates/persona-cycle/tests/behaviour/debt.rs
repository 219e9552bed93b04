//! What a persona took beyond its share is taken off its next visits.

use persona_cycle::{FleetOptions, Lane, Outcome, SlotId, SlotSettings};

use crate::stage::Stage;

fn stage() -> Stage {
    Stage::with(FleetOptions { quantum: 3, ..FleetOptions::default() })
}

/// A persona that has answered 20 items in one turn, and rests.
fn indebted(stage: &mut Stage) -> SlotId {
    let persona = stage.persona();
    for _ in 0..20 {
        stage.say(persona, 1);
    }
    assert_eq!(stage.end_turn(Outcome::Done).len(), 20);
    persona
}

/// A persona with so many conversations, each with one item.
fn talkative(stage: &mut Stage, conversations: u64) -> SlotId {
    let persona = stage.parallel_persona();
    for conversation in 0..conversations {
        stage.say(persona, conversation);
    }
    persona
}

/// The personas in the order of their turns.
fn order(stage: &mut Stage) -> Vec<SlotId> {
    stage.serve().turns.iter().map(|turn| turn.slot).collect()
}

#[test]
fn debt_outlives_a_nap() {
    let mut stage = stage();
    let persona = indebted(&mut stage);
    assert_eq!(stage.status(persona).debt, 17);
    stage.serve_after(3_600_000);
    assert_eq!(stage.status(persona).debt, 17, "rest pays nothing");
    stage.say(persona, 1);
    let other = talkative(&mut stage, 40);
    let order = order(&mut stage);
    // 3 for each of its visits: the sixth is the first that finds it out of debt.
    assert_eq!(order.iter().position(|&slot| slot == persona), Some(5 * 3));
    assert_eq!(order.iter().filter(|&&slot| slot == other).count(), 40);
}

#[test]
fn alone_it_is_served_at_once() {
    let mut stage = stage();
    let persona = indebted(&mut stage);
    let item = stage.say(persona, 1);
    assert_eq!(stage.end_turn(Outcome::Done), [item]);
    assert_eq!(stage.status(persona).debt, 0);
}

#[test]
fn what_a_visit_did_not_use_is_gone() {
    let mut stage = stage();
    let frugal = talkative(&mut stage, 1);
    stage.end_turn(Outcome::Done);
    for conversation in 0..7 {
        stage.say(frugal, conversation);
    }
    let other = talkative(&mut stage, 1);
    let places: Vec<bool> = order(&mut stage).iter().map(|&slot| slot == other).collect();
    assert_eq!(places, [false, false, false, true, false, false, false, false]);
}

#[test]
fn a_change_of_class_ends_the_visit() {
    let mut stage = stage();
    let changing = stage.parallel_persona();
    stage.put(changing, 1, |item| item.lane = Lane::Voice);
    stage.say(changing, 2);
    stage.say(changing, 3);
    let other = talkative(&mut stage, 2);
    assert_eq!(order(&mut stage), [changing, other, other, changing, changing]);
}

#[test]
fn a_new_persona_does_not_inherit_the_debt_of_its_row() {
    let mut stage = stage();
    let old = indebted(&mut stage);
    assert_eq!(stage.fleet.unenroll(old, persona_cycle::Unenroll::Return), Ok(()));
    let new = stage.persona_with(SlotSettings::default());
    assert_eq!(stage.status(new).debt, 0);
}
