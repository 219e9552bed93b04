//! What is said while the persona thinks or speaks.

use persona_voice::{Profile, TurnOptions};

use crate::turns::{check, options};

#[test]
fn enough_speech_interrupts_once() {
    check(&options(), "S####", &["start 0 known 3 sound 0"]);
    check(&options(), "S#####", &["start 0 known 3 sound 0", "interrupt 0 known 5: Speaking"]);
    check(&options(), "T##########", &["start 0 known 3 sound 0", "interrupt 0 known 5: Thinking"]);
    check(&options(), "L##########", &["start 0 known 3 sound 0"]);
}

#[test]
fn each_stance_has_its_profile() {
    let mut options = options();
    options.speaking = Profile { threshold: 0.9, min_speech_ms: 192, ..options.speaking };
    options.thinking.interrupt_ms = Some(320);
    check(&options, "S++++++++", &[]);
    check(&options, "S######", &["start 0 known 6 sound 0", "interrupt 0 known 6: Speaking"]);
    check(&options, "T+++++++++", &["start 0 known 3 sound 0"]);
    check(&options, "T++++++++++", &["start 0 known 3 sound 0", "interrupt 0 known 10: Thinking"]);
}

#[test]
fn a_persona_that_begins_over_a_speaker_is_interrupted() {
    check(&options(), "#####S#", &["start 0 known 3 sound 0", "interrupt 0 known 6: Speaking"]);
}

#[test]
fn a_backchannel_is_no_turn() {
    check(&options(), "S####....", &["start 0 known 3 sound 0", "end 4 known 8", "backchannel 0..4"]);
    // Unless words were understood that the caller finds worth an answer,
    let turn = ["start 0 known 3 sound 0", "end 4 known 8", "turn 0..4 known 8: silence"];
    check(&options(), "S####K....", &turn);
    // or the persona has finished in the meantime.
    check(&options(), "S####..L..", &turn);
}

#[test]
fn a_short_interruption_is_taken_back() {
    let told = [
        "start 0 known 3 sound 0",
        "interrupt 0 known 5: Speaking",
        "end 6 known 10",
        "retracted 0 known 16",
    ];
    check(&options(), "S######.........", &told[..3]);
    check(&options(), "S######..........", &told);
    // Also if the persona has fallen silent because of it.
    check(&options(), "S######L..........", &told);
}

#[test]
fn words_make_it_a_turn() {
    let told = [
        "start 0 known 3 sound 0",
        "interrupt 0 known 5: Speaking",
        "end 6 known 10",
        "turn 0..6 known 12: silence",
    ];
    check(&options(), "S######......K...", &told);
}

#[test]
fn so_does_speaking_on() {
    let told = [
        "start 0 known 3 sound 0",
        "interrupt 0 known 5: Speaking",
        "end 6 known 10",
        "start 12 known 15 sound 10",
        "end 17 known 21",
        "turn 0..17 known 21: silence",
    ];
    check(&options(), "S######......#####....", &told);
}

#[test]
fn a_long_interruption_stands() {
    let told = [
        "start 0 known 3 sound 0",
        "interrupt 0 known 5: Speaking",
        "end 11 known 15",
        "turn 0..11 known 15: silence",
    ];
    check(&options(), "S###########....", &told);
}

#[test]
fn without_recovery_every_interruption_stands() {
    let options = TurnOptions { recovery_ms: None, ..options() };
    let told = [
        "start 0 known 3 sound 0",
        "interrupt 0 known 5: Speaking",
        "end 5 known 9",
        "turn 0..5 known 9: silence",
    ];
    check(&options, "S#####....", &told);
}

#[test]
fn where_nothing_interrupts_what_is_said_is_a_turn_all_the_same() {
    let mut options = options();
    options.speaking.interrupt_ms = None;
    let told = ["start 0 known 3 sound 0", "end 4 known 8", "turn 0..4 known 8: silence"];
    check(&options, "S####....", &told);
}

#[test]
fn thinking_early_makes_no_backchannel_of_the_turn() {
    let options = TurnOptions { patience_ms: Some(320), ..options() };
    let told = ["start 0 known 3 sound 0", "end 3 known 7", "turn 0..3 known 13: patience"];
    check(&options, "###.....T.....", &told);
}

#[test]
fn nor_is_a_turn_lost_over_which_a_persona_begins_to_speak() {
    let told = [
        "start 0 known 3 sound 0",
        "interrupt 0 known 6: Speaking",
        "end 6 known 10",
        "turn 0..6 known 10: silence",
    ];
    check(&options(), "#####S#..........", &told);
}

#[test]
fn what_is_open_at_the_end_is_decided() {
    check(&options(), "S####|", &["start 0 known 3 sound 0", "end 4 known 4", "backchannel 0..4"]);
    let interrupt = ["start 0 known 3 sound 0", "interrupt 0 known 5: Speaking", "end 5 known 5"];
    check(&options(), "S#####|", &[&interrupt[..], &["retracted 0 known 5"]].concat());
    check(&options(), "S#####X", &[&interrupt[..], &["turn 0..5 known 5: told"]].concat());
}

#[test]
fn a_cut_does_not_interrupt_again() {
    let options = TurnOptions { max_turn_ms: 1_024, ..options() };
    let told = [
        "start 0 known 3 sound 0",
        "interrupt 0 known 5: Speaking",
        "end 32 known 32",
        "turn 0..32 known 32: too long",
        "start 32 known 32 sound 32",
        "end 34 known 38",
        "turn 32..34 known 38: silence",
    ];
    check(&options, &format!("S{}....", "#".repeat(34)), &told);
}
