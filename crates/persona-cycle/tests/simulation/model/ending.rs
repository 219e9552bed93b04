//! The end of a turn, and what its failure does.

use persona_cycle::{Envelope, Flags, Kind, Outcome, Reason, TurnId};

use super::{Flying, Item, Model};
use crate::rule::Rule;

impl Model {
    pub(crate) fn settling(&mut self, id: TurnId) -> bool {
        let ends_lease = self.keeps(Rule::Settling);
        let turn = self.turns.iter_mut().find(|turn| turn.id == id);
        turn.map(|turn| turn.lease = turn.lease.filter(|_| !ends_lease)).is_some()
    }

    pub(crate) fn complete(&mut self, id: TurnId, outcome: Outcome) -> bool {
        let Some(place) = self.turns.iter().position(|turn| turn.id == id) else {
            self.reach("an outcome comes late");
            return false;
        };
        let mut turn = self.turns.remove(place);
        let persona = turn.persona;
        let count = turn.items.len() as u64;
        if matches!(outcome, Outcome::Done) {
            self.counts.done += count;
            self.answer_in_room(&turn);
        } else if matches!(outcome, Outcome::Declined) {
            self.counts.declined += count;
        } else {
            let back = self.judge_items(&mut turn, outcome);
            self.put_back(&turn, back);
        }
        self.tell_breaker(&turn, outcome);
        self.tire(persona, turn.formed_at);
        self.wake_if_called(persona);
        // Only temperament lets the end of a turn change what other conversations may do.
        if self.personas[persona].settings.temperament {
            self.look_at_all(persona);
        }
        let strand = self.strand(persona, turn.conversation);
        self.look_at(persona, strand);
        self.follow_up(persona);
        true
    }

    /// Gives those that wait again.
    fn judge_items(&mut self, turn: &mut Flying, outcome: Outcome) -> Vec<Envelope> {
        let items = std::mem::take(&mut turn.items);
        let alone = items.len() == 1;
        let envelopes = items.into_iter().map(|item| item.envelope);
        match outcome {
            Outcome::Throttled { retry_at } | Outcome::Cancelled { retry_at } => envelopes
                .map(|envelope| {
                    let begun = matches!(outcome, Outcome::Throttled { .. });
                    let attempt = if begun { envelope.attempt } else { envelope.attempt - 1 };
                    Envelope { not_before: Some(retry_at), attempt, ..envelope }
                })
                .filter(|envelope| {
                    self.may_wait(turn.persona, envelope, None)
                        && !self.is_superseded(turn.persona, envelope, None)
                })
                .collect(),
            _ => {
                let reason = if outcome == Outcome::TimedOut { Reason::TimedOut } else { Reason::Failed };
                let retry_at = self.draw_retry(turn.attempt);
                let mut back: Vec<Envelope> = envelopes.collect();
                back.retain_mut(|envelope| {
                    self.blame(envelope, Some(turn.id), alone, reason)
                        && self.may_wait(turn.persona, envelope, Some(turn.id))
                        && !self.is_superseded(turn.persona, envelope, Some(turn.id))
                        && self.retry(envelope, Some(turn.id), reason, retry_at)
                });
                back
            }
        }
    }

    /// Puts items before what waits in their conversation.
    fn put_back(&mut self, turn: &Flying, back: Vec<Envelope>) {
        let items: Vec<Item> =
            back.into_iter().map(|envelope| Item { envelope, expiry: self.expiry(&envelope) }).collect();
        let strand = self.strand(turn.persona, turn.conversation);
        self.personas[turn.persona].strands[strand].items.splice(0..0, items);
    }

    /// Whether a failure leaves the item alive; else it is settled.
    pub(super) fn blame(
        &mut self,
        envelope: &mut Envelope,
        turn: Option<TurnId>,
        alone: bool,
        reason: Reason,
    ) -> bool {
        if !alone {
            envelope.flags = envelope.flags.with(Flags::ALONE);
            return true;
        }
        envelope.failures = envelope.failures.saturating_add(1);
        if envelope.failures < 3 || !self.keeps(Rule::DeadLetter) {
            return true;
        }
        self.settle(envelope, turn, Kind::Dead, reason);
        false
    }

    pub(super) fn retry(
        &mut self,
        envelope: &mut Envelope,
        turn: Option<TurnId>,
        reason: Reason,
        retry_at: i64,
    ) -> bool {
        envelope.not_before = Some(retry_at);
        self.settle(envelope, turn, Kind::Retry { not_before: retry_at }, reason);
        true
    }

    /// When the items of a turn that has failed may go again.
    pub(super) fn draw_retry(&mut self, attempt: u32) -> i64 {
        let pause = [1_000, 1_000, 4_000, 16_000][attempt.min(3) as usize];
        self.now.saturating_add(pause - pause / 10 + self.draw(pause / 5 + 1))
    }
}
