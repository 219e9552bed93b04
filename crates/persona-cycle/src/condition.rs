//! What a persona has besides its settings while it is not simply well: asleep, in trouble, tired, or with more to do
//! than fits. Most have none of it, and then nothing is kept.

use crate::backlog::Backlog;
use crate::breaker::Breaker;
use crate::energy::Energy;
use crate::slab::NONE;
use crate::{Flags, Lane};

pub(crate) struct Condition {
    pub(crate) paused_since: Option<i64>,
    pub(crate) breaker: Breaker,
    /// The timer that opens the breaker a little, or `NONE`.
    pub(crate) half_opening: u32,
    pub(crate) sleep: Option<Sleep>,
    pub(crate) energy: Option<Energy>,
    pub(crate) backlog: Backlog,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            paused_since: None,
            breaker: Breaker::default(),
            half_opening: NONE,
            sleep: None,
            energy: None,
            backlog: Backlog::default(),
        }
    }
}

impl Condition {
    /// Whether there is nothing to keep. (The generation of a breaker matters as long as turns are in flight.)
    pub(crate) fn is_over(&self) -> bool {
        self.paused_since.is_none()
            && self.breaker.is_calm()
            && self.sleep.is_none()
            && self.energy.is_none()
            && self.backlog.is_empty()
    }
}

/// What wakes a sleeping persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SleepMode {
    /// It is awake.
    Active,
    /// Being named, or spoken to in a session.
    MentionedOnly,
    /// A human.
    HumanOnly,
    /// Time only.
    Sleeping,
    /// What the caller has found to be about its topic.
    UntilTopic,
}

#[derive(Clone, Copy)]
pub(crate) struct Sleep {
    pub(crate) mode: SleepMode,
    pub(crate) since: i64,
    /// The timer that ends it, or `NONE`.
    pub(crate) alarm: u32,
}

impl SleepMode {
    /// Whether such an item ends it.
    pub(crate) fn is_ended_by(self, lane: Lane, flags: Flags) -> bool {
        let spoken_to = !flags.has(Flags::ROOM) && lane <= Lane::Chat;
        match self {
            Self::Active => true,
            Self::MentionedOnly => flags.has(Flags::MENTION) || spoken_to,
            Self::HumanOnly => flags.has(Flags::HUMAN),
            Self::Sleeping => false,
            Self::UntilTopic => flags.has(Flags::ON_TOPIC),
        }
    }
}
