//! What the calls have led to: a simulation that forms no merged turn, say, proves nothing about merging.

use std::collections::HashSet;

use persona_cycle::{Batch, BreakerState, Held, Kind, Reason, SleepMode, SlotStatus, StrandStatus, Why};

#[derive(Default)]
pub(crate) struct Reached {
    whys: HashSet<Why>,
    settled: HashSet<(&'static str, Reason)>,
    held: HashSet<Held>,
    strands_held: HashSet<Held>,
    breakers: HashSet<BreakerState>,
    sleeps: HashSet<SleepMode>,
    events: HashSet<&'static str>,
}

impl Reached {
    pub(crate) fn note(&mut self, batch: &Batch) {
        self.whys.extend(batch.turns.iter().map(|turn| turn.why));
        self.settled.extend(batch.settlements.iter().map(|settlement| {
            let kind = match settlement.kind {
                Kind::Retry { .. } => "retry",
                Kind::Dead => "dead",
                Kind::Declined => "declined",
            };
            (kind, settlement.reason)
        }));
    }

    pub(crate) fn see(&mut self, slot: &SlotStatus) {
        self.held.extend(slot.held);
        self.breakers.insert(slot.breaker.state);
        self.sleeps.insert(slot.sleep);
    }

    pub(crate) fn see_strands(&mut self, strands: &[StrandStatus]) {
        self.strands_held.extend(strands.iter().filter_map(|strand| strand.held));
    }

    pub(crate) fn add(&mut self, events: &HashSet<&'static str>) {
        self.events.extend(events);
    }

    /// Adds what another thread has reached.
    pub(crate) fn join(&mut self, other: Self) {
        self.whys.extend(other.whys);
        self.settled.extend(other.settled);
        self.held.extend(other.held);
        self.strands_held.extend(other.strands_held);
        self.breakers.extend(other.breakers);
        self.sleeps.extend(other.sleeps);
        self.events.extend(other.events);
    }

    pub(crate) fn check(&self) {
        assert_eq!(self.whys.len(), 6, "{:?}", self.whys);
        assert_eq!(self.breakers.len(), 3, "{:?}", self.breakers);
        assert_eq!(self.sleeps.len(), 5, "{:?}", self.sleeps);
        assert_eq!(self.held, HashSet::from(HELD));
        let of_strands = HELD.into_iter().filter(|&held| held != Held::Paging).collect();
        assert_eq!(self.strands_held, of_strands);
        assert_eq!(self.settled, HashSet::from(SETTLED));
        let missing: Vec<_> = EVENTS.iter().filter(|event| !self.events.contains(*event)).collect();
        let unlisted: Vec<_> = self.events.iter().filter(|event| !EVENTS.contains(event)).collect();
        assert!(missing.is_empty() && unlisted.is_empty(), "missing {missing:?}, not listed {unlisted:?}");
    }
}

const HELD: [Held; 11] = [
    Held::Paused,
    Held::Asleep,
    Held::BreakerOpen,
    Held::BreakerProbing,
    Held::Busy,
    Held::FleetBusy,
    Held::BackingOff,
    Held::RoomGap,
    Held::Overwhelmed,
    Held::Tired,
    Held::Paging,
];

const SETTLED: [(&str, Reason); 16] = [
    ("retry", Reason::Failed),
    ("retry", Reason::TimedOut),
    ("retry", Reason::UnknownOutcome),
    ("dead", Reason::Failed),
    ("dead", Reason::TimedOut),
    ("dead", Reason::UnknownOutcome),
    ("dead", Reason::Expired),
    ("declined", Reason::Unenrolled),
    ("declined", Reason::UnknownOutcome),
    ("declined", Reason::Own),
    ("declined", Reason::Duplicate),
    ("declined", Reason::Undirected),
    ("declined", Reason::Echo),
    ("declined", Reason::RoomCap),
    ("declined", Reason::Superseded),
    ("declined", Reason::Evicted),
];

/// The model names them where they happen.
const EVENTS: [&str; 53] = [
    "a backlog is given back",
    "a breaker half opens",
    "a breaker is given up",
    "a breaker opens",
    "a choice among many",
    "a conversation stays in order",
    "a direct message wakes",
    "a duplicate is heard",
    "a full turn",
    "a human wakes",
    "a long talk",
    "a mention wakes",
    "a newcomer is evicted",
    "a newer item has taken the place of one that comes back",
    "a newer item takes the place of one that waits",
    "a persona is freed",
    "a probe closes the breaker",
    "a probe opens the breaker again",
    "a probe says nothing",
    "a room is forgotten",
    "a rule is stricter than when the item was put aside",
    "a starved persona goes before a better class",
    "a storm",
    "a turn in a room",
    "a turn of an older generation ends",
    "a visit is continued",
    "a visit pays a debt and nothing else",
    "a visit waits for a permit",
    "a whole run is declined in a room",
    "an outcome comes late",
    "an urgent item needs no window",
    "another class",
    "another is evicted",
    "debt is kept",
    "hunger is over before it is served",
    "it was to sleep until a moment that has passed",
    "less waits again",
    "many are hungry",
    "no energy is left",
    "paging stops at its budget",
    "put aside",
    "put aside among another lane",
    "settlements wait for the next call",
    "something is unheard",
    "the clock goes back",
    "the next persona has its turn",
    "the time wakes",
    "the topic wakes",
    "too much waits",
    "unenrolled twice",
    "what waits wakes",
    "an item comes that was not asked for",
    "an item comes too late from the store",
];
