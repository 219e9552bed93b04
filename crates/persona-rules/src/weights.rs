//! The weights of a document's rules, apart from it: they change more often.

use crate::{Fault, RuleSet};

/// One weight for each rule. Made by [`RuleSet::weights`]; share it by replacing it whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    pub(crate) stamp: u64,
    values: Vec<f64>,
}

impl Weights {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        Self { stamp: rules.stamp, values: rules.document.rules.iter().map(|rule| rule.weight).collect() }
    }

    /// The weight of a rule; a rule fires only above 0.
    ///
    /// # Errors
    /// `UnknownRule`.
    pub fn get(&self, rule: u32) -> Result<f64, Fault> {
        self.values.get(rule as usize).copied().ok_or(Fault::UnknownRule)
    }

    /// Changes a weight.
    ///
    /// # Errors
    /// `UnknownRule`, or `BadWeight` if it is not a finite number from 0.
    pub fn set(&mut self, rule: u32, weight: f64) -> Result<(), Fault> {
        if !weight.is_finite() || weight < 0.0 {
            return Err(Fault::BadWeight);
        }
        *self.values.get_mut(rule as usize).ok_or(Fault::UnknownRule)? = weight;
        Ok(())
    }

    /// Of a rule that exists.
    pub(crate) fn of(&self, rule: u32) -> f64 {
        self.values[rule as usize]
    }
}
