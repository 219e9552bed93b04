//! Why a rule fires or not, computed anew from the document: evaluation keeps no trace.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::document::{Check, CheckKind, Condition, Group, Operator, TimeCheck};
use crate::evaluate::Situation;
use crate::flip::{self, Flip};
use crate::person;
use crate::predicate::{contains, is_within};
use crate::value::same;
use crate::zone::{self, Local, Zone, instant_of};
use crate::{Fault, RuleSet, Weights};

/// One rule in one situation.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether the conditions hold and the weight is above 0.
    pub fires: bool,
    /// The rule's weight.
    pub weight: f64,
    /// The outcome of all its conditions.
    pub outcome: Outcome,
}

/// The outcome of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Of a group, with that of each of its conditions.
    Group {
        /// How they make one.
        kind: Group,
        /// JSON pointer into the document.
        path: String,
        /// Whether it holds.
        holds: bool,
        /// In document order.
        children: Vec<Outcome>,
    },
    /// Of a check.
    Check(Finding),
}

impl Outcome {
    /// Whether the condition holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::Group { holds, .. } => *holds,
            Self::Check(finding) => finding.holds,
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// JSON pointer into the document.
    pub path: String,
    /// Whether the check holds.
    pub holds: bool,
    /// The value it looked at, if there is one. Of a time check the local time, such as `saturday 14:05`.
    pub actual: Option<Value>,
    /// If the outcome stands against the rule: the nearest thing that turns it, if any does.
    pub flip: Option<Flip>,
}

impl RuleSet {
    /// Explains one rule.
    ///
    /// # Errors
    /// `UnknownRule`, and as [`RuleSet::evaluate`].
    pub fn explain(
        &self,
        situation: Situation<'_>,
        weights: &Weights,
        rule: u32,
    ) -> Result<Explanation, Fault> {
        self.check_weights(weights)?;
        let weight = weights.get(rule)?;
        let observer = Observer::new(self, situation)?;
        let outcome = observer.outcome(&self.document.rules[rule as usize].condition, true);
        Ok(Explanation { fires: outcome.holds() && weight > 0.0, weight, outcome })
    }
}

/// Looks at conditions one by one.
pub(crate) struct Observer<'a> {
    rules: &'a RuleSet,
    situation: Situation<'a>,
    now: Timestamp,
}

impl<'a> Observer<'a> {
    pub(crate) fn new(rules: &'a RuleSet, situation: Situation<'a>) -> Result<Self, Fault> {
        rules.check_person(situation.person)?;
        Ok(Self { rules, situation, now: zone::moment(situation.now)? })
    }

    /// The outcome of a condition of which the rule needs that it is `wanted`.
    fn outcome(&self, condition: &Condition, wanted: bool) -> Outcome {
        match condition {
            Condition::Check(check) => Outcome::Check(self.finding(check, wanted)),
            Condition::Group { kind, pointer, children } => {
                let inner = wanted != (*kind == Group::Not);
                let children: Vec<_> = children.iter().map(|child| self.outcome(child, inner)).collect();
                let mut each = children.iter().map(Outcome::holds);
                let holds = match kind {
                    Group::All => each.all(|holds| holds),
                    Group::Any => each.any(|holds| holds),
                    Group::Not => !each.any(|holds| holds),
                };
                Outcome::Group { kind: *kind, path: pointer.clone(), holds, children }
            }
        }
    }

    /// The findings that make a condition hold.
    pub(crate) fn support(&self, condition: &Condition) -> Vec<Finding> {
        let mut findings = Vec::new();
        gather(self.outcome(condition, true), true, &mut findings);
        findings
    }

    fn finding(&self, check: &Check, wanted: bool) -> Finding {
        let Situation { person, context, .. } = self.situation;
        let (holds, actual, flip) = match &check.kind {
            CheckKind::Value { subject, operator } => {
                self.on_value(operator, person::read(subject, person, context), wanted)
            }
            CheckKind::Narrative { query, threshold } => {
                let place = self.rules.catalogue.narratives.iter().position(|known| known == query);
                let score = place.and_then(|place| person.score(place));
                self.on_value(&Operator::GreaterOrEqual(*threshold), score, wanted)
            }
            CheckKind::Time(check) => {
                let zone = self.zone_of(check);
                let local = Local::at(self.now, zone);
                let holds = check.holds(local);
                let next = || flip::next_moment(check, wanted, self.now, zone).map(Flip::At);
                (holds, Some(Value::from(local.to_string())), if holds == wanted { None } else { next() })
            }
        };
        Finding { path: check.pointer.clone(), holds, actual, flip }
    }

    fn on_value(
        &self,
        operator: &Operator,
        value: Option<&Value>,
        wanted: bool,
    ) -> (bool, Option<Value>, Option<Flip>) {
        let Situation { person, now, .. } = self.situation;
        let holds = holds(operator, value, now, &person.zone);
        let flip = if holds == wanted { None } else { flip::of(operator, value, wanted, now, &person.zone) };
        (holds, value.cloned(), flip)
    }

    fn zone_of<'b>(&'b self, check: &'b TimeCheck) -> &'b TimeZone {
        match &check.zone {
            Zone::Users => &self.situation.person.zone,
            Zone::Fixed(zone) => zone,
        }
    }
}

fn gather(outcome: Outcome, wanted: bool, findings: &mut Vec<Finding>) {
    if outcome.holds() != wanted {
        return;
    }
    match outcome {
        Outcome::Check(finding) => findings.push(finding),
        Outcome::Group { kind, children, .. } => {
            let inner = wanted != (kind == Group::Not);
            for child in children {
                gather(child, inner, findings);
            }
        }
    }
}

fn holds(operator: &Operator, value: Option<&Value>, now: i64, zone: &TimeZone) -> bool {
    let number = value.and_then(Value::as_f64);
    let is = |test: &dyn Fn(f64) -> bool| number.is_some_and(test);
    match operator {
        Operator::Exists => value.is_some(),
        Operator::NotExists => value.is_none(),
        Operator::Equals(wanted) => value.is_some_and(|value| same(value, wanted)),
        Operator::NotEquals(unwanted) => !value.is_some_and(|value| same(value, unwanted)),
        Operator::Greater(at) => is(&|number| number > *at),
        Operator::GreaterOrEqual(at) => is(&|number| number >= *at),
        Operator::Less(at) => is(&|number| number < *at),
        Operator::LessOrEqual(at) => is(&|number| number <= *at),
        Operator::Between(low, high) => is(&|number| (*low..=*high).contains(&number)),
        Operator::In(values) => value.is_some_and(|value| values.iter().any(|one| same(one, value))),
        Operator::Contains(part) => value.is_some_and(|value| contains(value, part)),
        Operator::Matches(pattern) => value.and_then(Value::as_str).is_some_and(|text| pattern.matches(text)),
        Operator::Within(minutes) => {
            is_within(value.and_then(|value| instant_of(value, zone)), now, *minutes)
        }
    }
}
