//! Items that may not go yet, and items whose time is over.

use persona_cycle::{Held, Kind, Outcome, Reason};

use crate::stage::Stage;

#[test]
fn the_head_holds_its_conversation_and_no_other() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut head = stage.chat(persona, 1);
    head.not_before = Some(stage.now + 500);
    stage.arm(&head);
    let behind = stage.say(persona, 1);
    let status = stage.fleet.slot_status(persona).unwrap();
    assert_eq!((status.held, status.held_until), (Some(Held::BackingOff), head.not_before));
    let other = stage.say(persona, 2);
    let turn = stage.turn();
    assert_eq!(stage.batch.items, [other]);
    assert!(stage.complete(turn.id, Outcome::Done));
    stage.now += 500;
    assert_eq!(stage.turns(), [[head.item, behind]]);
}

#[test]
fn a_waiting_item_expires() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, 1);
    stage.turn();
    let mut item = stage.chat(persona, 1);
    item.expires_at = Some(stage.now + 500);
    stage.arm(&item);
    assert!(stage.serve_after(499).settlements.is_empty());
    let settlement = stage.serve_after(1).settlements[0];
    assert_eq!((settlement.item, settlement.turn), (item.item, None));
    assert_eq!((settlement.kind, settlement.reason), (Kind::Dead, Reason::Expired));
}

#[test]
fn an_item_that_is_armed_too_late_is_never_handed_out() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut item = stage.chat(persona, 1);
    item.expires_at = Some(stage.now);
    stage.arm(&item);
    assert!(stage.turns().is_empty());
    assert_eq!(stage.batch.settlements[0].reason, Reason::Expired);
}

#[test]
fn an_item_in_a_turn_expires_only_when_it_comes_back() {
    let check = |outcome, with_turn: bool| {
        let mut stage = Stage::new();
        let persona = stage.persona();
        let mut item = stage.chat(persona, 1);
        item.expires_at = Some(stage.now + 500);
        stage.arm(&item);
        let turn = stage.turn();
        assert!(stage.serve_after(1_000).settlements.is_empty());
        assert!(stage.complete(turn.id, outcome));
        let settled = &stage.serve().settlements;
        let reasons: Vec<_> = settled.iter().map(|one| (one.turn, one.kind, one.reason)).collect();
        let turn = with_turn.then_some(turn.id);
        assert_eq!(reasons, [(turn, Kind::Dead, Reason::Expired)]);
    };
    check(Outcome::Failed, true);
    // The caller has written the end of a cancelled turn; that the item has expired is another matter.
    check(Outcome::Cancelled { retry_at: 0 }, false);
}

#[test]
fn a_clock_that_goes_back_counts_as_standing_still() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let mut item = stage.chat(persona, 1);
    item.not_before = Some(stage.now + 100);
    stage.arm(&item);
    stage.now += 90;
    stage.serve();
    stage.now -= 1_000_000;
    stage.say(persona, 2);
    assert_eq!(stage.turn().formed_at, 1_000_090);
}
