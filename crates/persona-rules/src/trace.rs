//! Explanations as JSON.

use serde_json::{Map, Value, json};

use crate::document::Group;
use crate::{Explanation, Finding, Flip, Outcome};

impl Explanation {
    /// `{fires, weight, outcome}`. A group is `{kind, path, holds, children}`, a check `{path, holds, actual?, flip?}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"fires": self.fires, "weight": self.weight, "outcome": outcome(&self.outcome)})
    }
}

fn outcome(found: &Outcome) -> Value {
    match found {
        Outcome::Group { kind, path, holds, children } => {
            let kind = match kind {
                Group::All => "all",
                Group::Any => "any",
                Group::Not => "not",
            };
            let children: Vec<_> = children.iter().map(outcome).collect();
            json!({"kind": kind, "path": path, "holds": holds, "children": children})
        }
        Outcome::Check(finding) => check(finding),
    }
}

fn check(finding: &Finding) -> Value {
    let mut fields = Map::new();
    fields.insert("path".to_owned(), json!(finding.path));
    fields.insert("holds".to_owned(), json!(finding.holds));
    if let Some(actual) = &finding.actual {
        fields.insert("actual".to_owned(), actual.clone());
    }
    if let Some(turn) = &finding.flip {
        fields.insert("flip".to_owned(), flip(turn));
    }
    Value::Object(fields)
}

fn flip(flip: &Flip) -> Value {
    match flip {
        Flip::Above { bound, inclusive } => json!({"above": bound, "inclusive": inclusive}),
        Flip::Below { bound, inclusive } => json!({"below": bound, "inclusive": inclusive}),
        Flip::Between(low, high) => json!({"between": [low, high]}),
        Flip::AnyOf(values) => json!({"any_of": values}),
        Flip::NoneOf(values) => json!({"none_of": values}),
        Flip::Present => json!({"present": true}),
        Flip::Absent => json!({"present": false}),
        Flip::Containing(part) => json!({"containing": part}),
        Flip::NotContaining(part) => json!({"not_containing": part}),
        Flip::Matching(pattern) => json!({"matching": pattern}),
        Flip::NotMatching(pattern) => json!({"not_matching": pattern}),
        Flip::At(moment) => json!({"at": moment}),
        Flip::TimeBetween(from, to) => json!({"time_between": [from, to]}),
    }
}
