//! Why something waits: what can be seen of a persona and of its conversations.

use crate::fleet::Fleet;
use crate::slab::NONE;
use crate::slot::Life;
use crate::strand::Strand;
use crate::{Held, Lane, SleepMode, SlotId, SlotLoad, SlotStatus, StrandStatus};

/// Which gate, since when, until when.
#[derive(Clone, Copy)]
struct Hindrance {
    held: Held,
    since: Option<i64>,
    until: Option<i64>,
}

impl Fleet {
    /// What can be seen of one persona; None if the handle names none (any more). Looks at all its conversations.
    #[must_use]
    pub fn slot_status(&self, slot: SlotId) -> Option<SlotStatus> {
        let index = self.slot_index(slot)?;
        let row = &self.slots[index];
        let hindrance = self.hindrance_of(index);
        let condition = row.condition.as_ref();
        let backlog = condition.map(|condition| condition.backlog.counts()).unwrap_or_default();
        let mut lanes = row.lanes.counts();
        for (count, aside) in lanes.iter_mut().zip(backlog) {
            *count += aside;
        }
        let sleep = condition.and_then(|condition| condition.sleep);
        Some(SlotStatus {
            reserved: row.reserved,
            waiting: row.waiting(),
            lanes,
            in_store: backlog.iter().sum(),
            turns_in_flight: row.turns,
            items_in_flight: row.items_in_flight,
            held: hindrance.map(|hindrance| hindrance.held),
            held_since: hindrance.and_then(|hindrance| hindrance.since),
            held_until: hindrance.and_then(|hindrance| hindrance.until),
            draining: row.life != Life::Enrolled,
            breaker: condition.map(|condition| condition.breaker).unwrap_or_default().status(),
            sleep: sleep.map_or(SleepMode::Active, |sleep| sleep.mode),
            sleep_until: sleep.and_then(|sleep| self.deadline_of(sleep.alarm)),
            energy: self.energy_of(index),
            debt: row.credit.min(0).unsigned_abs(),
        })
    }

    /// Whoever has something waiting or in a turn, in no particular order. Looks at every place of the fleet once.
    pub fn loads(&self) -> impl Iterator<Item = SlotLoad> {
        let rows = self.slots.rows().filter(|(_, row)| row.life != Life::Vacant && row.undecided() > 0);
        rows.map(|(index, row)| SlotLoad {
            slot: row.id(index),
            waiting: row.waiting(),
            turns_in_flight: row.turns,
        })
    }

    /// Why the next item of each conversation of a persona gets no turn, `limit` conversations at most; nothing if
    /// the handle names no persona (any more). Clears `into` first.
    pub fn why(&self, slot: SlotId, limit: usize, into: &mut Vec<StrandStatus>) {
        into.clear();
        let Some(index) = self.slot_index(slot) else { return };
        let gate = self.gate_hindrance(index);
        let strands = self.slots[index].strands.iter(&self.strands).map(|strand| &self.strands[strand]);
        let waiting = strands.filter_map(|strand| Some((strand, self.items[strand.head()?].key)));
        into.extend(waiting.take(limit).map(|(strand, item)| {
            let own = self.busy(strand).or_else(|| self.hold_of(strand));
            let hindrance = own.or(gate).or_else(|| self.fleet_busy(index, strand.rank(&self.items).lane));
            StrandStatus {
                conversation: strand.conversation,
                item,
                waiting: strand.length(),
                held: hindrance.map(|hindrance| hindrance.held),
                since: hindrance.and_then(|hindrance| hindrance.since),
                until: hindrance.and_then(|hindrance| hindrance.until),
            }
        }));
    }

    fn hindrance_of(&self, slot: u32) -> Option<Hindrance> {
        let row = &self.slots[slot];
        if row.waiting() == 0 {
            return None;
        }
        if let Some(gate) = self.gate_hindrance(slot) {
            return Some(gate);
        }
        if let Some(lane) = row.candidates.best_lane() {
            return self.fleet_busy(slot, lane);
        }
        let strands = || row.strands.iter(&self.strands).map(|strand| &self.strands[strand]);
        let first_hold = strands().filter_map(|strand| self.hold_of(strand)).min_by_key(|hold| hold.until);
        let busy =
            || strands().find_map(|strand| self.busy(strand)).map(|busy| Hindrance { until: None, ..busy });
        first_hold.or_else(busy).or(Some(Hindrance { held: Held::Paging, since: None, until: None }))
    }

    fn gate_hindrance(&self, slot: u32) -> Option<Hindrance> {
        let held = self.gate_of_slot(slot)?;
        let row = &self.slots[slot];
        let condition = row.condition.as_ref();
        let breaker = condition.map(|condition| condition.breaker).unwrap_or_default();
        let sleep = condition.and_then(|condition| condition.sleep);
        let (since, until) = match held {
            Held::Paused => (condition.and_then(|condition| condition.paused_since), None),
            Held::Asleep => {
                (sleep.map(|sleep| sleep.since), sleep.and_then(|sleep| self.deadline_of(sleep.alarm)))
            }
            Held::BreakerOpen | Held::BreakerProbing => (Some(breaker.since), breaker.status().until),
            _ => {
                let flights = row.strands.iter(&self.strands).map(|strand| self.strands[strand].flight);
                let flying = flights.filter(|&flight| flight != NONE);
                (flying.map(|flight| self.flights[flight].takeoff.formed_at).max(), None)
            }
        };
        Some(Hindrance { held, since, until })
    }

    /// A persona is visited with its best lane; a lower one may be full by itself.
    fn fleet_busy(&self, slot: u32, lane: Lane) -> Option<Hindrance> {
        let row = &self.slots[slot];
        let open = self.permits.open();
        let is_open = row.candidates.best_lane().is_none_or(|best| open.has(best)) && open.has(lane);
        let held = Hindrance { held: Held::FleetBusy, since: Some(row.ready_since), until: None };
        (!is_open).then_some(held)
    }

    fn hold_of(&self, strand: &Strand) -> Option<Hindrance> {
        let hold = strand.hold?;
        let until = self.deadline_of(hold.timer);
        Some(Hindrance { held: hold.reason, since: Some(hold.since), until })
    }

    fn busy(&self, strand: &Strand) -> Option<Hindrance> {
        let flight = (strand.flight != NONE).then(|| &self.flights[strand.flight])?;
        let (since, until) = (flight.takeoff.formed_at, self.deadline_of(flight.lease));
        (strand.length() > 0).then_some(Hindrance { held: Held::Busy, since: Some(since), until })
    }

    fn deadline_of(&self, timer: u32) -> Option<i64> {
        (timer != NONE).then(|| self.wheel.deadline(timer))
    }
}
