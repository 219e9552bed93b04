//! A fleet with what the tests need around it.

use persona_cycle::{
    Batch, Budget, Envelope, Fault, Fleet, FleetOptions, Lane, Next, Outcome, SlotId, SlotSettings, Turn,
    TurnId,
};

pub(crate) const LARGE: Budget = Budget { turns: 100_000, settlements: 100_000 };

pub(crate) struct Stage {
    pub(crate) fleet: Fleet,
    /// The output of the last `service` call.
    pub(crate) batch: Batch,
    pub(crate) next: Next,
    pub(crate) now: i64,
    items: u64,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(FleetOptions::default())
    }

    pub(crate) fn with(options: FleetOptions) -> Self {
        let fleet = valid(Fleet::new(options));
        let next = Next { deadline: None, more: false };
        Self { fleet, batch: Batch::default(), next, now: 1_000_000, items: 0 }
    }

    pub(crate) fn persona(&mut self) -> SlotId {
        self.persona_with(SlotSettings::default())
    }

    /// A persona that may have as many turns at once as it has conversations.
    pub(crate) fn parallel_persona(&mut self) -> SlotId {
        self.persona_with(SlotSettings { max_parallel_turns: 1_024, ..SlotSettings::default() })
    }

    pub(crate) fn persona_with(&mut self, settings: SlotSettings) -> SlotId {
        valid(self.fleet.enroll(settings))
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
        self.fleet.arm(envelope, self.now);
        self.fleet.check();
    }

    /// Arms a fresh chat item and gives its key.
    pub(crate) fn say(&mut self, slot: SlotId, conversation: u64) -> u64 {
        let envelope = self.chat(slot, conversation);
        self.arm(&envelope);
        envelope.item
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
