//! A turn in flight.

use crate::TurnId;
use crate::ids::{FIRST_GENERATION, next_generation};
use crate::list::List;

pub(crate) struct Flight {
    pub(crate) items: List,
    pub(crate) count: u32,
    pub(crate) strand: u32,
    /// The timer of its lease; `NONE` once the reply is being written.
    pub(crate) lease: u32,
    /// Number of the attempt, from 1.
    pub(crate) attempt: u32,
    generation: u32,
    pub(crate) running: bool,
}

impl Flight {
    /// `last` is the row that is used again, if there is one: its handles must not name the new turn.
    pub(crate) fn new(items: List, count: u32, strand: u32, attempt: u32, last: Option<&Self>) -> Self {
        let generation = last.map_or(FIRST_GENERATION, |last| next_generation(last.generation));
        Self { items, count, strand, lease: crate::slab::NONE, attempt, generation, running: true }
    }

    pub(crate) fn id(&self, index: u32) -> TurnId {
        TurnId::new(index, self.generation)
    }
}
