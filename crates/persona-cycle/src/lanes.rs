//! Counts of waiting items by lane.

use crate::Lane;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lanes([u32; 4]);

impl Lanes {
    pub(crate) fn add(&mut self, lane: Lane) {
        self.0[lane as usize] += 1;
    }

    pub(crate) fn remove(&mut self, lane: Lane) {
        self.0[lane as usize] -= 1;
    }

    pub(crate) fn total(self) -> u32 {
        self.0.iter().sum()
    }

    /// The best lane in which something waits.
    pub(crate) fn best(self) -> Lane {
        Lane::ALL.into_iter().find(|&lane| self.0[lane as usize] > 0).unwrap_or(Lane::Background)
    }

    pub(crate) fn counts(self) -> [u32; 4] {
        self.0
    }
}
