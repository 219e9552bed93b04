//! Which vectors of a buffer a matrix is multiplied with, and where the products go.

/// `count` columns: `group` for each stream, `step` apart, streams `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) group: usize,
    pub(super) from: Walk,
    pub(super) to: Walk,
}

/// Offsets into a buffer, in floats.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    pub(super) first: usize,
    pub(super) step: usize,
    pub(super) stride: usize,
}

impl Columns {
    /// Where the input of a column begins, and its output.
    #[inline(always)]
    pub(super) fn offsets(&self, column: usize) -> (usize, usize) {
        let (stream, member) = (column / self.group, column % self.group);
        (self.from.at(stream, member), self.to.at(stream, member))
    }

    /// Panics unless every column lies within its buffer: what the kernels' pointers rely on.
    pub(super) fn check(&self, inputs: usize, from: &[f32], outputs: usize, to: &[f32]) {
        if self.count == 0 {
            return;
        }
        let (stream, member) = ((self.count - 1) / self.group, self.group - 1);
        assert!(self.from.at(stream, member) + inputs <= from.len(), "an input column leaves its buffer");
        assert!(self.to.at(stream, member) + outputs <= to.len(), "an output column leaves its buffer");
    }
}

impl Walk {
    #[inline(always)]
    fn at(self, stream: usize, member: usize) -> usize {
        self.first + stream * self.stride + member * self.step
    }
}
