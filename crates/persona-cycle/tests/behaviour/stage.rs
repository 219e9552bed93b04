//! A fleet with what the tests need around it.

use std::collections::HashMap;

use persona_cycle::{
    Batch, Budget, Envelope, Fault, Flags, Fleet, FleetOptions, Held, Lane, Next, Outcome, Reason, SleepMode,
    SlotId, SlotSettings, SlotStatus, StrandStatus, Turn, TurnId,
};

pub(crate) const LARGE: Budget = Budget { turns: 100_000, settlements: 100_000, wanted: 100_000 };

pub(crate) struct Stage {
    pub(crate) fleet: Fleet,
    /// The output of the last `service` call.
    pub(crate) batch: Batch,
    pub(crate) next: Next,
    pub(crate) now: i64,
    items: u64,
    /// What a caller's store would have: the items by their keys.
    store: HashMap<u64, Envelope>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(FleetOptions::default())
    }

    pub(crate) fn with(options: FleetOptions) -> Self {
        let fleet = valid(Fleet::new(options));
        let next = Next { deadline: None, more: false };
        Self { fleet, batch: Batch::default(), next, now: 1_000_000, items: 0, store: HashMap::new() }
    }

    pub(crate) fn persona(&mut self) -> SlotId {
        self.persona_with(SlotSettings::default())
    }

    /// A persona that may have as many turns at once as it has conversations.
    pub(crate) fn parallel_persona(&mut self) -> SlotId {
        self.persona_with(SlotSettings { max_parallel_turns: 1_024, ..SlotSettings::default() })
    }

    pub(crate) fn persona_with(&mut self, settings: SlotSettings) -> SlotId {
        valid(self.fleet.enroll(settings, self.now))
    }

    /// A fresh chat item, to be changed and armed.
    pub(crate) fn chat(&mut self, slot: SlotId, conversation: u64) -> Envelope {
        self.item(slot, conversation, Lane::Chat)
    }

    pub(crate) fn item(&mut self, slot: SlotId, conversation: u64, lane: Lane) -> Envelope {
        self.items += 1;
        Envelope::new(self.items, slot, conversation, lane, self.now)
    }

    pub(crate) fn arm(&mut self, envelope: &Envelope) {
        self.store.insert(envelope.item, *envelope);
        self.fleet.arm(envelope, self.now);
        self.fleet.check();
    }

    /// Arms a fresh chat item and gives its key.
    pub(crate) fn say(&mut self, slot: SlotId, conversation: u64) -> u64 {
        let envelope = self.chat(slot, conversation);
        self.arm(&envelope);
        envelope.item
    }

    /// Arms a fresh chat item that is changed before, and gives its key.
    pub(crate) fn put(&mut self, slot: SlotId, conversation: u64, change: impl FnOnce(&mut Envelope)) -> u64 {
        let mut envelope = self.chat(slot, conversation);
        change(&mut envelope);
        self.arm(&envelope);
        envelope.item
    }

    /// Arms a fresh chat item with flags and gives its key.
    pub(crate) fn flag(&mut self, slot: SlotId, conversation: u64, flags: Flags) -> u64 {
        self.put(slot, conversation, |item| item.flags = flags)
    }

    /// Arms what the last batch asked for.
    pub(crate) fn arm_wanted(&mut self) {
        for key in self.batch.wanted.clone() {
            let item = self.store[&key];
            self.arm(&Envelope { flags: item.flags.with(Flags::PAGED), ..item });
        }
    }

    pub(crate) fn configure(&mut self, slot: SlotId, settings: SlotSettings) {
        valid(self.fleet.configure(slot, settings, self.now));
        self.fleet.check();
    }

    pub(crate) fn sleep(&mut self, slot: SlotId, mode: SleepMode, until: Option<i64>) {
        valid(self.fleet.sleep(slot, mode, until, self.now));
        self.fleet.check();
    }

    pub(crate) fn status(&self, slot: SlotId) -> SlotStatus {
        self.fleet.slot_status(slot).unwrap_or_else(|| unreachable!("{slot:?} is not enrolled"))
    }

    /// Why nothing of a persona can be handed out, since when, until when.
    pub(crate) fn hindrance(&self, slot: SlotId) -> (Option<Held>, Option<i64>, Option<i64>) {
        let SlotStatus { held, held_since, held_until, .. } = self.status(slot);
        (held, held_since, held_until)
    }

    pub(crate) fn why(&self, slot: SlotId) -> Vec<StrandStatus> {
        let mut strands = Vec::new();
        self.fleet.why(slot, usize::MAX, &mut strands);
        strands
    }

    pub(crate) fn serve(&mut self) -> &Batch {
        self.serve_within(LARGE)
    }

    pub(crate) fn serve_within(&mut self, budget: Budget) -> &Batch {
        self.next = self.fleet.service(self.now, budget, &mut self.batch);
        self.fleet.check();
        &self.batch
    }

    pub(crate) fn serve_after(&mut self, ms: i64) -> &Batch {
        self.now += ms;
        self.serve()
    }

    /// Serves, and gives the item keys of each turn.
    pub(crate) fn turns(&mut self) -> Vec<Vec<u64>> {
        let batch = self.serve();
        batch.turns.iter().map(|turn| batch.items[turn.items.clone()].to_vec()).collect()
    }

    /// Serves, and gives the only turn.
    pub(crate) fn turn(&mut self) -> Turn {
        let turns = &self.serve().turns;
        assert_eq!(turns.len(), 1, "{turns:?}");
        turns[0].clone()
    }

    /// Serves, and gives what was settled.
    pub(crate) fn settled(&mut self) -> Vec<(u64, Reason)> {
        self.serve().settlements.iter().map(|one| (one.item, one.reason)).collect()
    }

    /// Serves, ends the only turn at once, and gives its items.
    pub(crate) fn end_turn(&mut self, outcome: Outcome) -> Vec<u64> {
        let turn = self.turn();
        assert!(self.complete(turn.id, outcome));
        self.batch.items.clone()
    }

    pub(crate) fn complete(&mut self, turn: TurnId, outcome: Outcome) -> bool {
        let ended = self.fleet.complete(turn, outcome, self.now);
        self.fleet.check();
        ended
    }
}

fn valid<T>(result: Result<T, Fault>) -> T {
    match result {
        Ok(value) => value,
        Err(fault) => unreachable!("{fault}"),
    }
}
