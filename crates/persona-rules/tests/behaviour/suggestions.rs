//! Order, limit, parameters and their faults.

use persona_rules::{Fault, RuleFault, RuleFaultCode};
use serde_json::{Value, json};

use crate::stage::{Stage, always, document, rule, suggesting};

fn weighted(id: &str, template: &str, weight: f64) -> Value {
    json!({"id": id, "conditions": always(), "actions": [suggesting(template)], "weight": weight})
}

fn order(stage: &Stage, limit: usize) -> Vec<String> {
    let suggestions = stage.suggest(limit).suggestions;
    suggestions.iter().map(|one| stage.rules.rule_id(one.rule).unwrap().to_owned()).collect()
}

#[test]
fn by_weight_then_priority_then_document_order() {
    let mut stage = Stage::new(&document(&[
        weighted("low", "low", 1.0),
        weighted("first", "t", 1.0),
        weighted("high", "high", 1.0),
        weighted("second", "t", 1.0),
        weighted("heavy", "low", 1.5),
        weighted("off", "high", 0.0),
    ]));
    assert_eq!(order(&stage, 10), ["heavy", "high", "first", "second", "low"]);
    assert_eq!(order(&stage, 2), ["heavy", "high"], "the limit cuts what matters least");
    assert_eq!(order(&stage, 0), Vec::<String>::new());
    stage.weights.set(5, 2.0).unwrap();
    stage.weights.set(4, 0.0).unwrap();
    assert_eq!(order(&stage, 2), ["off", "high"]);
}

/// So many rules that most are never looked at; which ones depends on weights and factors that change.
#[test]
fn the_first_of_many_are_those_of_all() {
    let templates = ["high", "t", "low"];
    let rules: Vec<Value> = (0..300)
        .map(|n| weighted(&n.to_string(), templates[n * 7 % 11 % 3], f64::from(n as u32 % 4)))
        .collect();
    let mut stage = Stage::new(&document(&rules));
    for round in 0_u32..40 {
        for (rule, weight) in [(round * 37 % 300, 0.5), (round * 53 % 300, 0.0), (round * 71 % 300, 3.5)] {
            stage.weights.set(rule, weight).unwrap();
        }
        if round >= 20 {
            let factor = [0.0, 0.25, 1.5][round as usize % 3];
            stage.person.set_factor(&stage.rules, round * 29 % 300, factor).unwrap();
        }
        let all = order(&stage, 300);
        assert_eq!(all.len(), stage.fired().len());
        for limit in [1, 5, 64, 200] {
            assert_eq!(order(&stage, limit), all[..limit.min(all.len())], "round {round}, the first {limit}");
        }
        let suggestions = stage.suggest(300).suggestions;
        let sorted = suggestions.is_sorted_by(|one, next| {
            let by_weight = next.weight.total_cmp(&one.weight);
            by_weight.then(one.priority.cmp(&next.priority)).then(one.rule.cmp(&next.rule)).is_lt()
        });
        assert!(sorted, "round {round}");
    }
}

#[test]
fn weights_that_are_none() {
    let mut stage = Stage::new(&document(&[rule("one", &always())]));
    for weight in [f64::NAN, f64::INFINITY, -0.1] {
        assert_eq!(stage.weights.set(0, weight), Err(Fault::BadWeight));
    }
    assert_eq!(stage.weights.set(1, 1.0), Err(Fault::UnknownRule));
    assert_eq!(stage.weights.get(0), Ok(1.0));
}

/// Two rules: one whose parameter comes from `source`, and one that can do no wrong.
fn with_parameter(source: &Value) -> Stage {
    let mut document = document(&[rule("asks", &always()), rule("plain", &always())]);
    document["templates"]["asks"] = json!({"title": "{p}", "description": "d", "priority": "high"});
    document["rules"][0]["actions"] =
        json!([{"generate_suggestion": {"type": "k", "template": "asks", "parameters": {"p": source}}}]);
    Stage::new(&document)
}

#[test]
fn a_fault_in_one_rule_stops_no_other() {
    let mut stage = with_parameter(&json!({"from_trait": "a", "transform": "minutes_to_hours"}));
    let fault = |code| vec![RuleFault { rule: 0, action: 0, parameter: "p".to_owned(), code }];
    let answer = stage.suggest(1);
    assert_eq!(answer.faults, fault(RuleFaultCode::MissingParameter));
    assert_eq!(answer.suggestions[0].title, "medium", "the next one takes its place");
    stage.learn("a", json!("long"));
    assert_eq!(stage.suggest(1).faults, fault(RuleFaultCode::TransformFailed));
    stage.learn("a", json!(90));
    let answer = stage.suggest(1);
    assert_eq!((answer.faults, &answer.suggestions[0].title[..]), (vec![], "1.5 hours"));
    assert_eq!(answer.suggestions[0].parameters["p"], "1.5 hours");
}

#[test]
fn a_default_stands_in_for_what_is_absent_or_null() {
    let mut stage = with_parameter(&json!({"from_context": "a", "default": "X", "transform": "lower"}));
    for (context, expected) in [(json!({}), "x"), (json!({"a": null}), "x"), (json!({"a": "B"}), "b")] {
        stage.context = context;
        assert_eq!(stage.suggest(1).suggestions[0].title, expected);
    }
}

#[test]
fn what_belongs_to_another_document_is_refused() {
    let one = Stage::new(&document(&[rule("one", &always())]));
    let mut other = Stage::new(&document(&[rule("other", &always())]));
    let mut evaluation = persona_rules::Evaluation::default();
    let foreign = Err(Fault::Foreign);
    assert_eq!(one.rules.evaluate(other.situation(&other.context()), &one.weights, &mut evaluation), foreign);
    assert_eq!(one.rules.evaluate(one.situation(&one.context()), &other.weights, &mut evaluation), foreign);
    assert_eq!(other.person.set_trait(&one.rules, "nothing", None), foreign);
    let again = Stage::new(&document(&[rule("one", &always())]));
    assert_eq!(
        one.rules.evaluate(again.situation(&again.context()), &again.weights, &mut evaluation),
        Ok(())
    );
}
