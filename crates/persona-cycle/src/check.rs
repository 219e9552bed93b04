//! The invariants, all of them, for tests.

use std::collections::HashSet;

use crate::Fleet;
use crate::fleet::Tally;
use crate::lanes::Lanes;
use crate::slab::{NONE, Slab};
use crate::slot::{Life, Slot};
use crate::strand::Strand;

impl Fleet {
    /// Looks at everything, which takes as long as the fleet is large.
    ///
    /// # Panics
    /// If the fleet contradicts itself: items lost or counted twice, a slot or strand that is ready and not linked
    /// (or the other way round), a timer too many or too few.
    pub fn check(&self) {
        assert!(self.is_conserved(), "conservation: {:?}", self.status());
        let ring: Vec<u32> = self.ring.iter(&self.slots).collect();
        let mut seen = Seen::default();
        for (index, slot) in live(&self.slots, |slot| slot.life != Life::Vacant) {
            assert_eq!(slot.in_ring, slot.can_do_something(), "ring flag of slot {index}");
            assert_eq!(slot.in_ring, ring.contains(&index), "ring place of slot {index}");
            assert!(!slot.is_finished(), "slot {index} should be free");
            self.check_slot(index, slot, &mut seen);
        }
        assert_eq!(ring.len(), ring.iter().collect::<HashSet<_>>().len(), "a slot is in the ring twice");
        assert!(!ring.is_empty() || self.taken == 0, "a visit of nobody");
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
                items_in_flight += self.flights[row.flight].count;
            }
            seats += usize::from(row.seat != NONE);
        }
        assert_eq!((slot.lanes, slot.turns, slot.items_in_flight), (lanes, turns, items_in_flight));
        assert_eq!(slot.candidates.len(), seats, "candidates of slot {index}");
        seen.reserved += u64::from(slot.reserved);
        seen.candidate_bytes += slot.candidates.bytes();
        for (sum, count) in seen.lanes.iter_mut().zip(lanes.counts()) {
            *sum += u64::from(count);
        }
    }

    fn check_strand(&self, strand: u32, row: &Strand, seen: &mut Seen) {
        row.check(&self.items);
        assert_eq!(self.index.get(&(row.slot, row.conversation)), Some(&strand), "index of strand {strand}");
        assert!(row.flight != NONE || row.head().is_some(), "strand {strand} is idle");
        let held = row.hold != NONE;
        let seated = row.seat != NONE;
        assert_eq!(row.flight == NONE, held || seated, "strand {strand} waits for nothing");
        assert!(!(held && seated), "strand {strand} is ready and held");
        if seated {
            assert!(self.slots[row.slot].candidates.has(strand, row.seat), "seat of strand {strand}");
        }
        if let Some(head) = row.head().filter(|_| held) {
            assert_eq!(self.held_until(row), Some(self.items[head].not_before), "timer of strand {strand}");
        }
        seen.strands += 1;
        seen.timers += usize::from(held);
        for item in row.waiting(&self.items) {
            let item = &self.items[item];
            assert_eq!(item.strand, strand, "strand of item {}", item.key);
            assert_eq!(item.timer != NONE, item.expires_at != i64::MAX, "timer of item {}", item.key);
            seen.timers += usize::from(item.timer != NONE);
        }
        if row.flight != NONE {
            let flight = &self.flights[row.flight];
            assert!(flight.running && flight.strand == strand, "turn of strand {strand}");
            assert_eq!(flight.items.iter(&self.items).count(), flight.count as usize);
            seen.items_in_flight += u64::from(flight.count);
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
}

impl Seen {
    fn check(&self, fleet: &Fleet) {
        let Tally { reserved, waiting, turns, items_in_flight, candidate_bytes, .. } = fleet.tally;
        assert_eq!((self.reserved, self.lanes, self.turns), (reserved, waiting, turns));
        assert_eq!((self.items_in_flight, self.candidate_bytes), (items_in_flight, candidate_bytes));
        assert_eq!(self.timers, fleet.wheel.len(), "timers");
        assert_eq!((self.strands, self.strands), (fleet.strands.len(), fleet.index.len()), "strands");
        assert_eq!(self.turns as usize, fleet.flights.len(), "turns");
    }
}

fn live<T>(rows: &Slab<T>, is_live: impl Fn(&T) -> bool) -> impl Iterator<Item = (u32, &T)> {
    rows.rows().filter(move |(_, row)| is_live(row))
}
