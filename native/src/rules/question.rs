//! Questions as JavaScript lays them, and the place of the answers.

use std::borrow::Cow;

use napi::Result;
use napi::bindgen_prelude::Float64ArraySlice;
use persona_rules::{Context, RuleSet, Weights};
use serde_json::{Number, Value};

use super::fault::{fault, invalid, number};
use super::seat::Mapper;
use crate::layout::{Question, moment, whole};

/// What a caller asks: a moment, and a packed array of two numbers for each field of the context (a place in `VALUES`
/// and what goes with it), and then pairs of a rule and its weight for this call.
pub(super) struct Asked<'a> {
    pub(super) now: i64,
    pub(super) context: Context<'a>,
    pub(super) weights: &'a [f64],
}

impl<'a> Asked<'a> {
    /// `rest` has the values that did not fit into numbers, as a JSON list.
    pub(super) fn read(mapper: &'a Mapper, now: f64, ask: &'a [f64], rest: Option<&str>) -> Result<Self> {
        let rules = &mapper.rules;
        let (fields, weights) =
            ask.split_at_checked(rules.fields().len() * 2).ok_or_else(|| invalid("ask"))?;
        let rest: Vec<Value> = match rest {
            Some(rest) => serde_json::from_str(rest).map_err(|_| invalid("context"))?,
            None => Vec::new(),
        };
        let mut rest = rest.into_iter();
        let values = pairs_of(fields).map(|pair| value_of(rules, pair, || rest.next()));
        Ok(Self {
            now: moment(now).ok_or_else(|| invalid("now"))?,
            context: rules.context_of(values.collect::<Result<_>>()?),
            weights,
        })
    }

    pub(super) fn with_weights<T>(
        &self,
        mapper: &Mapper,
        call: impl FnOnce(&Weights) -> Result<T>,
    ) -> Result<T> {
        let shared = mapper.weights.borrow();
        if self.weights.is_empty() { call(&shared) } else { call(&changed(&shared, self.weights)?) }
    }
}

/// The value of two numbers.
pub(super) fn value_of(
    rules: &RuleSet,
    (kind, payload): (f64, f64),
    json: impl FnOnce() -> Option<Value>,
) -> Result<Option<Cow<'_, Value>>> {
    let invalid = || invalid("value");
    // As `layout::VALUES` counts them.
    let value = match whole(kind).ok_or_else(invalid)? {
        0 => return Ok(None),
        1 => Value::Null,
        2 => Value::Bool(false),
        3 => Value::Bool(true),
        4 => Number::from_f64(payload).map(Value::Number).ok_or_else(invalid)?,
        5 => {
            let word = whole(payload).and_then(|place| rules.word(place as usize));
            return word.map(|word| Some(Cow::Borrowed(word))).ok_or_else(invalid);
        }
        6 => json().ok_or_else(invalid)?,
        _ => return Err(invalid()),
    };
    Ok(Some(Cow::Owned(value)))
}

/// Where JavaScript lays a question and finds the answer.
pub(super) struct Desk<'a>(pub(super) Float64ArraySlice<'a>);

impl Desk<'_> {
    pub(super) fn head(&self) -> Option<Question> {
        Question::read(&self.0)
    }

    pub(super) fn seat(&self) -> usize {
        self.head().map_or(usize::MAX, |head| head.seat as usize)
    }

    pub(super) fn person(&self) -> f64 {
        self.head().map_or(f64::NAN, |head| head.person)
    }

    pub(super) fn asked<'a>(&'a self, mapper: &'a Mapper, rest: Option<&str>) -> Result<Asked<'a>> {
        let Question { now, length, .. } = self.head().ok_or_else(|| invalid("ask"))?;
        let end = whole(length).map(|length| Question::SIZE + length as usize);
        let numbers = end.and_then(|end| self.0.get(Question::SIZE..end)).ok_or_else(|| invalid("ask"))?;
        Asked::read(mapper, now, numbers, rest)
    }

    /// Writes an answer over the question. If it is too long, the desk says how long it is.
    pub(super) fn answer(&mut self, length: usize, numbers: impl Iterator<Item = f64>) -> Result<()> {
        let desk = writable(&mut self.0);
        if let Some(place) = desk.get_mut(..length) {
            place.iter_mut().zip(numbers).for_each(|(place, number)| *place = number);
            return Ok(());
        }
        *desk.first_chunk_mut().ok_or_else(|| invalid("desk"))? = [-1.0, length as f64];
        Ok(())
    }
}

pub(super) fn changed(weights: &Weights, pairs: &[f64]) -> Result<Weights> {
    let mut weights = weights.clone();
    for (rule, weight) in pairs_of(pairs) {
        weights.set(number(rule, "rule")?, weight).map_err(fault)?;
    }
    Ok(weights)
}

pub(super) fn pairs_of(numbers: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    numbers.chunks_exact(2).map(|pair| (pair[0], pair[1]))
}

pub(super) fn writable<'a>(array: &'a mut Float64ArraySlice) -> &'a mut [f64] {
    // SAFETY: the call is synchronous on the JavaScript thread, so nothing else touches the array meanwhile:
    // `src/mapping/engine/kit.ts` makes it for this purpose, over memory that no other thread shares.
    unsafe { array.as_mut() }
}
