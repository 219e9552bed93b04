//! The smallest questions that checks are made of; equal ones of a document are asked once.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A path of traits.
    Trait(u32),
    /// The best score of a narrative query.
    Score(usize),
    /// A path into the context.
    Context(u32),
}

impl Place {
    /// Whether what is there is kept beside the person.
    pub(crate) fn is_resident(self) -> bool {
        !matches!(self, Self::Context(_))
    }
}

impl From<Subject> for Place {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Trait(path) => Self::Trait(path),
            Subject::Context(path) => Self::Context(path),
        }
    }
}

impl Predicate {
    /// Whether its outcome is kept beside the person.
    pub(crate) fn is_resident(&self) -> bool {
        matches!(self, Self::Value(place, _) if place.is_resident())
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
    fn kind(&self) -> u8 {
        match self {
            Self::Exists => 0,
            Self::Above(_) => 1,
            Self::Below(_) => 2,
            Self::AnyOf(_) => 3,
            Self::Contains(_) | Self::Matches(_) => 4,
        }
    }

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
    predicate_ids: HashMap<Key, u32>,
    zone_ids: HashMap<String, usize>,
    narrative_ids: HashMap<NarrativeQuery, usize>,
}

/// What makes two predicates one.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Exists(Place),
    Above(Place, u64, bool),
    Below(Place, u64, bool),
    /// A list of values as JSON.
    AnyOf(Place, String),
    /// The part as JSON.
    Contains(Place, String),
    Matches(Place, String),
    Within(Subject, u64),
    Hours(usize, WeekHours),
    Clock(usize, Window),
}

impl Key {
    fn of(predicate: &Predicate) -> Self {
        match predicate {
            &Predicate::Value(place, ref test) => match test {
                Test::Exists => Self::Exists(place),
                Test::Above(bound) => Self::Above(place, bound.plain().at.to_bits(), bound.inclusive),
                Test::Below(bound) => Self::Below(place, bound.plain().at.to_bits(), bound.inclusive),
                Test::AnyOf(values) => Self::AnyOf(place, json_of(values)),
                Test::Contains(part) => Self::Contains(place, part.to_string()),
                Test::Matches(pattern) => Self::Matches(place, pattern.as_str().to_owned()),
            },
            Predicate::Within(subject, minutes) => Self::Within(*subject, minutes.to_bits()),
            Predicate::Hours(zone, hours) => Self::Hours(*zone, *hours),
            Predicate::Clock(zone, window) => Self::Clock(*zone, *window),
        }
    }
}

fn json_of(values: &[Value]) -> String {
    match values {
        [only] => only.to_string(),
        several => several.iter().map(Value::to_string).collect::<Vec<_>>().join(","),
    }
}

impl Catalogue {
    pub(crate) fn predicate(&mut self, predicate: Predicate) -> u32 {
        let next = self.predicates.len() as u32;
        let id = *self.predicate_ids.entry(Key::of(&predicate)).or_insert(next);
        if id == next {
            self.predicates.push(predicate);
        }
        id
    }

    /// Puts the predicates of one place next to each other, its thresholds in order; gives the new id of each.
    pub(crate) fn arrange(&mut self) -> Vec<u32> {
        // No further predicate is found by what it was.
        self.predicate_ids = HashMap::new();
        let mut order: Vec<u32> = (0..self.predicates.len() as u32).collect();
        order.sort_by(|&a, &b| compare(&self.predicates[a as usize], &self.predicates[b as usize]));
        let mut renamed = vec![0; order.len()];
        for (new, &old) in (0..).zip(&order) {
            renamed[old as usize] = new;
        }
        let mut old: Vec<_> = std::mem::take(&mut self.predicates).into_iter().map(Some).collect();
        self.predicates = order.iter().filter_map(|&id| old[id as usize].take()).collect();
        renamed
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

    /// The texts that predicates ask for, each once.
    pub(crate) fn words(&self) -> Vec<Value> {
        let asked = self.predicates.iter().filter_map(|predicate| match predicate {
            Predicate::Value(_, Test::AnyOf(values)) => Some(values),
            _ => None,
        });
        let words: BTreeSet<&str> = asked.flatten().filter_map(Value::as_str).collect();
        words.into_iter().map(Value::from).collect()
    }

    /// The index of a query that a document has.
    pub(crate) fn narrative_of(&self, query: &NarrativeQuery) -> Option<usize> {
        self.narrative_ids.get(query).copied()
    }
}

/// By place, kind of test, threshold. At one threshold from below the one that admits more comes first; from above
/// it comes last: what holds of a number is then the beginning of the former and the end of the latter.
fn compare(a: &Predicate, b: &Predicate) -> Ordering {
    let (Predicate::Value(place, test), Predicate::Value(other_place, other)) = (a, b) else {
        return matches!(a, Predicate::Value(..)).cmp(&matches!(b, Predicate::Value(..))).reverse();
    };
    let order = place.cmp(other_place).then(test.kind().cmp(&other.kind()));
    order.then_with(|| match (test, other) {
        (Test::Above(a), Test::Above(b)) => {
            a.plain().at.total_cmp(&b.plain().at).then(b.inclusive.cmp(&a.inclusive))
        }
        (Test::Below(a), Test::Below(b)) => {
            a.plain().at.total_cmp(&b.plain().at).then(a.inclusive.cmp(&b.inclusive))
        }
        _ => Ordering::Equal,
    })
}
