//! Which vectors of a buffer a matrix is multiplied with, and where the products go.

use super::matrix::MOST_INPUTS;
use super::scratch::LANES;

/// Four windows of every stream.
const MOST: usize = 4 * LANES;

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

/// Where the input of each column begins, and its output.
pub(super) struct Places {
    list: [(usize, usize); MOST],
    count: usize,
}

impl Columns {
    /// Panics unless every column lies within its buffer: what the kernels' pointers rely on.
    #[inline(always)]
    pub(super) fn places(&self, inputs: usize, from: &[f32], outputs: usize, to: &[f32]) -> Places {
        let mut list = [(0, 0); MOST];
        for (stream, group) in list[..self.count].chunks_mut(self.group).enumerate() {
            for (member, place) in group.iter_mut().enumerate() {
                *place = (self.from.at(stream, member), self.to.at(stream, member));
                assert!(place.0 + inputs <= from.len(), "an input column leaves its buffer");
                assert!(place.1 + outputs <= to.len(), "an output column leaves its buffer");
            }
        }
        Places { list, count: self.count }
    }
}

impl Places {
    pub(super) fn list(&self) -> &[(usize, usize)] {
        &self.list[..self.count]
    }
}

/// The inputs at which any of one to three columns has more than zero: after a rectification that is half of them or less,
/// and the weights of the others need not be read. It changes no sum.
pub(super) struct Live {
    list: [u16; MOST_INPUTS],
    count: usize,
}

impl Live {
    #[inline(always)]
    pub(super) fn find(inputs: usize, from: &[f32], places: &[(usize, usize)]) -> Self {
        let (mut list, mut count) = ([0; MOST_INPUTS], 0);
        // Of one column it is three times the same, of two it is twice the second: without a loop inside the loop.
        let [first, second, third] =
            [0, places.len() / 2, places.len() - 1].map(|place| &from[places[place].0..][..inputs]);
        for (input, ((first, second), third)) in first.iter().zip(second).zip(third).enumerate() {
            list[count] = input as u16;
            count += usize::from(*first != 0.0 || *second != 0.0 || *third != 0.0);
        }
        Self { list, count }
    }

    /// All below the number of inputs.
    #[inline(always)]
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.list[..self.count].iter().map(|&input| usize::from(input))
    }
}

impl Walk {
    #[inline(always)]
    fn at(self, stream: usize, member: usize) -> usize {
        self.first + stream * self.stride + member * self.step
    }
}
