//! How the fleet's turns in flight are shared among the lanes.

use crate::Lane;

/// Each lane has some for itself, a quarter for the voice; the rest is for whoever comes first. So work that nobody
/// waits for never keeps a caller waiting, and is not starved either.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permits {
    reserved: [u32; 4],
    shared: u32,
    used: [u32; 4],
}

/// Which lanes may have a further turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open([bool; 4]);

impl Permits {
    pub(crate) fn new(turns: u32) -> Self {
        // A single one cannot be reserved for anybody.
        let voice = if turns > 1 { turns.div_ceil(4) } else { 0 };
        let reserved = [voice, turns / 8, turns / 16, turns / 32];
        Self { reserved, shared: turns - reserved.iter().sum::<u32>(), used: [0; 4] }
    }

    pub(crate) fn take(&mut self, lane: Lane) {
        self.used[lane as usize] += 1;
    }

    pub(crate) fn give_back(&mut self, lane: Lane) {
        self.used[lane as usize] -= 1;
    }

    pub(crate) fn used(&self) -> [u32; 4] {
        self.used
    }

    pub(crate) fn open(&self) -> Open {
        let beyond =
            self.used.iter().zip(self.reserved).map(|(used, reserved)| used.saturating_sub(reserved));
        let is_shared_left = beyond.sum::<u32>() < self.shared;
        Open(Lane::ALL.map(|lane| is_shared_left || self.used[lane as usize] < self.reserved[lane as usize]))
    }
}

impl Open {
    pub(crate) fn has(self, lane: Lane) -> bool {
        self.0[lane as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether a turn fits: whatever all lanes use beyond their own must fit into what is nobody's own.
    fn fits(turns: u32, mut used: [u32; 4], lane: usize) -> bool {
        let own = [if turns == 1 { 0 } else { turns.div_ceil(4) }, turns / 8, turns / 16, turns / 32];
        let borrows = used[lane] >= own[lane];
        used[lane] += 1;
        let borrowed: u32 = (0..4).map(|lane| used[lane].max(own[lane]) - own[lane]).sum();
        !borrows || borrowed + own.iter().sum::<u32>() <= turns
    }

    proptest! {
        #[test]
        fn a_lane_is_open_as_long_as_a_turn_fits(
            turns in prop_oneof![1..70u32, 1..=65_536u32],
            steps in prop::collection::vec((0..4usize, prop::bool::weighted(0.7)), 0..200),
        ) {
            let mut permits = Permits::new(turns);
            let mut used = [0; 4];
            for (lane, takes) in steps {
                if takes && permits.open().has(Lane::ALL[lane]) {
                    permits.take(Lane::ALL[lane]);
                    used[lane] += 1;
                } else if used[lane] > 0 {
                    permits.give_back(Lane::ALL[lane]);
                    used[lane] -= 1;
                }
                prop_assert_eq!(permits.used(), used);
                prop_assert!(used.iter().sum::<u32>() <= turns);
                for (place, lane) in Lane::ALL.into_iter().enumerate() {
                    prop_assert_eq!(permits.open().has(lane), fits(turns, used, place), "{:?} of {:?}", lane, used);
                }
            }
        }

        #[test]
        fn all_turns_can_be_used(turns in 1..=2_000u32) {
            let mut permits = Permits::new(turns);
            for lane in Lane::ALL {
                while permits.open().has(lane) {
                    permits.take(lane);
                }
            }
            prop_assert_eq!(permits.used().iter().sum::<u32>(), turns);
        }
    }
}
