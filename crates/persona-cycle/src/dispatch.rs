//! `service`: time passes, turns are formed.

use crate::candidates::Choice;
use crate::fleet::{Due, Fleet};
use crate::flight::{Flight, Takeoff};
use crate::list::after;
use crate::rank::STARVATION_MS;
use crate::slab::NONE;
use crate::{Batch, Budget, Lane, Outcome, Turn};

/// Timers moved or fired in one `service` call, a few tens of nanoseconds each: a million that are due together
/// are worked off in many short calls.
const TIMER_STEPS: u32 = 4_096;

/// Leases that end in one `service` call, at most.
pub const MOST_EXPIRED: usize = TIMER_STEPS as usize;

/// While so many settlements wait to be handed out, timers make no more: their number must not depend on how many
/// items expire together.
const OUTBOX_LIMIT: usize = 4_096;

/// What one call may still do.
struct Left {
    turns: u32,
    /// Of items that would go although their time is over: no more than are handed out.
    expiries: u32,
}

impl Left {
    fn is_some(&self) -> bool {
        self.turns > 0 && self.expiries > 0
    }
}

impl Fleet {
    pub(crate) fn fire_timers(&mut self, batch: &mut Batch) {
        let mut steps = TIMER_STEPS;
        while self.outbox.len() < OUTBOX_LIMIT
            && let Some(due) = self.wheel.pop_due(self.now, &mut steps)
        {
            match due {
                Due::Hold(strand) => {
                    let slot = self.strands[strand].slot;
                    self.strands[strand].hold = None;
                    self.look_at(strand);
                    self.slot_changed(slot);
                }
                Due::Expiry(item) => {
                    self.items[item].timer = NONE;
                    self.expire(item);
                }
                Due::Lease(flight) => {
                    self.flights[flight].lease = NONE;
                    batch.expired.push(self.flights[flight].id(flight));
                    self.conclude(flight, Outcome::TimedOut);
                }
                Due::HalfOpen(slot) => {
                    let condition = self.condition(slot);
                    condition.half_opening = NONE;
                    condition.breaker.half_open();
                    self.slot_changed(slot);
                }
                Due::Wake(slot) => {
                    self.forget_alarm(slot);
                    self.wake(slot);
                    self.slot_changed(slot);
                }
            }
        }
    }

    /// Walks the rings. The order of turns does not depend on how the budget cuts the walk: a visit that it ends goes
    /// on when its slot is first again.
    pub(crate) fn form_turns(&mut self, budget: Budget, batch: &mut Batch) {
        let mut left = Left { turns: budget.turns, expiries: budget.settlements.max(1) };
        while left.is_some()
            && let Some((lane, slot)) = self.next_ring()
        {
            self.tally.visits += 1;
            self.visit(lane, slot, &mut left, batch);
        }
    }

    /// The ring whose first slot comes next: the best one whose lane is open, unless somebody waits in another for
    /// too long.
    pub(crate) fn next_ring(&self) -> Option<(Lane, u32)> {
        let open = self.permits.open();
        let rings = Lane::ALL.into_iter().filter(|&lane| open.has(lane));
        let fronts = rings.filter_map(|lane| Some((lane, self.rings[lane as usize].first()?)));
        let starved_since = self.now.saturating_sub(STARVATION_MS);
        let since = |slot: u32| self.slots[slot].ready_since;
        let starved = fronts.clone().filter(|&(_, slot)| since(slot) <= starved_since);
        starved.min_by_key(|&(lane, slot)| (since(slot), lane)).or_else(|| fronts.clone().next())
    }

    /// Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995): a quantum of items at each visit. A turn may take
    /// more than is left of it, and that is taken off the next one.
    fn visit(&mut self, lane: Lane, slot: u32, left: &mut Left, batch: &mut Batch) {
        let row = &mut self.slots[slot];
        if !row.visited {
            row.visited = true;
            row.credit = row.credit.saturating_add_unsigned(self.options.quantum);
        }
        // A slot that has left the ring, even if it came back, has had its visit.
        while self.slots[slot].visited && self.slots[slot].ring == Some(lane) {
            if self.slots[slot].credit <= 0 {
                return self.send_to_back(slot);
            }
            if !left.is_some() || !self.permits.open().has(lane) {
                return;
            }
            self.form_turn(slot, left, batch);
        }
    }

    fn form_turn(&mut self, slot: u32, left: &mut Left, batch: &mut Batch) {
        let open = self.permits.open();
        let Some(Choice { strand, why }) = self.slots[slot].candidates.best(self.now, open) else { return };
        if let Some(item) = self.expired_in_run(strand) {
            left.expiries -= 1;
            self.slots[slot].credit -= 1;
            return self.expire(item);
        }
        left.turns -= 1;
        let rank = self.strands[strand].rank(&self.items);
        let start = batch.items.len();
        let flight = self.take_off(strand, &mut batch.items);
        self.slot_changed(slot);

        let Flight { takeoff: Takeoff { attempt, .. }, lease, .. } = self.flights[flight];
        batch.turns.push(Turn {
            id: self.flights[flight].id(flight),
            slot: self.slots[slot].id(slot),
            conversation: self.strands[strand].conversation,
            lane: rank.lane,
            attempt,
            deadline: self.wheel.deadline(lease),
            formed_at: self.now,
            why,
            effective_priority: rank.effective_priority(self.now),
            waited_ms: self.now.saturating_sub(rank.enqueued_at).max(0),
            items: start..batch.items.len(),
        });
    }

    /// An item that would go although its time is over: its timer is among those that `TIMER_STEPS` left.
    fn expired_in_run(&self, strand: u32) -> Option<u32> {
        let strand = &self.strands[strand];
        let mut run = strand.waiting(&self.items).take(strand.run().length as usize);
        run.find(|&item| self.items[item].expires_at <= self.now)
    }

    /// Moves the leading items of a strand into a turn and notes their keys.
    fn take_off(&mut self, strand: u32, keys: &mut Vec<u64>) -> u32 {
        let slot = self.strands[strand].slot;
        let from = self.asker_of(strand);
        let items = self.strands[strand].take_run(&mut self.items);
        let (mut count, mut attempt, mut lane) = (0, 0, Lane::Background);
        let mut next = items.first();
        while let Some(index) = next {
            self.end_waiting(slot, index);
            let item = &mut self.items[index];
            item.attempt = item.attempt.saturating_add(1);
            attempt = attempt.max(item.attempt);
            lane = item.lane;
            count += 1;
            keys.push(item.key);
            next = after(&self.items, index);
        }
        let deadline = self.now.saturating_add(self.settings(slot).deadline_of(lane));
        let breaker = self.begin_work(slot);
        let formed_at = self.now;
        let takeoff = Takeoff { items, count, strand, attempt, formed_at, breaker, lane, from };
        let flight = self.flights.insert_with(|last| Flight::new(takeoff, last));
        self.flights[flight].lease = self.wheel.set(self.now, deadline, Due::Lease(flight));
        self.unseat(strand);
        self.strands[strand].flight = flight;
        let row = &mut self.slots[slot];
        row.turns += 1;
        row.items_in_flight += count;
        row.credit = row.credit.saturating_sub_unsigned(count);
        self.permits.take(lane);
        self.tally.turns += 1;
        self.tally.items_in_flight += u64::from(count);
        flight
    }
}
