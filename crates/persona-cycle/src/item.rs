//! An undecided item, waiting or in a turn.

use crate::list::{Linked, Links};
use crate::rank::points;
use crate::slab::NONE;
use crate::{Envelope, Flags, Lane};

/// A turn holds at most so many items.
pub(crate) const MERGE_LIMIT: u32 = 20;

pub(crate) struct Item {
    pub(crate) key: u64,
    pub(crate) enqueued_at: i64,
    /// `i64::MIN` if it may go at once.
    pub(crate) not_before: i64,
    /// `i64::MAX` if never.
    pub(crate) expires_at: i64,
    pub(crate) merge_key: u64,
    pub(crate) links: Links,
    pub(crate) strand: u32,
    /// Its expiry's; `NONE` while it is in a turn, and if it never expires.
    pub(crate) timer: u32,
    pub(crate) attempt: u32,
    pub(crate) failures: u32,
    pub(crate) points: u32,
    pub(crate) lane: Lane,
    pub(crate) flags: Flags,
}

impl Item {
    pub(crate) fn new(envelope: &Envelope, strand: u32, now: i64) -> Self {
        Self {
            key: envelope.item,
            enqueued_at: envelope.enqueued_at,
            // A moment that has passed holds nothing, and must not keep it from merging with the others.
            not_before: envelope.not_before.filter(|&moment| moment > now).unwrap_or(i64::MIN),
            expires_at: envelope.expires_at.unwrap_or(i64::MAX),
            merge_key: envelope.merge_key,
            links: Links::NONE,
            strand,
            timer: NONE,
            attempt: envelope.attempt,
            failures: envelope.failures,
            points: points(envelope.priority),
            lane: envelope.lane,
            flags: envelope.flags.stored(),
        }
    }

    /// Whether it may be in one turn with the head of its strand. One that is held longer than the head may not:
    /// it would go too early.
    pub(crate) fn merges_with(&self, head: &Self) -> bool {
        let mergeable = match self.lane {
            Lane::Voice => false,
            Lane::Chat => true,
            Lane::Task | Lane::Background => self.merge_key != 0,
        };
        mergeable
            && self.lane == head.lane
            && self.merge_key == head.merge_key
            && !self.flags.has(Flags::ALONE)
            && !head.flags.has(Flags::ALONE)
            && self.not_before <= head.not_before
    }

    /// Whether a newer one of its kind takes its place.
    pub(crate) fn is_latest(&self) -> bool {
        self.flags.has(Flags::LATEST)
    }

    pub(crate) fn is_urgent(&self) -> bool {
        self.flags.has(Flags::URGENT)
    }
}

impl Linked for Item {
    fn links(&self) -> Links {
        self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}
