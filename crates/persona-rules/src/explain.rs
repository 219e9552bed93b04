//! Why a rule fires or not, computed anew from the document: evaluation keeps no trace.

use std::cell::{OnceCell, RefCell};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::document::{Check, CheckKind, Condition, Group, NarrativeQuery, Operator, TimeCheck};
use crate::evaluate::Situation;
use crate::flip::{self, Flip};
use crate::predicate::{contains, is_within};
use crate::value::same;
use crate::zone::{self, Local, Zone, instant_of};
use crate::{Fault, RuleSet, Weights};

/// One rule in one situation.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether the conditions hold and the weight is above 0.
    pub fires: bool,
    /// The rule's weight for this person.
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
        let weight = weights.get(rule)? * situation.person.factor(rule);
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
    /// Most checks ask for this one.
    users_time: OnceCell<Local>,
    /// Of the zone by name that was asked for last: mostly the next one, too.
    last: RefCell<Option<(TimeZone, Local)>>,
}

impl<'a> Observer<'a> {
    pub(crate) fn new(rules: &'a RuleSet, situation: Situation<'a>) -> Result<Self, Fault> {
        rules.check(situation)?;
        let now = zone::moment(situation.now)?;
        Ok(Self { rules, situation, now, users_time: OnceCell::new(), last: RefCell::new(None) })
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

    /// Adds the checks that make a condition hold, in document order; it does hold.
    pub(crate) fn support<'b>(&'b self, condition: &'b Condition, seen: &mut Vec<Seen<'b>>) {
        self.gather(condition, (true, true), &mut 0, seen);
    }

    /// Says whether the condition holds; adds its checks if that is what is `wanted`, which may be `known` beforehand.
    fn gather<'b>(
        &'b self,
        condition: &'b Condition,
        (wanted, known): (bool, bool),
        number: &mut u32,
        seen: &mut Vec<Seen<'b>>,
    ) -> bool {
        match condition {
            Condition::Check(check) => {
                let actual = match check.text_asked_for() {
                    Some(text) if known && wanted => Actual::Value(Some(text)),
                    _ => self.sight(check),
                };
                let holds = if known { wanted } else { self.holds(check, actual) };
                if holds == wanted {
                    seen.push(Seen { check, number: *number, holds, actual });
                }
                *number += 1;
                holds
            }
            Condition::Group { kind, children, .. } => {
                let (before, inner) = (seen.len(), wanted != (*kind == Group::Not));
                // What is known of an `all` or a `not` that holds, or an `any` that fails, is known of each child.
                let known = known && wanted == (*kind != Group::Any);
                let (mut all, mut any) = (true, false);
                for child in children {
                    let holds = self.gather(child, (inner, known), number, seen);
                    all &= holds;
                    any |= holds;
                }
                let holds = match kind {
                    Group::All => all,
                    Group::Any => any,
                    Group::Not => !any,
                };
                if holds != wanted {
                    seen.truncate(before);
                }
                holds
            }
        }
    }

    /// What a check looks at.
    fn sight<'b>(&'b self, check: &'b Check) -> Actual<'b> {
        match &check.kind {
            CheckKind::Value { subject, .. } => Actual::Value(self.rules.read(*subject, self.situation)),
            CheckKind::Narrative { query, .. } => Actual::Value(self.score(query)),
            CheckKind::Time(check) => Actual::Time(self.local(check)),
        }
    }

    /// Whether a check holds of what it looks at.
    fn holds(&self, check: &Check, actual: Actual<'_>) -> bool {
        let Situation { person, now, .. } = self.situation;
        match (&check.kind, actual) {
            (CheckKind::Time(check), Actual::Time(local)) => check.holds(local),
            (CheckKind::Value { operator, .. }, Actual::Value(value)) => {
                holds(operator, value, now, &person.zone)
            }
            (CheckKind::Narrative { threshold, .. }, Actual::Value(score)) => {
                score.and_then(Value::as_f64).is_some_and(|score| score >= *threshold)
            }
            _ => false,
        }
    }

    fn finding(&self, check: &Check, wanted: bool) -> Finding {
        let Situation { person, now, .. } = self.situation;
        let actual = self.sight(check);
        let holds = self.holds(check, actual);
        let value = if let Actual::Value(value) = actual { value } else { None };
        let flip = || match &check.kind {
            CheckKind::Value { operator, .. } => flip::of(operator, value, wanted, now, &person.zone),
            CheckKind::Narrative { threshold, .. } => {
                flip::of(&Operator::GreaterOrEqual(*threshold), value, wanted, now, &person.zone)
            }
            CheckKind::Time(check) => {
                flip::next_moment(check, wanted, self.now, self.zone_of(check)).map(Flip::At)
            }
        };
        let flip = if holds == wanted { None } else { flip() };
        Finding { path: check.pointer.clone(), holds, actual: actual.to_value(), flip }
    }

    fn score(&self, query: &NarrativeQuery) -> Option<&'a Value> {
        self.situation.person.score(self.rules.catalogue.narrative_of(query)?)
    }

    fn local(&self, check: &TimeCheck) -> Local {
        let Zone::Fixed(zone) = &check.zone else {
            return *self.users_time.get_or_init(|| Local::at(self.now, &self.situation.person.zone));
        };
        let mut last = self.last.borrow_mut();
        match &*last {
            Some((known, local)) if known == zone => *local,
            _ => last.insert((zone.clone(), Local::at(self.now, zone))).1,
        }
    }

    fn zone_of<'b>(&'b self, check: &'b TimeCheck) -> &'b TimeZone {
        match &check.zone {
            Zone::Users => &self.situation.person.zone,
            Zone::Fixed(zone) => zone,
        }
    }
}

/// A check that supports an outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) check: &'a Check,
    /// Place among the checks of its rule, in document order.
    pub(crate) number: u32,
    pub(crate) holds: bool,
    pub(crate) actual: Actual<'a>,
}

impl Seen<'_> {
    /// Whether what was found is the text that the check asks for.
    pub(crate) fn is_as_asked(&self) -> bool {
        self.holds && self.check.text_asked_for().is_some()
    }
}

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Actual<'a> {
    Value(Option<&'a Value>),
    Time(Local),
}

impl Actual<'_> {
    fn to_value(self) -> Option<Value> {
        match self {
            Self::Value(value) => value.cloned(),
            Self::Time(local) => {
                let mut text = String::new();
                local.write(&mut text);
                Some(Value::from(text))
            }
        }
    }
}

impl From<Seen<'_>> for Finding {
    fn from(seen: Seen<'_>) -> Self {
        let Seen { check, holds, actual, .. } = seen;
        Self { path: check.pointer.clone(), holds, actual: actual.to_value(), flip: None }
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
