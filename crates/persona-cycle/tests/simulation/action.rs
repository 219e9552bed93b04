//! Calls on a fleet as plain data. A list of them can be executed on its own, also with parts left out: what they
//! act on is named by a number that counts, modulo, what there is at that moment, and times are relative.

use std::fmt::{self, Debug, Display, Formatter, Write};

use persona_cycle::{
    Budget, Envelope, Flags, Lane, Outcome, Overflow, SleepMode, SlotId, SlotSettings, Unenroll,
};

/// What an episode starts with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) max_turns_in_flight: u32,
    pub(crate) quantum: u32,
    pub(crate) overflow: Overflow,
    /// So many personas are enrolled at most, and so many more are on their way out.
    pub(crate) personas: usize,
    pub(crate) start: i64,
}

/// One call, or a step of the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Enroll(SlotSettings),
    Configure(Who, SlotSettings),
    Unenroll(Who, Unenroll),
    Admit(Who, u32),
    Release(Who, u32),
    Arm(Arrival),
    /// Arms so many of the items that the fleet has asked for.
    Page(u32),
    Service(Budget),
    /// `retry_at` is relative.
    Complete(Which, Outcome),
    Settling(Which),
    /// The moment is relative.
    Sleep(Who, SleepMode, Option<i64>),
    Hear {
        room: u64,
        human: bool,
        content: u64,
    },
    /// So many messages before the last one.
    Unhear {
        room: u64,
        back: u8,
    },
    /// From the largest time told so far: the clock may go back until the next step of it.
    Pass(i64),
    /// To the very moment at which something is due next, if that is soon.
    PassUntilDue,
}

/// A persona.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Who {
    /// One that is not being unenrolled, if there is any.
    Enrolled(u8),
    /// Also one that is being unenrolled.
    Present(u8),
    /// Also one that is gone or never was.
    Any(u8),
}

/// A turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Which {
    InFlight(u8),
    /// One that has ended or never was.
    Ended(u8),
}

/// An envelope with times relative to the largest time told so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) who: Who,
    pub(crate) conversation: u64,
    pub(crate) lane: Lane,
    pub(crate) priority: f32,
    pub(crate) flags: Flags,
    pub(crate) age: i64,
    pub(crate) not_before: Option<i64>,
    pub(crate) expires: Option<i64>,
    pub(crate) merge_key: u64,
    pub(crate) attempt: u32,
    pub(crate) failures: u32,
}

impl Arrival {
    const USUAL: Self = Self {
        who: Who::Enrolled(0),
        conversation: 0,
        lane: Lane::Chat,
        priority: 0.5,
        flags: Flags::NONE,
        age: 0,
        not_before: None,
        expires: None,
        merge_key: 0,
        attempt: 0,
        failures: 0,
    };

    pub(crate) fn envelope(&self, item: u64, slot: SlotId, now: i64) -> Envelope {
        Envelope {
            item,
            slot,
            conversation: self.conversation,
            lane: self.lane,
            priority: self.priority,
            flags: self.flags,
            enqueued_at: now.saturating_sub(self.age),
            not_before: self.not_before.map(|ms| now.saturating_add(ms)),
            expires_at: self.expires.map(|ms| now.saturating_add(ms)),
            merge_key: self.merge_key,
            attempt: self.attempt,
            failures: self.failures,
        }
    }
}

const AMPLE: Budget = Budget { turns: 1_000, settlements: 1_000, wanted: 1_000 };

impl Action {
    /// The same with one number less, each way that there is.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let mut all = match *self {
            Self::Enroll(settings) => {
                settings.resets(&SlotSettings::default()).into_iter().map(Self::Enroll).collect()
            }
            Self::Configure(who, settings) => {
                let resets = settings.resets(&SlotSettings::default()).into_iter();
                resets.map(|settings| Self::Configure(who, settings)).collect()
            }
            Self::Arm(arrival) => {
                let bits = (0..15).map(|bit| 1 << bit).filter(|bit| arrival.flags.bits() & bit != 0);
                let flags = bits.map(|bit| Flags::from_bits(arrival.flags.bits() & !bit));
                let less = flags.map(|flags| Arrival { flags, ..arrival });
                less.chain(arrival.resets(&Arrival::USUAL)).map(Self::Arm).collect()
            }
            Self::Service(budget) => budget.resets(&AMPLE).into_iter().map(Self::Service).collect(),
            Self::Pass(ms) => {
                let rounded = [10_000, 1_000, 100, 10].map(|unit| ms / unit * unit);
                let less = rounded.into_iter().chain([ms / 2]).filter(|&less| less != ms);
                less.map(Self::Pass).collect()
            }
            Self::Hear { room, human, content } => {
                let numbers = [(0, human, content), (room, false, content), (room, human, 0)];
                let less = numbers.into_iter().filter(|&less| less != (room, human, content));
                less.map(|(room, human, content)| Self::Hear { room, human, content }).collect()
            }
            _ => Vec::new(),
        };
        let mut renamed = *self;
        if let Some(number) = renamed.number() {
            let largest = *number;
            // With small numbers, what does not matter can go without another being meant.
            for smaller in (0..largest.min(6)).rev() {
                if let Some(number) = renamed.number() {
                    *number = smaller;
                }
                all.push(renamed);
            }
        }
        all
    }

    /// What names the persona, turn or message that it acts on.
    fn number(&mut self) -> Option<&mut u8> {
        match self {
            Self::Configure(who, _)
            | Self::Unenroll(who, _)
            | Self::Admit(who, _)
            | Self::Release(who, _)
            | Self::Arm(Arrival { who, .. })
            | Self::Sleep(who, ..) => match who {
                Who::Enrolled(number) | Who::Present(number) | Who::Any(number) => Some(number),
            },
            Self::Complete(which, _) | Self::Settling(which) => match which {
                Which::InFlight(number) | Which::Ended(number) => Some(number),
            },
            Self::Unhear { back, .. } => Some(back),
            _ => None,
        }
    }
}

/// A struct whose fields can be compared with their usual values one by one.
trait Fields: Sized {
    fn resets(&self, usual: &Self) -> Vec<Self>;
    fn differences(&self, usual: &Self) -> String;
}

/// As they are printed: a priority that is no number is like itself.
fn differ<T: Debug>(one: &T, other: &T) -> bool {
    format!("{one:?}") != format!("{other:?}")
}

macro_rules! fields {
    ($type:ty: $($field:ident)*) => {
        impl Fields for $type {
            fn resets(&self, usual: &Self) -> Vec<Self> {
                let mut all = Vec::new();
                $(if differ(&self.$field, &usual.$field) {
                    all.push(Self { $field: usual.$field, ..*self });
                })*
                all
            }

            fn differences(&self, usual: &Self) -> String {
                let mut text = String::new();
                $(if differ(&self.$field, &usual.$field) {
                    let _ = write!(text, " {}={:?}", stringify!($field), self.$field);
                })*
                text
            }
        }
    };
}

fields!(SlotSettings: max_parallel_turns max_queued deadline_ms paused on_unknown windows breaker_failures
    breaker_open_ms room_gap_ms room_cap undirected temperament complexity compute);
fields!(Arrival: who conversation lane priority age not_before expires merge_key attempt failures);
fields!(Budget: turns settlements wanted);

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let usual = SlotSettings::default();
        match self {
            Self::Enroll(settings) => write!(f, "enroll{}", settings.differences(&usual)),
            Self::Configure(who, settings) => write!(f, "configure {who:?}{}", settings.differences(&usual)),
            Self::Arm(arrival) => {
                write!(f, "arm{}", arrival.differences(&Arrival::USUAL))?;
                names_of(arrival.flags).try_for_each(|name| write!(f, " {name}"))
            }
            Self::Service(budget) => write!(f, "service{}", budget.differences(&AMPLE)),
            other => write!(f, "{other:?}"),
        }
    }
}

fn names_of(flags: Flags) -> impl Iterator<Item = &'static str> {
    let names = [
        (Flags::URGENT, "URGENT"),
        (Flags::MENTION, "MENTION"),
        (Flags::HUMAN, "HUMAN"),
        (Flags::OWN, "OWN"),
        (Flags::ADMITTED, "ADMITTED"),
        (Flags::ALONE, "ALONE"),
        (Flags::UNKNOWN, "UNKNOWN"),
        (Flags::WAS_ALONE, "WAS_ALONE"),
        (Flags::ROOM, "ROOM"),
        (Flags::PERSONA, "PERSONA"),
        (Flags::ECHO, "ECHO"),
        (Flags::DUPLICATE, "DUPLICATE"),
        (Flags::LATEST, "LATEST"),
        (Flags::ON_TOPIC, "ON_TOPIC"),
        (Flags::PAGED, "PAGED"),
    ];
    names.into_iter().filter(move |&(flag, _)| flags.has(flag)).map(|(_, name)| name)
}
