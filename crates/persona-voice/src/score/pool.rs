//! Scores against labels, from any number of files.

/// Pairs of a score and the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    pairs: Vec<(f32, bool)>,
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
        self.pairs.push((if score.is_nan() { 0.0 } else { score }, speech));
    }

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
    pub fn roc_auc(&self) -> Option<f64> {
        let (speech, silence) = self.totals();
        let mut higher = 0.0;
        let mut found = 0;
        for (more_found, invented) in self.steps().map(|(_, found, invented)| (found, invented)) {
            higher += invented as f64 * (found as f64 + more_found as f64 / 2.0);
            found += more_found;
        }
        (speech > 0 && silence > 0).then(|| higher / (speech as f64 * silence as f64))
    }

    /// The mean precision over the recalls that are reached one after the other. Nothing without speech.
    #[must_use]
    pub fn average_precision(&self) -> Option<f64> {
        let (speech, _) = self.totals();
        let (mut found, mut taken, mut sum) = (0, 0, 0.0);
        for (_, more_found, invented) in self.steps() {
            found += more_found;
            taken += more_found + invented;
            sum += more_found as f64 * found as f64 / taken as f64;
        }
        (speech > 0).then(|| sum / speech as f64)
    }

    /// The best F1 of any threshold, and the highest threshold that reaches it. Nothing without speech.
    #[must_use]
    pub fn best_f1(&self) -> Option<(f64, f32)> {
        let (speech, _) = self.totals();
        let mut confusion = Confusion { missed: speech, ..Confusion::default() };
        let mut best = None;
        for (threshold, found, invented) in self.steps() {
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
    pub fn confusion_at(&self, threshold: f32) -> Confusion {
        let mut confusion = Confusion::default();
        for &(score, speech) in &self.pairs {
            match (score >= threshold, speech) {
                (true, true) => confusion.found += 1,
                (true, false) => confusion.invented += 1,
                (false, true) => confusion.missed += 1,
                (false, false) => {}
            }
        }
        confusion
    }

    fn totals(&self) -> (u64, u64) {
        let speech = self.pairs.iter().filter(|(_, speech)| *speech).count() as u64;
        (speech, self.pairs.len() as u64 - speech)
    }

    /// From the highest score down, each once: how much speech and how much silence has it.
    fn steps(&self) -> impl Iterator<Item = (f32, u64, u64)> {
        let mut pairs = self.pairs.clone();
        pairs.sort_unstable_by(|left, right| right.0.total_cmp(&left.0));
        let mut at = 0;
        std::iter::from_fn(move || {
            let score = pairs.get(at)?.0;
            let (mut found, mut invented) = (0, 0);
            while let Some(&(_, speech)) = pairs.get(at).filter(|pair| pair.0.total_cmp(&score).is_eq()) {
                *(if speech { &mut found } else { &mut invented }) += 1;
                at += 1;
            }
            Some((score, found, invented))
        })
    }
}
