//! All predicates that look at one value: thresholds in order, equalities by value.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use serde_json::Value;

use crate::predicate::{Bound, Place, Predicate, Test};
use crate::value::{Mixer, hash_of, same};

/// A value, and the predicates that ask for it.
type Asked = (Value, Vec<u32>);

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) place: Place,
    exists: Option<u32>,
    above: Thresholds,
    below: Thresholds,
    /// By hash of the value; the predicates that hold of it, ascending.
    any_of: HashMap<u64, Vec<Asked>, BuildHasherDefault<Mixer>>,
    /// What must be tested one by one.
    others: Vec<u32>,
}

/// In the order of [`crate::predicate::Catalogue::arrange`], so that those which hold of a number are a range.
#[derive(Debug, Default)]
struct Thresholds {
    /// The predicate of the first bound; the next has the next.
    first: u32,
    bounds: Vec<Bound>,
}

impl Thresholds {
    fn push(&mut self, bound: Bound, id: u32) {
        if self.bounds.is_empty() {
            self.first = id;
        }
        self.bounds.push(bound.plain());
    }

    fn ids(&self, places: Range<usize>) -> Range<u32> {
        self.first + places.start as u32..self.first + places.end as u32
    }

    fn count(&self, before: impl Fn(Bound) -> bool) -> usize {
        self.bounds.partition_point(|&bound| before(bound))
    }
}

impl Column {
    /// Columns of the places of which `keep` says so; the predicates are arranged.
    pub(crate) fn all(predicates: &[Predicate], keep: impl Fn(Place) -> bool) -> Vec<Self> {
        let mut columns: Vec<Self> = Vec::new();
        for (id, predicate) in (0..).zip(predicates) {
            let &Predicate::Value(place, ref test) = predicate else { continue };
            if !keep(place) {
                continue;
            }
            if columns.last().is_none_or(|column| column.place != place) {
                columns.push(Self::new(place));
            }
            if let Some(column) = columns.last_mut() {
                column.add(id, test);
            }
        }
        columns
    }

    fn new(place: Place) -> Self {
        let (above, below) = (Thresholds::default(), Thresholds::default());
        Self { place, exists: None, above, below, any_of: HashMap::default(), others: Vec::new() }
    }

    fn add(&mut self, id: u32, test: &Test) {
        match test {
            Test::Exists => self.exists = Some(id),
            Test::Above(bound) => self.above.push(*bound, id),
            Test::Below(bound) => self.below.push(*bound, id),
            Test::AnyOf(values) => {
                for value in values {
                    let ids = self.ids_of(value);
                    if ids.last() != Some(&id) {
                        ids.push(id);
                    }
                }
            }
            Test::Contains(_) | Test::Matches(_) => self.others.push(id),
        }
    }

    fn ids_of(&mut self, value: &Value) -> &mut Vec<u32> {
        let bucket = self.any_of.entry(hash_of(value)).or_default();
        let index = bucket.iter().position(|(known, _)| same(known, value)).unwrap_or_else(|| {
            bucket.push((value.clone(), Vec::new()));
            bucket.len() - 1
        });
        &mut bucket[index].1
    }

    /// Thresholds from below that hold of the value, and those that do not.
    pub(crate) fn above(&self, value: Option<&Value>) -> (Range<u32>, Range<u32>) {
        let (count, all) = (self.count_above(value), self.above.bounds.len());
        (self.above.ids(0..count), self.above.ids(count..all))
    }

    /// Thresholds from above that hold of the value, and those that do not.
    pub(crate) fn below(&self, value: Option<&Value>) -> (Range<u32>, Range<u32>) {
        let (count, all) = (self.count_not_below(value), self.below.bounds.len());
        (self.below.ids(count..all), self.below.ids(0..count))
    }

    fn count_above(&self, value: Option<&Value>) -> usize {
        let number = value.and_then(Value::as_f64);
        number.map_or(0, |number| self.above.count(|bound| bound.below(number)))
    }

    fn count_not_below(&self, value: Option<&Value>) -> usize {
        let number = value.and_then(Value::as_f64);
        number.map_or(self.below.bounds.len(), |number| self.below.count(|bound| !bound.above(number)))
    }

    /// The equality predicates that hold of the value.
    pub(crate) fn any_of(&self, value: Option<&Value>) -> &[u32] {
        let Some(value) = value.filter(|_| !self.any_of.is_empty()) else { return &[] };
        let bucket = self.any_of.get(&hash_of(value));
        let found = bucket.and_then(|bucket| bucket.iter().find(|(known, _)| same(known, value)));
        found.map_or(&[], |(_, ids)| ids)
    }

    /// What equality predicates ask for, with those that ask for it.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Asked> {
        self.any_of.values().flatten()
    }

    pub(crate) fn exists(&self) -> Option<u32> {
        self.exists
    }

    pub(crate) fn others(&self) -> &[u32] {
        &self.others
    }

    /// Calls with the predicates whose outcome differs between the two values, and what they say of the new one. Work
    /// grows with the few that cannot be ordered; thresholds between the values are one range.
    pub(crate) fn changes(
        &self,
        predicates: &[Predicate],
        old: Option<&Value>,
        new: Option<&Value>,
        mut change: impl FnMut(Range<u32>, bool),
    ) {
        if let Some(exists) = self.exists
            && old.is_some() != new.is_some()
        {
            change(exists..exists + 1, new.is_some());
        }
        let mut between = |thresholds: &Thresholds, old: usize, new: usize, holds| {
            if old != new {
                change(thresholds.ids(old.min(new)..old.max(new)), holds);
            }
        };
        let (was, is) = (self.count_above(old), self.count_above(new));
        between(&self.above, was, is, is > was);
        let (was, is) = (self.count_not_below(old), self.count_not_below(new));
        between(&self.below, was, is, is < was);
        let (was, is) = (self.any_of(old), self.any_of(new));
        was.iter().filter(|id| is.binary_search(id).is_err()).for_each(|&id| change(id..id + 1, false));
        is.iter().filter(|id| was.binary_search(id).is_err()).for_each(|&id| change(id..id + 1, true));
        for &id in &self.others {
            if let Predicate::Value(_, test) = &predicates[id as usize] {
                let holds = new.is_some_and(|new| test.holds(new));
                if old.is_some_and(|old| test.holds(old)) != holds {
                    change(id..id + 1, holds);
                }
            }
        }
    }
}
