//! What can be set, its defaults and its ranges.

use crate::{Fault, Lane};

/// No voice turn may take longer, whatever the persona's own deadline: somebody listens to the silence.
const VOICE_DEADLINE_MS: i64 = 20_000;

/// What becomes of items beyond a persona's windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// They wait in the caller's store, and are asked for when there is room.
    Page,
    /// There is no store: the least important item of the lane is declined.
    Evict,
}

/// What becomes of an item whose last turn was cut off by a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnUnknown {
    /// That turn counts as failed.
    Retry,
    /// It is dead, for somebody to decide.
    Ask,
    /// It is declined.
    Drop,
}

/// Of the whole fleet, for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetOptions {
    /// Turns in flight over all personas, 1..65 536. Default 1 024.
    pub max_turns_in_flight: u32,
    /// Items that one persona may take before the next one's turn, 1..10 000. Default 20.
    pub quantum: u32,
    /// For the jitter of back-offs and breakers. Default 0.
    pub seed: u64,
    /// Default: they are paged.
    pub overflow: Overflow,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { max_turns_in_flight: 1_024, quantum: 20, seed: 0, overflow: Overflow::Page }
    }
}

impl FleetOptions {
    pub(crate) fn validate(&self) -> Result<(), Fault> {
        in_range("max_turns_in_flight", i64::from(self.max_turns_in_flight), 1, 65_536)?;
        in_range("quantum", i64::from(self.quantum), 1, 10_000)
    }
}

/// Of one persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotSettings {
    /// Turns at once over all its conversations, 1..1 024, but never more than half of the fleet's. Default 1: one
    /// mind.
    pub max_parallel_turns: u32,
    /// Reserved and undecided items before further ones are refused, 1..1 000 000. Default 10 000.
    pub max_queued: u32,
    /// How long a turn may take, 1..3 600 000 ms. Default 120 000. A voice turn has 20 000 at most.
    pub deadline_ms: i64,
    /// Whether it accepts items and hands out none. Default false.
    pub paused: bool,
    /// Default: the turn counts as failed.
    pub on_unknown: OnUnknown,
    /// Items of each lane (in the order of `Lane::ALL`) that wait in the fleet's memory, 1..10 000 each; see
    /// [`Overflow`] for what lies beyond. Default 50, 500, 100, 200.
    pub windows: [u32; 4],
    /// Turns in a row that fail or time out before the breaker opens, 0..1 000; 0: it never does. Default 5.
    pub breaker_failures: u32,
    /// How long it stays open the first time, 1..600 000 ms; twice as long each time its probe fails, 600 000 at
    /// most, ± 10 %. Default 30 000.
    pub breaker_open_ms: i64,
    /// Pause in a room between its last answer and a turn that no human asked for, 0..600 000 ms. Default 10 000.
    pub room_gap_ms: i64,
    /// Turns in a room that no human asked for, since a human spoke there, 1..10 000; what comes then is declined.
    /// Default 50.
    pub room_cap: u32,
    /// Whether it answers what another persona says in a room to nobody in particular. Default false.
    pub undirected: bool,
    /// Whether energy and load decide what it takes up. Default false.
    pub temperament: bool,
    /// How much its work costs in energy, permille, 0..10 000. Default 1 000: a tenth of all energy per minute.
    pub complexity: u32,
    /// What is left of its compute budget, permille, 0..1 000; below 200 it is overwhelmed. Default 1 000.
    pub compute: u32,
}

impl Default for SlotSettings {
    fn default() -> Self {
        Self {
            max_parallel_turns: 1,
            max_queued: 10_000,
            deadline_ms: 120_000,
            paused: false,
            on_unknown: OnUnknown::Retry,
            windows: [50, 500, 100, 200],
            breaker_failures: 5,
            breaker_open_ms: 30_000,
            room_gap_ms: 10_000,
            room_cap: 50,
            undirected: false,
            temperament: false,
            complexity: 1_000,
            compute: 1_000,
        }
    }
}

impl SlotSettings {
    pub(crate) fn validate(&self) -> Result<(), Fault> {
        in_range("max_parallel_turns", i64::from(self.max_parallel_turns), 1, 1_024)?;
        in_range("max_queued", i64::from(self.max_queued), 1, 1_000_000)?;
        in_range("deadline_ms", self.deadline_ms, 1, 3_600_000)?;
        for window in self.windows {
            in_range("windows", i64::from(window), 1, 10_000)?;
        }
        in_range("breaker_failures", i64::from(self.breaker_failures), 0, 1_000)?;
        in_range("breaker_open_ms", self.breaker_open_ms, 1, 600_000)?;
        in_range("room_gap_ms", self.room_gap_ms, 0, 600_000)?;
        in_range("room_cap", i64::from(self.room_cap), 1, 10_000)?;
        in_range("complexity", i64::from(self.complexity), 0, 10_000)?;
        in_range("compute", i64::from(self.compute), 0, 1_000)
    }

    pub(crate) fn deadline_of(&self, lane: Lane) -> i64 {
        if lane == Lane::Voice { self.deadline_ms.min(VOICE_DEADLINE_MS) } else { self.deadline_ms }
    }
}

fn in_range(field: &'static str, value: i64, min: i64, max: i64) -> Result<(), Fault> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(Fault::OutOfRange { field, min, max }) }
}
