//! A field of the context: which rows its value leaves open.

use serde_json::Value;

use crate::bits::{self, Rows};
use crate::column::Column;
use crate::gate::{Gates, Postings};
use crate::predicate::{Place, Predicate};

/// Most rows ask a field for one value. They are not shut value by value: all of them are, but for those whose value
/// it is. The other predicates of the field are gates.
#[derive(Debug)]
pub(crate) struct Field {
    column: Column,
    /// Into the context.
    pub(crate) path: u32,
    /// Rows without an equality on this field, if any row has one.
    free: Option<Box<[u64]>>,
    /// For each equality the rows that want it and no earlier one.
    meets: Vec<(u32, Rows)>,
    /// What must be asked one by one.
    asked: Vec<u32>,
}

impl Field {
    /// Of a column of the context. Takes from the postings what needs no gate any more.
    pub(crate) fn new(column: Column, postings: &mut Postings) -> Option<Self> {
        let Place::Context(path) = column.place else { return None };
        let mut equalities: Vec<u32> = column.values().flat_map(|(_, ids)| ids).copied().collect();
        equalities.sort_unstable();
        equalities.dedup();
        let mut asked: Vec<u32> =
            column.exists().into_iter().chain(column.others().iter().copied()).collect();
        let mut free = vec![u64::MAX; postings.words()];
        let mut meets = Vec::new();
        for id in equalities {
            let wanted = std::mem::take(postings.wanted(id));
            let (first, further): (Vec<u32>, Vec<u32>) =
                wanted.into_iter().partition(|&row| bits::get(&free, row as usize));
            for &row in &first {
                bits::clear(&mut free, row as usize);
            }
            meets.push((id, Rows::new(&first, postings.words())));
            if !further.is_empty() {
                asked.push(id);
            }
            *postings.wanted(id) = further;
        }
        let free = free.iter().any(|&word| word != u64::MAX).then(|| free.into());
        Some(Self { column, path, free, meets, asked })
    }

    /// Shuts the rows that the context's value does not admit. `spare` is as long as `rows`.
    pub(crate) fn apply(
        &self,
        value: Option<&Value>,
        predicates: &[Predicate],
        gates: &Gates,
        rows: &mut [u64],
        spare: &mut [u64],
    ) {
        let equal = self.column.any_of(value);
        if let Some(free) = &self.free {
            spare.copy_from_slice(free);
            for id in equal {
                if let Ok(index) = self.meets.binary_search_by_key(id, |(id, _)| *id) {
                    self.meets[index].1.add_to(spare);
                }
            }
            rows.iter_mut().zip(spare).for_each(|(row, admitted)| *row &= *admitted);
        }
        for &id in equal {
            gates.apply(id, true, rows);
        }
        for (hold, fail) in [self.column.above(value), self.column.below(value)] {
            hold.for_each(|id| gates.apply(id, true, rows));
            fail.for_each(|id| gates.apply(id, false, rows));
        }
        for &id in &self.asked {
            if let Predicate::Value(_, test) = &predicates[id as usize] {
                gates.apply(id, value.is_some_and(|value| test.holds(value)), rows);
            }
        }
    }
}
