//! `service`: time passes, turns are formed.

use crate::candidates::Choice;
use crate::fleet::{Due, Fleet};
use crate::flight::Flight;
use crate::list::after;
use crate::slab::NONE;
use crate::{Batch, Budget, Lane, Outcome, Turn};

/// Timers moved or fired in one `service` call, a few tens of nanoseconds each: a million that are due together
/// are worked off in many short calls.
const TIMER_STEPS: u32 = 4_096;

/// While so many settlements wait to be handed out, timers make no more: their number must not depend on how many
/// items expire together.
const OUTBOX_LIMIT: usize = 4_096;

/// What one call may still do.
struct Left {
    turns: u32,
    /// Of items that would go although their time is over: no more than are handed out.
    expiries: u32,
}

impl Fleet {
    pub(crate) fn fire_timers(&mut self, batch: &mut Batch) {
        let mut steps = TIMER_STEPS;
        while self.outbox.len() < OUTBOX_LIMIT
            && let Some(due) = self.wheel.pop_due(self.now, &mut steps)
        {
            match due {
                Due::Hold(strand) => {
                    self.strands[strand].hold = NONE;
                    self.review_strand(strand);
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
            }
        }
    }

    /// Walks the ring. The order of turns does not depend on how the budget cuts the walk: a visit that it ends
    /// goes on with the next call.
    pub(crate) fn form_turns(&mut self, budget: Budget, batch: &mut Batch) {
        let mut left = Left { turns: budget.turns, expiries: budget.settlements.max(1) };
        while let Some(slot) = self.ring.first() {
            if !self.may_form(&left) {
                return;
            }
            self.tally.visits += 1;
            self.visit(slot, &mut left, batch);
        }
    }

    fn may_form(&self, left: &Left) -> bool {
        left.turns > 0 && left.expiries > 0 && self.has_room_for_turn()
    }

    fn visit(&mut self, slot: u32, left: &mut Left, batch: &mut Batch) {
        while self.slots[slot].in_ring && self.may_form(left) {
            self.form_turn(slot, left, batch);
            // If the slot has left the ring, the count is that of the next one: 0.
            if self.taken >= self.options.quantum {
                self.send_to_back(slot);
                return;
            }
        }
    }

    fn form_turn(&mut self, slot: u32, left: &mut Left, batch: &mut Batch) {
        let Some(Choice { strand, why }) = self.slots[slot].candidates.best(self.now) else { return };
        if let Some(item) = self.expired_in_run(strand) {
            left.expiries -= 1;
            self.taken += 1;
            return self.expire(item);
        }
        left.turns -= 1;
        let rank = self.strands[strand].rank(&self.items);
        let start = batch.items.len();
        let flight = self.take_off(strand, &mut batch.items);
        self.review_slot(slot);

        let Flight { attempt, lease, .. } = self.flights[flight];
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
        let mut run = strand.waiting(&self.items).take(strand.run_length() as usize);
        run.find(|&item| self.items[item].expires_at <= self.now)
    }

    /// Moves the leading items of a strand into a turn and notes their keys.
    fn take_off(&mut self, strand: u32, keys: &mut Vec<u64>) -> u32 {
        let slot = self.strands[strand].slot;
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
        let flight = self.flights.insert_with(|last| Flight::new(items, count, strand, attempt, last));
        let deadline = self.now.saturating_add(self.slots[slot].settings.deadline_of(lane));
        self.flights[flight].lease = self.wheel.set(self.now, deadline, Due::Lease(flight));
        self.unseat(strand);
        self.strands[strand].flight = flight;
        self.slots[slot].turns += 1;
        self.slots[slot].items_in_flight += count;
        self.tally.turns += 1;
        self.tally.items_in_flight += u64::from(count);
        self.taken += count;
        flight
    }
}
