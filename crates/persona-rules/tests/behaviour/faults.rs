//! What a document may not say, where, and that one fault hides no other.

use serde_json::{Value, json};

use persona_rules::{FaultCode, Limits, RuleSet};

use crate::stage::{always, document, faults, rule};

/// Where below the base a right document is changed, to what, and the code and place of the only fault that it then has.
type Case<'a> = (&'a str, Value, &'a str, &'a str);

fn check(base: &str, cases: &[Case<'_>]) {
    let right = right();
    assert_eq!(faults(&right.to_string()), []);
    for (path, value, code, place) in cases {
        let mut document = right.clone();
        let path = format!("{base}{path}");
        let (parent, key) = path.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            parent => parent[key] = value.clone(),
        }
        let place = format!("{base}{place}");
        let found = faults(&document.to_string());
        let found: Vec<_> = found.iter().map(|fault| (fault.code.as_str(), &fault.path[..])).collect();
        assert_eq!(found, [(*code, &place[..])], "{path}: {value}");
    }
}

fn right() -> Value {
    let mut document = document(&[rule(
        "one",
        &json!({"all": [
            {"trait_check": {"path": "a.b", "operator": "greater", "value": 1}},
            {"time_check": {"timezone": "Europe/Berlin", "hour_range": [9, 17]}},
            {"narrative_check": {"query": "joy", "threshold": 0.5}},
        ]}),
    )]);
    document["rules"][0]["actions"][0]["generate_suggestion"]["parameters"] =
        json!({"p": {"from_trait": "a", "default": "x", "transform": "lower"}});
    document["rules"][0]["weight"] = json!(1);
    document["trait_mappings"] = json!({"kind": ["a"]});
    document["feedback_settings"] = json!({"min_weight": 0.5});
    document
}

#[test]
fn of_the_document() {
    check(
        "",
        &[
            ("/metadata/id", json!(1), "wrong_type", "/metadata/id"),
            ("/metadata", json!({"id": "m", "version": 1}), "missing", "/metadata"),
            ("/extra", json!(1), "unknown_key", "/extra"),
            ("/rules/0/weight", json!("NaN"), "wrong_type", "/rules/0/weight"),
            ("/rules/0/weight", json!(-1), "out_of_range", "/rules/0/weight"),
            ("/rules/0/id", json!(" "), "empty", "/rules/0/id"),
            ("/rules/0/actions", json!([]), "empty", "/rules/0/actions"),
            ("/rules", json!({}), "wrong_type", "/rules"),
            ("/templates/t/title", json!("for {who"), "bad_template", "/templates/t/title"),
            ("/templates/t/priority", json!("urgent"), "unknown_word", "/templates/t/priority"),
            ("/trait_mappings/kind", json!("a"), "wrong_type", "/trait_mappings/kind"),
            ("/feedback_settings/min_weight", json!(3), "out_of_range", "/feedback_settings"),
            (
                "/templates/t/title",
                json!("for {who}"),
                "unknown_placeholder",
                "/rules/0/actions/0/generate_suggestion/parameters",
            ),
        ],
    );
}

#[test]
fn of_conditions() {
    check(
        "",
        &[
            (
                "/rules/0/conditions/all/2/narrative_check/threshold",
                json!(2),
                "out_of_range",
                "/rules/0/conditions/all/2/narrative_check/threshold",
            ),
            ("/rules/0/conditions", json!({"any": []}), "empty", "/rules/0/conditions/any"),
            ("/rules/0/conditions", json!({}), "unknown_key", "/rules/0/conditions"),
            (
                "/rules/0/conditions",
                json!({"all": [always()], "any": [always()]}),
                "unknown_key",
                "/rules/0/conditions",
            ),
            (
                "/rules/0/conditions",
                json!({"type": "most", "conditions": [always()]}),
                "unknown_word",
                "/rules/0/conditions/type",
            ),
        ],
    );
}

#[test]
fn of_checks_on_values() {
    check(
        "/rules/0/conditions/all/0/trait_check",
        &[
            ("/operator", json!("near"), "unknown_operator", "/operator"),
            ("/value", json!("7"), "wrong_type", "/value"),
            ("/path", json!("a..b"), "empty", "/path"),
            ("/extra", json!(1), "unknown_key", "/extra"),
            ("", json!({"path": "a", "operator": "equals"}), "missing", ""),
            ("", json!({"path": "a", "operator": "exists", "value": false}), "wrong_type", "/value"),
            ("", json!({"path": "a", "operator": "between", "value": [2, 1]}), "out_of_range", "/value"),
            ("", json!({"path": "a", "operator": "between", "value": [1, "2"]}), "wrong_type", "/value/1"),
            ("", json!({"path": "a", "operator": "in", "value": []}), "empty", "/value"),
            ("", json!({"path": "a", "operator": "matches", "value": "("}), "bad_pattern", "/value"),
            ("", json!({"path": "a", "operator": "within_minutes", "value": -1}), "out_of_range", "/value"),
        ],
    );
}

#[test]
fn of_time_checks() {
    check(
        "/rules/0/conditions/all/1/time_check",
        &[
            ("/timezone", json!("Mars/Olympus"), "unknown_zone", "/timezone"),
            ("/period", json!("noon"), "unknown_word", "/period"),
            ("/day_of_week", json!(["monday", "mon"]), "unknown_word", "/day_of_week/1"),
            ("/hour_range", json!([9, 9]), "out_of_range", "/hour_range"),
            ("/hour_range", json!([9, 25]), "out_of_range", "/hour_range/1"),
            ("/hour_range", json!([9.5, 10]), "wrong_type", "/hour_range/0"),
            ("/within_minutes", json!({"of": "9:00", "minutes": 5}), "out_of_range", "/within_minutes/of"),
            ("", json!({"timezone": "UTC"}), "empty", ""),
        ],
    );
}

#[test]
fn of_actions() {
    check(
        "/rules/0/actions/0/generate_suggestion",
        &[
            ("/template", json!("gone"), "unknown_template", "/template"),
            ("/parameters/p/transform", json!("upper"), "unknown_transform", "/parameters/p/transform"),
            ("/parameters/p/default", json!(5), "wrong_type", "/parameters/p/default"),
            ("/parameters/p", json!({"default": 1}), "missing", "/parameters/p"),
            ("/parameters/p", json!(null), "wrong_type", "/parameters/p"),
        ],
    );
}

#[test]
fn all_are_told_at_once() {
    let mut document = document(&[rule("a/b", &json!({"all": [{"time_check": {"period": "noon"}}, {}]}))]);
    document["rules"][0]["weight"] = json!(null);
    document["rules"].as_array_mut().unwrap().push(json!({"id": "a/b"}));
    document["templates"]["x/~y"] = json!({"title": "t"});
    let found: Vec<_> =
        faults(&document.to_string()).into_iter().map(|fault| (fault.path, fault.code)).collect();
    let expected = [
        ("/templates/x~1~0y", FaultCode::Missing),
        ("/rules/0/conditions/all/0/time_check/period", FaultCode::UnknownWord),
        ("/rules/0/conditions/all/1", FaultCode::UnknownKey),
        ("/rules/0/weight", FaultCode::WrongType),
        ("/rules/1", FaultCode::Missing),
        ("/rules/1", FaultCode::Missing),
        ("/rules/1/id", FaultCode::DuplicateId),
    ];
    assert_eq!(found, expected.map(|(path, code)| (path.to_owned(), code)));
}

#[test]
fn bounds() {
    let codes = |text: &str, limits| -> Vec<FaultCode> {
        let faults = RuleSet::compile(text, limits).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.code).collect()
    };
    let nested = |depth: usize| {
        let conditions = (0..depth).fold(always(), |inner, _| json!({"not": [inner]}));
        document(&[rule("one", &conditions)]).to_string()
    };
    assert_eq!(codes(&nested(32), Limits::default()), []);
    assert_eq!(codes(&nested(33), Limits::default()), [FaultCode::TooDeep]);
    let brackets = "[".repeat(100_000);
    assert_eq!(codes(&brackets, Limits::default()), [FaultCode::Syntax], "and the stack holds");
    let text = nested(1);
    assert_eq!(codes(&text, Limits { bytes: text.len(), ..Limits::default() }), []);
    assert_eq!(codes(&text, Limits { bytes: text.len() - 1, ..Limits::default() }), [FaultCode::TooLarge]);
    let pattern = json!({"trait_check": {"path": "t", "operator": "matches", "value": "a"}});
    let patterns = |count| document(&[rule("one", &json!({"any": vec![&pattern; count]}))]).to_string();
    assert_eq!(codes(&patterns(500), Limits::default()), []);
    assert_eq!(codes(&patterns(502), Limits::default()), [FaultCode::TooMany]);
    let many = document(&vec![json!({}); 100_000]).to_string();
    assert_eq!(codes(&many, Limits::default()), [FaultCode::TooMany]);
    assert_eq!(codes("{\"weight\": NaN}", Limits::default()), [FaultCode::Syntax]);
    assert_eq!(codes("{\"weight\": 1e999}", Limits::default()), [FaultCode::Syntax]);
    assert_eq!(codes("[]", Limits::default()), [FaultCode::WrongType]);
}
