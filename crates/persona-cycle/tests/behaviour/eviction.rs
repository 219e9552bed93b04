//! Without a store, what is least important has to go when a window is full.

use persona_cycle::{Envelope, Flags, FleetOptions, Kind, Lane, Overflow, Reason, SlotSettings};

use crate::stage::Stage;

type Change = fn(&mut Envelope);

/// Arms items of one persona with room for two in each lane, in conversations of their own with the keys 1, 2, ...;
/// gives those that are evicted.
fn evicted(items: &[Change]) -> Vec<u64> {
    let mut stage = Stage::with(FleetOptions { overflow: Overflow::Evict, ..FleetOptions::default() });
    let settings = SlotSettings { windows: [2; 4], paused: true, ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    for &change in items {
        let mut item = stage.chat(persona, 0);
        item.conversation = item.item;
        change(&mut item);
        stage.arm(&item);
    }
    let settled = stage.serve().settlements.clone();
    assert!(settled.iter().all(|one| (one.kind, one.turn) == (Kind::Declined, None)));
    assert!(settled.iter().all(|one| one.reason == Reason::Evicted));
    assert_eq!(stage.fleet.status().in_store, 0);
    assert_eq!(stage.status(persona).waiting as usize, items.len() - settled.len());
    settled.iter().map(|one| one.item).collect()
}

#[test]
fn the_least_important_one_goes() {
    let (low, middle, high): (Change, Change, Change) =
        (|item| item.priority = 0.1, |item| item.priority = 0.5, |item| item.priority = 0.9);
    assert_eq!(evicted(&[low, high]), [], "there is room");
    assert_eq!(evicted(&[high, low, middle]), [2]);
    assert_eq!(evicted(&[high, middle, low]), [3], "the one that comes");
    assert_eq!(evicted(&[middle, middle, middle]), [1], "the oldest of equals");
    assert_eq!(evicted(&[low, low, high, high, middle]), [1, 2, 5]);
    let old: Change = |item| (item.priority, item.enqueued_at) = (0.4, 0);
    assert_eq!(evicted(&[old, middle, middle]), [1], "waiting does not make it dearer");
    let same: Change = |item| item.conversation = 1;
    assert_eq!(evicted(&[same, same, same]), [1], "also from its own conversation");
}

#[test]
fn urgent_ones_and_voices_stay() {
    let (plain, urgent): (Change, Change) =
        (|item| item.priority = 0.9, |item| (item.priority, item.flags) = (0.0, Flags::URGENT));
    assert_eq!(evicted(&[urgent, plain, plain]), [2]);
    assert_eq!(evicted(&[urgent, urgent, plain]), [3], "nobody else can");
    assert_eq!(evicted(&[plain, plain, urgent]), [], "it comes on top");
    let voice: Change = |item| item.lane = Lane::Voice;
    assert_eq!(evicted(&[voice, voice, voice]), []);
}

#[test]
fn lanes_do_not_compete() {
    let (chat, task): (Change, Change) = (|item| item.priority = 0.9, |item| item.lane = Lane::Task);
    assert_eq!(evicted(&[chat, chat, task, task]), []);
    assert_eq!(evicted(&[task, chat, chat, chat]), [2]);
}

#[test]
fn what_a_crash_cut_off_stays() {
    let unknown: Change = |item| item.flags = Flags::UNKNOWN;
    let mut stage = Stage::with(FleetOptions { overflow: Overflow::Evict, ..FleetOptions::default() });
    let settings = SlotSettings { windows: [1; 4], ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    for conversation in 0..3 {
        stage.put(persona, conversation, unknown);
    }
    assert_eq!(stage.status(persona).waiting, 3);
    assert!(stage.settled().iter().all(|&(_, reason)| reason == Reason::UnknownOutcome));
}

#[test]
fn what_is_in_a_turn_stays() {
    let mut stage = Stage::with(FleetOptions { overflow: Overflow::Evict, ..FleetOptions::default() });
    let settings = SlotSettings { windows: [1; 4], ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    stage.put(persona, 1, |item| item.priority = 0.0);
    stage.turn();
    stage.say(persona, 1);
    assert_eq!((stage.settled(), stage.status(persona).items_in_flight), (vec![], 1));
}

#[test]
fn the_fleet_pages_unless_it_is_told_to_evict() {
    assert_eq!(FleetOptions::default().overflow, Overflow::Page);
}
