//! The end of a turn.

use crate::failure::retry_at;
use crate::fleet::Fleet;
use crate::flight::Flight;
use crate::inbox::Failure;
use crate::list::{List, after};
use crate::slab::NONE;
use crate::{Outcome, Reason, TurnId};

impl Fleet {
    pub(crate) fn conclude(&mut self, flight: u32, outcome: Outcome) {
        let strand = self.flights[flight].strand;
        let slot = self.strands[strand].slot;
        let items = self.land(flight);
        match outcome {
            Outcome::Done => self.tally.done += self.dissolve(items),
            Outcome::Declined => self.tally.declined += self.dissolve(items),
            Outcome::Failed => self.fail(flight, items, Reason::Failed),
            Outcome::TimedOut => self.fail(flight, items, Reason::TimedOut),
            Outcome::Throttled { retry_at } | Outcome::Cancelled { retry_at } => {
                self.postpone(items, retry_at);
                self.come_back(strand, items, None, None);
            }
        }
        self.review_strand(strand);
        self.free_if_finished(slot);
    }

    /// The lease of a turn ends before the turn does.
    pub(crate) fn end_lease(&mut self, flight: u32) {
        let lease = std::mem::replace(&mut self.flights[flight].lease, NONE);
        if lease != NONE {
            self.wheel.cancel(lease);
        }
    }

    /// Takes the turn out of all counts; its items are then in no list.
    fn land(&mut self, flight: u32) -> List {
        self.end_lease(flight);
        let Flight { items, count, strand, .. } = self.flights[flight];
        self.flights[flight].running = false;
        self.flights.free(flight);
        self.strands[strand].flight = NONE;
        let slot = &mut self.slots[self.strands[strand].slot];
        slot.turns -= 1;
        slot.items_in_flight -= count;
        self.tally.turns -= 1;
        self.tally.items_in_flight -= u64::from(count);
        items
    }

    fn dissolve(&mut self, mut items: List) -> u64 {
        let mut count = 0;
        while let Some(index) = items.pop_front(&mut self.items) {
            self.items.free(index);
            count += 1;
        }
        count
    }

    fn fail(&mut self, flight: u32, items: List, reason: Reason) {
        let Flight { attempt, count, strand, .. } = self.flights[flight];
        let retry_at = retry_at(self.now, attempt, &mut self.rng);
        let failure = Failure { reason, was_alone: count == 1, retry_at };
        self.come_back(strand, items, Some(self.flights[flight].id(flight)), Some(failure));
    }

    fn postpone(&mut self, items: List, until: i64) {
        let mut next = items.first();
        while let Some(index) = next {
            self.items[index].not_before = until;
            next = after(&self.items, index);
        }
    }

    /// Puts what may wait again before the strand's other items, in the old order.
    fn come_back(&mut self, strand: u32, mut items: List, turn: Option<TurnId>, failure: Option<Failure>) {
        let slot = self.strands[strand].slot;
        let mut waiting = List::EMPTY;
        while let Some(index) = items.pop_front(&mut self.items) {
            let verdict = self.verdict(slot, index, failure);
            if self.carry_out(index, turn, verdict) {
                waiting.push_back(&mut self.items, index);
                self.begin_waiting(slot, index);
            }
        }
        self.strands[strand].prepend(&mut self.items, waiting);
    }
}
