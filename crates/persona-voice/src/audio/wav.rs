//! Just enough of WAV files.

use std::ops::Range;

use super::{Encoding, Format};
use crate::Fault;

/// No length from here on is believed of a file that is shorter.
const UNKNOWN: usize = 0x7fff_0000;

/// What a WAV file holds, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wav {
    /// With the first channel chosen.
    pub format: Format,
    /// The bytes of the samples within the file, whole samples of all channels.
    pub data: Range<usize>,
}

impl Wav {
    /// Reads the header of a file that is given whole. A length as writers leave it who do not know it yet means up to
    /// the end: 0, or 2^32 - 1, or somewhat less than 2^31 (`sox` and `espeak-ng` into a pipe).
    ///
    /// # Errors
    /// [`Fault::BadWav`] if it is no WAV file or its header contradicts itself; [`Fault::WavTruncated`] if it ends
    /// before the header says so; [`Fault::UnknownEncoding`], [`Fault::UnknownRate`], [`Fault::BadChannel`].
    pub fn parse(file: &[u8]) -> Result<Self, Fault> {
        let mut rest = file.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).ok_or(Fault::BadWav)?;
        rest = rest.strip_prefix(b"WAVE").ok_or(Fault::BadWav)?;
        let mut format = None;
        while let Some((head, body)) = rest.split_at_checked(8) {
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            if &head[..4] == b"data" {
                let format: Format = format.ok_or(Fault::BadWav)?;
                let unknown = length == 0 || length >= UNKNOWN && length > body.len();
                let length = if unknown { body.len() } else { length };
                if length > body.len() {
                    return Err(Fault::WavTruncated);
                }
                let start = file.len() - body.len();
                return Ok(Self { format, data: start..start + length - length % format.block() });
            }
            // Chunks are padded to even lengths.
            let (body, after) =
                body.split_at_checked(length.next_multiple_of(2)).ok_or(Fault::WavTruncated)?;
            if &head[..4] == b"fmt " {
                format = Some(read_format(&body[..length])?);
            }
            rest = after;
        }
        Err(if format.is_some() { Fault::WavTruncated } else { Fault::BadWav })
    }
}

fn read_format(body: &[u8]) -> Result<Format, Fault> {
    let word = |at: usize| {
        body.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]])).ok_or(Fault::BadWav)
    };
    let (low, high) = (word(4)?, word(6)?);
    let hz = u32::from(low) | u32::from(high) << 16;
    // An extensible header keeps the true tag at the beginning of a longer one.
    let tag = if word(0)? == 0xfffe { word(24)? } else { word(0)? };
    let encoding = match (tag, word(14)?) {
        (1, 8) => Encoding::Pcm8,
        (1, 16) => Encoding::Pcm16,
        (1, 24) => Encoding::Pcm24,
        (1, 32) => Encoding::Pcm32,
        (3, 32) => Encoding::Float32,
        (6, 8) => Encoding::Alaw,
        (7, 8) => Encoding::Mulaw,
        _ => return Err(Fault::UnknownEncoding),
    };
    let format = Format::new(hz, encoding, u8::try_from(word(2)?).unwrap_or(u8::MAX), 0)?;
    if usize::from(word(12)?) == format.block() { Ok(format) } else { Err(Fault::BadWav) }
}
