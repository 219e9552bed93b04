//! Many persons beside one rule set, bit by bit: a word of a column says of 64 persons whether a predicate holds.

use std::ops::Range;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::bits;
use crate::person::Person;
use crate::zone;
use crate::{Fault, RuleSet, Weights};

/// Persons of one document, each with a number that stays the same while it is there. Made by [`RuleSet::crowd`].
#[derive(Clone, Debug)]
pub struct Crowd {
    pub(crate) stamp: u64,
    /// The places that are taken and those that are free again.
    pub(crate) persons: Vec<Person>,
    free: Vec<u32>,
    /// One bit for each place that is taken.
    pub(crate) present: Vec<u64>,
    /// For each predicate one bit for each place; only those of traits and scores have any.
    pub(crate) columns: Vec<Vec<u64>>,
    /// The zones that somebody is in, and who.
    pub(crate) zones: Vec<(TimeZone, Vec<u64>)>,
    /// Whether anybody may have a factor of 0.
    pub(crate) has_factors: bool,
}

impl RuleSet {
    /// A crowd without anybody.
    #[must_use]
    pub fn crowd(&self) -> Crowd {
        Crowd {
            stamp: self.stamp,
            persons: Vec::new(),
            free: Vec::new(),
            present: Vec::new(),
            columns: vec![Vec::new(); self.catalogue.predicates.len()],
            zones: Vec::new(),
            has_factors: false,
        }
    }
}

impl Crowd {
    /// Adds a person of whom nothing is known yet, and gives its number.
    ///
    /// # Errors
    /// `Foreign` if the crowd was made for another document.
    pub fn add(&mut self, rules: &RuleSet) -> Result<u32, Fault> {
        rules.check_stamp(self.stamp)?;
        let place = self.free.pop().unwrap_or(self.persons.len() as u32);
        if place as usize == self.persons.len() {
            self.persons.push(rules.person());
            self.grow(rules);
        }
        bits::set(&mut self.present, place as usize);
        self.join_zone(place as usize);
        Ok(place)
    }

    /// Lets a person go; its number may be given again.
    ///
    /// # Errors
    /// `Foreign` if the crowd was made for another document, `UnknownPerson`.
    pub fn remove(&mut self, rules: &RuleSet, person: u32) -> Result<(), Fault> {
        let place = self.place(rules, person)?;
        self.leave_zone(place);
        bits::clear(&mut self.present, place);
        for column in self.columns.iter_mut().filter(|column| !column.is_empty()) {
            bits::clear(column, place);
        }
        self.persons[place] = rules.person();
        self.free.push(person);
        Ok(())
    }

    /// A person as [`RuleSet::suggest`] and [`RuleSet::explain`] take it, if the number is somebody's.
    #[must_use]
    pub fn person(&self, person: u32) -> Option<&Person> {
        self.persons.get(person as usize).filter(|_| bits::get(&self.present, person as usize))
    }

    /// As [`Person::set_trait`].
    ///
    /// # Errors
    /// As there, and `UnknownPerson`.
    pub fn set_trait(
        &mut self,
        rules: &RuleSet,
        person: u32,
        path: &str,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        self.place(rules, person)?;
        rules.document.traits.key(path).map_or(Ok(()), |key| self.set_key(rules, person, key, value))
    }

    /// As [`Person::set_key`].
    ///
    /// # Errors
    /// As there, and `UnknownPerson`.
    pub fn set_key(
        &mut self,
        rules: &RuleSet,
        person: u32,
        key: u32,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        let place = self.place(rules, person)?;
        let Self { persons, columns, .. } = self;
        persons[place].change_key(rules, key, value, |ids, holds| turn(columns, ids, place, holds))
    }

    /// As [`Person::set_score`].
    ///
    /// # Errors
    /// As there, and `UnknownPerson`.
    pub fn set_score(
        &mut self,
        rules: &RuleSet,
        person: u32,
        narrative: usize,
        score: Option<f64>,
    ) -> Result<(), Fault> {
        let place = self.place(rules, person)?;
        let Self { persons, columns, .. } = self;
        persons[place].change_score(rules, narrative, score, |ids, holds| turn(columns, ids, place, holds))
    }

    /// As [`Person::set_factor`].
    ///
    /// # Errors
    /// As there, and `UnknownPerson`.
    pub fn set_factor(&mut self, rules: &RuleSet, person: u32, rule: u32, factor: f64) -> Result<(), Fault> {
        let place = self.place(rules, person)?;
        self.persons[place].set_factor(rules, rule, factor)?;
        self.has_factors = true;
        Ok(())
    }

    /// As [`Person::set_zone`].
    ///
    /// # Errors
    /// As there, `Foreign` if the crowd was made for another document, and `UnknownPerson`.
    pub fn set_zone(&mut self, rules: &RuleSet, person: u32, name: &str) -> Result<(), Fault> {
        let place = self.place(rules, person)?;
        let zone = zone::find(name).ok_or(Fault::UnknownZone)?;
        self.leave_zone(place);
        self.persons[place].zone = zone;
        self.join_zone(place);
        Ok(())
    }

    /// Leaves those for whom the rule's weight is above 0.
    pub(crate) fn silence(&self, weights: &Weights, rule: u32, persons: &mut [u64]) {
        let weight = weights.of(rule);
        bits::retain(persons, |place| weight * self.persons[place].factor(rule) > 0.0);
    }

    fn place(&self, rules: &RuleSet, person: u32) -> Result<usize, Fault> {
        rules.check_stamp(self.stamp)?;
        self.person(person).map(|_| person as usize).ok_or(Fault::UnknownPerson)
    }

    /// Makes room for the bits of the last person.
    fn grow(&mut self, rules: &RuleSet) {
        let words = bits::words_for(self.persons.len());
        self.present.resize(words, 0);
        for (column, predicate) in self.columns.iter_mut().zip(&rules.catalogue.predicates) {
            if predicate.is_resident() {
                column.resize(words, 0);
            }
        }
        for (_, members) in &mut self.zones {
            members.resize(words, 0);
        }
    }

    fn join_zone(&mut self, place: usize) {
        let zone = &self.persons[place].zone;
        let index = self.zones.iter().position(|(known, _)| known == zone).unwrap_or_else(|| {
            self.zones.push((zone.clone(), vec![0; self.present.len()]));
            self.zones.len() - 1
        });
        bits::set(&mut self.zones[index].1, place);
    }

    fn leave_zone(&mut self, place: usize) {
        let zone = &self.persons[place].zone;
        if let Some(index) = self.zones.iter().position(|(known, _)| known == zone) {
            bits::clear(&mut self.zones[index].1, place);
            if self.zones[index].1.iter().all(|&word| word == 0) {
                self.zones.swap_remove(index);
            }
        }
    }
}

fn turn(columns: &mut [Vec<u64>], predicates: Range<u32>, place: usize, holds: bool) {
    for column in &mut columns[predicates.start as usize..predicates.end as usize] {
        bits::fill(column, place..place + 1, holds);
    }
}
