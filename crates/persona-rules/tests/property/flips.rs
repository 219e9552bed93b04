//! Whether what an explanation says would turn a check does turn it, and nothing nearer.

use persona_rules::{Finding, Flip, Outcome};
use serde_json::{Value, json};

use crate::oracle::{self, World};

/// Looks at every check below; gives the number of flips that were tried.
pub(crate) fn check(outcome: &Outcome, document: &Value, world: &World, case: &str) -> u64 {
    match outcome {
        Outcome::Group { children, .. } => {
            children.iter().map(|child| check(child, document, world, case)).sum()
        }
        Outcome::Check(finding) => {
            let check = document.pointer(&finding.path).unwrap();
            let kind = finding.path.rsplit('/').next().unwrap();
            assert_eq!(finding.holds, world.check(kind, check), "{case} {}", finding.path);
            let Some(flip) = &finding.flip else { return 0 };
            if kind == "time_check" {
                moment(flip, check, finding, world, case);
            } else {
                value(flip, kind, check, finding, world, case);
            }
            1
        }
    }
}

fn moment(flip: &Flip, check: &Value, finding: &Finding, world: &World, case: &str) {
    let Flip::At(at) = *flip else { panic!("{case}: {flip:?}") };
    let holds = |now| World { now, zone: world.zone.clone(), ..World::default() }.check("time_check", check);
    assert!(at > world.now, "{case}");
    assert_ne!(holds(at), finding.holds, "{case}: {check} at {at}");
    // No whole quarter between now and then would have done.
    let nearer = (1..).map(|step| at - step * 900_000).take(8).take_while(|nearer| *nearer > world.now);
    nearer.for_each(|nearer| assert_eq!(holds(nearer), finding.holds, "{case}: {check} at {nearer}"));
}

fn value(flip: &Flip, kind: &str, check: &Value, finding: &Finding, world: &World, case: &str) {
    let turns = |value: Option<Value>, now: i64| {
        let holds = if kind == "narrative_check" {
            let operator = json!({"operator": "greater_or_equal", "value": check.get("threshold").unwrap_or(&json!(0.7))});
            world.holds(&operator, value)
        } else {
            World { now, zone: world.zone.clone(), ..World::default() }.holds(check, value)
        };
        holds != finding.holds
    };
    let yes =
        |value: Value| assert!(turns(Some(value.clone()), world.now), "{case}: {check} {flip:?} {value}");
    let no =
        |value: Value| assert!(!turns(Some(value.clone()), world.now), "{case}: {check} {flip:?} {value}");
    match flip {
        Flip::Above { bound, inclusive: true } => (yes(json!(bound)), no(json!(bound.next_down()))).0,
        Flip::Above { bound, inclusive: false } => (yes(json!(bound.next_up())), no(json!(bound))).0,
        Flip::Below { bound, inclusive: true } => (yes(json!(bound)), no(json!(bound.next_up()))).0,
        Flip::Below { bound, inclusive: false } => (yes(json!(bound.next_down())), no(json!(bound))).0,
        Flip::Between(low, high) => {
            yes(json!(low));
            yes(json!(high));
            no(json!(low.next_down()));
            no(json!(high.next_up()));
        }
        Flip::AnyOf(values) => values.iter().for_each(|value| yes(value.clone())),
        Flip::NoneOf(values) => {
            for value in values {
                no(value.clone());
            }
            yes(json!("some other value"));
            assert!(turns(None, world.now), "{case}");
        }
        Flip::Present => yes(json!(null)),
        Flip::Absent => assert!(turns(None, world.now), "{case}"),
        Flip::Containing(part) => yes(json!([part])),
        Flip::NotContaining(_) | Flip::NotMatching(_) => {
            yes(json!(0));
            assert!(turns(None, world.now), "{case}");
        }
        Flip::Matching(pattern) => {
            let texts = ["low", "high", "1", ""];
            let pattern = &oracle::PATTERNS[&pattern[..]];
            texts.iter().filter(|text| pattern.is_match(text)).for_each(|text| yes(json!(text)));
        }
        Flip::At(at) => {
            assert!(*at > world.now, "{case}: {check} {flip:?}");
            assert!(turns(finding.actual.clone(), *at), "{case}: {check} {flip:?}");
            assert!(!turns(finding.actual.clone(), at - 1), "{case}: {check} {flip:?}");
        }
        Flip::TimeBetween(from, to) => {
            yes(json!(from));
            yes(json!(to));
            no(json!(from - 1.0));
            no(json!(to + 1.0));
        }
    }
}
