//! What a `service` call does: time passes, turns are formed, the backlog is paged in, the outbox handed out.

use persona_cycle::{Budget, Flags, Kind, Lane, Outcome, Reason, Settlement, SlotId, TurnId, Why};

use super::breaker::Breaker;
use super::rings::lane_of_head;
use super::strand::{FULL, Standing};
use super::{Flying, Item, Life, Model, Out, Timer};
use crate::rule::Rule;

/// What one `service` call must give. Turn ids are the fleet's to choose: `name` tells the model.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) turns: Vec<ExpectedTurn>,
    pub(crate) settlements: Vec<Settlement>,
    pub(crate) expired: Vec<TurnId>,
    pub(crate) freed: Vec<SlotId>,
    pub(crate) woken: Vec<SlotId>,
    pub(crate) wanted: Vec<u64>,
    pub(crate) more: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct ExpectedTurn {
    pub(crate) slot: SlotId,
    pub(crate) conversation: u64,
    pub(crate) lane: Lane,
    pub(crate) attempt: u32,
    pub(crate) formed_at: i64,
    pub(crate) deadline: i64,
    pub(crate) why: Why,
    pub(crate) effective_priority: f32,
    pub(crate) waited_ms: i64,
    pub(crate) items: Vec<u64>,
}

/// What a timer is for: the place of a persona or turn, of its strand, and of the strand's item.
#[derive(Clone, Copy)]
enum Due {
    Hold(usize, usize),
    Expiry(usize, usize, usize),
    Lease(usize),
    HalfOpen(usize),
    Wake(usize),
}

/// Stands for a turn that the fleet has formed in this very call and whose id the model does not know yet.
fn unnamed() -> TurnId {
    TurnId::from_raw(0)
}

impl Model {
    /// Every timer that is set.
    fn timers(&self) -> impl Iterator<Item = (Timer, Due)> {
        let personas = self.personas.iter().enumerate().filter(|(_, persona)| persona.life != Life::Gone);
        let of_personas = personas.flat_map(|(place, persona)| {
            let strands = persona.strands.iter().enumerate().flat_map(move |(number, strand)| {
                let hold = strand.hold.map(|hold| (hold.timer, Due::Hold(place, number)));
                let items = strand.items.iter().enumerate();
                let expiries = items.filter_map(move |(item, waiting)| {
                    waiting.expiry.map(|timer| (timer, Due::Expiry(place, number, item)))
                });
                hold.into_iter().chain(expiries)
            });
            let opens = match persona.breaker {
                Breaker::Open { until, .. } => Some((until, Due::HalfOpen(place))),
                Breaker::Closed { .. } | Breaker::HalfOpen { .. } => None,
            };
            let wakes = persona.wakes_at.map(|timer| (timer, Due::Wake(place)));
            strands.chain(opens).chain(wakes)
        });
        let turns = self.turns.iter().enumerate();
        let leases = turns.filter_map(|(place, turn)| turn.lease.map(|timer| (timer, Due::Lease(place))));
        of_personas.chain(leases)
    }

    pub(crate) fn timers_set(&self) -> usize {
        self.timers().count()
    }

    /// The moment at which time alone changes something next.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.timers().map(|(timer, _)| timer.at).min()
    }

    pub(crate) fn service(&mut self, budget: Budget) -> Expected {
        let mut expected = Expected::default();
        self.fire_timers(&mut expected.expired);
        let mut left = budget.turns;
        while left > 0
            && let Some(lane) = self.next_visit()
        {
            let turns = &mut expected.turns;
            self.visit(lane, &mut left, |model, persona| {
                let turn = model.form(persona);
                let items = turn.items.len() as u32;
                turns.push(turn);
                items
            });
        }
        expected.wanted = self.page(budget.wanted);
        self.hand_out(budget.settlements as usize, &mut expected);
        expected.more = !self.outbox.is_empty() || !self.hungry.is_empty() || self.next_visit().is_some();
        expected
    }

    fn fire_timers(&mut self, expired: &mut Vec<TurnId>) {
        loop {
            let due = self.timers().filter(|(timer, _)| timer.at <= self.now).min_by_key(|&(timer, _)| timer);
            match due.map(|(_, due)| due) {
                Some(Due::Hold(persona, strand)) => {
                    self.personas[persona].strands[strand].hold = None;
                    self.look_at(persona, strand);
                    self.follow_up(persona);
                }
                Some(Due::Expiry(persona, strand, item)) => self.expire(persona, strand, item),
                Some(Due::Lease(turn)) => {
                    let id = self.turns[turn].id;
                    expired.push(id);
                    self.complete(id, Outcome::TimedOut);
                }
                Some(Due::HalfOpen(persona)) => {
                    self.half_open(persona);
                    self.follow_up(persona);
                }
                Some(Due::Wake(persona)) => {
                    self.wake(persona, "the time wakes");
                    self.follow_up(persona);
                }
                None => return,
            }
        }
    }

    fn expire(&mut self, persona: usize, strand: usize, item: usize) {
        let waiting = &mut self.personas[persona].strands[strand].items;
        if self.forgotten == Some(Rule::Expiry) {
            waiting[item].expiry = None;
            return;
        }
        let item = waiting.remove(item);
        self.settle(&item.envelope, None, Kind::Dead, Reason::Expired);
        self.look_at(persona, strand);
        self.follow_up(persona);
    }

    /// Takes items off for the persona's next turn. The caller follows up.
    fn form(&mut self, persona: usize) -> ExpectedTurn {
        let now = self.now;
        let strands = &self.personas[persona].strands;
        let mut ready: Vec<(Standing, usize)> = self
            .candidates(persona)
            .filter(|&strand| self.is_open(lane_of_head(&strands[strand])))
            .map(|strand| (self.standing(&strands[strand]), strand))
            .collect();
        ready.sort_unstable();
        let (standing, place) = ready[0];
        let second = ready.get(1).map(|&(standing, _)| standing);
        if ready.len() > 30 {
            self.reach("a choice among many");
        }
        let turn = self.take_off(persona, place);
        let head = &turn.items[0].envelope;
        ExpectedTurn {
            slot: head.slot,
            conversation: head.conversation,
            lane: turn.lane,
            attempt: turn.attempt,
            formed_at: now,
            deadline: turn.lease.map_or(now, |timer| timer.at),
            why: why(&standing, second.as_ref()),
            effective_priority: (standing.3.0 as f64 / FULL as f64) as f32,
            waited_ms: now.saturating_sub(head.enqueued_at).max(0),
            items: turn.items.iter().map(|item| item.envelope.item).collect(),
        }
    }

    fn take_off(&mut self, persona: usize, strand: usize) -> &Flying {
        self.end_rest(persona);
        self.begin_probe(persona);
        let one = &mut self.personas[persona].strands[strand];
        let run = if self.forgotten == Some(Rule::Merging) { 1 } else { one.run().len() };
        let conversation = one.conversation;
        let mut items: Vec<Item> = one.items.drain(..run).collect();
        for item in &mut items {
            item.expiry = None;
            item.envelope.attempt = item.envelope.attempt.saturating_add(1);
        }
        let lane = items[0].envelope.lane;
        let own = self.personas[persona].settings.deadline_ms;
        let time = if lane == Lane::Voice { own.min(20_000) } else { own };
        let lease = Some(self.timer(self.now.saturating_add(time)));
        if run == 20 {
            self.reach("a full turn");
        }
        if lane != Lane::Voice && items[0].envelope.flags.has(Flags::ROOM) {
            self.reach("a turn in a room");
        }
        self.turns.push(Flying {
            id: unnamed(),
            persona,
            conversation,
            lane,
            lease,
            attempt: items.iter().map(|item| item.envelope.attempt).max().unwrap_or(0),
            items,
            formed_at: self.now,
            generation: self.personas[persona].generation,
        });
        &self.turns[self.turns.len() - 1]
    }

    /// Gives the turns of the last `service` the ids that the fleet chose.
    pub(crate) fn name(&mut self, ids: impl IntoIterator<Item = TurnId>) {
        let unnamed = self.turns.iter_mut().filter(|turn| turn.id == unnamed());
        for (turn, id) in unnamed.zip(ids) {
            turn.id = id;
        }
    }

    fn hand_out(&mut self, budget: usize, expected: &mut Expected) {
        while let Some(next) = self.outbox.front() {
            match *next {
                Out::Freed(id) => expected.freed.push(id),
                Out::Woken(id) => expected.woken.push(id),
                Out::Settlement(next) => {
                    let last = expected.settlements.last();
                    let together = last.is_some_and(|last| last.turn.is_some() && last.turn == next.turn);
                    if expected.settlements.len() >= budget && !together {
                        self.reach("settlements wait for the next call");
                        return;
                    }
                    expected.settlements.push(next);
                }
            }
            self.outbox.pop_front();
        }
    }
}

fn why(first: &Standing, second: Option<&Standing>) -> Why {
    match second {
        None => Why::Only,
        Some(second) if first.0 != second.0 => Why::Urgent,
        Some(second) if first.1 != second.1 => Why::Starved,
        Some(second) if first.2 != second.2 => Why::Lane,
        Some(second) if first.3 != second.3 => Why::Priority,
        Some(_) => Why::Age,
    }
}
