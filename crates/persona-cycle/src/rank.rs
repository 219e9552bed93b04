//! Which of two conversations of one persona goes first, and for how long that stays so.

use std::cmp::Ordering;

use crate::{Lane, Why};

/// From here on an item goes before all that have waited less, whatever its lane.
pub(crate) const STARVATION_MS: i64 = 60_000;

/// Priorities are compared as whole numbers, so that the order is exact: 1.0 is this many points, which makes the
/// gain by waiting whole too (half of it over 30 s or 60 s).
const FULL: i64 = 6_000_000;

/// 0..1 in points; what lies outside counts as the nearer end, NaN as 0.
pub(crate) fn points(priority: f32) -> u32 {
    // A float that is too large or small saturates in the cast, and NaN becomes 0.
    (f64::from(priority).clamp(0.0, 1.0) * FULL as f64).round() as u32
}

/// All that the choice looks at, of one conversation whose head may go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rank {
    /// Of the head.
    pub(crate) enqueued_at: i64,
    /// Of the head.
    pub(crate) item: u64,
    /// Largest of the items that would be merged, without what waiting adds.
    pub(crate) points: u32,
    /// The head's: how fast it ages.
    pub(crate) lane: Lane,
    /// Best that waits anywhere in it: order inside a conversation is fixed, so the head inherits it.
    pub(crate) best_lane: Lane,
    /// Whether an urgent item waits anywhere in it.
    pub(crate) urgent: bool,
}

/// The outcome of comparing two ranks.
pub(crate) struct Duel {
    pub(crate) first_wins: bool,
    pub(crate) why: Why,
    /// The outcome holds at least as long as `now` is below this.
    pub(crate) until: i64,
}

impl Rank {
    /// Priority in points after what waiting has added.
    fn effective(&self, now: i64) -> i64 {
        let ramp = Ramp::of(self.lane);
        let waited = now.saturating_sub(self.enqueued_at).clamp(0, ramp.length_ms);
        (i64::from(self.points) + waited * ramp.points_per_ms).min(FULL)
    }

    /// The same from 0 to 1.
    pub(crate) fn effective_priority(&self, now: i64) -> f32 {
        (self.effective(now) as f64 / FULL as f64) as f32
    }

    /// The first moment at which the effective priority is above that many points, or the starvation bound is
    /// reached; `i64::MIN` if it always is.
    pub(crate) fn rises_above(&self, points: i64) -> i64 {
        let missing = points + 1 - i64::from(self.points);
        if missing <= 0 {
            return i64::MIN;
        }
        let Ramp { length_ms, points_per_ms } = Ramp::of(self.lane);
        let wait = if missing <= length_ms * points_per_ms {
            (missing + points_per_ms - 1) / points_per_ms
        } else {
            STARVATION_MS
        };
        self.enqueued_at.saturating_add(wait.min(STARVATION_MS))
    }

    fn starves_at(&self) -> i64 {
        self.enqueued_at.saturating_add(STARVATION_MS)
    }

    /// Sorts the starved before the others, the oldest first.
    fn starvation(&self, now: i64) -> i64 {
        if now.saturating_sub(self.enqueued_at) >= STARVATION_MS { self.enqueued_at } else { i64::MAX }
    }

    /// How fast the effective priority grows at `now`, and when that changes next.
    fn pace(&self, now: i64) -> (i64, i64) {
        let ramp = Ramp::of(self.lane);
        if ramp.points_per_ms == 0 {
            return (0, i64::MAX);
        }
        let to_full = (FULL - i64::from(self.points) + ramp.points_per_ms - 1) / ramp.points_per_ms;
        let end = self.enqueued_at.saturating_add(ramp.length_ms.min(to_full));
        if now < self.enqueued_at {
            (0, self.enqueued_at)
        } else if now < end {
            (ramp.points_per_ms, end)
        } else {
            (0, i64::MAX)
        }
    }
}

struct Ramp {
    length_ms: i64,
    points_per_ms: i64,
}

impl Ramp {
    /// Half of the full priority is gained over the length; a voice does not age.
    fn of(lane: Lane) -> Self {
        let length_ms = if lane == Lane::Task { 60_000 } else { 30_000 };
        let points_per_ms = if lane == Lane::Voice { 0 } else { FULL / 2 / length_ms };
        Self { length_ms, points_per_ms }
    }
}

/// Compares by urgency, starvation, lane, effective priority, age, in this order.
pub(crate) fn duel(first: &Rank, second: &Rank, now: i64) -> Duel {
    let decided = |first_wins, why, until| Duel { first_wins, why, until };

    if first.urgent != second.urgent {
        return decided(first.urgent, Why::Urgent, i64::MAX);
    }
    let starving = next_after(now, [first.starves_at(), second.starves_at()]);
    match first.starvation(now).cmp(&second.starvation(now)) {
        Ordering::Equal => {}
        order => return decided(order.is_lt(), Why::Starved, starving),
    }
    match first.best_lane.cmp(&second.best_lane) {
        Ordering::Equal => {}
        order => return decided(order.is_lt(), Why::Lane, starving),
    }
    let (first_points, second_points) = (first.effective(now), second.effective(now));
    let older = (first.enqueued_at, first.item) <= (second.enqueued_at, second.item);
    let first_wins = first_points > second_points || (first_points == second_points && older);
    let why = if first_points == second_points { Why::Age } else { Why::Priority };
    let (winner, loser) = if first_wins { (first, second) } else { (second, first) };
    let until = starving.min(overtaken_at(winner, loser, now));
    decided(first_wins, why, until)
}

/// The first moment at which the loser's effective priority may have caught up, or at which the pace of either
/// changes.
fn overtaken_at(winner: &Rank, loser: &Rank, now: i64) -> i64 {
    let (winner_pace, winner_until) = winner.pace(now);
    let (loser_pace, loser_until) = loser.pace(now);
    let gain = loser_pace - winner_pace;
    let caught_up = if gain > 0 {
        let gap = winner.effective(now) - loser.effective(now);
        now.saturating_add((gap / gain).max(1))
    } else {
        i64::MAX
    };
    winner_until.min(loser_until).min(caught_up)
}

fn next_after(now: i64, moments: [i64; 2]) -> i64 {
    moments.into_iter().filter(|&moment| moment > now).min().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Coarse values, so that ranks are often equal in some respect, or become so.
    fn rank(item: u64) -> impl Strategy<Value = Rank> {
        let lane = || prop::sample::select(&Lane::ALL);
        let enqueued_at = prop_oneof![-3..3i64, -30_002..-29_998i64, -60_002..-59_998i64];
        let points = prop_oneof![0..10u32, 59_990..=60_000u32];
        (enqueued_at, points, lane(), lane(), prop::bool::weighted(0.1)).prop_map(
            move |(enqueued_at, points, lane, other, urgent)| Rank {
                enqueued_at,
                item,
                points: points * 100,
                lane,
                best_lane: lane.min(other),
                urgent,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn an_outcome_holds_as_long_as_it_says(first in rank(1), second in rank(2), now in -5..100i64) {
            let before = duel(&first, &second, now);
            prop_assert!(before.until > now);
            for later in now..before.until.min(now + 50) {
                prop_assert_eq!(duel(&first, &second, later).first_wins, before.first_wins, "at {}", later);
                prop_assert_eq!(duel(&second, &first, later).first_wins, !before.first_wins, "at {}", later);
            }
        }
    }
}
