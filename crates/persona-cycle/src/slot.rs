//! An enrolled persona. Idle, it is this row and nothing else.

use crate::candidates::Candidates;
use crate::condition::Condition;
use crate::ids::{FIRST_GENERATION, next_generation};
use crate::lanes::Lanes;
use crate::list::{Linked, Links, List};
use crate::{Lane, SlotId};

pub(crate) struct Slot {
    /// Its settings' place among all.
    pub(crate) profile: u32,
    pub(crate) condition: Option<Box<Condition>>,
    pub(crate) candidates: Candidates,
    pub(crate) strands: List,
    /// In the ring of slots that can do something.
    pub(crate) links: Links,
    /// Since when it is in its place there.
    pub(crate) ready_since: i64,
    /// Of its items that wait in memory.
    pub(crate) lanes: Lanes,
    pub(crate) reserved: u32,
    pub(crate) turns: u32,
    pub(crate) items_in_flight: u32,
    pub(crate) generation: u32,
    /// Items that it may still take in this visit; below 0: that it took too many.
    pub(crate) credit: i32,
    /// The ring that it is in: that of the best lane among the heads of its candidates.
    pub(crate) ring: Option<Lane>,
    /// Whether its visit has begun.
    pub(crate) visited: bool,
    pub(crate) life: Life,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Enrolled,
    /// Takes nothing new, finishes the rest.
    Draining,
    /// Takes nothing new, gives the rest back.
    Returning,
    /// The row is free.
    Vacant,
}

impl Slot {
    /// `last` is the row that is used again, if there is one: its handles must not name the new persona.
    pub(crate) fn new(profile: u32, last: Option<&Self>) -> Self {
        Self {
            profile,
            condition: None,
            candidates: Candidates::Empty,
            strands: List::EMPTY,
            links: Links::NONE,
            ready_since: 0,
            lanes: Lanes::default(),
            reserved: 0,
            turns: 0,
            items_in_flight: 0,
            generation: last.map_or(FIRST_GENERATION, |last| next_generation(last.generation)),
            credit: 0,
            ring: None,
            visited: false,
            life: Life::Enrolled,
        }
    }

    pub(crate) fn id(&self, index: u32) -> SlotId {
        SlotId::new(index, self.generation)
    }

    /// Items that wait, in memory or in the caller's store.
    pub(crate) fn waiting(&self) -> u32 {
        self.lanes.total() + self.condition.as_ref().map_or(0, |condition| condition.backlog.total())
    }

    /// Items that wait or are in a turn.
    pub(crate) fn undecided(&self) -> u32 {
        self.waiting() + self.items_in_flight
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.life, Life::Draining | Life::Returning) && self.reserved == 0 && self.undecided() == 0
    }
}

impl Linked for Slot {
    fn links(&self) -> Links {
        self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_persona_costs_at_most_128_bytes() {
        assert!(size_of::<Slot>() <= 128, "{}", size_of::<Slot>());
    }
}
