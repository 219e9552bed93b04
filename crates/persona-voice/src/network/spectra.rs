//! Spectra of any windows, for who wants no more of the network.

use super::kernel::Chosen;
use super::layers::Layers;
use super::multiply::Multiply;
use super::spectrum::Transform;
use crate::Rate;

/// Windows that are transformed at once at least: their number must be a multiple of it.
const TOGETHER: usize = 4;

/// The Fourier transform of windows of 16 ms, with the fastest kernel.
pub(crate) struct Spectra(Chosen);

impl Default for Spectra {
    fn default() -> Self {
        Self(Chosen::fastest())
    }
}

impl Spectra {
    /// Magnitudes of a window.
    pub(crate) fn bins(rate: Rate) -> usize {
        Layers::of(rate).transform.bins()
    }

    /// Writes the magnitudes of windows that lie one after the other. Both grow by what completes the last few windows.
    pub(crate) fn magnitudes(&self, rate: Rate, windows: &mut Vec<f32>, magnitudes: &mut Vec<f32>) {
        let transform = &Layers::of(rate).transform;
        let count = windows.len().div_ceil(transform.length()).next_multiple_of(TOGETHER);
        windows.resize(count * transform.length(), 0.0);
        magnitudes.resize(count * transform.bins(), 0.0);
        self.0.spectra(transform, windows, magnitudes);
    }
}

/// `L` windows at once, as long as there are so many. Inlined into a function of each kernel, as `forward` is.
#[inline(always)]
pub(super) fn spectra<M: Multiply, const L: usize>(
    _multiply: M,
    transform: &Transform,
    windows: &[f32],
    magnitudes: &mut [f32],
) {
    let (window, bins) = (transform.length(), transform.bins());
    let count = windows.len() / window;
    let mut done = 0;
    while done < count {
        let (from, to) = (&windows[done * window..], &mut magnitudes[done * bins..]);
        if count - done >= L {
            transform.magnitudes::<L>(M::FUSED, from, std::array::from_fn(|lane| lane * window), to);
            done += L;
        } else {
            let starts = std::array::from_fn(|lane| lane * window);
            transform.magnitudes::<TOGETHER>(M::FUSED, from, starts, to);
            done += TOGETHER;
        }
    }
}
