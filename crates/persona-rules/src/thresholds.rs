//! The thresholds of one trait on one side, in order, and how many of them a number has passed.

use std::ops::Range;

/// Fewer are searched faster than a grid is looked at.
const WORTH_A_GRID: usize = 8;

/// In the order of [`crate::predicate::Catalogue::arrange`], so that those which hold of a number are a range.
#[derive(Debug, Default)]
pub(crate) struct Thresholds {
    /// The predicate of the first; the next has the next.
    first: u32,
    at: Vec<f64>,
    grid: Option<Grid>,
}

/// Cuts the numbers from the first threshold to the last into as many equal parts as there are thresholds. A search then
/// takes about the same time however many there are, unless they crowd in few places.
#[derive(Debug)]
struct Grid {
    from: f64,
    parts_per_unit: f64,
    /// For each part, and behind the last, the first threshold in it or a later one.
    starts: Vec<u32>,
}

impl Grid {
    /// Of thresholds that are in order; none if they are so near or so far from each other that no grid can be laid.
    fn new(at: &[f64]) -> Option<Self> {
        let (&from, &to) = (at.first()?, at.last()?);
        let parts_per_unit = at.len() as f64 / (to - from);
        if at.len() < WORTH_A_GRID || !parts_per_unit.is_normal() {
            return None;
        }
        let mut grid = Self { from, parts_per_unit, starts: vec![at.len() as u32; at.len() + 1] };
        for (index, &at) in at.iter().enumerate().rev() {
            let part = grid.part(at);
            grid.starts[part] = index as u32;
        }
        for part in (0..at.len()).rev() {
            grid.starts[part] = grid.starts[part].min(grid.starts[part + 1]);
        }
        Some(grid)
    }

    /// A greater number is never in an earlier part: each step keeps the order, rounding included. Casts saturate.
    fn part(&self, number: f64) -> usize {
        (((number - self.from) * self.parts_per_unit) as usize).min(self.starts.len() - 2)
    }

    /// The thresholds in the part of a number: those before are less, those behind are greater.
    fn around(&self, number: f64) -> Range<usize> {
        let part = self.part(number);
        self.starts[part] as usize..self.starts[part + 1] as usize
    }
}

impl Thresholds {
    /// The next in order.
    pub(crate) fn push(&mut self, id: u32, at: f64) {
        if self.at.is_empty() {
            self.first = id;
        }
        self.at.push(at);
    }

    /// To be called after the last `push`.
    pub(crate) fn arrange(&mut self) {
        self.grid = Grid::new(&self.at);
    }

    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }

    pub(crate) fn ids(&self, places: Range<usize>) -> Range<u32> {
        self.first + places.start as u32..self.first + places.end as u32
    }

    /// How many are less than the number.
    pub(crate) fn count_less(&self, number: f64) -> usize {
        let around = self.grid.as_ref().map_or(0..self.at.len(), |grid| grid.around(number));
        around.start + self.at[around].partition_point(|&at| at < number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: &[f64]) {
        let mut thresholds = Thresholds::default();
        for &at in at {
            thresholds.push(0, at);
        }
        thresholds.arrange();
        let extremes = [f64::MIN, f64::MAX, f64::INFINITY, -0.0, 0.0, f64::MIN_POSITIVE];
        let near = at.iter().flat_map(|at| [at.next_down(), *at, at.next_up()]);
        for number in near.chain(extremes) {
            let expected = at.iter().filter(|&&at| at < number).count();
            assert_eq!(thresholds.count_less(number), expected, "{number} among {at:?}");
        }
    }

    #[test]
    fn a_grid_counts_as_one_by_one() {
        check(&[]);
        check(&[0.5]);
        check(&[1.0; 20]);
        check(&(0..100).map(f64::from).collect::<Vec<_>>());
        // Most crowd in one part.
        check(&(0..50).map(|n| f64::from(n) * 1e-9).chain([1e9]).collect::<Vec<_>>());
        // The distance overflows, or is hardly any.
        check(&(0..10).map(|n| f64::MIN + f64::from(n)).chain([f64::MAX; 10]).collect::<Vec<_>>());
        check(&(0..20).map(|n| f64::from(n) * 5e-324).collect::<Vec<_>>());
        check(&(-40..40).map(|n| f64::from(n).powi(3) / 7.0).collect::<Vec<_>>());
    }
}
