//! A turn in flight.

use crate::ids::{FIRST_GENERATION, next_generation};
use crate::list::List;
use crate::slab::NONE;
use crate::{Lane, TurnId};

pub(crate) struct Flight {
    pub(crate) takeoff: Takeoff,
    /// The timer of its lease; `NONE` once the reply is being written.
    pub(crate) lease: u32,
    generation: u32,
    pub(crate) running: bool,
}

/// What is known of a turn when it is formed.
#[derive(Clone, Copy)]
pub(crate) struct Takeoff {
    pub(crate) items: List,
    pub(crate) count: u32,
    pub(crate) strand: u32,
    /// Number of the attempt, from 1.
    pub(crate) attempt: u32,
    pub(crate) formed_at: i64,
    /// Generation of the persona's breaker: a later one does not learn from this turn.
    pub(crate) breaker: u32,
    pub(crate) lane: Lane,
    pub(crate) from: Asker,
}

/// Who asks for a turn, as far as the quiet rules of rooms care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody in a session.
    Session,
    /// A human in a room, or a voice there.
    Room,
    /// Nobody but machines in a room.
    Machines,
}

impl Flight {
    /// `last` is the row that is used again, if there is one: its handles must not name the new turn.
    pub(crate) fn new(takeoff: Takeoff, last: Option<&Self>) -> Self {
        let generation = last.map_or(FIRST_GENERATION, |last| next_generation(last.generation));
        Self { takeoff, lease: NONE, generation, running: true }
    }

    pub(crate) fn id(&self, index: u32) -> TurnId {
        TurnId::new(index, self.generation)
    }
}
