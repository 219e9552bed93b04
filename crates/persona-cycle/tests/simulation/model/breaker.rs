//! The breaker of a persona: closed, open for a while, half open for one probe.

use persona_cycle::Outcome;

use super::{Flying, Model, Timer};
use crate::rule::Rule;

#[derive(Clone, Copy)]
pub(super) enum Breaker {
    Closed {
        failures: u32,
    },
    Open {
        probes: u32,
        since: i64,
        until: Timer,
    },
    /// With the moment at which its probe was formed.
    HalfOpen {
        probes: u32,
        probing: Option<i64>,
    },
}

impl Model {
    pub(super) fn give_up_breaker(&mut self, persona: usize) {
        let persona = &mut self.personas[persona];
        let was_closed = matches!(persona.breaker, Breaker::Closed { .. });
        persona.breaker = Breaker::Closed { failures: 0 };
        if !was_closed {
            persona.generation += 1;
            self.reach("a breaker is given up");
        }
    }

    /// Its time is over.
    pub(super) fn half_open(&mut self, persona: usize) {
        if let Breaker::Open { probes, .. } = self.personas[persona].breaker {
            self.personas[persona].breaker = Breaker::HalfOpen { probes, probing: None };
            self.reach("a breaker half opens");
        }
    }

    /// A turn is formed.
    pub(super) fn begin_probe(&mut self, persona: usize) {
        if let Breaker::HalfOpen { probing, .. } = &mut self.personas[persona].breaker {
            assert!(probing.is_none() || self.forgotten.is_some(), "two probes");
            *probing = Some(self.now);
        }
    }

    /// A turn has ended. Its items have been judged, its jitter drawn.
    pub(super) fn tell_breaker(&mut self, turn: &Flying, outcome: Outcome) {
        let place = turn.persona;
        let persona = &mut self.personas[place];
        if turn.generation != persona.generation && self.forgotten != Some(Rule::BreakerGeneration) {
            self.reach("a turn of an older generation ends");
            return;
        }
        let bound = persona.settings.breaker_failures;
        match (persona.breaker, outcome) {
            (Breaker::Closed { .. }, Outcome::Done | Outcome::Declined) => {
                persona.breaker = Breaker::Closed { failures: 0 };
            }
            (Breaker::HalfOpen { .. }, Outcome::Done | Outcome::Declined) => {
                persona.breaker = Breaker::Closed { failures: 0 };
                persona.generation += 1;
                self.reach("a probe closes the breaker");
            }
            (Breaker::Closed { failures }, Outcome::Failed | Outcome::TimedOut) => {
                let failures = failures.saturating_add(1);
                persona.breaker = Breaker::Closed { failures };
                if bound > 0 && failures >= bound && self.keeps(Rule::BreakerOpens) {
                    self.open_breaker(place, 0);
                    self.reach("a breaker opens");
                }
            }
            (Breaker::HalfOpen { probes, .. }, Outcome::Failed | Outcome::TimedOut) => {
                self.open_breaker(place, probes.saturating_add(1));
                self.reach("a probe opens the breaker again");
            }
            (Breaker::HalfOpen { probes, .. }, Outcome::Throttled { .. } | Outcome::Cancelled { .. }) => {
                persona.breaker = Breaker::HalfOpen { probes, probing: None };
                self.reach("a probe says nothing");
            }
            (Breaker::Closed { .. }, Outcome::Throttled { .. } | Outcome::Cancelled { .. })
            | (Breaker::Open { .. }, _) => {}
        }
    }

    fn open_breaker(&mut self, persona: usize, probes: u32) {
        let first = self.personas[persona].settings.breaker_open_ms;
        let doublings = if self.keeps(Rule::LongerOpen) { probes.min(30) } else { 0 };
        let pause = (0..doublings).fold(first, |pause, _| (pause * 2).min(600_000));
        let pause = pause - pause / 10 + self.draw(pause / 5 + 1);
        let until = self.timer(self.now.saturating_add(pause));
        let since = self.now;
        let persona = &mut self.personas[persona];
        persona.breaker = Breaker::Open { probes, since, until };
        persona.generation += 1;
    }

    /// Whether it lets a turn through.
    pub(super) fn breaker_lets(&self, persona: usize) -> bool {
        match self.personas[persona].breaker {
            Breaker::Closed { .. } => true,
            Breaker::Open { .. } => false,
            Breaker::HalfOpen { probing, .. } => probing.is_none() || !self.keeps(Rule::OneProbe),
        }
    }
}
