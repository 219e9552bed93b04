//! The two documents that the earlier system published, which it accepted and of which it made nothing.
//!
//! They are not part of the project: where no folder above this one has them, the tests say so and end, or fail
//! with `REQUIRE_ALL=1`.

use std::path::Path;

use serde_json::{Value, json};

use crate::stage::{Stage, at};

fn published(name: &str) -> Option<Stage> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let file = above.map(|folder| folder.join("shared/data/mappers").join(name)).find(|file| file.exists());
    let Some(file) = file else {
        skipped(name);
        return None;
    };
    let document: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    Some(Stage::new(&document))
}

#[expect(clippy::print_stdout, reason = "a test that proves nothing says so")]
fn skipped(name: &str) {
    assert!(
        std::env::var("REQUIRE_ALL").is_err(),
        "REQUIRE_ALL, but there is no shared/data/mappers/{name} here"
    );
    println!("skipped: there is no shared/data/mappers/{name} here");
}

fn descriptions(stage: &Stage) -> Vec<String> {
    stage.texts().into_iter().map(|(_, description)| description).collect()
}

#[test]
fn daily_work_optimizer() {
    let Some(mut stage) = published("daily_work_optimizer.yaml") else { return };
    stage.person.set_zone("Europe/Berlin").unwrap();
    stage.learn("work.energy_patterns", json!({"morning": "high", "afternoon": "low"}));
    stage.learn("work.focus_duration", json!({"mean": 60, "p90": 75}));
    stage.learn("work.task_switching_cost", json!("high"));
    stage.learn("current_state.energy_level", json!("low"));

    stage.now = at("2026-11-20T08:00:00Z");
    let deep =
        "Your energy is high. Block the next 75 minutes for your most challenging complex_creative work.";
    let rest = "Low energy detected. Take a 15-minute break to walk or rest.";
    assert_eq!(descriptions(&stage), [deep, rest]);

    stage.now = at("2026-11-20T13:30:00Z");
    stage.context = json!({"upcoming_meeting": "2026-11-20T13:55:00Z"});
    let slump =
        "Switch to administrative tasks for the next 30 minutes to match your afternoon energy pattern.";
    let meeting = "High task-switching cost detected. Start wrapping up in 15 minutes. \
                   Allow 10 minutes after the meeting to refocus.";
    assert_eq!(descriptions(&stage), [rest, slump, meeting]);

    stage.now = at("2026-11-20T16:30:00Z");
    stage.learn("current_state.energy_level", json!("medium"));
    let review =
        "End of day approaching. Spend 15 minutes reviewing today and planning tomorrow's priorities.";
    assert_eq!(descriptions(&stage), [review]);
}

#[test]
fn therapy_insights() {
    let Some(mut stage) = published("therapy_insights.yaml") else { return };
    stage.learn("therapy.emotional_patterns.trend", json!("improving"));
    stage.learn("current_state.emotional_state", json!("stressed"));
    stage.learn("therapy.coping_mechanisms", json!({"effective": ["walks"], "most_effective": "walking"}));
    stage.learn("therapy.trigger_patterns", json!({"recurring": true}));
    let expected = [
        "Your emotional regulation has shown improvement this week. Take a moment to acknowledge this growth.",
        "You seem stressed. Remember that walking has worked well for you in the past.",
        "Notice how situational trigger has appeared again. Awareness is the first step to change.",
    ];
    assert_eq!(descriptions(&stage), expected);
}
