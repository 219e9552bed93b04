//! The pools of the process.
//!
//! They know nothing of any environment: what is posted goes into the outbox of whoever opened the voice.

use std::num::NonZero;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::available_parallelism;

use napi::{Error, Result, Status as Code};
use persona_voice::{Detector, Energy, Fault, Format, Gated, Rate, Refined, Silero, TurnOptions};
use persona_voice_pool::{Outbox, Pool, Voice, Word};

use super::layout::faults;

/// A voice, whatever its detector is.
pub(crate) trait Heard {
    fn rate(&self) -> Rate;
    fn push(&self, bytes: &[u8], now_ms: u64) -> std::result::Result<usize, Fault>;
    fn tell(&self, word: Word) -> std::result::Result<bool, Fault>;
    fn sound(&self, range: Range<u64>, out: &mut Vec<i16>) -> std::result::Result<(), Fault>;
}

impl<D: Detector> Heard for Voice<D> {
    fn rate(&self) -> Rate {
        self.rate()
    }

    fn push(&self, bytes: &[u8], now_ms: u64) -> std::result::Result<usize, Fault> {
        self.push(bytes, now_ms)
    }

    fn tell(&self, word: Word) -> std::result::Result<bool, Fault> {
        self.tell(word)
    }

    fn sound(&self, range: Range<u64>, out: &mut Vec<i16>) -> std::result::Result<(), Fault> {
        self.sound(range, out)
    }
}

/// What a voice is opened with.
pub(crate) struct Opening<'a> {
    pub(super) format: Format,
    pub(super) options: &'a TurnOptions,
    pub(super) probabilities: bool,
    pub(super) outbox: &'a Arc<Outbox>,
    pub(super) id: u64,
}

/// By the place of the detector in `DETECTORS`.
pub(super) fn open(detector: u64, opening: &Opening<'_>) -> Result<Box<dyn Heard>> {
    static REFINED: Shared<Refined> = Shared::new();
    static NETWORK: Shared<Silero> = Shared::new();
    static GATED: Shared<Refined<Gated>> = Shared::new();
    static ENERGY: Shared<Energy> = Shared::new();
    match detector {
        0 => REFINED.open(opening),
        1 => NETWORK.open(opening),
        2 => GATED.open(opening),
        3 => ENERGY.open(opening),
        _ => Err(Error::new(Code::InvalidArg, "detector is not valid")),
    }
}

/// A pool as long as somebody has a voice in it.
pub(crate) struct Shared<D: Detector>(Mutex<Weak<Pool<D>>>);

impl<D> Shared<D>
where
    D: Detector<Memory: Send> + Default + 'static,
{
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    pub(crate) fn open(&self, opening: &Opening<'_>) -> Result<Box<dyn Heard>> {
        let &Opening { format, options, probabilities, outbox, id } = opening;
        let voice =
            self.pool()?.open(format, options, probabilities, outbox, id).map_err(|them| faults(&them))?;
        Ok(Box::new(voice))
    }

    /// The one that runs, or a new one.
    fn pool(&self) -> Result<Arc<Pool<D>>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = shared.upgrade() {
            return Ok(pool);
        }
        // One core is for JavaScript.
        let cores = available_parallelism().map_or(1, NonZero::get);
        let threads = NonZero::new(cores - 1).unwrap_or(NonZero::<usize>::MIN);
        let pool = Pool::start(threads)
            .map(Arc::new)
            .map_err(|error| Error::new(Code::GenericFailure, format!("no thread for voices: {error}")))?;
        *shared = Arc::downgrade(&pool);
        Ok(pool)
    }
}
