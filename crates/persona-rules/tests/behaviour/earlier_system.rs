//! Faults of the earlier system that must not come back.

use serde_json::json;

use crate::stage::{Stage, always, document, rule};

#[test]
fn values_are_not_expanded_again() {
    let mut document = document(&[rule("one", &always())]);
    document["templates"]["t"] = json!({"title": "{a} {b}", "description": "{b}{a}"});
    document["rules"][0]["actions"] = json!([{"generate_suggestion": {
        "type": "k", "template": "t", "parameters": {"a": "{b}", "b": {"from_trait": "t"}},
    }}]);
    let mut stage = Stage::new(&document);
    stage.learn("t", json!("{a}"));
    assert_eq!(stage.texts(), [("{b} {a}".to_owned(), "{a}{b}".to_owned())]);
}

#[test]
fn a_text_is_no_number_and_true_is_not_one() {
    let check = |operator: &str, value| {
        rule(operator, &json!({"trait_check": {"path": "t", "operator": operator, "value": value}}))
    };
    let rules = [check("greater", json!(1)), check("equals", json!(1)), check("less", json!(100))];
    let mut stage = Stage::new(&document(&rules));
    for value in [json!("50"), json!(true), json!([50])] {
        stage.learn("t", value);
        assert_eq!(stage.fired(), Vec::<&str>::new());
    }
    stage.learn("t", json!(1.0));
    assert_eq!(stage.fired(), ["equals", "less"]);
}

#[test]
fn what_is_missing_is_only_not_there_and_not_equal() {
    let operators = [
        ("exists", json!(true)),
        ("not_exists", json!(true)),
        ("equals", json!(1)),
        ("not_equals", json!(1)),
        ("greater", json!(1)),
        ("greater_or_equal", json!(1)),
        ("less", json!(1)),
        ("less_or_equal", json!(1)),
        ("between", json!([0, 1])),
        ("in", json!([1])),
        ("contains", json!(1)),
        ("matches", json!(".*")),
        ("within_minutes", json!(1)),
    ];
    let rules = operators.map(|(operator, value)| {
        rule(operator, &json!({"context_check": {"field": "c", "operator": operator, "value": value}}))
    });
    assert_eq!(Stage::new(&document(&rules)).fired(), ["not_exists", "not_equals"]);
}

#[test]
fn both_dialects_mean_the_same() {
    let check = |value: i32| json!({"trait_check": {"path": "t", "operator": "equals", "value": value}});
    let mut stage = Stage::new(&document(&[
        rule("short", &json!({"any": [check(1), {"not": [check(2), check(3)]}]})),
        rule(
            "typed",
            &json!({"type": "any", "conditions": [
                {"type": "single", "conditions": [check(1)]},
                {"type": "not", "conditions": [check(2), check(3)]},
            ]}),
        ),
    ]));
    for (value, expected) in [(1, true), (2, false), (3, false), (4, true)] {
        stage.learn("t", json!(value));
        assert_eq!(stage.fired(), if expected { vec!["short", "typed"] } else { vec![] }, "{value}");
    }
}

#[test]
fn a_trait_is_found_where_it_was_stored() {
    let condition = json!({"trait_check": {"path": "work.focus.p90", "operator": "greater", "value": 60}});
    let mut stage = Stage::new(&document(&[rule("one", &condition)]));
    stage.learn("work.focus", json!({"mean": 50, "p90": 90}));
    assert_eq!(stage.fired(), ["one"]);
    stage.learn("work.focus.p90", json!(30));
    assert!(stage.fired().is_empty(), "the longer key hides the shorter one's");
    stage.person.set_trait(&stage.rules, "work.focus.p90", None).unwrap();
    assert_eq!(stage.fired(), ["one"]);
}

#[test]
fn narratives_of_different_searches_are_kept_apart() {
    let check = |threshold, limit| json!({"narrative_check": {"query": "joy", "threshold": threshold, "limit": limit}});
    let mut stage = Stage::new(&document(&[
        rule("a", &check(0.5, 5)),
        rule("b", &check(0.8, 5)),
        rule("c", &check(0.5, 9)),
    ]));
    let limits: Vec<_> = stage.rules.narratives().iter().map(|query| query.limit).collect();
    assert_eq!(limits, [5, 9]);
    stage.person.set_score(&stage.rules, 0, Some(0.6)).unwrap();
    assert_eq!(stage.fired(), ["a"]);
    stage.person.set_score(&stage.rules, 0, Some(0.8)).unwrap();
    assert_eq!(stage.fired(), ["a", "b"]);
    assert_eq!(
        stage.person.set_score(&stage.rules, 0, Some(f64::NAN)),
        Err(persona_rules::Fault::BadNarrative)
    );
    assert_eq!(stage.person.set_score(&stage.rules, 2, None), Err(persona_rules::Fault::BadNarrative));
    assert_eq!(stage.fired(), ["a", "b"]);
}
