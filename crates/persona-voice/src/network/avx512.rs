//! Products by vectors of sixteen.

use std::arch::x86_64::{
    _mm512_fmadd_ps, _mm512_load_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::columns::Columns;
use super::forward::forward;
use super::layers::Layers;
use super::matrix::{Matrix, PANEL};
use super::multiply::Multiply;
use super::scratch::Scratch;

/// Proof that the processor has AVX-512.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_x86_feature_detected!("avx512f").then_some(Self(()))
    }

    pub(super) fn forward(self, layers: &Layers, buffers: &mut Scratch, count: usize) {
        // SAFETY: `detect` is the only maker of `self`, and it found the feature.
        unsafe { compiled(self, layers, buffers, count) }
    }
}

#[target_feature(enable = "avx512f")]
fn compiled(avx512: Avx512, layers: &Layers, buffers: &mut Scratch, count: usize) {
    forward::<_, 16>(avx512, layers, buffers, count);
}

impl Multiply for Avx512 {
    #[inline]
    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
        columns.check(matrix.inputs, from, matrix.outputs, to);
        // SAFETY: `detect` is the only maker of `self`, and it found the feature; the columns have just been checked.
        unsafe { accumulate(matrix, from, to, columns) }
    }
}

/// Few columns take two panels at once: one sum after the other would wait for itself.
///
/// # Safety
/// Every column must lie within its buffer (`Columns::check`).
#[target_feature(enable = "avx512f")]
unsafe fn accumulate(matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
    let panels = matrix.outputs / PANEL;
    let mut column = 0;
    while column < columns.count {
        let left = columns.count - column;
        let width = left.div_ceil(left.div_ceil(6));
        let mut panel = 0;
        while panel < panels {
            let tile = Tile { matrix, from, to: to.as_mut_ptr(), columns, column, panel };
            let both = width <= 3 && panel + 2 <= panels;
            // SAFETY: `column + width` is at most the count, and the caller vouches for the columns; the tile's
            // panels lie within the matrix, because two are taken only where two are left.
            unsafe {
                match (width, both) {
                    (1, true) => tile.compute::<8, 1>(),
                    (2, true) => tile.compute::<8, 2>(),
                    (3, true) => tile.compute::<8, 3>(),
                    (1, false) => tile.compute::<4, 1>(),
                    (2, false) => tile.compute::<4, 2>(),
                    (3, false) => tile.compute::<4, 3>(),
                    (4, _) => tile.compute::<4, 4>(),
                    (5, _) => tile.compute::<4, 5>(),
                    _ => tile.compute::<4, 6>(),
                }
            }
            panel += if both { 2 } else { 1 };
        }
        column += width;
    }
}

/// The columns from `column` on, and the outputs of the panels from `panel` on.
struct Tile<'a> {
    matrix: &'a Matrix,
    from: &'a [f32],
    to: *mut f32,
    columns: Columns,
    column: usize,
    panel: usize,
}

impl Tile<'_> {
    /// `V` vectors of outputs for `C` columns, all in registers.
    ///
    /// # Safety
    /// The matrix must have `V / 4` panels from `panel` on; `C` columns from `column` on must lie within their buffers.
    #[target_feature(enable = "avx512f")]
    unsafe fn compute<const V: usize, const C: usize>(&self) {
        let inputs = self.matrix.inputs;
        // Plain loops, here and below: what the library does with a closure that has features, it does not inline.
        let mut offsets = [(0, 0); C];
        for (index, offset) in offsets.iter_mut().enumerate() {
            *offset = self.columns.offsets(self.column + index);
        }
        // SAFETY: the caller vouches for the panels and the columns. A vector of weights is read at a row below
        // `inputs` and within its 64 floats, aligned because rows are; inputs are read below `inputs`; outputs are
        // read and written at whole vectors below the matrix's outputs, and no two columns share any.
        unsafe {
            let rows = self.matrix.rows.as_ptr().add(self.panel * inputs);
            let mut weights = [rows.cast::<f32>(); V];
            for (vector, weights) in weights.iter_mut().enumerate() {
                *weights = weights.add(vector / 4 * inputs * PANEL + vector % 4 * 16);
            }
            let from = offsets.map(|(start, _)| self.from.as_ptr().add(start));
            let to = offsets.map(|(_, target)| self.to.add(target + self.panel * PANEL));

            let mut sums = [[_mm512_setzero_ps(); V]; C];
            for (sums, to) in sums.iter_mut().zip(to) {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm512_loadu_ps(to.add(vector * 16));
                }
            }
            for input in 0..inputs {
                let mut row = [_mm512_setzero_ps(); V];
                for (weight, weights) in row.iter_mut().zip(weights) {
                    *weight = _mm512_load_ps(weights.add(input * PANEL));
                }
                for (sums, from) in sums.iter_mut().zip(from) {
                    let value = _mm512_set1_ps(*from.add(input));
                    for (sum, weight) in sums.iter_mut().zip(row) {
                        *sum = _mm512_fmadd_ps(weight, value, *sum);
                    }
                }
            }
            for (to, sums) in to.into_iter().zip(sums) {
                for (vector, sum) in sums.into_iter().enumerate() {
                    _mm512_storeu_ps(to.add(vector * 16), sum);
                }
            }
        }
    }
}
