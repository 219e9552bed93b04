//! What can be set, its defaults and its ranges.

use crate::{Fault, Lane};

/// No voice turn may take longer, whatever the persona's own deadline: somebody listens to the silence.
const VOICE_DEADLINE_MS: i64 = 20_000;

/// Of the whole fleet, for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetOptions {
    /// Turns in flight over all personas, 1..65 536. Default 1 024.
    pub max_turns_in_flight: u32,
    /// Items that one persona may take before the next one's turn, 1..10 000. Default 20.
    pub quantum: u32,
    /// For the jitter of back-offs. Default 0.
    pub seed: u64,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { max_turns_in_flight: 1_024, quantum: 20, seed: 0 }
    }
}

impl FleetOptions {
    pub(crate) fn validate(&self) -> Result<(), Fault> {
        in_range("max_turns_in_flight", i64::from(self.max_turns_in_flight), 1, 65_536)?;
        in_range("quantum", i64::from(self.quantum), 1, 10_000)
    }
}

/// Of one persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotSettings {
    /// Turns at once over all its conversations, 1..1 024. Default 1: one mind.
    pub max_parallel_turns: u32,
    /// Reserved and undecided items before further ones are refused, 1..1 000 000. Default 10 000.
    pub max_queued: u32,
    /// How long a turn may take, 1..3 600 000 ms. Default 120 000. A voice turn has 20 000 at most.
    pub deadline_ms: i64,
    /// Whether it accepts items and hands out none. Default false.
    pub paused: bool,
    /// Whether an item whose last turn was cut off by a crash is declined; else that turn counts as failed.
    /// Default false.
    pub drop_unknown: bool,
}

impl Default for SlotSettings {
    fn default() -> Self {
        Self {
            max_parallel_turns: 1,
            max_queued: 10_000,
            deadline_ms: 120_000,
            paused: false,
            drop_unknown: false,
        }
    }
}

impl SlotSettings {
    pub(crate) fn validate(&self) -> Result<(), Fault> {
        in_range("max_parallel_turns", i64::from(self.max_parallel_turns), 1, 1_024)?;
        in_range("max_queued", i64::from(self.max_queued), 1, 1_000_000)?;
        in_range("deadline_ms", self.deadline_ms, 1, 3_600_000)
    }

    pub(crate) fn deadline_of(&self, lane: Lane) -> i64 {
        if lane == Lane::Voice { self.deadline_ms.min(VOICE_DEADLINE_MS) } else { self.deadline_ms }
    }
}

fn in_range(field: &'static str, value: i64, min: i64, max: i64) -> Result<(), Fault> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(Fault::OutOfRange { field, min, max }) }
}
