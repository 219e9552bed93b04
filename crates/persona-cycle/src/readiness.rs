//! Who is ready: strands among the candidates of their slot, slots in the rings, and what they wait for otherwise.

use crate::condition::Condition;
use crate::energy::{Mood, is_crowded};
use crate::fleet::{Due, Fleet};
use crate::slab::NONE;
use crate::slot::Life;
use crate::strand::{Hold, Strand};
use crate::{Flags, Held, Kind, Lane, Reason};

/// What stands between the head of a strand and its turn.
enum Gate {
    Open,
    Held(Held, i64),
    /// The persona has answered machines in this room too often.
    Capped,
}

impl Fleet {
    /// The strand of a conversation, made if it does not exist. Call `look_at` when it is filled.
    pub(crate) fn strand_for(&mut self, slot: u32, conversation: u64) -> u32 {
        *self.index.entry((slot, conversation)).or_insert_with(|| {
            let strand = self.strands.insert(Strand::new(slot, conversation));
            self.slots[slot].strands.push_back(&mut self.strands, strand);
            strand
        })
    }

    /// Brings everything that hangs on a strand up to date, after any change to its items or its turn: its seat
    /// among the candidates, its timer, and its existence. Call `slot_changed` when all is done.
    pub(crate) fn look_at(&mut self, strand: u32) {
        if self.strands[strand].flight != NONE {
            return;
        }
        while let Some(head) = self.strands[strand].head() {
            match self.gate_of(strand, head) {
                Gate::Open => {
                    self.unhold(strand);
                    return self.seat(strand);
                }
                Gate::Held(reason, until) => {
                    self.unseat(strand);
                    return self.hold(strand, reason, until);
                }
                Gate::Capped => self.decline_run(strand, Reason::RoomCap),
            }
        }
        self.unseat(strand);
        self.unhold(strand);
        self.remove_strand(strand);
    }

    /// The same for all strands of a slot. What is declined on the way may change its mood: `slot_changed` sees to that.
    pub(crate) fn look_at_all(&mut self, slot: u32) {
        let row = &mut self.slots[slot];
        let crowded = is_crowded(row.waiting());
        if let Some(energy) = row.condition.as_mut().and_then(|condition| condition.energy.as_mut()) {
            energy.crowded = crowded;
        }
        let strands: Vec<u32> = self.slots[slot].strands.iter(&self.strands).collect();
        for strand in strands {
            self.look_at(strand);
        }
    }

    /// Brings everything that hangs on a slot up to date, after any change to its strands, turns, settings or
    /// condition: its mood, its place in the rings, its backlog, and its existence.
    pub(crate) fn slot_changed(&mut self, slot: u32) {
        self.feel_the_crowd(slot);
        self.review_ring(slot);
        self.review_backlog(slot);
        self.forget_condition(slot);
        self.free_if_finished(slot);
    }

    /// The condition of a persona, to be changed.
    pub(crate) fn condition(&mut self, slot: u32) -> &mut Condition {
        let conditions = &mut self.tally.conditions;
        self.slots[slot].condition.get_or_insert_with(|| {
            *conditions += 1;
            Box::default()
        })
    }

    /// What stands between a persona and its turns, whatever waits.
    pub(crate) fn gate_of_slot(&self, slot: u32) -> Option<Held> {
        let row = &self.slots[slot];
        if self.settings(slot).paused {
            return Some(Held::Paused);
        }
        if let Some(condition) = &row.condition {
            if condition.sleep.is_some() {
                return Some(Held::Asleep);
            }
            if let Some(held) = condition.breaker.holds() {
                return Some(held);
            }
        }
        (row.turns >= self.turns_at_once(slot)).then_some(Held::Busy)
    }

    /// The first slot of a ring has had its share: the others come first.
    pub(crate) fn send_to_back(&mut self, slot: u32) {
        if let Some(lane) = self.slots[slot].ring {
            self.rings[lane as usize].remove(&mut self.slots, slot);
            self.join_ring(slot, lane);
        }
    }

    /// Takes a strand from among the candidates of its slot, if it is there.
    pub(crate) fn unseat(&mut self, strand: u32) {
        let row = &mut self.strands[strand];
        let seat = std::mem::replace(&mut row.seat, NONE);
        if seat == NONE {
            return;
        }
        let candidates = &mut self.slots[row.slot].candidates;
        self.tally.candidate_bytes -= candidates.bytes();
        if let Some(moved) = candidates.remove(seat) {
            self.strands[moved].seat = seat;
        }
        self.tally.candidate_bytes += candidates.bytes();
    }

    fn gate_of(&self, strand: u32, head: u32) -> Gate {
        let row = &self.strands[strand];
        let item = &self.items[head];
        if item.not_before > self.now {
            return Gate::Held(Held::BackingOff, item.not_before);
        }
        if item.lane == Lane::Voice {
            return Gate::Open;
        }
        if item.flags.has(Flags::ROOM) && !row.run().human {
            let settings = self.settings(row.slot);
            let pace = self.rooms.pace(row.conversation, self.slots[row.slot].id(row.slot));
            if pace.is_some_and(|pace| pace.machine_turns >= settings.room_cap) {
                return Gate::Capped;
            }
            let until = pace.map_or(i64::MIN, |pace| pace.answered_at.saturating_add(settings.room_gap_ms));
            if until > self.now {
                return Gate::Held(Held::RoomGap, until);
            }
        }
        self.gate_of_mood(row)
    }

    fn gate_of_mood(&self, row: &Strand) -> Gate {
        let slot = &self.slots[row.slot];
        let Some(energy) = slot.condition.as_ref().and_then(|condition| condition.energy) else {
            return Gate::Open;
        };
        if row.run().pressing {
            return Gate::Open;
        }
        let resting = slot.turns == 0;
        let mood = energy.mood(self.settings(row.slot), slot.waiting(), resting, self.now);
        let (held, above) = match mood {
            Mood::Well => return Gate::Open,
            Mood::Tired => (Held::Tired, Mood::TIRED_ABOVE),
            Mood::Overwhelmed => (Held::Overwhelmed, Mood::OVERWHELMED_ABOVE),
        };
        let until = row.rank(&self.items).rises_above(above);
        if until <= self.now {
            return Gate::Open;
        }
        let rested_at = if mood == Mood::Tired && resting { energy.rested_at() } else { i64::MAX };
        Gate::Held(held, until.min(rested_at))
    }

    fn decline_run(&mut self, strand: u32, reason: Reason) {
        for _ in 0..self.strands[strand].run().length {
            if let Some(head) = self.strands[strand].head() {
                self.dismiss(head, (Kind::Declined, reason));
            }
        }
    }

    /// A temperament looks at everything again when it becomes too much, or no longer is.
    fn feel_the_crowd(&mut self, slot: u32) {
        let is_other = |fleet: &Self| {
            let row = &fleet.slots[slot];
            let energy = row.condition.as_ref().and_then(|condition| condition.energy);
            energy.is_some_and(|energy| energy.crowded != is_crowded(row.waiting()))
        };
        while is_other(self) {
            self.look_at_all(slot);
        }
    }

    fn review_ring(&mut self, slot: u32) {
        let lane = self.slots[slot].candidates.best_lane();
        let lane = lane.filter(|_| self.gate_of_slot(slot).is_none());
        let row = &mut self.slots[slot];
        if lane == row.ring {
            return;
        }
        if let Some(former) = row.ring.take() {
            row.visited = false;
            // What it did not use is gone, what it took too much is not.
            row.credit = row.credit.min(0);
            self.rings[former as usize].remove(&mut self.slots, slot);
        }
        if let Some(lane) = lane {
            self.join_ring(slot, lane);
        }
    }

    fn join_ring(&mut self, slot: u32, lane: Lane) {
        let row = &mut self.slots[slot];
        row.ring = Some(lane);
        row.visited = false;
        row.ready_since = self.now;
        self.rings[lane as usize].push_back(&mut self.slots, slot);
    }

    fn forget_condition(&mut self, slot: u32) {
        let row = &mut self.slots[slot];
        if row.turns == 0 && row.condition.as_ref().is_some_and(|condition| condition.is_over()) {
            row.condition = None;
            self.tally.conditions -= 1;
        }
    }

    /// Frees a slot that is being unenrolled once nothing of it is left.
    fn free_if_finished(&mut self, slot: u32) {
        if !self.slots[slot].is_finished() {
            return;
        }
        self.end_sleep(slot);
        let row = &mut self.slots[slot];
        row.life = Life::Vacant;
        self.outbox.freed(row.id(slot));
        self.profiles.give_back(row.profile);
        if let Some(condition) = row.condition.take() {
            self.tally.conditions -= 1;
            if condition.half_opening != NONE {
                self.wheel.cancel(condition.half_opening);
            }
        }
        self.slots.free(slot);
    }

    fn seat(&mut self, strand: u32) {
        let Self { slots, strands, items, tally, .. } = self;
        let candidates = &mut slots[strands[strand].slot].candidates;
        let seat = strands[strand].seat;
        if seat != NONE {
            candidates.update(seat, || strands[strand].rank(items));
            return;
        }
        tally.candidate_bytes -= candidates.bytes();
        strands[strand].seat = candidates.add(strand, |strand| strands[strand].rank(items));
        tally.candidate_bytes += candidates.bytes();
    }

    fn hold(&mut self, strand: u32, reason: Held, until: i64) {
        let former = self.strands[strand].hold;
        let since = former.filter(|hold| hold.reason == reason).map_or(self.now, |hold| hold.since);
        if former.is_some_and(|hold| hold.reason == reason && self.wheel.deadline(hold.timer) == until) {
            return;
        }
        self.unhold(strand);
        let timer = self.wheel.set(self.now, until, Due::Hold(strand));
        self.strands[strand].hold = Some(Hold { timer, reason, since });
    }

    fn unhold(&mut self, strand: u32) {
        if let Some(hold) = self.strands[strand].hold.take() {
            self.wheel.cancel(hold.timer);
        }
    }

    fn remove_strand(&mut self, strand: u32) {
        let Strand { slot, conversation, .. } = self.strands[strand];
        self.index.remove(&(slot, conversation));
        self.slots[slot].strands.remove(&mut self.strands, strand);
        self.strands.free(strand);
    }
}
