//! The indexed form of all rules: rows, and for every predicate the rows that hang on it.

use std::ops::Range;

use serde_json::Value;

use crate::bits::{self, Lists};
use crate::column::Column;
use crate::document::{Action, Document, Rule};
use crate::field::Field;
use crate::formula::{Formula, Row};
use crate::gate::{Gates, Postings};
use crate::predicate::{Catalogue, Place, Predicate};
use crate::timetable::Timetable;

#[derive(Debug)]
pub(crate) struct Index {
    /// The rule of each row.
    pub(crate) rule_of: Vec<u32>,
    /// The rows of each rule.
    pub(crate) rows_of_rule: Lists,
    /// For each rule the priority of each of its actions: what ranking reads, close together.
    pub(crate) priorities: Lists,
    /// For each 64 rules the priority of the most urgent action.
    pub(crate) urgencies: Vec<u8>,
    /// Rules that would take too many rows, ascending.
    pub(crate) formulas: Vec<(u32, Formula)>,

    /// Columns of traits and scores.
    pub(crate) resident: Vec<Column>,
    /// For every key of a trait: the columns that look again when its value changes.
    pub(crate) watchers: Lists,
    /// For each row what must be resident: twice the predicate, plus one if it must hold.
    pub(crate) resident_literals: Lists,
    /// The same with what else may differ from person to person.
    pub(crate) personal_literals: Lists,
    /// Predicates that are not resident and may differ from person to person all the same, ascending.
    pub(crate) varying: Vec<u32>,
    turns: Turns,
    /// The rows that are open while no trait is known.
    pub(crate) open_at_first: Box<[u64]>,

    /// The texts that checks ask for, each once.
    pub(crate) words: Vec<Value>,
    pub(crate) fields: Vec<Field>,
    pub(crate) timetables: Vec<Timetable>,
    /// Predicates of the very moment, which are asked one by one.
    pub(crate) momentary: Vec<u32>,
    pub(crate) gates: Gates,
}

/// What turns with a resident predicate. Rows that hang on one alone stand in the order of predicates, so that a range
/// of these is a range of rows.
#[derive(Debug)]
struct Turns {
    /// For each predicate, and the one after the last.
    starts: Vec<Turn>,
    /// The rows that want more than one, by predicate.
    shared: Vec<u32>,
}

/// Where what hangs on a predicate begins: looked up together, because the processor waits for each place in memory.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// The first row that wants it or a later one, and nothing else.
    wanted: u32,
    /// The same of the rows that want its negation.
    unwanted: u32,
    /// Place among the shared rows.
    shared: u32,
}

impl Index {
    pub(crate) fn new(document: &Document, catalogue: &mut Catalogue) -> Self {
        let conditions = document.rules.iter().map(|rule| &rule.condition);
        let mut all: Vec<_> = conditions.map(|one| Formula::new(one, true, catalogue)).collect();
        let renamed = catalogue.arrange();
        let (mut rows, mut formulas) = (Vec::new(), Vec::new());
        for (rule, mut formula) in (0..).zip(all.drain(..)) {
            formula.rename(&renamed);
            match formula.rows() {
                Some(own) => rows.extend(own.into_iter().map(|row| (row, rule))),
                None => formulas.push((rule, formula)),
            }
        }
        let predicates = &catalogue.predicates[..];
        rows.sort_by_cached_key(|(row, _)| Sort::of(row, predicates));
        let (rows, rule_of): (Vec<Row>, Vec<u32>) = rows.into_iter().unzip();
        let mut postings = Postings::new(predicates.len(), &rows);
        let resident = Column::all(predicates, Place::is_resident);
        let (resident_literals, open_at_first) = residents(&rows, predicates);
        let varies = |predicate: &Predicate| predicate.varies(&catalogue.zones);
        let personal_literals = literals(&rows, |id| predicates[id].is_resident() || varies(&predicates[id]));
        let varying = (0..).zip(predicates).filter(|(_, one)| varies(one)).map(|(id, _)| id).collect();
        let turns = Turns::new(&rows, predicates, &postings);
        let timetables = Timetable::all(predicates, catalogue.zones.len(), &mut postings);
        let columns = Column::all(predicates, |place| !place.is_resident());
        let words = catalogue.words();
        let fields =
            columns.into_iter().filter_map(|column| Field::new(column, &words, &mut postings)).collect();
        let momentary = (0..)
            .zip(predicates)
            .filter(|(_, predicate)| matches!(predicate, Predicate::Within(..) | Predicate::Clock(..)))
            .map(|(id, _)| id)
            .collect();
        Self {
            rows_of_rule: rows_of_rule(&rule_of, document.rules.len()),
            urgencies: document.rules.chunks(64).map(|rules| urgency(document, rules)).collect(),
            priorities: priorities(document),
            rule_of,
            formulas,
            watchers: watchers(document, &resident),
            resident,
            resident_literals,
            personal_literals,
            varying,
            turns,
            open_at_first,
            words,
            fields,
            timetables,
            momentary,
            gates: Gates::new(&postings, |id| !predicates[id].is_resident()),
        }
    }

    /// Opens and shuts rows after all of these predicates have turned to `holds`, which `truths` says already.
    pub(crate) fn turn(&self, predicates: Range<u32>, holds: bool, truths: &[u64], open: &mut [u64]) {
        let Turns { starts, shared } = &self.turns;
        let (from, to) = (starts[predicates.start as usize], starts[predicates.end as usize]);
        bits::fill(open, from.wanted as usize..to.wanted as usize, holds);
        bits::fill(open, from.unwanted as usize..to.unwanted as usize, !holds);
        // A row that several changes touch is right after the last one.
        for &row in &shared[from.shared as usize..to.shared as usize] {
            let mut literals = self.resident_literals.get(row as usize).iter();
            let opens =
                literals.all(|&literal| bits::get(truths, literal as usize / 2) == (literal % 2 == 1));
            bits::fill(open, row as usize..row as usize + 1, opens);
        }
    }
}

/// Where a row stands: by the one resident predicate that it wants or does not want, or behind all such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Wanted(u32),
    Unwanted(u32),
    Other,
}

impl Sort {
    fn of(row: &Row, predicates: &[Predicate]) -> Self {
        let mut resident = row.iter().filter(|literal| predicates[literal.predicate as usize].is_resident());
        match (resident.next(), resident.next()) {
            (Some(only), None) if only.wanted => Self::Wanted(only.predicate),
            (Some(only), None) => Self::Unwanted(only.predicate),
            _ => Self::Other,
        }
    }
}

impl Turns {
    /// Of rows that are sorted.
    fn new(rows: &[Row], predicates: &[Predicate], postings: &Postings) -> Self {
        let sorts: Vec<Sort> = rows.iter().map(|row| Sort::of(row, predicates)).collect();
        let start = |sort: Sort| sorts.partition_point(|&other| other < sort) as u32;
        let (mut starts, mut shared) = (Vec::with_capacity(predicates.len() + 1), Vec::new());
        for id in 0..=predicates.len() {
            let number = id as u32;
            let (wanted, unwanted) = (start(Sort::Wanted(number)), start(Sort::Unwanted(number)));
            starts.push(Turn { wanted, unwanted, shared: shared.len() as u32 });
            if predicates.get(id).is_some_and(Predicate::is_resident) {
                shared.extend(postings.rows(id).filter(|&row| sorts[row as usize] == Sort::Other));
            }
        }
        Self { starts, shared }
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

fn rows_of_rule(rule_of: &[u32], rules: usize) -> Lists {
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); rules];
    for (row, &rule) in (0..).zip(rule_of) {
        rows[rule as usize].push(row);
    }
    Lists::of(rows)
}

fn urgency(document: &Document, rules: &[Rule]) -> u8 {
    let priority = |action: &Action| document.templates[action.template].priority as u8;
    rules.iter().flat_map(|rule| &rule.actions).map(priority).min().unwrap_or(u8::MAX)
}

fn priorities(document: &Document) -> Lists {
    let priority = |action: &Action| document.templates[action.template].priority as u32;
    Lists::of(document.rules.iter().map(|rule| rule.actions.iter().map(priority).collect::<Vec<_>>()))
}

fn watchers(document: &Document, resident: &[Column]) -> Lists {
    let mut watchers: Vec<Vec<u32>> = vec![Vec::new(); document.traits.keys().len()];
    for (id, column) in (0..).zip(resident) {
        if let Place::Trait(path) = column.place {
            for key in document.traits.keys_of(path) {
                watchers[key as usize].push(id);
            }
        }
    }
    Lists::of(watchers)
}
