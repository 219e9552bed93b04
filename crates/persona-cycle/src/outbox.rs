//! Settlements on their way out, within the budget of each `service` call.

use std::collections::VecDeque;

use crate::{Batch, Settlement, SlotId};

#[derive(Default)]
pub(crate) struct Outbox(VecDeque<Outgoing>);

enum Outgoing {
    Settlement(Settlement),
    /// Queued behind the settlements of the slot, so that the caller writes those first.
    Freed(SlotId),
    Woken(SlotId),
}

impl Outbox {
    pub(crate) fn settle(&mut self, settlement: Settlement) {
        self.0.push_back(Outgoing::Settlement(settlement));
    }

    pub(crate) fn freed(&mut self, slot: SlotId) {
        self.0.push_back(Outgoing::Freed(slot));
    }

    pub(crate) fn woken(&mut self, slot: SlotId) {
        self.0.push_back(Outgoing::Woken(slot));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Moves settlements to the batch until `budget` is reached; those of one turn stay together.
    pub(crate) fn hand_out(&mut self, budget: u32, batch: &mut Batch) {
        while let Some(next) = self.0.front() {
            match *next {
                Outgoing::Freed(slot) => batch.freed.push(slot),
                Outgoing::Woken(slot) => batch.woken.push(slot),
                Outgoing::Settlement(next) => {
                    let full = batch.settlements.len() >= budget as usize;
                    let last = batch.settlements.last();
                    let same_turn = next.turn.is_some() && last.is_some_and(|last| last.turn == next.turn);
                    if full && !same_turn {
                        return;
                    }
                    batch.settlements.push(next);
                }
            }
            self.0.pop_front();
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Outgoing>()
    }
}
