//! The same contract as the crate's, written the slow way: plain vectors, everything scanned and sorted at each step.

mod arrival;
mod backlog;
mod breaker;
mod ending;
mod energy;
mod rings;
mod rooms;
mod sleep;
mod status;
mod strand;
mod turn;

use std::collections::{HashSet, VecDeque};

use persona_cycle::{
    Envelope, FleetOptions, Kind, Lane, Overflow, Reason, Refusal, Settlement, SleepMode, SlotId,
    SlotSettings, TurnId, Unenroll,
};

pub(crate) use backlog::Asked;
pub(crate) use turn::ExpectedTurn;

use crate::rule::Rule;
use breaker::Breaker;
use energy::FULL_ENERGY;
use rooms::Rooms;
use strand::Strand;

pub(crate) struct Model {
    pub(crate) now: i64,
    pub(crate) personas: Vec<Persona>,
    pub(crate) turns: Vec<Flying>,
    /// What the fleet has asked for and not got yet, over all personas.
    pub(crate) asked: VecDeque<Asked>,
    pub(crate) counts: Counts,
    /// What has happened, by name.
    pub(crate) reached: HashSet<&'static str>,
    options: FleetOptions,
    rooms: Rooms,
    rings: [Vec<usize>; 4],
    hungry: Vec<usize>,
    outbox: VecDeque<Out>,
    /// Numbers the timers in the order in which they are set.
    timers_set: u64,
    jitter: u64,
    forgotten: Option<Rule>,
}

pub(crate) struct Persona {
    pub(crate) id: SlotId,
    pub(crate) life: Life,
    settings: SlotSettings,
    paused_since: i64,
    reserved: u32,
    strands: Vec<Strand>,
    backlog: [VecDeque<Envelope>; 4],
    breaker: Breaker,
    /// Of the breaker.
    generation: u64,
    sleep: SleepMode,
    sleeps_since: i64,
    wakes_at: Option<Timer>,
    energy: i64,
    /// None while a turn is in flight.
    rests_since: Option<i64>,
    /// Whether it had too much waiting when that was last looked at.
    overwhelmed: bool,
    ring: Option<Lane>,
    ready_since: i64,
    credit: i64,
    /// A visit of it has begun and is not over.
    visited: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Life {
    Enrolled,
    Draining,
    Returning,
    Gone,
}

struct Item {
    envelope: Envelope,
    expiry: Option<Timer>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: i64,
    number: u64,
}

pub(crate) struct Flying {
    pub(crate) id: TurnId,
    persona: usize,
    conversation: u64,
    items: Vec<Item>,
    lane: Lane,
    lease: Option<Timer>,
    attempt: u32,
    formed_at: i64,
    generation: u64,
}

#[derive(Default, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) done: u64,
    pub(crate) declined: u64,
    pub(crate) dead: u64,
    pub(crate) retried: u64,
    pub(crate) refused: u64,
}

enum Out {
    Settlement(Settlement),
    Freed(SlotId),
    Woken(SlotId),
}

impl Model {
    pub(crate) fn new(options: FleetOptions, forgotten: Option<Rule>) -> Self {
        Self {
            now: i64::MIN,
            personas: Vec::new(),
            turns: Vec::new(),
            asked: VecDeque::new(),
            counts: Counts::default(),
            reached: HashSet::new(),
            options,
            rooms: Rooms::default(),
            rings: Default::default(),
            hungry: Vec::new(),
            outbox: VecDeque::new(),
            timers_set: 0,
            jitter: options.seed,
            forgotten,
        }
    }

    pub(crate) fn find(&self, id: SlotId) -> Option<usize> {
        self.personas.iter().position(|persona| persona.id == id && persona.life != Life::Gone)
    }

    pub(crate) fn pass_time(&mut self, now: i64) {
        if now < self.now {
            self.reach("the clock goes back");
        }
        self.now = self.now.max(now);
    }

    pub(crate) fn enroll(&mut self, id: SlotId, settings: SlotSettings) {
        self.personas.push(Persona {
            id,
            life: Life::Enrolled,
            settings,
            paused_since: self.now,
            reserved: 0,
            strands: Vec::new(),
            backlog: Default::default(),
            breaker: Breaker::Closed { failures: 0 },
            generation: 0,
            sleep: SleepMode::Active,
            sleeps_since: 0,
            wakes_at: None,
            energy: FULL_ENERGY,
            rests_since: None,
            overwhelmed: false,
            ring: None,
            ready_since: 0,
            credit: 0,
            visited: false,
        });
    }

    pub(crate) fn configure(&mut self, persona: usize, settings: SlotSettings) {
        let former = std::mem::replace(&mut self.personas[persona].settings, settings);
        if settings.paused && !former.paused {
            self.personas[persona].paused_since = self.now;
        }
        if settings.temperament && !former.temperament {
            self.begin_temperament(persona);
        }
        if settings.breaker_failures == 0 {
            self.give_up_breaker(persona);
        }
        self.look_at_all(persona);
        self.follow_up(persona);
    }

    pub(crate) fn unenroll(&mut self, persona: usize, how: Unenroll) {
        let life = &mut self.personas[persona].life;
        match how {
            Unenroll::Drain if *life == Life::Enrolled => *life = Life::Draining,
            Unenroll::Return if *life != Life::Returning => {
                *life = Life::Returning;
                for strand in 0..self.personas[persona].strands.len() {
                    for item in std::mem::take(&mut self.personas[persona].strands[strand].items) {
                        self.settle(&item.envelope, None, Kind::Declined, Reason::Unenrolled);
                    }
                    self.look_at(persona, strand);
                }
                for envelope in self.drain_backlog(persona) {
                    self.reach("a backlog is given back");
                    self.settle(&envelope, None, Kind::Declined, Reason::Unenrolled);
                }
            }
            Unenroll::Drain | Unenroll::Return => self.reach("unenrolled twice"),
        }
        self.follow_up(persona);
    }

    pub(crate) fn admit(&mut self, id: SlotId, n: u32) -> Result<(), Refusal> {
        let admitted = self.reserve(id, n);
        if admitted.is_err() {
            self.counts.refused += u64::from(n);
        }
        admitted
    }

    fn reserve(&mut self, id: SlotId, n: u32) -> Result<(), Refusal> {
        let persona = self.find(id).ok_or(Refusal::Unknown)?;
        let undecided = self.waiting(persona) + self.in_flight(persona);
        let Persona { reserved, life, settings, .. } = &mut self.personas[persona];
        if *life != Life::Enrolled {
            return Err(Refusal::Draining);
        }
        if *reserved as usize + undecided + n as usize > settings.max_queued as usize {
            return Err(Refusal::Full);
        }
        *reserved += n;
        Ok(())
    }

    pub(crate) fn release(&mut self, id: SlotId, n: u32) {
        if let Some(persona) = self.find(id) {
            let reserved = &mut self.personas[persona].reserved;
            *reserved = reserved.saturating_sub(n);
            self.follow_up(persona);
        }
    }

    /// Items that wait, those in the store included.
    fn waiting(&self, persona: usize) -> usize {
        let native: usize = self.personas[persona].strands.iter().map(|strand| strand.items.len()).sum();
        native + self.in_store(persona)
    }

    fn in_flight(&self, persona: usize) -> usize {
        self.turns.iter().filter(|turn| turn.persona == persona).map(|turn| turn.items.len()).sum()
    }

    fn turns_of(&self, persona: usize) -> usize {
        self.turns.iter().filter(|turn| turn.persona == persona).count()
    }

    /// Ends every change: what depends on it is brought up to date, once.
    fn follow_up(&mut self, persona: usize) {
        self.follow_up_mood(persona);
        let turns = &self.turns;
        let flies = |strand: &Strand| {
            turns.iter().any(|turn| (turn.persona, turn.conversation) == (persona, strand.conversation))
        };
        self.personas[persona].strands.retain(|strand| !strand.items.is_empty() || flies(strand));
        self.follow_up_ring(persona);
        self.follow_up_hunger(persona);
        let left = self.waiting(persona) + self.in_flight(persona);
        let Persona { id, reserved, life, wakes_at, breaker, .. } = &mut self.personas[persona];
        if matches!(life, Life::Draining | Life::Returning) && *reserved == 0 && left == 0 {
            *life = Life::Gone;
            *wakes_at = None;
            *breaker = Breaker::Closed { failures: 0 };
            self.outbox.push_back(Out::Freed(*id));
            self.reach("a persona is freed");
        }
    }

    /// Whether an item that would wait may; else it is settled.
    fn may_wait(&mut self, persona: usize, envelope: &Envelope, turn: Option<TurnId>) -> bool {
        if self.personas[persona].life == Life::Returning {
            self.settle(envelope, turn, Kind::Declined, Reason::Unenrolled);
            return false;
        }
        if envelope.expires_at.is_some_and(|at| at <= self.now) && self.keeps(Rule::Expiry) {
            self.settle(envelope, turn, Kind::Dead, Reason::Expired);
            return false;
        }
        true
    }

    fn settle(&mut self, envelope: &Envelope, turn: Option<TurnId>, kind: Kind, reason: Reason) {
        match kind {
            Kind::Retry { .. } => self.counts.retried += 1,
            Kind::Dead => self.counts.dead += 1,
            Kind::Declined => self.counts.declined += 1,
        }
        self.outbox.push_back(Out::Settlement(Settlement {
            item: envelope.item,
            slot: envelope.slot,
            conversation: envelope.conversation,
            turn,
            kind,
            reason,
            attempt: envelope.attempt,
            failures: envelope.failures,
            flags: envelope.flags,
        }));
    }

    fn timer(&mut self, at: i64) -> Timer {
        self.timers_set += 1;
        Timer { at, number: self.timers_set }
    }

    fn expiry(&mut self, envelope: &Envelope) -> Option<Timer> {
        envelope.expires_at.map(|at| self.timer(at))
    }

    /// The fleet's jitter is part of what a seed replays: `SplitMix64`.
    fn draw(&mut self, bound: i64) -> i64 {
        self.jitter = self.jitter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.jitter;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((u128::from(z) * bound as u128) >> 64) as i64
    }

    fn pages(&self) -> bool {
        self.options.overflow == Overflow::Page
    }

    fn reach(&mut self, what: &'static str) {
        self.reached.insert(what);
    }

    /// Whether the model keeps the rule: always, but in the tests of this simulation itself.
    fn keeps(&self, rule: Rule) -> bool {
        self.forgotten != Some(rule)
    }
}
