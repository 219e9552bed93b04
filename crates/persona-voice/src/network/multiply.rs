//! The product that the kernels compute, and the plain form of it.

use super::columns::Columns;
use super::matrix::{Matrix, PANEL};

/// A way to multiply. A value of the type proves that the processor can.
pub(super) trait Multiply: Copy {
    /// Adds to each output column the product of the matrix with the input column. Inputs are added one after the
    /// other. Panics if a column leaves its buffer.
    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns);
}

/// For any processor.
#[derive(Clone, Copy)]
pub(super) struct Scalar;

impl Multiply for Scalar {
    fn accumulate(self, matrix: &Matrix, from: &[f32], to: &mut [f32], columns: Columns) {
        columns.check(matrix.inputs, from, matrix.outputs, to);
        for (index, panel) in matrix.rows.chunks_exact(matrix.inputs).enumerate() {
            for column in 0..columns.count {
                let (start, target) = columns.offsets(column);
                let target = &mut to[target + index * PANEL..][..PANEL];
                for (row, &value) in panel.iter().zip(&from[start..]) {
                    for (sum, weight) in target.iter_mut().zip(&row.0) {
                        *sum += weight * value;
                    }
                }
            }
        }
    }
}
