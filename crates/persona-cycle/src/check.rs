//! The invariants, all of them, for tests.

use std::collections::HashSet;

use crate::fleet::Tally;
use crate::flight::Takeoff;
use crate::lanes::Lanes;
use crate::slab::{NONE, Slab};
use crate::slot::{Life, Slot};
use crate::strand::Strand;
use crate::{Fleet, Held, Lane};

impl Fleet {
    /// Looks at everything, which takes as long as the fleet is large.
    ///
    /// # Panics
    /// If the fleet contradicts itself: items lost or counted twice, a slot or strand that is ready and not linked
    /// (or the other way round), a timer too many or too few.
    pub fn check(&self) {
        assert!(self.is_conserved(), "conservation: {:?}", self.status());
        let mut seen = Seen::default();
        for lane in Lane::ALL {
            for slot in self.rings[lane as usize].iter(&self.slots) {
                assert_eq!(self.slots[slot].ring, Some(lane), "ring of slot {slot}");
                assert!(seen.ready.insert(slot), "slot {slot} is in the rings twice");
            }
        }
        for (index, slot) in live(&self.slots, |slot| slot.life != Life::Vacant) {
            let class = slot.candidates.best_lane().filter(|_| self.gate_of_slot(index).is_none());
            assert_eq!(slot.ring, class, "class of slot {index}");
            assert_eq!(slot.ring.is_some(), seen.ready.contains(&index), "ring place of slot {index}");
            assert!(slot.ring.is_some() || (slot.credit <= 0 && !slot.visited), "credit of slot {index}");
            assert!(!slot.is_finished(), "slot {index} should be free");
            self.check_slot(index, slot, &mut seen);
            self.check_condition(index, slot, &mut seen);
        }
        seen.check(self);
    }

    fn check_slot(&self, index: u32, slot: &Slot, seen: &mut Seen) {
        let (mut lanes, mut turns, mut items_in_flight, mut seats) = (Lanes::default(), 0, 0, 0);
        for strand in slot.strands.iter(&self.strands) {
            let row = &self.strands[strand];
            assert_eq!(row.slot, index, "slot of strand {strand}");
            self.check_strand(strand, row, seen);
            for item in row.waiting(&self.items) {
                lanes.add(self.items[item].lane);
            }
            if row.flight != NONE {
                turns += 1;
                items_in_flight += self.flights[row.flight].takeoff.count;
            }
            seats += usize::from(row.seat != NONE);
        }
        assert_eq!((slot.lanes, slot.turns, slot.items_in_flight), (lanes, turns, items_in_flight));
        assert_eq!(slot.candidates.len(), seats, "candidates of slot {index}");
        seen.reserved += u64::from(slot.reserved);
        seen.candidate_bytes += slot.candidates.bytes();
        let aside = slot.condition.as_ref().map(|condition| condition.backlog.counts()).unwrap_or_default();
        for ((sum, count), aside) in seen.lanes.iter_mut().zip(lanes.counts()).zip(aside) {
            *sum += u64::from(count + aside);
        }
    }

    fn check_condition(&self, index: u32, slot: &Slot, seen: &mut Seen) {
        let Some(condition) = &slot.condition else { return };
        assert!(slot.turns > 0 || !condition.is_over(), "condition of slot {index} should be forgotten");
        assert_eq!(condition.paused_since.is_some(), self.settings(index).paused, "pause of slot {index}");
        assert_eq!(condition.energy.is_some(), self.settings(index).temperament, "energy of slot {index}");
        let is_open = condition.breaker.holds() == Some(Held::BreakerOpen);
        assert_eq!(condition.half_opening != NONE, is_open, "timer of the breaker of slot {index}");
        if let Some(sleep) = condition.sleep {
            assert!(!self.has_alarming(index, sleep.mode), "slot {index} sleeps through an alarm");
            seen.timers += usize::from(sleep.alarm != NONE);
        }
        let is_hungry = condition.backlog.is_hungry(slot.lanes.counts(), self.settings(index).windows);
        assert!(condition.backlog.hungry || !is_hungry, "slot {index} is not fed");
        assert_eq!(condition.backlog.hungry, self.hungry.contains(&index), "slot {index} among the hungry");
        seen.timers += usize::from(is_open);
        seen.in_store += u64::from(condition.backlog.total());
        seen.conditions += 1;
    }

    fn check_strand(&self, strand: u32, row: &Strand, seen: &mut Seen) {
        row.check(&self.items);
        assert_eq!(self.index.get(&(row.slot, row.conversation)), Some(&strand), "index of strand {strand}");
        assert!(row.flight != NONE || row.head().is_some(), "strand {strand} is idle");
        let held = row.hold.is_some();
        let seated = row.seat != NONE;
        assert_eq!(row.flight == NONE, held || seated, "strand {strand} waits for nothing");
        assert!(!(held && seated), "strand {strand} is ready and held");
        if seated {
            assert!(self.slots[row.slot].candidates.has(strand, row.seat), "seat of strand {strand}");
        }
        if let (Some(head), Some(hold)) = (row.head(), row.hold)
            && hold.reason == Held::BackingOff
        {
            assert_eq!(
                self.wheel.deadline(hold.timer),
                self.items[head].not_before,
                "timer of strand {strand}"
            );
        }
        seen.strands += 1;
        seen.timers += usize::from(held);
        for item in row.waiting(&self.items) {
            let item = &self.items[item];
            assert_eq!(item.strand, strand, "strand of item {}", item.key);
            seen.latest += usize::from(item.is_latest());
            assert_eq!(item.timer != NONE, item.expires_at != i64::MAX, "timer of item {}", item.key);
            seen.timers += usize::from(item.timer != NONE);
        }
        if row.flight != NONE {
            let flight = &self.flights[row.flight];
            let Takeoff { items, count, lane, .. } = flight.takeoff;
            assert!(flight.running && flight.takeoff.strand == strand, "turn of strand {strand}");
            assert_eq!(items.iter(&self.items).count(), count as usize);
            seen.items_in_flight += u64::from(count);
            seen.lanes_in_flight[lane as usize] += 1;
            seen.turns += 1;
            seen.timers += usize::from(flight.lease != NONE);
        }
    }
}

/// Sums over all slots, to be compared with the fleet's own.
#[derive(Default)]
struct Seen {
    reserved: u64,
    lanes: [u64; 4],
    turns: u32,
    items_in_flight: u64,
    strands: usize,
    timers: usize,
    candidate_bytes: usize,
    ready: HashSet<u32>,
    lanes_in_flight: [u32; 4],
    latest: usize,
    in_store: u64,
    conditions: usize,
}

impl Seen {
    fn check(&self, fleet: &Fleet) {
        let Tally { reserved, waiting, turns, items_in_flight, candidate_bytes, .. } = fleet.tally;
        assert_eq!((self.reserved, self.lanes, self.turns), (reserved, waiting, turns));
        assert_eq!((self.items_in_flight, self.candidate_bytes), (items_in_flight, candidate_bytes));
        assert_eq!(self.timers, fleet.wheel.len(), "timers");
        assert_eq!((self.strands, self.strands), (fleet.strands.len(), fleet.index.len()), "strands");
        assert_eq!(self.turns as usize, fleet.flights.len(), "turns");
        assert_eq!(self.lanes_in_flight, fleet.permits.used(), "permits");
        assert_eq!(self.latest, fleet.latest.len(), "items that are the latest");
        assert_eq!((self.in_store, self.conditions), (fleet.tally.in_store, fleet.tally.conditions));
        assert_eq!(fleet.profiles.users(), fleet.slots.len() as u64, "users of settings");
    }
}

fn live<T>(rows: &Slab<T>, is_live: impl Fn(&T) -> bool) -> impl Iterator<Item = (u32, &T)> {
    rows.rows().filter(move |(_, row)| is_live(row))
}
