//! The thresholds of one value, in order, and where a number stands among them.

/// Fewer are counted faster than a grid is looked at.
const WORTH_A_GRID: usize = 8;

/// So many cuts are compared at once, without asking how many of them a part has.
const AT_ONCE: usize = 4;

/// Which thresholds hold of a number: as [`crate::predicate::Catalogue::arrange`] puts them in order, the first ones of
/// those from below, and the last ones of those from above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stand {
    /// The predicate behind the last from below that holds.
    pub(crate) above: u32,
    /// The first predicate from above that holds.
    pub(crate) below: u32,
}

/// A number turns with each cut that it passes.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// Passed by what is greater.
    at: f64,
    /// Of numbers that have passed all cuts before this one, and not it.
    stand: Stand,
}

/// The thresholds from below, or those from above.
#[derive(Debug, Default)]
pub(crate) struct Side {
    /// The predicate of the first; the next has the next.
    first: u32,
    /// What a number is greater than when it has passed one.
    at: Vec<f64>,
}

impl Side {
    /// The next in order.
    pub(crate) fn push(&mut self, id: u32, at: f64) {
        if self.at.is_empty() {
            self.first = id;
        }
        self.at.push(at);
    }
}

/// Of both sides in one list, so that a number is looked for once.
#[derive(Debug, Default)]
pub(crate) struct Thresholds {
    /// The first predicate of either side, and the one behind the last.
    first: Stand,
    last: Stand,
    /// With as many at the end that no number passes as are compared at once.
    cuts: Vec<Cut>,
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

    /// The first threshold in the part of a number or a later one: those before are less.
    fn start(&self, number: f64) -> usize {
        self.starts[self.part(number)] as usize
    }
}

impl Thresholds {
    pub(crate) fn new(above: &Side, below: &Side) -> Self {
        let first = Stand { above: above.first, below: below.first };
        let (rising, falling) = (&above.at, &below.at);
        let last =
            Stand { above: first.above + rising.len() as u32, below: first.below + falling.len() as u32 };
        let mut stand = first;
        let mut cuts = Vec::with_capacity(rising.len() + falling.len() + AT_ONCE);
        let [mut rising, mut falling] = [rising, falling].map(|at| at.iter().copied().peekable());
        while let Some(at) = rising.peek().into_iter().chain(falling.peek()).copied().reduce(f64::min) {
            cuts.push(Cut { at, stand });
            if rising.next_if_eq(&at).is_some() {
                stand.above += 1;
            } else if falling.next_if_eq(&at).is_some() {
                stand.below += 1;
            }
        }
        let at: Vec<f64> = cuts.iter().map(|cut| cut.at).collect();
        cuts.extend([Cut { at: f64::INFINITY, stand }; AT_ONCE]);
        Self { first, last, cuts, grid: Grid::new(&at) }
    }

    /// The first predicate of either side.
    pub(crate) fn first(&self) -> Stand {
        self.first
    }

    /// The predicate behind the last of either side.
    pub(crate) fn last(&self) -> Stand {
        self.last
    }

    /// Where a number stands, or what is none: of that no predicate holds.
    pub(crate) fn stand(&self, number: Option<f64>) -> Stand {
        let Some(number) = number else { return Stand { above: self.first.above, below: self.last.below } };
        let place = self.grid.as_ref().map_or(0, |grid| grid.start(number));
        // Cuts behind a part are greater, so comparing a few too many does no harm; whether the next one is the last
        // to be passed would be guessed wrong as often as not.
        let (few, rest) = self.cuts[place..].split_at(AT_ONCE);
        let passed = few.iter().map(|cut| usize::from(cut.at < number)).sum::<usize>();
        if passed < AT_ONCE {
            return few[passed].stand;
        }
        rest[rest.partition_point(|cut| cut.at < number)].stand
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(first: u32, at: &[f64]) -> Side {
        Side { first, at: at.to_vec() }
    }

    fn check(at: &[f64]) {
        let (above, below) = at.split_at(at.len() / 3);
        let both = [above, below].concat();
        for (above, below) in
            [(at, &[][..]), (&[][..], at), (at, at), (above, below), (below, above), (&both, at)]
        {
            let thresholds = Thresholds::new(&side(10, above), &side(5_000, below));
            let extremes = [f64::MIN, f64::MAX, -0.0, 0.0, f64::MIN_POSITIVE];
            let near = at.iter().flat_map(|at| [at.next_down(), *at, at.next_up()]);
            for number in near.chain(extremes).filter(|number| number.is_finite()) {
                let passed = |at: &[f64]| at.iter().filter(|&&at| at < number).count() as u32;
                let expected = Stand { above: 10 + passed(above), below: 5_000 + passed(below) };
                assert_eq!(
                    thresholds.stand(Some(number)),
                    expected,
                    "{number} among {above:?} and {below:?}"
                );
            }
            let none = Stand { above: 10, below: 5_000 + below.len() as u32 };
            assert_eq!(thresholds.stand(None), none);
        }
    }

    #[test]
    fn a_grid_counts_as_one_by_one() {
        check(&[]);
        check(&[0.5]);
        check(&[1.0; 20]);
        check(&[f64::NEG_INFINITY, f64::MAX, f64::INFINITY]);
        check(&(0..100).map(f64::from).collect::<Vec<_>>());
        // Most crowd in one part.
        check(&(0..50).map(|n| f64::from(n) * 1e-9).chain([1e9]).collect::<Vec<_>>());
        // The distance overflows, or is hardly any.
        check(&(0..10).map(|n| f64::MIN + f64::from(n)).chain([f64::MAX; 10]).collect::<Vec<_>>());
        check(&(0..20).map(|n| f64::from(n) * 5e-324).collect::<Vec<_>>());
        check(&(-40..40).map(|n| f64::from(n).powi(3) / 7.0).collect::<Vec<_>>());
    }
}
