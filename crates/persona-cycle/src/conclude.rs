//! The beginning of a turn for its persona, and its end.

use crate::energy::FULL;
use crate::failure::retry_at;
use crate::fleet::{Due, Fleet};
use crate::flight::{Asker, Flight, Takeoff};
use crate::inbox::Failure;
use crate::list::{List, after};
use crate::slab::NONE;
use crate::{Flags, Lane, Outcome, Reason, TurnId};

impl Fleet {
    /// Who asks for the next turn of a strand.
    pub(crate) fn asker_of(&self, strand: u32) -> Asker {
        let row = &self.strands[strand];
        let Some(head) = row.head().map(|head| &self.items[head]) else { return Asker::Session };
        if !head.flags.has(Flags::ROOM) {
            Asker::Session
        } else if row.run().human || head.lane == Lane::Voice {
            Asker::Room
        } else {
            Asker::Machines
        }
    }

    /// The persona begins a turn. Gives the generation of its breaker.
    pub(crate) fn begin_work(&mut self, slot: u32) -> u32 {
        let now = self.now;
        let row = &mut self.slots[slot];
        let Some(condition) = &mut row.condition else { return 0 };
        condition.breaker.begin(now);
        if let Some(energy) = &mut condition.energy
            && row.turns == 0
        {
            energy.stop_resting(now);
        }
        condition.breaker.generation
    }

    pub(crate) fn conclude(&mut self, flight: u32, outcome: Outcome) {
        let turn = self.flights[flight].id(flight);
        let takeoff = self.land(flight);
        let Takeoff { items, strand, .. } = takeoff;
        let slot = self.strands[strand].slot;
        match outcome {
            Outcome::Done => {
                self.tally.done += self.dissolve(items);
                self.note_answer(&takeoff);
            }
            Outcome::Declined => self.tally.declined += self.dissolve(items),
            Outcome::Failed => self.fail(&takeoff, turn, Reason::Failed),
            Outcome::TimedOut => self.fail(&takeoff, turn, Reason::TimedOut),
            Outcome::Throttled { retry_at } | Outcome::Cancelled { retry_at } => {
                let counts = matches!(outcome, Outcome::Throttled { .. });
                self.postpone(items, retry_at, u32::from(!counts));
                self.come_back(strand, items, turn, None);
            }
        }
        self.tell_breaker(slot, takeoff.breaker, outcome);
        if self.end_work(slot, &takeoff) {
            self.look_at_all(slot);
        } else {
            self.look_at(strand);
        }
        self.slot_changed(slot);
    }

    /// The lease of a turn ends before the turn does.
    pub(crate) fn end_lease(&mut self, flight: u32) {
        let lease = std::mem::replace(&mut self.flights[flight].lease, NONE);
        if lease != NONE {
            self.wheel.cancel(lease);
        }
    }

    /// Gives turns in flight so much more time.
    pub(crate) fn extend_leases(&mut self, by: i64) {
        let running: Vec<u32> =
            self.flights.rows().filter(|(_, flight)| flight.running).map(|(index, _)| index).collect();
        for index in running {
            let Flight { takeoff, lease, .. } = &mut self.flights[index];
            takeoff.formed_at = takeoff.formed_at.saturating_add(by);
            if *lease != NONE {
                let deadline = self.wheel.deadline(*lease).saturating_add(by);
                self.wheel.cancel(*lease);
                *lease = self.wheel.set(self.now, deadline, Due::Lease(index));
            }
        }
    }

    /// How rested a persona is, permille.
    pub(crate) fn energy_of(&self, slot: u32) -> u32 {
        let row = &self.slots[slot];
        let energy = row.condition.as_ref().and_then(|condition| condition.energy);
        energy.map_or(1_000, |energy| (energy.points(self.now, row.turns == 0) * 1_000 / FULL) as u32)
    }

    /// Takes the turn out of all counts; its items are then in no list.
    fn land(&mut self, flight: u32) -> Takeoff {
        self.end_lease(flight);
        let takeoff = self.flights[flight].takeoff;
        let Takeoff { count, strand, lane, .. } = takeoff;
        self.flights[flight].running = false;
        self.flights.free(flight);
        self.strands[strand].flight = NONE;
        let slot = &mut self.slots[self.strands[strand].slot];
        slot.turns -= 1;
        slot.items_in_flight -= count;
        self.permits.give_back(lane);
        self.tally.turns -= 1;
        self.tally.items_in_flight -= u64::from(count);
        takeoff
    }

    fn dissolve(&mut self, mut items: List) -> u64 {
        let mut count = 0;
        while let Some(index) = items.pop_front(&mut self.items) {
            self.items.free(index);
            count += 1;
        }
        count
    }

    /// Takes note of an answer in a room.
    fn note_answer(&mut self, takeoff: &Takeoff) {
        if takeoff.from != Asker::Session {
            let strand = &self.strands[takeoff.strand];
            let slot = self.slots[strand.slot].id(strand.slot);
            self.rooms.answered(strand.conversation, slot, takeoff.from == Asker::Machines, self.now);
        }
    }

    fn fail(&mut self, takeoff: &Takeoff, turn: TurnId, reason: Reason) {
        let retry_at = retry_at(self.now, takeoff.attempt, &mut self.rng);
        let failure = Failure { reason, was_alone: takeoff.count == 1, retry_at };
        self.come_back(takeoff.strand, takeoff.items, turn, Some(failure));
    }

    /// A turn that was formed in another generation of the breaker teaches it nothing.
    fn tell_breaker(&mut self, slot: u32, generation: u32, outcome: Outcome) {
        let settings = *self.settings(slot);
        let known = self.slots[slot].condition.as_ref().map(|condition| condition.breaker.generation);
        let is_failure = matches!(outcome, Outcome::Failed | Outcome::TimedOut);
        if known.unwrap_or(0) != generation || (known.is_none() && !is_failure) {
            return;
        }
        match outcome {
            Outcome::Done | Outcome::Declined => self.condition(slot).breaker.succeed(),
            Outcome::Throttled { .. } | Outcome::Cancelled { .. } => {
                self.condition(slot).breaker.learn_nothing();
            }
            Outcome::Failed | Outcome::TimedOut => {
                let mut breaker = self.condition(slot).breaker;
                if let Some(until) = breaker.fail(&settings, self.now, &mut self.rng) {
                    let timer = self.wheel.set(self.now, until, Due::HalfOpen(slot));
                    self.condition(slot).half_opening = timer;
                }
                self.condition(slot).breaker = breaker;
            }
        }
    }

    /// Gives whether work has changed what it takes up.
    fn end_work(&mut self, slot: u32, takeoff: &Takeoff) -> bool {
        let (now, complexity) = (self.now, self.settings(slot).complexity);
        let condition = self.slots[slot].condition.as_mut();
        let Some(energy) = condition.and_then(|condition| condition.energy.as_mut()) else { return false };
        energy.work(now.saturating_sub(takeoff.formed_at), complexity, now);
        true
    }

    /// Lets items wait until then, and takes back so many attempts.
    fn postpone(&mut self, items: List, until: i64, attempts: u32) {
        let mut next = items.first();
        while let Some(index) = next {
            let item = &mut self.items[index];
            item.not_before = until;
            item.attempt = item.attempt.saturating_sub(attempts);
            next = after(&self.items, index);
        }
    }

    /// Puts what may wait again before the strand's other items, in the old order.
    fn come_back(&mut self, strand: u32, mut items: List, turn: TurnId, failure: Option<Failure>) {
        let slot = self.strands[strand].slot;
        // What native decides without a failure ended with no turn: its caller has written that the items wait.
        let of_turn = failure.map(|_| turn);
        let mut waiting = List::EMPTY;
        while let Some(index) = items.pop_front(&mut self.items) {
            let verdict = self.verdict_on_return(slot, strand, index, failure);
            if self.carry_out(index, of_turn, verdict) {
                waiting.push_back(&mut self.items, index);
                self.begin_waiting(slot, index);
            }
        }
        self.strands[strand].prepend(&mut self.items, waiting);
    }
}
