//! The weights of a document's rules, apart from it: they change more often.

use crate::bits;
use crate::{Fault, RuleSet};

/// One weight for each rule. Made by [`RuleSet::weights`]; share it by replacing it whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    pub(crate) stamp: u64,
    values: Vec<f64>,
    /// One bit for each rule: whether its weight is above 0.
    positive: Vec<u64>,
    /// The greatest weight of each 64 rules.
    peaks: Vec<f64>,
}

impl Weights {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let values: Vec<f64> = rules.document.rules.iter().map(|rule| rule.weight).collect();
        let mut positive = vec![0; bits::words_for(values.len())];
        for (rule, _) in values.iter().enumerate().filter(|&(_, &weight)| weight > 0.0) {
            bits::set(&mut positive, rule);
        }
        let peaks = values.chunks(64).map(peak).collect();
        Self { stamp: rules.stamp, values, positive, peaks }
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
        let rule = rule as usize;
        *self.values.get_mut(rule).ok_or(Fault::UnknownRule)? = weight;
        bits::fill(&mut self.positive, rule..rule + 1, weight > 0.0);
        let last = self.values.len().min(rule / 64 * 64 + 64);
        self.peaks[rule / 64] = peak(&self.values[rule / 64 * 64..last]);
        Ok(())
    }

    /// Of a rule that exists.
    pub(crate) fn of(&self, rule: u32) -> f64 {
        self.values[rule as usize]
    }

    /// One bit for each rule.
    pub(crate) fn positive(&self) -> &[u64] {
        &self.positive
    }

    /// What no weight of a word of rules is above.
    pub(crate) fn peak(&self, word: usize) -> f64 {
        self.peaks[word]
    }
}

fn peak(weights: &[f64]) -> f64 {
    weights.iter().copied().fold(0.0, f64::max)
}
