//! Starts, ends, cuts and timeouts while the persona listens.

use persona_voice::{Profile, TurnOptions};

use crate::stage::Stage;

/// Three frames to start, four of silence to end, two of look-back.
pub(crate) fn options() -> TurnOptions {
    let profile =
        Profile { min_speech_ms: 96, min_silence_ms: 128, interrupt_ms: Some(160), ..Profile::default() };
    TurnOptions {
        listening: profile.clone(),
        thinking: profile.clone(),
        speaking: profile,
        prefix_padding_ms: 64,
        backchannel_ms: 320,
        recovery_ms: Some(320),
        ..TurnOptions::default()
    }
}

pub(crate) fn check(options: &TurnOptions, script: &str, expected: &[&str]) {
    assert_eq!(Stage::new(options).play(script).told(), expected, "{script}");
}

#[test]
fn a_start_is_told_when_it_has_lasted_and_says_when_it_was() {
    check(&options(), ".... ##", &[]);
    check(&options(), ".... ###", &["start 4 known 7 sound 2"]);
    check(&options(), "###", &["start 0 known 3 sound 0"]);
}

#[test]
fn a_first_frame_is_enough_where_nothing_more_is_asked() {
    let mut options = options();
    options.listening.min_speech_ms = 0;
    check(&options, "..#", &["start 2 known 3 sound 0"]);
}

#[test]
fn silence_ends_speech_and_turn() {
    let told = ["start 0 known 3 sound 0", "end 4 known 8", "turn 0..4 known 8: silence"];
    check(&options(), "#### ...", &told[..1]);
    check(&options(), "#### ....", &told);
}

#[test]
fn a_short_pause_ends_nothing() {
    check(&options(), "#### ... # ... #", &["start 0 known 3 sound 0"]);
}

#[test]
fn between_the_thresholds_all_stays_as_it_was() {
    check(&options(), "-----", &[]);
    check(&options(), "###-------", &["start 0 known 3 sound 0"]);
    check(&options(), "###.---", &["start 0 known 3 sound 0", "end 3 known 7", "turn 0..3 known 7: silence"]);
}

#[test]
fn an_exit_threshold_of_ones_own() {
    let mut options = options();
    options.listening.exit_threshold = Some(0.45);
    check(&options, "###----", &["start 0 known 3 sound 0", "end 3 known 7", "turn 0..3 known 7: silence"]);
}

#[test]
fn too_short_for_speech_is_a_misfire() {
    check(&options(), ".##...", &["short 1..3"]);
    check(&options(), "#..#..#", &["start 0 known 7 sound 0"]);
    check(&options(), "#...#...#...", &["short 0..1", "short 4..5", "short 8..9"]);
}

#[test]
fn the_look_back_takes_nothing_from_the_turn_before() {
    let first = ["start 0 known 3 sound 0", "end 3 known 7", "turn 0..3 known 7: silence"];
    let long = TurnOptions { prefix_padding_ms: 5_000, ..options() };
    check(&long, "###.... . ###", &[&first[..], &["start 8 known 11 sound 3"]].concat());
    check(&options(), "###.... . ###", &[&first[..], &["start 8 known 11 sound 6"]].concat());
}

#[test]
fn a_long_turn_is_cut_at_the_longest_pause_of_its_second_half() {
    let options = TurnOptions { max_turn_ms: 1_024, ..options() };
    // The pause of three frames lies in the first half; of those after it, the longest lasts two.
    let script = "#### ... #########  # .. ## . ## . ###### ## ......";
    let told = [
        "start 0 known 3 sound 0",
        "end 17 known 32",
        "turn 0..17 known 32: too long",
        "start 19 known 32 sound 17",
        "end 33 known 37",
        "turn 17..33 known 37: silence",
    ];
    check(&options, script, &told);
}

#[test]
fn without_a_pause_it_is_cut_where_it_is() {
    let options = TurnOptions { max_turn_ms: 1_024, ..options() };
    let told = [
        "start 0 known 3 sound 0",
        "end 32 known 32",
        "turn 0..32 known 32: too long",
        "start 32 known 32 sound 32",
        "end 40 known 44",
        "turn 32..40 known 44: silence",
    ];
    check(&options, &format!("{}{}", "#".repeat(40), "...."), &told);
}

#[test]
fn a_cut_in_the_best_pause_waits_for_no_more_speech() {
    let options = TurnOptions { max_turn_ms: 1_024, ..options() };
    let script = format!("{}...........", "#".repeat(30));
    let told = ["start 0 known 3 sound 0", "end 30 known 32", "turn 0..30 known 32: too long"];
    check(&options, &script, &told);
}

#[test]
fn with_patience_a_pause_ends_speech_but_not_the_turn() {
    let options = TurnOptions { patience_ms: Some(320), ..options() };
    let told = ["start 0 known 3 sound 0", "end 3 known 7", "turn 0..3 known 13: patience"];
    check(&options, "###.........", &told[..2]);
    check(&options, "###..........", &told);
}

#[test]
fn who_goes_on_is_in_the_same_turn() {
    let options = TurnOptions { patience_ms: Some(320), ..options() };
    let told = [
        "start 0 known 3 sound 0",
        "end 3 known 7",
        "start 9 known 12 sound 7",
        "end 12 known 16",
        "turn 0..12 known 22: patience",
    ];
    check(&options, "###......###..........", &told);
}

#[test]
fn a_judge_ends_the_turn_at_once() {
    let options = TurnOptions { patience_ms: Some(3_200), ..options() };
    check(
        &options,
        "###.....C..",
        &["start 0 known 3 sound 0", "end 3 known 7", "turn 0..3 known 8: complete"],
    );
}

#[test]
fn a_verdict_on_an_earlier_pause_counts_for_nothing() {
    let options = TurnOptions { patience_ms: Some(3_200), ..options() };
    let (first, second) = (["start 0 known 3 sound 0", "end 3 known 7"], ["start 7 known 10 sound 5"]);
    // Somebody speaks again when the verdict comes.
    check(&options, "###....###C", &[&first[..], &second].concat());
    check(&options, "###....###C......", &[&first[..], &second, &["end 10 known 14"]].concat());
    // What may yet turn out to be speech lets it wait, and voids it if it is.
    check(&options, "###....#C##......", &[&first[..], &second, &["end 10 known 14"]].concat());
    check(&options, "###....#C...", &[&first[..], &["short 7..8", "turn 0..3 known 11: complete"]].concat());
}

#[test]
fn the_speaker_may_end_the_turn_by_other_means() {
    check(&options(), "#####X", &["start 0 known 3 sound 0", "end 5 known 5", "turn 0..5 known 5: told"]);
    check(&options(), "#####.X", &["start 0 known 3 sound 0", "end 5 known 6", "turn 0..5 known 6: told"]);
    check(&options(), "...X##X", &["short 3..5"]);
}

#[test]
fn the_end_of_the_stream_ends_what_is_open() {
    check(&options(), "#####.|", &["start 0 known 3 sound 0", "end 5 known 6", "turn 0..5 known 6: closed"]);
    check(&options(), "##|", &["short 0..2"]);
    check(&options(), "...||", &[]);
}

#[test]
fn nobody_speaks() {
    let options = TurnOptions { idle_timeout_ms: Some(160), ..options() };
    check(&options, "....", &[]);
    check(&options, "...............", &["idle 5"]);
    let turn = ["start 4 known 7 sound 2", "end 7 known 11", "turn 2..7 known 11: silence"];
    check(&options, "....###....", &turn);
    check(&options, "....###.........", &[&turn[..], &["idle 16"]].concat());
    // It counts from the moment at which the persona listens again, and only then.
    check(&options, "..S..........L....", &[]);
    check(&options, "..S..........L.....", &["idle 17"]);
}

#[test]
fn no_sound_comes() {
    let options = TurnOptions { no_audio_timeout_ms: Some(200), ..options() };
    check(&options, "....w", &[]);
    check(&options, "....wwwww", &["no audio 4"]);
    check(&options, "....www.www", &["no audio 4", "no audio 5"]);
    let turn = ["start 0 known 3 sound 0", "end 3 known 4", "turn 0..3 known 4: no audio", "no audio 4"];
    check(&options, "###.www", &turn);
    check(&options, "wwwww", &["no audio 0"]);
}
