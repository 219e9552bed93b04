//! The packed records that cross the boundary: fields of a `Float64Array`, in the order written here.
//!
//! This is the only place that knows them. `layout()` describes them to `native/generate.mjs`, which
//! writes `src/layout.ts`, so the two sides cannot drift apart. A time that is absent is `NaN`.

use napi_derive::napi;
use persona_cycle::{
    BreakerState, Flags, Held, Lane, MOST_EXPIRED, OnUnknown, Overflow, Reason, Refusal, SleepMode, Unenroll,
    Why,
};

/// Declares a record of doubles that is read from (`in`) or written to (`out`) the head of a slice.
macro_rules! record {
    ($(#[$doc:meta])* in $name:ident { $($field:ident),+ $(,)? }) => {
        record! { $(#[$doc])* $name { $($field),+ } }
        impl $name {
            /// Nothing if the slice is too short.
            pub(crate) fn read(slice: &[f64]) -> Option<Self> {
                let &[$($field),+] = slice.first_chunk::<{ Self::SIZE }>()?;
                Some(Self { $($field),+ })
            }
        }
    };
    ($(#[$doc:meta])* out $name:ident { $($field:ident),+ $(,)? }) => {
        record! { $(#[$doc])* $name { $($field),+ } }
        impl $name {
            /// Nothing if the slice is too short.
            pub(crate) fn write(self, slice: &mut [f64]) -> Option<()> {
                *slice.first_chunk_mut::<{ Self::SIZE }>()? = [$(self.$field),+];
                Some(())
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($field:ident),+ }) => {
        $(#[$doc])*
        pub(crate) struct $name { $(pub(crate) $field: f64),+ }
        impl $name {
            const FIELDS: &[&str] = &[$(stringify!($field)),+];
            pub(crate) const SIZE: usize = Self::FIELDS.len();
        }
    };
}

pub(crate) use record;

record! {
    /// Settings of a slot; yes and no are 1 and 0, parts of a whole from 0 to 1.
    in Settings {
        max_parallel_turns, max_queued, deadline_ms, paused, on_unknown, window_voice, window_chat, window_task,
        window_background, breaker_failures, breaker_open_ms, room_gap_ms, room_cap, undirected, temperament,
        complexity, compute,
    }
}
record! {
    /// After `OP_ARM`: an item that is on the disk, on its way into the cycle.
    in Arm {
        item, slot, conversation, lane, priority, flags, enqueued_at, not_before, expires_at, merge_key, attempt,
        failures,
    }
}
record! {
    /// After `OP_SETTLING`, cognition has answered (only the turn counts); after `OP_COMPLETE`, the turn has ended.
    in Complete { turn, outcome, retry_at }
}
record! {
    /// What a drive gave: how many records stand in each section, when to drive again, whether at once.
    out Head { turns, settlements, expired, freed, woken, wanted, deadline, more }
}
record! {
    /// A turn for cognition; its keys are the next `items` of the section of items, the trigger last.
    out TurnRecord {
        turn, slot, conversation, lane, attempt, deadline, formed_at, why, effective_priority, waited_ms, items,
    }
}
record! {
    /// What becomes of an item that native ended or sends back to wait. Settlements of one turn follow each
    /// other; `turn` is `NaN` for an item that was in none.
    out SettlementRecord { item, slot, turn, kind, reason, not_before, attempt, failures, flags }
}
record! {
    /// What can be seen of one persona, or of the fleet (which has only counts, and `bytes`).
    out Status {
        voice, chat, task, background, queued, in_store, in_flight, held, held_since, held_until, draining, breaker,
        breaker_failures, breaker_until, sleep, sleep_until, energy, debt, personas, bytes,
    }
}
impl Status {
    pub(crate) const NOTHING: Self = Self {
        voice: 0.0,
        chat: 0.0,
        task: 0.0,
        background: 0.0,
        queued: 0.0,
        in_store: 0.0,
        in_flight: 0.0,
        held: 0.0,
        held_since: f64::NAN,
        held_until: f64::NAN,
        draining: 0.0,
        breaker: 0.0,
        breaker_failures: 0.0,
        breaker_until: f64::NAN,
        sleep: 0.0,
        sleep_until: f64::NAN,
        energy: 1.0,
        debt: 0.0,
        personas: 0.0,
        bytes: f64::NAN,
    };
}
record! {
    /// Why the next item of a conversation waits.
    out StrandRecord { conversation, item, waiting, held, since, until }
}
record! {
    /// How much a persona has to do.
    out LoadRecord { slot, queued, in_flight }
}
record! {
    /// What there was to say about a message in a room; the last two are 0 or 1.
    out HeardRecord { number, storm, duplicate }
}

record! {
    /// Head of what mappers are asked: at which seat and about which person, most suggestions, when, and how many
    /// numbers follow.
    in Question { seat, person, limit, now, length }
}

/// What a value of traits or the context is. A number goes with itself, a text in what is asked with its place among
/// the document's words, a text or JSON in an answer with where it ends; other texts are asked with as JSON. The last
/// two are in answers only: the text that a check asks for, and a minute of the local week.
pub(crate) const VALUES: [&str; 9] =
    ["nothing", "null", "false", "true", "number", "text", "json", "as asked", "minute"];

/// Most turns, and most settlements, of one drive: a bound on what JavaScript does in one turn of its loop.
pub(crate) const MAX_TURNS: usize = 128;
pub(crate) const MAX_SETTLEMENTS: usize = 256;
/// The cycle never splits the settlements of one turn, so that some more may come.
const ITEMS_OF_A_TURN: usize = 20;
/// Of slots that are gone, and of slots that have woken.
pub(crate) const MAX_SLOTS: usize = 256;
/// Items that are asked for at once: what one look-up in the store gives.
pub(crate) const MAX_WANTED: usize = 256;

pub(crate) const TURNS_AT: usize = Head::SIZE;
pub(crate) const ITEMS_AT: usize = TURNS_AT + MAX_TURNS * TurnRecord::SIZE;
pub(crate) const SETTLEMENTS_AT: usize = ITEMS_AT + MAX_TURNS * ITEMS_OF_A_TURN;
pub(crate) const EXPIRED_AT: usize =
    SETTLEMENTS_AT + (MAX_SETTLEMENTS + ITEMS_OF_A_TURN) * SettlementRecord::SIZE;
pub(crate) const FREED_AT: usize = EXPIRED_AT + MOST_EXPIRED;
pub(crate) const WOKEN_AT: usize = FREED_AT + MAX_SLOTS;
pub(crate) const WANTED_AT: usize = WOKEN_AT + MAX_SLOTS;
pub(crate) const BATCH_SIZE: usize = WANTED_AT + MAX_WANTED;

/// An operation that enters a drive begins with one of these; its record follows.
pub(crate) const OP_ARM: u64 = 1;
pub(crate) const OP_SETTLING: u64 = 2;
pub(crate) const OP_COMPLETE: u64 = 3;
/// Stride of the operations: that of the longest.
pub(crate) const OP_SIZE: usize = OPERATION_AT + Arm::SIZE;
/// Where the record of an operation begins.
const OPERATION_AT: usize = 1;

/// Words cross as their place in these lists.
pub(crate) const LANES: [(&str, Lane); 4] =
    [("voice", Lane::Voice), ("chat", Lane::Chat), ("task", Lane::Task), ("background", Lane::Background)];
pub(crate) const UNENROLL: [(&str, Unenroll); 2] = [("drain", Unenroll::Drain), ("return", Unenroll::Return)];
pub(crate) const REFUSALS: [(&str, Refusal); 3] =
    [("unknown", Refusal::Unknown), ("draining", Refusal::Draining), ("full", Refusal::Full)];
pub(crate) const WHY: [(&str, Why); 6] = [
    ("urgent", Why::Urgent),
    ("starved", Why::Starved),
    ("lane", Why::Lane),
    ("priority", Why::Priority),
    ("age", Why::Age),
    ("only", Why::Only),
];
pub(crate) const REASONS: [(&str, Reason); 12] = [
    ("cognition_failed", Reason::Failed),
    ("cognition_timeout", Reason::TimedOut),
    ("expired", Reason::Expired),
    ("unenrolled", Reason::Unenrolled),
    ("unknown_outcome", Reason::UnknownOutcome),
    ("own", Reason::Own),
    ("duplicate", Reason::Duplicate),
    ("undirected", Reason::Undirected),
    ("echo", Reason::Echo),
    ("room_cap", Reason::RoomCap),
    ("superseded", Reason::Superseded),
    ("evicted", Reason::Evicted),
];
pub(crate) const ON_UNKNOWN: [(&str, OnUnknown); 3] =
    [("retry", OnUnknown::Retry), ("ask", OnUnknown::Ask), ("drop", OnUnknown::Drop)];
pub(crate) const OVERFLOW: [(&str, Overflow); 2] = [("page", Overflow::Page), ("evict", Overflow::Evict)];
pub(crate) const SLEEP: [(&str, SleepMode); 5] = [
    ("active", SleepMode::Active),
    ("mentioned_only", SleepMode::MentionedOnly),
    ("human_only", SleepMode::HumanOnly),
    ("sleeping", SleepMode::Sleeping),
    ("until_topic", SleepMode::UntilTopic),
];
pub(crate) const BREAKER: [(&str, BreakerState); 3] =
    [("closed", BreakerState::Closed), ("open", BreakerState::Open), ("half_open", BreakerState::HalfOpen)];
pub(crate) const HELD: [(&str, Option<Held>); 12] = [
    ("nothing", None),
    ("paused", Some(Held::Paused)),
    ("asleep", Some(Held::Asleep)),
    ("breaker_open", Some(Held::BreakerOpen)),
    ("breaker_probing", Some(Held::BreakerProbing)),
    ("busy", Some(Held::Busy)),
    ("fleet_busy", Some(Held::FleetBusy)),
    ("backing_off", Some(Held::BackingOff)),
    ("room_gap", Some(Held::RoomGap)),
    ("overwhelmed", Some(Held::Overwhelmed)),
    ("tired", Some(Held::Tired)),
    ("paging", Some(Held::Paging)),
];
/// Kinds and outcomes carry a moment, so that they are matched by hand in `fleet`.
pub(crate) const KINDS: [&str; 3] = ["retry", "dead", "declined"];
pub(crate) const OUTCOMES: [&str; 6] = ["done", "declined", "failed", "timed_out", "throttled", "cancelled"];
const FLAGS: [(&str, Flags); 15] = [
    ("urgent", Flags::URGENT),
    ("mention", Flags::MENTION),
    ("human", Flags::HUMAN),
    ("own", Flags::OWN),
    ("admitted", Flags::ADMITTED),
    ("alone", Flags::ALONE),
    ("unknown", Flags::UNKNOWN),
    ("was_alone", Flags::WAS_ALONE),
    ("room", Flags::ROOM),
    ("persona", Flags::PERSONA),
    ("echo", Flags::ECHO),
    ("duplicate", Flags::DUPLICATE),
    ("latest", Flags::LATEST),
    ("on_topic", Flags::ON_TOPIC),
    ("paged", Flags::PAGED),
];

/// The place of a word in its list.
pub(crate) fn code_of<T: PartialEq>(list: &[(&str, T)], value: &T) -> f64 {
    list.iter().position(|(_, other)| other == value).map_or(f64::NAN, |place| place as f64)
}

/// The word at a place, if it is one.
pub(crate) fn word_at<T: Copy>(list: &[(&str, T)], place: f64) -> Option<T> {
    list.get(whole(place)? as usize).map(|&(_, value)| value)
}

/// A double as a whole number below 2^53.
pub(crate) fn whole(value: f64) -> Option<u64> {
    // There and back is as good as `fract`, which calls a function where processors may be old.
    let part = value - value as i64 as f64;
    (value >= 0.0 && value < (1_u64 << 53) as f64 && part == 0.0).then_some(value as u64)
}

/// A double as a moment in milliseconds.
pub(crate) fn moment(value: f64) -> Option<i64> {
    (value.abs() < (1_u64 << 53) as f64).then_some(value as i64)
}

/// A moment as a double, `NaN` if there is none.
pub(crate) fn moment_or_nan(value: Option<i64>) -> f64 {
    value.map_or(f64::NAN, |value| value as f64)
}

const LINE_WIDTH: usize = 120;

/// The layout as lines of TypeScript; `native/generate.mjs` writes them to `src/layout.ts`.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn layout() -> String {
    let mut text = String::new();
    for (record, fields, begin) in [
        ("SETTINGS", Settings::FIELDS, 0),
        ("ARM", Arm::FIELDS, OPERATION_AT),
        ("COMPLETE", Complete::FIELDS, OPERATION_AT),
        ("HEAD", Head::FIELDS, 0),
        ("TURN", TurnRecord::FIELDS, 0),
        ("SETTLEMENT", SettlementRecord::FIELDS, 0),
        ("STATUS", Status::FIELDS, 0),
        ("STRAND", StrandRecord::FIELDS, 0),
        ("LOAD", LoadRecord::FIELDS, 0),
        ("HEARD", HeardRecord::FIELDS, 0),
        ("QUESTION", Question::FIELDS, 0),
    ] {
        for (place, field) in fields.iter().enumerate() {
            constant(&mut text, &format!("{record}_{}", field.to_uppercase()), begin + place);
        }
        constant(&mut text, &format!("{record}_SIZE"), fields.len());
    }
    for (name, value) in [
        ("TURNS_AT", TURNS_AT),
        ("ITEMS_AT", ITEMS_AT),
        ("SETTLEMENTS_AT", SETTLEMENTS_AT),
        ("EXPIRED_AT", EXPIRED_AT),
        ("FREED_AT", FREED_AT),
        ("WOKEN_AT", WOKEN_AT),
        ("WANTED_AT", WANTED_AT),
        ("BATCH_SIZE", BATCH_SIZE),
        ("OP_ARM", OP_ARM as usize),
        ("OP_SETTLING", OP_SETTLING as usize),
        ("OP_COMPLETE", OP_COMPLETE as usize),
        ("OP_SIZE", OP_SIZE),
    ] {
        constant(&mut text, name, value);
    }
    for (name, flag) in FLAGS {
        constant(&mut text, &format!("FLAG_{}", name.to_uppercase()), usize::from(flag.bits()));
    }
    list(&mut text, "LANE", LANES.map(|(word, _)| word));
    list(&mut text, "UNENROLL", UNENROLL.map(|(word, _)| word));
    list(&mut text, "REFUSAL", REFUSALS.map(|(word, _)| word));
    list(&mut text, "WHY", WHY.map(|(word, _)| word));
    list(&mut text, "REASON", REASONS.map(|(word, _)| word));
    list(&mut text, "ON_UNKNOWN", ON_UNKNOWN.map(|(word, _)| word));
    list(&mut text, "OVERFLOW", OVERFLOW.map(|(word, _)| word));
    list(&mut text, "SLEEP", SLEEP.map(|(word, _)| word));
    list(&mut text, "BREAKER", BREAKER.map(|(word, _)| word));
    list(&mut text, "HELD", HELD.map(|(word, _)| word));
    list(&mut text, "KIND", KINDS);
    list(&mut text, "OUTCOME", OUTCOMES);
    list(&mut text, "VALUE", VALUES);
    crate::voice::describe(&mut text);
    text
}

pub(crate) fn constant(text: &mut String, name: &str, value: usize) {
    text.extend(["export const ", name, " = ", &value.to_string(), ";\n"]);
}

pub(crate) fn list<const N: usize>(text: &mut String, name: &str, words: [&str; N]) {
    lines(text, name, &words.map(|word| format!("{word:?}")));
}

/// As the project's formatter has it: in one line if that has room.
pub(crate) fn lines(text: &mut String, name: &str, values: &[String]) {
    let line = format!("export const {name} = [{}] as const;\n", values.join(", "));
    if line.len() <= LINE_WIDTH + 1 {
        text.push_str(&line);
        return;
    }
    text.extend(["export const ", name, " = [\n"]);
    for value in values {
        text.extend(["  ", value, ",\n"]);
    }
    text.push_str("] as const;\n");
}
