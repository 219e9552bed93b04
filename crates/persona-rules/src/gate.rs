//! What one outcome of a predicate shuts.

use crate::bits::{self, Rows};
use crate::formula::Row;

/// For each predicate, the rows that want it and the rows that want its negation.
pub(crate) struct Postings {
    words: usize,
    wanted: Vec<Vec<u32>>,
    unwanted: Vec<Vec<u32>>,
}

impl Postings {
    pub(crate) fn new(predicates: usize, rows: &[Row]) -> Self {
        let (mut wanted, mut unwanted) = (vec![Vec::new(); predicates], vec![Vec::new(); predicates]);
        for (row, literals) in (0..).zip(rows) {
            for literal in literals {
                let side = if literal.wanted { &mut wanted } else { &mut unwanted };
                side[literal.predicate as usize].push(row);
            }
        }
        Self { words: bits::words_for(rows.len()), wanted, unwanted }
    }

    pub(crate) fn words(&self) -> usize {
        self.words
    }

    pub(crate) fn wanted(&mut self, predicate: u32) -> &mut Vec<u32> {
        &mut self.wanted[predicate as usize]
    }

    /// All rows that contain the predicate.
    pub(crate) fn rows(&self, predicate: usize) -> impl Iterator<Item = u32> {
        self.wanted[predicate].iter().chain(&self.unwanted[predicate]).copied()
    }
}

/// For each predicate, the rows to shut when it fails and those to shut when it holds.
#[derive(Debug)]
pub(crate) struct Gates(Vec<(Rows, Rows)>);

impl Gates {
    /// Gates of the predicates of which `needed` says so; the others shut nothing.
    pub(crate) fn new(postings: &Postings, needed: impl Fn(usize) -> bool) -> Self {
        let gate = |predicate| {
            let rows = |side: &[Vec<u32>]| {
                let rows: &[u32] = if needed(predicate) { &side[predicate] } else { &[] };
                if rows.is_empty() { Rows::none() } else { Rows::new(rows, postings.words) }
            };
            (rows(&postings.wanted), rows(&postings.unwanted))
        };
        Self((0..postings.wanted.len()).map(gate).collect())
    }

    pub(crate) fn apply(&self, predicate: u32, holds: bool, rows: &mut [u64]) {
        let (if_false, if_true) = &self.0[predicate as usize];
        (if holds { if_true } else { if_false }).remove_from(rows);
    }
}
