//! Conditions as formulas over predicates, and formulas as rows.

use crate::document::{Check, CheckKind, Condition, Group, Operator, Subject};
use crate::hours::WeekHours;
use crate::predicate::{Bound, Catalogue, Place, Predicate, Test};

/// A rule with more rows than this stays a formula.
const MAX_ROWS: usize = 16;

/// A predicate, or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Literal {
    pub(crate) predicate: u32,
    /// What the predicate must say.
    pub(crate) wanted: bool,
}

/// In negation normal form.
#[derive(Debug)]
pub(crate) enum Formula {
    Literal(Literal),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// Literals that must all hold, each predicate once.
pub(crate) type Row = Vec<Literal>;

impl Formula {
    /// Says that `condition` has the outcome `wanted`.
    pub(crate) fn new(condition: &Condition, wanted: bool, catalogue: &mut Catalogue) -> Self {
        let (kind, children) = match condition {
            Condition::Check(check) => return of_check(check, wanted, catalogue),
            Condition::Group { kind, children, .. } => (*kind, children),
        };
        let inner = wanted != (kind == Group::Not);
        let parts = children.iter().map(|child| Self::new(child, inner, catalogue)).collect();
        // None of them is all of their negations.
        if (kind == Group::Any) == wanted { Self::Any(parts) } else { Self::All(parts) }
    }

    /// Gives every predicate another number.
    pub(crate) fn rename(&mut self, renamed: &[u32]) {
        match self {
            Self::Literal(literal) => literal.predicate = renamed[literal.predicate as usize],
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.rename(renamed)),
        }
    }

    pub(crate) fn holds(&self, truth: &impl Fn(u32) -> bool) -> bool {
        match self {
            Self::Literal(literal) => truth(literal.predicate) == literal.wanted,
            Self::All(parts) => parts.iter().all(|part| part.holds(truth)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(truth)),
        }
    }

    /// The same for 64 persons at once, a bit for each.
    pub(crate) fn word(&self, truth: &impl Fn(u32) -> u64) -> u64 {
        match self {
            Self::Literal(literal) if literal.wanted => truth(literal.predicate),
            Self::Literal(literal) => !truth(literal.predicate),
            Self::All(parts) => parts.iter().fold(u64::MAX, |word, part| word & part.word(truth)),
            Self::Any(parts) => parts.iter().fold(0, |word, part| word | part.word(truth)),
        }
    }

    /// Rows of which at least one holds exactly when the formula does; `None` if there are too many.
    pub(crate) fn rows(&self) -> Option<Vec<Row>> {
        match self {
            Self::Literal(literal) => Some(vec![vec![*literal]]),
            Self::Any(parts) => {
                let mut rows = Vec::new();
                for part in parts {
                    rows.extend(part.rows()?);
                    if rows.len() > MAX_ROWS {
                        return None;
                    }
                }
                Some(rows)
            }
            Self::All(parts) => {
                let mut rows = vec![Row::new()];
                for part in parts {
                    rows = product(rows, &part.rows()?)?;
                }
                rows.retain_mut(tidy);
                Some(rows)
            }
        }
    }
}

/// Each row of one with each of the other.
fn product(mut left: Vec<Row>, right: &[Row]) -> Option<Vec<Row>> {
    if let [only] = right {
        // The usual case, without a copy: lists of checks can be long.
        for row in &mut left {
            row.extend_from_slice(only);
        }
        return Some(left);
    }
    if left.len() * right.len() > MAX_ROWS {
        return None;
    }
    Some(left.iter().flat_map(|left| right.iter().map(|right| [&left[..], right].concat())).collect())
}

/// Leaves each literal once; says whether the row does not contradict itself.
fn tidy(row: &mut Row) -> bool {
    row.sort_unstable();
    row.dedup();
    row.windows(2).all(|pair| pair[0].predicate != pair[1].predicate)
}

fn of_check(check: &Check, wanted: bool, catalogue: &mut Catalogue) -> Formula {
    match &check.kind {
        CheckKind::Value { subject, operator } => of_operator(*subject, operator, wanted, catalogue),
        CheckKind::Time(check) => {
            let zone = catalogue.zone(&check.zone);
            let mut parts = Vec::new();
            if check.hours != WeekHours::ALL {
                let hours = if wanted { check.hours } else { check.hours.complement() };
                let predicate = catalogue.predicate(Predicate::Hours(zone, hours));
                parts.push(Formula::Literal(Literal { predicate, wanted: true }));
            }
            if let Some(window) = check.window {
                let predicate = catalogue.predicate(Predicate::Clock(zone, window));
                parts.push(Formula::Literal(Literal { predicate, wanted }));
            }
            if wanted { Formula::All(parts) } else { Formula::Any(parts) }
        }
        CheckKind::Narrative { query, threshold } => {
            let place = Place::Score(catalogue.narrative(query));
            let test = Test::Above(Bound { at: *threshold, inclusive: true });
            let predicate = catalogue.predicate(Predicate::Value(place, test));
            Formula::Literal(Literal { predicate, wanted })
        }
    }
}

fn of_operator(subject: Subject, operator: &Operator, wanted: bool, catalogue: &mut Catalogue) -> Formula {
    let bound = |at: &f64, inclusive| Bound { at: *at, inclusive };
    let (test, wanted) = match operator {
        Operator::Within(minutes) => {
            let predicate = catalogue.predicate(Predicate::Within(subject, *minutes));
            return Formula::Literal(Literal { predicate, wanted });
        }
        Operator::Between(low, high) => {
            let ends = [Test::Above(bound(low, true)), Test::Below(bound(high, true))];
            let parts = ends.map(|test| literal(subject, test, wanted, catalogue)).into();
            return if wanted { Formula::All(parts) } else { Formula::Any(parts) };
        }
        Operator::Exists => (Test::Exists, wanted),
        Operator::NotExists => (Test::Exists, !wanted),
        Operator::Equals(value) => (Test::AnyOf(vec![value.clone()]), wanted),
        Operator::NotEquals(value) => (Test::AnyOf(vec![value.clone()]), !wanted),
        Operator::Greater(at) => (Test::Above(bound(at, false)), wanted),
        Operator::GreaterOrEqual(at) => (Test::Above(bound(at, true)), wanted),
        Operator::Less(at) => (Test::Below(bound(at, false)), wanted),
        Operator::LessOrEqual(at) => (Test::Below(bound(at, true)), wanted),
        Operator::In(values) => (Test::AnyOf(values.clone()), wanted),
        Operator::Contains(part) => (Test::Contains(part.clone()), wanted),
        Operator::Matches(pattern) => (Test::Matches(pattern.clone()), wanted),
    };
    literal(subject, test, wanted, catalogue)
}

fn literal(subject: Subject, test: Test, wanted: bool, catalogue: &mut Catalogue) -> Formula {
    let predicate = catalogue.predicate(Predicate::Value(subject.into(), test));
    Formula::Literal(Literal { predicate, wanted })
}
