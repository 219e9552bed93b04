//! Reasons, and what would have to be otherwise.

use persona_rules::{Fault, Finding, Flip, Group, Outcome};
use serde_json::json;

use crate::stage::{Stage, at, document, rule};

fn stage() -> Stage {
    Stage::new(&document(&[rule(
        "one",
        &json!({"all": [
            {"any": [
                {"trait_check": {"path": "energy", "operator": "greater", "value": 3}},
                {"trait_check": {"path": "mood", "operator": "equals", "value": "high"}},
            ]},
            {"not": {"context_check": {"field": "busy", "operator": "equals", "value": true}}},
            {"time_check": {"hour_range": [9, 17]}},
        ]}),
    )]))
}

#[test]
fn a_suggestion_says_which_checks_held() {
    let mut stage = stage();
    stage.learn("energy", json!(4));
    stage.context = json!({"busy": false});
    let found = |path: &str, holds, actual| Finding { path: path.to_owned(), holds, actual, flip: None };
    let because = [
        found("/rules/0/conditions/all/0/any/0/trait_check", true, Some(json!(4))),
        found("/rules/0/conditions/all/1/not/context_check", false, Some(json!(false))),
        found("/rules/0/conditions/all/2/time_check", true, Some(json!("friday 12:00"))),
    ];
    assert_eq!(stage.suggest(5).suggestions[0].because, because);
}

#[test]
fn an_explanation_says_what_would_turn_each_check() {
    let mut stage = stage();
    stage.learn("energy", json!(2));
    stage.context = json!({"busy": true});
    stage.now = at("2026-11-20T18:10:00Z");
    let explanation = stage.rules.explain(stage.situation(&stage.context()), &stage.weights, 0).unwrap();
    assert!(!explanation.fires);
    let check = |path: &str, holds, actual, flip| {
        let path = format!("/rules/0/conditions/all/{path}");
        Outcome::Check(Finding { path, holds, actual, flip: Some(flip) })
    };
    let group = |kind, path: &str, holds, children| {
        let path = format!("/rules/0/conditions{path}");
        Outcome::Group { kind, path, holds, children }
    };
    let above = Flip::Above { bound: 3.0, inclusive: false };
    let any = vec![
        check("0/any/0/trait_check", false, Some(json!(2)), above),
        check("0/any/1/trait_check", false, None, Flip::AnyOf(vec![json!("high")])),
    ];
    let busy = check("1/not/context_check", true, Some(json!(true)), Flip::NoneOf(vec![json!(true)]));
    let tomorrow = Flip::At(at("2026-11-21T09:00:00Z"));
    let all = vec![
        group(Group::Any, "/all/0", false, any),
        group(Group::Not, "/all/1", false, vec![busy]),
        check("2/time_check", false, Some(json!("friday 18:10")), tomorrow),
    ];
    assert_eq!(explanation.outcome, group(Group::All, "", false, all));
}

#[test]
fn a_weight_of_nothing_is_a_reason() {
    let mut stage = stage();
    stage.learn("mood", json!("high"));
    stage.weights.set(0, 0.0).unwrap();
    let explanation = stage.rules.explain(stage.situation(&stage.context()), &stage.weights, 0).unwrap();
    assert_eq!((explanation.fires, explanation.weight, explanation.outcome.holds()), (false, 0.0, true));
    let unknown = stage.rules.explain(stage.situation(&stage.context()), &stage.weights, 1);
    assert_eq!(unknown, Err(Fault::UnknownRule));
}

#[test]
fn of_a_range_the_nearer_end() {
    let range = json!({"trait_check": {"path": "t", "operator": "between", "value": [1, 10]}});
    let mut stage = Stage::new(&document(&[rule("one", &json!({"not": range}))]));
    for (value, expected) in [
        (3, Flip::Below { bound: 1.0, inclusive: false }),
        (9, Flip::Above { bound: 10.0, inclusive: false }),
    ] {
        stage.learn("t", json!(value));
        let explanation = stage.rules.explain(stage.situation(&stage.context()), &stage.weights, 0).unwrap();
        let Outcome::Group { children, .. } = explanation.outcome else {
            unreachable!("the rule is a group")
        };
        let path = "/rules/0/conditions/not/trait_check".to_owned();
        let finding = Finding { path, holds: true, actual: Some(json!(value)), flip: Some(expected) };
        assert_eq!(children, [Outcome::Check(finding)]);
    }
}
