//! Items that wait in the store, and how they come back.

use std::collections::VecDeque;

use persona_cycle::{Envelope, Flags, Lane};

use super::Model;
use crate::rule::Rule;

/// An item on its way from the store.
pub(crate) struct Asked {
    pub(super) persona: usize,
    pub(crate) envelope: Envelope,
    /// Where it was.
    queue: usize,
}

impl Model {
    pub(super) fn native_waiting(&self, persona: usize, lane: Lane) -> usize {
        let items = self.personas[persona].strands.iter().flat_map(|strand| &strand.items);
        items.filter(|item| item.envelope.lane == lane).count()
    }

    pub(super) fn window(&self, persona: usize, lane: Lane) -> usize {
        self.personas[persona].settings.windows[lane as usize] as usize
    }

    pub(super) fn in_store(&self, persona: usize) -> usize {
        let asked = self.asked.iter().filter(|asked| asked.persona == persona).count();
        asked + self.personas[persona].backlog.iter().map(VecDeque::len).sum::<usize>()
    }

    /// The queue in which the rest of the conversation is, or was until it was asked for.
    fn queue_of(&self, persona: usize, conversation: u64) -> Option<usize> {
        let mut asked = self.asked.iter().filter(|asked| asked.persona == persona);
        let asked = asked.find(|asked| asked.envelope.conversation == conversation).map(|asked| asked.queue);
        let mut queues = self.personas[persona].backlog.iter();
        let has_some = |queue: &VecDeque<Envelope>| queue.iter().any(|one| one.conversation == conversation);
        asked.or_else(|| queues.position(has_some))
    }

    pub(super) fn belongs_in_backlog(&mut self, persona: usize, envelope: &Envelope) -> bool {
        let Envelope { lane, conversation, flags, .. } = *envelope;
        let full = self.native_waiting(persona, lane) >= self.window(persona, lane);
        let follows = self.queue_of(persona, conversation).is_some();
        if full && flags.has(Flags::URGENT) {
            self.reach("an urgent item needs no window");
        }
        if follows && !full {
            self.reach("a conversation stays in order");
        }
        full && !flags.has(Flags::URGENT) && self.keeps(Rule::Window)
            || follows && self.keeps(Rule::BacklogOrder)
    }

    pub(super) fn put_aside(&mut self, persona: usize, envelope: Envelope) {
        let queue = self.queue_of(persona, envelope.conversation).unwrap_or(envelope.lane as usize);
        self.personas[persona].backlog[queue].push_back(envelope);
        self.reach(if queue == envelope.lane as usize {
            "put aside"
        } else {
            "put aside among another lane"
        });
    }

    pub(super) fn drain_backlog(&mut self, persona: usize) -> Vec<Envelope> {
        self.personas[persona].backlog.iter_mut().flat_map(|queue| queue.drain(..)).collect()
    }

    /// Items of the lane in memory or on their way there.
    fn near(&self, persona: usize, lane: Lane) -> usize {
        let asked = self.asked.iter().filter(|asked| (asked.persona, asked.envelope.lane) == (persona, lane));
        self.native_waiting(persona, lane) + asked.count()
    }

    fn wants(&self, persona: usize, queue: usize) -> bool {
        self.personas[persona].backlog[queue].front().is_some_and(|front| {
            let window = self.window(persona, front.lane);
            let enough = if self.keeps(Rule::HalfWindow) { window / 2 } else { window - 1 };
            self.near(persona, front.lane) <= enough
        })
    }

    pub(super) fn follow_up_hunger(&mut self, persona: usize) {
        if self.is_hungry(persona) && !self.hungry.contains(&persona) {
            let place = if self.keeps(Rule::HungryInOrder) { self.hungry.len() } else { 0 };
            self.hungry.insert(place, persona);
        }
    }

    fn is_hungry(&self, persona: usize) -> bool {
        (0..4).any(|queue| self.wants(persona, queue))
    }

    /// Asks for at most so many items. Who has become hungry keeps its place until it is served in full.
    pub(super) fn page(&mut self, budget: u32) -> Vec<u64> {
        let mut keys = Vec::new();
        while let Some(&persona) = self.hungry.first() {
            if !self.is_hungry(persona) {
                self.reach("hunger is over before it is served");
            }
            if !self.serve_hungry(persona, budget as usize, &mut keys) {
                self.reach("paging stops at its budget");
                break;
            }
            self.hungry.remove(0);
        }
        keys
    }

    /// Whether the budget was enough.
    fn serve_hungry(&mut self, persona: usize, budget: usize, keys: &mut Vec<u64>) -> bool {
        if self.hungry.len() > 1 {
            self.reach("many are hungry");
        }
        for queue in 0..4 {
            if !self.wants(persona, queue) {
                continue;
            }
            while let Some(&envelope) = self.personas[persona].backlog[queue].front()
                && self.near(persona, envelope.lane) < self.window(persona, envelope.lane)
            {
                if keys.len() >= budget {
                    return false;
                }
                self.personas[persona].backlog[queue].pop_front();
                keys.push(envelope.item);
                self.asked.push_back(Asked { persona, envelope, queue });
            }
        }
        true
    }
}
