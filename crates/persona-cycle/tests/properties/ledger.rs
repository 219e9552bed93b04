//! A fleet and what its caller knows of it: which items are undecided, which are in a turn, who is enrolled.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use persona_cycle::{
    Batch, Budget, Envelope, Fault, Flags, Fleet, FleetOptions, Kind, Next, Outcome, SleepMode, SlotId,
    SlotSettings, Turn, TurnId,
};

use crate::op::{Draft, End, Op};

const LARGE: Budget = Budget { turns: 100_000, settlements: 100_000, wanted: 100_000 };

pub(crate) struct Ledger {
    fleet: Fleet,
    options: FleetOptions,
    batch: Batch,
    now: i64,
    personas: Vec<Persona>,
    /// Undecided items as they were armed.
    items: BTreeMap<u64, Envelope>,
    flying: Vec<Flying>,
    /// Items that were asked for and have not come.
    wanted: VecDeque<u64>,
    /// Of all handles with this place, the newest.
    handles: [HashMap<u64, u64>; 2],
    /// The last item that was answered, of each conversation of a persona.
    answered: HashMap<(SlotId, u64), u64>,
    /// Conversations with an item that a crash cut off: it goes before what is in the store.
    crashed: BTreeSet<(SlotId, u64)>,
    last_item: u64,
    decided: Decided,
    trace: Vec<String>,
}

struct Persona {
    slot: SlotId,
    settings: SlotSettings,
    leaving: bool,
}

struct Flying {
    turn: TurnId,
    slot: SlotId,
    conversation: u64,
    items: Vec<u64>,
}

#[derive(Default)]
struct Decided {
    done: u64,
    declined: u64,
    dead: u64,
}

impl Ledger {
    pub(crate) fn new(options: FleetOptions) -> Self {
        Self {
            fleet: valid(Fleet::new(options)),
            options,
            batch: Batch::default(),
            now: 1_000_000,
            personas: Vec::new(),
            items: BTreeMap::new(),
            flying: Vec::new(),
            wanted: VecDeque::new(),
            handles: [HashMap::new(), HashMap::new()],
            answered: HashMap::new(),
            crashed: BTreeSet::new(),
            last_item: 0,
            decided: Decided::default(),
            trace: Vec::new(),
        }
    }

    pub(crate) fn apply(&mut self, op: &Op) {
        match *op {
            Op::Enroll(settings) => self.enroll(settings),
            Op::Unenroll(which, how) => {
                if let Some(place) = self.place(which) {
                    valid(self.fleet.unenroll(self.personas[place].slot, how));
                    self.personas[place].leaving = true;
                }
            }
            Op::Configure(which, settings) => {
                if let Some(place) = self.place(which) {
                    self.personas[place].settings = settings;
                    valid(self.fleet.configure(self.personas[place].slot, settings, self.now));
                }
            }
            Op::Sleep(which, mode, until) => {
                if let Some(place) = self.place(which) {
                    let until = until.map(|until| self.now + until);
                    valid(self.fleet.sleep(self.personas[place].slot, mode, until, self.now));
                }
            }
            Op::Hear { room, human, content } => {
                let heard = self.fleet.hear(room, human, content, self.now);
                self.trace.push(format!("{heard:?}"));
            }
            Op::Unhear(room, number) => self.fleet.unhear(room, number),
            Op::Admit(which, n) => {
                if let Some(place) = self.place(which) {
                    let admitted = self.fleet.admit(self.personas[place].slot, n);
                    self.trace.push(format!("{admitted:?}"));
                }
            }
            Op::Release(which, n) => {
                if let Some(place) = self.place(which) {
                    self.fleet.release(self.personas[place].slot, n);
                }
            }
            Op::Arm(which, draft) => self.arm(which, draft),
            Op::Page(n) => self.page(n),
            Op::Settling(which) => {
                if let Some(flying) = pick(&self.flying, which) {
                    assert!(self.fleet.settling(flying.turn));
                }
            }
            Op::Complete(which, end) => {
                if !self.flying.is_empty() {
                    self.complete(which % self.flying.len(), end);
                }
            }
            Op::Serve(budget) => _ = self.serve(budget),
            Op::Wait(ms) => self.now += ms,
        }
        self.check();
    }

    /// Takes every gate away and answers everything: nothing may be left.
    pub(crate) fn come_to_rest(&mut self) {
        for place in 0..self.personas.len() {
            let Persona { slot, settings, .. } = &mut self.personas[place];
            if self.fleet.slot_status(*slot).is_none() {
                continue;
            }
            (settings.paused, settings.temperament, settings.breaker_failures) = (false, false, 0);
            settings.room_gap_ms = 0;
            valid(self.fleet.configure(*slot, *settings, self.now));
            valid(self.fleet.sleep(*slot, SleepMode::Active, None, self.now));
            self.fleet.release(*slot, u32::MAX);
        }
        for round in 0.. {
            self.page(usize::MAX);
            while !self.flying.is_empty() {
                self.complete(0, End::Done);
            }
            let next = self.serve(LARGE);
            self.check();
            if self.items.is_empty() {
                break;
            }
            if self.flying.is_empty() && self.wanted.is_empty() {
                self.now = next.deadline.unwrap_or_else(|| unreachable!("stuck: {:?}", self.items.values()));
            }
            assert!(round < 10_000, "it does not come to rest: {:?}", self.items.values());
        }
        self.serve(LARGE);
        let status = self.fleet.status();
        assert_eq!((status.waiting, status.turns_in_flight, status.reserved), (0, 0, 0));
        assert!(self.personas.iter().all(|persona| !persona.leaving), "somebody who leaves is still there");
    }

    pub(crate) fn into_trace(self) -> Vec<String> {
        self.trace
    }

    /// One of those whose handle still names somebody.
    fn place(&self, which: usize) -> Option<usize> {
        let is_there = |place: &usize| self.fleet.slot_status(self.personas[*place].slot).is_some();
        let places: Vec<usize> = (0..self.personas.len()).filter(is_there).collect();
        pick(&places, which).copied()
    }

    fn enroll(&mut self, settings: SlotSettings) {
        let slot = valid(self.fleet.enroll(settings, self.now));
        self.note_handle(0, slot.get());
        self.personas.push(Persona { slot, settings, leaving: false });
    }

    fn arm(&mut self, which: usize, draft: Draft) {
        let Some(place) = self.place(which) else { return };
        let slot = self.personas[place].slot;
        self.last_item += 1;
        let after = |ms: Option<i64>| ms.map(|ms| self.now + ms);
        let envelope = Envelope {
            item: self.last_item,
            slot,
            conversation: draft.conversation,
            lane: draft.lane,
            priority: draft.priority,
            flags: draft.flags,
            enqueued_at: self.now - draft.waited,
            not_before: after(draft.not_before),
            expires_at: after(draft.expires),
            merge_key: draft.merge_key,
            attempt: draft.failures,
            failures: draft.failures,
        };
        if draft.flags.has(Flags::UNKNOWN) {
            self.crashed.insert((slot, draft.conversation));
        }
        self.items.insert(envelope.item, envelope);
        self.fleet.arm(&envelope, self.now);
    }

    fn page(&mut self, n: usize) {
        for key in self.wanted.drain(..n.min(self.wanted.len())) {
            let item = self.items[&key];
            let flags = Flags::from_bits(item.flags.bits() & !Flags::ADMITTED.bits()).with(Flags::PAGED);
            self.fleet.arm(&Envelope { flags, ..item }, self.now);
        }
    }

    fn complete(&mut self, place: usize, end: End) {
        let Flying { turn, slot, conversation, items } = self.flying.swap_remove(place);
        let outcome = match end {
            End::Done => Outcome::Done,
            End::Declined => Outcome::Declined,
            End::Failed => Outcome::Failed,
            End::TimedOut => Outcome::TimedOut,
            End::Throttled(ms) => Outcome::Throttled { retry_at: self.now + ms },
            End::Cancelled(ms) => Outcome::Cancelled { retry_at: self.now + ms },
        };
        assert!(self.fleet.complete(turn, outcome, self.now));
        assert!(!self.fleet.complete(turn, outcome, self.now), "twice");
        let counter = match end {
            End::Done => &mut self.decided.done,
            End::Declined => &mut self.decided.declined,
            _ => return,
        };
        for item in items {
            *counter += 1;
            assert!(self.items.remove(&item).is_some(), "item {item} was decided before");
            let last = self.answered.insert((slot, conversation), item);
            let is_next = last.is_none_or(|last| last < item);
            assert!(is_next || self.crashed.contains(&(slot, conversation)), "{item} after {last:?}");
        }
    }

    fn serve(&mut self, budget: Budget) -> Next {
        let next = self.fleet.service(self.now, budget, &mut self.batch);
        let batch = std::mem::take(&mut self.batch);
        self.trace.push(format!("{batch:?} {next:?}"));
        for turn in &batch.expired {
            let place = self.flying.iter().position(|one| one.turn == *turn);
            self.flying.swap_remove(place.unwrap_or_else(|| unreachable!("{turn:?} is not in flight")));
        }
        for settled in &batch.settlements {
            let counter = match settled.kind {
                Kind::Dead => &mut self.decided.dead,
                Kind::Declined => &mut self.decided.declined,
                // Within small budgets it may come so late that the item is decided already.
                Kind::Retry { .. } => continue,
            };
            *counter += 1;
            let item = self.items.remove(&settled.item);
            let known = item.map(|item| (item.slot, item.conversation));
            assert_eq!(known, Some((settled.slot, settled.conversation)), "{settled:?}");
        }
        for turn in &batch.turns {
            self.take_off(turn, &batch);
        }
        for slot in &batch.freed {
            assert_eq!(self.fleet.slot_status(*slot), None);
            assert!(
                self.items.values().all(|item| item.slot != *slot),
                "{slot:?} is gone, its items are not"
            );
            self.personas.retain(|persona| persona.slot != *slot);
        }
        for &key in &batch.wanted {
            assert!(self.items.contains_key(&key) && !self.wanted.contains(&key), "{key} is wanted");
            self.wanted.push_back(key);
        }
        assert!(batch.turns.len() <= budget.turns as usize && batch.wanted.len() <= budget.wanted as usize);
        assert!(batch.settlements.len() <= budget.settlements as usize + 19);
        if budget == LARGE && !next.more {
            assert!(next.deadline.is_none_or(|deadline| deadline > self.now), "{next:?} at {}", self.now);
        }
        self.batch = batch;
        next
    }

    fn take_off(&mut self, turn: &Turn, batch: &Batch) {
        let items = &batch.items[turn.items.clone()];
        let persona = self.personas.iter().find(|persona| persona.slot == turn.slot);
        assert!(persona.is_some_and(|persona| !persona.settings.paused), "{turn:?}");
        self.note_handle(1, turn.id.get());
        let elsewhere = |one: &Flying| (one.slot, one.conversation) != (turn.slot, turn.conversation);
        assert!(self.flying.iter().all(elsewhere), "two turns of a conversation: {turn:?}");
        assert!((1..=20).contains(&items.len()), "{turn:?}");
        assert!(items.is_sorted() || self.crashed.contains(&(turn.slot, turn.conversation)), "{items:?}");
        for item in items {
            let armed = self.items.get(item).map(|item| (item.slot, item.conversation, item.lane));
            assert_eq!(armed, Some((turn.slot, turn.conversation, turn.lane)), "item {item}");
            assert!(self.items[item].expires_at.is_none_or(|moment| moment > self.now), "item {item}");
            assert!(!self.wanted.contains(item), "item {item} is in the store");
        }
        let (slot, conversation) = (turn.slot, turn.conversation);
        self.flying.push(Flying { turn: turn.id, slot, conversation, items: items.to_vec() });
    }

    /// A handle is new, and of the handles with one place the newest is the largest.
    fn note_handle(&mut self, kind: usize, handle: u64) {
        let former = self.handles[kind].insert(handle & 0xffff_ffff, handle);
        assert!(former.is_none_or(|former| former < handle), "handle {handle} after {former:?}");
    }

    fn check(&self) {
        self.fleet.check();
        let status = self.fleet.status();
        assert_eq!(status.accepted, self.last_item);
        assert_eq!(status.done, self.decided.done);
        assert!(status.personas <= self.personas.len() as u64);
        // What the cycle has decided and not yet handed out is decided there and undecided here.
        let undecided = status.waiting + status.items_in_flight;
        assert!(undecided <= self.items.len() as u64, "{status:?}");
        assert!(status.declined >= self.decided.declined && status.dead >= self.decided.dead);
        assert_eq!(status.turns_in_flight, self.flying.len() as u64);
        assert!(status.turns_in_flight <= u64::from(self.options.max_turns_in_flight));
        for Persona { slot, .. } in &self.personas {
            let Some(status) = self.fleet.slot_status(*slot) else { continue };
            let flying = self.flying.iter().filter(|one| one.slot == *slot).count();
            assert_eq!(status.turns_in_flight as usize, flying);
            assert!(status.energy <= 1_000 && status.in_store <= status.waiting, "{status:?}");
        }
    }
}

fn pick<T>(rows: &[T], which: usize) -> Option<&T> {
    rows.get(which % rows.len().max(1))
}

fn valid<T>(result: Result<T, Fault>) -> T {
    match result {
        Ok(value) => value,
        Err(fault) => unreachable!("{fault}"),
    }
}
