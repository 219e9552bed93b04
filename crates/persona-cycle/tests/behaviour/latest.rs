//! Items of which only the newest counts.

use persona_cycle::{
    Envelope, Flags, FleetOptions, Kind, Lane, Outcome, Overflow, Reason, SlotId, SlotSettings,
};

use crate::stage::Stage;

/// Arms an item of the kind.
fn news(stage: &mut Stage, persona: SlotId) -> u64 {
    stage.put(persona, 1, latest)
}

fn latest(item: &mut Envelope) {
    (item.lane, item.merge_key, item.flags) = (Lane::Task, 5, Flags::LATEST);
}

#[test]
fn the_newest_takes_the_place_of_the_one_before() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let old = news(&mut stage, persona);
    let between = stage.say(persona, 1);
    let new = news(&mut stage, persona);
    let batch = stage.serve();
    let settled = batch.settlements[0];
    assert_eq!((settled.item, settled.turn, settled.kind), (old, None, Kind::Declined));
    assert_eq!((batch.settlements.len(), settled.reason), (1, Reason::Superseded));
    let turn = batch.turns[0].id;
    assert_eq!(stage.batch.items, [between], "the newest has no better place than others");
    assert!(stage.complete(turn, Outcome::Done));
    assert_eq!(stage.turns(), [[new]]);
}

#[test]
fn only_its_like() {
    let superseded = |change: fn(&mut Envelope)| {
        let mut stage = Stage::new();
        let persona = stage.persona();
        news(&mut stage, persona);
        let mut other = stage.chat(persona, 1);
        latest(&mut other);
        change(&mut other);
        stage.arm(&other);
        !stage.settled().is_empty()
    };
    assert!(superseded(|_| {}));
    assert!(!superseded(|item| item.conversation = 2));
    assert!(!superseded(|item| item.lane = Lane::Background));
    assert!(!superseded(|item| item.merge_key = 6));
    assert!(!superseded(|item| item.flags = Flags::NONE), "one of many");
    assert!(superseded(|item| item.merge_key = 5));
}

#[test]
fn another_personas_is_left_alone() {
    let mut stage = Stage::new();
    let (one, other) = (stage.persona(), stage.persona());
    news(&mut stage, one);
    news(&mut stage, other);
    assert_eq!(stage.serve().turns.len(), 2);
}

#[test]
fn an_item_in_a_turn_is_superseded_when_it_comes_back() {
    let check = |outcome, with_turn: bool| {
        let mut stage = Stage::new();
        let persona = stage.persona();
        let old = news(&mut stage, persona);
        let turn = stage.turn();
        let new = news(&mut stage, persona);
        assert_eq!(stage.settled(), [], "somebody is at it");
        assert!(stage.complete(turn.id, outcome));
        let settled: Vec<_> =
            stage.serve().settlements.iter().map(|one| (one.item, one.turn, one.reason)).collect();
        assert_eq!(settled, [(old, with_turn.then_some(turn.id), Reason::Superseded)], "{outcome:?}");
        assert_eq!(stage.batch.items, [new]);
    };
    check(Outcome::Failed, true);
    check(Outcome::TimedOut, true);
    // The caller has written the end of such a turn.
    check(Outcome::Throttled { retry_at: 0 }, false);
    check(Outcome::Cancelled { retry_at: 0 }, false);
}

#[test]
fn an_answered_one_is_answered() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    news(&mut stage, persona);
    let turn = stage.turn();
    let new = news(&mut stage, persona);
    assert!(stage.complete(turn.id, Outcome::Done));
    assert_eq!((stage.settled(), stage.batch.items.as_slice()), (vec![], &[new][..]));
}

#[test]
fn without_a_newer_one_it_waits_again() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let item = news(&mut stage, persona);
    assert_eq!(stage.end_turn(Outcome::Cancelled { retry_at: 0 }), [item]);
    assert_eq!(stage.turns(), [[item]]);
}

#[test]
fn the_third_failure_is_death_whatever_came_since() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.put(persona, 1, |item| {
        latest(item);
        item.failures = 2;
    });
    let turn = stage.turn();
    news(&mut stage, persona);
    assert!(stage.complete(turn.id, Outcome::Failed));
    let settled = stage.serve().settlements[0];
    assert_eq!((settled.kind, settled.reason), (Kind::Dead, Reason::Failed));
}

#[test]
fn what_a_crash_cut_off_supersedes_and_is_superseded() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let items: [u64; 3] = std::array::from_fn(|_| {
        stage.put(persona, 1, |item| {
            latest(item);
            item.flags = item.flags.with(Flags::UNKNOWN);
        })
    });
    let reasons = stage.settled();
    let superseded = |item| reasons.contains(&(item, Reason::Superseded));
    assert_eq!(items.map(superseded), [true, true, false]);
    assert_eq!(stage.status(persona).waiting, 1);
}

#[test]
fn it_frees_the_place_that_the_newer_one_takes() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { windows: [1; 4], ..SlotSettings::default() });
    news(&mut stage, persona);
    let new = news(&mut stage, persona);
    let status = stage.status(persona);
    assert_eq!((status.waiting, status.in_store), (1, 0));
    assert_eq!(stage.turns(), [[new]]);
}

#[test]
fn an_eviction_may_let_another_conversation_go_in_between() {
    let mut stage = Stage::with(FleetOptions { overflow: Overflow::Evict, ..FleetOptions::default() });
    let persona = stage.persona_with(SlotSettings { windows: [2; 4], ..SlotSettings::default() });
    let victim = stage.put(persona, 2, |item| {
        latest(item);
        item.not_before = Some(i64::MAX);
    });
    let beside = stage.say(persona, 2);
    let old = news(&mut stage, persona);
    stage.configure(persona, SlotSettings { windows: [1; 4], ..SlotSettings::default() });
    let new = news(&mut stage, persona);
    let turn = stage.turn();
    assert_eq!(stage.batch.items, [beside], "chat comes before tasks");
    assert_eq!(
        stage.batch.settlements.iter().map(|one| (one.item, one.reason)).collect::<Vec<_>>(),
        [(old, Reason::Superseded), (victim, Reason::Evicted)]
    );
    assert!(stage.complete(turn.id, Outcome::Done));
    assert_eq!(stage.turns(), [[new]]);
}
