//! An enrolled persona. Idle, it is this row and nothing else.

use crate::candidates::Candidates;
use crate::ids::{FIRST_GENERATION, next_generation};
use crate::lanes::Lanes;
use crate::list::{Linked, Links, List};
use crate::{SlotId, SlotSettings};

pub(crate) struct Slot {
    pub(crate) settings: SlotSettings,
    pub(crate) candidates: Candidates,
    pub(crate) strands: List,
    /// In the ring of slots that can do something.
    pub(crate) links: Links,
    /// Of its waiting items.
    pub(crate) lanes: Lanes,
    pub(crate) reserved: u32,
    pub(crate) turns: u32,
    pub(crate) items_in_flight: u32,
    pub(crate) generation: u32,
    pub(crate) life: Life,
    pub(crate) in_ring: bool,
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
    pub(crate) fn new(settings: SlotSettings, last: Option<&Self>) -> Self {
        Self {
            settings,
            candidates: Candidates::Empty,
            strands: List::EMPTY,
            links: Links::NONE,
            lanes: Lanes::default(),
            reserved: 0,
            turns: 0,
            items_in_flight: 0,
            generation: last.map_or(FIRST_GENERATION, |last| next_generation(last.generation)),
            life: Life::Enrolled,
            in_ring: false,
        }
    }

    pub(crate) fn id(&self, index: u32) -> SlotId {
        SlotId::new(index, self.generation)
    }

    /// Items that wait or are in a turn.
    pub(crate) fn undecided(&self) -> u32 {
        self.lanes.total() + self.items_in_flight
    }

    pub(crate) fn has_room_for_turn(&self) -> bool {
        self.turns < self.settings.max_parallel_turns
    }

    pub(crate) fn can_do_something(&self) -> bool {
        !self.candidates.is_empty() && !self.settings.paused && self.has_room_for_turn()
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
