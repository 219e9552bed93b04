//! The suggestions of the rules that fire: ranked all, rendered only the first few.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::bits;
use crate::document::{Action, Priority};
use crate::evaluate::{Evaluation, Situation};
use crate::explain::{Finding, Observer, Seen};
use crate::person::Person;
use crate::render;
use crate::template::{Template, Text};
use crate::{Fault, RuleSet, Weights};

/// What a situation calls for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// By weight, then priority, then document order; no more than the limit.
    pub suggestions: Vec<Suggestion>,
    /// What kept suggestions from being made that would have been among those. They stopped no other.
    pub faults: Vec<RuleFault>,
}

/// One action of a rule that fires, with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Index of the rule.
    pub rule: u32,
    /// Index among the rule's actions.
    pub action: u32,
    /// The action's `type`.
    pub kind: String,
    /// The template's title, rendered.
    pub title: String,
    /// The template's description, rendered.
    pub description: String,
    /// The template's.
    pub priority: Priority,
    /// The rule's, for this person.
    pub weight: f64,
    /// All that have a value, transformed.
    pub parameters: Map<String, Value>,
    /// The template's.
    pub metadata: Map<String, Value>,
    /// The checks that made the rule fire, in document order, with the values that they found.
    pub because: Vec<Finding>,
}

/// Why one action of a rule that fires made no suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// Index of the rule.
    pub rule: u32,
    /// Index among the rule's actions.
    pub action: u32,
    /// Name of the parameter at fault.
    pub parameter: String,
    /// What is wrong with it.
    pub code: RuleFaultCode,
}

/// The kinds of faults that only show when a rule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleFaultCode {
    /// The template asks for a parameter whose source has nothing and which has no default.
    MissingParameter,
    /// The value is of a type that the transform does not take.
    TransformFailed,
}

impl RuleFaultCode {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::MissingParameter, Self::TransformFailed];

    /// The code as other languages know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingParameter => "missing_parameter",
            Self::TransformFailed => "transform_failed",
        }
    }
}

impl RuleSet {
    /// Evaluates, and renders the first `limit` suggestions. The evaluation holds all rules that fired.
    ///
    /// # Errors
    /// As [`RuleSet::evaluate`].
    pub fn suggest(
        &self,
        situation: Situation<'_>,
        weights: &Weights,
        limit: usize,
        evaluation: &mut Evaluation,
    ) -> Result<Answer, Fault> {
        let mut answer = Answer::default();
        self.answer(situation, weights, limit, evaluation, &mut answer)?;
        evaluation.list();
        Ok(answer)
    }

    /// Evaluates, and gives the first `limit` suggestions to whoever takes them.
    pub(crate) fn answer(
        &self,
        situation: Situation<'_>,
        weights: &Weights,
        limit: usize,
        evaluation: &mut Evaluation,
        taker: &mut impl Taker,
    ) -> Result<(), Fault> {
        self.find(situation, weights, evaluation)?;
        let observer = Observer::new(self, situation)?;
        let (mut parameters, mut because) = (Vec::new(), Vec::new());
        let Evaluation { firing, best, .. } = evaluation;
        let mut left = limit;
        let mut last = None;
        while left > 0 {
            // One that fails makes room for another, which is rare enough to look at all rules again.
            self.rank(firing, (weights, situation.person), last, left, best);
            for &Candidate { rule, action: index, weight, .. } in &*best {
                let definition = &self.document.rules[rule as usize];
                let action = &definition.actions[index as usize];
                let template = &self.document.templates[action.template];
                let outcome = match render::parameters(self, action, situation, &mut parameters) {
                    Ok(()) => {
                        because.clear();
                        observer.support(&definition.condition, &mut because);
                        let (parameters, because) = (&parameters[..], &because[..]);
                        let draft = Draft { rule, index, action, template, weight, parameters, because };
                        taker.suggestion(&draft).map_err(|name| (name, RuleFaultCode::MissingParameter))
                    }
                    Err(name) => Err((name, RuleFaultCode::TransformFailed)),
                };
                match outcome {
                    Ok(()) => left -= 1,
                    Err((name, code)) => {
                        let parameter = name.to_owned();
                        taker.fault(RuleFault { rule, action: index, parameter, code });
                    }
                }
            }
            last = best.last().copied();
            if last.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Writes the first `count` actions of these rules to `best`, in order; those behind `last` only. Of 64 rules, none is
    /// looked at if not even the best that they could be comes before what was found.
    fn rank(
        &self,
        firing: &[u64],
        (weights, person): (&Weights, &Person),
        last: Option<Candidate>,
        count: usize,
        best: &mut Vec<Candidate>,
    ) {
        best.clear();
        // The last of the best, once there are enough of them.
        let mut worst: Option<Candidate> = None;
        let factor = person.most_factor();
        for (word, rules) in (0..).zip(firing).filter(|&(_, &rules)| rules != 0) {
            let peak = Candidate {
                rule: word * 64,
                action: 0,
                weight: weights.peak(word as usize) * factor,
                priority: u32::from(self.index.urgencies[word as usize]),
            };
            if worst.is_some_and(|worst| !peak.precedes(&worst)) {
                continue;
            }
            bits::each(&[*rules], |bit| {
                let rule = word * 64 + bit as u32;
                let weight = weights.of(rule) * person.factor(rule);
                for (action, &priority) in (0..).zip(self.index.priorities.get(rule as usize)) {
                    let candidate = Candidate { rule, action, weight, priority };
                    if worst.is_some_and(|worst| !candidate.precedes(&worst))
                        || last.is_some_and(|last| !last.precedes(&candidate))
                    {
                        continue;
                    }
                    let place = best.partition_point(|other| other.precedes(&candidate));
                    best.truncate(count - 1);
                    best.insert(place, candidate);
                    if best.len() == count {
                        worst = best.last().copied();
                    }
                }
            });
        }
    }
}

/// Whoever takes suggestions, best first, and faults as they come.
pub(crate) trait Taker {
    /// Fails with the name of a parameter that a text asks for and that has no value; then nothing was taken.
    fn suggestion<'a>(&mut self, draft: &Draft<'a>) -> Result<(), &'a str>;
    fn fault(&mut self, fault: RuleFault);
}

/// A suggestion that still borrows what it consists of.
pub(crate) struct Draft<'a> {
    pub(crate) rule: u32,
    pub(crate) index: u32,
    pub(crate) action: &'a Action,
    pub(crate) template: &'a Template,
    pub(crate) weight: f64,
    /// One for each parameter of the action.
    pub(crate) parameters: &'a [Option<Cow<'a, Value>>],
    pub(crate) because: &'a [Seen<'a>],
}

impl<'a> Draft<'a> {
    pub(crate) fn render_title(&self, text: &mut String) -> Result<(), &'a str> {
        self.render(&self.template.title, &self.action.title, text)
    }

    pub(crate) fn render_description(&self, text: &mut String) -> Result<(), &'a str> {
        self.render(&self.template.description, &self.action.description, text)
    }

    /// Fails with the name of a placeholder that has no value.
    fn render(&self, template: &'a Text, places: &[usize], text: &mut String) -> Result<(), &'a str> {
        template.render(text, |name, text| {
            let value = self.parameters[places[name]].as_deref();
            value.map(|value| render::write_value(value, text)).is_some()
        })
    }
}

impl Taker for Answer {
    fn suggestion<'a>(&mut self, draft: &Draft<'a>) -> Result<(), &'a str> {
        let (mut title, mut description) = (String::new(), String::new());
        draft.render_title(&mut title)?;
        draft.render_description(&mut description)?;
        let named = draft.action.parameters.iter().zip(draft.parameters);
        let given = named.filter_map(|((name, _), value)| Some((name.clone(), value.as_deref()?.clone())));
        self.suggestions.push(Suggestion {
            rule: draft.rule,
            action: draft.index,
            kind: draft.action.kind.clone(),
            title,
            description,
            priority: draft.template.priority,
            weight: draft.weight,
            parameters: given.collect(),
            metadata: draft.template.metadata.clone(),
            because: draft.because.iter().map(|&seen| seen.into()).collect(),
        });
        Ok(())
    }

    fn fault(&mut self, fault: RuleFault) {
        self.faults.push(fault);
    }
}

/// An action of a rule that fires, as it is ranked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    rule: u32,
    action: u32,
    weight: f64,
    /// As the order of [`Priority`] counts.
    priority: u32,
}

impl Candidate {
    /// By weight, then priority, then document order.
    fn precedes(&self, other: &Self) -> bool {
        let by_place =
            || (self.priority, self.rule, self.action) < (other.priority, other.rule, other.action);
        match self.weight.total_cmp(&other.weight) {
            Ordering::Greater => true,
            Ordering::Equal => by_place(),
            Ordering::Less => false,
        }
    }
}
