//! Calls on a fleet, drawn at random. Numbers that name something existing are taken modulo what there is.

use persona_cycle::{
    Budget, Flags, FleetOptions, Lane, OnUnknown, Overflow, SleepMode, SlotSettings, Unenroll,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Enroll(SlotSettings),
    Unenroll(usize, Unenroll),
    Configure(usize, SlotSettings),
    Sleep(usize, SleepMode, Option<i64>),
    Hear {
        room: u64,
        human: bool,
        content: u64,
    },
    Unhear(u64, u32),
    Admit(usize, u32),
    Release(usize, u32),
    Arm(usize, Draft),
    /// So many of the items that were asked for come.
    Page(usize),
    Settling(usize),
    Complete(usize, End),
    Serve(Budget),
    Wait(i64),
}

/// An item without its key. Times are from now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub(crate) conversation: u64,
    pub(crate) lane: Lane,
    pub(crate) priority: f32,
    pub(crate) flags: Flags,
    pub(crate) waited: i64,
    pub(crate) not_before: Option<i64>,
    pub(crate) expires: Option<i64>,
    pub(crate) merge_key: u64,
    pub(crate) failures: u32,
}

/// How a turn ends. Times are from now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Done,
    Declined,
    Failed,
    TimedOut,
    Throttled(i64),
    Cancelled(i64),
}

pub(crate) fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let first = prop::collection::vec(settings().prop_map(Op::Enroll), 1..4);
    (first, prop::collection::vec(op(), 1..most)).prop_map(|(mut first, rest)| {
        first.extend(rest);
        first
    })
}

pub(crate) fn options() -> impl Strategy<Value = FleetOptions> {
    let overflow = prop_oneof![3 => Just(Overflow::Page), 1 => Just(Overflow::Evict)];
    (1..40u32, 1..30u32, any::<u64>(), overflow).prop_map(|(max_turns_in_flight, quantum, seed, overflow)| {
        FleetOptions { max_turns_in_flight, quantum, seed, overflow }
    })
}

fn op() -> impl Strategy<Value = Op> {
    let which = || 0..8usize;
    let flying = 0..64usize;
    let modes = [
        SleepMode::Active,
        SleepMode::MentionedOnly,
        SleepMode::HumanOnly,
        SleepMode::Sleeping,
        SleepMode::UntilTopic,
    ];
    let until = prop::option::of(-5..20_000i64);
    prop_oneof![
        1 => settings().prop_map(Op::Enroll),
        1 => (which(), prop::sample::select(&[Unenroll::Drain, Unenroll::Return][..]))
            .prop_map(|(slot, how)| Op::Unenroll(slot, how)),
        3 => (which(), settings()).prop_map(|(slot, settings)| Op::Configure(slot, settings)),
        3 => (which(), prop::sample::select(modes.to_vec()), until)
            .prop_map(|(slot, mode, until)| Op::Sleep(slot, mode, until)),
        4 => (0..3u64, any::<bool>(), 0..3u64)
            .prop_map(|(room, human, content)| Op::Hear { room, human, content }),
        1 => (0..3u64, 0..20u32).prop_map(|(room, number)| Op::Unhear(room, number)),
        3 => (which(), 0..6u32).prop_map(|(slot, n)| Op::Admit(slot, n)),
        2 => (which(), 0..6u32).prop_map(|(slot, n)| Op::Release(slot, n)),
        40 => (which(), draft()).prop_map(|(slot, draft)| Op::Arm(slot, draft)),
        8 => (0..10usize).prop_map(Op::Page),
        1 => flying.clone().prop_map(Op::Settling),
        16 => (flying, end()).prop_map(|(turn, end)| Op::Complete(turn, end)),
        16 => budget().prop_map(Op::Serve),
        8 => wait().prop_map(Op::Wait),
    ]
}

fn wait() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..3_000i64, 2 => 0..70_000i64, 1 => Just(60_000), 1 => Just(600_000)]
}

fn budget() -> impl Strategy<Value = Budget> {
    let few = (0..4u32, 0..4u32, 0..4u32);
    let many = Just((1_000, 1_000, 1_000));
    prop_oneof![few, many].prop_map(|(turns, settlements, wanted)| Budget { turns, settlements, wanted })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        6 => Just(End::Done),
        1 => Just(End::Declined),
        4 => Just(End::Failed),
        2 => Just(End::TimedOut),
        1 => (-5..5_000i64).prop_map(End::Throttled),
        1 => (-5..5_000i64).prop_map(End::Cancelled),
    ]
}

const UNKNOWN: [OnUnknown; 4] = [OnUnknown::Retry, OnUnknown::Retry, OnUnknown::Ask, OnUnknown::Drop];

fn settings() -> impl Strategy<Value = SlotSettings> {
    let bounds = (1..5u32, 0..3u32, 1..40_000i64, prop::array::uniform4(1..5u32));
    let breaker = (0..4u32, 1..60_000i64);
    let rooms = (prop_oneof![Just(0), 0..20_000i64], 1..5u32, any::<bool>());
    let mood = (any::<bool>(), 0..3_000u32, 0..=1_000u32);
    let switches = (prop::bool::weighted(0.1), prop::sample::select(&UNKNOWN));
    (bounds, breaker, rooms, mood, switches).prop_map(|(bounds, breaker, rooms, mood, switches)| {
        SlotSettings {
            max_parallel_turns: bounds.0,
            max_queued: [3, 20, 1_000][bounds.1 as usize],
            deadline_ms: bounds.2,
            windows: bounds.3,
            breaker_failures: breaker.0,
            breaker_open_ms: breaker.1,
            room_gap_ms: rooms.0,
            room_cap: rooms.1,
            undirected: rooms.2,
            temperament: mood.0,
            complexity: mood.1,
            compute: mood.2,
            paused: switches.0,
            on_unknown: switches.1,
        }
    })
}

fn draft() -> impl Strategy<Value = Draft> {
    let times = (
        prop_oneof![3 => Just(0), 1 => -2_000..70_000i64],
        prop::option::weighted(0.15, -5..5_000i64),
        prop::option::weighted(0.15, -5..90_000i64),
    );
    let what = (0..4u64, prop::sample::select(&Lane::ALL), -0.1..1.1f32, 0..2u64, 0..3u32);
    (what, times, flags()).prop_map(|(what, times, flags)| {
        let (conversation, lane, priority, merge_key, failures) = what;
        let (waited, not_before, expires) = times;
        Draft { conversation, lane, priority, flags, waited, not_before, expires, merge_key, failures }
    })
}

/// Each flag as often as makes something happen.
fn flags() -> impl Strategy<Value = Flags> {
    let weights = [
        (Flags::URGENT, 0.1),
        (Flags::MENTION, 0.3),
        (Flags::HUMAN, 0.3),
        (Flags::OWN, 0.02),
        (Flags::ADMITTED, 0.3),
        (Flags::ALONE, 0.05),
        (Flags::UNKNOWN, 0.03),
        (Flags::WAS_ALONE, 0.5),
        (Flags::ROOM, 0.5),
        (Flags::PERSONA, 0.1),
        (Flags::ECHO, 0.1),
        (Flags::DUPLICATE, 0.02),
        (Flags::LATEST, 0.3),
        (Flags::ON_TOPIC, 0.2),
        (Flags::PAGED, 0.03),
    ];
    let sets = weights.map(|(flag, weight)| {
        prop::bool::weighted(weight).prop_map(move |is_set| if is_set { flag } else { Flags::NONE })
    });
    sets.prop_map(|sets| sets.into_iter().fold(Flags::NONE, Flags::with))
}
