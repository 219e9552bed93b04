//! Sleep modes, and what wakes.

use persona_cycle::{Flags, Lane, SleepMode};

use super::{Model, Out, Persona};
use crate::rule::Rule;

impl Model {
    pub(crate) fn sleep(&mut self, persona: usize, mode: SleepMode, until: Option<i64>) {
        self.personas[persona].sleep = mode;
        self.personas[persona].sleeps_since = self.now;
        self.personas[persona].wakes_at = None;
        if mode != SleepMode::Active {
            if let Some(until) = until {
                self.personas[persona].wakes_at = Some(self.timer(until));
            }
            if until.is_some_and(|until| until <= self.now) {
                self.wake(persona, "it was to sleep until a moment that has passed");
            }
            self.wake_if_called(persona);
        }
        self.follow_up(persona);
    }

    pub(super) fn wake(&mut self, persona: usize, by: &'static str) {
        let persona = &mut self.personas[persona];
        persona.sleep = SleepMode::Active;
        persona.wakes_at = None;
        let id = persona.id;
        self.outbox.push_back(Out::Woken(id));
        self.reach(by);
    }

    /// Something has arrived.
    pub(super) fn wake_for(&mut self, persona: usize, flags: Flags, lane: Lane) {
        let mode = self.personas[persona].sleep;
        if wakes(mode, flags, lane) && self.keeps(Rule::Waking) {
            self.wake(
                persona,
                match mode {
                    SleepMode::MentionedOnly if flags.has(Flags::MENTION) => "a mention wakes",
                    SleepMode::MentionedOnly => "a direct message wakes",
                    SleepMode::HumanOnly => "a human wakes",
                    _ => "the topic wakes",
                },
            );
        }
    }

    /// Nobody falls asleep while something waits that would wake it; what is on its way from the store wakes later.
    pub(super) fn wake_if_called(&mut self, persona: usize) {
        let Persona { sleep: mode, ref strands, ref backlog, .. } = self.personas[persona];
        let waiting = strands.iter().flat_map(|strand| &strand.items).map(|item| &item.envelope);
        let mut waiting = waiting.chain(backlog.iter().flatten());
        if waiting.any(|envelope| wakes(mode, envelope.flags, envelope.lane)) {
            self.wake(persona, "what waits wakes");
        }
    }
}

fn wakes(mode: SleepMode, flags: Flags, lane: Lane) -> bool {
    match mode {
        SleepMode::MentionedOnly => {
            let direct = !flags.has(Flags::ROOM) && matches!(lane, Lane::Voice | Lane::Chat);
            flags.has(Flags::MENTION) || direct
        }
        SleepMode::HumanOnly => flags.has(Flags::HUMAN),
        SleepMode::UntilTopic => flags.has(Flags::ON_TOPIC),
        SleepMode::Active | SleepMode::Sleeping => false,
    }
}
