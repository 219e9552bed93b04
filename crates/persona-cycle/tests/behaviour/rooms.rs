//! The quiet rules: what a persona does not answer in a room, and how often it speaks up there.

use persona_cycle::{Flags, Held, Kind, Lane, Outcome, Reason, SlotId, SlotSettings, Unenroll};

use crate::stage::Stage;

const ROOM: u64 = 7;
/// An agent or the system says something to the room.
const MACHINE: Flags = Flags::ROOM;
const HUMAN: Flags = Flags::ROOM.with(Flags::HUMAN);

/// A persona that is quick to speak, and stops after so many answers to machines.
fn persona(stage: &mut Stage, room_cap: u32) -> SlotId {
    stage.persona_with(SlotSettings { room_gap_ms: 0, room_cap, ..SlotSettings::default() })
}

/// Says something in the room and answers it.
fn answer(stage: &mut Stage, persona: SlotId, flags: Flags) {
    let item = stage.flag(persona, ROOM, flags);
    assert_eq!(stage.end_turn(Outcome::Done), [item]);
}

/// What becomes of an item on arrival, which is known before.
fn rule(undirected: bool, flags: Flags) -> Option<Reason> {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { undirected, ..SlotSettings::default() });
    let expected = stage.fleet.declines(persona, flags);
    let item = stage.flag(persona, ROOM, flags);
    let settled = stage.serve().settlements.first().copied();
    assert_eq!(stage.batch.turns.len(), usize::from(settled.is_none()));
    assert_eq!(settled.map(|settled| settled.reason), expected);
    settled.map(|settled| {
        assert_eq!((settled.item, settled.turn, settled.kind), (item, None, Kind::Declined));
        assert_eq!(settled.flags, flags, "to be kept as context");
        settled.reason
    })
}

#[test]
fn its_own_words_and_repeated_ones_are_not_answered_anywhere() {
    let pressing = Flags::MENTION.with(Flags::HUMAN).with(Flags::URGENT);
    assert_eq!(rule(true, Flags::OWN.with(pressing)), Some(Reason::Own));
    assert_eq!(rule(true, Flags::DUPLICATE.with(pressing)), Some(Reason::Duplicate));
    assert_eq!(rule(true, Flags::OWN.with(Flags::DUPLICATE)), Some(Reason::Own));
}

#[test]
fn who_takes_nothing_declines_nothing() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    assert_eq!(stage.fleet.declines(persona, Flags::OWN), Some(Reason::Own));
    stage.say(persona, ROOM);
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Drain), Ok(()));
    assert_eq!(stage.fleet.declines(persona, Flags::OWN), None, "to be refused");
    assert_eq!(stage.fleet.declines(SlotId::from_raw(0), Flags::OWN), None);
}

#[test]
fn undirected_talk_of_another_persona() {
    let talk = Flags::ROOM.with(Flags::PERSONA);
    assert_eq!(rule(false, talk), Some(Reason::Undirected));
    assert_eq!(rule(false, talk.with(Flags::MENTION)), None, "directed");
    assert_eq!(rule(false, Flags::PERSONA), None, "a session is between two");
    assert_eq!(rule(false, Flags::ROOM), None, "an agent");
    assert_eq!(rule(true, talk), None, "it likes to chat");
}

#[test]
fn an_echo_of_machines() {
    let echo = Flags::ROOM.with(Flags::ECHO);
    assert_eq!(rule(false, echo), Some(Reason::Echo));
    assert_eq!(rule(false, echo.with(Flags::HUMAN)), None);
    assert_eq!(rule(false, echo.with(Flags::MENTION)), None);
    assert_eq!(rule(false, Flags::ECHO), None, "not in a room");
    assert_eq!(rule(false, echo.with(Flags::PERSONA)), Some(Reason::Undirected), "the first that applies");
    assert_eq!(rule(true, echo.with(Flags::PERSONA)), Some(Reason::Echo));
}

#[test]
fn what_was_in_a_turn_before_the_crash_is_not_judged_again() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let item = stage.flag(persona, ROOM, Flags::OWN.with(Flags::UNKNOWN));
    assert_eq!(stage.settled(), [(item, Reason::UnknownOutcome)]);
    assert_eq!(stage.status(persona).waiting, 1);
}

/// Hears messages (milliseconds since the one before, by a human, content) and gives what was said of the last.
fn last_heard(messages: &[(i64, bool, u64)]) -> (bool, bool) {
    let mut stage = Stage::new();
    let mut last = None;
    for (number, &(ms, human, content)) in (1..).zip(messages) {
        stage.now += ms;
        let heard = stage.fleet.hear(ROOM, human, content, stage.now);
        assert_eq!(heard.number, number, "they are numbered");
        last = Some((heard.storm, heard.duplicate));
    }
    last.unwrap_or_else(|| unreachable!("nothing was said"))
}

#[test]
fn a_storm_is_the_third_message_of_machines_in_two_minutes() {
    let storms = |messages: &[(i64, bool)]| {
        let messages: Vec<_> = messages.iter().map(|&(ms, human)| (ms, human, 0)).collect();
        last_heard(&messages).0
    };
    let (machine, human) = (false, true);
    assert!(!storms(&[(0, machine)]));
    assert!(!storms(&[(0, machine), (0, machine)]));
    assert!(storms(&[(0, machine), (0, machine), (0, machine)]));
    assert!(!storms(&[(0, machine), (0, machine), (0, human)]), "a human is none");
    assert!(storms(&[(0, machine), (60_000, machine), (59_999, machine)]));
    assert!(!storms(&[(0, machine), (60_000, machine), (60_000, machine)]), "the first was too long ago");
    let after_a_human = |ms| storms(&[(0, human), (1, machine), (1, machine), (ms, machine)]);
    assert!(!after_a_human(119_997), "a human is there");
    assert!(after_a_human(119_998), "nobody is any more");
}

#[test]
fn the_same_words_within_a_minute_are_a_duplicate() {
    let is_duplicate = |messages: &[(i64, u64)]| {
        let messages: Vec<_> = messages.iter().map(|&(ms, content)| (ms, true, content)).collect();
        last_heard(&messages).1
    };
    assert!(!is_duplicate(&[(0, 5)]));
    assert!(!is_duplicate(&[(0, 5), (0, 6)]));
    assert!(is_duplicate(&[(0, 5), (1, 6), (59_998, 5)]));
    assert!(!is_duplicate(&[(0, 5), (60_000, 5)]), "a minute ago");
    assert!(!is_duplicate(&[(0, 0), (0, 0)]), "no content is like no other");
}

#[test]
fn fifty_messages_are_remembered() {
    let after = |between: u64| {
        let mut messages = vec![(0, false, 999)];
        messages.extend((1..=between).map(|content| (0, false, content)));
        messages.push((0, false, 999));
        last_heard(&messages).1
    };
    assert!(after(49));
    assert!(!after(50));
}

#[test]
fn rooms_do_not_hear_each_other() {
    let mut stage = Stage::new();
    for room in 0..3 {
        let heard = stage.fleet.hear(room, false, 5, stage.now);
        assert_eq!((u64::from(heard.number), heard.storm, heard.duplicate), (room + 1, false, false));
    }
}

#[test]
fn what_was_not_said_after_all_counts_for_nothing() {
    let mut stage = Stage::new();
    let now = stage.now;
    let fleet = &mut stage.fleet;
    fleet.hear(ROOM, false, 1, now);
    fleet.hear(ROOM, false, 2, now);
    let human = fleet.hear(ROOM, true, 3, now);
    fleet.unhear(ROOM, human.number);
    assert!(fleet.hear(ROOM, false, 0, now).storm, "no human has spoken");
    assert!(!fleet.hear(ROOM, false, 3, now).duplicate);
    let earlier = fleet.hear(ROOM, true, 0, now);
    let later = fleet.hear(ROOM, true, 0, now + 1);
    fleet.unhear(ROOM, later.number);
    assert!(!fleet.hear(ROOM, false, 0, now + 119_999).storm, "the other human has");
    for number in [0, later.number, u32::MAX] {
        fleet.unhear(ROOM, number);
        fleet.unhear(ROOM + 1, number);
    }
    assert!(earlier.number < later.number);
}

#[test]
fn after_an_answer_it_pauses_before_machines_are_answered_again() {
    let mut stage = Stage::new();
    let (persona, other) = (stage.persona(), stage.persona());
    answer(&mut stage, persona, MACHINE);
    let answered = stage.now;
    stage.now += 1_000;
    let item = stage.flag(persona, ROOM, MACHINE);
    let until = Some(answered + 10_000);
    assert_eq!(stage.hindrance(persona), (Some(Held::RoomGap), Some(stage.now), until));
    let elsewhere = stage.flag(persona, ROOM + 1, MACHINE);
    assert_eq!(stage.end_turn(Outcome::Done), [elsewhere], "another room");
    let another = stage.flag(other, ROOM, MACHINE);
    assert_eq!(stage.end_turn(Outcome::Done), [another], "another persona");
    assert!(stage.serve_after(8_999).turns.is_empty());
    stage.now += 1;
    assert_eq!(stage.turns(), [[item]]);
}

#[test]
fn nobody_who_waits_for_an_answer_waits_for_the_pause() {
    let goes = |lane, flags| {
        let mut stage = Stage::new();
        let persona = stage.persona();
        answer(&mut stage, persona, HUMAN);
        stage.put(persona, ROOM, |item| (item.lane, item.flags) = (lane, flags));
        !stage.turns().is_empty()
    };
    assert!(!goes(Lane::Chat, MACHINE.with(Flags::MENTION)));
    assert!(!goes(Lane::Task, MACHINE.with(Flags::URGENT)));
    assert!(goes(Lane::Chat, HUMAN));
    assert!(goes(Lane::Voice, MACHINE));
    assert!(goes(Lane::Chat, Flags::NONE), "a session under the same key");
}

#[test]
fn a_human_who_joins_in_ends_the_pause() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    answer(&mut stage, persona, MACHINE);
    let machine = stage.flag(persona, ROOM, MACHINE);
    let alone = stage.flag(persona, ROOM, MACHINE.with(Flags::ALONE));
    let human = stage.flag(persona, ROOM, HUMAN);
    assert!(stage.turns().is_empty(), "a human further back is not asked for by the next turn");
    stage.now += 10_000;
    assert_eq!(stage.end_turn(Outcome::Done), [machine]);
    stage.now += 10_000;
    assert_eq!(stage.end_turn(Outcome::Done), [alone]);
    assert_eq!(stage.end_turn(Outcome::Done), [human]);
    let machine = stage.flag(persona, ROOM, MACHINE);
    assert!(stage.turns().is_empty());
    let human = stage.flag(persona, ROOM, HUMAN);
    assert_eq!(stage.turns(), [[machine, human]]);
}

#[test]
fn only_an_answer_starts_the_pause() {
    let goes_on = |outcome| {
        let mut stage = Stage::new();
        let persona = stage.persona();
        stage.put(persona, ROOM, |item| (item.flags, item.failures) = (MACHINE, 2));
        stage.end_turn(outcome);
        stage.flag(persona, ROOM, MACHINE);
        !stage.turns().is_empty()
    };
    assert!(!goes_on(Outcome::Done));
    assert!(goes_on(Outcome::Declined));
    assert!(goes_on(Outcome::Failed));
    assert!(goes_on(Outcome::Cancelled { retry_at: 0 }));
}

#[test]
fn a_session_has_no_pauses() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    stage.say(persona, ROOM);
    stage.end_turn(Outcome::Done);
    answer(&mut stage, persona, MACHINE);
}

#[test]
fn at_the_cap_machines_are_declined_until_a_human_speaks() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 2);
    answer(&mut stage, persona, MACHINE);
    answer(&mut stage, persona, MACHINE);
    let item = stage.flag(persona, ROOM, MACHINE.with(Flags::MENTION));
    assert_eq!(stage.settled(), [(item, Reason::RoomCap)]);
    assert!(stage.batch.turns.is_empty());
    let voice = stage.put(persona, ROOM, |item| (item.lane, item.flags) = (Lane::Voice, MACHINE));
    assert_eq!(stage.end_turn(Outcome::Done), [voice]);
    let elsewhere = stage.flag(persona, ROOM + 1, MACHINE);
    assert_eq!(stage.end_turn(Outcome::Done), [elsewhere]);
    answer(&mut stage, persona, HUMAN);
    let item = stage.flag(persona, ROOM, MACHINE);
    assert_eq!(stage.settled(), [(item, Reason::RoomCap)], "nobody said that it is to be heard");
    stage.fleet.hear(ROOM, false, 0, stage.now);
    let item = stage.flag(persona, ROOM, MACHINE);
    assert_eq!(stage.settled(), [(item, Reason::RoomCap)], "a machine");
    stage.fleet.hear(ROOM + 1, true, 0, stage.now);
    let item = stage.flag(persona, ROOM, MACHINE);
    assert_eq!(stage.settled(), [(item, Reason::RoomCap)], "a human elsewhere");
    stage.fleet.hear(ROOM, true, 0, stage.now);
    answer(&mut stage, persona, MACHINE);
}

#[test]
fn answers_to_humans_and_voices_do_not_count() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 1);
    for _ in 0..3 {
        answer(&mut stage, persona, HUMAN);
        stage.put(persona, ROOM, |item| (item.lane, item.flags) = (Lane::Voice, MACHINE));
        stage.end_turn(Outcome::Done);
    }
    answer(&mut stage, persona, MACHINE);
    let item = stage.flag(persona, ROOM, MACHINE);
    assert_eq!(stage.settled(), [(item, Reason::RoomCap)]);
}

#[test]
fn what_waits_is_declined_at_the_cap_up_to_the_human() {
    let mut stage = Stage::new();
    let persona = persona(&mut stage, 1);
    stage.flag(persona, ROOM, MACHINE);
    let turn = stage.turn();
    let machines = [
        stage.flag(persona, ROOM, MACHINE),
        stage.flag(persona, ROOM, MACHINE),
        stage.flag(persona, ROOM, MACHINE.with(Flags::ALONE)),
    ];
    let human = stage.put(persona, ROOM, |item| (item.flags, item.lane) = (HUMAN, Lane::Task));
    let behind = stage.flag(persona, ROOM, MACHINE);
    assert!(stage.complete(turn.id, Outcome::Done));
    assert_eq!(stage.settled(), machines.map(|item| (item, Reason::RoomCap)));
    let turn = stage.batch.turns[0].id;
    assert_eq!(stage.batch.items, [human]);
    assert!(stage.complete(turn, Outcome::Done));
    assert_eq!(stage.settled(), [(behind, Reason::RoomCap)]);
}

#[test]
fn a_smaller_cap_holds_at_once() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    answer(&mut stage, persona, MACHINE);
    let item = stage.flag(persona, ROOM, MACHINE);
    assert_eq!(stage.status(persona).held, Some(Held::RoomGap));
    stage.configure(persona, SlotSettings { room_cap: 1, ..SlotSettings::default() });
    assert_eq!(stage.settled(), [(item, Reason::RoomCap)]);
    assert_eq!(stage.status(persona).waiting, 0);
}

#[test]
fn a_shorter_pause_holds_at_once() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    answer(&mut stage, persona, MACHINE);
    let item = stage.flag(persona, ROOM, MACHINE);
    stage.configure(persona, SlotSettings { room_gap_ms: 5, ..SlotSettings::default() });
    assert_eq!(stage.status(persona).held_until, Some(stage.now + 5));
    stage.configure(persona, SlotSettings { room_gap_ms: 0, ..SlotSettings::default() });
    assert_eq!(stage.turns(), [[item]]);
}

#[test]
fn after_ten_minutes_of_silence_a_room_is_forgotten() {
    let answered_again = |silence_ms: i64, stirred: Option<u64>| {
        let mut stage = Stage::new();
        let persona = persona(&mut stage, 1);
        answer(&mut stage, persona, MACHINE);
        if let Some(room) = stirred {
            stage.fleet.hear(room, false, 0, stage.now + 1_000);
        }
        stage.now += silence_ms;
        stage.fleet.hear(ROOM + 1, false, 0, stage.now);
        stage.flag(persona, ROOM, MACHINE);
        !stage.turns().is_empty()
    };
    assert!(!answered_again(599_999, None));
    assert!(answered_again(600_000, None));
    assert!(!answered_again(600_000, Some(ROOM)), "a machine has spoken there since");
    assert!(answered_again(600_000, Some(ROOM + 2)));
}

#[test]
fn a_new_persona_does_not_inherit_the_pace_of_its_row() {
    let mut stage = Stage::new();
    let old = persona(&mut stage, 1);
    answer(&mut stage, old, MACHINE);
    assert_eq!(stage.fleet.unenroll(old, persona_cycle::Unenroll::Return), Ok(()));
    let new = persona(&mut stage, 1);
    answer(&mut stage, new, MACHINE);
}

#[test]
fn what_a_machine_did_not_say_makes_nobody_forget_a_human() {
    let mut fleet = Stage::new().fleet;
    fleet.hear(ROOM, true, 0, 0);
    let spoken = (1..=50).map(|at| fleet.hear(ROOM, false, 0, at).number);
    let last = spoken.last().unwrap();
    // The human's message is not among the last 50 any more.
    fleet.unhear(ROOM, last);
    assert!(!fleet.hear(ROOM, false, 0, 100).storm);
}
