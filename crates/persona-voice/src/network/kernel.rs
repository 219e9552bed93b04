//! Which instructions multiply.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::forward::forward;
use super::layers::Layers;
use super::multiply::Scalar;
use super::scratch::Scratch;
use super::spectra::spectra;
use super::spectrum::Transform;
use crate::Fault;

/// The instructions that the network is computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Those that every processor has.
    Scalar,
    /// AVX2 with fused multiply-adds.
    Avx2,
    /// AVX-512 (its foundation).
    Avx512,
}

impl Kernel {
    /// Every kernel, the slowest first.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    /// Whether this processor can.
    #[must_use]
    pub fn is_available(self) -> bool {
        Chosen::new(self).is_ok()
    }

    /// The fastest that this processor can.
    #[must_use]
    pub fn fastest() -> Self {
        Self::ALL.into_iter().rev().find(|kernel| kernel.is_available()).unwrap_or(Self::Scalar)
    }
}

/// A kernel that this processor can run.
pub(super) enum Chosen {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Chosen {
    pub(super) fn new(kernel: Kernel) -> Result<Self, Fault> {
        match kernel {
            Kernel::Scalar => Some(Self::Scalar),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => Avx512::detect().map(Self::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx2 | Kernel::Avx512 => None,
        }
        .ok_or(Fault::KernelUnavailable)
    }

    pub(super) fn fastest() -> Self {
        Self::new(Kernel::fastest()).unwrap_or(Self::Scalar)
    }

    pub(super) fn spectra(&self, transform: &Transform, windows: &[f32], magnitudes: &mut [f32]) {
        match self {
            Self::Scalar => spectra::<_, 4>(Scalar, transform, windows, magnitudes),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.spectra(transform, windows, magnitudes),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.spectra(transform, windows, magnitudes),
        }
    }

    pub(super) fn forward(&self, layers: &Layers, buffers: &mut Scratch, count: usize) {
        match self {
            Self::Scalar => forward::<_, 4>(Scalar, layers, buffers, count),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.forward(layers, buffers, count),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.forward(layers, buffers, count),
        }
    }
}
