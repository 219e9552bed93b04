//! All predicates that look at one value: thresholds in order, equalities by value.

use std::collections::HashMap;

use serde_json::Value;

use crate::predicate::{Bound, Place, Predicate, Test};
use crate::value::{hash_of, same};

/// Predicates with their bounds, in order.
type Thresholds<'a> = &'a [(Bound, u32)];

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) place: Place,
    exists: Option<u32>,
    /// Ascending, so that those which hold of a number come first.
    above: Vec<(Bound, u32)>,
    /// Ascending, so that those which hold of a number come last.
    below: Vec<(Bound, u32)>,
    /// By hash of the value; the predicates that hold of it, ascending.
    any_of: HashMap<u64, Vec<(Value, Vec<u32>)>>,
    /// What must be tested one by one.
    others: Vec<u32>,
}

impl Column {
    /// Columns of the predicates of which `keep` says so.
    pub(crate) fn all(predicates: &[Predicate], keep: impl Fn(&Place) -> bool) -> Vec<Self> {
        let mut columns: Vec<Self> = Vec::new();
        let mut ids: HashMap<&Place, usize> = HashMap::new();
        for (id, predicate) in (0..).zip(predicates) {
            let Predicate::Value(place, test) = predicate else { continue };
            if !keep(place) {
                continue;
            }
            let index = *ids.entry(place).or_insert_with(|| {
                columns.push(Self::new(place.clone()));
                columns.len() - 1
            });
            columns[index].add(id, test);
        }
        for column in &mut columns {
            // At one threshold the one that admits more comes first here and last there.
            column.above.sort_by(|(a, _), (b, _)| a.at.total_cmp(&b.at).then(b.inclusive.cmp(&a.inclusive)));
            column.below.sort_by(|(a, _), (b, _)| a.at.total_cmp(&b.at).then(a.inclusive.cmp(&b.inclusive)));
        }
        columns
    }

    fn new(place: Place) -> Self {
        let any_of = HashMap::new();
        Self { place, exists: None, above: Vec::new(), below: Vec::new(), any_of, others: Vec::new() }
    }

    fn add(&mut self, id: u32, test: &Test) {
        match test {
            Test::Exists => self.exists = Some(id),
            Test::Above(bound) => self.above.push((bound.plain(), id)),
            Test::Below(bound) => self.below.push((bound.plain(), id)),
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

    /// Thresholds from below that hold of the value, and then those that do not.
    pub(crate) fn above(&self, value: Option<&Value>) -> (Thresholds<'_>, Thresholds<'_>) {
        self.above.split_at(self.count_above(value))
    }

    /// Thresholds from above that hold of the value, and then those that do not.
    pub(crate) fn below(&self, value: Option<&Value>) -> (Thresholds<'_>, Thresholds<'_>) {
        let (fail, hold) = self.below.split_at(self.count_not_below(value));
        (hold, fail)
    }

    fn count_above(&self, value: Option<&Value>) -> usize {
        let number = value.and_then(Value::as_f64);
        number.map_or(0, |number| self.above.partition_point(|(bound, _)| bound.below(number)))
    }

    fn count_not_below(&self, value: Option<&Value>) -> usize {
        let number = value.and_then(Value::as_f64);
        number
            .map_or(self.below.len(), |number| self.below.partition_point(|(bound, _)| !bound.above(number)))
    }

    /// The equality predicates that hold of the value.
    pub(crate) fn any_of(&self, value: Option<&Value>) -> &[u32] {
        let Some(value) = value.filter(|_| !self.any_of.is_empty()) else { return &[] };
        let bucket = self.any_of.get(&hash_of(value));
        let found = bucket.and_then(|bucket| bucket.iter().find(|(known, _)| same(known, value)));
        found.map_or(&[], |(_, ids)| ids)
    }

    /// What equality predicates ask for, with those that ask for it.
    pub(crate) fn values(&self) -> impl Iterator<Item = &(Value, Vec<u32>)> {
        self.any_of.values().flatten()
    }

    pub(crate) fn exists(&self) -> Option<u32> {
        self.exists
    }

    pub(crate) fn others(&self) -> &[u32] {
        &self.others
    }

    /// Calls for each predicate whose outcome differs between the two values. Work grows with those that do, and
    /// with the few that cannot be ordered.
    pub(crate) fn flips(
        &self,
        predicates: &[Predicate],
        old: Option<&Value>,
        new: Option<&Value>,
        mut flip: impl FnMut(u32),
    ) {
        if let Some(exists) = self.exists
            && old.is_some() != new.is_some()
        {
            flip(exists);
        }
        let between = |a: usize, b: usize| a.min(b)..a.max(b);
        let above = &self.above[between(self.count_above(old), self.count_above(new))];
        let below = &self.below[between(self.count_not_below(old), self.count_not_below(new))];
        above.iter().chain(below).for_each(|&(_, id)| flip(id));
        let (was, is) = (self.any_of(old), self.any_of(new));
        was.iter().filter(|id| is.binary_search(id).is_err()).for_each(|&id| flip(id));
        is.iter().filter(|id| was.binary_search(id).is_err()).for_each(|&id| flip(id));
        for &id in &self.others {
            if let Predicate::Value(_, test) = &predicates[id as usize]
                && old.is_some_and(|old| test.holds(old)) != new.is_some_and(|new| test.holds(new))
            {
                flip(id);
            }
        }
    }
}
