//! Bytes to samples, however they are cut.

use super::format::{Encoding, Format};
use super::g711::{ALAW, MULAW};

/// Remembers the beginning of a sample whose end has not come yet.
pub(super) struct Reader {
    format: Format,
    partial: [u8; 4 * Format::MOST_CHANNELS as usize],
    held: usize,
}

impl Reader {
    pub(super) fn new(format: Format) -> Self {
        Self { format, partial: [0; _], held: 0 }
    }

    /// Gives the samples of the chosen channel, clipped to -1 to 1, to `take`, until that wants no more. What is not a
    /// finite number is given as `None`. Answers how many bytes were used.
    pub(super) fn read(&mut self, bytes: &[u8], take: impl FnMut(Option<f32>) -> Flow) -> usize {
        match self.format.encoding() {
            Encoding::Mulaw => self.each(bytes, take, |[byte]| Some(MULAW[usize::from(byte)])),
            Encoding::Alaw => self.each(bytes, take, |[byte]| Some(ALAW[usize::from(byte)])),
            Encoding::Pcm8 => self.each(bytes, take, |[byte]| Some((f32::from(byte) - 128.0) / 128.0)),
            Encoding::Pcm16 => {
                self.each(bytes, take, |bytes| Some(f32::from(i16::from_le_bytes(bytes)) / 32_768.0))
            }
            Encoding::Pcm24 => self.each(bytes, take, |[low, middle, high]| {
                Some(i32::from_le_bytes([0, low, middle, high]) as f32 / 2_147_483_648.0)
            }),
            Encoding::Pcm32 => {
                self.each(bytes, take, |bytes| Some(i32::from_le_bytes(bytes) as f32 / 2_147_483_648.0))
            }
            Encoding::Float32 => self.each(bytes, take, |bytes| {
                let value = f32::from_le_bytes(bytes);
                value.is_finite().then_some(value.clamp(-1.0, 1.0))
            }),
        }
    }

    /// As many whole samples as fit, by the vector: for 16 bits of one channel, which most voices send. Answers how many; none
    /// for other formats, and in the middle of a sample.
    pub(super) fn fill(&self, bytes: &[u8], samples: &mut [f32]) -> usize {
        if self.held > 0 || self.format.encoding() != Encoding::Pcm16 || self.format.block() != 2 {
            return 0;
        }
        let pairs = bytes.as_chunks().0;
        for (sample, &pair) in samples.iter_mut().zip(pairs) {
            *sample = f32::from(i16::from_le_bytes(pair)) / 32_768.0;
        }
        pairs.len().min(samples.len())
    }

    /// Whether the last bytes were no whole sample.
    pub(super) fn is_partial(&self) -> bool {
        self.held > 0
    }

    fn each<const WIDTH: usize>(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(Option<f32>) -> Flow,
        decode: impl Fn([u8; WIDTH]) -> Option<f32>,
    ) -> usize {
        let (block, offset) = (self.format.block(), self.format.offset());
        let mut decode = |block: &[u8]| {
            let sample = block[offset..].first_chunk().and_then(|bytes| decode(*bytes));
            take(sample)
        };
        let mut used = 0;
        if self.held > 0 {
            used = (block - self.held).min(bytes.len());
            self.partial[self.held..self.held + used].copy_from_slice(&bytes[..used]);
            self.held += used;
            if self.held < block {
                return used;
            }
            self.held = 0;
            if decode(&self.partial[..block]) == Flow::Stop {
                return used;
            }
        }
        for bytes in bytes[used..].chunks_exact(block) {
            used += block;
            if decode(bytes) == Flow::Stop {
                return used;
            }
        }
        let rest = &bytes[used..];
        self.partial[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
        bytes.len()
    }
}

/// Whether a reader goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    More,
    Stop,
}
