//! What is resident of a person beside one rule set.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::bits;
use crate::column::Column;
use crate::document::Subject;
use crate::path;
use crate::predicate::Place;
use crate::zone;
use crate::{Fault, RuleSet};

/// The learned traits, narrative scores and zone of a person as far as one document asks for them, with the outcome
/// of all that depends on nothing else. Made by [`RuleSet::person`].
#[derive(Clone, Debug)]
pub struct Person {
    pub(crate) stamp: u64,
    pub(crate) zone: TimeZone,
    traits: HashMap<String, Value>,
    scores: Vec<Option<Value>>,
    /// One bit for each predicate; only those of traits and scores are kept.
    pub(crate) truths: Box<[u64]>,
    /// One bit for each row: whether all its resident literals hold.
    pub(crate) open: Box<[u64]>,
}

impl Person {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        Self {
            stamp: rules.stamp,
            zone: TimeZone::UTC,
            traits: HashMap::new(),
            scores: vec![None; rules.catalogue.narratives.len()],
            truths: vec![0; bits::words_for(rules.catalogue.predicates.len())].into(),
            open: rules.index.open_at_first.clone(),
        }
    }

    /// Sets the zone of `user_local` and of all checks that name none. UTC until then.
    ///
    /// # Errors
    /// `UnknownZone`, and nothing changes.
    pub fn set_zone(&mut self, name: &str) -> Result<(), Fault> {
        self.zone = zone::find(name).ok_or(Fault::UnknownZone)?;
        Ok(())
    }

    /// Sets a learned trait, or removes it. A trait that the document never reads is not kept.
    ///
    /// # Errors
    /// `Foreign` if the person was made for another document.
    pub fn set_trait(&mut self, rules: &RuleSet, path: &str, value: Option<Value>) -> Result<(), Fault> {
        self.change_trait(rules, path, value, |_| {})
    }

    /// Tells of each predicate that says something else from now on.
    pub(crate) fn change_trait(
        &mut self,
        rules: &RuleSet,
        path: &str,
        value: Option<Value>,
        mut flipped: impl FnMut(u32),
    ) -> Result<(), Fault> {
        rules.check_person(self)?;
        let Some(columns) = rules.index.watchers.get(path) else { return Ok(()) };
        let old = match value {
            Some(value) => self.traits.insert(path.to_owned(), value),
            None => self.traits.remove(path),
        };
        for &column in columns {
            let column = &rules.index.resident[column as usize];
            let Place::Trait(read) = &column.place else { continue };
            let before =
                path::resolve(read, |key| if key == path { old.as_ref() } else { self.traits.get(key) });
            let after = path::resolve(read, |key| self.traits.get(key));
            update(rules, column, (before, after), &mut self.truths, &mut self.open, &mut flipped);
        }
        Ok(())
    }

    /// Sets the best score of one of [`RuleSet::narratives`], or removes it.
    ///
    /// # Errors
    /// `Foreign` if the person was made for another document, `BadNarrative` for an index or score that is none.
    pub fn set_score(&mut self, rules: &RuleSet, narrative: usize, score: Option<f64>) -> Result<(), Fault> {
        self.change_score(rules, narrative, score, |_| {})
    }

    /// Tells of each predicate that says something else from now on.
    pub(crate) fn change_score(
        &mut self,
        rules: &RuleSet,
        narrative: usize,
        score: Option<f64>,
        mut flipped: impl FnMut(u32),
    ) -> Result<(), Fault> {
        rules.check_person(self)?;
        if score.is_some_and(|score| !score.is_finite()) {
            return Err(Fault::BadNarrative);
        }
        let place = self.scores.get_mut(narrative).ok_or(Fault::BadNarrative)?;
        let old = std::mem::replace(place, score.map(Value::from));
        let after = self.scores[narrative].as_ref();
        for column in rules.index.resident.iter().filter(|column| column.place == Place::Score(narrative)) {
            update(rules, column, (old.as_ref(), after), &mut self.truths, &mut self.open, &mut flipped);
        }
        Ok(())
    }

    pub(crate) fn trait_at(&self, path: &str) -> Option<&Value> {
        path::resolve(path, |key| self.traits.get(key))
    }

    pub(crate) fn score(&self, narrative: usize) -> Option<&Value> {
        self.scores.get(narrative)?.as_ref()
    }
}

/// Turns the predicates that differ, and looks again at the rows that contain one of them.
fn update(
    rules: &RuleSet,
    column: &Column,
    (before, after): (Option<&Value>, Option<&Value>),
    truths: &mut [u64],
    open: &mut [u64],
    flipped: &mut impl FnMut(u32),
) {
    let index = &rules.index;
    column.flips(&rules.catalogue.predicates, before, after, |predicate| {
        flipped(predicate);
        let predicate = predicate as usize;
        bits::flip(truths, predicate);
        // A row that several of them touch is right after the last one.
        for &row in index.rows_of.get(predicate) {
            let row = row as usize;
            let mut literals = index.resident_literals.get(row).iter();
            if literals.all(|&literal| bits::get(truths, literal as usize / 2) == (literal % 2 == 1)) {
                bits::set(open, row);
            } else {
                bits::clear(open, row);
            }
        }
    });
}

/// What a parameter or a check reads, given the context.
pub(crate) fn read<'a>(
    subject: &Subject,
    person: &'a Person,
    context: &'a serde_json::Map<String, Value>,
) -> Option<&'a Value> {
    match subject {
        Subject::Trait(path) => person.trait_at(path),
        Subject::Context(field) => path::resolve(field, |key| context.get(key)),
    }
}
