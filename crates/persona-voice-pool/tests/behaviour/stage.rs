//! A pool, a reader, and a detector that does what its sound says.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

use persona_voice::{Detector, Encoding, Format, Rate, TurnOptions};
use persona_voice_pool::{News, Outbox, Pool, Voice};

/// The sample at which a detector panics.
pub(crate) const PANIC: f32 = -1.0;
/// The sample at which it waits for [`Latch::open`].
pub(crate) const WAIT: f32 = -0.5;

/// The sample at which it waits for [`GATE`], which another test opens.
pub(crate) const WAIT_AT_GATE: f32 = -0.25;

/// Closed until somebody opens it.
pub(crate) static LATCH: Latch = Latch::new();
pub(crate) static GATE: Latch = Latch::new();

pub(crate) struct Latch {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    open: bool,
    is_waited_at: bool,
}

impl Latch {
    const fn new() -> Self {
        let state = State { open: false, is_waited_at: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().open = true;
        self.changed.notify_all();
    }

    /// Returns when somebody waits here, or has waited.
    pub(crate) fn meet(&self) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |state| !state.is_waited_at).unwrap());
    }

    fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_waited_at = true;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.open).unwrap());
    }
}

/// The probability is the frame's first sample.
#[derive(Default)]
pub(crate) struct Written(Vec<f32>);

impl Detector for Written {
    type Memory = ();

    const LANES: usize = 8;

    fn length(rate: Rate) -> usize {
        rate.frame()
    }

    fn stage(&mut self, _rate: Rate, (): &(), frame: &[f32]) -> usize {
        self.0.push(frame[0]);
        self.0.len() - 1
    }

    fn compute(&mut self, _rate: Rate) {
        if self.0.contains(&WAIT) {
            LATCH.wait();
        }
        if self.0.contains(&WAIT_AT_GATE) {
            GATE.wait();
        }
        assert!(!self.0.contains(&PANIC), "what was written");
    }

    fn collect(&mut self, _rate: Rate, lane: usize, (): &mut ()) -> f32 {
        let value = self.0[lane];
        if lane + 1 == self.0.len() {
            self.0.clear();
        }
        value
    }
}

pub(crate) fn pool<D>(threads: usize) -> Arc<Pool<D>>
where
    D: Detector<Memory: Send> + Default + 'static,
{
    Arc::new(Pool::start(NonZero::new(threads).unwrap()).unwrap())
}

/// Reads news as they are told.
pub(crate) struct Reader {
    pub(crate) outbox: Arc<Outbox>,
    woken: Receiver<()>,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let (wake, woken): (Sender<()>, _) = channel();
        Self { outbox: Arc::new(Outbox::new(move || wake.send(()).unwrap())), woken }
    }

    /// Opens a voice at 16 kHz in floats; every score is told.
    pub(crate) fn open<D>(&self, pool: &Arc<Pool<D>>, id: u64) -> Voice<D>
    where
        D: Detector<Memory: Send> + Default + 'static,
    {
        let format = Format::mono(16_000, Encoding::Float32).unwrap();
        pool.open(format, &TurnOptions::default(), true, &self.outbox, id).unwrap()
    }

    /// All news, until so many voices have finished or failed.
    pub(crate) fn until_over(&self, voices: usize) -> Vec<(u64, News)> {
        let mut news = Vec::new();
        let over = |(_, it): &&(u64, News)| matches!(it, News::Finished | News::Failed);
        while news.iter().filter(over).count() < voices {
            self.wait();
            self.outbox.read(|id, it| {
                news.push((id, it));
                ControlFlow::Continue(())
            });
        }
        news
    }

    /// For a wake.
    pub(crate) fn wait(&self) {
        self.woken.recv().unwrap();
    }

    /// Wakes that were sent and not waited for.
    pub(crate) fn wakes(&self) -> usize {
        self.woken.try_iter().count()
    }
}

/// A frame of a sample, as bytes.
pub(crate) fn frame(sample: f32) -> Vec<u8> {
    sample.to_le_bytes().repeat(Rate::Wide.frame())
}
