//! Products by vectors of sixteen.

use std::arch::x86_64::{
    _mm512_add_ps, _mm512_fmadd_ps, _mm512_load_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_storeu_ps,
};

use super::columns::{Columns, Live};
use super::forward::forward;
use super::layers::Layers;
use super::matrix::{Matrix, PANEL};
use super::multiply::Multiply;
use super::scratch::Scratch;
use super::spectra::spectra;
use super::spectrum::Transform;

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

    pub(super) fn spectra(self, transform: &Transform, windows: &[f32], magnitudes: &mut [f32]) {
        // SAFETY: `detect` is the only maker of `self`, and it found the feature.
        unsafe { transformed(self, transform, windows, magnitudes) }
    }
}

#[target_feature(enable = "avx512f")]
fn compiled(avx512: Avx512, layers: &Layers, buffers: &mut Scratch, count: usize) {
    forward::<_, 16>(avx512, layers, buffers, count);
}

#[target_feature(enable = "avx512f")]
fn transformed(avx512: Avx512, transform: &Transform, windows: &[f32], magnitudes: &mut [f32]) {
    spectra::<_, 16>(avx512, transform, windows, magnitudes);
}

impl Multiply for Avx512 {
    const FUSED: bool = true;

    #[inline]
    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
        let places = columns.places(matrix.inputs, from, matrix.outputs, to);
        // SAFETY: `detect` is the only maker of `self`, and it found the feature; the places were checked for these
        // buffers and this matrix.
        unsafe { accumulate(matrix, from, to, places.list()) }
    }
}

/// The fewer columns, the more outputs at once: one sum after the other would wait for itself. With many, the weights of
/// four panels stay in a near cache until all columns have had them.
///
/// # Safety
/// Every place must have room for the matrix in its buffer (`Columns::places`).
#[target_feature(enable = "avx512f")]
unsafe fn accumulate(matrix: &Matrix, from: &[f32], to: &mut [f32], places: &[(usize, usize)]) {
    let to = to.as_mut_ptr();
    let panels = matrix.outputs / PANEL;
    // SAFETY: there are `C` places; the panels are a multiple of four, and eight are taken only where eight are left; inputs
    // are below the matrix's. The rest is the caller's promise.
    unsafe {
        if let 1..=3 = places.len() {
            let live = Live::find(matrix.inputs, from, places);
            let mut panel = 0;
            while panel < panels {
                let tile = Tile { matrix, from, to, panel };
                let eight = panel + 8 <= panels;
                match (places.len(), eight) {
                    (1, true) => tile.compute::<8, 1>(places, live.iter()),
                    (1, false) => tile.compute::<4, 1>(places, live.iter()),
                    (2, true) => tile.compute::<8, 2>(places, live.iter()),
                    (2, false) => tile.compute::<4, 2>(places, live.iter()),
                    (_, true) => tile.compute::<8, 3>(places, live.iter()),
                    (_, false) => tile.compute::<4, 3>(places, live.iter()),
                }
                panel += if eight { 8 } else { 4 };
            }
            return;
        }
        for panel in (0..panels).step_by(4) {
            let tile = Tile { matrix, from, to, panel };
            let mut rest = places;
            while !rest.is_empty() {
                let width = rest.len().div_ceil(rest.len().div_ceil(6));
                let (now, later) = rest.split_at(width);
                match width {
                    3 => tile.compute::<4, 3>(now, 0..matrix.inputs),
                    4 => tile.compute::<4, 4>(now, 0..matrix.inputs),
                    5 => tile.compute::<4, 5>(now, 0..matrix.inputs),
                    _ => tile.compute::<4, 6>(now, 0..matrix.inputs),
                }
                rest = later;
            }
        }
    }
}

/// The outputs of the panels from `panel` on.
struct Tile<'a> {
    matrix: &'a Matrix,
    from: &'a [f32],
    to: *mut f32,
    panel: usize,
}

impl Tile<'_> {
    /// `V` vectors of outputs for `C` columns, all in registers.
    ///
    /// # Safety
    /// There must be `C` places with room for the matrix in its buffers, and `V` panels from `panel` on; the inputs must be
    /// below the matrix's.
    #[target_feature(enable = "avx512f")]
    unsafe fn compute<const V: usize, const C: usize>(
        &self,
        places: &[(usize, usize)],
        inputs: impl Iterator<Item = usize>,
    ) {
        // SAFETY: the caller vouches for the panels, the places and the inputs. A vector of weights is a row, read at an
        // input of its panel, aligned because rows are; columns are read at inputs and read and written at whole vectors
        // of the panels' outputs, and no two columns share any.
        unsafe {
            let rows = self.matrix.rows.as_ptr().add(self.panel * self.matrix.inputs);
            let mut weights = [rows.cast::<f32>(); V];
            let (mut from, mut to) = ([self.from.as_ptr(); C], [self.to; C]);
            // Plain loops, here and below: what the library does with a closure that has features, it does not inline.
            for (vector, weights) in weights.iter_mut().enumerate() {
                *weights = weights.add(vector * self.matrix.inputs * PANEL);
            }
            for (column, &(start, target)) in places.iter().enumerate().take(C) {
                from[column] = from[column].add(start);
                to[column] = to[column].add(target + self.panel * PANEL);
            }

            let mut sums = [[_mm512_setzero_ps(); V]; C];
            for input in inputs {
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
                    let to = to.add(vector * 16);
                    _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), sum));
                }
            }
        }
    }
}
