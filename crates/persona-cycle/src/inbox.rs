//! Items on their way in, and out without an answer.

use crate::failure::{blame, retry_at};
use crate::fleet::{Due, Fleet};
use crate::item::Item;
use crate::slab::NONE;
use crate::slot::Life;
use crate::{Envelope, Flags, Kind, Reason, Settlement, TurnId};

/// What has to be written about an item that would wait. Only a retry lets it wait.
pub(crate) type Verdict = (Kind, Reason);

/// A turn that failed, as one of its items sees it.
#[derive(Clone, Copy)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) was_alone: bool,
    pub(crate) retry_at: i64,
}

impl Fleet {
    pub(crate) fn take_in(&mut self, envelope: &Envelope) {
        self.tally.accepted += 1;
        let Some(slot) = self.slot_index(envelope.slot) else { return self.decline_homeless(envelope) };
        if envelope.flags.has(Flags::ADMITTED) {
            self.release_at(slot, 1);
        }
        let strand = self.strand_for(slot, envelope.conversation);
        let index = self.items.insert(Item::new(envelope, strand, self.now));
        let verdict = self.verdict_on_arrival(slot, index, envelope.flags);
        if self.carry_out(index, None, verdict) {
            self.strands[strand].push_back(&mut self.items, index);
            self.begin_waiting(slot, index);
        }
        self.review_strand(strand);
        self.free_if_finished(slot);
    }

    fn verdict_on_arrival(&mut self, slot: u32, index: u32, flags: Flags) -> Option<Verdict> {
        if !flags.has(Flags::UNKNOWN) {
            return self.verdict(slot, index, None);
        }
        if self.slots[slot].settings.drop_unknown {
            return Some((Kind::Declined, Reason::UnknownOutcome));
        }
        let retry_at = retry_at(self.now, self.items[index].attempt, &mut self.rng);
        let was_alone = flags.has(Flags::WAS_ALONE);
        self.verdict(slot, index, Some(Failure { reason: Reason::UnknownOutcome, was_alone, retry_at }))
    }

    /// Judges an item that would wait, after the failure of its turn if there was one. None: it simply waits.
    pub(crate) fn verdict(&mut self, slot: u32, index: u32, failure: Option<Failure>) -> Option<Verdict> {
        let item = &mut self.items[index];
        if let Some(Failure { reason, was_alone, .. }) = failure
            && blame(item, was_alone)
        {
            return Some((Kind::Dead, reason));
        }
        if self.slots[slot].life == Life::Returning {
            return Some((Kind::Declined, Reason::Unenrolled));
        }
        if item.expires_at <= self.now {
            return Some((Kind::Dead, Reason::Expired));
        }
        let Failure { reason, retry_at, .. } = failure?;
        item.not_before = retry_at;
        Some((Kind::Retry { not_before: retry_at }, reason))
    }

    /// Records the verdict on an item that is in no list. Gives whether the item waits; else it is gone.
    pub(crate) fn carry_out(&mut self, index: u32, turn: Option<TurnId>, verdict: Option<Verdict>) -> bool {
        let Some((kind, reason)) = verdict else { return true };
        let item = &self.items[index];
        let strand = &self.strands[item.strand];
        self.record(Settlement {
            item: item.key,
            slot: self.slots[strand.slot].id(strand.slot),
            conversation: strand.conversation,
            turn,
            kind,
            reason,
            attempt: item.attempt,
            failures: item.failures,
            flags: item.flags,
        });
        let waits = matches!(kind, Kind::Retry { .. });
        if !waits {
            self.items.free(index);
        }
        waits
    }

    fn decline_homeless(&mut self, envelope: &Envelope) {
        self.record(Settlement {
            item: envelope.item,
            slot: envelope.slot,
            conversation: envelope.conversation,
            turn: None,
            kind: Kind::Declined,
            reason: Reason::Unenrolled,
            attempt: envelope.attempt,
            failures: envelope.failures,
            flags: envelope.flags.stored(),
        });
    }

    fn record(&mut self, settlement: Settlement) {
        let counter = match settlement.kind {
            Kind::Retry { .. } => &mut self.tally.retried,
            Kind::Dead => &mut self.tally.dead,
            Kind::Declined => &mut self.tally.declined,
        };
        *counter += 1;
        self.outbox.settle(settlement);
    }

    /// Counts an item that has just been put into its strand.
    pub(crate) fn begin_waiting(&mut self, slot: u32, index: u32) {
        let item = &mut self.items[index];
        self.slots[slot].lanes.add(item.lane);
        self.tally.waiting[item.lane as usize] += 1;
        if item.expires_at != i64::MAX {
            item.timer = self.wheel.set(self.now, item.expires_at, Due::Expiry(index));
        }
    }

    /// Uncounts an item that has just been taken out of its strand.
    pub(crate) fn end_waiting(&mut self, slot: u32, index: u32) {
        let item = &mut self.items[index];
        self.slots[slot].lanes.remove(item.lane);
        self.tally.waiting[item.lane as usize] -= 1;
        if item.timer != NONE {
            self.wheel.cancel(item.timer);
            item.timer = NONE;
        }
    }

    /// Gives up a waiting item.
    pub(crate) fn expire(&mut self, index: u32) {
        let strand = self.items[index].strand;
        let slot = self.strands[strand].slot;
        self.dismiss(index, (Kind::Dead, Reason::Expired));
        self.review_strand(strand);
        self.free_if_finished(slot);
    }

    /// Gives back every waiting item of a persona.
    pub(crate) fn return_all(&mut self, slot: u32) {
        let strands: Vec<u32> = self.slots[slot].strands.iter(&self.strands).collect();
        for strand in strands {
            while let Some(head) = self.strands[strand].head() {
                self.dismiss(head, (Kind::Declined, Reason::Unenrolled));
            }
            self.review_strand(strand);
        }
    }

    fn dismiss(&mut self, index: u32, verdict: Verdict) {
        let strand = self.items[index].strand;
        self.strands[strand].remove(&mut self.items, index);
        self.end_waiting(self.strands[strand].slot, index);
        self.carry_out(index, None, Some(verdict));
    }
}
