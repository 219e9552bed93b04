//! What never changes of a rule, as JSON: the other half of [`crate::Packed`].

use serde_json::{Map, Value, json};

use crate::RuleSet;
use crate::document::{Action, Check, CheckKind, Operator, Source, Subject, TimeCheck};
use crate::zone::Zone;

impl RuleSet {
    /// `{id, traits, checks, actions}` of a rule, if the index names one. Checks stand in document order, each with
    /// `{path, check, subject, operator?, expected?}`. An action has `{type, title, description, priority, metadata,
    /// parameters, read, names}`: texts that have placeholders are null, `parameters` are the literal ones, `read` names
    /// the others, `names` all of them.
    #[must_use]
    pub fn sheet(&self, rule: u32) -> Option<Value> {
        let definition = self.document.rules.get(rule as usize)?;
        let mut checks = Vec::new();
        definition.condition.each_check(&mut |check| checks.push(self.check_sheet(check)));
        let actions: Vec<_> = definition.actions.iter().map(|action| self.action_sheet(action)).collect();
        Some(json!({
            "id": definition.id,
            "traits": self.condition_traits(rule)?,
            "checks": checks,
            "actions": actions,
        }))
    }

    fn action_sheet(&self, action: &Action) -> Value {
        let template = &self.document.templates[action.template];
        let literal = |(name, source): &(String, Source)| match source {
            Source::Literal(value) => Some((name.clone(), value.clone())),
            Source::Read { .. } => None,
        };
        let literals: Map<String, Value> = action.parameters.iter().filter_map(literal).collect();
        let names: Vec<_> = action.parameters.iter().map(|(name, _)| name).collect();
        let read: Vec<_> = names.iter().filter(|name| !literals.contains_key(name.as_str())).collect();
        json!({
            "type": action.kind,
            "title": template.title.plain(),
            "description": template.description.plain(),
            "priority": template.priority.as_str(),
            "metadata": template.metadata,
            "parameters": literals,
            "read": read,
            "names": names,
        })
    }

    fn check_sheet(&self, check: &Check) -> Value {
        let path = &check.pointer;
        match &check.kind {
            CheckKind::Value { subject, operator } => {
                let (kind, subject) = match *subject {
                    Subject::Trait(path) => ("trait_check", self.document.traits.text(path)),
                    Subject::Context(path) => ("context_check", self.document.fields.text(path)),
                };
                let (operator, expected) = operator_sheet(operator);
                json!({"path": path, "check": kind, "subject": subject, "operator": operator, "expected": expected})
            }
            CheckKind::Time(TimeCheck { zone, .. }) => {
                let zone = match zone {
                    Zone::Users => "user_local",
                    Zone::Fixed(zone) => zone.iana_name().unwrap_or("UTC"),
                };
                json!({"path": path, "check": "time_check", "subject": zone})
            }
            CheckKind::Narrative { query, threshold } => {
                json!({"path": path, "check": "narrative_check", "subject": query.query, "expected": threshold})
            }
        }
    }
}

/// What a document calls an operator, and what stands beside it.
fn operator_sheet(operator: &Operator) -> (&'static str, Value) {
    match operator {
        Operator::Exists => ("exists", Value::Bool(true)),
        Operator::NotExists => ("not_exists", Value::Bool(true)),
        Operator::Equals(value) => ("equals", value.clone()),
        Operator::NotEquals(value) => ("not_equals", value.clone()),
        Operator::Greater(at) => ("greater", json!(at)),
        Operator::GreaterOrEqual(at) => ("greater_or_equal", json!(at)),
        Operator::Less(at) => ("less", json!(at)),
        Operator::LessOrEqual(at) => ("less_or_equal", json!(at)),
        Operator::Between(low, high) => ("between", json!([low, high])),
        Operator::In(values) => ("in", json!(values)),
        Operator::Contains(part) => ("contains", part.clone()),
        Operator::Matches(pattern) => ("matches", json!(pattern.as_str())),
        Operator::Within(minutes) => ("within_minutes", json!(minutes)),
    }
}
