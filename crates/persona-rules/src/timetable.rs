//! The hours of one zone: which rows each hour of its week leaves open.

use std::sync::OnceLock;

use crate::bits::{self, Rows};
use crate::gate::Postings;
use crate::hours::{WEEK, WeekHours};
use crate::predicate::Predicate;

/// The rows that are open in an hour, once somebody asked.
type Hour = OnceLock<Box<[u64]>>;

#[derive(Debug)]
pub(crate) struct Timetable {
    /// Index among the catalogue's zones.
    pub(crate) zone: usize,
    entries: Vec<(WeekHours, Rows)>,
    /// The answer for every hour, made when it is first asked for; only where the entries concern so many rows that
    /// it costs less than they do, which bounds the memory that all tables of a document take.
    by_hour: Option<Box<[Hour]>>,
}

impl Timetable {
    /// Those of all zones that have a predicate.
    pub(crate) fn all(predicates: &[Predicate], zones: usize, postings: &mut Postings) -> Vec<Self> {
        let mut tables: Vec<(Vec<_>, usize)> = (0..zones).map(|_| (Vec::new(), 0)).collect();
        for (id, predicate) in (0..).zip(predicates) {
            if let Predicate::Hours(zone, hours) = predicate {
                let rows = std::mem::take(postings.wanted(id));
                let (entries, count) = &mut tables[*zone];
                entries.push((*hours, Rows::new(&rows, postings.words())));
                *count += rows.len();
            }
        }
        let table = |(zone, (entries, count)): (usize, (Vec<_>, usize))| {
            let dense = count >= postings.words();
            let by_hour = dense.then(|| (0..WEEK).map(|_| Hour::new()).collect());
            (!entries.is_empty()).then_some(Self { zone, entries, by_hour })
        };
        tables.into_iter().enumerate().filter_map(table).collect()
    }

    /// Shuts the rows that this hour does not admit.
    pub(crate) fn apply(&self, hour_of_week: usize, rows: &mut [u64]) {
        let Some(by_hour) = &self.by_hour else { return self.shut(hour_of_week, rows) };
        let admitted = by_hour[hour_of_week].get_or_init(|| {
            let mut all = vec![u64::MAX; rows.len()].into_boxed_slice();
            self.shut(hour_of_week, &mut all);
            all
        });
        bits::keep(rows, admitted);
    }

    fn shut(&self, hour_of_week: usize, rows: &mut [u64]) {
        let closed = self.entries.iter().filter(|(hours, _)| !hours.holds(hour_of_week));
        closed.for_each(|(_, entry)| entry.remove_from(rows));
    }
}
