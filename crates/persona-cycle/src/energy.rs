//! How rested a persona with a temperament is, and what it takes up accordingly.
//!
//! Whole numbers, so that the same calls give the same turns: 1.0 is [`FULL`]. A tenth comes back in 30 s of rest; a
//! minute of work of complexity 1 costs a tenth. It is a function of `now`: no timer belongs to it.

use crate::SlotSettings;

pub(crate) const FULL: i64 = 6_000_000;
const REST_PER_MS: i64 = FULL / 10 / 30_000;
const WORK_PER_MS: i64 = FULL / 10 / 60_000;
/// Below this it is tired.
const TIRED: i64 = FULL * 3 / 10;
/// With more items than this waiting, or less of its compute budget, it is overwhelmed.
const CROWD: u32 = 20;
const LOW_COMPUTE: u32 = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Energy {
    points: i64,
    /// When it was that much; it grows from here while the persona rests.
    at: i64,
    /// Whether too much waited when its conversations were last looked at.
    pub(crate) crowded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Tired,
    Overwhelmed,
}

impl Mood {
    /// What it takes up only with an effective priority above, in points of `rank`.
    pub(crate) const OVERWHELMED_ABOVE: i64 = 4_800_000;
    pub(crate) const TIRED_ABOVE: i64 = 3_000_000;
}

impl Energy {
    pub(crate) fn full(now: i64) -> Self {
        Self { points: FULL, at: now, crowded: false }
    }

    pub(crate) fn points(&self, now: i64, resting: bool) -> i64 {
        let rested = if resting { now.saturating_sub(self.at).saturating_mul(REST_PER_MS) } else { 0 };
        self.points.saturating_add(rested).clamp(0, FULL)
    }

    /// It begins to work after having rested until now.
    pub(crate) fn stop_resting(&mut self, now: i64) {
        self.points = self.points(now, true);
        self.at = now;
    }

    /// It has worked for so long.
    pub(crate) fn work(&mut self, duration_ms: i64, complexity: u32, now: i64) {
        let cost =
            duration_ms.max(0).saturating_mul(WORK_PER_MS).saturating_mul(i64::from(complexity)) / 1_000;
        self.points = self.points.saturating_sub(cost).clamp(0, FULL);
        self.at = now;
    }

    pub(crate) fn mood(&self, settings: &SlotSettings, waiting: u32, resting: bool, now: i64) -> Mood {
        if is_crowded(waiting) || settings.compute < LOW_COMPUTE {
            Mood::Overwhelmed
        } else if self.points(now, resting) < TIRED {
            Mood::Tired
        } else {
            Mood::Well
        }
    }

    /// When rest alone ends its being tired.
    pub(crate) fn rested_at(&self) -> i64 {
        let missing = (TIRED - self.points).max(0);
        self.at.saturating_add((missing + REST_PER_MS - 1) / REST_PER_MS)
    }
}

pub(crate) fn is_crowded(waiting: u32) -> bool {
    waiting > CROWD
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A stretch of time: a turn, or rest.
    #[derive(Clone, Copy, Debug)]
    enum Stretch {
        Work(i64),
        Rest(i64),
    }

    fn stretch() -> impl Strategy<Value = Stretch> {
        let ms = || 0..200_000i64;
        prop_oneof![ms().prop_map(Stretch::Work), ms().prop_map(Stretch::Rest)]
    }

    proptest! {
        #[test]
        fn it_is_what_each_stretch_gives_and_takes(
            stretches in prop::collection::vec(stretch(), 0..30),
            complexity in 0..=10_000u32,
        ) {
            let (mut now, mut expected) = (0, FULL);
            let mut energy = Energy::full(now);
            for stretch in stretches {
                match stretch {
                    Stretch::Work(ms) => {
                        energy.stop_resting(now);
                        now += ms;
                        prop_assert_eq!(energy.points(now, false), expected, "work is counted at its end");
                        energy.work(ms, complexity, now);
                        expected = (expected - ms * 10 * i64::from(complexity) / 1_000).max(0);
                    }
                    Stretch::Rest(ms) => {
                        now += ms;
                        expected = (expected + ms * 20).min(FULL);
                    }
                }
                prop_assert_eq!(energy.points(now, true), expected);
                let settings = SlotSettings::default();
                let mood = if expected < 1_800_000 { Mood::Tired } else { Mood::Well };
                prop_assert_eq!(energy.mood(&settings, 20, true, now), mood);
                prop_assert_eq!(energy.mood(&settings, 21, true, now), Mood::Overwhelmed, "that goes before");
                if mood == Mood::Tired {
                    let rested = energy.rested_at();
                    prop_assert_eq!(energy.mood(&settings, 0, true, rested - 1), Mood::Tired);
                    prop_assert_eq!(energy.mood(&settings, 0, true, rested), Mood::Well);
                }
            }
        }

        #[test]
        fn no_time_breaks_it(times in prop::collection::vec(any::<i64>(), 3), complexity in any::<u32>()) {
            let mut energy = Energy::full(times[0]);
            energy.stop_resting(times[1]);
            energy.work(times[2], complexity, times[1]);
            for resting in [false, true] {
                prop_assert!((0..=FULL).contains(&energy.points(times[2], resting)));
            }
        }
    }

    #[test]
    fn a_tenth_comes_back_in_half_a_minute_and_goes_in_a_minute_of_work() {
        let mut energy = Energy::full(0);
        energy.work(60_000, 1_000, 0);
        assert_eq!(energy.points(0, true), FULL * 9 / 10);
        assert_eq!(energy.points(29_999, true), FULL - 20);
        assert_eq!(energy.points(30_000, true), FULL);
        assert_eq!(energy.points(90_000, true), FULL);
    }
}
