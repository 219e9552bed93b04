//! Which rules fire.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::bits;
use crate::path;
use crate::person::{self, Person};
use crate::predicate::{Place, Predicate, is_within};
use crate::zone::{self, Local, instant_of};
use crate::{Fault, RuleSet, Weights};

/// All that an outcome depends on, besides the document and the weights.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Who.
    pub person: &'a Person,
    /// What the caller knows about the moment.
    pub context: &'a Map<String, Value>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// Takes the answer of [`RuleSet::evaluate`]. One that is used again and again soon allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Indexes of the rules that fire, ascending.
    pub fired: Vec<u32>,
    rows: Vec<u64>,
    spare: Vec<u64>,
    locals: Vec<Local>,
}

impl RuleSet {
    /// Finds the rules that fire: their conditions hold, and their weight is above 0.
    ///
    /// # Errors
    /// `Foreign` if the person or the weights were made for another document, `TimeOutOfRange`.
    pub fn evaluate(
        &self,
        situation: Situation<'_>,
        weights: &Weights,
        evaluation: &mut Evaluation,
    ) -> Result<(), Fault> {
        self.check_person(situation.person)?;
        self.check_weights(weights)?;
        let now = zone::moment(situation.now)?;
        let Evaluation { fired, rows, spare, locals } = evaluation;
        fired.clear();
        locals.clear();
        locals.extend((0..self.catalogue.zones.len()).map(|zone| self.local(zone, situation.person, now)));
        self.open_rows(situation, locals, rows, spare);
        bits::each(rows, |row| {
            let rule = self.index.rule_of[row];
            if fired.last() != Some(&rule) && weights.of(rule) > 0.0 {
                fired.push(rule);
            }
        });
        if !self.index.formulas.is_empty() {
            let truth = |predicate| self.truth(predicate, situation, locals);
            let holding = self.index.formulas.iter().filter(|(_, formula)| formula.holds(&truth));
            fired.extend(holding.map(|(rule, _)| *rule).filter(|&rule| weights.of(rule) > 0.0));
            fired.sort_unstable();
        }
        Ok(())
    }

    fn open_rows(
        &self,
        situation: Situation<'_>,
        locals: &[Local],
        rows: &mut Vec<u64>,
        spare: &mut Vec<u64>,
    ) {
        let index = &self.index;
        rows.clear();
        rows.extend_from_slice(&situation.person.open);
        spare.resize(rows.len(), 0);
        for table in &index.timetables {
            table.apply(locals[table.zone].hour_of_week, rows);
        }
        for field in &index.fields {
            field.apply(situation.context, &self.catalogue.predicates, &index.gates, rows, spare);
        }
        for &id in &index.momentary {
            index.gates.apply(id, self.truth(id, situation, locals), rows);
        }
    }

    fn local(&self, zone: usize, person: &Person, now: Timestamp) -> Local {
        Local::at(now, self.catalogue.zones[zone].as_ref().unwrap_or(&person.zone))
    }

    pub(crate) fn truth(&self, id: u32, situation: Situation<'_>, locals: &[Local]) -> bool {
        let Situation { person, context, now } = situation;
        match &self.catalogue.predicates[id as usize] {
            Predicate::Value(Place::Context(field), test) => {
                path::resolve(field, |key| context.get(key)).is_some_and(|value| test.holds(value))
            }
            Predicate::Value(..) => bits::get(&person.truths, id as usize),
            Predicate::Within(subject, minutes) => {
                let value = person::read(subject, person, context);
                is_within(value.and_then(|value| instant_of(value, &person.zone)), now, *minutes)
            }
            Predicate::Hours(zone, hours) => hours.holds(locals[*zone].hour_of_week),
            Predicate::Clock(zone, window) => window.holds(locals[*zone].minute_of_day),
        }
    }
}
