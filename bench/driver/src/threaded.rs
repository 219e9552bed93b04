//! A thread owns the fleet. Operations go in through a locked list, batches come out through another, and JavaScript
//! is told of the first batch that it has not seen yet by one weak wake without a payload; it pulls the batches itself.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{External, Float64ArraySlice, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Error, Result, Status, Unknown};
use napi_derive::napi;
use persona_cycle::{Batch, Budget, Fleet, FleetOptions, Next, SlotSettings};

use crate::fleet::{apply, write};
use crate::layout::{Head, MAX_SETTLEMENTS, MAX_TURNS, OP_SIZE, moment_or_nan};

type Wake = ThreadsafeFunction<(), Unknown<'static>, (), Status, false, true>;

/// What a handle holds.
pub(crate) struct Threaded(Arc<Shared>);

struct Shared {
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    outbox: Mutex<Outbox>,
    /// JavaScript was woken and has not pulled since.
    told: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Inbox {
    operations: Vec<f64>,
    stop: bool,
}

#[derive(Default)]
struct Outbox {
    full: VecDeque<Batch>,
    /// Batches that were read, whose memory is used again.
    spare: Vec<Batch>,
}

/// Enrolls as many personas as `slots` is long, writes their handles into it, and starts the thread, which calls
/// `wake` when there is something to pull. `now` is the caller's time in milliseconds, which the thread goes on from.
#[napi(catch_unwind)]
pub(crate) fn threaded_create(
    env: Env,
    max_turns_in_flight: f64,
    now: f64,
    mut slots: Float64ArraySlice,
    wake: Function<'_, (), Unknown<'static>>,
) -> Result<External<Threaded>> {
    let start = Instant::now();
    let options = FleetOptions { max_turns_in_flight: max_turns_in_flight as u32, ..FleetOptions::default() };
    let mut fleet = Fleet::new(options).map_err(fault)?;
    // Nothing is put aside: what waits is not what is measured here.
    let settings = SlotSettings { windows: [10_000; 4], ..SlotSettings::default() };
    // SAFETY: the call is synchronous, and no other thread shares the array that `bench/driver/threaded.ts` made.
    for slot in unsafe { slots.as_mut() } {
        *slot = fleet.enroll(settings, now as i64).map_err(fault)?.get() as f64;
    }
    let wake: Wake = wake.build_threadsafe_function::<()>().weak::<true>().build()?;
    let shared = Arc::new(Shared {
        inbox: Mutex::default(),
        arrived: Condvar::new(),
        outbox: Mutex::default(),
        told: AtomicBool::new(false),
        thread: Mutex::default(),
    });
    let cycle = Cycle { fleet, shared: Arc::clone(&shared), wake, origin: now as i64, start };
    *lock(&shared.thread) = Some(thread::spawn(move || cycle.run()));
    // After the wake was made, so that the environment calls this before it ends the wake.
    env.add_env_cleanup_hook(Arc::clone(&shared), |shared| stop(&shared))?;
    Ok(External::new(Threaded(shared)))
}

/// Hands operations to the thread: records of `OP_SIZE` doubles.
#[napi(catch_unwind)]
pub(crate) fn threaded_submit(handle: &External<Threaded>, operations: &[f64]) {
    lock(&handle.0.inbox).operations.extend_from_slice(operations);
    handle.0.arrived.notify_one();
}

/// Takes one batch; `more` in its head says whether another one is there already.
#[napi(catch_unwind)]
pub(crate) fn threaded_pull(handle: &External<Threaded>, mut out: Float64ArraySlice) -> Result<()> {
    // Before looking: what comes after this look is told of again.
    handle.0.told.store(false, Ordering::SeqCst);
    let (batch, more) = {
        let mut outbox = lock(&handle.0.outbox);
        (outbox.full.pop_front().unwrap_or_default(), !outbox.full.is_empty())
    };
    let head = Head {
        turns: batch.turns.len() as f64,
        settlements: batch.settlements.len() as f64,
        expired: batch.expired.len() as f64,
        freed: 0.0,
        woken: 0.0,
        wanted: 0.0,
        deadline: moment_or_nan(None),
        more: f64::from(more),
    };
    // SAFETY: as in `threaded_create`.
    let written = write(unsafe { out.as_mut() }, head, &batch, (std::iter::empty(), std::iter::empty()));
    lock(&handle.0.outbox).spare.push(batch);
    written.ok_or_else(|| Error::new(Status::InvalidArg, "batch is too short"))
}

/// Ends the thread and waits for its end.
#[napi(catch_unwind)]
pub(crate) fn threaded_close(handle: &External<Threaded>) {
    stop(&handle.0);
}

struct Cycle {
    fleet: Fleet,
    shared: Arc<Shared>,
    wake: Wake,
    origin: i64,
    start: Instant,
}

impl Cycle {
    fn run(mut self) {
        let mut operations = Vec::new();
        let mut next = Next { deadline: None, more: false };
        while self.wait(next, &mut operations) {
            let now = self.now();
            for operation in operations.chunks(OP_SIZE) {
                if apply(&mut self.fleet, now, operation).is_err() {
                    return;
                }
            }
            operations.clear();
            let mut batch = lock(&self.shared.outbox).spare.pop().unwrap_or_default();
            let budget = Budget { turns: MAX_TURNS as u32, settlements: MAX_SETTLEMENTS as u32, wanted: 0 };
            next = self.fleet.service(now, budget, &mut batch);
            self.give(batch);
        }
    }

    fn now(&self) -> i64 {
        self.origin + self.start.elapsed().as_millis() as i64
    }

    /// Sleeps until there are operations, which are swapped into the empty list, or something is due. False: stop.
    fn wait(&self, next: Next, operations: &mut Vec<f64>) -> bool {
        let mut inbox = lock(&self.shared.inbox);
        while inbox.operations.is_empty() && !inbox.stop && !next.more {
            inbox = match next.deadline.map(|deadline| deadline - self.now()) {
                None => self.shared.arrived.wait(inbox).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left > 0 => {
                    let left = Duration::from_millis(left as u64);
                    let waited = self.shared.arrived.wait_timeout(inbox, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => break,
            };
        }
        mem::swap(&mut inbox.operations, operations);
        !inbox.stop
    }

    fn give(&self, mut batch: Batch) {
        let is_empty = batch.turns.is_empty() && batch.settlements.is_empty() && batch.expired.is_empty();
        let mut outbox = lock(&self.shared.outbox);
        if let Some(last) = outbox.full.back_mut().filter(|last| has_room_for(last, &batch)) {
            append(last, &mut batch);
            outbox.spare.push(batch);
        } else if is_empty {
            outbox.spare.push(batch);
        } else {
            outbox.full.push_back(batch);
        }
        drop(outbox);
        if !is_empty && !self.shared.told.swap(true, Ordering::SeqCst) {
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

fn has_room_for(last: &Batch, batch: &Batch) -> bool {
    last.turns.len() + batch.turns.len() <= MAX_TURNS
        && last.settlements.len() + batch.settlements.len() <= MAX_SETTLEMENTS
}

/// So that JavaScript takes as much in one pull as it may, after it has not pulled for a while. (The ranges of the
/// turns stay as they are: their lengths are all that `write` reads.)
fn append(last: &mut Batch, batch: &mut Batch) {
    last.items.append(&mut batch.items);
    last.turns.append(&mut batch.turns);
    last.settlements.append(&mut batch.settlements);
    last.expired.append(&mut batch.expired);
}

fn stop(shared: &Shared) {
    lock(&shared.inbox).stop = true;
    shared.arrived.notify_one();
    if let Some(thread) = lock(&shared.thread).take() {
        // A thread that panicked has ended as well.
        let _ = thread.join();
    }
}

/// A list is whole between two statements, so that a panic while it was locked does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fault(fault: persona_cycle::Fault) -> Error {
    Error::new(Status::InvalidArg, fault.to_string())
}
