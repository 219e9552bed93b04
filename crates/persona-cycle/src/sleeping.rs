//! Falling asleep and waking up.

use crate::SleepMode;
use crate::fleet::Fleet;
use crate::slab::NONE;

impl Fleet {
    /// Whether something waits that would wake the persona. What was asked for is left out: it wakes when it is back.
    pub(crate) fn has_alarming(&self, slot: u32, mode: SleepMode) -> bool {
        let row = &self.slots[slot];
        let strands = row.strands.iter(&self.strands);
        let mut waiting = strands.flat_map(|strand| self.strands[strand].waiting(&self.items));
        let mut aside = row.condition.iter().flat_map(|condition| condition.backlog.iter());
        waiting.any(|item| mode.is_ended_by(self.items[item].lane, self.items[item].flags))
            || aside.any(|aside| mode.is_ended_by(aside.lane, aside.flags))
    }

    /// Wakes a persona if an item that is about to wait does so. Call `slot_changed` when all is done.
    pub(crate) fn wake_if_called(&mut self, slot: u32, item: u32) {
        let sleep = self.slots[slot].condition.as_ref().and_then(|condition| condition.sleep);
        if sleep.is_some_and(|sleep| sleep.mode.is_ended_by(self.items[item].lane, self.items[item].flags)) {
            self.wake(slot);
        }
    }

    /// A sleeping persona is awake, and its owner hears of it. Call `slot_changed` when all is done.
    pub(crate) fn wake(&mut self, slot: u32) {
        self.end_sleep(slot);
        self.outbox.woken(self.slots[slot].id(slot));
    }

    /// The alarm of a sleeping persona has gone off.
    pub(crate) fn forget_alarm(&mut self, slot: u32) {
        if let Some(condition) = &mut self.slots[slot].condition
            && let Some(sleep) = &mut condition.sleep
        {
            sleep.alarm = NONE;
        }
    }

    pub(crate) fn end_sleep(&mut self, slot: u32) {
        let sleep = self.slots[slot].condition.as_mut().and_then(|condition| condition.sleep.take());
        if let Some(sleep) = sleep
            && sleep.alarm != NONE
        {
            self.wheel.cancel(sleep.alarm);
        }
    }
}
