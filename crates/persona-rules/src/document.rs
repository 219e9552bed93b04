//! A mapper document after validation: what it says, before it is indexed.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::hours::WeekHours;
use crate::path::Paths;
use crate::pattern::Pattern;
use crate::template::Template;
use crate::zone::{Local, Zone};

#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) required_traits: Vec<String>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) templates: Vec<Template>,
    /// Of traits.
    pub(crate) traits: Paths,
    /// Of the context.
    pub(crate) fields: Paths,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) condition: Condition,
    pub(crate) actions: Vec<Action>,
    pub(crate) weight: f64,
}

impl Rule {
    /// The paths of the traits that conditions read, in document order.
    pub(crate) fn condition_traits(&self) -> Vec<u32> {
        let mut traits = Vec::new();
        self.condition.each_check(&mut |check| {
            if let CheckKind::Value { subject: Subject::Trait(path), .. } = check.kind {
                traits.push(path);
            }
        });
        traits
    }
}

#[derive(Debug)]
pub(crate) enum Condition {
    Group { kind: Group, pointer: String, children: Vec<Condition> },
    Check(Check),
}

impl Condition {
    pub(crate) fn each_check<'a>(&'a self, then: &mut impl FnMut(&'a Check)) {
        match self {
            Self::Check(check) => then(check),
            Self::Group { children, .. } => children.iter().for_each(|child| child.each_check(then)),
        }
    }
}

/// How the conditions of a group make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Every one holds.
    All,
    /// At least one holds.
    Any,
    /// None holds.
    Not,
}

#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) pointer: String,
    pub(crate) kind: CheckKind,
}

impl Check {
    /// The only value of which it holds, if that is a text.
    pub(crate) fn text_asked_for(&self) -> Option<&Value> {
        match &self.kind {
            CheckKind::Value { operator: Operator::Equals(value @ Value::String(_)), .. } => Some(value),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) enum CheckKind {
    Value { subject: Subject, operator: Operator },
    Time(TimeCheck),
    Narrative { query: NarrativeQuery, threshold: f64 },
}

/// Where a check finds its value: a path, as the document's paths of that place count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Trait(u32),
    Context(u32),
}

#[derive(Debug)]
pub(crate) enum Operator {
    Exists,
    NotExists,
    Equals(Value),
    NotEquals(Value),
    Greater(f64),
    GreaterOrEqual(f64),
    Less(f64),
    LessOrEqual(f64),
    Between(f64, f64),
    In(Vec<Value>),
    Contains(Value),
    Matches(Pattern),
    /// Minutes.
    Within(f64),
}

#[derive(Debug)]
pub(crate) struct TimeCheck {
    pub(crate) zone: Zone,
    /// Hours of the local week that pass; all of them when only a window is given.
    pub(crate) hours: WeekHours,
    pub(crate) window: Option<Window>,
}

impl TimeCheck {
    pub(crate) fn holds(&self, local: Local) -> bool {
        self.hours.holds(local.hour_of_week)
            && self.window.is_none_or(|window| window.holds(local.minute_of_day))
    }
}

/// Local times of day at most so far from another one, on either side, across midnight too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    /// Minute of the day, 0..1440.
    pub(crate) of: u16,
    /// 0..720.
    pub(crate) minutes: u16,
}

impl Window {
    /// Whether it holds for a minute of the day. Seconds are not looked at.
    pub(crate) fn holds(self, minute_of_day: u16) -> bool {
        let apart = self.of.abs_diff(minute_of_day);
        apart.min(1_440 - apart) <= self.minutes
    }
}

/// A search among a person's narratives, whose best score the caller supplies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NarrativeQuery {
    /// What is looked for.
    pub query: String,
    /// How many narratives the search may give, 1..100.
    pub limit: u32,
    /// Kinds of narratives to look among, sorted; empty for all.
    pub types: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) kind: String,
    /// Index among the document's templates.
    pub(crate) template: usize,
    pub(crate) parameters: Vec<(String, Source)>,
    /// For each name that the template's title asks for, its place among the parameters.
    pub(crate) title: Box<[usize]>,
    /// The same of the description.
    pub(crate) description: Box<[usize]>,
}

/// Where a parameter comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Literal(Value),
    Read { subject: Subject, default: Option<Value>, transform: Option<Transform> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transform {
    MinutesToHours,
    Capitalize,
    Lower,
}

/// How soon a suggestion matters. The order is that of suggestions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Goes first at equal weight.
    High,
    /// When a template says nothing.
    Medium,
    /// Goes last at equal weight.
    Low,
}

impl Priority {
    /// The word that documents use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What a document says about free things; kept as it is.
pub(crate) type Metadata = Map<String, Value>;

/// Template id to index.
pub(crate) type TemplateIds = HashMap<String, usize>;
