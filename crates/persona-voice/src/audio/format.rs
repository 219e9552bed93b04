//! How sound arrives.

use super::filter::Filter;
use crate::{Fault, Rate};

/// How a sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Unsigned bytes around 128.
    Pcm8,
    /// Signed 16-bit integers, little endian.
    Pcm16,
    /// Signed 24-bit integers, little endian.
    Pcm24,
    /// Signed 32-bit integers, little endian.
    Pcm32,
    /// 32-bit floats, little endian, from -1 to 1; beyond they are clipped.
    Float32,
    /// G.711 µ-law, a byte each.
    Mulaw,
    /// G.711 A-law, a byte each.
    Alaw,
}

impl Encoding {
    /// Bytes of a sample.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Pcm8 | Self::Mulaw | Self::Alaw => 1,
            Self::Pcm16 => 2,
            Self::Pcm24 => 3,
            Self::Pcm32 | Self::Float32 => 4,
        }
    }
}

/// A checked description of incoming sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    hz: u32,
    encoding: Encoding,
    channels: u8,
    channel: u8,
}

impl Format {
    /// Channels of one stream at most.
    pub(super) const MOST_CHANNELS: u8 = 8;

    /// Samples per second and channel, interleaved channels, and which of them to listen to, counted from 0.
    ///
    /// # Errors
    /// [`Fault::UnknownRate`], [`Fault::BadChannel`].
    pub fn new(hz: u32, encoding: Encoding, channels: u8, channel: u8) -> Result<Self, Fault> {
        if !matches!(hz, 8_000 | 16_000) && Filter::from_hz(hz).is_none() {
            return Err(Fault::UnknownRate);
        }
        if !(1..=Self::MOST_CHANNELS).contains(&channels) || channel >= channels {
            return Err(Fault::BadChannel);
        }
        Ok(Self { hz, encoding, channels, channel })
    }

    /// One channel.
    ///
    /// # Errors
    /// [`Fault::UnknownRate`].
    pub fn mono(hz: u32, encoding: Encoding) -> Result<Self, Fault> {
        Self::new(hz, encoding, 1, 0)
    }

    /// Samples per second and channel, as they arrive.
    #[must_use]
    pub fn hz(self) -> u32 {
        self.hz
    }

    /// The rate inside: that of all times and of the sound that is kept.
    #[must_use]
    pub fn rate(self) -> Rate {
        Rate::within(self.hz)
    }

    /// How its samples are written.
    #[must_use]
    pub fn encoding(self) -> Encoding {
        self.encoding
    }

    /// Interleaved channels.
    #[must_use]
    pub fn channels(self) -> u8 {
        self.channels
    }

    /// Bytes of one sample of every channel.
    #[must_use]
    pub fn block(self) -> usize {
        self.encoding.width() * usize::from(self.channels)
    }

    /// Where the chosen channel begins in a block.
    pub(super) fn offset(self) -> usize {
        self.encoding.width() * usize::from(self.channel)
    }
}
