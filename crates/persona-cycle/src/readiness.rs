//! Who is ready: strands among the candidates of their slot, slots in the ring, and what they wait for otherwise.

use crate::fleet::{Due, Fleet};
use crate::slab::NONE;
use crate::slot::Life;
use crate::strand::Strand;

impl Fleet {
    /// The strand of a conversation, made if it does not exist. Call `review_strand` when it is filled.
    pub(crate) fn strand_for(&mut self, slot: u32, conversation: u64) -> u32 {
        *self.index.entry((slot, conversation)).or_insert_with(|| {
            let strand = self.strands.insert(Strand::new(slot, conversation));
            self.slots[slot].strands.push_back(&mut self.strands, strand);
            strand
        })
    }

    /// Brings everything that hangs on a strand up to date, after any change to its items or its turn: its seat
    /// among the candidates, its timer, its slot's place in the ring, and its existence.
    pub(crate) fn review_strand(&mut self, strand: u32) {
        let row = &self.strands[strand];
        if row.flight != NONE {
            return;
        }
        let slot = row.slot;
        match row.head().map(|head| self.items[head].not_before) {
            None => {
                self.unseat(strand);
                self.unhold(strand);
                self.remove_strand(strand);
            }
            Some(not_before) if not_before > self.now => {
                self.unseat(strand);
                self.hold(strand, not_before);
            }
            Some(_) => {
                self.unhold(strand);
                self.seat(strand);
            }
        }
        self.review_slot(slot);
    }

    /// Puts a slot into the ring or takes it out, after any change to its candidates, turns or settings.
    pub(crate) fn review_slot(&mut self, slot: u32) {
        let row = &mut self.slots[slot];
        let can = row.can_do_something();
        if can == row.in_ring {
            return;
        }
        row.in_ring = can;
        if can {
            self.ring.push_back(&mut self.slots, slot);
        } else {
            self.leave_ring(slot);
        }
    }

    /// The first slot of the ring has had its share: the others come first.
    pub(crate) fn send_to_back(&mut self, slot: u32) {
        self.leave_ring(slot);
        self.ring.push_back(&mut self.slots, slot);
    }

    /// Frees a slot that is being unenrolled once nothing of it is left.
    pub(crate) fn free_if_finished(&mut self, slot: u32) {
        let row = &mut self.slots[slot];
        if row.is_finished() {
            row.life = Life::Vacant;
            self.outbox.freed(row.id(slot));
            self.slots.free(slot);
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

    /// When the head of a strand may go, if that is what it waits for.
    pub(crate) fn held_until(&self, strand: &Strand) -> Option<i64> {
        (strand.hold != NONE).then(|| self.wheel.deadline(strand.hold))
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

    fn hold(&mut self, strand: u32, until: i64) {
        if self.held_until(&self.strands[strand]) != Some(until) {
            self.unhold(strand);
            self.strands[strand].hold = self.wheel.set(self.now, until, Due::Hold(strand));
        }
    }

    fn unhold(&mut self, strand: u32) {
        let hold = std::mem::replace(&mut self.strands[strand].hold, NONE);
        if hold != NONE {
            self.wheel.cancel(hold);
        }
    }

    fn remove_strand(&mut self, strand: u32) {
        let Strand { slot, conversation, .. } = self.strands[strand];
        self.index.remove(&(slot, conversation));
        self.slots[slot].strands.remove(&mut self.strands, strand);
        self.strands.free(strand);
    }

    fn leave_ring(&mut self, slot: u32) {
        if self.ring.first() == Some(slot) {
            self.taken = 0;
        }
        self.ring.remove(&mut self.slots, slot);
    }
}
