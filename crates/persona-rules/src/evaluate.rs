//! Which rules fire.

use jiff::Timestamp;
use serde_json::Value;

use crate::bits;
use crate::context::Context;
use crate::document::Subject;
use crate::person::Person;
use crate::predicate::{Place, Predicate, is_within};
use crate::suggest::Candidate;
use crate::zone::{self, Local, instant_of};
use crate::{Fault, RuleSet, Weights};

/// All that an outcome depends on, besides the document and the weights.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Who.
    pub person: &'a Person,
    /// What the caller knows about the moment.
    pub context: &'a Context<'a>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// Takes the answer of [`RuleSet::evaluate`]. One that is used again and again soon allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Indexes of the rules that fire, ascending.
    pub fired: Vec<u32>,
    /// The same, one bit for each rule.
    pub(crate) firing: Vec<u64>,
    rows: Vec<u64>,
    spare: Vec<u64>,
    locals: Vec<Local>,
    /// Of `suggest`.
    pub(crate) best: Vec<Candidate>,
}

impl Evaluation {
    /// Writes the bits as indexes.
    pub(crate) fn list(&mut self) {
        let Self { fired, firing, .. } = self;
        fired.clear();
        bits::each(firing, |rule| fired.push(rule as u32));
    }
}

impl RuleSet {
    /// Finds the rules that fire: their conditions hold, and their weight is above 0.
    ///
    /// # Errors
    /// `Foreign` if the person, the context or the weights were made for another document, `TimeOutOfRange`.
    pub fn evaluate(
        &self,
        situation: Situation<'_>,
        weights: &Weights,
        evaluation: &mut Evaluation,
    ) -> Result<(), Fault> {
        self.find(situation, weights, evaluation)?;
        evaluation.list();
        Ok(())
    }

    /// Finds the bits of the rules that fire.
    pub(crate) fn find(
        &self,
        situation: Situation<'_>,
        weights: &Weights,
        evaluation: &mut Evaluation,
    ) -> Result<(), Fault> {
        self.check(situation)?;
        self.check_weights(weights)?;
        let now = zone::moment(situation.now)?;
        let Evaluation { firing, rows, spare, locals, .. } = evaluation;
        locals.clear();
        locals.extend((0..self.catalogue.zones.len()).map(|zone| self.local(zone, situation.person, now)));
        self.open_rows(situation, locals, rows, spare);
        firing.clear();
        firing.resize(bits::words_for(self.document.rules.len()), 0);
        bits::each(rows, |row| bits::set(firing, self.index.rule_of[row] as usize));
        let truth = |predicate| self.truth(predicate, situation, locals);
        for (rule, _) in self.index.formulas.iter().filter(|(_, formula)| formula.holds(&truth)) {
            bits::set(firing, *rule as usize);
        }
        bits::keep(firing, weights.positive());
        let person = situation.person;
        if person.has_factors() {
            bits::retain(firing, |rule| weights.of(rule as u32) * person.factor(rule as u32) > 0.0);
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
            let value = self.read(Subject::Context(field.path), situation);
            field.apply(value, (&index.words, &self.catalogue.predicates, &index.gates), rows, spare);
        }
        for &id in &index.momentary {
            index.gates.apply(id, self.truth(id, situation, locals), rows);
        }
    }

    fn local(&self, zone: usize, person: &Person, now: Timestamp) -> Local {
        Local::at(now, self.catalogue.zones[zone].as_ref().unwrap_or(&person.zone))
    }

    /// What a check or a parameter reads.
    pub(crate) fn read<'a>(&self, subject: Subject, situation: Situation<'a>) -> Option<&'a Value> {
        match subject {
            Subject::Trait(path) => situation.person.trait_at(self, path),
            Subject::Context(path) => self.document.fields.resolve(path, |key| situation.context.get(key)),
        }
    }

    pub(crate) fn truth(&self, id: u32, situation: Situation<'_>, locals: &[Local]) -> bool {
        match &self.catalogue.predicates[id as usize] {
            Predicate::Value(Place::Context(path), test) => {
                self.read(Subject::Context(*path), situation).is_some_and(|value| test.holds(value))
            }
            Predicate::Value(..) => bits::get(&situation.person.truths, id as usize),
            Predicate::Within(subject, minutes) => {
                let value = self.read(*subject, situation);
                let instant = value.and_then(|value| instant_of(value, &situation.person.zone));
                is_within(instant, situation.now, *minutes)
            }
            Predicate::Hours(zone, hours) => hours.holds(locals[*zone].hour_of_week),
            Predicate::Clock(zone, window) => window.holds(locals[*zone].minute_of_day),
        }
    }
}
