//! The same contract as the crate's, written the slow way: plain vectors, everything scanned and sorted at each step.

use std::cmp::Reverse;

use persona_cycle::{
    Budget, Envelope, Flags, Held, Kind, Lane, Outcome, Reason, Refusal, Settlement, SlotId, SlotSettings,
    TurnId, Unenroll, Why,
};

pub(crate) struct Model {
    pub(crate) now: i64,
    pub(crate) personas: Vec<Persona>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) turns: Vec<Flying>,
    pub(crate) counts: Counts,
    max_turns_in_flight: usize,
    quantum: usize,
    ring: Vec<usize>,
    taken: usize,
    outbox: Vec<Out>,
    /// Numbers the timers in the order in which they are set.
    timers_set: u64,
    jitter: u64,
}

pub(crate) struct Persona {
    pub(crate) id: SlotId,
    pub(crate) settings: SlotSettings,
    pub(crate) reserved: u32,
    pub(crate) life: Life,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Life {
    Enrolled,
    Draining,
    Returning,
    Gone,
}

pub(crate) struct Queue {
    pub(crate) persona: usize,
    pub(crate) conversation: u64,
    pub(crate) items: Vec<Item>,
    pub(crate) held: Option<Timer>,
}

#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) envelope: Envelope,
    pub(crate) expiry: Option<Timer>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timer {
    pub(crate) at: i64,
    number: u64,
}

pub(crate) struct Flying {
    pub(crate) id: TurnId,
    pub(crate) persona: usize,
    pub(crate) conversation: u64,
    pub(crate) items: Vec<Item>,
    pub(crate) lease: Option<Timer>,
    pub(crate) attempt: u32,
}

#[derive(Default, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) done: u64,
    pub(crate) declined: u64,
    pub(crate) dead: u64,
    pub(crate) retried: u64,
}

enum Out {
    Settlement(Settlement),
    Freed(SlotId),
}

/// What one `service` call must give. Turn ids are the fleet's to choose: `name` tells the model.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) turns: Vec<ExpectedTurn>,
    pub(crate) settlements: Vec<Settlement>,
    pub(crate) expired: Vec<TurnId>,
    pub(crate) freed: Vec<SlotId>,
    pub(crate) more: bool,
    /// Conversations that were compared for one turn, at most.
    pub(crate) largest_choice: usize,
}

pub(crate) struct ExpectedTurn {
    pub(crate) slot: SlotId,
    pub(crate) conversation: u64,
    pub(crate) lane: Lane,
    pub(crate) attempt: u32,
    pub(crate) deadline: i64,
    pub(crate) why: Why,
    pub(crate) effective_priority: f64,
    pub(crate) waited_ms: i64,
    pub(crate) items: Vec<u64>,
}

enum Due {
    Hold(usize),
    Expiry(usize, usize),
    Lease(usize),
}

/// Stands for a turn that the fleet has formed in this very call and whose id the model does not know yet.
fn unnamed() -> TurnId {
    TurnId::from_raw(0)
}

impl Model {
    pub(crate) fn new(max_turns_in_flight: u32, quantum: u32, seed: u64) -> Self {
        Self {
            now: i64::MIN,
            personas: Vec::new(),
            queues: Vec::new(),
            turns: Vec::new(),
            counts: Counts::default(),
            max_turns_in_flight: max_turns_in_flight as usize,
            quantum: quantum as usize,
            ring: Vec::new(),
            taken: 0,
            outbox: Vec::new(),
            timers_set: 0,
            jitter: seed,
        }
    }

    pub(crate) fn find(&self, id: SlotId) -> Option<usize> {
        self.personas.iter().position(|persona| persona.id == id && persona.life != Life::Gone)
    }

    pub(crate) fn waiting(&self, persona: usize) -> usize {
        self.queues.iter().filter(|queue| queue.persona == persona).map(|queue| queue.items.len()).sum()
    }

    pub(crate) fn in_flight(&self, persona: usize) -> usize {
        self.turns.iter().filter(|turn| turn.persona == persona).map(|turn| turn.items.len()).sum()
    }

    fn turns_of(&self, persona: usize) -> usize {
        self.turns.iter().filter(|turn| turn.persona == persona).count()
    }

    pub(crate) fn enroll(&mut self, id: SlotId, settings: SlotSettings) {
        self.personas.push(Persona { id, settings, reserved: 0, life: Life::Enrolled });
    }

    pub(crate) fn configure(&mut self, persona: usize, settings: SlotSettings) {
        self.personas[persona].settings = settings;
        self.refresh(None);
    }

    pub(crate) fn unenroll(&mut self, persona: usize, how: Unenroll) {
        let life = &mut self.personas[persona].life;
        match how {
            Unenroll::Drain if *life == Life::Enrolled => *life = Life::Draining,
            Unenroll::Drain => {}
            Unenroll::Return => {
                *life = Life::Returning;
                for queue in 0..self.queues.len() {
                    if self.queues[queue].persona == persona {
                        for item in std::mem::take(&mut self.queues[queue].items) {
                            self.settle(&item.envelope, None, Kind::Declined, Reason::Unenrolled);
                        }
                    }
                }
            }
        }
        self.refresh(None);
    }

    pub(crate) fn admit(&mut self, id: SlotId, n: u32) -> Result<(), Refusal> {
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
            self.refresh(None);
        }
    }

    pub(crate) fn pass_time(&mut self, now: i64) {
        self.now = self.now.max(now);
    }

    pub(crate) fn arm(&mut self, envelope: &Envelope) {
        self.counts.accepted += 1;
        let stored = Flags::from_bits(envelope.flags.bits() & 0b0010_1111);
        let Some(persona) = self.find(envelope.slot) else {
            let envelope = Envelope { flags: stored, ..*envelope };
            return self.settle(&envelope, None, Kind::Declined, Reason::Unenrolled);
        };
        if envelope.flags.has(Flags::ADMITTED) {
            let reserved = &mut self.personas[persona].reserved;
            *reserved = reserved.saturating_sub(1);
        }
        let not_before = envelope.not_before.filter(|&at| at > self.now);
        let mut item = Item { envelope: Envelope { flags: stored, not_before, ..*envelope }, expiry: None };
        if self.waits_on_arrival(persona, &mut item, envelope.flags) {
            self.wait_for_expiry(&mut item);
            let queue = self.queue(persona, envelope.conversation);
            self.queues[queue].items.push(item);
        }
        self.refresh(Some((persona, envelope.conversation)));
    }

    fn waits_on_arrival(&mut self, persona: usize, item: &mut Item, flags: Flags) -> bool {
        if !flags.has(Flags::UNKNOWN) {
            return self.may_wait(persona, item, None);
        }
        if self.personas[persona].settings.drop_unknown {
            self.settle(&item.envelope, None, Kind::Declined, Reason::UnknownOutcome);
            return false;
        }
        let retry_at = self.draw_retry(item.envelope.attempt);
        self.fail(persona, item, None, flags.has(Flags::WAS_ALONE), Reason::UnknownOutcome, retry_at)
    }

    pub(crate) fn settling(&mut self, id: TurnId) -> bool {
        let turn = self.turns.iter_mut().find(|turn| turn.id == id);
        turn.map(|turn| turn.lease = None).is_some()
    }

    pub(crate) fn complete(&mut self, id: TurnId, outcome: Outcome) -> bool {
        let Some(place) = self.turns.iter().position(|turn| turn.id == id) else { return false };
        let turn = self.turns.remove(place);
        let touched = Some((turn.persona, turn.conversation));
        let count = turn.items.len() as u64;
        match outcome {
            Outcome::Done => self.counts.done += count,
            Outcome::Declined => self.counts.declined += count,
            Outcome::Failed => self.turn_failed(turn, Reason::Failed),
            Outcome::TimedOut => self.turn_failed(turn, Reason::TimedOut),
            Outcome::Throttled { retry_at } | Outcome::Cancelled { retry_at } => {
                let mut back = turn.items;
                for item in &mut back {
                    item.envelope.not_before = Some(retry_at);
                }
                back.retain(|item| self.may_wait(turn.persona, item, None));
                self.put_back(turn.persona, turn.conversation, back);
            }
        }
        self.refresh(touched);
        true
    }

    fn turn_failed(&mut self, turn: Flying, reason: Reason) {
        let retry_at = self.draw_retry(turn.attempt);
        let alone = turn.items.len() == 1;
        let mut back = Vec::new();
        for mut item in turn.items {
            if self.fail(turn.persona, &mut item, Some(turn.id), alone, reason, retry_at) {
                back.push(item);
            }
        }
        self.put_back(turn.persona, turn.conversation, back);
    }

    fn put_back(&mut self, persona: usize, conversation: u64, mut back: Vec<Item>) {
        for item in &mut back {
            self.wait_for_expiry(item);
        }
        let queue = self.queue(persona, conversation);
        self.queues[queue].items.splice(0..0, back);
    }

    /// Whether the item waits again after a failed turn.
    fn fail(
        &mut self,
        persona: usize,
        item: &mut Item,
        turn: Option<TurnId>,
        alone: bool,
        reason: Reason,
        retry_at: i64,
    ) -> bool {
        if alone {
            item.envelope.failures = item.envelope.failures.saturating_add(1);
            if item.envelope.failures >= 3 {
                self.settle(&item.envelope, turn, Kind::Dead, reason);
                return false;
            }
        } else {
            item.envelope.flags = item.envelope.flags.with(Flags::ALONE);
        }
        if !self.may_wait(persona, item, turn) {
            return false;
        }
        item.envelope.not_before = Some(retry_at);
        self.settle(&item.envelope, turn, Kind::Retry { not_before: retry_at }, reason);
        true
    }

    fn may_wait(&mut self, persona: usize, item: &Item, turn: Option<TurnId>) -> bool {
        if self.personas[persona].life == Life::Returning {
            self.settle(&item.envelope, turn, Kind::Declined, Reason::Unenrolled);
            return false;
        }
        if item.envelope.expires_at.is_some_and(|at| at <= self.now) {
            self.settle(&item.envelope, turn, Kind::Dead, Reason::Expired);
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
        self.outbox.push(Out::Settlement(Settlement {
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

    fn queue(&mut self, persona: usize, conversation: u64) -> usize {
        let same = |queue: &Queue| (queue.persona, queue.conversation) == (persona, conversation);
        self.queues.iter().position(same).unwrap_or_else(|| {
            self.queues.push(Queue { persona, conversation, items: Vec::new(), held: None });
            self.queues.len() - 1
        })
    }

    fn timer(&mut self, at: i64) -> Timer {
        self.timers_set += 1;
        Timer { at, number: self.timers_set }
    }

    fn wait_for_expiry(&mut self, item: &mut Item) {
        item.expiry = item.envelope.expires_at.map(|at| self.timer(at));
    }

    /// The fleet's jitter is part of what a seed replays: `SplitMix64`, once for each failed turn.
    fn draw_retry(&mut self, attempt: u32) -> i64 {
        self.jitter = self.jitter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.jitter;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let pause = [1_000, 1_000, 4_000, 16_000][attempt.min(3) as usize];
        let jitter = (u128::from(z) * (pause as u128 / 5 + 1)) >> 64;
        self.now.saturating_add(pause - pause / 10 + jitter as i64)
    }

    fn has_turn(&self, queue: &Queue) -> bool {
        let same = |turn: &Flying| (turn.persona, turn.conversation) == (queue.persona, queue.conversation);
        self.turns.iter().any(same)
    }

    fn is_ready(&self, queue: &Queue) -> bool {
        !queue.items.is_empty() && queue.held.is_none() && !self.has_turn(queue)
    }

    /// Follows up every change: forgets what is over, sets and drops holds, fills the ring, frees personas.
    /// A hold that time alone has ended is left to its timer, but for that of the conversation that was touched.
    fn refresh(&mut self, touched: Option<(usize, u64)>) {
        for place in 0..self.queues.len() {
            let key = (self.queues[place].persona, self.queues[place].conversation);
            let busy = self.has_turn(&self.queues[place]);
            let head = self.queues[place].items.first().filter(|_| !busy);
            let until = head.and_then(|item| item.envelope.not_before).filter(|&at| at > self.now);
            let timer = self.queues[place].held;
            self.queues[place].held = match (until, timer) {
                (Some(at), Some(timer)) if timer.at == at => Some(timer),
                (Some(at), _) => Some(self.timer(at)),
                (None, timer) if !busy && touched != Some(key) => timer,
                (None, _) => None,
            };
        }
        let idle: Vec<bool> =
            self.queues.iter().map(|queue| queue.items.is_empty() && !self.has_turn(queue)).collect();
        let mut idle = idle.into_iter();
        self.queues.retain(|_| !idle.next().unwrap_or(false));
        self.refresh_ring();
        for persona in 0..self.personas.len() {
            let left = self.waiting(persona) + self.in_flight(persona);
            let Persona { id, reserved, life, .. } = &mut self.personas[persona];
            if matches!(life, Life::Draining | Life::Returning) && *reserved == 0 && left == 0 {
                *life = Life::Gone;
                self.outbox.push(Out::Freed(*id));
            }
        }
    }

    fn refresh_ring(&mut self) {
        for persona in 0..self.personas.len() {
            let Persona { settings, .. } = self.personas[persona];
            let ready = self.queues.iter().any(|queue| queue.persona == persona && self.is_ready(queue));
            let can =
                ready && !settings.paused && self.turns_of(persona) < settings.max_parallel_turns as usize;
            match self.ring.iter().position(|&one| one == persona) {
                None if can => self.ring.push(persona),
                Some(place) if !can => {
                    if place == 0 {
                        self.taken = 0;
                    }
                    self.ring.remove(place);
                }
                _ => {}
            }
        }
    }

    /// Every timer that is set.
    fn timers(&self) -> Vec<(Timer, Due)> {
        let mut timers = Vec::new();
        for (place, queue) in self.queues.iter().enumerate() {
            timers.extend(queue.held.map(|timer| (timer, Due::Hold(place))));
            for (item, waiting) in queue.items.iter().enumerate() {
                timers.extend(waiting.expiry.map(|timer| (timer, Due::Expiry(place, item))));
            }
        }
        for (place, turn) in self.turns.iter().enumerate() {
            timers.extend(turn.lease.map(|timer| (timer, Due::Lease(place))));
        }
        timers
    }

    /// The moment at which time alone changes something next.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.timers().iter().map(|(timer, _)| timer.at).min()
    }

    pub(crate) fn service(&mut self, budget: Budget) -> Expected {
        let mut expected = Expected::default();
        while let Some((_, due)) = self
            .timers()
            .into_iter()
            .filter(|(timer, _)| timer.at <= self.now)
            .min_by_key(|&(timer, _)| timer)
        {
            match due {
                Due::Hold(queue) => {
                    self.queues[queue].held = None;
                    self.refresh(None);
                }
                Due::Expiry(queue, item) => {
                    let touched = Some((self.queues[queue].persona, self.queues[queue].conversation));
                    let item = self.queues[queue].items.remove(item);
                    self.settle(&item.envelope, None, Kind::Dead, Reason::Expired);
                    self.refresh(touched);
                }
                Due::Lease(turn) => {
                    let id = self.turns[turn].id;
                    expected.expired.push(id);
                    self.complete(id, Outcome::TimedOut);
                }
            }
        }
        while expected.turns.len() < budget.turns as usize && self.has_room() {
            let Some(&persona) = self.ring.first() else { break };
            let choice =
                self.queues.iter().filter(|queue| queue.persona == persona && self.is_ready(queue)).count();
            expected.largest_choice = expected.largest_choice.max(choice);
            expected.turns.push(self.form(persona));
            if self.taken >= self.quantum {
                self.ring.rotate_left(1);
                self.taken = 0;
            }
        }
        self.hand_out(budget.settlements as usize, &mut expected);
        expected.more = !self.outbox.is_empty() || (!self.ring.is_empty() && self.has_room());
        expected
    }

    fn has_room(&self) -> bool {
        self.turns.len() < self.max_turns_in_flight
    }

    fn form(&mut self, persona: usize) -> ExpectedTurn {
        let mine =
            |&place: &usize| self.queues[place].persona == persona && self.is_ready(&self.queues[place]);
        let mut ready: Vec<usize> = (0..self.queues.len()).filter(mine).collect();
        ready.sort_by_key(|&place| self.standing(&self.queues[place]));
        let standing = self.standing(&self.queues[ready[0]]);
        let why = match ready.get(1).map(|&place| self.standing(&self.queues[place])) {
            None => Why::Only,
            Some(second) if standing.0 != second.0 => Why::Urgent,
            Some(second) if standing.1 != second.1 => Why::Starved,
            Some(second) if standing.2 != second.2 => Why::Lane,
            Some(second) if standing.3 != second.3 => Why::Priority,
            Some(_) => Why::Age,
        };
        let run = run_of(&self.queues[ready[0]].items);
        let queue = &mut self.queues[ready[0]];
        let conversation = queue.conversation;
        let mut items: Vec<Item> = queue.items.drain(..run).collect();
        for item in &mut items {
            item.expiry = None;
            item.envelope.attempt = item.envelope.attempt.saturating_add(1);
        }
        let head = items[0].envelope;
        let Persona { id, settings, .. } = self.personas[persona];
        let time =
            if head.lane == Lane::Voice { settings.deadline_ms.min(20_000) } else { settings.deadline_ms };
        let deadline = self.now.saturating_add(time);
        let lease = Some(self.timer(deadline));
        let attempt = items.iter().map(|item| item.envelope.attempt).max().unwrap_or(0);
        let turn = ExpectedTurn {
            slot: id,
            conversation,
            lane: head.lane,
            attempt,
            deadline,
            why,
            effective_priority: standing.3.0 as f64 / 6e6,
            waited_ms: self.now.saturating_sub(head.enqueued_at).max(0),
            items: items.iter().map(|item| item.envelope.item).collect(),
        };
        self.taken += items.len();
        self.turns.push(Flying { id: unnamed(), persona, conversation, items, lease, attempt });
        self.refresh(None);
        turn
    }

    /// Sorts the conversations of a persona: the smallest goes first. Priorities in 1/6 000 000.
    fn standing(&self, queue: &Queue) -> (bool, i64, Lane, Reverse<i64>, i64, u64) {
        let head = queue.items[0].envelope;
        let urgent = queue.items.iter().any(|item| item.envelope.flags.has(Flags::URGENT));
        let best = queue.items.iter().map(|item| item.envelope.lane).min();
        let waited = self.now.saturating_sub(head.enqueued_at).max(0);
        let starved = if waited >= 60_000 { head.enqueued_at } else { i64::MAX };
        let merged = &queue.items[..run_of(&queue.items)];
        let base = merged.iter().map(|item| points(item.envelope.priority)).max();
        let gain = match head.lane {
            Lane::Voice => 0,
            Lane::Task => waited.min(60_000) * 3_000_000 / 60_000,
            Lane::Chat | Lane::Background => waited.min(30_000) * 3_000_000 / 30_000,
        };
        let effective = (base.unwrap_or(0) + gain).min(6_000_000);
        (!urgent, starved, best.unwrap_or(head.lane), Reverse(effective), head.enqueued_at, head.item)
    }

    /// Gives the turns of the last `service` the ids that the fleet chose.
    pub(crate) fn name(&mut self, ids: impl IntoIterator<Item = TurnId>) {
        let unnamed = self.turns.iter_mut().filter(|turn| turn.id == unnamed());
        for (turn, id) in unnamed.zip(ids) {
            turn.id = id;
        }
    }

    fn hand_out(&mut self, budget: usize, expected: &mut Expected) {
        while let Some(next) = self.outbox.first() {
            match *next {
                Out::Freed(id) => expected.freed.push(id),
                Out::Settlement(next) => {
                    let together = expected
                        .settlements
                        .last()
                        .is_some_and(|last| last.turn.is_some() && last.turn == next.turn);
                    if expected.settlements.len() >= budget && !together {
                        return;
                    }
                    expected.settlements.push(next);
                }
            }
            self.outbox.remove(0);
        }
    }

    pub(crate) fn held(&self, persona: usize) -> (Option<Held>, Option<i64>) {
        let Persona { settings, .. } = self.personas[persona];
        let mine = || self.queues.iter().filter(|queue| queue.persona == persona);
        if self.waiting(persona) == 0 {
            (None, None)
        } else if settings.paused {
            (Some(Held::Paused), None)
        } else if self.turns_of(persona) >= settings.max_parallel_turns as usize {
            (Some(Held::Busy), None)
        } else if mine().any(|queue| self.is_ready(queue)) {
            ((!self.has_room()).then_some(Held::FleetBusy), None)
        } else if let Some(until) = mine().filter_map(|queue| queue.held).map(|timer| timer.at).min() {
            (Some(Held::BackingOff), Some(until))
        } else {
            (Some(Held::Busy), None)
        }
    }
}

fn points(priority: f32) -> i64 {
    if priority.is_nan() { 0 } else { (f64::from(priority.clamp(0.0, 1.0)) * 6e6).round() as i64 }
}

/// How many leading items go into one turn.
fn run_of(items: &[Item]) -> usize {
    let head = &items[0].envelope;
    let alone = |envelope: &Envelope| envelope.flags.has(Flags::ALONE);
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
        if !same || !mergeable || alone(head) || alone(next) || held_longer {
            break;
        }
        length += 1;
    }
    length
}
