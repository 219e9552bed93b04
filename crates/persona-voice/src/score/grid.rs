//! Which score is held against which label.

use super::{HZ, Labels, Pool};

/// Samples of a cell: 10 ms.
const CELL: f64 = 160.0;

/// Each frame against the label at its middle. Frame `i` covers the `hop` samples from `i * hop` on.
pub fn native(scores: &[f32], hop: usize, labels: &Labels, pool: &mut Pool) {
    for (index, &score) in scores.iter().enumerate() {
        let middle = (index as f64 + 0.5) * hop as f64 / HZ;
        if let Some(speech) = labels.at(middle) {
            pool.add(score, speech);
        }
    }
}

/// Every 10 ms against the last score that was known at that moment, 0 before the first: what a live agent knows.
pub fn causal(scores: &[f32], hop: usize, labels: &Labels, pool: &mut Pool) {
    let samples = (scores.len() * hop) as f64;
    let mut cell = 0.5;
    while cell * CELL < samples {
        let known = (cell * CELL) as usize / hop;
        let score = known.checked_sub(1).map_or(0.0, |index| scores[index]);
        if let Some(speech) = labels.at(cell * CELL / HZ) {
            pool.add(score, speech);
        }
        cell += 1.0;
    }
}
