//! A circuit breaker: after so many failed turns in a row a persona is left alone for a while, then one turn tries
//! whether it answers again.
//!
//! States as in Nygard, *Release It!* (2007). Two things go wrong in the field and cannot here: a probe whose outcome
//! never comes (a probe is a turn, and every turn has a lease), and outcomes of turns that began before the last
//! change of state (they carry another generation and count for nothing).

use crate::rng::Rng;
use crate::{BreakerState, BreakerStatus, Held, SlotSettings};

/// No breaker stays open longer without a probe, but for the jitter.
const LONGEST_MS: i64 = 600_000;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    state: State,
    /// Grows with each change of state.
    pub(crate) generation: u32,
    /// When it was opened, or its probe was formed.
    pub(crate) since: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    /// `times` probes have failed in a row.
    Open {
        times: u32,
        until: i64,
    },
    HalfOpen {
        times: u32,
        probing: bool,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Why it lets no turn through, if it does not.
    pub(crate) fn holds(&self) -> Option<Held> {
        match self.state {
            State::Open { .. } => Some(Held::BreakerOpen),
            State::HalfOpen { probing: true, .. } => Some(Held::BreakerProbing),
            State::Closed { .. } | State::HalfOpen { probing: false, .. } => None,
        }
    }

    /// Whether it is as if nothing had ever failed.
    pub(crate) fn is_calm(&self) -> bool {
        self.state == State::default()
    }

    /// A turn is formed.
    pub(crate) fn begin(&mut self, now: i64) {
        if let State::HalfOpen { probing, .. } = &mut self.state {
            *probing = true;
            self.since = now;
        }
    }

    /// A turn of the present generation has answered or declined.
    pub(crate) fn succeed(&mut self) {
        if matches!(self.state, State::HalfOpen { .. }) {
            self.generation = self.generation.wrapping_add(1);
        }
        self.state = State::default();
    }

    /// A turn of the present generation has failed. Gives the moment at which the breaker opens a little again, if
    /// it has opened.
    pub(crate) fn fail(&mut self, settings: &SlotSettings, now: i64, rng: &mut Rng) -> Option<i64> {
        let times = match self.state {
            State::Closed { failures } => {
                let failures = failures.saturating_add(1);
                self.state = State::Closed { failures };
                if settings.breaker_failures == 0 || failures < settings.breaker_failures {
                    return None;
                }
                0
            }
            State::HalfOpen { times, .. } => times.saturating_add(1),
            State::Open { .. } => return None,
        };
        // 2^20 times the shortest pause is longer than the longest.
        let pause = (settings.breaker_open_ms << times.min(20)).min(LONGEST_MS);
        let jitter = rng.below(pause.unsigned_abs() / 5 + 1).cast_signed();
        let until = now.saturating_add(pause - pause / 10 + jitter);
        *self = Self {
            state: State::Open { times, until },
            generation: self.generation.wrapping_add(1),
            since: now,
        };
        Some(until)
    }

    /// A turn of the present generation has shown nothing: it was throttled, or called off.
    pub(crate) fn learn_nothing(&mut self) {
        if let State::HalfOpen { probing, .. } = &mut self.state {
            *probing = false;
        }
    }

    /// The pause is over.
    pub(crate) fn half_open(&mut self) {
        if let State::Open { times, .. } = self.state {
            self.state = State::HalfOpen { times, probing: false };
        }
    }

    /// There is to be none any more.
    pub(crate) fn switch_off(&mut self) {
        if !matches!(self.state, State::Closed { .. }) {
            self.generation = self.generation.wrapping_add(1);
        }
        self.state = State::default();
    }

    pub(crate) fn status(&self) -> BreakerStatus {
        let (state, failures, until) = match self.state {
            State::Closed { failures } => (BreakerState::Closed, failures, None),
            State::Open { times, until } => (BreakerState::Open, times, Some(until)),
            State::HalfOpen { times, .. } => (BreakerState::HalfOpen, times, None),
        };
        BreakerStatus { state, failures, until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Begin,
        Succeed,
        Fail,
        LearnNothing,
        PauseOver,
    }

    fn event() -> impl Strategy<Value = Event> {
        use Event::{Begin, Fail, LearnNothing, PauseOver, Succeed};
        prop::sample::select(&[Begin, Succeed, Fail, Fail, Fail, LearnNothing, PauseOver, PauseOver][..])
    }

    /// What the history says, read anew from its beginning: state, count, whether a probe is under way.
    fn read(history: &[Event], threshold: u32) -> (BreakerState, u32, bool) {
        let (mut state, mut count, mut probing) = (BreakerState::Closed, 0, false);
        for event in history {
            (state, count, probing) = match (event, state) {
                (Event::Succeed, _) => (BreakerState::Closed, 0, false),
                (Event::Fail, BreakerState::Closed) if threshold > 0 && count + 1 >= threshold => {
                    (BreakerState::Open, 0, false)
                }
                (Event::Fail, BreakerState::Closed) => (state, count + 1, false),
                (Event::Fail, BreakerState::HalfOpen) => (BreakerState::Open, count + 1, false),
                (Event::PauseOver, BreakerState::Open) => (BreakerState::HalfOpen, count, false),
                (Event::Begin, BreakerState::HalfOpen) => (state, count, true),
                (Event::LearnNothing, BreakerState::HalfOpen) => (state, count, false),
                _ => (state, count, probing),
            };
        }
        (state, count, probing)
    }

    proptest! {
        #[test]
        fn its_state_is_what_its_history_says(
            events in prop::collection::vec(event(), 0..40),
            breaker_failures in 0..4u32,
            breaker_open_ms in 1..=600_000i64,
            seed in any::<u64>(),
        ) {
            let settings = SlotSettings { breaker_failures, breaker_open_ms, ..SlotSettings::default() };
            let (mut breaker, mut rng) = (Breaker::default(), Rng::new(seed));
            let mut history = Vec::new();
            for (now, event) in (0..).zip(events) {
                let (before, generation) = (breaker.status().state, breaker.generation);
                // While it is open there is no turn of its generation that could begin or end.
                if before == BreakerState::Open && !matches!(event, Event::PauseOver) {
                    continue;
                }
                history.push(event);
                match event {
                    Event::Begin => breaker.begin(now),
                    Event::Succeed => breaker.succeed(),
                    Event::LearnNothing => breaker.learn_nothing(),
                    Event::PauseOver => breaker.half_open(),
                    Event::Fail => {
                        let until = breaker.fail(&settings, now, &mut rng);
                        let BreakerStatus { state, failures, until: shown } = breaker.status();
                        let has_opened = before != state;
                        prop_assert_eq!(until.is_some(), has_opened);
                        if let Some(until) = until {
                            let pause = (0..failures).fold(breaker_open_ms, |pause, _| (2 * pause).min(600_000));
                            let waited = until - now;
                            prop_assert!((pause - pause / 10..=pause + pause / 10 + 1).contains(&waited), "{waited} of {pause}");
                            prop_assert_eq!((shown, breaker.since), (Some(until), now));
                        }
                    }
                }
                let (state, count, probing) = read(&history, breaker_failures);
                let status = breaker.status();
                prop_assert_eq!((status.state, status.failures), (state, count));
                prop_assert_eq!(breaker.holds() == Some(Held::BreakerProbing), probing);
                prop_assert_eq!(breaker.holds() == Some(Held::BreakerOpen), state == BreakerState::Open);
                // Turns that began before it opened or closed are of another time; half-opening is no such change.
                let is_change = state != before && state != BreakerState::HalfOpen;
                prop_assert_eq!(breaker.generation, generation + u32::from(is_change));
            }
        }
    }

    #[test]
    fn from_a_millisecond_to_ten_minutes_it_doubles() {
        let settings = SlotSettings { breaker_failures: 1, breaker_open_ms: 1, ..SlotSettings::default() };
        let (mut breaker, mut rng) = (Breaker::default(), Rng::new(1));
        let mut pause = 1;
        for times in 0..100 {
            let until = breaker.fail(&settings, 0, &mut rng);
            let range = pause - pause / 10..=pause + pause / 10 + 1;
            assert!(until.is_some_and(|until| range.contains(&until)), "{until:?} after {times} probes");
            pause = (2 * pause).min(600_000);
            breaker.half_open();
        }
    }

    #[test]
    fn pauses_are_spread_over_a_tenth_either_way() {
        let settings = SlotSettings { breaker_failures: 1, ..SlotSettings::default() };
        let mut rng = Rng::new(1);
        let pauses: Vec<i64> =
            (0..1_000).filter_map(|_| Breaker::default().fail(&settings, 0, &mut rng)).collect();
        assert_eq!(pauses.len(), 1_000);
        let (least, most) = (pauses.iter().min(), pauses.iter().max());
        assert!((27_000..27_100).contains(least.unwrap()), "{least:?}");
        assert!((32_900..=33_000).contains(most.unwrap()), "{most:?}");
    }
}
