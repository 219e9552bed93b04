//! What goes out of the cycle, and what comes back for it.

use std::ops::Range;

use crate::{Flags, Lane, SlotId, TurnId};

/// How much one `service` call may hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Turns. Default 128.
    pub turns: u32,
    /// Settlements; those of one turn stay together, so that up to 19 more may come. Default 1 024.
    pub settlements: u32,
    /// Keys of items that are asked for. Default 256.
    pub wanted: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { turns: 128, settlements: 1_024, wanted: 256 }
    }
}

/// When to call `service` again, if nothing is armed or completed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// The first moment at which time alone changes something. It may be too early (a timer was cancelled),
    /// never too late. None: nothing waits for time.
    pub deadline: Option<i64>,
    /// Whether the budget ended the call: call again at once.
    pub more: bool,
}

/// The output of one `service` call, which clears it first. Keep it between calls: its memory is reused.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Turns to hand to cognition, in this order.
    pub turns: Vec<Turn>,
    /// Item keys of all turns; see [`Turn::items`].
    pub items: Vec<u64>,
    /// What became of items without the caller's doing, to be written.
    pub settlements: Vec<Settlement>,
    /// Turns whose lease ran out: abort them. Their settlements are in this batch or a later one.
    pub expired: Vec<TurnId>,
    /// Personas that are gone; all their settlements are in this batch or an earlier one.
    pub freed: Vec<SlotId>,
    /// Personas that have woken up; see `Fleet::sleep`.
    pub woken: Vec<SlotId>,
    /// Items that were put aside in the caller's store and have room now: arm them in this order, with `PAGED`.
    pub wanted: Vec<u64>,
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.turns.clear();
        self.items.clear();
        self.settlements.clear();
        self.expired.clear();
        self.freed.clear();
        self.woken.clear();
        self.wanted.clear();
    }
}

/// Items of one conversation that go to cognition of one persona at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// For `settling` and `complete`.
    pub id: TurnId,
    /// Whose turn it is.
    pub slot: SlotId,
    /// Where it speaks.
    pub conversation: u64,
    /// Lane of all its items.
    pub lane: Lane,
    /// From 1: one more than the largest attempt of its items.
    pub attempt: u32,
    /// When its lease runs out.
    pub deadline: i64,
    /// The `now` of the call that formed it.
    pub formed_at: i64,
    /// What put it before the persona's other conversations.
    pub why: Why,
    /// 0..1, with what waiting has added.
    pub effective_priority: f32,
    /// Since its first item was accepted; 0 if that lies in the future.
    pub waited_ms: i64,
    /// Where its keys are in [`Batch::items`]: 1 to 20, in commit order; the last is the trigger.
    pub items: Range<usize>,
}

/// The criterion that decided between the chosen conversation and the next best of the same persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// An urgent item waits in it.
    Urgent,
    /// Its first item has waited past the starvation bound, and longest.
    Starved,
    /// A better lane waits in it.
    Lane,
    /// Its effective priority is higher.
    Priority,
    /// All else being equal, it is older.
    Age,
    /// No other conversation was ready.
    Only,
}

/// How a turn ended. Times are milliseconds on the caller's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered, and written by the caller.
    Done,
    /// Cognition declined, and the caller has written it.
    Declined,
    /// Cognition failed.
    Failed,
    /// Cognition took too long (as the caller found; the lease finds it too).
    TimedOut,
    /// The provider said "later": no failure. The caller has written that the items wait again.
    Throttled {
        /// Not handed out before.
        retry_at: i64,
    },
    /// The turn was called off before it was begun: no failure and no attempt. The items wait as they did.
    Cancelled {
        /// Not handed out before.
        retry_at: i64,
    },
}

/// What became of one item without the caller's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The caller's key.
    pub item: u64,
    /// Whose inbox it was in, as it was armed.
    pub slot: SlotId,
    /// Its conversation.
    pub conversation: u64,
    /// The turn that ended with it; None if the item was waiting. Settlements of one turn follow each other in
    /// commit order and are never split over two batches.
    pub turn: Option<TurnId>,
    /// What became of it.
    pub kind: Kind,
    /// Why.
    pub reason: Reason,
    /// Turns it has been in.
    pub attempt: u32,
    /// Turns that it alone made fail.
    pub failures: u32,
    /// To be stored with the item: without those that say how it was armed.
    pub flags: Flags,
}

/// See [`Settlement::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It waits again.
    Retry {
        /// Not handed out before.
        not_before: i64,
    },
    /// It is given up.
    Dead,
    /// It goes back unanswered.
    Declined,
}

/// See [`Settlement::reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its turn failed.
    Failed,
    /// Its turn took too long.
    TimedOut,
    /// It waited past its `expires_at`.
    Expired,
    /// Its persona is gone or going.
    Unenrolled,
    /// Its turn was cut off by a crash.
    UnknownOutcome,
    /// The persona said it itself.
    Own,
    /// The same was said just before.
    Duplicate,
    /// Another persona said it to nobody in particular.
    Undirected,
    /// Machines were talking among themselves.
    Echo,
    /// The persona has taken as many turns in the room as it may until a human speaks.
    RoomCap,
    /// A newer one has taken its place.
    Superseded,
    /// There was no room for it in memory, and there is no store.
    Evicted,
}
