//! What the cycle knows of an item: plain numbers, no text.

use crate::SlotId;

/// The class of an item, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Lane {
    /// Somebody is on the line. Never merged, never aged, at most 20 s to answer.
    Voice,
    /// A message in a conversation.
    Chat,
    /// Work that somebody waits for.
    Task,
    /// Work that nobody waits for.
    Background,
}

impl Lane {
    /// All lanes, best first; a lane's place here is its number (`lane as u8`).
    pub const ALL: [Self; 4] = [Self::Voice, Self::Chat, Self::Task, Self::Background];
}

/// Properties of an item, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

impl Flags {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// Its conversation goes before all others of the persona.
    pub const URGENT: Self = Self(1);
    /// The persona was named.
    pub const MENTION: Self = Self(2);
    /// A human sent it.
    pub const HUMAN: Self = Self(4);
    /// The persona itself sent it.
    pub const OWN: Self = Self(8);
    /// A place was reserved for it by `admit`; arming it takes that place.
    pub const ADMITTED: Self = Self(16);
    /// It may not be merged any more: a turn it was merged into has failed.
    pub const ALONE: Self = Self(32);
    /// It was in a turn whose outcome nobody knows, because the process died.
    pub const UNKNOWN: Self = Self(64);
    /// With `UNKNOWN`: it was the only item of that turn.
    pub const WAS_ALONE: Self = Self(128);
    /// It was said in a room, where not everything is meant for the persona.
    pub const ROOM: Self = Self(256);
    /// Another persona said it.
    pub const PERSONA: Self = Self(512);
    /// Machines were talking among themselves in the room when it was said (see `Fleet::hear`).
    pub const ECHO: Self = Self(1_024);
    /// The same was said in the room just before.
    pub const DUPLICATE: Self = Self(2_048);
    /// It takes the place of the one before it with the same merge key, lane and conversation.
    pub const LATEST: Self = Self(4_096);
    /// It is about what the persona waits for in its sleep.
    pub const ON_TOPIC: Self = Self(8_192);
    /// A batch asked for it (`Batch::wanted`).
    pub const PAGED: Self = Self(16_384);

    /// What says how the item came to be armed, not what it is.
    const PASSING: Self = Self::ADMITTED.with(Self::UNKNOWN).with(Self::WAS_ALONE).with(Self::PAGED);
    const KNOWN: Self = Self((1 << 15) - 1);

    /// Bits that stand for nothing are ignored.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & Self::KNOWN.0)
    }

    /// The set as a number.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn stored(self) -> Self {
        Self(self.0 & !Self::PASSING.0)
    }
}

/// An item as it is armed. Times are milliseconds on the caller's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    /// The caller's key, unique over all items and growing in commit order.
    pub item: u64,
    /// Whose inbox it is in.
    pub slot: SlotId,
    /// The conversation it belongs to: the unit of order.
    pub conversation: u64,
    /// Its class.
    pub lane: Lane,
    /// 0..1; what lies outside counts as the nearer end, NaN as 0.
    pub priority: f32,
    /// See [`Flags`].
    pub flags: Flags,
    /// When it was accepted; waiting is measured from here.
    pub enqueued_at: i64,
    /// Not handed out before this moment; what follows it in its conversation waits with it.
    pub not_before: Option<i64>,
    /// If it still waits at this moment it is given up.
    pub expires_at: Option<i64>,
    /// Items of one conversation and lane with equal keys may share a turn. 0 means the conversation for chat,
    /// and "do not merge" for tasks and background. With `LATEST`: what it takes the place of.
    pub merge_key: u64,
    /// Turns it has been in so far.
    pub attempt: u32,
    /// Turns that it alone made fail so far; the third is the last.
    pub failures: u32,
}

impl Envelope {
    /// A fresh item of middle priority without any condition.
    #[must_use]
    pub fn new(item: u64, slot: SlotId, conversation: u64, lane: Lane, enqueued_at: i64) -> Self {
        Self {
            item,
            slot,
            conversation,
            lane,
            priority: 0.5,
            flags: Flags::NONE,
            enqueued_at,
            not_before: None,
            expires_at: None,
            merge_key: 0,
            attempt: 0,
            failures: 0,
        }
    }
}
