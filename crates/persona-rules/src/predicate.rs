//! The smallest questions that checks are made of; equal ones of a document are asked once.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::document::{NarrativeQuery, Subject, Window};
use crate::hours::WeekHours;
use crate::pattern::Pattern;
use crate::value::same;
use crate::zone::Zone;

/// Never true of a value that is absent or of another type than it asks for.
#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    Value(Place, Test),
    /// The time that the value says is from now on and at most so many minutes away.
    Within(Subject, f64),
    /// Zone index, then the hours of its local week.
    Hours(usize, WeekHours),
    /// Zone index, then the times of its local day.
    Clock(usize, Window),
}

/// Where a value stays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Trait(String),
    Context(String),
    /// The best score of a narrative query.
    Score(usize),
}

impl Predicate {
    /// Whether its outcome is kept beside the person.
    pub(crate) fn is_resident(&self) -> bool {
        matches!(self, Self::Value(Place::Trait(_) | Place::Score(_), _))
    }

    /// Whether it can differ from person to person although it is not kept: by where they are, or by what they said.
    pub(crate) fn varies(&self, zones: &[Option<TimeZone>]) -> bool {
        match self {
            Self::Value(..) => false,
            Self::Within(..) => true,
            Self::Hours(zone, _) | Self::Clock(zone, _) => zones[*zone].is_none(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Exists,
    Above(Bound),
    Below(Bound),
    AnyOf(Vec<Value>),
    Contains(Value),
    Matches(Pattern),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) at: f64,
    pub(crate) inclusive: bool,
}

impl Bound {
    /// Without the sign of zero, so that an order of bounds is the order of numbers.
    pub(crate) fn plain(self) -> Self {
        Self { at: self.at + 0.0, ..self }
    }

    /// Whether it lies below the number.
    pub(crate) fn below(self, number: f64) -> bool {
        if self.inclusive { number >= self.at } else { number > self.at }
    }

    /// Whether it lies above the number.
    pub(crate) fn above(self, number: f64) -> bool {
        if self.inclusive { number <= self.at } else { number < self.at }
    }
}

impl Test {
    pub(crate) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Exists => true,
            Self::Above(bound) => value.as_f64().is_some_and(|number| bound.below(number)),
            Self::Below(bound) => value.as_f64().is_some_and(|number| bound.above(number)),
            Self::AnyOf(values) => values.iter().any(|one| same(one, value)),
            Self::Contains(part) => contains(value, part),
            Self::Matches(pattern) => value.as_str().is_some_and(|text| pattern.matches(text)),
        }
    }
}

/// A text contains a part of it, a list an item, an object a key.
pub(crate) fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::Array(items), part) => items.iter().any(|item| same(item, part)),
        (Value::Object(fields), Value::String(key)) => fields.contains_key(key),
        _ => false,
    }
}

/// Whether `instant` (ms) lies from `now` (ms) on and at most so many minutes away.
pub(crate) fn is_within(instant: Option<f64>, now: i64, minutes: f64) -> bool {
    instant.is_some_and(|instant| (0.0..=minutes * 60_000.0).contains(&(instant - now as f64)))
}

/// The predicates, zones and narrative queries of a document, each once.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) predicates: Vec<Predicate>,
    /// What stands for the person's own is `None`.
    pub(crate) zones: Vec<Option<TimeZone>>,
    pub(crate) narratives: Vec<NarrativeQuery>,
    predicate_ids: HashMap<String, u32>,
    zone_ids: HashMap<String, usize>,
    narrative_ids: HashMap<NarrativeQuery, usize>,
}

impl Catalogue {
    pub(crate) fn predicate(&mut self, predicate: Predicate) -> u32 {
        let next = self.predicates.len() as u32;
        let id = *self.predicate_ids.entry(format!("{predicate:?}")).or_insert(next);
        if id == next {
            self.predicates.push(predicate);
        }
        id
    }

    pub(crate) fn zone(&mut self, zone: &Zone) -> usize {
        let (name, zone) = match zone {
            Zone::Users => (String::new(), None),
            Zone::Fixed(zone) => (zone.iana_name().unwrap_or("UTC").to_owned(), Some(zone.clone())),
        };
        let next = self.zones.len();
        let id = *self.zone_ids.entry(name).or_insert(next);
        if id == next {
            self.zones.push(zone);
        }
        id
    }

    pub(crate) fn narrative(&mut self, query: &NarrativeQuery) -> usize {
        let next = self.narratives.len();
        let id = *self.narrative_ids.entry(query.clone()).or_insert(next);
        if id == next {
            self.narratives.push(query.clone());
        }
        id
    }
}
