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
    /// For each value that the column knows the rows that it leaves open, where these are so many that putting them
    /// together takes longer.
    admitted: Vec<Option<Box<[u64]>>>,
    /// The words among the values that the column knows: place among the document's, ascending, and place there.
    by_word: Vec<(usize, usize)>,
    /// What must be asked one by one.
    asked: Vec<u32>,
}

impl Field {
    /// Of a column of the context. Takes from the postings what needs no gate any more.
    pub(crate) fn new(column: Column, words: &[Value], postings: &mut Postings) -> Option<Self> {
        let Place::Context(path) = column.place else { return None };
        let mut equalities: Vec<u32> = column.values().iter().flat_map(|(_, ids)| ids).copied().collect();
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
        let word_of = |value: &Value| words.binary_search_by_key(&value.as_str(), Value::as_str).ok();
        let values = column.values().iter().enumerate();
        let mut by_word: Vec<_> =
            values.filter_map(|(place, (value, _))| Some((word_of(value)?, place))).collect();
        by_word.sort_unstable();
        let mut field = Self { column, path, free, meets, admitted: Vec::new(), by_word, asked };
        field.admitted = field.column.values().iter().map(|(_, ids)| field.together(ids)).collect();
        Some(field)
    }

    /// The rows that a value leaves open for which these equalities hold, if one of them concerns many.
    fn together(&self, equal: &[u32]) -> Option<Box<[u64]>> {
        let mut rows = self.free.clone()?;
        self.meets(equal).any(|meets| matches!(meets, Rows::Many(_))).then(|| {
            self.meets(equal).for_each(|meets| meets.add_to(&mut rows));
            rows
        })
    }

    fn meets(&self, equal: &[u32]) -> impl Iterator<Item = &Rows> {
        let index = |id: &u32| self.meets.binary_search_by_key(id, |(id, _)| *id).ok();
        equal.iter().filter_map(index).map(|index| &self.meets[index].1)
    }

    /// Shuts the rows that the context's value does not admit. `spare` is as long as `rows`.
    pub(crate) fn apply(
        &self,
        value: Option<&Value>,
        (words, predicates, gates): (&[Value], &[Predicate], &Gates),
        rows: &mut [u64],
        spare: &mut [u64],
    ) {
        let place = match value.and_then(|value| place_among(words, value)) {
            Some(word) => {
                let found = self.by_word.binary_search_by_key(&word, |&(word, _)| word);
                found.ok().map(|index| self.by_word[index].1)
            }
            None => self.column.place_of(value),
        };
        let equal = place.map_or(&[][..], |place| &self.column.values()[place].1);
        if let Some(admitted) = place.and_then(|place| self.admitted[place].as_ref()) {
            bits::keep(rows, admitted);
        } else if let Some(free) = &self.free {
            spare.copy_from_slice(free);
            self.meets(equal).for_each(|meets| meets.add_to(spare));
            bits::keep(rows, spare);
        }
        for &id in equal {
            gates.apply(id, true, rows);
        }
        let (hold, fail) = self.column.thresholds(value);
        hold.into_iter().flatten().for_each(|id| gates.apply(id, true, rows));
        fail.into_iter().flatten().for_each(|id| gates.apply(id, false, rows));
        for &id in &self.asked {
            if let Predicate::Value(_, test) = &predicates[id as usize] {
                gates.apply(id, value.is_some_and(|value| test.holds(value)), rows);
            }
        }
    }
}

/// Where the value itself lies in the list, if it is one of its items: callers hand words on as they are.
fn place_among(words: &[Value], value: &Value) -> Option<usize> {
    let distance = std::ptr::from_ref(value).addr().checked_sub(words.as_ptr().addr())?;
    Some(distance / size_of::<Value>()).filter(|&place| place < words.len())
}
