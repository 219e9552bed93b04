//! One persona's part in one conversation: what waits, what holds it, and how it stands against the others.

use std::cmp::Reverse;

use persona_cycle::{Flags, Held, Kind, Lane, Reason};

use super::energy::{ENERGY_PER_MS, TIRED_BELOW};
use super::{Flying, Item, Model, Timer};
use crate::rule::Rule;

/// Priority 1.0.
pub(super) const FULL: i64 = 6_000_000;

const STARVED_MS: i64 = 60_000;

pub(super) struct Strand {
    pub(super) conversation: u64,
    pub(super) items: Vec<Item>,
    pub(super) hold: Option<Hold>,
}

#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub(super) reason: Held,
    pub(super) since: i64,
    pub(super) timer: Timer,
}

/// What the gates say about a head.
enum Gate {
    Open,
    Held(Held, i64),
    /// The room has had enough: the run is declined.
    Capped,
}

/// Sorts the conversations of a persona: the smallest goes first.
pub(super) type Standing = (bool, i64, Lane, Reverse<i64>, i64, u64);

impl Strand {
    pub(super) fn new(conversation: u64) -> Self {
        Self { conversation, items: Vec::new(), hold: None }
    }

    pub(super) fn run(&self) -> &[Item] {
        &self.items[..run_of(&self.items)]
    }

    /// Of its next turn, at `now`.
    pub(super) fn effective(&self, now: i64) -> i64 {
        let head = &self.items[0].envelope;
        let base = self.run().iter().map(|item| points(item.envelope.priority)).max().unwrap_or(0);
        let waited = now.saturating_sub(head.enqueued_at).max(0);
        let gain = match head.lane {
            Lane::Voice => 0,
            Lane::Task => waited.min(60_000) * 50,
            Lane::Chat | Lane::Background => waited.min(30_000) * 100,
        };
        (base + gain).min(FULL)
    }
}

impl Model {
    pub(super) fn standing(&self, strand: &Strand) -> Standing {
        let head = &strand.items[0].envelope;
        let urgent = strand.items.iter().any(|item| item.envelope.flags.has(Flags::URGENT));
        let best = strand.items.iter().map(|item| item.envelope.lane).min();
        let is_starved = self.now.saturating_sub(head.enqueued_at) >= STARVED_MS;
        let starved = if is_starved && self.keeps(Rule::StarvedItem) { head.enqueued_at } else { i64::MAX };
        let effective = Reverse(strand.effective(self.now));
        (!urgent, starved, best.unwrap_or(head.lane), effective, head.enqueued_at, head.item)
    }

    pub(super) fn turn_of(&self, persona: usize, conversation: u64) -> Option<&Flying> {
        self.turns.iter().find(|turn| (turn.persona, turn.conversation) == (persona, conversation))
    }

    /// Whether its head may go, as far as the strand itself is concerned.
    pub(super) fn is_candidate(&self, persona: usize, strand: &Strand) -> bool {
        !strand.items.is_empty()
            && strand.hold.is_none()
            && self.turn_of(persona, strand.conversation).is_none()
    }

    pub(super) fn strand(&mut self, persona: usize, conversation: u64) -> usize {
        let strands = &mut self.personas[persona].strands;
        strands.iter().position(|strand| strand.conversation == conversation).unwrap_or_else(|| {
            strands.push(Strand::new(conversation));
            strands.len() - 1
        })
    }

    pub(super) fn look_at_all(&mut self, persona: usize) {
        for strand in 0..self.personas[persona].strands.len() {
            self.look_at(persona, strand);
        }
    }

    /// Asks the gates about the head. A hold lasts until somebody looks again.
    pub(super) fn look_at(&mut self, persona: usize, strand: usize) {
        loop {
            let one = &self.personas[persona].strands[strand];
            let asks = !one.items.is_empty() && self.turn_of(persona, one.conversation).is_none();
            let former = one.hold;
            let hold = match if asks { self.gate(persona, one) } else { Gate::Open } {
                Gate::Open => None,
                Gate::Held(reason, until) => {
                    let timer = former.map(|hold| hold.timer).filter(|timer| timer.at == until);
                    let since = former.filter(|hold| hold.reason == reason).map(|hold| hold.since);
                    Some(Hold {
                        reason,
                        since: since.unwrap_or(self.now),
                        timer: timer.unwrap_or_else(|| self.timer(until)),
                    })
                }
                Gate::Capped => {
                    self.decline_run(persona, strand);
                    continue;
                }
            };
            self.personas[persona].strands[strand].hold = hold;
            return;
        }
    }

    fn decline_run(&mut self, persona: usize, strand: usize) {
        let strand = &mut self.personas[persona].strands[strand];
        let run = run_of(&strand.items);
        for item in strand.items.drain(..run).collect::<Vec<_>>() {
            self.settle(&item.envelope, None, Kind::Declined, Reason::RoomCap);
        }
        if run > 1 {
            self.reach("a whole run is declined in a room");
        }
    }

    fn gate(&self, persona: usize, strand: &Strand) -> Gate {
        let settings = &self.personas[persona].settings;
        let head = &strand.items[0].envelope;
        if let Some(until) = head.not_before.filter(|&at| at > self.now)
            && self.keeps(Rule::BackingOff)
        {
            return Gate::Held(Held::BackingOff, until);
        }
        if head.lane == Lane::Voice {
            return Gate::Open;
        }
        if is_machine_run(strand.run()) {
            let pace = self.pace(persona, strand.conversation);
            if pace.machine_turns >= settings.room_cap && self.keeps(Rule::RoomCap) {
                return Gate::Capped;
            }
            let until = pace.ended_at.map_or(i64::MIN, |at| at.saturating_add(settings.room_gap_ms));
            if until > self.now && self.keeps(Rule::RoomGap) {
                return Gate::Held(Held::RoomGap, until);
            }
        }
        let direct =
            |flags: Flags| flags.has(Flags::HUMAN) && (flags.has(Flags::MENTION) || !flags.has(Flags::ROOM));
        let mut flags = strand.run().iter().map(|item| item.envelope.flags);
        let presses = flags.any(|flags| flags.has(Flags::URGENT) || direct(flags));
        let patient = self.now.saturating_sub(head.enqueued_at) < STARVED_MS;
        if settings.temperament && patient && !presses {
            return self.mood_gate(persona, strand);
        }
        Gate::Open
    }

    fn mood_gate(&self, persona: usize, strand: &Strand) -> Gate {
        let energy = self.energy(persona);
        let (reason, needed) = if self.is_overwhelmed(persona) && self.keeps(Rule::Overwhelmed) {
            (Held::Overwhelmed, FULL / 10 * 8)
        } else if energy < TIRED_BELOW && self.keeps(Rule::Tired) {
            (Held::Tired, FULL / 2)
        } else {
            return Gate::Open;
        };
        if strand.effective(self.now) > needed {
            return Gate::Open;
        }
        let enqueued_at = strand.items[0].envelope.enqueued_at;
        let (mut not_yet, mut passes) = (0, STARVED_MS);
        while passes - not_yet > 1 {
            let middle = i64::midpoint(not_yet, passes);
            if strand.effective(enqueued_at.saturating_add(middle)) > needed {
                passes = middle;
            } else {
                not_yet = middle;
            }
        }
        let mut until = enqueued_at.saturating_add(passes);
        if reason == Held::Tired && self.turns_of(persona) == 0 {
            let rest = (TIRED_BELOW - energy + ENERGY_PER_MS - 1) / ENERGY_PER_MS;
            until = until.min(self.now.saturating_add(rest));
        }
        Gate::Held(reason, until)
    }
}

/// Whether no human asks for a turn in a room.
pub(super) fn is_machine_run(run: &[Item]) -> bool {
    let head = &run[0].envelope;
    head.flags.has(Flags::ROOM)
        && head.lane != Lane::Voice
        && !run.iter().any(|item| item.envelope.flags.has(Flags::HUMAN))
}

pub(super) fn points(priority: f32) -> i64 {
    if priority.is_nan() { 0 } else { (f64::from(priority.clamp(0.0, 1.0)) * FULL as f64).round() as i64 }
}

/// How many leading items go into one turn.
fn run_of(items: &[Item]) -> usize {
    let head = &items[0].envelope;
    let alone = |flags: Flags| flags.has(Flags::ALONE);
    let mut length = 1;
    while length < items.len().min(20) {
        let next = &items[length].envelope;
        let same = next.lane == head.lane && next.merge_key == head.merge_key;
        let mergeable = match next.lane {
            Lane::Voice => false,
            Lane::Chat => true,
            Lane::Task | Lane::Background => next.merge_key != 0,
        };
        let held_longer = next.not_before.unwrap_or(i64::MIN) > head.not_before.unwrap_or(i64::MIN);
        if !same || !mergeable || alone(head.flags) || alone(next.flags) || held_longer {
            break;
        }
        length += 1;
    }
    length
}
