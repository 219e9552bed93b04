//! The suggestions of the rules that fire: ranked all, rendered only the first few.

use serde_json::{Map, Value};

use crate::document::{Action, Priority};
use crate::evaluate::{Evaluation, Situation};
use crate::explain::{Finding, Observer};
use crate::render;
use crate::{Fault, RuleSet, Weights};

/// What a situation calls for.
#[derive(Clone, Debug, PartialEq)]
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
    /// The rule's.
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
        self.evaluate(situation, weights, evaluation)?;
        let mut candidates: Vec<Candidate<'_>> =
            evaluation.fired.iter().flat_map(|&rule| self.candidates(rule, weights.of(rule))).collect();
        // The sort is stable, so document order decides what is left.
        candidates.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.priority.cmp(&b.priority)));
        let observer = Observer::new(self, situation)?;
        let mut answer = Answer { suggestions: Vec::new(), faults: Vec::new() };
        for candidate in candidates {
            if answer.suggestions.len() == limit {
                break;
            }
            match self.render(&candidate, situation, &observer) {
                Ok(suggestion) => answer.suggestions.push(suggestion),
                Err(fault) => answer.faults.push(fault),
            }
        }
        Ok(answer)
    }

    fn candidates(&self, rule: u32, weight: f64) -> impl Iterator<Item = Candidate<'_>> {
        let actions = (0..).zip(&self.document.rules[rule as usize].actions);
        actions.map(move |(index, action)| Candidate {
            rule,
            index,
            action,
            weight,
            priority: self.document.templates[action.template].priority,
        })
    }

    fn render(
        &self,
        candidate: &Candidate<'_>,
        situation: Situation<'_>,
        observer: &Observer<'_>,
    ) -> Result<Suggestion, RuleFault> {
        let &Candidate { rule, index, action, weight, priority } = candidate;
        let fault =
            |code| move |name: &str| RuleFault { rule, action: index, parameter: name.to_owned(), code };
        let template = &self.document.templates[action.template];
        let parameters =
            render::parameters(action, situation).map_err(fault(RuleFaultCode::TransformFailed))?;
        let text_of = |name: &str| parameters.get(name).map(render::text_of);
        let missing = fault(RuleFaultCode::MissingParameter);
        let title = template.title.render(text_of).map_err(missing)?;
        let description = template.description.render(text_of).map_err(missing)?;
        Ok(Suggestion {
            rule,
            action: index,
            kind: action.kind.clone(),
            title,
            description,
            priority,
            weight,
            parameters,
            metadata: template.metadata.clone(),
            because: observer.support(&self.document.rules[rule as usize].condition),
        })
    }
}

#[derive(Clone, Copy)]
struct Candidate<'a> {
    rule: u32,
    index: u32,
    action: &'a Action,
    weight: f64,
    priority: Priority,
}
