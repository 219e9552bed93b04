//! What becomes of items beyond a persona's windows, and how they come back.

use crate::backlog::Aside;
use crate::fleet::Fleet;
use crate::item::Item;
use crate::{Batch, Flags, Kind, Lane, Overflow, Reason, Settlement};

impl Fleet {
    /// Whether an arriving item waits in memory. Else it is put aside or evicted, and its row is free.
    pub(crate) fn makes_room(&mut self, slot: u32, index: u32) -> bool {
        let Item { lane, flags, strand, .. } = self.items[index];
        let conversation = self.strands[strand].conversation;
        let window = self.settings(slot).windows[lane as usize];
        let has_room = self.slots[slot].lanes.counts()[lane as usize] < window || flags.has(Flags::URGENT);
        match self.options.overflow {
            Overflow::Page => {
                // What follows something that was put aside must not overtake it.
                let follows =
                    self.slots[slot].condition.as_ref().is_some_and(|one| one.backlog.has(conversation));
                if has_room && !follows {
                    return true;
                }
                self.put_aside(slot, index, conversation);
                false
            }
            Overflow::Evict => has_room || lane == Lane::Voice || self.evicts_another(slot, index),
        }
    }

    /// An item that was asked for is back; false if it was not asked for.
    pub(crate) fn leaves_backlog(&mut self, slot: u32, item: u64) -> bool {
        let condition = self.slots[slot].condition.as_mut();
        let Some(lane) = condition.and_then(|condition| condition.backlog.come_back(item)) else {
            return false;
        };
        self.tally.waiting[lane as usize] -= 1;
        self.tally.in_store -= 1;
        true
    }

    /// Notes whether there is room for some of what was put aside.
    pub(crate) fn review_backlog(&mut self, slot: u32) {
        let row = &mut self.slots[slot];
        let windows = self.profiles[row.profile].windows;
        if let Some(condition) = &mut row.condition
            && !condition.backlog.hungry
            && condition.backlog.is_hungry(row.lanes.counts(), windows)
        {
            condition.backlog.hungry = true;
            self.hungry.push_back(slot);
        }
    }

    /// Asks for items that were put aside and have room now.
    pub(crate) fn ask_for_backlogs(&mut self, budget: u32, batch: &mut Batch) {
        while let Some(&slot) = self.hungry.front() {
            let windows = self.settings(slot).windows;
            let row = &mut self.slots[slot];
            if let Some(condition) = &mut row.condition {
                let waits = row.lanes.counts();
                if !condition.backlog.ask(waits, windows, &mut batch.wanted, budget as usize) {
                    return;
                }
                condition.backlog.hungry = false;
            }
            self.hungry.pop_front();
        }
    }

    /// Gives back what was put aside and not asked for.
    pub(crate) fn return_backlog(&mut self, slot: u32) {
        while let Some(condition) = &mut self.slots[slot].condition
            && let Some(aside) = condition.backlog.pop()
        {
            let Aside { key, conversation, attempt, failures, flags, lane } = aside;
            self.tally.waiting[lane as usize] -= 1;
            self.tally.in_store -= 1;
            self.record(Settlement {
                item: key,
                slot: self.slots[slot].id(slot),
                conversation,
                turn: None,
                kind: Kind::Declined,
                reason: Reason::Unenrolled,
                attempt,
                failures,
                flags,
            });
        }
        if let Some(condition) = &mut self.slots[slot].condition
            && std::mem::take(&mut condition.backlog.hungry)
        {
            self.hungry.retain(|&hungry| hungry != slot);
        }
    }

    fn put_aside(&mut self, slot: u32, index: u32, conversation: u64) {
        let lane = self.items[index].lane;
        self.condition(slot);
        let Self { slots, items, tally, .. } = self;
        if let Some(condition) = &mut slots[slot].condition {
            condition.backlog.put_aside(&items[index], conversation);
        }
        tally.waiting[lane as usize] += 1;
        tally.in_store += 1;
        items.free(index);
    }

    /// Evicts the least important item of the lane, the oldest of equals. False if that is the arriving one.
    fn evicts_another(&mut self, slot: u32, index: u32) -> bool {
        let worth = |item: &Item| (item.points, item.key);
        let lane = self.items[index].lane;
        let strands = self.slots[slot].strands.iter(&self.strands);
        let waiting = strands.flat_map(|strand| self.strands[strand].waiting(&self.items));
        let rivals = waiting.filter(|&one| self.items[one].lane == lane && !self.items[one].is_urgent());
        let victim = rivals.chain([index]).min_by_key(|&one| worth(&self.items[one]));
        let verdict = (Kind::Declined, Reason::Evicted);
        match victim {
            Some(victim) if victim != index => {
                let strand = self.items[victim].strand;
                self.dismiss(victim, verdict);
                if strand != self.items[index].strand {
                    self.look_at(strand);
                }
                true
            }
            _ => {
                self.carry_out(index, None, Some(verdict));
                false
            }
        }
    }
}
