//! All predicates that look at one value: thresholds in order, equalities by value.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use serde_json::Value;

use crate::predicate::{Bound, Place, Predicate, Test};
use crate::thresholds::Thresholds;
use crate::value::{Mixer, hash_of, same};

/// A value, and the predicates that ask for it.
type Asked = (Value, Vec<u32>);

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) place: Place,
    exists: Option<u32>,
    above: Thresholds,
    below: Thresholds,
    /// What equality predicates ask for, with those that ask for it, ascending.
    values: Vec<Asked>,
    /// Places in `values` by hash.
    by_hash: HashMap<u64, Vec<u32>, BuildHasherDefault<Mixer>>,
    /// What must be tested one by one.
    others: Vec<u32>,
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
        for column in &mut columns {
            column.above.arrange();
            column.below.arrange();
        }
        columns
    }

    fn new(place: Place) -> Self {
        Self {
            place,
            exists: None,
            above: Thresholds::default(),
            below: Thresholds::default(),
            values: Vec::new(),
            by_hash: HashMap::default(),
            others: Vec::new(),
        }
    }

    fn add(&mut self, id: u32, test: &Test) {
        match test {
            Test::Exists => self.exists = Some(id),
            // What is at least a bound is greater than the number before it, and so on: no bound is inclusive.
            Test::Above(Bound { at, inclusive }) => {
                self.above.push(id, if *inclusive { at.next_down() } else { *at });
            }
            Test::Below(Bound { at, inclusive }) => {
                self.below.push(id, if *inclusive { at.next_up() } else { *at });
            }
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
        let Self { values, by_hash, .. } = self;
        let bucket = by_hash.entry(hash_of(value)).or_default();
        let known = bucket.iter().map(|&place| place as usize).find(|&place| same(&values[place].0, value));
        let place = known.unwrap_or_else(|| {
            bucket.push(values.len() as u32);
            values.push((value.clone(), Vec::new()));
            values.len() - 1
        });
        &mut values[place].1
    }

    /// Thresholds from below that hold of the value, and those that do not.
    pub(crate) fn above(&self, value: Option<&Value>) -> (Range<u32>, Range<u32>) {
        let (count, all) = (self.count_above(value), self.above.len());
        (self.above.ids(0..count), self.above.ids(count..all))
    }

    /// Thresholds from above that hold of the value, and those that do not.
    pub(crate) fn below(&self, value: Option<&Value>) -> (Range<u32>, Range<u32>) {
        let (count, all) = (self.count_not_below(value), self.below.len());
        (self.below.ids(count..all), self.below.ids(0..count))
    }

    fn count_above(&self, value: Option<&Value>) -> usize {
        value.and_then(Value::as_f64).map_or(0, |number| self.above.count_less(number))
    }

    fn count_not_below(&self, value: Option<&Value>) -> usize {
        let number = value.and_then(Value::as_f64);
        number.map_or(self.below.len(), |number| self.below.count_less(number.next_up()))
    }

    /// The place of a value among those that equality predicates ask for.
    pub(crate) fn place_of(&self, value: Option<&Value>) -> Option<usize> {
        let value = value.filter(|_| !self.values.is_empty())?;
        let bucket = self.by_hash.get(&hash_of(value))?;
        bucket.iter().map(|&place| place as usize).find(|&place| same(&self.values[place].0, value))
    }

    /// The equality predicates that hold of the value.
    fn any_of(&self, value: Option<&Value>) -> &[u32] {
        self.place_of(value).map_or(&[], |place| &self.values[place].1)
    }

    /// What equality predicates ask for, with those that ask for it.
    pub(crate) fn values(&self) -> &[Asked] {
        &self.values
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
