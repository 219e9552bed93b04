//! Silero VAD v6.2 (MIT, `weights/LICENSE`), computed for many streams at once.
//!
//! A frame goes through a Fourier transform of four windows, four convolutions, an LSTM of 128 units and one dot
//! product: 354 k multiply-adds at 16 kHz. Nearly all are products of a matrix with a column for each stream and
//! window; [`Multiply`](multiply::Multiply) is what the kernels do differently, everything else is written once and
//! compiled for each of them.
//!
//! Every output is summed over its inputs in the same order, however many streams are computed together, and AVX2
//! rounds as AVX-512 does: a stream's probabilities depend on nobody else's presence.

#![expect(
    clippy::inline_always,
    reason = "what is inlined into a kernel's function is compiled for its processors"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod columns;
mod exp;
mod forward;
mod kernel;
mod layers;
mod matrix;
mod multiply;
mod scratch;
mod silero;
mod spectra;
mod spectrum;

pub use kernel::Kernel;
pub use silero::{Memory, Silero};
pub(crate) use spectra::Spectra;
