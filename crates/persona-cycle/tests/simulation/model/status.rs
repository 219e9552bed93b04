//! What can be seen of a persona and its conversations.

use persona_cycle::{BreakerState, BreakerStatus, Held, Lane, SleepMode, SlotStatus, StrandStatus};

use super::breaker::Breaker;
use super::energy::FULL_ENERGY;
use super::rings::lane_of_head;
use super::strand::Strand;
use super::{Life, Model, Persona};

/// What holds, since when, until when.
type Hold = (Held, Option<i64>, Option<i64>);

impl Model {
    pub(crate) fn slot_status(&self, place: usize) -> SlotStatus {
        let persona = &self.personas[place];
        let hold = self.held(place);
        let mut lanes = [0; 4];
        let native = persona.strands.iter().flat_map(|strand| &strand.items).map(|item| &item.envelope);
        let asked = self.asked.iter().filter(|asked| asked.persona == place).map(|asked| &asked.envelope);
        for envelope in native.chain(asked).chain(persona.backlog.iter().flatten()) {
            lanes[envelope.lane as usize] += 1;
        }
        let energy = if persona.settings.temperament { self.energy(place) } else { FULL_ENERGY };
        SlotStatus {
            reserved: persona.reserved,
            waiting: self.waiting(place) as u32,
            lanes,
            in_store: self.in_store(place) as u32,
            turns_in_flight: self.turns_of(place) as u32,
            items_in_flight: self.in_flight(place) as u32,
            held: hold.map(|(held, ..)| held),
            held_since: hold.and_then(|(_, since, _)| since),
            held_until: hold.and_then(|(.., until)| until),
            draining: persona.life != Life::Enrolled,
            breaker: self.breaker_status(place),
            sleep: persona.sleep,
            sleep_until: persona.wakes_at.map(|timer| timer.at),
            energy: (energy * 1_000 / FULL_ENERGY) as u32,
            debt: (-persona.credit).max(0) as u32,
        }
    }

    fn breaker_status(&self, persona: usize) -> BreakerStatus {
        let (state, failures, until) = match self.personas[persona].breaker {
            Breaker::Closed { failures } => (BreakerState::Closed, failures, None),
            Breaker::Open { probes, until, .. } => (BreakerState::Open, probes, Some(until.at)),
            Breaker::HalfOpen { probes, .. } => (BreakerState::HalfOpen, probes, None),
        };
        BreakerStatus { state, failures, until }
    }

    fn held(&self, place: usize) -> Option<Hold> {
        if self.waiting(place) == 0 {
            return None;
        }
        if let Some(gate) = self.slot_gate(place) {
            return Some(gate);
        }
        let persona = &self.personas[place];
        let strands = &persona.strands;
        if let Some(class) = persona.ring {
            return self.permit_hold(place, class);
        }
        if let Some(hold) = strands.iter().filter_map(|strand| strand.hold).min_by_key(|hold| hold.timer.at) {
            return Some((hold.reason, Some(hold.since), Some(hold.timer.at)));
        }
        let awaited = strands.iter().filter(|strand| !strand.items.is_empty());
        let turns = awaited.filter_map(|strand| self.turn_of(place, strand.conversation));
        let since = turns.map(|turn| turn.formed_at).next();
        Some((if since.is_some() { Held::Busy } else { Held::Paging }, since, None))
    }

    /// Something may go, as far as the persona is concerned, if its class and the lane have a permit.
    fn permit_hold(&self, place: usize, lane: Lane) -> Option<Hold> {
        let Persona { ring, ready_since, .. } = self.personas[place];
        let open = self.is_open(lane) && ring.is_none_or(|class| self.is_open(class));
        (!open).then_some((Held::FleetBusy, Some(ready_since), None))
    }

    fn slot_gate(&self, place: usize) -> Option<Hold> {
        let persona = &self.personas[place];
        if persona.settings.paused {
            return Some((Held::Paused, Some(persona.paused_since), None));
        }
        if persona.sleep != SleepMode::Active {
            return Some((Held::Asleep, Some(persona.sleeps_since), persona.wakes_at.map(|timer| timer.at)));
        }
        match persona.breaker {
            Breaker::Open { since, until, .. } => {
                return Some((Held::BreakerOpen, Some(since), Some(until.at)));
            }
            Breaker::HalfOpen { probing: Some(since), .. } => {
                return Some((Held::BreakerProbing, Some(since), None));
            }
            Breaker::HalfOpen { .. } | Breaker::Closed { .. } => {}
        }
        let newest = self.turns.iter().filter(|turn| turn.persona == place).map(|turn| turn.formed_at).max();
        self.is_busy(place).then_some((Held::Busy, newest, None))
    }

    pub(crate) fn why(&self, place: usize) -> Vec<StrandStatus> {
        let strands = self.personas[place].strands.iter();
        let waiting = strands.filter(|strand| !strand.items.is_empty());
        waiting.map(|strand| self.strand_status(place, strand)).collect()
    }

    fn strand_status(&self, place: usize, strand: &Strand) -> StrandStatus {
        let hold = if let Some(turn) = self.turn_of(place, strand.conversation) {
            Some((Held::Busy, Some(turn.formed_at), turn.lease.map(|timer| timer.at)))
        } else if let Some(hold) = strand.hold {
            Some((hold.reason, Some(hold.since), Some(hold.timer.at)))
        } else if let Some(gate) = self.slot_gate(place) {
            Some(gate)
        } else {
            self.permit_hold(place, lane_of_head(strand))
        };
        StrandStatus {
            conversation: strand.conversation,
            item: strand.items[0].envelope.item,
            waiting: strand.items.len() as u32,
            held: hold.map(|(held, ..)| held),
            since: hold.and_then(|(_, since, _)| since),
            until: hold.and_then(|(.., until)| until),
        }
    }
}
