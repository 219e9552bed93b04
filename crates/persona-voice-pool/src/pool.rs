//! The threads.

use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use persona_voice::{Detector, Engine, Format, OptionFault, Refined, Stream, TurnOptions};

use crate::line::{Due, Line};
use crate::queue::Queue;
use crate::{Outbox, Voice};

/// Voices that a thread takes up at once: two batches of the network.
const BATCH: usize = 48;

/// Frames that are computed of a voice before the next ones are taken up.
pub(crate) const FRAMES: usize = 4;

/// Threads that compute voices. Dropping it joins them, which takes no longer than a batch.
pub struct Pool<D: Detector = Refined> {
    queue: Arc<Queue<Due<D>>>,
    threads: Vec<JoinHandle<()>>,
}

impl<D> Pool<D>
where
    D: Detector<Memory: Send> + Default + 'static,
{
    /// Starts its threads.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(threads: NonZero<usize>) -> io::Result<Self> {
        let mut pool = Self { queue: Arc::new(Queue::new(threads.get())), threads: Vec::new() };
        for number in 0..threads.get() {
            let queue = Arc::clone(&pool.queue);
            let thread = Builder::new().name(format!("voice-{number}")).spawn(move || run::<D>(&queue))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Opens a voice whose news are posted under this id.
    ///
    /// # Errors
    /// Every option that is out of its range.
    pub fn open(
        self: &Arc<Self>,
        format: Format,
        options: &TurnOptions,
        tells_probabilities: bool,
        outbox: &Arc<Outbox>,
        id: u64,
    ) -> Result<Voice<D>, Vec<OptionFault>> {
        let stream = Stream::new(format, options)?;
        let second = format.hz() as usize * format.block();
        let line = Line::new(id, stream, second, tells_probabilities, Arc::clone(outbox));
        Ok(Voice::new(line, Arc::clone(self)))
    }
}

impl<D: Detector> Pool<D> {
    pub(crate) fn queue(&self, line: &Arc<Line<D>>) {
        self.queue.put([Due(Arc::clone(line))]);
    }
}

impl<D: Detector> Drop for Pool<D> {
    fn drop(&mut self) {
        self.queue.stop();
        for thread in self.threads.drain(..) {
            // A thread catches its panics, so that there is no other end to hear of.
            let _ = thread.join();
        }
    }
}

fn run<D: Detector + Default>(queue: &Queue<Due<D>>) {
    let mut engine = Engine::<D>::default();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        queue.take(BATCH, &mut batch);
        if batch.is_empty() {
            return;
        }
        if catch_unwind(AssertUnwindSafe(|| compute(&mut engine, &mut batch))).is_err() {
            // Nobody knows which of them it was, nor what the engine has staged.
            engine = Engine::default();
            batch.drain(..).for_each(|Due(line)| line.fail());
        }
        queue.put(batch.drain(..));
    }
}

/// Leaves those in the batch that have more to compute.
fn compute<D: Detector>(engine: &mut Engine<D>, batch: &mut Vec<Due<D>>) {
    batch.retain(|Due(line)| line.feed(engine));
    for _ in 0..FRAMES {
        if batch.is_empty() {
            return;
        }
        engine.advance(batch);
        batch.retain(|Due(line)| line.feed(engine));
    }
}
