//! The two curves of the LSTM. Branchless, so that the compiler can compute them by the vector, and without fused
//! multiply-adds, so that every kernel gets the same bits.

#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// After `expf` of the Cephes library: 2^n times a polynomial of the rest; relative error below 2e-7.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding it rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first of few enough bits that its product with n is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const POLYNOMIAL: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];

    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let rest = x - n * LN_2[0] - n * LN_2[1];
    let series = POLYNOMIAL.into_iter().fold(0.0, |sum, coefficient| sum * rest + coefficient);
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    (series * rest * rest + rest + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_exact_to_single_precision() {
        for step in -100_000..=100_000_i32 {
            let x = step as f32 / 1_000.0;
            let exact = f64::from(x);
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-exact).exp())).abs() < 2e-7, "sigmoid({x})");
            assert!((f64::from(tanh(x)) - exact.tanh()).abs() < 3e-7, "tanh({x})");
        }
    }

    #[test]
    fn far_out_the_curves_are_flat() {
        for x in [-f32::MAX, f32::MAX] {
            assert_eq!((sigmoid(x).round(), tanh(x)), (f32::from(u8::from(x > 0.0)), x.signum()));
        }
    }
}
