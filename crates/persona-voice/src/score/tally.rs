//! All measures of one detector, and how much better it is than another.

use super::draw::Rng;
use super::{Draw, Ends, Labels, Pool, Ranking, causal, native};

/// At which a frame counts as speech where one threshold must do.
const THRESHOLD: f32 = 0.5;

/// What a detector scored on one grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Labelled frames or cells.
    pub count: usize,
    /// Nothing unless there is speech and silence.
    pub roc_auc: Option<f64>,
    /// Nothing without speech.
    pub average_precision: Option<f64>,
    /// F1 and its threshold; nothing without speech.
    pub best_f1: Option<(f64, f32)>,
    /// F1 at 0.5; nothing without speech.
    pub f1: Option<f64>,
}

/// What a detector scored on all clips.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Each frame against the label at its middle.
    pub frames: Figures,
    /// Every 10 ms, what was known by then.
    pub causal: Figures,
    /// Milliseconds from a labelled end to the first frame below 0.5: the median.
    pub end_median_ms: Option<f64>,
    /// The 90th percentile.
    pub end_late_ms: Option<f64>,
    /// Ends that were found.
    pub ends: usize,
    /// Silences of 200 ms and more during which no frame was below 0.5.
    pub ends_missed: usize,
}

/// How much more one detector has of a figure than another, over many draws of the clips.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// On the clips as they are.
    pub value: f64,
    /// 95 of 100 draws are between this
    pub low: f64,
    /// and this.
    pub high: f64,
    /// The share of the draws with a gain above 0.
    pub above_zero: f64,
}

/// Gains in each figure; nothing where the clips have no such figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// Causal ROC-AUC.
    pub roc_auc: Option<Gain>,
    /// Causal best F1.
    pub best_f1: Option<Gain>,
    /// Causal F1 at 0.5.
    pub f1: Option<Gain>,
    /// Of the median end; below 0 is sooner.
    pub end_median_ms: Option<Gain>,
}

/// What one detector scored on any number of clips.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    frames: Pool,
    cells: Pool,
    ends: Ends,
    clips: u32,
}

impl Tally {
    /// Adds a clip: a score for each frame of `hop` samples at 16 kHz, from the beginning. Panics if `hop` is 0.
    pub fn add(&mut self, scores: &[f32], hop: usize, labels: &Labels) {
        native(scores, hop, labels, &mut self.frames);
        causal(scores, hop, labels, &mut self.cells);
        self.ends.add(scores, hop, labels, THRESHOLD);
        self.frames.next_clip();
        self.cells.next_clip();
        self.clips += 1;
    }

    /// Over all clips together.
    #[must_use]
    pub fn scores(&self) -> Scores {
        let all = Draw::default();
        Scores {
            frames: Figures::of(&self.frames.rank()),
            causal: Figures::of(&self.cells.rank()),
            end_median_ms: self.ends.percentile(0.5, &all),
            end_late_ms: self.ends.percentile(0.9, &all),
            ends: self.ends.found(),
            ends_missed: self.ends.missed(),
        }
    }

    /// What this detector gains over another on the same clips. A paired bootstrap: clips are drawn anew in each of the
    /// `rounds`, and both are measured on the same draw.
    #[must_use]
    pub fn gains_over(&self, other: &Self, rounds: u32, seed: u64) -> Gains {
        let (before, after) = (other.cells.rank(), self.cells.rank());
        let gain = |of: &dyn Fn(&Ranking, &Ends, &Draw) -> Option<f64>| {
            let difference =
                |draw: &Draw| Some(of(&after, &self.ends, draw)? - of(&before, &other.ends, draw)?);
            let mut rng = Rng(seed);
            let draws = (0..rounds).filter_map(|_| difference(&Draw::random(self.clips, &mut rng)));
            Gain::of(difference(&Draw::default())?, draws.collect())
        };
        Gains {
            roc_auc: gain(&|cells, _, draw| cells.roc_auc(draw)),
            best_f1: gain(&|cells, _, draw| Some(cells.best_f1(draw)?.0)),
            f1: gain(&|cells, _, draw| cells.f1_at(THRESHOLD, draw)),
            end_median_ms: gain(&|_, ends, draw| ends.percentile(0.5, draw)),
        }
    }
}

impl Figures {
    fn of(ranking: &Ranking) -> Self {
        let all = Draw::default();
        Self {
            count: ranking.len(),
            roc_auc: ranking.roc_auc(&all),
            average_precision: ranking.average_precision(&all),
            best_f1: ranking.best_f1(&all),
            f1: ranking.f1_at(THRESHOLD, &all),
        }
    }
}

impl Gain {
    fn of(value: f64, mut draws: Vec<f64>) -> Option<Self> {
        draws.sort_unstable_by(f64::total_cmp);
        let last = draws.len().checked_sub(1)?;
        let at = |share: f64| draws[(share * last as f64).round() as usize];
        let above = draws.iter().filter(|gain| **gain > 0.0).count();
        Some(Self { value, low: at(0.025), high: at(0.975), above_zero: above as f64 / draws.len() as f64 })
    }
}
