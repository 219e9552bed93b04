//! The public face: every call on a fleet, each of them a few lines over the parts.

use crate::flight::Flight;
use crate::hash::{StrandIndex, index_bytes};
use crate::item::Item;
use crate::lanes::Lanes;
use crate::list::List;
use crate::outbox::Outbox;
use crate::rng::Rng;
use crate::slab::Slab;
use crate::slot::{Life, Slot};
use crate::strand::Strand;
use crate::wheel::Wheel;
use crate::{
    Batch, Budget, Envelope, Fault, FleetOptions, FleetStatus, Held, Next, Outcome, Refusal, SlotId,
    SlotSettings, SlotStatus, TurnId,
};

/// All enrolled personas of one process, their undecided items and their turns in flight.
///
/// Times are milliseconds on any one clock; a `now` smaller than an earlier one counts as the earlier one.
pub struct Fleet {
    pub(crate) options: FleetOptions,
    pub(crate) now: i64,
    pub(crate) rng: Rng,
    pub(crate) slots: Slab<Slot>,
    pub(crate) strands: Slab<Strand>,
    pub(crate) items: Slab<Item>,
    pub(crate) flights: Slab<Flight>,
    pub(crate) index: StrandIndex,
    pub(crate) wheel: Wheel<Due>,
    /// Slots that can do something, in the order of their visits.
    pub(crate) ring: List,
    /// Items that the first slot of the ring has taken in a visit that a budget or the fleet's bound cut short.
    pub(crate) taken: u32,
    pub(crate) outbox: Outbox,
    pub(crate) tally: Tally,
}

/// What a timer is for: the index of a strand, an item, or a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The head of a strand may go.
    Hold(u32),
    /// A waiting item is given up.
    Expiry(u32),
    /// A turn has taken too long.
    Lease(u32),
}

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) reserved: u64,
    pub(crate) waiting: [u64; 4],
    pub(crate) turns: u32,
    pub(crate) items_in_flight: u64,
    pub(crate) accepted: u64,
    pub(crate) done: u64,
    pub(crate) declined: u64,
    pub(crate) dead: u64,
    pub(crate) retried: u64,
    pub(crate) refused: u64,
    pub(crate) visits: u64,
    pub(crate) candidate_bytes: usize,
}

/// What becomes of the undecided items of a persona that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unenroll {
    /// They are answered first. (A paused persona answers nothing: un-pause it, or return.)
    Drain,
    /// Waiting ones come back as declined; running turns end as they will.
    Return,
}

impl Fleet {
    /// An empty fleet.
    ///
    /// # Errors
    /// [`Fault::OutOfRange`] names the option.
    pub fn new(options: FleetOptions) -> Result<Self, Fault> {
        options.validate()?;
        Ok(Self {
            options,
            now: i64::MIN,
            rng: Rng::new(options.seed),
            slots: Slab::new(),
            strands: Slab::new(),
            items: Slab::new(),
            flights: Slab::new(),
            index: StrandIndex::default(),
            wheel: Wheel::new(),
            ring: List::EMPTY,
            taken: 0,
            outbox: Outbox::default(),
            tally: Tally::default(),
        })
    }

    /// Adds a persona.
    ///
    /// # Errors
    /// [`Fault::OutOfRange`] names the setting; [`Fault::FleetFull`].
    pub fn enroll(&mut self, settings: SlotSettings) -> Result<SlotId, Fault> {
        settings.validate()?;
        if self.slots.is_full() {
            return Err(Fault::FleetFull);
        }
        let index = self.slots.insert_with(|last| Slot::new(settings, last));
        Ok(self.slots[index].id(index))
    }

    /// Changes a persona's settings and keeps its inbox. New deadlines hold for new turns; items above a smaller
    /// `max_queued` stay.
    ///
    /// # Errors
    /// [`Fault::OutOfRange`] names the setting; [`Fault::UnknownSlot`].
    pub fn configure(&mut self, slot: SlotId, settings: SlotSettings) -> Result<(), Fault> {
        settings.validate()?;
        let index = self.slot_index(slot).ok_or(Fault::UnknownSlot)?;
        self.slots[index].settings = settings;
        self.review_slot(index);
        Ok(())
    }

    /// Takes nothing new for the persona and ends what it has. When nothing is reserved, waiting or in flight any
    /// more, the handle is void and a batch says so (`freed`). Draining may be changed to returning by a second
    /// call, not the other way round.
    ///
    /// # Errors
    /// [`Fault::UnknownSlot`].
    pub fn unenroll(&mut self, slot: SlotId, how: Unenroll) -> Result<(), Fault> {
        let index = self.slot_index(slot).ok_or(Fault::UnknownSlot)?;
        match (how, self.slots[index].life) {
            (Unenroll::Drain, Life::Enrolled) => self.slots[index].life = Life::Draining,
            (Unenroll::Return, Life::Enrolled | Life::Draining) => {
                self.slots[index].life = Life::Returning;
                self.return_all(index);
            }
            _ => {}
        }
        self.free_if_finished(index);
        Ok(())
    }

    /// Reserves places for `n` items, all or none, before they are written. A paused persona accepts.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn admit(&mut self, slot: SlotId, n: u32) -> Result<(), Refusal> {
        let admitted = self.reserve(slot, n);
        let counter = if admitted.is_ok() { &mut self.tally.reserved } else { &mut self.tally.refused };
        *counter += u64::from(n);
        admitted
    }

    /// Gives back places whose items were not written after all: at most what is reserved. An unknown handle is
    /// ignored.
    pub fn release(&mut self, slot: SlotId, n: u32) {
        if let Some(index) = self.slot_index(slot) {
            self.release_at(index, n);
            self.free_if_finished(index);
        }
    }

    /// Takes in one committed item. Call it in commit order, once for each item. Whatever cannot be taken in comes
    /// back as a settlement; see [`Flags`](crate::Flags) for what a crash left behind.
    pub fn arm(&mut self, envelope: &Envelope, now: i64) {
        self.pass_time(now);
        self.take_in(envelope);
        self.debug_conservation();
    }

    /// Cognition has answered and the reply is being written: the lease runs out no more, and `complete` must
    /// follow. False if the turn is not in flight (any more): the answer came too late.
    pub fn settling(&mut self, turn: TurnId) -> bool {
        let Some(index) = self.flight_index(turn) else { return false };
        self.end_lease(index);
        true
    }

    /// Ends a turn. False, without any effect, if it is not in flight (any more). A turn past its deadline can be
    /// completed until a `service` call has found it so.
    pub fn complete(&mut self, turn: TurnId, outcome: Outcome, now: i64) -> bool {
        self.pass_time(now);
        let Some(index) = self.flight_index(turn) else { return false };
        self.conclude(index, outcome);
        self.debug_conservation();
        true
    }

    /// Lets time pass, forms turns and hands out settlements, all within the budget. Clears the batch first.
    pub fn service(&mut self, now: i64, budget: Budget, batch: &mut Batch) -> Next {
        self.pass_time(now);
        batch.clear();
        self.fire_timers(batch);
        self.form_turns(budget, batch);
        self.outbox.hand_out(budget.settlements, batch);
        self.debug_conservation();

        let deadline = self.wheel.next_deadline();
        let timers_due = deadline.is_some_and(|deadline| deadline <= self.now);
        let turns_ready = !self.ring.is_empty() && self.has_room_for_turn();
        Next { deadline, more: timers_due || turns_ready || !self.outbox.is_empty() }
    }

    /// Counts over the whole fleet.
    #[must_use]
    pub fn status(&self) -> FleetStatus {
        let tally = &self.tally;
        FleetStatus {
            personas: self.slots.len() as u64,
            reserved: tally.reserved,
            waiting: tally.waiting.iter().sum(),
            lanes: tally.waiting,
            turns_in_flight: u64::from(tally.turns),
            items_in_flight: tally.items_in_flight,
            accepted: tally.accepted,
            done: tally.done,
            declined: tally.declined,
            dead: tally.dead,
            retried: tally.retried,
            refused: tally.refused,
            visits: tally.visits,
            timers: self.wheel.len() as u64,
            native_bytes: self.native_bytes() as u64,
        }
    }

    /// Counts of one persona; None if the handle names none (any more). Looks at all its conversations.
    #[must_use]
    pub fn slot_status(&self, slot: SlotId) -> Option<SlotStatus> {
        let slot = &self.slots[self.slot_index(slot)?];
        let held = self.held(slot);
        Some(SlotStatus {
            reserved: slot.reserved,
            waiting: slot.lanes.total(),
            lanes: slot.lanes.counts(),
            turns_in_flight: slot.turns,
            items_in_flight: slot.items_in_flight,
            held: held.map(|(held, _)| held),
            held_until: held.and_then(|(_, until)| until),
            draining: slot.life != Life::Enrolled,
        })
    }

    pub(crate) fn pass_time(&mut self, now: i64) {
        self.now = self.now.max(now);
    }

    pub(crate) fn slot_index(&self, slot: SlotId) -> Option<u32> {
        let index = slot.index();
        let row = self.slots.get(index)?;
        (row.life != Life::Vacant && row.id(index) == slot).then_some(index)
    }

    fn flight_index(&self, turn: TurnId) -> Option<u32> {
        let index = turn.index();
        let row = self.flights.get(index)?;
        (row.running && row.id(index) == turn).then_some(index)
    }

    pub(crate) fn has_room_for_turn(&self) -> bool {
        self.tally.turns < self.options.max_turns_in_flight
    }

    fn reserve(&mut self, slot: SlotId, n: u32) -> Result<(), Refusal> {
        let index = self.slot_index(slot).ok_or(Refusal::Unknown)?;
        let slot = &mut self.slots[index];
        if slot.life != Life::Enrolled {
            return Err(Refusal::Draining);
        }
        let held = u64::from(slot.reserved) + u64::from(slot.undecided());
        if held + u64::from(n) > u64::from(slot.settings.max_queued) {
            return Err(Refusal::Full);
        }
        slot.reserved += n;
        Ok(())
    }

    pub(crate) fn release_at(&mut self, index: u32, n: u32) {
        let slot = &mut self.slots[index];
        let n = n.min(slot.reserved);
        slot.reserved -= n;
        self.tally.reserved -= u64::from(n);
    }

    fn held(&self, slot: &Slot) -> Option<(Held, Option<i64>)> {
        if slot.lanes == Lanes::default() {
            return None;
        }
        if slot.settings.paused {
            return Some((Held::Paused, None));
        }
        if !slot.has_room_for_turn() {
            return Some((Held::Busy, None));
        }
        if !slot.candidates.is_empty() {
            return (!self.has_room_for_turn()).then_some((Held::FleetBusy, None));
        }
        let strands = slot.strands.iter(&self.strands).map(|strand| &self.strands[strand]);
        let until = strands.filter_map(|strand| self.held_until(strand)).min();
        Some((if until.is_some() { Held::BackingOff } else { Held::Busy }, until))
    }

    fn native_bytes(&self) -> usize {
        let tables = self.slots.bytes() + self.strands.bytes() + self.items.bytes() + self.flights.bytes();
        let rest = index_bytes(&self.index) + self.wheel.bytes() + self.outbox.bytes();
        size_of::<Self>() + tables + rest + self.tally.candidate_bytes
    }

    /// What came in is what went out, waits, or is in flight. Cheap enough to be asked after every call.
    pub(crate) fn debug_conservation(&self) {
        debug_assert!(self.is_conserved(), "items were lost or made");
    }

    pub(crate) fn is_conserved(&self) -> bool {
        let tally = &self.tally;
        let decided = tally.done + tally.declined + tally.dead;
        let undecided = tally.waiting.iter().sum::<u64>() + tally.items_in_flight;
        tally.accepted == decided + undecided && undecided == self.items.len() as u64
    }
}
