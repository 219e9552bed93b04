//! Actions carried out on a fleet and on its model, which must agree after every one of them.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Debug, Display, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use persona_cycle::{
    Batch, Budget, Envelope, Fault, Flags, Fleet, FleetOptions, Outcome, SlotId, SlotSettings, SlotStatus,
    StrandStatus, TurnId, Unenroll,
};

use crate::action::{Action, Setup, Which, Who};
use crate::model::{Asked, Counts, ExpectedTurn, Life, Model};
use crate::reached::Reached;
use crate::rule::Rule;

/// Where the two disagree, and on what.
pub(crate) struct Failure {
    pub(crate) step: usize,
    what: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}", self.step, self.what)
    }
}

/// Carries out all actions, then ends everything that is left.
///
/// # Errors
/// The first disagreement; a panic is one.
pub(crate) fn run(
    setup: &Setup,
    actions: &[Action],
    forgotten: Option<Rule>,
    reached: &mut Reached,
) -> Result<(), Failure> {
    let step = Cell::new(0);
    let result = catch_quietly(|| {
        let mut episode = Episode::new(setup, forgotten, reached).map_err(|fault| fault.to_string())?;
        for action in actions {
            episode.act(action)?;
            episode.compare()?;
            step.set(step.get() + 1);
        }
        episode.finish()
    });
    result.map_err(|what| Failure { step: step.get(), what })
}

struct Episode<'a> {
    fleet: Fleet,
    model: Model,
    reached: &'a mut Reached,
    batch: Batch,
    why: Vec<StrandStatus>,
    /// What is told to the fleet, which may be earlier than what was told before.
    now: i64,
    /// The largest that was ever told.
    latest: i64,
    items: u64,
    personas: usize,
    handles: Vec<SlotId>,
    ended: Vec<TurnId>,
}

impl<'a> Episode<'a> {
    fn new(setup: &Setup, forgotten: Option<Rule>, reached: &'a mut Reached) -> Result<Self, Fault> {
        let Setup { seed, max_turns_in_flight, quantum, overflow, personas, start } = *setup;
        let options = FleetOptions { max_turns_in_flight, quantum, seed, overflow };
        Ok(Self {
            fleet: Fleet::new(options)?,
            model: Model::new(options, forgotten),
            reached,
            batch: Batch::default(),
            why: Vec::new(),
            now: start,
            latest: start,
            items: 0,
            personas,
            handles: vec![SlotId::from_raw(0), SlotId::from_raw(u64::MAX)],
            ended: vec![TurnId::from_raw(0), TurnId::from_raw(u64::MAX)],
        })
    }

    fn act(&mut self, action: &Action) -> Result<(), String> {
        match *action {
            Action::Enroll(settings) => return self.enroll(settings),
            Action::Configure(who, settings) => return self.configure(who, settings),
            Action::Unenroll(who, how) => return self.unenroll(self.slot(who), how),
            Action::Admit(who, n) => {
                let id = self.slot(who);
                return same("admit", &self.fleet.admit(id, n), &self.model.admit(id, n));
            }
            Action::Release(who, n) => self.release(self.slot(who), n),
            Action::Arm(arrival) => {
                self.items += 1;
                let envelope = arrival.envelope(self.items, self.slot(arrival.who), self.latest);
                self.arm(&envelope);
            }
            Action::Page(n) => self.page(n),
            Action::Service(budget) => return self.service(budget),
            Action::Complete(which, outcome) => {
                let later = |ms: i64| self.latest.saturating_add(ms);
                let outcome = match outcome {
                    Outcome::Throttled { retry_at } => Outcome::Throttled { retry_at: later(retry_at) },
                    Outcome::Cancelled { retry_at } => Outcome::Cancelled { retry_at: later(retry_at) },
                    other => other,
                };
                return self.complete(self.turn(which), outcome);
            }
            Action::Settling(which) => {
                let id = self.turn(which);
                return same("settling", &self.fleet.settling(id), &self.model.settling(id));
            }
            Action::Sleep(who, mode, ms) => {
                let id = self.slot(who);
                let until = ms.map(|ms| self.latest.saturating_add(ms));
                let slept = self.fleet.sleep(id, mode, until, self.now);
                let persona = self.model.find(id);
                if let Some(persona) = persona {
                    self.model.pass_time(self.now);
                    self.model.sleep(persona, mode, until);
                }
                return same("sleep", &slept, &persona.map(|_| ()).ok_or(Fault::UnknownSlot));
            }
            Action::Hear { room, human, content } => {
                let heard = self.fleet.hear(room, human, content, self.now);
                self.model.pass_time(self.now);
                return same("hear", &heard, &self.model.hear(room, human, content));
            }
            Action::Unhear { room, back } => {
                let number = self.model.said().saturating_sub(u32::from(back));
                self.fleet.unhear(room, number);
                self.model.unhear(room, number);
            }
            Action::Pass(ms) => self.tell(self.latest.saturating_add(ms)),
            Action::PassUntilDue => {
                let soon = self.latest..self.latest.saturating_add(600_000);
                if let Some(due) = self.model.next_due().filter(|due| soon.contains(due)) {
                    self.tell(due);
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, now: i64) {
        self.now = now;
        self.latest = self.latest.max(now);
    }

    fn enroll(&mut self, settings: SlotSettings) -> Result<(), String> {
        let count = |life| self.model.personas.iter().filter(|persona| persona.life == life).count();
        let going = count(Life::Draining) + count(Life::Returning);
        if count(Life::Enrolled) >= self.personas || going >= self.personas {
            return Ok(());
        }
        match (self.fleet.enroll(settings, self.now), fault_of(&settings)) {
            (Ok(id), None) => {
                if self.handles.contains(&id) {
                    return Err("the handle of a persona was given twice".to_owned());
                }
                self.handles.push(id);
                self.model.pass_time(self.now);
                self.model.enroll(id, settings);
                Ok(())
            }
            (enrolled, fault) => same("enroll", &enrolled.err(), &fault),
        }
    }

    fn configure(&mut self, who: Who, settings: SlotSettings) -> Result<(), String> {
        let id = self.slot(who);
        let configured = self.fleet.configure(id, settings, self.now);
        let expected = match (fault_of(&settings), self.model.find(id)) {
            (Some(fault), _) => Err(fault),
            (None, None) => Err(Fault::UnknownSlot),
            (None, Some(persona)) => {
                self.model.pass_time(self.now);
                self.model.configure(persona, settings);
                Ok(())
            }
        };
        same("configure", &configured, &expected)
    }

    fn unenroll(&mut self, id: SlotId, how: Unenroll) -> Result<(), String> {
        let persona = self.model.find(id);
        let unenrolled = self.fleet.unenroll(id, how);
        if let Some(persona) = persona {
            self.model.unenroll(persona, how);
        }
        same("unenroll", &unenrolled, &persona.map(|_| ()).ok_or(Fault::UnknownSlot))
    }

    fn release(&mut self, id: SlotId, n: u32) {
        self.fleet.release(id, n);
        self.model.release(id, n);
    }

    fn arm(&mut self, envelope: &Envelope) {
        self.fleet.arm(envelope, self.now);
        self.model.pass_time(self.now);
        self.model.arm(envelope);
    }

    fn page(&mut self, n: u32) {
        for _ in 0..n {
            let Some(&Asked { envelope, .. }) = self.model.asked.front() else { return };
            self.arm(&Envelope { flags: envelope.flags.with(Flags::PAGED), ..envelope });
        }
    }

    fn service(&mut self, budget: Budget) -> Result<(), String> {
        let next = self.fleet.service(self.now, budget, &mut self.batch);
        self.model.pass_time(self.now);
        let expected = self.model.service(budget);
        let Batch { turns, items, settlements, expired, freed, woken, wanted } = &self.batch;

        let formed = turns.iter().map(|turn| ExpectedTurn {
            slot: turn.slot,
            conversation: turn.conversation,
            lane: turn.lane,
            attempt: turn.attempt,
            formed_at: turn.formed_at,
            deadline: turn.deadline,
            why: turn.why,
            effective_priority: turn.effective_priority,
            waited_ms: turn.waited_ms,
            items: items[turn.items.clone()].to_vec(),
        });
        same("turns", &formed.collect::<Vec<_>>(), &expected.turns)?;
        let all: usize = expected.turns.iter().map(|turn| turn.items.len()).sum();
        same("number of keys", &items.len(), &all)?;
        if turns.iter().any(|turn| self.ended.contains(&turn.id)) {
            return Err("the handle of a turn was given twice".to_owned());
        }
        self.model.name(turns.iter().map(|turn| turn.id));
        same("settlements", settlements, &expected.settlements)?;
        same("expired", expired, &expected.expired)?;
        same("freed", freed, &expected.freed)?;
        same("woken", woken, &expected.woken)?;
        same("wanted", wanted, &expected.wanted)?;
        same("more", &next.more, &expected.more)?;
        // The fleet may name a moment that is too early, never one that is too late.
        let due = self.model.next_due();
        same("a deadline", &next.deadline.is_some(), &due.is_some())?;
        if next.deadline > due || next.deadline.is_some_and(|deadline| deadline <= self.model.now) {
            return Err(format!("deadline {:?}: now is {}, due is {due:?}", next.deadline, self.model.now));
        }
        self.ended.extend(expired);
        self.reached.note(&self.batch);
        Ok(())
    }

    fn complete(&mut self, id: TurnId, outcome: Outcome) -> Result<(), String> {
        let completed = self.fleet.complete(id, outcome, self.now);
        self.model.pass_time(self.now);
        self.ended.push(id);
        same("complete", &completed, &self.model.complete(id, outcome))
    }

    /// Ends everything, so that every item that was ever armed has had its outcome.
    fn finish(&mut self) -> Result<(), String> {
        for id in self.handles.clone() {
            if self.model.find(id).is_some() {
                self.unenroll(id, Unenroll::Return)?;
                self.release(id, u32::MAX);
            }
        }
        while let Some(turn) = self.model.turns.first() {
            self.complete(turn.id, Outcome::Done)?;
        }
        self.page(u32::MAX);
        self.service(Budget { turns: u32::MAX, settlements: u32::MAX, wanted: u32::MAX })?;
        self.compare()?;
        let status = self.fleet.status();
        same("all are decided", &status.accepted, &(status.done + status.declined + status.dead))?;
        let left = (status.personas, status.timers, status.reserved, status.waiting, status.in_store);
        same("what is left", &left, &(0, 0, 0, 0, 0))?;
        self.reached.add(&self.model.reached);
        Ok(())
    }

    fn compare(&mut self) -> Result<(), String> {
        self.fleet.check();
        let slots = self.compare_personas()?;
        let Self { fleet, model, .. } = self;
        let status = fleet.status();
        let counts = Counts {
            accepted: status.accepted,
            done: status.done,
            declined: status.declined,
            dead: status.dead,
            retried: status.retried,
            refused: status.refused,
        };
        same("counts", &counts, &model.counts)?;
        same("lanes in flight", &status.lanes_in_flight, &model.used())?;
        same("timers", &(status.timers as usize), &model.timers_set())?;
        let sum =
            |count: fn(&SlotStatus) -> u32| slots.iter().map(|slot| u64::from(count(slot))).sum::<u64>();
        same("personas", &status.personas, &(slots.len() as u64))?;
        same("reserved", &status.reserved, &sum(|slot| slot.reserved))?;
        same("waiting", &status.waiting, &sum(|slot| slot.waiting))?;
        same("lanes", &status.lanes.iter().sum(), &sum(|slot| slot.lanes.iter().sum()))?;
        same("in store", &status.in_store, &sum(|slot| slot.in_store))?;
        same("turns in flight", &status.turns_in_flight, &sum(|slot| slot.turns_in_flight))?;
        same("items in flight", &status.items_in_flight, &sum(|slot| slot.items_in_flight))
    }

    fn compare_personas(&mut self) -> Result<Vec<SlotStatus>, String> {
        let Self { fleet, model, reached, why, .. } = self;
        let mut slots = Vec::new();
        for (place, persona) in model.personas.iter().enumerate() {
            let Some(slot) = fleet.slot_status(persona.id) else {
                same("who is gone", &Life::Gone, &persona.life)?;
                continue;
            };
            same("status of a persona", &slot, &model.slot_status(place))?;
            reached.see(&slot);
            slots.push(slot);
            let all = model.why(place);
            fleet.why(persona.id, 1, why);
            same("why, of one", &why.as_slice(), &all.get(..1).unwrap_or_default())?;
            fleet.why(persona.id, usize::MAX, why);
            same("why", why, &all)?;
            reached.see_strands(why);
        }
        Ok(slots)
    }

    fn slot(&self, who: Who) -> SlotId {
        let of = |lives: &[Life]| -> Vec<SlotId> {
            let personas = self.model.personas.iter().filter(|persona| lives.contains(&persona.life));
            personas.map(|persona| persona.id).collect()
        };
        let present = [Life::Enrolled, Life::Draining, Life::Returning];
        let (number, choices) = match who {
            Who::Enrolled(number) => (number, [of(&[Life::Enrolled]), of(&present)]),
            Who::Present(number) => (number, [of(&present), Vec::new()]),
            Who::Any(number) => (number, [Vec::new(), Vec::new()]),
        };
        let choice = choices.iter().find(|choice| !choice.is_empty()).unwrap_or(&self.handles);
        choice[usize::from(number) % choice.len()]
    }

    fn turn(&self, which: Which) -> TurnId {
        let number = match which {
            Which::InFlight(number) if !self.model.turns.is_empty() => {
                return self.model.turns[usize::from(number) % self.model.turns.len()].id;
            }
            Which::InFlight(number) | Which::Ended(number) => usize::from(number),
        };
        // The newest are those whose row may have been used again.
        let newest = self.ended.len() - 1;
        if number < 2 { self.ended[number] } else { self.ended[newest - number % self.ended.len()] }
    }
}

fn fault_of(settings: &SlotSettings) -> Option<Fault> {
    let [voice, chat, task, background] = settings.windows.map(i64::from);
    let ranges = [
        ("max_parallel_turns", i64::from(settings.max_parallel_turns), 1, 1_024),
        ("max_queued", i64::from(settings.max_queued), 1, 1_000_000),
        ("deadline_ms", settings.deadline_ms, 1, 3_600_000),
        ("windows", voice, 1, 10_000),
        ("windows", chat, 1, 10_000),
        ("windows", task, 1, 10_000),
        ("windows", background, 1, 10_000),
        ("breaker_failures", i64::from(settings.breaker_failures), 0, 1_000),
        ("breaker_open_ms", settings.breaker_open_ms, 1, 600_000),
        ("room_gap_ms", settings.room_gap_ms, 0, 600_000),
        ("room_cap", i64::from(settings.room_cap), 1, 10_000),
        ("complexity", i64::from(settings.complexity), 0, 10_000),
        ("compute", i64::from(settings.compute), 0, 1_000),
    ];
    let beyond = ranges.into_iter().find(|(_, value, min, max)| !(min..=max).contains(&value));
    beyond.map(|(field, _, min, max)| Fault::OutOfRange { field, min, max })
}

fn same<T: Debug + PartialEq>(what: &str, fleet: &T, model: &T) -> Result<(), String> {
    if fleet == model {
        return Ok(());
    }
    Err(format!("{what}:\n  fleet {fleet:?}\n  model {model:?}"))
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A panic is a failure like others: its text becomes the error, and is not printed by each attempt to shrink.
fn catch_quietly(run: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(
            move |panic| {
                if QUIET.get() { PANIC.set(panic.to_string()) } else { usual(panic) }
            },
        ));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    result.unwrap_or_else(|_| Err(PANIC.take()))
}
