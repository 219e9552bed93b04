//! The voices of one environment.
//!
//! News cross packed and when JavaScript pulls them; the pool's threads send one wake without payload, which keeps nobody
//! alive. When the environment ends, or when it is shut before, its voices are closed and its wake is let go first, so
//! that no thread knows of an environment that is gone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{External, Float64ArraySlice, Function, Int16Array};
use napi::threadsafe_function::ThreadsafeFunctionCallMode::NonBlocking;
use napi::{Env, Error, Result, Status as Code};
use napi_derive::napi;
use persona_voice_pool::{Outbox, Word};

use super::layout::{
    NewsRecord, control_from, detector_from, format_from, news_record, options_from, range_from,
};
use super::pools::{self, Heard, Opening};
use crate::layout::whole;

/// Of one environment; only its thread has it.
pub(crate) struct Hearing(Rc<Open>);

struct Open {
    outbox: Arc<Outbox>,
    voices: RefCell<HashMap<u64, Box<dyn Heard>>>,
}

/// Takes the function that is called when there is news.
#[napi(catch_unwind)]
pub(crate) fn hearing_create(env: Env, wake: Function<(), ()>) -> Result<External<Hearing>> {
    let wake = wake.build_threadsafe_function().weak::<true>().build()?;
    let outbox = Arc::new(Outbox::new(move || {
        // It can only fail because the environment ends, and then nobody waits for news.
        let _ = wake.call((), NonBlocking);
    }));
    let open = Rc::new(Open { outbox, voices: RefCell::default() });
    // Hooks run in the reverse order of their registration: this one before that of the threadsafe function.
    env.add_env_cleanup_hook(Rc::clone(&open), |open| open.shut())?;
    Ok(External::new(Hearing(open)))
}

/// Closes all voices. When it returns, nobody is woken any more, and threads without voices are gone.
#[napi(catch_unwind)]
pub(crate) fn hearing_shut(hearing: &External<Hearing>) {
    hearing.0.shut();
}

/// Opens a voice under an id that is given once. `format` has rate, encoding, channels and channel.
#[napi(catch_unwind)]
pub(crate) fn voice_open(
    hearing: &External<Hearing>,
    id: f64,
    detector: f64,
    format: &[f64],
    turn: &[f64],
    probabilities: bool,
) -> Result<()> {
    let detector = detector_from(detector)?;
    hearing.open(id, format, turn, probabilities, |opening| pools::open(detector, opening))
}

impl Hearing {
    /// Opens a voice in the pool that `open` knows.
    pub(crate) fn open(
        &self,
        id: f64,
        format: &[f64],
        turn: &[f64],
        probabilities: bool,
        open: impl FnOnce(&Opening<'_>) -> Result<Box<dyn Heard>>,
    ) -> Result<()> {
        let id = whole(id).ok_or_else(|| Error::new(Code::InvalidArg, "id is not valid"))?;
        let (format, options) = (format_from(format)?, &options_from(turn)?);
        let outbox = &self.0.outbox;
        let voice = open(&Opening { format, options, probabilities, outbox, id })?;
        self.0.voices.borrow_mut().insert(id, voice);
        Ok(())
    }
}

/// Gives bytes; answers how many were taken, or -1 if the voice has ended.
#[napi(catch_unwind)]
pub(crate) fn voice_push(hearing: &External<Hearing>, id: f64, bytes: &[u8], now: f64) -> f64 {
    let taken = |voice: &dyn Heard| voice.push(bytes, now as u64).ok();
    with(hearing, id, taken).flatten().map_or(-1.0, |taken| taken as f64)
}

/// Tells a control, by its place in `CONTROL`, with its value; answers whether there was room, or nothing if the voice has
/// ended.
#[napi(catch_unwind)]
pub(crate) fn voice_control(
    hearing: &External<Hearing>,
    id: f64,
    control: f64,
    value: f64,
) -> Result<Option<bool>> {
    let tell = |voice: &dyn Heard| {
        let control = control_from(control, value, voice.rate())?;
        Ok(voice.tell(Word::Control(control)).ok())
    };
    with(hearing, id, tell).unwrap_or(Ok(None))
}

/// Lets the time pass without sound. Without effect where too many words wait: then sound has come, or controls.
#[napi(catch_unwind)]
pub(crate) fn voice_check(hearing: &External<Hearing>, id: f64, now: f64) {
    with(hearing, id, |voice| voice.tell(Word::Check { now_ms: now as u64 }));
}

/// No more bytes will come. Without effect if the voice has ended before.
#[napi(catch_unwind)]
pub(crate) fn voice_finish(hearing: &External<Hearing>, id: f64) {
    with(hearing, id, |voice| voice.tell(Word::Finish));
}

/// The sound between two times in milliseconds; nothing if it is not kept.
#[napi(catch_unwind)]
pub(crate) fn voice_sound(
    hearing: &External<Hearing>,
    id: f64,
    from: f64,
    to: f64,
) -> Result<Option<Int16Array>> {
    let copy = |voice: &dyn Heard| {
        let mut samples = Vec::new();
        let range = range_from(from, to, voice.rate())?;
        Ok(voice.sound(range, &mut samples).is_ok().then(|| samples.into()))
    };
    with(hearing, id, copy).unwrap_or(Ok(None))
}

/// Lets a voice go. What is posted of it later is nobody's.
#[napi(catch_unwind)]
pub(crate) fn voice_close(hearing: &External<Hearing>, id: f64) {
    let voice = whole(id).and_then(|id| hearing.0.voices.borrow_mut().remove(&id));
    drop(voice);
}

/// Writes news, as many records as there are and fit; gives their number. If the array is full, there may be more.
#[napi(catch_unwind)]
pub(crate) fn voice_news(hearing: &External<Hearing>, mut news: Float64ArraySlice) -> f64 {
    let Hearing(open) = &**hearing;
    let voices = open.voices.borrow();
    // SAFETY: the call is synchronous on the JavaScript thread, so nothing else touches the array meanwhile:
    // `src/voice/hearing.ts` makes it for this purpose, over memory that no other thread shares.
    let mut places = unsafe { news.as_mut() }.chunks_exact_mut(NewsRecord::SIZE);
    let (mut count, mut place) = (0_u32, places.next());
    open.outbox.read(|id, news| {
        // Of a voice that was closed meanwhile, nothing is told.
        let Some(voice) = voices.get(&id) else { return ControlFlow::Continue(()) };
        if let Some(place) = place.take() {
            news_record(id, voice.rate(), news).write(place);
            count += 1;
        }
        place = places.next();
        if place.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    count.into()
}

impl Open {
    fn shut(&self) {
        self.outbox.shut();
        self.voices.take();
    }
}

fn with<T>(hearing: &External<Hearing>, id: f64, call: impl FnOnce(&dyn Heard) -> T) -> Option<T> {
    let voices = hearing.0.voices.borrow();
    voices.get(&whole(id)?).map(|voice| call(&**voice))
}
