//! Where a turn that lasts too long is cut.

/// The longest pause since `after`; of equal ones the latest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    after: u64,
    best: Option<(u64, u64)>,
}

impl Pauses {
    pub(super) fn after(position: u64) -> Self {
        Self { after: position, best: None }
    }

    pub(super) fn offer(&mut self, from: u64, to: u64) {
        let longest = self.best.map_or(0, |(from, to)| to - from);
        if from >= self.after && to - from >= longest {
            self.best = Some((from, to));
        }
    }

    pub(super) fn forget(&mut self) {
        self.best = None;
    }

    pub(super) fn best(&self) -> Option<(u64, u64)> {
        self.best
    }
}
