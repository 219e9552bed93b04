//! Sound that is computed in the calling thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;

use napi::bindgen_prelude::{External, Float64ArraySlice, Int16Array};
use napi::{Error, Result, Status as Code};
use napi_derive::napi;
use persona_voice::{
    Control, Detector, Energy, Engine, Fault, Format, Gated, Rate, Refined, Silero, Stream, TurnOptions,
};
use persona_voice_pool::News;

use super::layout::{
    NewsRecord, control_from, detector_from, faults, format_from, news_record, options_from, range_from,
};

/// What a handle holds; empty once it is closed or has failed.
pub(crate) struct Handle(RefCell<Option<Box<dyn Computed>>>);

/// A stream with an engine of its own, whatever its detector is.
trait Computed {
    fn rate(&self) -> Rate;
    fn push(&mut self, bytes: &[u8]) -> std::result::Result<(), Fault>;
    fn control(&mut self, control: Control);
    fn finish(&mut self);
    fn sound(&self, range: Range<u64>, out: &mut Vec<i16>) -> std::result::Result<(), Fault>;
    /// What happened and was not read yet.
    fn news(&mut self) -> &mut VecDeque<News>;
}

struct Speech<D: Detector> {
    engine: Engine<D>,
    stream: Stream<D>,
    news: VecDeque<News>,
    probabilities: bool,
}

/// Opens a stream. `format` has rate, encoding, channels and channel.
#[napi(catch_unwind)]
pub(crate) fn speech_create(
    detector: f64,
    format: &[f64],
    turn: &[f64],
    probabilities: bool,
) -> Result<External<Handle>> {
    let (format, options) = (format_from(format)?, options_from(turn)?);
    let speech = match detector_from(detector)? {
        0 => open::<Refined>(format, &options, probabilities),
        1 => open::<Silero>(format, &options, probabilities),
        2 => open::<Refined<Gated>>(format, &options, probabilities),
        _ => open::<Energy>(format, &options, probabilities),
    }?;
    Ok(External::new(Handle(RefCell::new(Some(speech)))))
}

/// Computes bytes; gives how many news there are to read.
#[napi(catch_unwind)]
pub(crate) fn speech_process(handle: &External<Handle>, bytes: &[u8]) -> Result<f64> {
    with(handle, |speech| {
        speech.push(bytes).map_err(|fault| Error::new(Code::InvalidArg, fault.to_string()))?;
        Ok(speech.news().len() as f64)
    })
}

/// Tells a control, by its place in `CONTROL`, with its value; gives how many news there are to read.
#[napi(catch_unwind)]
pub(crate) fn speech_control(handle: &External<Handle>, control: f64, value: f64) -> Result<f64> {
    with(handle, |speech| {
        let control = control_from(control, value, speech.rate())?;
        speech.control(control);
        Ok(speech.news().len() as f64)
    })
}

/// No more bytes will come; gives how many news there are to read.
#[napi(catch_unwind)]
pub(crate) fn speech_finish(handle: &External<Handle>) -> Result<f64> {
    with(handle, |speech| {
        speech.finish();
        Ok(speech.news().len() as f64)
    })
}

/// Writes news, as many records as there are and fit; gives their number.
#[napi(catch_unwind)]
pub(crate) fn speech_news(handle: &External<Handle>, mut news: Float64ArraySlice) -> Result<f64> {
    with(handle, |speech| {
        let rate = speech.rate();
        // SAFETY: the call is synchronous on the JavaScript thread, so nothing else touches the array meanwhile:
        // `src/voice/news.ts` makes it for this purpose, over memory that no other thread shares.
        let places = unsafe { news.as_mut() }.chunks_exact_mut(NewsRecord::SIZE);
        let count = places.len().min(speech.news().len());
        for (news, place) in speech.news().drain(..count).zip(places) {
            news_record(0, rate, news).write(place);
        }
        Ok(count as f64)
    })
}

/// The sound between two times in milliseconds; nothing if it is not kept.
#[napi(catch_unwind)]
pub(crate) fn speech_sound(handle: &External<Handle>, from: f64, to: f64) -> Result<Option<Int16Array>> {
    with(handle, |speech| {
        let mut samples = Vec::new();
        let range = range_from(from, to, speech.rate())?;
        Ok(speech.sound(range, &mut samples).is_ok().then(|| samples.into()))
    })
}

/// Lets the memory go; every later call on the handle is an error.
#[napi(catch_unwind)]
pub(crate) fn speech_close(handle: &External<Handle>) {
    if let Ok(mut speech) = handle.0.try_borrow_mut() {
        *speech = None;
    }
}

fn open<D>(format: Format, options: &TurnOptions, probabilities: bool) -> Result<Box<dyn Computed>>
where
    D: Detector + Default + 'static,
{
    let stream = Stream::<D>::new(format, options).map_err(|them| faults(&them))?;
    Ok(Box::new(Speech { engine: Engine::default(), stream, news: VecDeque::new(), probabilities }))
}

impl<D: Detector> Speech<D> {
    fn collect(&mut self, before: u64) {
        let at = self.stream.position();
        if self.probabilities && at > before {
            self.news.push_back(News::Probability { at, probability: self.stream.probability() });
        }
        self.news.extend(std::iter::from_fn(|| self.stream.next_event()).map(News::Event));
    }
}

impl<D: Detector> Computed for Speech<D> {
    fn rate(&self) -> Rate {
        self.stream.rate()
    }

    fn push(&mut self, mut bytes: &[u8]) -> std::result::Result<(), Fault> {
        loop {
            bytes = &bytes[self.stream.take(bytes, 0)?..];
            if !self.stream.is_ready() {
                return Ok(());
            }
            let before = self.stream.position();
            self.engine.advance(&mut [&mut self.stream]);
            self.collect(before);
        }
    }

    fn control(&mut self, control: Control) {
        self.stream.control(control);
        self.collect(self.stream.position());
    }

    fn finish(&mut self) {
        let before = self.stream.position();
        self.engine.finish(&mut self.stream);
        self.collect(before);
    }

    fn sound(&self, range: Range<u64>, out: &mut Vec<i16>) -> std::result::Result<(), Fault> {
        self.stream.sound(range, out)
    }

    fn news(&mut self) -> &mut VecDeque<News> {
        &mut self.news
    }
}

/// Runs a call on the stream. A panic in it loses the stream: it was taken out and is not put back.
fn with<T>(handle: &External<Handle>, call: impl FnOnce(&mut dyn Computed) -> Result<T>) -> Result<T> {
    let gone = || Error::new(Code::GenericFailure, "the stream is closed");
    let mut speech = handle.0.try_borrow_mut().map_err(|_| gone())?.take().ok_or_else(gone)?;
    let result = call(&mut *speech);
    *handle.0.borrow_mut() = Some(speech);
    result
}
