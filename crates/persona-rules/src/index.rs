//! The indexed form of all rules: rows, and for every predicate the rows that hang on it.

use std::collections::HashMap;

use crate::bits::{self, Lists};
use crate::column::Column;
use crate::document::{Document, Rule};
use crate::field::Field;
use crate::formula::{Formula, Row};
use crate::gate::{Gates, Postings};
use crate::path;
use crate::predicate::{Catalogue, Place, Predicate};
use crate::timetable::Timetable;

#[derive(Debug)]
pub(crate) struct Index {
    /// The rule of each row, ascending.
    pub(crate) rule_of: Vec<u32>,
    /// Rules that would take too many rows, ascending.
    pub(crate) formulas: Vec<(u32, Formula)>,

    /// Columns of traits and scores.
    pub(crate) resident: Vec<Column>,
    /// For every key under which a trait that is read can be stored: the columns that then look again.
    pub(crate) watchers: HashMap<String, Vec<u32>>,
    /// For each row what must be resident: twice the predicate, plus one if it must hold.
    pub(crate) resident_literals: Lists,
    /// The same with what else may differ from person to person.
    pub(crate) personal_literals: Lists,
    /// Predicates that are not resident and may differ from person to person all the same, ascending.
    pub(crate) varying: Vec<u32>,
    /// For each resident predicate its rows.
    pub(crate) rows_of: Lists,
    /// The rows that are open while no trait is known.
    pub(crate) open_at_first: Box<[u64]>,

    pub(crate) fields: Vec<Field>,
    pub(crate) timetables: Vec<Timetable>,
    /// Predicates of the very moment, which are asked one by one.
    pub(crate) momentary: Vec<u32>,
    pub(crate) gates: Gates,
}

impl Index {
    pub(crate) fn new(document: &Document, catalogue: &mut Catalogue) -> Self {
        let (mut rows, mut rule_of, mut formulas) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, definition) in (0..).zip(&document.rules) {
            let formula = Formula::new(&definition.condition, true, catalogue);
            match formula.rows() {
                Some(own) => {
                    rule_of.extend(own.iter().map(|_| rule));
                    rows.extend(own);
                }
                None => formulas.push((rule, formula)),
            }
        }
        let predicates = &catalogue.predicates[..];
        let mut postings = Postings::new(predicates.len(), &rows);
        let resident = Column::all(predicates, |place| !matches!(place, Place::Context(_)));
        let (resident_literals, open_at_first) = residents(&rows, predicates);
        let varies = |predicate: &Predicate| predicate.varies(&catalogue.zones);
        let personal_literals = literals(&rows, |id| predicates[id].is_resident() || varies(&predicates[id]));
        let varying = (0..).zip(predicates).filter(|(_, one)| varies(one)).map(|(id, _)| id).collect();
        let rows_of = rows_of(predicates, &postings);
        let timetables = Timetable::all(predicates, catalogue.zones.len(), &mut postings);
        let columns = Column::all(predicates, |place| matches!(place, Place::Context(_)));
        let fields = columns.into_iter().filter_map(|column| Field::new(column, &mut postings)).collect();
        let momentary = (0..)
            .zip(predicates)
            .filter(|(_, predicate)| matches!(predicate, Predicate::Within(..) | Predicate::Clock(..)))
            .map(|(id, _)| id)
            .collect();
        Self {
            rule_of,
            formulas,
            watchers: watchers(document, &resident),
            resident,
            resident_literals,
            personal_literals,
            varying,
            rows_of,
            open_at_first,
            fields,
            timetables,
            momentary,
            gates: Gates::new(&postings, |id| !predicates[id].is_resident()),
        }
    }
}

/// The resident literals of each row, and the rows that are open while every predicate is false.
fn residents(rows: &[Row], predicates: &[Predicate]) -> (Lists, Box<[u64]>) {
    let lists = literals(rows, |id| predicates[id].is_resident());
    let mut open = vec![0; bits::words_for(rows.len())];
    for row in 0..rows.len() {
        if lists.get(row).iter().all(|literal| literal % 2 == 0) {
            bits::set(&mut open, row);
        }
    }
    (lists, open.into())
}

/// Of each row the literals of which `keep` says so, each as twice the predicate, plus one if it must hold.
fn literals(rows: &[Row], keep: impl Fn(usize) -> bool) -> Lists {
    let mut lists = Lists::default();
    for row in rows {
        let kept = row.iter().filter(|literal| keep(literal.predicate as usize));
        lists.push(kept.map(|literal| literal.predicate * 2 + u32::from(literal.wanted)));
    }
    lists
}

fn rows_of(predicates: &[Predicate], postings: &Postings) -> Lists {
    let mut lists = Lists::default();
    for (id, predicate) in predicates.iter().enumerate() {
        lists.push(predicate.is_resident().then(|| postings.rows(id)).into_iter().flatten());
    }
    lists
}

fn watchers(document: &Document, resident: &[Column]) -> HashMap<String, Vec<u32>> {
    let mut watchers: HashMap<String, Vec<u32>> = HashMap::new();
    for (id, column) in (0..).zip(resident) {
        if let Place::Trait(path) = &column.place {
            for key in path::prefixes(path) {
                watchers.entry(key.to_owned()).or_default().push(id);
            }
        }
    }
    // What a parameter or `within_minutes` reads is kept too, though no column looks at it.
    for path in document.rules.iter().flat_map(Rule::traits) {
        for key in path::prefixes(path) {
            watchers.entry(key.to_owned()).or_default();
        }
    }
    watchers
}
