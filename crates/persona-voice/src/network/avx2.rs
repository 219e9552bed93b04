//! Products by vectors of eight.

use std::arch::x86_64::{
    _mm256_fmadd_ps, _mm256_load_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::columns::Columns;
use super::forward::forward;
use super::layers::Layers;
use super::matrix::{Matrix, PANEL};
use super::multiply::Multiply;
use super::scratch::Scratch;

/// Proof that the processor has AVX2 and fused multiply-adds.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        (std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma"))
            .then_some(Self(()))
    }

    pub(super) fn forward(self, layers: &Layers, buffers: &mut Scratch, count: usize) {
        // SAFETY: `detect` is the only maker of `self`, and it found the features.
        unsafe { compiled(self, layers, buffers, count) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn compiled(avx2: Avx2, layers: &Layers, buffers: &mut Scratch, count: usize) {
    forward::<_, 8>(avx2, layers, buffers, count);
}

impl Multiply for Avx2 {
    #[inline]
    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
        columns.check(matrix.inputs, from, matrix.outputs, to);
        // SAFETY: `detect` is the only maker of `self`, and it found the features; the columns have just been checked.
        unsafe { accumulate(matrix, from, to, columns) }
    }
}

/// The fewer columns, the more outputs at once, so that eight to twelve sums are always under way.
///
/// # Safety
/// Every column must lie within its buffer (`Columns::check`).
#[target_feature(enable = "avx2,fma")]
unsafe fn accumulate(matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
    let mut column = 0;
    while column < columns.count {
        let left = columns.count - column;
        let width = left.div_ceil(left.div_ceil(6));
        let outputs = match width {
            1 => 64,
            2 | 3 => 32,
            _ => 16,
        };
        for output in (0..matrix.outputs).step_by(outputs) {
            let tile = Tile { matrix, from, to: to.as_mut_ptr(), columns, column, output };
            // SAFETY: `column + width` is at most the count, and the caller vouches for the columns; outputs are a
            // multiple of 64, so that a whole number of 16, 32 or 64 lies within one panel.
            unsafe {
                match width {
                    1 => tile.compute::<8, 1>(),
                    2 => tile.compute::<4, 2>(),
                    3 => tile.compute::<4, 3>(),
                    4 => tile.compute::<2, 4>(),
                    5 => tile.compute::<2, 5>(),
                    _ => tile.compute::<2, 6>(),
                }
            }
        }
        column += width;
    }
}

/// The columns from `column` on, and the outputs from `output` on.
struct Tile<'a> {
    matrix: &'a Matrix,
    from: &'a [f32],
    to: *mut f32,
    columns: Columns,
    column: usize,
    output: usize,
}

impl Tile<'_> {
    /// `V` vectors of outputs for `C` columns, all in registers.
    ///
    /// # Safety
    /// `V * 8` outputs from `output` on must lie within one panel; `C` columns from `column` on within their buffers.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn compute<const V: usize, const C: usize>(&self) {
        let inputs = self.matrix.inputs;
        // Plain loops, here and below: what the library does with a closure that has features, it does not inline.
        let mut offsets = [(0, 0); C];
        for (index, offset) in offsets.iter_mut().enumerate() {
            *offset = self.columns.offsets(self.column + index);
        }
        // SAFETY: the caller vouches for the outputs and the columns. A vector of weights is read at a row below
        // `inputs` and within its 64 floats, aligned because rows are and `output` is a multiple of 16; inputs are
        // read below `inputs`; outputs are read and written at whole vectors of one panel, and no two columns share any.
        unsafe {
            let rows = self.matrix.rows.as_ptr().add(self.output / PANEL * inputs);
            let weights = rows.cast::<f32>().add(self.output % PANEL);
            let from = offsets.map(|(start, _)| self.from.as_ptr().add(start));
            let to = offsets.map(|(_, target)| self.to.add(target + self.output));

            let mut sums = [[_mm256_setzero_ps(); V]; C];
            for (sums, to) in sums.iter_mut().zip(to) {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm256_loadu_ps(to.add(vector * 8));
                }
            }
            for input in 0..inputs {
                let mut row = [_mm256_setzero_ps(); V];
                for (vector, weight) in row.iter_mut().enumerate() {
                    *weight = _mm256_load_ps(weights.add(input * PANEL + vector * 8));
                }
                for (sums, from) in sums.iter_mut().zip(from) {
                    let value = _mm256_set1_ps(*from.add(input));
                    for (sum, weight) in sums.iter_mut().zip(row) {
                        *sum = _mm256_fmadd_ps(weight, value, *sum);
                    }
                }
            }
            for (to, sums) in to.into_iter().zip(sums) {
                for (vector, sum) in sums.into_iter().enumerate() {
                    _mm256_storeu_ps(to.add(vector * 8), sum);
                }
            }
        }
    }
}
