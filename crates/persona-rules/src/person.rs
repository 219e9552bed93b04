//! What is resident of a person beside one rule set.

use std::ops::Range;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::bits;
use crate::column::{Column, Standing};
use crate::predicate::Place;
use crate::zone;
use crate::{Fault, RuleSet};

/// The learned traits, narrative scores and zone of a person as far as one document asks for them, with the outcome
/// of all that depends on nothing else. Made by [`RuleSet::person`].
#[derive(Clone, Debug)]
pub struct Person {
    pub(crate) stamp: u64,
    pub(crate) zone: TimeZone,
    /// By key of the document's traits.
    traits: Box<[Option<Value>]>,
    scores: Vec<Option<Value>>,
    /// Once one of them is not 1.
    factors: Option<Factors>,
    /// Of each resident column, what its value was found to be.
    standings: Box<[Standing]>,
    /// One bit for each predicate; only those of traits and scores are kept.
    pub(crate) truths: Box<[u64]>,
    /// One bit for each row: whether all its resident literals hold.
    pub(crate) open: Box<[u64]>,
}

/// What shared weights are multiplied by.
#[derive(Clone, Debug)]
struct Factors {
    /// By rule.
    of: Box<[f64]>,
    /// The greatest that there ever was.
    most: f64,
}

impl Person {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        Self {
            stamp: rules.stamp,
            zone: TimeZone::UTC,
            traits: vec![None; rules.document.traits.keys().len()].into(),
            factors: None,
            scores: vec![None; rules.catalogue.narratives.len()],
            standings: rules.index.resident.iter().map(Column::nowhere).collect(),
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
        rules.check_person(self)?;
        rules.document.traits.key(path).map_or(Ok(()), |key| self.set_key(rules, key, value))
    }

    /// Sets the trait at one of [`RuleSet::trait_keys`], or removes it.
    ///
    /// # Errors
    /// `Foreign` if the person was made for another document, `UnknownKey`.
    pub fn set_key(&mut self, rules: &RuleSet, key: u32, value: Option<Value>) -> Result<(), Fault> {
        self.change_key(rules, key, value, |_, _| {})
    }

    /// Tells of all predicates that say something else from now on, and what.
    pub(crate) fn change_key(
        &mut self,
        rules: &RuleSet,
        key: u32,
        value: Option<Value>,
        mut turned: impl FnMut(Range<u32>, bool),
    ) -> Result<(), Fault> {
        rules.check_person(self)?;
        *self.traits.get_mut(key as usize).ok_or(Fault::UnknownKey)? = value;
        let Self { traits, standings, truths, open, .. } = self;
        for &column in rules.index.watchers.get(key as usize) {
            let Place::Trait(path) = rules.index.resident[column as usize].place else { continue };
            let value = rules.document.traits.resolve(path, |key| traits[key as usize].as_ref());
            update(rules, (column as usize, value), (standings, truths, open), &mut turned);
        }
        Ok(())
    }

    /// Sets the best score of one of [`RuleSet::narratives`], or removes it.
    ///
    /// # Errors
    /// `Foreign` if the person was made for another document, `BadNarrative` for an index or score that is none.
    pub fn set_score(&mut self, rules: &RuleSet, narrative: usize, score: Option<f64>) -> Result<(), Fault> {
        self.change_score(rules, narrative, score, |_, _| {})
    }

    /// Tells of all predicates that say something else from now on, and what.
    pub(crate) fn change_score(
        &mut self,
        rules: &RuleSet,
        narrative: usize,
        score: Option<f64>,
        mut turned: impl FnMut(Range<u32>, bool),
    ) -> Result<(), Fault> {
        rules.check_person(self)?;
        if score.is_some_and(|score| !score.is_finite()) {
            return Err(Fault::BadNarrative);
        }
        *self.scores.get_mut(narrative).ok_or(Fault::BadNarrative)? = score.map(Value::from);
        let Self { scores, standings, truths, open, .. } = self;
        let value = scores[narrative].as_ref();
        let columns = rules.index.resident.iter().enumerate();
        for (column, _) in columns.filter(|(_, column)| column.place == Place::Score(narrative)) {
            update(rules, (column, value), (standings, truths, open), &mut turned);
        }
        Ok(())
    }

    /// Sets what the shared weight of a rule is multiplied by for this person. 1 until then.
    ///
    /// # Errors
    /// `Foreign` if the person was made for another document, `UnknownRule`, or `BadWeight` if it is not a finite
    /// number from 0.
    pub fn set_factor(&mut self, rules: &RuleSet, rule: u32, factor: f64) -> Result<(), Fault> {
        rules.check_person(self)?;
        if !factor.is_finite() || factor < 0.0 {
            return Err(Fault::BadWeight);
        }
        if rule >= rules.rule_count() {
            return Err(Fault::UnknownRule);
        }
        let Factors { of, most } = self
            .factors
            .get_or_insert_with(|| Factors { of: vec![1.0; rules.rule_count() as usize].into(), most: 1.0 });
        of[rule as usize] = factor;
        *most = most.max(factor);
        Ok(())
    }

    /// What the shared weight of a rule is multiplied by.
    pub(crate) fn factor(&self, rule: u32) -> f64 {
        self.factors.as_ref().map_or(1.0, |factors| factors.of[rule as usize])
    }

    /// Whether any factor was ever set.
    pub(crate) fn has_factors(&self) -> bool {
        self.factors.is_some()
    }

    /// What no factor is above.
    pub(crate) fn most_factor(&self) -> f64 {
        self.factors.as_ref().map_or(1.0, |factors| factors.most)
    }

    pub(crate) fn trait_at(&self, rules: &RuleSet, path: u32) -> Option<&Value> {
        rules.document.traits.resolve(path, |key| self.traits[key as usize].as_ref())
    }

    pub(crate) fn score(&self, narrative: usize) -> Option<&Value> {
        self.scores.get(narrative)?.as_ref()
    }
}

/// Turns the predicates of a column that say something else of this value, and the rows that hang on them.
fn update(
    rules: &RuleSet,
    (column, value): (usize, Option<&Value>),
    (standings, truths, open): (&mut [Standing], &mut [u64], &mut [u64]),
    turned: &mut impl FnMut(Range<u32>, bool),
) {
    let standing = &mut standings[column];
    rules.index.resident[column].changes(
        &rules.catalogue.predicates,
        standing,
        value,
        |predicates, holds| {
            let (from, to) = (predicates.start as usize, predicates.end as usize);
            if to - from == 1 && bits::get(truths, from) == holds {
                return;
            }
            bits::fill(truths, from..to, holds);
            rules.index.turn(predicates.clone(), holds, truths, open);
            turned(predicates, holds);
        },
    );
}
