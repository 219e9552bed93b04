//! Products by vectors of eight.

use std::arch::x86_64::{
    _mm256_add_ps, _mm256_fmadd_ps, _mm256_load_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_storeu_ps,
};

use super::columns::{Columns, Live};
use super::forward::forward;
use super::layers::Layers;
use super::matrix::{Matrix, PANEL};
use super::multiply::Multiply;
use super::scratch::Scratch;
use super::spectra::spectra;
use super::spectrum::Transform;

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

    pub(super) fn spectra(self, transform: &Transform, windows: &[f32], magnitudes: &mut [f32]) {
        // SAFETY: `detect` is the only maker of `self`, and it found the features.
        unsafe { transformed(self, transform, windows, magnitudes) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn compiled(avx2: Avx2, layers: &Layers, buffers: &mut Scratch, count: usize) {
    forward::<_, 8>(avx2, layers, buffers, count);
}

#[target_feature(enable = "avx2,fma")]
fn transformed(avx2: Avx2, transform: &Transform, windows: &[f32], magnitudes: &mut [f32]) {
    spectra::<_, 8>(avx2, transform, windows, magnitudes);
}

impl Multiply for Avx2 {
    const FUSED: bool = true;

    #[inline]
    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
        let places = columns.places(matrix.inputs, from, matrix.outputs, to);
        // SAFETY: `detect` is the only maker of `self`, and it found the features; the places were checked for these
        // buffers and this matrix.
        unsafe { accumulate(matrix, from, to, places.list()) }
    }
}

/// The fewer columns, the more outputs at once, so that eight to twelve sums are always under way. With many, the weights
/// of a panel stay in the first cache until all columns have had them. Three columns are the windows of one stream's
/// spectrum, in which nothing is zero.
///
/// # Safety
/// Every place must have room for the matrix in its buffer (`Columns::places`).
#[target_feature(enable = "avx2,fma")]
unsafe fn accumulate(matrix: &Matrix, from: &[f32], to: &mut [f32], places: &[(usize, usize)]) {
    let to = to.as_mut_ptr();
    let panels = matrix.outputs / PANEL;
    // SAFETY: there are `C` places; the panels are a multiple of four, so that a whole number of one, two or four is left;
    // inputs are below the matrix's. The rest is the caller's promise.
    unsafe {
        if let 1..=2 = places.len() {
            let live = Live::find(matrix.inputs, from, places);
            let step = if places.len() == 1 { 4 } else { 2 };
            for panel in (0..panels).step_by(step) {
                let tile = Tile { matrix, from, to, panel };
                match places.len() {
                    1 => tile.compute::<8, 1>(places, live.iter()),
                    _ => tile.compute::<4, 2>(places, live.iter()),
                }
            }
            return;
        }
        if places.len() == 3 {
            for panel in (0..panels).step_by(2) {
                Tile { matrix, from, to, panel }.compute::<4, 3>(places, 0..matrix.inputs);
            }
            return;
        }
        for panel in 0..panels {
            let tile = Tile { matrix, from, to, panel };
            let mut rest = places;
            while !rest.is_empty() {
                let width = rest.len().div_ceil(rest.len().div_ceil(6));
                let (now, later) = rest.split_at(width);
                match width {
                    3 => tile.compute::<2, 3>(now, 0..matrix.inputs),
                    4 => tile.compute::<2, 4>(now, 0..matrix.inputs),
                    5 => tile.compute::<2, 5>(now, 0..matrix.inputs),
                    _ => tile.compute::<2, 6>(now, 0..matrix.inputs),
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
    /// There must be `C` places with room for the matrix in its buffers, and `V / 2` panels from `panel` on; the inputs must
    /// be below the matrix's.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn compute<const V: usize, const C: usize>(
        &self,
        places: &[(usize, usize)],
        inputs: impl Iterator<Item = usize>,
    ) {
        // SAFETY: the caller vouches for the panels, the places and the inputs. A vector of weights is half a row, read at
        // an input of its panel, aligned because rows are; columns are read at inputs and read and written at whole
        // vectors of the panels' outputs, and no two columns share any.
        unsafe {
            let rows = self.matrix.rows.as_ptr().add(self.panel * self.matrix.inputs);
            let mut weights = [rows.cast::<f32>(); V];
            let (mut from, mut to) = ([self.from.as_ptr(); C], [self.to; C]);
            // Plain loops, here and below: what the library does with a closure that has features, it does not inline.
            for (vector, weights) in weights.iter_mut().enumerate() {
                *weights = weights.add(vector / 2 * self.matrix.inputs * PANEL + vector % 2 * 8);
            }
            for (column, &(start, target)) in places.iter().enumerate().take(C) {
                from[column] = from[column].add(start);
                to[column] = to[column].add(target + self.panel * PANEL);
            }

            let mut sums = [[_mm256_setzero_ps(); V]; C];
            for input in inputs {
                // What there is less of is kept in registers, so that all sums have one.
                if C < V {
                    let mut values = [_mm256_setzero_ps(); C];
                    for (value, from) in values.iter_mut().zip(from) {
                        *value = _mm256_set1_ps(*from.add(input));
                    }
                    for (vector, weights) in weights.into_iter().enumerate() {
                        let weight = _mm256_load_ps(weights.add(input * PANEL));
                        for (sums, value) in sums.iter_mut().zip(values) {
                            sums[vector] = _mm256_fmadd_ps(weight, value, sums[vector]);
                        }
                    }
                } else {
                    let mut row = [_mm256_setzero_ps(); V];
                    for (weight, weights) in row.iter_mut().zip(weights) {
                        *weight = _mm256_load_ps(weights.add(input * PANEL));
                    }
                    for (sums, from) in sums.iter_mut().zip(from) {
                        let value = _mm256_set1_ps(*from.add(input));
                        for (sum, weight) in sums.iter_mut().zip(row) {
                            *sum = _mm256_fmadd_ps(weight, value, *sum);
                        }
                    }
                }
            }
            for (to, sums) in to.into_iter().zip(sums) {
                for (vector, sum) in sums.into_iter().enumerate() {
                    let to = to.add(vector * 8);
                    _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), sum));
                }
            }
        }
    }
}
