//! Labelled clips, and what detectors score on them. Computed in the calling thread; nothing here is quick.

#![expect(clippy::needless_pass_by_value, reason = "strings cross by value")]

use std::cell::RefCell;

use napi::bindgen_prelude::{External, Float32Array, Float32ArraySlice};
use napi::{Error, Result, Status as Code};
use napi_derive::napi;
use persona_voice::score::{Clip, Figures, Gain, Labels, Tally, Variant};
use persona_voice::{Energy, Gated, Refined, Silero};

use crate::layout::whole;

/// What a handle of a clip holds.
pub(crate) struct Labelled(Clip);

/// What a handle of a tally holds.
pub(crate) struct Tallied(RefCell<Tally>);

const VARIANTS: [(&str, Variant); Variant::ALL.len()] = [
    ("clean", Variant::Clean),
    ("mulaw", Variant::Mulaw),
    ("pink_10", Variant::Pink(10)),
    ("pink_5", Variant::Pink(5)),
    ("pink_0", Variant::Pink(0)),
];

/// Scores on one grid; what is missing does not exist without speech, or without silence.
#[napi(object)]
pub(crate) struct GridScores {
    /// Labelled frames or cells.
    pub count: f64,
    pub roc_auc: Option<f64>,
    pub average_precision: Option<f64>,
    pub best_f1: Option<f64>,
    /// Of the best F1.
    pub threshold: Option<f64>,
    /// F1 at 0.5.
    pub f1: Option<f64>,
}

/// What a detector scored on all clips of a tally.
#[napi(object)]
pub(crate) struct TallyScores {
    /// Each frame against the label at its middle.
    pub frames: GridScores,
    /// Every 10 ms, what was known by then.
    pub causal: GridScores,
    /// From a labelled end to the first frame below 0.5: median and 90th percentile.
    pub end_median_ms: Option<f64>,
    pub end_late_ms: Option<f64>,
    /// Ends that were found, and silences of 200 ms and more in which none was.
    pub ends: f64,
    pub ends_missed: f64,
}

/// How much more one detector has of a figure than another.
#[napi(object)]
pub(crate) struct TallyGain {
    pub value: f64,
    /// 95 of 100 draws of the clips are between this and `high`.
    pub low: f64,
    pub high: f64,
    /// The share of the draws with a gain above 0.
    pub above_zero: f64,
}

/// Gains in the causal figures, and in the median end, where less is better.
#[napi(object)]
pub(crate) struct TallyGains {
    pub roc_auc: Option<TallyGain>,
    pub best_f1: Option<TallyGain>,
    pub f1: Option<TallyGain>,
    pub end_median_ms: Option<TallyGain>,
}

/// The line, counted from 1, that is no label; nothing if all are.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn labels_fault(csv: String) -> Option<f64> {
    Labels::parse(&csv).err().map(|fault| fault.line as f64)
}

/// A WAV file and its labels, both checked before.
#[napi(catch_unwind)]
pub(crate) fn clip_create(file: &[u8], labels: String) -> Result<External<Labelled>> {
    let labels = Labels::parse(&labels).map_err(|fault| invalid(&fault))?;
    Ok(External::new(Labelled(Clip::from_wav(file, labels).map_err(|fault| invalid(&fault))?)))
}

/// The clip over a bad line or in noise; `variant` is a name of `VARIANTS`.
#[napi(catch_unwind)]
pub(crate) fn clip_varied(
    clip: &External<Labelled>,
    variant: String,
    seed: f64,
) -> Result<External<Labelled>> {
    let known = VARIANTS.iter().find(|(name, _)| *name == variant);
    let (_, variant) = known.ok_or_else(|| invalid(&"variant is unknown"))?;
    let seed = whole(seed).ok_or_else(|| invalid(&"seed is not valid"))?;
    Ok(External::new(Labelled(clip.0.varied(*variant, seed))))
}

/// 8000 or 16000.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn clip_rate(clip: &External<Labelled>) -> f64 {
    clip.0.rate.hz().into()
}

/// From -1 to 1.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn clip_samples(clip: &External<Labelled>) -> Float32Array {
    Float32Array::new(clip.0.samples.clone())
}

/// The probability for each frame of a detector: of 8 ms (`refined`) or 32 ms.
#[napi(catch_unwind)]
pub(crate) fn clip_scores(clip: &External<Labelled>, detector: String) -> Result<Float32Array> {
    Ok(Float32Array::new(match detector.as_str() {
        "refined" => clip.0.scored_by(&mut <Refined>::default()),
        "network" => clip.0.scored_by(&mut Silero::default()),
        "gated" => clip.0.scored_by(&mut Refined::<Gated>::default()),
        "energy" => clip.0.scored_by(&mut Energy::default()),
        _ => return Err(invalid(&"detector is unknown")),
    }))
}

/// An empty tally.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn tally_create() -> External<Tallied> {
    External::new(Tallied(RefCell::default()))
}

/// Adds what a detector scored on a clip: one score for each `hop_ms` of it.
#[napi(catch_unwind)]
pub(crate) fn tally_add(
    tally: &External<Tallied>,
    clip: &External<Labelled>,
    scores: Float32ArraySlice<'_>,
    hop_ms: f64,
) -> Result<()> {
    let hop = whole(hop_ms * 16.0).filter(|hop| (1..=16_000).contains(hop));
    let hop = hop.ok_or_else(|| invalid(&"hop_ms is not valid"))?;
    tally.0.borrow_mut().add(&scores, hop as usize, &clip.0.labels);
    Ok(())
}

/// Over all clips together.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn tally_scores(tally: &External<Tallied>) -> TallyScores {
    let scores = tally.0.borrow().scores();
    TallyScores {
        frames: grid(scores.frames),
        causal: grid(scores.causal),
        end_median_ms: scores.end_median_ms,
        end_late_ms: scores.end_late_ms,
        ends: scores.ends as f64,
        ends_missed: scores.ends_missed as f64,
    }
}

/// A paired bootstrap over the clips, which both tallies must have in the same order.
#[napi(catch_unwind)]
pub(crate) fn tally_gains(
    tally: &External<Tallied>,
    other: &External<Tallied>,
    rounds: f64,
    seed: f64,
) -> Result<TallyGains> {
    let rounds = whole(rounds).and_then(|rounds| u32::try_from(rounds).ok());
    let rounds = rounds.ok_or_else(|| invalid(&"rounds is not valid"))?;
    let seed = whole(seed).ok_or_else(|| invalid(&"seed is not valid"))?;
    let gains = tally.0.borrow().gains_over(&other.0.borrow(), rounds, seed);
    Ok(TallyGains {
        roc_auc: gains.roc_auc.map(gain),
        best_f1: gains.best_f1.map(gain),
        f1: gains.f1.map(gain),
        end_median_ms: gains.end_median_ms.map(gain),
    })
}

fn grid(figures: Figures) -> GridScores {
    GridScores {
        count: figures.count as f64,
        roc_auc: figures.roc_auc,
        average_precision: figures.average_precision,
        best_f1: figures.best_f1.map(|(f1, _)| f1),
        threshold: figures.best_f1.map(|(_, threshold)| threshold.into()),
        f1: figures.f1,
    }
}

fn gain(gain: Gain) -> TallyGain {
    TallyGain { value: gain.value, low: gain.low, high: gain.high, above_zero: gain.above_zero }
}

fn invalid(what: &dyn std::fmt::Display) -> Error {
    Error::new(Code::InvalidArg, what.to_string())
}
