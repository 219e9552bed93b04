//! One document, one person.

use persona_rules::{
    Answer, Context, DocumentFault, Evaluation, Limits, Person, RuleSet, Situation, Weights,
};
use serde_json::{Value, json};

pub(crate) struct Stage {
    pub(crate) rules: RuleSet,
    pub(crate) person: Person,
    pub(crate) weights: Weights,
    pub(crate) context: Value,
    pub(crate) now: i64,
}

impl Stage {
    pub(crate) fn new(document: &Value) -> Self {
        let rules = RuleSet::compile(&document.to_string(), Limits::default()).unwrap();
        let (person, weights) = (rules.person(), rules.weights());
        Self { rules, person, weights, context: json!({}), now: at("2026-11-20T12:00:00Z") }
    }

    pub(crate) fn learn(&mut self, path: &str, value: Value) {
        self.person.set_trait(&self.rules, path, Some(value)).unwrap();
    }

    pub(crate) fn context(&self) -> Context<'_> {
        self.rules.context(self.context.as_object().unwrap())
    }

    pub(crate) fn situation<'a>(&'a self, context: &'a Context<'a>) -> Situation<'a> {
        Situation { person: &self.person, context, now: self.now }
    }

    pub(crate) fn suggest(&self, limit: usize) -> Answer {
        let mut evaluation = Evaluation::default();
        self.rules.suggest(self.situation(&self.context()), &self.weights, limit, &mut evaluation).unwrap()
    }

    /// Titles and descriptions of what is suggested.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        self.suggest(5).suggestions.into_iter().map(|one| (one.title, one.description)).collect()
    }

    /// Ids of the rules that fire.
    pub(crate) fn fired(&self) -> Vec<&str> {
        let mut evaluation = Evaluation::default();
        self.rules.evaluate(self.situation(&self.context()), &self.weights, &mut evaluation).unwrap();
        evaluation.fired.iter().map(|&rule| self.rules.rule_id(rule).unwrap()).collect()
    }
}

/// Milliseconds since 1970 of an RFC 3339 text.
pub(crate) fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// A document of these rules, whose templates are `t` (medium), `high` and `low`, each without a placeholder.
pub(crate) fn document(rules: &[Value]) -> Value {
    let template = |priority| json!({"title": priority, "description": "d", "priority": priority});
    json!({
        "metadata": {"id": "m", "version": "1.0.0", "description": "d"},
        "rules": rules,
        "templates": {"t": template("medium"), "high": template("high"), "low": template("low")},
    })
}

/// A rule that suggests the template `t`.
pub(crate) fn rule(id: &str, conditions: &Value) -> Value {
    json!({"id": id, "conditions": conditions, "actions": [suggesting("t")]})
}

pub(crate) fn suggesting(template: &str) -> Value {
    json!({"generate_suggestion": {"type": "kind", "template": template}})
}

/// A condition that always holds.
pub(crate) fn always() -> Value {
    json!({"trait_check": {"path": "nothing", "operator": "not_exists"}})
}

pub(crate) fn faults(document: &str) -> Vec<DocumentFault> {
    RuleSet::compile(document, Limits::default()).err().unwrap_or_default()
}
