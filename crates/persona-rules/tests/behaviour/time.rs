//! Hours, days and zones.

use serde_json::{Value, json};

use crate::stage::{Stage, always, at, document, rule};

fn check(check: &Value, zone: &str, table: &[(&str, bool)]) {
    let mut stage = Stage::new(&document(&[rule("one", &json!({"time_check": check}))]));
    stage.person.set_zone(zone).unwrap();
    for (moment, expected) in table {
        stage.now = at(moment);
        assert_eq!(!stage.fired().is_empty(), *expected, "{check} at {moment} in {zone}");
    }
}

#[test]
fn the_persons_zone_is_the_default() {
    let morning = json!({"period": "morning"});
    check(&morning, "UTC", &[("2026-01-05T04:59:59Z", false), ("2026-01-05T05:00:00Z", true)]);
    check(&morning, "Asia/Kathmandu", &[("2026-01-04T23:14:59Z", false), ("2026-01-04T23:15:00Z", true)]);
    let local = json!({"period": "morning", "timezone": "user_local"});
    check(&local, "America/New_York", &[("2026-01-05T16:59:59Z", true), ("2026-01-05T17:00:00Z", false)]);
    let tokyo = json!({"period": "morning", "timezone": "Asia/Tokyo"});
    check(&tokyo, "America/New_York", &[("2026-01-05T20:00:00Z", true), ("2026-01-05T12:00:00Z", false)]);
}

#[test]
fn clocks_that_change() {
    let at_two = json!({"hour_range": [2, 3]});
    let forward = [
        ("2026-03-28T01:30:00Z", true),
        ("2026-03-29T00:59:59Z", false),
        ("2026-03-29T01:00:00Z", false),
        ("2026-03-30T00:30:00Z", true),
    ];
    check(&at_two, "Europe/Berlin", &forward);
    let back =
        [("2026-10-25T00:00:00Z", true), ("2026-10-25T01:59:59Z", true), ("2026-10-25T02:00:00Z", false)];
    check(&at_two, "Europe/Berlin", &back);
}

#[test]
fn ranges_wrap_and_are_half_open() {
    let table = [
        ("2026-01-05T20:59:00Z", false),
        ("2026-01-05T21:00:00Z", true),
        ("2026-01-06T04:59:00Z", true),
        ("2026-01-06T05:00:00Z", false),
    ];
    check(&json!({"period": "night"}), "UTC", &table);
    check(&json!({"hour_range": [21, 5]}), "UTC", &table);
    let to_midnight = [("2026-01-05T23:59:59Z", true), ("2026-01-06T00:00:00Z", false)];
    check(&json!({"hour_range": [22, 24]}), "UTC", &to_midnight);
    check(&json!({"hour_range": [22, 0]}), "UTC", &to_midnight);
}

#[test]
fn all_parts_must_hold() {
    let both = json!({"period": "evening", "hour_range": [16, 18]});
    let table =
        [("2026-01-05T16:30:00Z", false), ("2026-01-05T17:30:00Z", true), ("2026-01-05T18:00:00Z", false)];
    check(&both, "UTC", &table);
    let friday_night = json!({"period": "night", "day_of_week": ["Friday"]});
    // The day is that of the moment itself, also after midnight.
    check(&friday_night, "UTC", &[("2026-01-02T23:00:00Z", true), ("2026-01-03T02:00:00Z", false)]);
    let near_midnight = json!({"within_minutes": {"of": "23:50", "minutes": 15}});
    let table = [
        ("2026-01-05T23:34:59Z", false),
        ("2026-01-05T23:35:00Z", true),
        ("2026-01-06T00:05:59Z", true),
        ("2026-01-06T00:06:00Z", false),
    ];
    check(&near_midnight, "UTC", &table);
}

#[test]
fn times_as_values() {
    let condition = json!({"context_check": {"field": "meeting", "operator": "within_minutes", "value": 30}});
    let mut stage = Stage::new(&document(&[rule("one", &condition)]));
    stage.person.set_zone("Europe/Berlin").unwrap();
    stage.now = at("2026-07-01T10:00:00Z");
    let table = [
        (json!("2026-07-01T10:00:00Z"), true),
        (json!("2026-07-01T10:30:00Z"), true),
        (json!("2026-07-01T10:30:01Z"), false),
        (json!("2026-07-01T09:59:59Z"), false),
        (json!("2026-07-01T12:15:00+02:00"), true),
        (json!("2026-07-01T12:15:00"), true),
        (json!("2026-07-01T10:15:00"), false),
        (json!(stage.now + 60_000), true),
        (json!((stage.now + 60_000).to_string()), false),
        (json!("soon"), false),
        (json!(null), false),
    ];
    for (value, expected) in table {
        stage.context = json!({"meeting": value});
        assert_eq!(!stage.fired().is_empty(), expected, "{value}");
    }
}

#[test]
fn moments_out_of_range_are_refused() {
    let mut stage = Stage::new(&document(&[rule("one", &always())]));
    for now in [i64::MIN, i64::MAX] {
        stage.now = now;
        let mut evaluation = persona_rules::Evaluation::default();
        let answer = stage.rules.evaluate(stage.situation(&stage.context()), &stage.weights, &mut evaluation);
        assert_eq!(answer, Err(persona_rules::Fault::TimeOutOfRange));
    }
}

#[test]
fn the_first_and_the_last_moment() {
    let time = |check| rule("time", &json!({"time_check": check}));
    for check in [json!({"hour_range": [3, 4]}), json!({"within_minutes": {"of": "03:00", "minutes": 0}})] {
        let mut stage = Stage::new(&document(&[time(check)]));
        for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            stage.person.set_zone(zone).unwrap();
            for moment in [jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
                stage.now = moment.as_second() * 1_000;
                let explanation =
                    stage.rules.explain(stage.situation(&stage.context()), &stage.weights, 0).unwrap();
                assert_eq!(explanation.fires, !stage.fired().is_empty());
            }
        }
    }
}
