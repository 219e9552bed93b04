//! What can be seen of a fleet without changing it.

/// Counts over the whole fleet. Always: accepted = done + declined + dead + waiting + `items_in_flight`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FleetStatus {
    /// Enrolled personas, those being unenrolled included.
    pub personas: u64,
    /// Places reserved by `admit` and not yet taken or released.
    pub reserved: u64,
    /// Items that wait.
    pub waiting: u64,
    /// The same by lane, in the order of `Lane::ALL`.
    pub lanes: [u64; 4],
    /// Turns in flight.
    pub turns_in_flight: u64,
    /// Items in them.
    pub items_in_flight: u64,
    /// Items armed since the start.
    pub accepted: u64,
    /// Items of turns completed as done.
    pub done: u64,
    /// Items declined by cognition or by the cycle.
    pub declined: u64,
    /// Items given up.
    pub dead: u64,
    /// Times an item went back to wait after a failure.
    pub retried: u64,
    /// Items that `admit` refused.
    pub refused: u64,
    /// Times `service` looked at a persona.
    pub visits: u64,
    /// Timers set.
    pub timers: u64,
    /// Memory of the fleet's tables, free places included, without the allocator's own.
    pub native_bytes: u64,
}

/// Counts of one persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotStatus {
    /// Places reserved by `admit` and not yet taken or released.
    pub reserved: u32,
    /// Items that wait.
    pub waiting: u32,
    /// The same by lane, in the order of `Lane::ALL`.
    pub lanes: [u32; 4],
    /// Turns in flight.
    pub turns_in_flight: u32,
    /// Items in them.
    pub items_in_flight: u32,
    /// Why nothing of it can be handed out now; None if it could be, or nothing waits.
    pub held: Option<Held>,
    /// When that ends by itself, if it does.
    pub held_until: Option<i64>,
    /// Whether it is being unenrolled.
    pub draining: bool,
}

/// Why a persona with waiting items gets no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Held {
    /// It is paused.
    Paused,
    /// It has its bound of turns in flight, or one in every conversation where something waits.
    Busy,
    /// The fleet has its bound of turns in flight.
    FleetBusy,
    /// The first item of every free conversation may not go yet.
    BackingOff,
}
