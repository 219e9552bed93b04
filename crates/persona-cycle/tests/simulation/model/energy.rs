//! Temperament: how rested a persona is, and whether too much waits for it.

use super::Model;
use crate::rule::Rule;

pub(super) const FULL_ENERGY: i64 = 6_000_000;
pub(super) const TIRED_BELOW: i64 = FULL_ENERGY * 3 / 10;
pub(super) const ENERGY_PER_MS: i64 = 20;

impl Model {
    pub(super) fn begin_temperament(&mut self, persona: usize) {
        let idle = self.turns_of(persona) == 0;
        let now = self.now;
        let persona = &mut self.personas[persona];
        persona.energy = FULL_ENERGY;
        persona.rests_since = idle.then_some(now);
    }

    pub(super) fn energy(&self, persona: usize) -> i64 {
        let persona = &self.personas[persona];
        let rests_since = persona.rests_since.filter(|_| self.keeps(Rule::Rest));
        let rested = rests_since.map_or(0, |since| self.now.saturating_sub(since));
        rested.saturating_mul(ENERGY_PER_MS).saturating_add(persona.energy).min(FULL_ENERGY)
    }

    /// Before a turn is formed.
    pub(super) fn end_rest(&mut self, persona: usize) {
        let energy = self.energy(persona);
        let persona = &mut self.personas[persona];
        persona.energy = energy;
        persona.rests_since = None;
    }

    /// After a turn has ended.
    pub(super) fn tire(&mut self, persona: usize, formed_at: i64) {
        let idle = self.turns_of(persona) == 0;
        let now = self.now;
        let persona = &mut self.personas[persona];
        let took = i128::from(now) - i128::from(formed_at);
        let cost = 10 * took * i128::from(persona.settings.complexity) / 1_000;
        persona.energy = (i128::from(persona.energy) - cost).max(0) as i64;
        persona.rests_since = idle.then_some(now);
        let (energy, temperament) = (persona.energy, persona.settings.temperament);
        if temperament && energy == 0 {
            self.reach("no energy is left");
        }
    }

    pub(super) fn is_overwhelmed(&self, persona: usize) -> bool {
        self.has_too_much(persona) || self.personas[persona].settings.compute < 200
    }

    fn has_too_much(&self, persona: usize) -> bool {
        self.waiting(persona) > 20
    }

    /// That too much waits, or does not any more, is a reason to look at all of it.
    pub(super) fn follow_up_mood(&mut self, persona: usize) {
        while self.has_too_much(persona) != self.personas[persona].overwhelmed {
            let too_much = self.has_too_much(persona);
            self.personas[persona].overwhelmed = too_much;
            if self.personas[persona].settings.temperament {
                self.reach(if too_much { "too much waits" } else { "less waits again" });
                self.look_at_all(persona);
            }
        }
    }
}
