//! Items on their way in, and out without an answer.

use crate::failure::{blame, retry_at};
use crate::fleet::{Due, Fleet};
use crate::item::Item;
use crate::slab::NONE;
use crate::slot::Life;
use crate::{Envelope, Flags, Kind, OnUnknown, Reason, Settlement, TurnId};

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
        let slot = self.slot_index(envelope.slot);
        let asked = slot.filter(|_| envelope.flags.has(Flags::PAGED));
        let is_back = asked.is_some_and(|slot| self.leaves_backlog(slot, envelope.item));
        if !is_back {
            self.tally.accepted += 1;
        }
        let Some(slot) = slot else { return self.decline_homeless(envelope) };
        if envelope.flags.has(Flags::ADMITTED) {
            self.release_at(slot, 1);
        }
        let strand = self.strand_for(slot, envelope.conversation);
        let index = self.items.insert(Item::new(envelope, strand, self.now));
        let verdict = self.verdict_on_arrival(slot, index, envelope.flags);
        if self.carry_out(index, None, verdict) {
            self.supersede_older(index);
            self.wake_if_called(slot, index);
            let stays = is_back || envelope.flags.has(Flags::UNKNOWN);
            if stays || self.makes_room(slot, index) {
                self.strands[strand].push_back(&mut self.items, index);
                self.begin_waiting(slot, index);
            }
        }
        self.look_at(strand);
        self.slot_changed(slot);
    }

    fn verdict_on_arrival(&mut self, slot: u32, index: u32, flags: Flags) -> Option<Verdict> {
        if !flags.has(Flags::UNKNOWN) {
            let quiet = self.quiet_rule(slot, flags);
            return quiet.map(|reason| (Kind::Declined, reason)).or_else(|| self.verdict(slot, index, None));
        }
        match self.settings(slot).on_unknown {
            OnUnknown::Drop => return Some((Kind::Declined, Reason::UnknownOutcome)),
            OnUnknown::Ask => return Some((Kind::Dead, Reason::UnknownOutcome)),
            OnUnknown::Retry => {}
        }
        let retry_at = retry_at(self.now, self.items[index].attempt, &mut self.rng);
        let was_alone = flags.has(Flags::WAS_ALONE);
        self.verdict(slot, index, Some(Failure { reason: Reason::UnknownOutcome, was_alone, retry_at }))
    }

    /// What a persona hears and does not answer: it stays in the conversation, for the next turn to look back at.
    pub(crate) fn quiet_rule(&self, slot: u32, flags: Flags) -> Option<Reason> {
        if flags.has(Flags::OWN) {
            return Some(Reason::Own);
        }
        if flags.has(Flags::DUPLICATE) {
            return Some(Reason::Duplicate);
        }
        if !flags.has(Flags::ROOM) || flags.has(Flags::MENTION) {
            return None;
        }
        if flags.has(Flags::PERSONA) && !self.settings(slot).undirected {
            return Some(Reason::Undirected);
        }
        (flags.has(Flags::ECHO) && !flags.has(Flags::HUMAN)).then_some(Reason::Echo)
    }

    /// The same after a turn that ended without an answer: a newer one may have taken its place meanwhile.
    pub(crate) fn verdict_on_return(
        &mut self,
        slot: u32,
        strand: u32,
        index: u32,
        failure: Option<Failure>,
    ) -> Option<Verdict> {
        let verdict = self.verdict(slot, index, failure);
        let waits = matches!(verdict, None | Some((Kind::Retry { .. }, _)));
        let item = &self.items[index];
        let has_newer = item.is_latest() && self.latest.contains_key(&latest_key(strand, item));
        if waits && has_newer { Some((Kind::Declined, Reason::Superseded)) } else { verdict }
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

    pub(crate) fn record(&mut self, settlement: Settlement) {
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
        self.wake_if_called(slot, index);
        let item = &mut self.items[index];
        if item.is_latest() {
            self.latest.insert(latest_key(item.strand, item), index);
        }
        self.slots[slot].lanes.add(item.lane);
        self.tally.waiting[item.lane as usize] += 1;
        if item.expires_at != i64::MAX {
            item.timer = self.wheel.set(self.now, item.expires_at, Due::Expiry(index));
        }
    }

    /// Uncounts an item that has just been taken out of its strand.
    pub(crate) fn end_waiting(&mut self, slot: u32, index: u32) {
        let item = &mut self.items[index];
        if item.is_latest() {
            self.latest.remove(&latest_key(item.strand, item));
        }
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
        self.look_at(strand);
        self.slot_changed(slot);
    }

    /// Gives back every waiting item of a persona.
    pub(crate) fn return_all(&mut self, slot: u32) {
        let strands: Vec<u32> = self.slots[slot].strands.iter(&self.strands).collect();
        for strand in strands {
            while let Some(head) = self.strands[strand].head() {
                self.dismiss(head, (Kind::Declined, Reason::Unenrolled));
            }
            self.look_at(strand);
        }
        self.return_backlog(slot);
    }

    /// Takes a waiting item out, with a verdict that lets it wait no longer.
    pub(crate) fn dismiss(&mut self, index: u32, verdict: Verdict) {
        let strand = self.items[index].strand;
        self.strands[strand].remove(&mut self.items, index);
        self.end_waiting(self.strands[strand].slot, index);
        self.carry_out(index, None, Some(verdict));
    }

    /// An item that is to be the latest takes the place of the one before. A strand that this leaves empty is no
    /// candidate until the item is in it: others may be ranked meanwhile.
    fn supersede_older(&mut self, index: u32) {
        let item = &self.items[index];
        let strand = item.strand;
        if item.is_latest()
            && let Some(&older) = self.latest.get(&latest_key(strand, item))
        {
            self.dismiss(older, (Kind::Declined, Reason::Superseded));
            if self.strands[strand].head().is_none() {
                self.unseat(strand);
            }
        }
    }
}

fn latest_key(strand: u32, item: &Item) -> (u32, u8, u64) {
    (strand, item.lane as u8, item.merge_key)
}
