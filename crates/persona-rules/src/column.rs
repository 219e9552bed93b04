//! All predicates that look at one value: thresholds in order, equalities by value.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use serde_json::Value;

use crate::predicate::{Bound, Place, Predicate, Test};
use crate::thresholds::{Side, Stand, Thresholds};
use crate::value::{Mixer, hash_of, same};

/// A value, and the predicates that ask for it.
type Asked = (Value, Vec<u32>);

/// What a value was found to be among the predicates that look at it, so that it need not be looked for again when it
/// goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    thresholds: Stand,
    /// Place among the values that equality predicates ask for.
    equal: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) place: Place,
    exists: Option<u32>,
    thresholds: Thresholds,
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
        let tests = (0..).zip(predicates).filter_map(|(id, predicate)| match predicate {
            &Predicate::Value(place, ref test) if keep(place) => Some((place, id, test)),
            _ => None,
        });
        let tests: Vec<_> = tests.collect();
        tests.chunk_by(|(place, ..), (other, ..)| place == other).map(Self::new).collect()
    }

    /// Of the tests of one place.
    fn new(tests: &[(Place, u32, &Test)]) -> Self {
        let mut column = Self {
            place: tests[0].0,
            exists: None,
            thresholds: Thresholds::default(),
            values: Vec::new(),
            by_hash: HashMap::default(),
            others: Vec::new(),
        };
        let (mut above, mut below) = (Side::default(), Side::default());
        for &(_, id, test) in tests {
            match test {
                Test::Exists => column.exists = Some(id),
                Test::Above(bound) => above.push(id, cut(bound, bound.inclusive)),
                Test::Below(bound) => below.push(id, cut(bound, !bound.inclusive)),
                Test::AnyOf(values) => {
                    for value in values {
                        let ids = column.ids_of(value);
                        if ids.last() != Some(&id) {
                            ids.push(id);
                        }
                    }
                }
                Test::Contains(_) | Test::Matches(_) => column.others.push(id),
            }
        }
        column.thresholds = Thresholds::new(&above, &below);
        column
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

    /// The thresholds that hold of the value, and those that do not.
    pub(crate) fn thresholds(&self, value: Option<&Value>) -> ([Range<u32>; 2], [Range<u32>; 2]) {
        let (first, last) = (self.thresholds.first(), self.thresholds.last());
        let Stand { above, below } = self.thresholds.stand(value.and_then(Value::as_f64));
        ([first.above..above, below..last.below], [above..last.above, first.below..below])
    }

    /// The place of a value among those that equality predicates ask for.
    pub(crate) fn place_of(&self, value: Option<&Value>) -> Option<usize> {
        let value = value.filter(|_| !self.values.is_empty())?;
        let bucket = self.by_hash.get(&hash_of(value))?;
        bucket.iter().map(|&place| place as usize).find(|&place| same(&self.values[place].0, value))
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

    /// Where a value stands of which nothing holds: none, to begin with.
    pub(crate) fn nowhere(&self) -> Standing {
        Standing { thresholds: self.thresholds.stand(None), equal: None }
    }

    /// Calls with the predicates whose outcome may be another for this value than for the one that stood there, and what
    /// they say of it. Work grows with the few that cannot be ordered; thresholds between the values are one range.
    pub(crate) fn changes(
        &self,
        predicates: &[Predicate],
        standing: &mut Standing,
        value: Option<&Value>,
        mut change: impl FnMut(Range<u32>, bool),
    ) {
        if let Some(exists) = self.exists {
            change(exists..exists + 1, value.is_some());
        }
        let mut between = |was: u32, is: u32, holds| {
            if was != is {
                change(was.min(is)..was.max(is), holds);
            }
        };
        let was = std::mem::replace(standing, self.standing(value));
        let (before, after) = (was.thresholds, standing.thresholds);
        between(before.above, after.above, after.above > before.above);
        between(before.below, after.below, after.below < before.below);
        let (was, is) = (self.asked_at(was.equal), self.asked_at(standing.equal));
        was.iter().filter(|id| is.binary_search(id).is_err()).for_each(|&id| change(id..id + 1, false));
        is.iter().filter(|id| was.binary_search(id).is_err()).for_each(|&id| change(id..id + 1, true));
        for &id in &self.others {
            if let Predicate::Value(_, test) = &predicates[id as usize] {
                change(id..id + 1, value.is_some_and(|value| test.holds(value)));
            }
        }
    }

    fn standing(&self, value: Option<&Value>) -> Standing {
        let thresholds = self.thresholds.stand(value.and_then(Value::as_f64));
        Standing { thresholds, equal: self.place_of(value).map(|place| place as u32) }
    }

    /// The equality predicates that ask for the value at a place.
    fn asked_at(&self, place: Option<u32>) -> &[u32] {
        place.map_or(&[], |place| &self.values[place as usize].1)
    }
}

/// What is greater than a bound, or at least one, is greater than this number: no cut is inclusive.
fn cut(bound: &Bound, inclusive: bool) -> f64 {
    if inclusive { bound.at.next_down() } else { bound.at }
}
