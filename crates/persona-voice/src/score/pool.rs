//! Scores against labels, from any number of clips.

use super::Draw;

/// Pairs of a score and the truth, as they come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    pairs: Vec<Pair>,
    clip: u32,
}

/// The same from the highest score down, for any [`Draw`] of the clips.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    pairs: Vec<Pair>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Pair {
    score: f32,
    speech: bool,
    clip: u32,
}

/// Decisions at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Speech found.
    pub found: u64,
    /// Silence taken for speech.
    pub invented: u64,
    /// Speech taken for silence.
    pub missed: u64,
}

impl Confusion {
    /// The harmonic mean of precision and recall; 0 if no speech was found.
    #[must_use]
    pub fn f1(self) -> f64 {
        let double = 2.0 * self.found as f64;
        if self.found == 0 { 0.0 } else { double / (double + (self.invented + self.missed) as f64) }
    }
}

impl Pool {
    /// Adds a pair. Scores that are not numbers count as 0.
    pub fn add(&mut self, score: f32, speech: bool) {
        let score = if score.is_nan() { 0.0 } else { score };
        self.pairs.push(Pair { score, speech, clip: self.clip });
    }

    /// What is added from now on is of another clip.
    pub fn next_clip(&mut self) {
        self.clip += 1;
    }

    /// Everything so far.
    #[must_use]
    pub fn rank(&self) -> Ranking {
        let mut pairs = self.pairs.clone();
        pairs.sort_unstable_by(|left, right| right.score.total_cmp(&left.score));
        Ranking { pairs }
    }
}

impl Ranking {
    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The probability that speech scores higher than silence, equal scores counting half. Nothing unless there is both.
    #[must_use]
    pub fn roc_auc(&self, draw: &Draw) -> Option<f64> {
        let (mut higher, mut speech, mut silence) = (0.0, 0, 0);
        for (_, found, invented) in self.steps(draw) {
            higher += invented as f64 * (speech as f64 + found as f64 / 2.0);
            speech += found;
            silence += invented;
        }
        (speech > 0 && silence > 0).then(|| higher / (speech as f64 * silence as f64))
    }

    /// The mean precision over the recalls that are reached one after the other. Nothing without speech.
    #[must_use]
    pub fn average_precision(&self, draw: &Draw) -> Option<f64> {
        let (mut speech, mut taken, mut sum) = (0, 0, 0.0);
        for (_, found, invented) in self.steps(draw) {
            speech += found;
            taken += found + invented;
            sum += found as f64 * speech as f64 / taken.max(1) as f64;
        }
        (speech > 0).then(|| sum / speech as f64)
    }

    /// The best F1 of any threshold, and the highest threshold that reaches it. Nothing without speech.
    #[must_use]
    pub fn best_f1(&self, draw: &Draw) -> Option<(f64, f32)> {
        let speech = self.steps(draw).map(|(_, found, _)| found).sum();
        let mut confusion = Confusion { missed: speech, ..Confusion::default() };
        let mut best = None;
        for (threshold, found, invented) in self.steps(draw) {
            confusion.found += found;
            confusion.missed -= found;
            confusion.invented += invented;
            if best.is_none_or(|(f1, _)| confusion.f1() > f1) {
                best = Some((confusion.f1(), threshold));
            }
        }
        best.filter(|_| speech > 0)
    }

    /// Scores from the threshold on count as speech.
    #[must_use]
    pub fn confusion_at(&self, threshold: f32, draw: &Draw) -> Confusion {
        let mut confusion = Confusion::default();
        for pair in &self.pairs {
            let times = draw.times(pair.clip);
            match (pair.score >= threshold, pair.speech) {
                (true, true) => confusion.found += times,
                (true, false) => confusion.invented += times,
                (false, true) => confusion.missed += times,
                (false, false) => {}
            }
        }
        confusion
    }

    /// F1 of that; nothing without speech.
    #[must_use]
    pub fn f1_at(&self, threshold: f32, draw: &Draw) -> Option<f64> {
        let confusion = self.confusion_at(threshold, draw);
        (confusion.found + confusion.missed > 0).then(|| confusion.f1())
    }

    /// From the highest score down, each once: how much speech and how much silence has it.
    fn steps(&self, draw: &Draw) -> impl Iterator<Item = (f32, u64, u64)> {
        self.pairs.chunk_by(|left, right| left.score.total_cmp(&right.score).is_eq()).map(|pairs| {
            let (mut found, mut invented) = (0, 0);
            for pair in pairs {
                *(if pair.speech { &mut found } else { &mut invented }) += draw.times(pair.clip);
            }
            (pairs[0].score, found, invented)
        })
    }
}
