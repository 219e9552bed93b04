//! Sizes at which another path is taken, or a naive one would never end.

use serde_json::json;

use crate::stage::{Stage, document, rule};

#[test]
fn a_condition_that_would_be_a_million_rows() {
    let pair = |index: usize| {
        let check = |value: &str| json!({"trait_check": {"path": format!("t{index}"), "operator": "equals", "value": value}});
        json!({"any": [check("a"), check("b")]})
    };
    let pairs: Vec<_> = (0..20).map(pair).collect();
    let mut stage = Stage::new(&document(&[rule("wide", &json!({"all": pairs}))]));
    for index in 0..20 {
        assert!(stage.fired().is_empty());
        stage.learn(&format!("t{index}"), json!(if index % 2 == 0 { "a" } else { "b" }));
    }
    assert_eq!(stage.fired(), ["wide"]);
}

#[test]
fn a_condition_that_contradicts_itself_never_holds() {
    let check = json!({"context_check": {"field": "c", "operator": "exists"}});
    let mut stage = Stage::new(&document(&[rule("never", &json!({"all": [check, {"not": check}]}))]));
    assert!(stage.fired().is_empty());
    stage.context = json!({"c": 1});
    assert!(stage.fired().is_empty());
}

#[test]
fn two_equalities_on_one_field() {
    let check =
        |values: [&str; 2]| json!({"context_check": {"field": "c", "operator": "in", "value": values}});
    let both = json!({"all": [check(["a", "b"]), check(["b", "c"])]});
    let mut stage = Stage::new(&document(&[rule("both", &both), rule("one", &check(["b", "c"]))]));
    for (value, expected) in [("a", &[][..]), ("b", &["both", "one"]), ("c", &["one"]), ("d", &[])] {
        stage.context = json!({"c": value});
        assert_eq!(stage.fired(), expected, "{value}");
    }
}

#[test]
fn a_thousand_thresholds_on_one_trait() {
    let rules: Vec<_> = (0..1_000)
        .map(|at| {
            rule(&at.to_string(), &json!({"trait_check": {"path": "t", "operator": "greater", "value": at}}))
        })
        .collect();
    let mut stage = Stage::new(&document(&rules));
    for value in [500, 10, 999, 0, 1_000] {
        stage.learn("t", json!(value));
        assert_eq!(stage.fired().len(), value.min(1_000));
    }
}

#[test]
fn a_list_as_long_as_a_document_allows() {
    let distinct =
        |index: usize| json!({"trait_check": {"path": "t", "operator": "not_equals", "value": {"v": index}}});
    let checks: Vec<_> = (0..12_000).map(distinct).collect();
    let mut stage = Stage::new(&document(&[rule("all", &json!({"all": checks}))]));
    assert_eq!(stage.fired(), ["all"]);
    stage.learn("t", json!({"v": 7}));
    assert!(stage.fired().is_empty());
    stage.learn("t", json!({"v": 12_000}));
    assert_eq!(stage.fired(), ["all"]);
}

#[test]
fn a_document_without_rules_is_refused() {
    let faults = crate::stage::faults(&document(&[]).to_string());
    assert_eq!(faults.iter().map(|fault| &fault.path[..]).collect::<Vec<_>>(), ["/rules"]);
}
