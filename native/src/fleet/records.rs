//! What the packed records say, in the words of the core, and the other way round.

use napi::{Error, Result, Status as Code};
use persona_cycle::{Batch, Envelope, Flags, Fleet, Kind, Outcome, Settlement, SlotId, SlotSettings, TurnId};

use crate::layout::{
    self, Arm, BREAKER, Complete, HELD, Head, LANES, ON_UNKNOWN, OP_ARM, OP_COMPLETE, OP_SETTLING, REASONS,
    SLEEP, Settings, SettlementRecord, Status, TurnRecord, WHY, code_of, moment, moment_or_nan, whole,
    word_at,
};

/// Does to the fleet what one record of `OP_SIZE` doubles says.
pub(crate) fn apply(fleet: &mut Fleet, now: i64, operation: &[f64]) -> Result<()> {
    let (&op, record) = operation.split_first().ok_or_else(|| invalid("operation"))?;
    let turn_of = |record: &Complete| TurnId::from_raw(whole(record.turn).unwrap_or_default());
    match whole(op) {
        Some(OP_ARM) => {
            let envelope = Arm::read(record).and_then(|record| envelope_from(&record));
            fleet.arm(&envelope.ok_or_else(|| invalid("envelope"))?, now);
        }
        Some(OP_SETTLING) => {
            let record = Complete::read(record).ok_or_else(|| invalid("turn"))?;
            fleet.settling(turn_of(&record));
        }
        Some(OP_COMPLETE) => {
            let record = Complete::read(record).ok_or_else(|| invalid("turn"))?;
            let outcome = outcome_from(&record).ok_or_else(|| invalid("outcome"))?;
            fleet.complete(turn_of(&record), outcome, now);
        }
        _ => return Err(invalid("operation")),
    }
    Ok(())
}

/// Writes what a drive gave, each kind at its place; none if the array is too short.
pub(crate) fn write(
    out: &mut [f64],
    head: Head,
    batch: &Batch,
    (freed, woken): (impl Iterator<Item = SlotId>, impl Iterator<Item = SlotId>),
) -> Option<()> {
    head.write(out)?;
    for (turn, place) in batch.turns.iter().zip(out.get_mut(layout::TURNS_AT..)?.chunks_mut(TurnRecord::SIZE))
    {
        let record = TurnRecord {
            turn: turn.id.get() as f64,
            slot: turn.slot.get() as f64,
            conversation: turn.conversation as f64,
            lane: code_of(&LANES, &turn.lane),
            attempt: f64::from(turn.attempt),
            deadline: turn.deadline as f64,
            formed_at: turn.formed_at as f64,
            why: code_of(&WHY, &turn.why),
            effective_priority: f64::from(turn.effective_priority),
            waited_ms: turn.waited_ms as f64,
            items: turn.items.len() as f64,
        };
        record.write(place)?;
    }
    for (&item, place) in batch.items.iter().zip(out.get_mut(layout::ITEMS_AT..)?) {
        *place = item as f64;
    }
    let settlements = out.get_mut(layout::SETTLEMENTS_AT..)?.chunks_mut(SettlementRecord::SIZE);
    for (settlement, place) in batch.settlements.iter().zip(settlements) {
        settlement_record(settlement).write(place)?;
    }
    for (turn, place) in batch.expired.iter().zip(out.get_mut(layout::EXPIRED_AT..)?) {
        *place = turn.get() as f64;
    }
    for (slot, place) in freed.zip(out.get_mut(layout::FREED_AT..)?) {
        *place = slot.get() as f64;
    }
    for (slot, place) in woken.zip(out.get_mut(layout::WOKEN_AT..)?) {
        *place = slot.get() as f64;
    }
    for (&item, place) in batch.wanted.iter().zip(out.get_mut(layout::WANTED_AT..)?) {
        *place = item as f64;
    }
    Some(())
}

pub(super) fn of_fleet(fleet: &Fleet) -> Status {
    let status = fleet.status();
    let [voice, chat, task, background] = status.lanes.map(|count| count as f64);
    Status {
        voice,
        chat,
        task,
        background,
        queued: status.waiting as f64,
        in_store: status.in_store as f64,
        in_flight: status.turns_in_flight as f64,
        personas: status.personas as f64,
        bytes: status.native_bytes as f64,
        ..Status::NOTHING
    }
}

pub(super) fn of_slot(fleet: &Fleet, slot: SlotId) -> Status {
    let Some(status) = fleet.slot_status(slot) else { return Status::NOTHING };
    let [voice, chat, task, background] = status.lanes.map(f64::from);
    Status {
        voice,
        chat,
        task,
        background,
        queued: f64::from(status.waiting),
        in_store: f64::from(status.in_store),
        in_flight: f64::from(status.turns_in_flight),
        held: code_of(&HELD, &status.held),
        held_since: moment_or_nan(status.held_since),
        held_until: moment_or_nan(status.held_until),
        draining: f64::from(status.draining),
        breaker: code_of(&BREAKER, &status.breaker.state),
        breaker_failures: f64::from(status.breaker.failures),
        breaker_until: moment_or_nan(status.breaker.until),
        sleep: code_of(&SLEEP, &status.sleep),
        sleep_until: moment_or_nan(status.sleep_until),
        energy: f64::from(status.energy) / 1_000.0,
        debt: f64::from(status.debt),
        personas: 1.0,
        bytes: f64::NAN,
    }
}

pub(super) fn settings_from(settings: &[f64]) -> Result<SlotSettings> {
    let settings = Settings::read(settings).ok_or_else(|| invalid("settings"))?;
    Ok(SlotSettings {
        max_parallel_turns: count(settings.max_parallel_turns, "max_parallel_turns")?,
        max_queued: count(settings.max_queued, "max_queued")?,
        deadline_ms: moment(settings.deadline_ms).ok_or_else(|| invalid("deadline_ms"))?,
        paused: settings.paused > 0.0,
        on_unknown: word_at(&ON_UNKNOWN, settings.on_unknown).ok_or_else(|| invalid("on_unknown"))?,
        windows: [
            count(settings.window_voice, "window_voice")?,
            count(settings.window_chat, "window_chat")?,
            count(settings.window_task, "window_task")?,
            count(settings.window_background, "window_background")?,
        ],
        breaker_failures: count(settings.breaker_failures, "breaker_failures")?,
        breaker_open_ms: moment(settings.breaker_open_ms).ok_or_else(|| invalid("breaker_open_ms"))?,
        room_gap_ms: moment(settings.room_gap_ms).ok_or_else(|| invalid("room_gap_ms"))?,
        room_cap: count(settings.room_cap, "room_cap")?,
        undirected: settings.undirected > 0.0,
        temperament: settings.temperament > 0.0,
        complexity: permille(settings.complexity, "complexity")?,
        compute: permille(settings.compute, "compute")?,
    })
}

/// A number that is no handle names no slot; the core says what that means.
pub(super) fn slot_from(slot: f64) -> SlotId {
    SlotId::from_raw(whole(slot).unwrap_or_default())
}

fn envelope_from(record: &Arm) -> Option<Envelope> {
    Some(Envelope {
        item: whole(record.item)?,
        slot: slot_from(record.slot),
        conversation: whole(record.conversation)?,
        lane: word_at(&LANES, record.lane)?,
        priority: record.priority as f32,
        flags: Flags::from_bits(u16::try_from(whole(record.flags)?).ok()?),
        enqueued_at: moment(record.enqueued_at)?,
        not_before: moment(record.not_before),
        expires_at: moment(record.expires_at),
        merge_key: whole(record.merge_key)?,
        attempt: u32::try_from(whole(record.attempt)?).ok()?,
        failures: u32::try_from(whole(record.failures)?).ok()?,
    })
}

fn outcome_from(record: &Complete) -> Option<Outcome> {
    let retry_at = moment(record.retry_at);
    Some(match *layout::OUTCOMES.get(whole(record.outcome)? as usize)? {
        "done" => Outcome::Done,
        "declined" => Outcome::Declined,
        "failed" => Outcome::Failed,
        "timed_out" => Outcome::TimedOut,
        "throttled" => Outcome::Throttled { retry_at: retry_at? },
        _ => Outcome::Cancelled { retry_at: retry_at? },
    })
}

fn settlement_record(settlement: &Settlement) -> SettlementRecord {
    let (kind, not_before) = match settlement.kind {
        Kind::Retry { not_before } => (0.0, not_before as f64),
        Kind::Dead => (1.0, f64::NAN),
        Kind::Declined => (2.0, f64::NAN),
    };
    SettlementRecord {
        item: settlement.item as f64,
        slot: settlement.slot.get() as f64,
        turn: settlement.turn.map_or(f64::NAN, |turn| turn.get() as f64),
        kind,
        reason: code_of(&REASONS, &settlement.reason),
        not_before,
        attempt: f64::from(settlement.attempt),
        failures: f64::from(settlement.failures),
        flags: f64::from(settlement.flags.bits()),
    }
}

fn permille(value: f64, field: &str) -> Result<u32> {
    count((value * 1_000.0).round(), field)
}

pub(super) fn count(value: f64, field: &str) -> Result<u32> {
    whole(value).and_then(|value| u32::try_from(value).ok()).ok_or_else(|| invalid(field))
}

pub(super) fn invalid(field: &str) -> Error {
    Error::new(Code::InvalidArg, format!("{field} is not valid"))
}
