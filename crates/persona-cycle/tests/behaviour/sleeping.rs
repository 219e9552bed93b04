//! Personas that sleep, and what wakes them.

use persona_cycle::{Flags, Held, Kind, Lane, Outcome, SleepMode, SlotId, SlotSettings, Unenroll};

use crate::stage::Stage;

/// An item that reaches a sleeping persona: does it wake?
fn check(mode: SleepMode, lane: Lane, flags: Flags, wakes: bool) {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.sleep(persona, mode, None);
    assert_eq!(stage.status(persona).sleep, mode);
    let fell_asleep = stage.now;
    stage.now += 5;
    stage.put(persona, 1, |item| (item.lane, item.flags) = (lane, flags));
    let case = format!("{mode:?} {lane:?} {flags:?}");
    if wakes {
        assert_eq!(stage.status(persona).held, None, "{case}");
    } else {
        assert_eq!(stage.hindrance(persona), (Some(Held::Asleep), Some(fell_asleep), None), "{case}");
    }
    let (woken, turns) = (stage.serve().woken.clone(), stage.batch.turns.len());
    let expected: (&[SlotId], _, _) = if wakes { (&[persona], 1, SleepMode::Active) } else { (&[], 0, mode) };
    assert_eq!((&woken[..], turns, stage.status(persona).sleep), expected, "{case}");
}

#[test]
fn each_mode_has_its_alarm() {
    use Lane::{Background, Chat, Task, Voice};
    use SleepMode::{HumanOnly, MentionedOnly, Sleeping, UntilTopic};
    let all = Flags::MENTION.with(Flags::HUMAN).with(Flags::URGENT).with(Flags::ON_TOPIC);
    let but = |flag: Flags| Flags::from_bits(all.bits() & !flag.bits());
    let in_a_room = |flags: Flags| flags.with(Flags::ROOM);

    check(MentionedOnly, Chat, in_a_room(Flags::MENTION), true);
    check(MentionedOnly, Task, Flags::MENTION, true);
    check(MentionedOnly, Chat, Flags::NONE, true);
    check(MentionedOnly, Voice, Flags::NONE, true);
    check(MentionedOnly, Task, but(Flags::MENTION), false);
    check(MentionedOnly, Background, Flags::NONE, false);
    check(MentionedOnly, Chat, in_a_room(but(Flags::MENTION)), false);
    check(HumanOnly, Background, in_a_room(Flags::HUMAN), true);
    check(HumanOnly, Voice, but(Flags::HUMAN), false);
    check(UntilTopic, Background, in_a_room(Flags::ON_TOPIC), true);
    check(UntilTopic, Voice, but(Flags::ON_TOPIC), false);
    check(Sleeping, Voice, all, false);
}

#[test]
fn an_alarm_clock_wakes_in_every_mode() {
    use SleepMode::{HumanOnly, MentionedOnly, Sleeping, UntilTopic};
    for mode in [MentionedOnly, HumanOnly, Sleeping, UntilTopic] {
        let mut stage = Stage::new();
        let persona = stage.persona();
        let until = Some(stage.now + 500);
        stage.sleep(persona, mode, until);
        let item = stage.put(persona, 1, |item| item.lane = Lane::Task);
        assert_eq!(stage.status(persona).sleep_until, until);
        assert_eq!(stage.hindrance(persona), (Some(Held::Asleep), Some(stage.now), until));
        assert!(stage.serve_after(499).woken.is_empty());
        assert_eq!(stage.next.deadline, until);
        assert_eq!(stage.serve_after(1).woken, [persona]);
        assert_eq!(stage.batch.items, [item]);
        let status = stage.status(persona);
        assert_eq!((status.sleep, status.sleep_until), (SleepMode::Active, None));
    }
}

#[test]
fn whoever_is_woken_early_is_not_woken_again() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.sleep(persona, SleepMode::HumanOnly, Some(stage.now + 500));
    stage.flag(persona, 1, Flags::HUMAN);
    stage.flag(persona, 2, Flags::HUMAN);
    assert_eq!(stage.serve().woken, [persona]);
    assert!(stage.serve_after(500).woken.is_empty());
    assert_eq!(stage.fleet.status().timers, 1, "that of the lease");
}

#[test]
fn a_moment_that_has_passed_wakes_at_once() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    for until in [i64::MIN, stage.now] {
        stage.sleep(persona, SleepMode::Sleeping, Some(until));
        assert_eq!(stage.status(persona).sleep, SleepMode::Active);
        assert_eq!(stage.serve().woken, [persona]);
    }
}

#[test]
fn whoever_sends_it_to_sleep_may_wake_it() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.sleep(persona, SleepMode::Sleeping, None);
    let item = stage.say(persona, 1);
    stage.sleep(persona, SleepMode::Active, None);
    assert_eq!(stage.turns(), [[item]]);
    assert!(stage.batch.woken.is_empty(), "nobody needs to be told");
}

#[test]
fn a_new_mode_takes_the_place_of_the_former() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.sleep(persona, SleepMode::Sleeping, Some(stage.now + 500));
    stage.now += 10;
    stage.sleep(persona, SleepMode::HumanOnly, None);
    stage.flag(persona, 1, Flags::ON_TOPIC);
    assert_eq!(stage.hindrance(persona), (Some(Held::Asleep), Some(stage.now), None));
    assert!(stage.serve_after(1_000).woken.is_empty(), "the old alarm is off");
    stage.sleep(persona, SleepMode::UntilTopic, None);
    assert_eq!(stage.serve().woken, [persona], "what it waits for now has been there already");
    assert_eq!(stage.batch.turns.len(), 1);
}

#[test]
fn what_comes_back_from_a_turn_wakes_too() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.flag(persona, 1, Flags::HUMAN);
    let turn = stage.turn();
    stage.sleep(persona, SleepMode::HumanOnly, None);
    assert!(stage.serve().woken.is_empty(), "a turn is finished in its sleep");
    assert!(stage.complete(turn.id, Outcome::Cancelled { retry_at: stage.now }));
    assert_eq!(stage.serve().woken, [persona]);
    assert_eq!(stage.batch.turns.len(), 1);
}

#[test]
fn what_is_put_aside_wakes_too() {
    let mut stage = Stage::new();
    let settings = SlotSettings { windows: [1; 4], ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    stage.sleep(persona, SleepMode::HumanOnly, None);
    stage.flag(persona, 1, Flags::NONE);
    stage.flag(persona, 2, Flags::HUMAN);
    assert_eq!((stage.status(persona).in_store, stage.status(persona).sleep), (1, SleepMode::Active));
    assert_eq!(stage.serve().woken, [persona]);
}

#[test]
fn nobody_falls_asleep_over_what_was_put_aside() {
    let mut stage = Stage::new();
    let settings = SlotSettings { windows: [1; 4], paused: true, ..SlotSettings::default() };
    let persona = stage.persona_with(settings);
    stage.flag(persona, 1, Flags::NONE);
    stage.flag(persona, 2, Flags::HUMAN);
    assert_eq!(stage.status(persona).in_store, 1);
    stage.sleep(persona, SleepMode::UntilTopic, None);
    assert!(stage.serve().woken.is_empty(), "nothing of that is on its topic");
    stage.sleep(persona, SleepMode::HumanOnly, None);
    assert_eq!(stage.serve().woken, [persona], "its window would never be free for the human");
}

#[test]
fn what_is_declined_or_expired_on_arrival_wakes_nobody() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.sleep(persona, SleepMode::HumanOnly, None);
    stage.flag(persona, 1, Flags::HUMAN.with(Flags::OWN));
    stage.put(persona, 1, |item| {
        (item.flags, item.expires_at) = (Flags::HUMAN, Some(item.enqueued_at));
    });
    assert_eq!((stage.serve().woken.len(), stage.batch.settlements.len()), (0, 2));
    assert_eq!(stage.status(persona).sleep, SleepMode::HumanOnly);
}

#[test]
fn a_sleeping_persona_can_leave() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.sleep(persona, SleepMode::Sleeping, Some(stage.now + 500));
    stage.say(persona, 1);
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Return), Ok(()));
    assert_eq!(stage.serve().freed, [persona]);
    assert_eq!(stage.batch.settlements[0].kind, Kind::Declined);
    assert!(stage.serve_after(500).woken.is_empty());
    assert_eq!(stage.fleet.status().timers, 0);
}

#[test]
fn a_stranger_cannot_be_sent_to_sleep() {
    let mut stage = Stage::new();
    let fault = stage.fleet.sleep(SlotId::from_raw(7), SleepMode::Sleeping, None, stage.now);
    assert_eq!(fault, Err(persona_cycle::Fault::UnknownSlot));
}
