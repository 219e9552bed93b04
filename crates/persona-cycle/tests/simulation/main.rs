//! Random calls on a fleet and on a naive model of it, which must agree after every one of them.
//!
//! `PERSONA_SIM_STEPS` (200 000) calls are made in episodes with a fleet each; the first has the seed
//! `PERSONA_SIM_SEED` (1), the next one seed + 1, and so on. A failure prints the two values that replay it.

mod model;

use std::collections::HashSet;
use std::env;
use std::io::{self, Write};
use std::ops::Range;
use std::thread;

use model::{Life, Model};
use persona_cycle::{
    Batch, Budget, Envelope, Fault, Flags, Fleet, FleetOptions, Held, Kind, Lane, Outcome, Reason, SlotId,
    SlotSettings, TurnId, Unenroll, Why,
};

const EPISODE: u64 = 3_000;

#[test]
fn a_fleet_does_what_its_model_does() {
    let all = setting("PERSONA_SIM_STEPS", 200_000);
    let first_seed = setting("PERSONA_SIM_SEED", 1);
    let mut reached = Reached::default();
    for (seed, from) in (first_seed..).zip((0..all).step_by(EPISODE as usize)) {
        Episode::new(seed, &mut reached).unwrap().run(EPISODE.min(all - from));
    }
    if all >= 100_000 {
        reached.check();
    }
}

/// What the calls have led to: a simulation that forms no merged turn, say, proves nothing about merging.
#[derive(Default)]
struct Reached {
    whys: HashSet<Why>,
    settled: HashSet<(&'static str, Reason)>,
    held: HashSet<Held>,
    full_turns: u64,
    freed: u64,
    largest_choice: usize,
}

impl Reached {
    fn check(&self) {
        assert_eq!(self.whys.len(), 6, "{:?}", self.whys);
        assert_eq!(self.held.len(), 4, "{:?}", self.held);
        let pairs = [
            ("retry", Reason::Failed),
            ("retry", Reason::TimedOut),
            ("retry", Reason::UnknownOutcome),
            ("dead", Reason::Failed),
            ("dead", Reason::TimedOut),
            ("dead", Reason::UnknownOutcome),
            ("dead", Reason::Expired),
            ("declined", Reason::Unenrolled),
            ("declined", Reason::UnknownOutcome),
        ];
        assert_eq!(self.settled, HashSet::from(pairs));
        assert!(self.full_turns > 100, "turns with all items that may merge: {}", self.full_turns);
        assert!(self.freed > 100, "personas freed: {}", self.freed);
        assert!(self.largest_choice > 30, "conversations to choose from: {}", self.largest_choice);
    }

    fn note(&mut self, batch: &Batch) {
        self.whys.extend(batch.turns.iter().map(|turn| turn.why));
        self.full_turns += batch.turns.iter().filter(|turn| turn.items.len() == 20).count() as u64;
        self.freed += batch.freed.len() as u64;
        self.settled.extend(batch.settlements.iter().map(|settlement| {
            let kind = match settlement.kind {
                Kind::Retry { .. } => "retry",
                Kind::Dead => "dead",
                Kind::Declined => "declined",
            };
            (kind, settlement.reason)
        }));
    }
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

struct Episode<'a> {
    reached: &'a mut Reached,
    seed: u64,
    step: u64,
    random: Random,
    fleet: Fleet,
    model: Model,
    batch: Batch,
    /// What is told to the fleet, which may be earlier than what was told before.
    now: i64,
    items: u64,
    /// Conversations that a persona has at most: few make long queues, many make a long choice.
    conversations: u64,
    handles: Vec<SlotId>,
    ended: Vec<TurnId>,
}

impl Drop for Episode<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let (seed, steps) = (self.seed, self.step + 1);
            let _ = writeln!(io::stderr(), "replay: PERSONA_SIM_SEED={seed} PERSONA_SIM_STEPS={steps}");
        }
    }
}

impl<'a> Episode<'a> {
    fn new(seed: u64, reached: &'a mut Reached) -> Result<Self, Fault> {
        let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
        let max_turns_in_flight = random.one_of(&[1, 2, 5, 50]);
        let quantum = random.one_of(&[1, 3, 20]);
        let conversations = random.one_of(&[1, 3, 60]);
        let fleet = Fleet::new(FleetOptions { max_turns_in_flight, quantum, seed })?;
        Ok(Self {
            reached,
            seed,
            step: 0,
            random,
            fleet,
            model: Model::new(max_turns_in_flight, quantum, seed),
            batch: Batch::default(),
            now: 1_700_000_000_000,
            items: 0,
            conversations,
            handles: vec![SlotId::from_raw(0), SlotId::from_raw(u64::MAX)],
            ended: vec![TurnId::from_raw(0), TurnId::from_raw(u64::MAX)],
        })
    }

    fn run(mut self, steps: u64) {
        for step in 0..steps {
            self.step = step;
            self.act();
            self.fleet.check();
            self.compare_status();
        }
        self.finish();
    }

    fn act(&mut self) {
        match self.random.below(100) {
            0..=1 => self.enroll(),
            2..=3 => self.configure(),
            4 => self.unenroll(),
            5..=9 => self.admit(),
            10..=11 => self.release(),
            12..=36 => self.arm(),
            37..=38 => self.arm_many(),
            39..=58 => self.service(),
            59..=80 => self.complete(),
            81..=84 => self.settling(),
            _ => self.pass_time(),
        }
    }

    fn enroll(&mut self) {
        let settings = self.settings();
        let enrolled = self.model.personas.iter().filter(|persona| persona.life != Life::Gone).count();
        if enrolled >= 6 {
            return;
        }
        match self.fleet.enroll(settings) {
            Ok(id) => {
                assert!(!self.handles.contains(&id), "a handle was given twice");
                self.handles.push(id);
                self.model.enroll(id, settings);
            }
            Err(fault) => assert_eq!(Some(fault), fault_of(&settings)),
        }
    }

    fn configure(&mut self) {
        let (id, settings) = (self.handle(), self.settings());
        let persona = self.model.find(id);
        let expected = match (fault_of(&settings), persona) {
            (Some(fault), _) => Err(fault),
            (None, None) => Err(Fault::UnknownSlot),
            (None, Some(_)) => Ok(()),
        };
        assert_eq!(self.fleet.configure(id, settings), expected);
        if let (Ok(()), Some(persona)) = (expected, persona) {
            self.model.configure(persona, settings);
        }
    }

    fn unenroll(&mut self) {
        let id = self.handle();
        let how = self.random.one_of(&[Unenroll::Drain, Unenroll::Return]);
        let persona = self.model.find(id);
        assert_eq!(self.fleet.unenroll(id, how), persona.map(|_| ()).ok_or(Fault::UnknownSlot));
        if let Some(persona) = persona {
            self.model.unenroll(persona, how);
        }
    }

    fn admit(&mut self) {
        let id = self.handle();
        let n = self.random.one_of(&[0, 1, 1, 3, 60]);
        assert_eq!(self.fleet.admit(id, n), self.model.admit(id, n));
    }

    fn release(&mut self) {
        let id = self.handle();
        let n = self.random.one_of(&[1, 2, u32::MAX]);
        self.fleet.release(id, n);
        self.model.release(id, n);
    }

    fn arm(&mut self) {
        let envelope = self.envelope();
        self.arm_one(&envelope);
    }

    /// Items that merge, more than one turn can hold, or one for each of many conversations.
    fn arm_many(&mut self) {
        let spread = self.random.chance(50);
        let first = self.envelope();
        for _ in 0..30 {
            let mut envelope = self.envelope();
            envelope.slot = first.slot;
            if !spread {
                let Envelope { conversation, lane, merge_key, .. } = first;
                let not_before = self.random.chance(2).then_some(self.now + 700);
                envelope =
                    Envelope { conversation, lane, merge_key, not_before, flags: first.flags, ..envelope };
            }
            self.arm_one(&envelope);
        }
    }

    fn arm_one(&mut self, envelope: &Envelope) {
        self.fleet.arm(envelope, self.now);
        self.model.pass_time(self.now);
        self.model.arm(envelope);
    }

    fn service(&mut self) {
        let budget = Budget {
            turns: self.random.one_of(&[0, 1, 2, 7, 1_000]),
            settlements: self.random.one_of(&[0, 1, 3, 1_000]),
        };
        self.service_with(budget);
    }

    fn service_with(&mut self, budget: Budget) {
        let next = self.fleet.service(self.now, budget, &mut self.batch);
        self.model.pass_time(self.now);
        let expected = self.model.service(budget);

        assert_eq!(self.batch.turns.len(), expected.turns.len(), "number of turns");
        for (turn, expected) in self.batch.turns.iter().zip(&expected.turns) {
            assert_eq!(self.batch.items[turn.items.clone()], expected.items);
            assert_eq!(
                (
                    turn.slot,
                    turn.conversation,
                    turn.lane,
                    turn.attempt,
                    turn.deadline,
                    turn.why,
                    turn.waited_ms
                ),
                (
                    expected.slot,
                    expected.conversation,
                    expected.lane,
                    expected.attempt,
                    expected.deadline,
                    expected.why,
                    expected.waited_ms
                )
            );
            assert_eq!(turn.formed_at, self.model.now);
            assert!((f64::from(turn.effective_priority) - expected.effective_priority).abs() < 1e-6);
        }
        let all: usize = expected.turns.iter().map(|turn| turn.items.len()).sum();
        assert_eq!(self.batch.items.len(), all, "keys of no turn");
        assert!(
            self.batch.turns.iter().all(|turn| !self.ended.contains(&turn.id)),
            "a handle was given twice"
        );
        self.model.name(self.batch.turns.iter().map(|turn| turn.id));
        assert_eq!(self.batch.settlements, expected.settlements);
        assert_eq!(self.batch.expired, expected.expired);
        assert_eq!(self.batch.freed, expected.freed);
        assert_eq!(next.more, expected.more);
        assert!(next.deadline.is_none_or(|deadline| deadline > self.model.now), "a timer was left");
        match self.model.next_due() {
            Some(due) => assert!(next.deadline.is_some_and(|deadline| deadline <= due), "a late deadline"),
            None => assert_eq!(next.deadline, None),
        }
        self.ended.extend(&self.batch.expired);
        self.reached.note(&self.batch);
        self.reached.largest_choice = self.reached.largest_choice.max(expected.largest_choice);
    }

    fn complete(&mut self) {
        let id = self.turn();
        let retry_at = self.now + self.random.within(-2_000..20_000);
        let outcome = match self.random.below(10) {
            0..=3 => Outcome::Done,
            4 => Outcome::Declined,
            5..=6 => Outcome::Failed,
            7 => Outcome::TimedOut,
            8 => Outcome::Throttled { retry_at },
            _ => Outcome::Cancelled { retry_at },
        };
        self.complete_with(id, outcome);
    }

    fn complete_with(&mut self, id: TurnId, outcome: Outcome) {
        self.model.pass_time(self.now);
        assert_eq!(self.fleet.complete(id, outcome, self.now), self.model.complete(id, outcome));
        self.ended.push(id);
    }

    fn settling(&mut self) {
        let id = self.turn();
        assert_eq!(self.fleet.settling(id), self.model.settling(id));
    }

    fn pass_time(&mut self) {
        let step = match self.random.below(10) {
            0..=5 => 0..50,
            6..=7 => 0..3_000,
            8 => 0..90_000,
            _ => -5_000..0,
        };
        self.now += self.random.within(step);
    }

    /// Ends everything, so that every item that was ever armed has had its outcome.
    fn finish(&mut self) {
        for id in self.handles.clone() {
            if let Some(persona) = self.model.find(id) {
                assert_eq!(self.fleet.unenroll(id, Unenroll::Return), Ok(()));
                self.model.unenroll(persona, Unenroll::Return);
                self.fleet.release(id, u32::MAX);
                self.model.release(id, u32::MAX);
            }
        }
        while let Some(turn) = self.model.turns.first() {
            self.complete_with(turn.id, Outcome::Done);
        }
        self.service_with(Budget { turns: u32::MAX, settlements: u32::MAX });
        self.fleet.check();
        let status = self.fleet.status();
        assert_eq!(status.accepted, status.done + status.declined + status.dead);
        assert_eq!((status.personas, status.timers, status.reserved), (0, 0, 0));
    }

    fn compare_status(&mut self) {
        let Self { fleet, model, reached, .. } = self;
        let status = fleet.status();
        let counts = model::Counts {
            accepted: status.accepted,
            done: status.done,
            declined: status.declined,
            dead: status.dead,
            retried: status.retried,
        };
        assert_eq!(counts, model.counts);
        assert_eq!(status.turns_in_flight as usize, model.turns.len());
        for (place, persona) in model.personas.iter().enumerate() {
            let Some(slot) = fleet.slot_status(persona.id) else {
                assert_eq!(persona.life, Life::Gone);
                continue;
            };
            assert_eq!((slot.held, slot.held_until), model.held(place));
            reached.held.extend(slot.held);
            assert_eq!((slot.reserved, slot.draining), (persona.reserved, persona.life != Life::Enrolled));
            assert_eq!(slot.waiting as usize, model.waiting(place));
            assert_eq!(slot.items_in_flight as usize, model.in_flight(place));
        }
    }

    fn settings(&mut self) -> SlotSettings {
        SlotSettings {
            max_parallel_turns: self.random.one_of(&[1, 1, 2, 8, 1_024]),
            max_queued: if self.random.chance(5) { 0 } else { self.random.one_of(&[1, 50, 10_000]) },
            deadline_ms: self.random.one_of(&[1, 500, 30_000, 120_000]),
            paused: self.random.chance(20),
            drop_unknown: self.random.chance(30),
        }
    }

    fn envelope(&mut self) -> Envelope {
        let flag =
            |random: &mut Random, percent, flag| if random.chance(percent) { flag } else { Flags::NONE };
        let flags = flag(&mut self.random, 8, Flags::URGENT)
            .with(flag(&mut self.random, 30, Flags::ADMITTED))
            .with(flag(&mut self.random, 30, Flags::HUMAN))
            .with(flag(&mut self.random, 4, Flags::ALONE))
            .with(flag(&mut self.random, 4, Flags::UNKNOWN))
            .with(flag(&mut self.random, 50, Flags::WAS_ALONE));
        self.items += 1;
        let ages = self.random.one_of(&[0..1, 0..40, -1_000..90_000]);
        Envelope {
            item: self.items,
            slot: self.handle(),
            conversation: self.random.below(self.conversations),
            lane: self.random.one_of(&Lane::ALL),
            priority: self.random.one_of(&[f32::NAN, -1.0, 0.0, 0.2, 0.5, 0.501, 0.9, 1.0, f32::INFINITY]),
            flags,
            enqueued_at: self.now - self.random.within(ages),
            not_before: self.sometimes_soon(),
            expires_at: self.sometimes_soon(),
            merge_key: self.random.one_of(&[0, 0, 0, 5, 6]),
            attempt: self.random.one_of(&[0, 0, 0, 1, 2, u32::MAX]),
            failures: self.random.one_of(&[0, 0, 0, 1, 2, u32::MAX]),
        }
    }

    fn sometimes_soon(&mut self) -> Option<i64> {
        let distances = self.random.one_of(&[-2..3, -1_000..9_000, 0..90_000]);
        self.random.chance(15).then(|| self.now + self.random.within(distances))
    }

    /// Mostly of an enrolled persona, now and then of one that is gone or never was.
    fn handle(&mut self) -> SlotId {
        let newest = self.handles.len().saturating_sub(7);
        let from = if self.random.chance(95) { newest } else { 0 };
        let handles = self.handles[from..].to_vec();
        self.random.one_of(&handles)
    }

    /// Mostly one in flight, now and then one that has ended or never was.
    fn turn(&mut self) -> TurnId {
        if self.model.turns.is_empty() || self.random.chance(10) {
            return self.random.one_of(&self.ended);
        }
        let place = self.random.below(self.model.turns.len() as u64);
        self.model.turns[place as usize].id
    }
}

fn fault_of(settings: &SlotSettings) -> Option<Fault> {
    (settings.max_queued == 0).then_some(Fault::OutOfRange { field: "max_queued", min: 1, max: 1_000_000 })
}

/// xorshift64: Marsaglia, "Xorshift RNGs", 2003. Another generator than the fleet's own.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }

    fn within(&mut self, range: Range<i64>) -> i64 {
        range.start.saturating_add_unsigned(self.below(range.end.abs_diff(range.start)))
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let place = self.below(choices.len() as u64);
        choices[place as usize].clone()
    }
}
