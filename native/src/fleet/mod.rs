//! A fleet, driven from the JavaScript thread of the environment that made it.
//!
//! Every function takes the handle that `fleet_create` gave. Nothing is global, so any number of worker
//! threads have fleets of their own, and a fleet ends with its handle. A call during which the core panics
//! becomes an error of that call; the fleet it happened in is gone, and every further call on it says so.

mod records;

use std::cell::RefCell;

use napi::bindgen_prelude::{External, Float64ArraySlice};
use napi::{Error, Result, Status as Code};
use napi_derive::napi;
use persona_cycle::{Batch, Budget, Fault, Flags, Fleet, FleetOptions, Heard, SlotId, StrandStatus};

pub(crate) use self::records::{apply, write};
use self::records::{count, invalid, of_fleet, of_slot, settings_from, slot_from};
use crate::layout::{
    HELD, Head, HeardRecord, LoadRecord, MAX_SETTLEMENTS, MAX_SLOTS, MAX_TURNS, MAX_WANTED, OP_SIZE,
    OVERFLOW, REASONS, REFUSALS, SLEEP, StrandRecord, UNENROLL, code_of, moment, moment_or_nan, whole,
    word_at,
};

/// What a handle holds; empty once it is closed or has failed.
pub(crate) struct Handle(RefCell<Option<Box<Driven>>>);

pub(crate) struct Driven {
    fleet: Fleet,
    batch: Batch,
    /// Slots that did not fit into an output array.
    freed: Vec<SlotId>,
    woken: Vec<SlotId>,
    strands: Vec<StrandStatus>,
}

/// Makes an empty fleet.
#[napi(catch_unwind)]
pub(crate) fn fleet_create(max_turns_in_flight: f64, seed: f64, overflow: f64) -> Result<External<Handle>> {
    let options = FleetOptions {
        max_turns_in_flight: count(max_turns_in_flight, "max_turns_in_flight")?,
        seed: whole(seed).ok_or_else(|| invalid("seed"))?,
        overflow: word_at(&OVERFLOW, overflow).ok_or_else(|| invalid("overflow"))?,
        ..FleetOptions::default()
    };
    let fleet = Fleet::new(options).map_err(fault)?;
    let (freed, woken, strands) = (Vec::new(), Vec::new(), Vec::new());
    let driven = Driven { fleet, batch: Batch::default(), freed, woken, strands };
    Ok(External::new(Handle(RefCell::new(Some(Box::new(driven))))))
}

/// Lets the memory go; every later call on the handle is an error.
#[napi(catch_unwind)]
pub(crate) fn fleet_close(handle: &External<Handle>) {
    if let Ok(mut driven) = handle.0.try_borrow_mut() {
        *driven = None;
    }
}

/// Adds a persona; gives its slot.
#[napi(catch_unwind)]
pub(crate) fn fleet_enroll(handle: &External<Handle>, settings: &[f64], now: f64) -> Result<f64> {
    let settings = settings_from(settings)?;
    let now = moment(now).ok_or_else(|| invalid("now"))?;
    with(handle, |driven| Ok(driven.fleet.enroll(settings, now).map_err(fault)?.get() as f64))
}

/// Changes the settings of a persona; false if it is gone.
#[napi(catch_unwind)]
pub(crate) fn fleet_configure(
    handle: &External<Handle>,
    slot: f64,
    settings: &[f64],
    now: f64,
) -> Result<bool> {
    let settings = settings_from(settings)?;
    let now = moment(now).ok_or_else(|| invalid("now"))?;
    with(handle, |driven| if_there(driven.fleet.configure(slot_from(slot), settings, now)))
}

/// Puts a persona to sleep until a moment (`NaN`: none), or wakes it; false if it is gone.
#[napi(catch_unwind)]
pub(crate) fn fleet_sleep(
    handle: &External<Handle>,
    slot: f64,
    mode: f64,
    until: f64,
    now: f64,
) -> Result<bool> {
    let mode = word_at(&SLEEP, mode).ok_or_else(|| invalid("mode"))?;
    let now = moment(now).ok_or_else(|| invalid("now"))?;
    with(handle, |driven| if_there(driven.fleet.sleep(slot_from(slot), mode, moment(until), now)))
}

/// Takes note of a message in a room. `content` stands for who says what; 0 is like nothing else.
#[napi(catch_unwind)]
pub(crate) fn fleet_hear(
    handle: &External<Handle>,
    room: f64,
    human: bool,
    content: f64,
    now: f64,
    mut heard: Float64ArraySlice,
) -> Result<()> {
    let room = whole(room).ok_or_else(|| invalid("room"))?;
    let content = whole(content).ok_or_else(|| invalid("content"))?;
    let now = moment(now).ok_or_else(|| invalid("now"))?;
    with(handle, |driven| {
        let Heard { number, storm, duplicate } = driven.fleet.hear(room, human, content, now);
        let record = HeardRecord {
            number: f64::from(number),
            storm: f64::from(storm),
            duplicate: f64::from(duplicate),
        };
        record.write(writable(&mut heard)).ok_or_else(|| invalid("heard"))
    })
}

/// Takes back a message that was not written after all.
#[napi(catch_unwind)]
pub(crate) fn fleet_unhear(handle: &External<Handle>, room: f64, number: f64) -> Result<()> {
    let room = whole(room).ok_or_else(|| invalid("room"))?;
    let number = count(number, "number")?;
    with(handle, |driven| {
        driven.fleet.unhear(room, number);
        Ok(())
    })
}

/// Says why the conversations of a persona wait: as many records as there are and fit. Gives their number.
#[napi(catch_unwind)]
pub(crate) fn fleet_why(handle: &External<Handle>, slot: f64, mut strands: Float64ArraySlice) -> Result<f64> {
    with(handle, |driven| {
        let places = writable(&mut strands).chunks_exact_mut(StrandRecord::SIZE);
        driven.fleet.why(slot_from(slot), places.len(), &mut driven.strands);
        for (strand, place) in driven.strands.iter().zip(places) {
            let record = StrandRecord {
                conversation: strand.conversation as f64,
                item: strand.item as f64,
                waiting: f64::from(strand.waiting),
                held: code_of(&HELD, &strand.held),
                since: moment_or_nan(strand.since),
                until: moment_or_nan(strand.until),
            };
            record.write(place).ok_or_else(|| invalid("strands"))?;
        }
        Ok(driven.strands.len() as f64)
    })
}

/// Writes whoever has something waiting or in a turn, as many as fit; gives how many they are.
#[napi(catch_unwind)]
pub(crate) fn fleet_loads(handle: &External<Handle>, mut loads: Float64ArraySlice) -> Result<f64> {
    with(handle, |driven| {
        let mut places = writable(&mut loads).chunks_exact_mut(LoadRecord::SIZE);
        let mut count = 0_u32;
        for load in driven.fleet.loads() {
            count += 1;
            let Some(place) = places.next() else { continue };
            let record = LoadRecord {
                slot: load.slot.get() as f64,
                queued: f64::from(load.waiting),
                in_flight: f64::from(load.turns_in_flight),
            };
            record.write(place).ok_or_else(|| invalid("loads"))?;
        }
        Ok(f64::from(count))
    })
}

/// Starts the end of a persona; the slot is reported as freed by a later drive.
#[napi(catch_unwind)]
pub(crate) fn fleet_unenroll(handle: &External<Handle>, slot: f64, mode: f64) -> Result<()> {
    let mode = word_at(&UNENROLL, mode).ok_or_else(|| invalid("mode"))?;
    with(handle, |driven| driven.fleet.unenroll(slot_from(slot), mode).map_err(fault))
}

/// Whether an item with these flags need not be admitted, as it would be declined at once: 0 if not, or one more than
/// the place of the reason in `REASON`.
#[napi(catch_unwind)]
pub(crate) fn fleet_declines(handle: &External<Handle>, slot: f64, flags: f64) -> Result<f64> {
    let flags = whole(flags).and_then(|flags| u16::try_from(flags).ok()).ok_or_else(|| invalid("flags"))?;
    with(handle, |driven| {
        let reason = driven.fleet.declines(slot_from(slot), Flags::from_bits(flags));
        Ok(reason.map_or(0.0, |reason| 1.0 + code_of(&REASONS, &reason)))
    })
}

/// Reserves room for `n` items. Gives 0, or one more than the place of the refusal in `REFUSAL`.
#[napi(catch_unwind)]
pub(crate) fn fleet_admit(handle: &External<Handle>, slot: f64, n: f64) -> Result<f64> {
    let n = count(n, "n")?;
    with(handle, |driven| match driven.fleet.admit(slot_from(slot), n) {
        Ok(()) => Ok(0.0),
        Err(refusal) => Ok(1.0 + code_of(&REFUSALS, &refusal)),
    })
}

/// Gives back room whose items were not written.
#[napi(catch_unwind)]
pub(crate) fn fleet_release(handle: &External<Handle>, slot: f64, n: f64) -> Result<()> {
    let n = count(n, "n")?;
    with(handle, |driven| {
        driven.fleet.release(slot_from(slot), n);
        Ok(())
    })
}

/// Takes operations in and gives turns and settlements out: all that happens in one turn of the event loop.
///
/// `operations` holds records of `OP_SIZE` doubles, `batch` has `BATCH_SIZE`. Without `dispatch` no turns are
/// formed.
#[napi(catch_unwind)]
pub(crate) fn fleet_drive(
    handle: &External<Handle>,
    now: f64,
    dispatch: bool,
    operations: &[f64],
    mut batch: Float64ArraySlice,
) -> Result<()> {
    let now = moment(now).ok_or_else(|| invalid("now"))?;
    with(handle, |driven| {
        for operation in operations.chunks(OP_SIZE) {
            apply(&mut driven.fleet, now, operation)?;
        }
        let budget = Budget {
            turns: if dispatch { MAX_TURNS as u32 } else { 0 },
            settlements: MAX_SETTLEMENTS as u32,
            wanted: if dispatch { MAX_WANTED as u32 } else { 0 },
        };
        let next = driven.fleet.service(now, budget, &mut driven.batch);
        driven.freed.append(&mut driven.batch.freed);
        driven.woken.append(&mut driven.batch.woken);
        let freed = driven.freed.len().min(MAX_SLOTS);
        let woken = driven.woken.len().min(MAX_SLOTS);
        let slots_left = freed < driven.freed.len() || woken < driven.woken.len();
        let head = Head {
            turns: driven.batch.turns.len() as f64,
            settlements: driven.batch.settlements.len() as f64,
            expired: driven.batch.expired.len() as f64,
            freed: freed as f64,
            woken: woken as f64,
            wanted: driven.batch.wanted.len() as f64,
            deadline: moment_or_nan(next.deadline),
            more: f64::from((next.more && (dispatch || !driven.batch.settlements.is_empty())) || slots_left),
        };
        let slots = (driven.freed.drain(..freed), driven.woken.drain(..woken));
        write(writable(&mut batch), head, &driven.batch, slots).ok_or_else(|| invalid("batch"))
    })
}

/// The clock was moved forward by so many milliseconds at once, since the last drive.
#[napi(catch_unwind)]
pub(crate) fn fleet_stepped(handle: &External<Handle>, by: f64) -> Result<()> {
    let by = moment(by).ok_or_else(|| invalid("by"))?;
    with(handle, |driven| {
        driven.fleet.stepped(by);
        Ok(())
    })
}

/// Counts of one persona, or of the fleet if `slot` is `NaN`; zeros for a persona that is gone.
#[napi(catch_unwind)]
pub(crate) fn fleet_status(
    handle: &External<Handle>,
    slot: f64,
    mut status: Float64ArraySlice,
) -> Result<()> {
    with(handle, |driven| {
        let record =
            if slot.is_nan() { of_fleet(&driven.fleet) } else { of_slot(&driven.fleet, slot_from(slot)) };
        record.write(writable(&mut status)).ok_or_else(|| invalid("status"))
    })
}

/// Runs a call on the fleet. A panic in it loses the fleet: it was taken out and is not put back.
pub(crate) fn with<T>(handle: &External<Handle>, call: impl FnOnce(&mut Driven) -> Result<T>) -> Result<T> {
    let mut place =
        handle.0.try_borrow_mut().map_err(|_| Error::new(Code::GenericFailure, "the fleet is in use"))?;
    let mut driven = place.take().ok_or_else(|| Error::new(Code::GenericFailure, "the fleet is closed"))?;
    let result = call(&mut driven);
    *place = Some(driven);
    result
}

fn writable<'a>(array: &'a mut Float64ArraySlice) -> &'a mut [f64] {
    // SAFETY: the call is synchronous on the JavaScript thread, so nothing else touches the array meanwhile:
    // `src/runtime/fleet.ts` makes it for this purpose, over memory that no other thread shares.
    unsafe { array.as_mut() }
}

/// A persona may go while something is on its way to it: that is no fault.
fn if_there(done: std::result::Result<(), Fault>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(Fault::UnknownSlot) => Ok(false),
        Err(other) => Err(fault(other)),
    }
}

fn fault(fault: Fault) -> Error {
    Error::new(Code::InvalidArg, fault.to_string())
}
