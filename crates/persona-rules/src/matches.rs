//! Which rules fire for whom of a crowd, 64 persons at a time.

use crate::bits;
use crate::context::Context;
use crate::crowd::Crowd;
use crate::document::Subject;
use crate::predicate::Predicate;
use crate::zone::{self, Local};
use crate::{Fault, RuleSet, Situation, Weights};

/// Takes the answer of [`RuleSet::evaluate_crowd`]. One that is used again and again soon allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// Index of a rule and number of a person for whom it fires; by rule, then by person.
    pub pairs: Vec<[u32; 2]>,
    rows: Vec<u64>,
    spare: Vec<u64>,
    locals: Vec<Local>,
    /// Columns of this moment, as the index's `varying` counts them.
    moment: Vec<Vec<u64>>,
    /// For each predicate that is the same for all: all bits of a word.
    constant: Vec<u64>,
    one_row: Vec<u64>,
    whole_rule: Vec<u64>,
}

impl RuleSet {
    /// Finds the rules that fire for each person of a crowd, all in the same context and at the same moment
    /// (milliseconds since 1970). What is the same for all is asked once; the rest costs an operation for each check
    /// and 64 persons, however the conditions are nested.
    ///
    /// # Errors
    /// `Foreign` if the crowd or the weights were made for another document, `TimeOutOfRange`.
    pub fn evaluate_crowd(
        &self,
        crowd: &Crowd,
        context: &Context<'_>,
        now: i64,
        weights: &Weights,
        matches: &mut Matches,
    ) -> Result<(), Fault> {
        let mut pairs = std::mem::take(&mut matches.pairs);
        pairs.clear();
        let found = self.each_match(crowd, (context, now), weights, matches, |rule, persons| {
            add_pairs(rule, persons, |own| pairs.extend_from_slice(own));
        });
        matches.pairs = pairs;
        found
    }

    /// As [`RuleSet::evaluate_crowd`], into a room of one's own: gives how many pairs there are. Those that do not fit
    /// are only counted; `matches` has none of them.
    ///
    /// # Errors
    /// As there.
    pub fn evaluate_crowd_into(
        &self,
        crowd: &Crowd,
        (context, now): (&Context<'_>, i64),
        weights: &Weights,
        matches: &mut Matches,
        room: &mut [[u32; 2]],
    ) -> Result<usize, Fault> {
        let mut count = 0;
        self.each_match(crowd, (context, now), weights, matches, |rule, persons| {
            add_pairs(rule, persons, |own| {
                if let Some(place) = room.get_mut(count..count + own.len()) {
                    place.copy_from_slice(own);
                }
                count += own.len();
            });
        })?;
        Ok(count)
    }

    /// Calls with each rule and the bits of the persons for whom it fires.
    fn each_match(
        &self,
        crowd: &Crowd,
        (context, now): (&Context<'_>, i64),
        weights: &Weights,
        matches: &mut Matches,
        then: impl FnMut(u32, &[u64]),
    ) -> Result<(), Fault> {
        self.check_stamp(crowd.stamp)?;
        self.check_stamp(context.stamp)?;
        self.check_weights(weights)?;
        let moment = zone::moment(now)?;
        let nobody = self.person();
        let situation = Situation { person: &nobody, context, now };
        matches.locals.clear();
        matches.locals.extend(
            self.catalogue.zones.iter().map(|zone| Local::at(moment, zone.as_ref().unwrap_or(&nobody.zone))),
        );
        self.admit(situation, matches);
        self.fill_moment(crowd, situation, matches);
        self.emit(crowd, weights, matches, then);
        Ok(())
    }

    /// Shuts the rows that the context and the hour shut for everybody.
    fn admit(&self, situation: Situation<'_>, matches: &mut Matches) {
        let Matches { rows, spare, locals, constant, .. } = matches;
        let index = &self.index;
        rows.clear();
        rows.resize(bits::words_for(index.rule_of.len()), u64::MAX);
        spare.resize(rows.len(), 0);
        for table in index.timetables.iter().filter(|table| self.catalogue.zones[table.zone].is_some()) {
            table.apply(locals[table.zone].hour_of_week, rows);
        }
        for field in &index.fields {
            let value = self.read(Subject::Context(field.path), situation);
            field.apply(value, (&index.words, &self.catalogue.predicates, &index.gates), rows, spare);
        }
        for &id in index.momentary.iter().filter(|id| index.varying.binary_search(id).is_err()) {
            index.gates.apply(id, self.truth(id, situation, locals), rows);
        }
        constant.clear();
        if !index.formulas.is_empty() {
            let word = |id| if self.truth(id, situation, locals) { u64::MAX } else { 0 };
            constant.extend((0..self.catalogue.predicates.len() as u32).map(word));
        }
    }

    /// Asks what differs from person to person but is not resident: the hour where each is, and times in their words.
    fn fill_moment(&self, crowd: &Crowd, situation: Situation<'_>, matches: &mut Matches) {
        let Matches { locals, moment, .. } = matches;
        moment.resize_with(self.index.varying.len(), Vec::new);
        let Ok(now) = zone::moment(situation.now) else { return };
        for (column, &id) in moment.iter_mut().zip(&self.index.varying) {
            column.clear();
            column.resize(crowd.present.len(), 0);
            match &self.catalogue.predicates[id as usize] {
                Predicate::Within(..) => bits::each(&crowd.present, |place| {
                    if self.truth(id, Situation { person: &crowd.persons[place], ..situation }, locals) {
                        bits::set(column, place);
                    }
                }),
                predicate => {
                    for (zone, members) in &crowd.zones {
                        let local = Local::at(now, zone);
                        let holds = match predicate {
                            Predicate::Hours(_, hours) => hours.holds(local.hour_of_week),
                            Predicate::Clock(_, window) => window.holds(local.minute_of_day),
                            _ => false,
                        };
                        if holds {
                            column.iter_mut().zip(members).for_each(|(word, member)| *word |= member);
                        }
                    }
                }
            }
        }
    }

    fn emit(
        &self,
        crowd: &Crowd,
        weights: &Weights,
        matches: &mut Matches,
        mut then: impl FnMut(u32, &[u64]),
    ) {
        let Matches { rows, moment, constant, one_row, whole_rule, .. } = matches;
        let index = &self.index;
        let varying = |id: u32| index.varying.binary_search(&id).ok();
        let column = |id: u32| varying(id).map_or(&crowd.columns[id as usize], |place| &moment[place]);
        let word_of = |id: u32, word: usize| match varying(id) {
            Some(place) => moment[place][word],
            None => *crowd.columns[id as usize].get(word).unwrap_or(&constant[id as usize]),
        };
        let mut formulas = index.formulas.iter().peekable();
        for rule in 0..self.rule_count() {
            let formula = formulas.next_if(|(of, _)| *of == rule);
            if weights.of(rule) <= 0.0 {
                continue;
            }
            whole_rule.clear();
            for &row in index.rows_of_rule.get(rule as usize) {
                if !bits::get(rows, row as usize) {
                    continue;
                }
                one_row.clone_from(&crowd.present);
                for &literal in index.personal_literals.get(row as usize) {
                    let flip = if literal % 2 == 1 { 0 } else { u64::MAX };
                    let words = one_row.iter_mut().zip(column(literal / 2));
                    words.for_each(|(word, holds)| *word &= holds ^ flip);
                }
                if whole_rule.is_empty() {
                    std::mem::swap(whole_rule, one_row);
                } else {
                    whole_rule.iter_mut().zip(&*one_row).for_each(|(all, row)| *all |= row);
                }
            }
            if let Some((_, formula)) = formula {
                let words = crowd.present.iter().enumerate();
                whole_rule
                    .extend(words.map(|(word, present)| present & formula.word(&|id| word_of(id, word))));
            }
            if crowd.has_factors {
                crowd.silence(weights, rule, whole_rule);
            }
            then(rule, whole_rule);
        }
    }
}

/// Of a rule and each person whose bit is set. A word goes through an array of its own: how full the list is would
/// otherwise be written and read again with each pair.
fn add_pairs(rule: u32, persons: &[u64], mut add: impl FnMut(&[[u32; 2]])) {
    let mut own = [[rule; 2]; 64];
    for (first, &word) in (0..).step_by(64).zip(persons) {
        let mut left = word;
        let mut count = 0;
        while left != 0 {
            own[count % 64][1] = first + left.trailing_zeros();
            count += 1;
            left &= left - 1;
        }
        add(&own[..count]);
    }
}
