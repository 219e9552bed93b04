//! How alike vectors are: exact, over everything that is given.

use napi::bindgen_prelude::{Float32ArraySlice, Float64ArraySlice};
use napi::{Error, Result, Status as Code};
use napi_derive::napi;

/// Sums are kept in so many parts, so that the compiler adds them up side by side.
const PARTS: usize = 8;

/// Writes the cosine of `query` and each of the vectors that lie in `packed`, one behind the other, into `scores`; 0
/// where there is no direction, in a vector of zeros. Each of them must be as long as `query`.
#[napi(catch_unwind)]
pub(crate) fn cosines(
    query: Float32ArraySlice,
    packed: Float32ArraySlice,
    mut scores: Float64ArraySlice,
) -> Result<()> {
    // SAFETY: this runs on the JavaScript thread, which does nothing else meanwhile, and keeps no reference.
    let scores = unsafe { scores.as_mut() };
    if query.is_empty() || packed.len() != query.len() * scores.len() {
        let reason = format!("{} numbers are not {} vectors of {}", packed.len(), scores.len(), query.len());
        return Err(Error::new(Code::InvalidArg, reason));
    }
    let length = dot(&query, &query).sqrt();
    for (score, vector) in scores.iter_mut().zip(packed.chunks_exact(query.len())) {
        let lengths = length * dot(vector, vector).sqrt();
        *score = if lengths > 0.0 { dot(&query, vector) / lengths } else { 0.0 };
    }
    Ok(())
}

/// In double precision: neither the largest numbers nor the longest vectors overflow it.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0; PARTS];
    let (parts_of_a, parts_of_b) = (a.chunks_exact(PARTS), b.chunks_exact(PARTS));
    let rest: f64 = parts_of_a
        .remainder()
        .iter()
        .zip(parts_of_b.remainder())
        .map(|(x, y)| f64::from(*x) * f64::from(*y))
        .sum();
    for (x, y) in parts_of_a.zip(parts_of_b) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += f64::from(*x) * f64::from(*y);
        }
    }
    sums.iter().sum::<f64>() + rest
}
