//! The public face: every call on a fleet, each of them a few lines over the parts.

use std::collections::VecDeque;

use crate::backlog::Backlog;
use crate::condition::{Condition, Sleep};
use crate::energy::Energy;
use crate::flight::Flight;
use crate::hash::{LatestIndex, StrandIndex, index_bytes};
use crate::item::Item;
use crate::list::List;
use crate::outbox::Outbox;
use crate::permits::Permits;
use crate::profiles::Profiles;
use crate::rng::Rng;
use crate::rooms::Rooms;
use crate::slab::{NONE, Slab};
use crate::slot::{Life, Slot};
use crate::strand::Strand;
use crate::wheel::Wheel;
use crate::{
    Batch, Budget, Envelope, Fault, Flags, FleetOptions, FleetStatus, Heard, Next, Outcome, Reason, Refusal,
    SleepMode, SlotId, SlotSettings, TurnId,
};

/// All enrolled personas of one process, their undecided items and their turns in flight.
///
/// Times are milliseconds on any one clock; a `now` smaller than an earlier one counts as the earlier one.
pub struct Fleet {
    pub(crate) options: FleetOptions,
    pub(crate) now: i64,
    pub(crate) rng: Rng,
    pub(crate) profiles: Profiles,
    pub(crate) slots: Slab<Slot>,
    pub(crate) strands: Slab<Strand>,
    pub(crate) items: Slab<Item>,
    pub(crate) flights: Slab<Flight>,
    pub(crate) index: StrandIndex,
    /// The items that a newer one would take the place of.
    pub(crate) latest: LatestIndex,
    pub(crate) wheel: Wheel<Due>,
    /// Slots that can do something, in the order of their visits, by the best lane among their candidates.
    pub(crate) rings: [List; 4],
    pub(crate) permits: Permits,
    /// Slots with room for items of their backlog.
    pub(crate) hungry: VecDeque<u32>,
    pub(crate) rooms: Rooms,
    pub(crate) outbox: Outbox,
    pub(crate) tally: Tally,
}

/// What a timer is for: the index of a strand, an item, a flight, or a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The head of a strand may go.
    Hold(u32),
    /// A waiting item is given up.
    Expiry(u32),
    /// A turn has taken too long.
    Lease(u32),
    /// The breaker of a slot lets a probe through.
    HalfOpen(u32),
    /// A sleeping slot wakes.
    Wake(u32),
}

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) reserved: u64,
    /// Also in the callers' stores.
    pub(crate) waiting: [u64; 4],
    pub(crate) in_store: u64,
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
    pub(crate) conditions: usize,
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
            profiles: Profiles::default(),
            slots: Slab::new(),
            strands: Slab::new(),
            items: Slab::new(),
            flights: Slab::new(),
            index: StrandIndex::default(),
            latest: LatestIndex::default(),
            wheel: Wheel::new(),
            rings: [List::EMPTY; 4],
            permits: Permits::new(options.max_turns_in_flight),
            hungry: VecDeque::new(),
            rooms: Rooms::default(),
            outbox: Outbox::default(),
            tally: Tally::default(),
        })
    }

    /// Adds a persona.
    ///
    /// # Errors
    /// [`Fault::OutOfRange`] names the setting; [`Fault::FleetFull`].
    pub fn enroll(&mut self, settings: SlotSettings, now: i64) -> Result<SlotId, Fault> {
        settings.validate()?;
        if self.slots.is_full() {
            return Err(Fault::FleetFull);
        }
        self.pass_time(now);
        let profile = self.profiles.take(settings);
        let index = self.slots.insert_with(|last| Slot::new(profile, last));
        self.adopt_settings(index);
        Ok(self.slots[index].id(index))
    }

    /// Changes a persona's settings and keeps its inbox. New deadlines hold for new turns; items above a smaller
    /// `max_queued` or window stay.
    ///
    /// # Errors
    /// [`Fault::OutOfRange`] names the setting; [`Fault::UnknownSlot`].
    pub fn configure(&mut self, slot: SlotId, settings: SlotSettings, now: i64) -> Result<(), Fault> {
        settings.validate()?;
        let index = self.slot_index(slot).ok_or(Fault::UnknownSlot)?;
        self.pass_time(now);
        let profile = self.profiles.take(settings);
        self.profiles.give_back(std::mem::replace(&mut self.slots[index].profile, profile));
        self.adopt_settings(index);
        self.look_at_all(index);
        self.slot_changed(index);
        Ok(())
    }

    /// Puts a persona to sleep, until that moment if one is given, or wakes it (`Active`). It sleeps only while
    /// nothing that would wake it waits: then, and when its time has come, it is active again and a batch says so
    /// (`woken`).
    ///
    /// # Errors
    /// [`Fault::UnknownSlot`].
    pub fn sleep(
        &mut self,
        slot: SlotId,
        mode: SleepMode,
        until: Option<i64>,
        now: i64,
    ) -> Result<(), Fault> {
        let index = self.slot_index(slot).ok_or(Fault::UnknownSlot)?;
        self.pass_time(now);
        self.end_sleep(index);
        if mode != SleepMode::Active {
            let alarm = until.map_or(NONE, |until| self.wheel.set(self.now, until, Due::Wake(index)));
            self.condition(index).sleep = Some(Sleep { mode, since: self.now, alarm });
            if until.is_some_and(|until| until <= self.now) || self.has_alarming(index, mode) {
                self.wake(index);
            }
        }
        self.slot_changed(index);
        Ok(())
    }

    /// Takes note of what was said in a room, before its items are armed: call it once for each message there, in
    /// commit order. `content` stands for the sender and the words; equal numbers are duplicates, 0 never is.
    ///
    /// Rooms in which nothing happens for 10 minutes are forgotten.
    pub fn hear(&mut self, room: u64, human: bool, content: u64, now: i64) -> Heard {
        self.pass_time(now);
        self.rooms.hear(room, human, content, self.now)
    }

    /// Takes back a message that was not written after all.
    pub fn unhear(&mut self, room: u64, number: u32) {
        self.rooms.unhear(room, number);
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
        self.slot_changed(index);
        Ok(())
    }

    /// Why the persona would decline an item with these flags as soon as it was armed, by the quiet rules of rooms: it
    /// can be written as declined at once, needs no place and is not to be armed. None: it has to be admitted.
    #[must_use]
    pub fn declines(&self, slot: SlotId, flags: Flags) -> Option<Reason> {
        let index = self.slot_index(slot)?;
        (self.slots[index].life == Life::Enrolled).then(|| self.quiet_rule(index, flags)).flatten()
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
            self.slot_changed(index);
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
        self.ask_for_backlogs(budget.wanted, batch);
        self.outbox.hand_out(budget.settlements, batch);
        self.debug_conservation();

        let deadline = self.wheel.next_deadline();
        let timers_due = deadline.is_some_and(|deadline| deadline <= self.now);
        let turns_ready = self.next_ring().is_some();
        let more = timers_due || turns_ready || !self.hungry.is_empty() || !self.outbox.is_empty();
        Next { deadline, more }
    }

    /// The clock was moved forward by so much at once, before the next `service` call: nobody has worked meanwhile, so
    /// that turns in flight may take so much longer, and have worked so much less. What waits for a moment has it come.
    pub fn stepped(&mut self, by: i64) {
        self.extend_leases(by);
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
            in_store: tally.in_store,
            turns_in_flight: u64::from(tally.turns),
            lanes_in_flight: self.permits.used(),
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

    /// Of the persona in a slot.
    pub(crate) fn settings(&self, slot: u32) -> &SlotSettings {
        &self.profiles[self.slots[slot].profile]
    }

    /// Turns that the persona may have at once: no single one may hold all that the fleet has.
    pub(crate) fn turns_at_once(&self, slot: u32) -> u32 {
        let share = (self.options.max_turns_in_flight / 2).max(1);
        self.settings(slot).max_parallel_turns.min(share)
    }

    fn reserve(&mut self, slot: SlotId, n: u32) -> Result<(), Refusal> {
        let index = self.slot_index(slot).ok_or(Refusal::Unknown)?;
        let max_queued = self.settings(index).max_queued;
        let slot = &mut self.slots[index];
        if slot.life != Life::Enrolled {
            return Err(Refusal::Draining);
        }
        let held = u64::from(slot.reserved) + u64::from(slot.undecided());
        if held + u64::from(n) > u64::from(max_queued) {
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

    /// Brings the condition of a persona in line with its settings.
    fn adopt_settings(&mut self, slot: u32) {
        let &SlotSettings { paused, breaker_failures, temperament, .. } = self.settings(slot);
        let now = self.now;
        if paused || temperament {
            let condition = self.condition(slot);
            if paused {
                condition.paused_since.get_or_insert(now);
            }
            if temperament {
                condition.energy.get_or_insert(Energy::full(now));
            }
        }
        let Some(condition) = &mut self.slots[slot].condition else { return };
        if !paused {
            condition.paused_since = None;
        }
        if !temperament {
            condition.energy = None;
        }
        if breaker_failures == 0 {
            condition.breaker.switch_off();
            let timer = std::mem::replace(&mut condition.half_opening, NONE);
            if timer != NONE {
                self.wheel.cancel(timer);
            }
        }
    }

    fn native_bytes(&self) -> usize {
        let tables = self.slots.bytes() + self.strands.bytes() + self.items.bytes() + self.flights.bytes();
        let rest = index_bytes(&self.index) + self.wheel.bytes() + self.outbox.bytes();
        let backlogs = self.tally.in_store as usize * Backlog::BYTES_PER_ITEM;
        let conditions = self.tally.conditions * size_of::<Condition>() + backlogs;
        let shared = self.profiles.bytes() + self.rooms.bytes();
        size_of::<Self>() + tables + rest + conditions + shared + self.tally.candidate_bytes
    }

    /// What came in is what went out, waits, or is in flight. Cheap enough to be asked after every call.
    pub(crate) fn debug_conservation(&self) {
        debug_assert!(self.is_conserved(), "items were lost or made");
    }

    pub(crate) fn is_conserved(&self) -> bool {
        let tally = &self.tally;
        let decided = tally.done + tally.declined + tally.dead;
        let undecided = tally.waiting.iter().sum::<u64>() + tally.items_in_flight;
        tally.accepted == decided + undecided && undecided == self.items.len() as u64 + tally.in_store
    }
}
