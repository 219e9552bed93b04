//! The way of an item in.

use persona_cycle::{Envelope, Flags, Kind, Lane, OnUnknown, Reason, TurnId};

use super::strand::points;
use super::{Item, Model};
use crate::rule::Rule;

/// Flags that say how an item came to be armed.
const PASSING: Flags = Flags::ADMITTED.with(Flags::UNKNOWN).with(Flags::WAS_ALONE).with(Flags::PAGED);

impl Model {
    pub(crate) fn arm(&mut self, envelope: &Envelope) {
        let asked = self.asked.iter().position(|asked| asked.envelope.item == envelope.item);
        let paged = envelope.flags.has(Flags::PAGED) && asked.is_some();
        if envelope.flags.has(Flags::PAGED) && !paged {
            self.reach("an item comes that was not asked for");
        }
        let flags = if paged { envelope.flags } else { without(envelope.flags, Flags::PAGED) };
        self.counts.accepted += u64::from(!paged);
        let mut envelope = Envelope { flags: without(flags, PASSING), ..*envelope };
        let Some(persona) = self.find(envelope.slot) else {
            return self.settle(&envelope, None, Kind::Declined, Reason::Unenrolled);
        };
        if flags.has(Flags::ADMITTED) {
            let reserved = &mut self.personas[persona].reserved;
            *reserved = reserved.saturating_sub(1);
        }
        if let Some(asked) = asked.filter(|_| paged) {
            self.asked.remove(asked);
        }
        envelope.not_before = envelope.not_before.filter(|&at| at > self.now);
        if self.judge(persona, &mut envelope, flags) {
            self.take_in(persona, envelope, flags);
        }
        // Also if it has not stayed: what it has superseded may have been the head.
        let strand = self.strand(persona, envelope.conversation);
        self.look_at(persona, strand);
        self.follow_up(persona);
    }

    /// Whether it is let in; else it is settled.
    fn judge(&mut self, persona: usize, envelope: &mut Envelope, flags: Flags) -> bool {
        if flags.has(Flags::UNKNOWN) {
            let end = match self.personas[persona].settings.on_unknown {
                OnUnknown::Drop => Some(Kind::Declined),
                OnUnknown::Ask => Some(Kind::Dead),
                OnUnknown::Retry => None,
            };
            if let Some(kind) = end {
                self.settle(envelope, None, kind, Reason::UnknownOutcome);
                return false;
            }
            let retry_at = self.draw_retry(envelope.attempt);
            let alone = flags.has(Flags::WAS_ALONE);
            return self.blame(envelope, None, alone, Reason::UnknownOutcome)
                && self.may_wait(persona, envelope, None)
                && self.retry(envelope, None, Reason::UnknownOutcome, retry_at);
        }
        if let Some(reason) = self.quiet_rule(persona, flags) {
            if flags.has(Flags::PAGED) {
                self.reach("a rule is stricter than when the item was put aside");
            }
            self.settle(envelope, None, Kind::Declined, reason);
            return false;
        }
        let stays = self.may_wait(persona, envelope, None);
        if !stays && flags.has(Flags::PAGED) {
            self.reach("an item comes too late from the store");
        }
        stays
    }

    fn quiet_rule(&self, persona: usize, flags: Flags) -> Option<Reason> {
        let undirected = flags.has(Flags::ROOM.with(Flags::PERSONA))
            && !flags.has(Flags::MENTION)
            && !self.personas[persona].settings.undirected;
        let echo = flags.has(Flags::ROOM.with(Flags::ECHO))
            && !flags.has(Flags::HUMAN)
            && !flags.has(Flags::MENTION);
        if flags.has(Flags::OWN) && self.keeps(Rule::Own) {
            Some(Reason::Own)
        } else if flags.has(Flags::DUPLICATE) && self.keeps(Rule::Duplicate) {
            Some(Reason::Duplicate)
        } else if undirected && self.keeps(Rule::Undirected) {
            Some(Reason::Undirected)
        } else if echo && self.keeps(Rule::Echo) {
            Some(Reason::Echo)
        } else {
            None
        }
    }

    /// It stays: here, in the store, or instead of another.
    fn take_in(&mut self, persona: usize, envelope: Envelope, flags: Flags) {
        let known = !flags.has(Flags::UNKNOWN);
        if flags.has(Flags::LATEST) {
            self.supersede(persona, &envelope);
        }
        self.wake_for(persona, envelope.flags, envelope.lane);
        if known && !flags.has(Flags::PAGED) && self.pages() && self.belongs_in_backlog(persona, &envelope) {
            return self.put_aside(persona, envelope);
        }
        if known && !self.pages() && !self.makes_room(persona, &envelope) {
            return;
        }
        let expiry = self.expiry(&envelope);
        let strand = self.strand(persona, envelope.conversation);
        self.personas[persona].strands[strand].items.push(Item { envelope, expiry });
    }

    fn supersede(&mut self, persona: usize, newer: &Envelope) {
        if !self.keeps(Rule::Superseding) {
            return;
        }
        let strand = self.strand(persona, newer.conversation);
        let mut place = 0;
        while let Some(item) = self.personas[persona].strands[strand].items.get(place) {
            if has_place_of(newer, &item.envelope) {
                let item = self.personas[persona].strands[strand].items.remove(place);
                self.settle(&item.envelope, None, Kind::Declined, Reason::Superseded);
                self.reach("a newer item takes the place of one that waits");
            } else {
                place += 1;
            }
        }
    }

    /// Whether an item that comes back from a turn has its place taken by one that waits; then it is settled.
    pub(super) fn is_superseded(
        &mut self,
        persona: usize,
        envelope: &Envelope,
        turn: Option<TurnId>,
    ) -> bool {
        let strand = self.strand(persona, envelope.conversation);
        let mut waiting = self.personas[persona].strands[strand].items.iter();
        let superseded = envelope.flags.has(Flags::LATEST)
            && waiting.any(|newer| has_place_of(&newer.envelope, envelope))
            && self.keeps(Rule::SupersedingOnReturn);
        if superseded {
            self.settle(envelope, turn, Kind::Declined, Reason::Superseded);
            self.reach("a newer item has taken the place of one that comes back");
        }
        superseded
    }

    /// Whether the newcomer may stay, somebody else's being evicted if need be.
    fn makes_room(&mut self, persona: usize, newcomer: &Envelope) -> bool {
        let lane = newcomer.lane;
        let urgent = |envelope: &Envelope| envelope.flags.has(Flags::URGENT);
        let full = self.native_waiting(persona, lane) >= self.window(persona, lane);
        if urgent(newcomer) || lane == Lane::Voice || !full || !self.keeps(Rule::Evicting) {
            return true;
        }
        let strands = self.personas[persona].strands.iter();
        let waiting = strands.flat_map(|strand| &strand.items).map(|item| item.envelope);
        let all = waiting.filter(|other| other.lane == lane && !urgent(other)).chain([*newcomer]);
        let Some(victim) = all.min_by_key(|other| (points(other.priority), other.item)) else { return true };
        self.settle(&victim, None, Kind::Declined, Reason::Evicted);
        if victim.item == newcomer.item {
            self.reach("a newcomer is evicted");
            return false;
        }
        self.reach("another is evicted");
        let strand = self.strand(persona, victim.conversation);
        self.personas[persona].strands[strand].items.retain(|other| other.envelope.item != victim.item);
        if victim.conversation != newcomer.conversation {
            self.look_at(persona, strand);
        }
        true
    }
}

fn has_place_of(newer: &Envelope, older: &Envelope) -> bool {
    let both = |flag| newer.flags.has(flag) && older.flags.has(flag);
    both(Flags::LATEST) && (newer.lane, newer.merge_key) == (older.lane, older.merge_key)
}

fn without(flags: Flags, some: Flags) -> Flags {
    Flags::from_bits(flags.bits() & !some.bits())
}
