//! The product that the kernels compute, and the plain form of it.

use super::columns::Columns;
use super::matrix::{Matrix, PANEL};

/// A way to multiply. A value of the type proves that the processor can.
pub(super) trait Multiply: Copy {
    /// Whether the processor multiplies and adds at once.
    const FUSED: bool;

    /// Adds to each output column the product of the matrix with the input column, which is summed by itself, one input
    /// after the other: small values would be lost in what is there. Panics if a column leaves its buffer.
    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns);
}

/// For any processor.
#[derive(Clone, Copy)]
pub(super) struct Scalar;

impl Multiply for Scalar {
    const FUSED: bool = false;

    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
        let places = columns.places(matrix.inputs, from, matrix.outputs, to);
        for (index, panel) in matrix.rows.chunks_exact(matrix.inputs).enumerate() {
            for &(start, target) in places.list() {
                let target = &mut to[target + index * PANEL..][..PANEL];
                let mut sums = [0.0; PANEL];
                for (row, &value) in panel.iter().zip(&from[start..]) {
                    for (sum, weight) in sums.iter_mut().zip(&row.0) {
                        *sum += weight * value;
                    }
                }
                for (target, sum) in target.iter_mut().zip(sums) {
                    *target += sum;
                }
            }
        }
    }
}
