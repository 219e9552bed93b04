//! What can be seen of a fleet without changing it.

use crate::{SleepMode, SlotId};

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
    /// Of those that wait, how many are in the caller's store only.
    pub in_store: u64,
    /// Turns in flight.
    pub turns_in_flight: u64,
    /// The same by lane.
    pub lanes_in_flight: [u32; 4],
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

/// What can be seen of one persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotStatus {
    /// Places reserved by `admit` and not yet taken or released.
    pub reserved: u32,
    /// Items that wait.
    pub waiting: u32,
    /// The same by lane, in the order of `Lane::ALL`.
    pub lanes: [u32; 4],
    /// Of those that wait, how many are in the caller's store only.
    pub in_store: u32,
    /// Turns in flight.
    pub turns_in_flight: u32,
    /// Items in them.
    pub items_in_flight: u32,
    /// Why nothing of it can be handed out now; None if it could be, or nothing waits.
    pub held: Option<Held>,
    /// Since when, where that is known.
    pub held_since: Option<i64>,
    /// When that ends by itself, if it does.
    pub held_until: Option<i64>,
    /// Whether it is being unenrolled.
    pub draining: bool,
    /// Its circuit breaker.
    pub breaker: BreakerStatus,
    /// What it waits for in its sleep; `Active` if it is awake.
    pub sleep: SleepMode,
    /// When it wakes by itself.
    pub sleep_until: Option<i64>,
    /// How rested it is, permille; 1 000 without a temperament.
    pub energy: u32,
    /// Items that it took beyond its share; it gets so many fewer at its next visit.
    pub debt: u32,
}

/// What can be seen of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerStatus {
    /// Whether it lets turns through.
    pub state: BreakerState,
    /// Closed: turns that failed in a row. Otherwise: probes that did.
    pub failures: u32,
    /// When it opens a little, if it is open.
    pub until: Option<i64>,
}

/// See [`BreakerStatus::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Turns go through.
    Closed,
    /// None does.
    Open,
    /// One does, as a probe.
    HalfOpen,
}

/// How much a persona has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLoad {
    /// Who it is.
    pub slot: SlotId,
    /// Items that wait.
    pub waiting: u32,
    /// Turns in flight.
    pub turns_in_flight: u32,
}

/// One conversation of a persona in which something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrandStatus {
    /// Its key.
    pub conversation: u64,
    /// Key of the item that comes next.
    pub item: u64,
    /// Items that wait in it, in memory.
    pub waiting: u32,
    /// Why that item gets no turn; None if its turn is near.
    pub held: Option<Held>,
    /// Since when, where that is known.
    pub since: Option<i64>,
    /// When that ends at the latest, or may end by itself.
    pub until: Option<i64>,
}

/// Why a persona with waiting items gets no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Held {
    /// It is paused.
    Paused,
    /// It sleeps.
    Asleep,
    /// Its breaker is open.
    BreakerOpen,
    /// One turn tries whether it answers again.
    BreakerProbing,
    /// It has its bound of turns in flight, or one in every conversation where something waits.
    Busy,
    /// The fleet has its bound of turns in flight, or that of the lane.
    FleetBusy,
    /// The first item of every free conversation may not go yet.
    BackingOff,
    /// It has just spoken in the room, and no human asks.
    RoomGap,
    /// Too much waits for it, or it has too little left to compute with; this is not important enough.
    Overwhelmed,
    /// It has worked much; this is not important enough.
    Tired,
    /// What waits is on its way from the caller's store.
    Paging,
}
