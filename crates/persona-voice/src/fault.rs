//! Expected failures, as values.

use std::error::Error;
use std::fmt;

/// Why something could not be done, or what was wrong with the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The sample rate is not in the list.
    UnknownRate,
    /// The encoding is not in the list.
    UnknownEncoding,
    /// There are too many channels or none, or the one that is wanted does not exist.
    BadChannel,
    /// A sample is infinite or not a number. It counts as silence.
    NotFinite,
    /// The sound ends within a sample. What there is of it is dropped.
    HalfSample,
    /// The stream has ended.
    Closed,
    /// The sound of this time is not kept any more, or not there yet.
    NoSound,
    /// The file is not a WAV file, or its header contradicts itself.
    BadWav,
    /// The WAV file is shorter than its header says.
    WavTruncated,
    /// This processor lacks the instructions of the kernel.
    KernelUnavailable,
}

impl Fault {
    /// The code as other languages know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownRate => "unknown_rate",
            Self::UnknownEncoding => "unknown_encoding",
            Self::BadChannel => "bad_channel",
            Self::NotFinite => "not_finite",
            Self::HalfSample => "half_sample",
            Self::Closed => "closed",
            Self::NoSound => "no_sound",
            Self::BadWav => "bad_wav",
            Self::WavTruncated => "wav_truncated",
            Self::KernelUnavailable => "kernel_unavailable",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownRate => {
                "the sample rate must be 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200 or 96000"
            }
            Self::UnknownEncoding => "the encoding must be s16le, f32, mulaw, alaw, u8, s24le or s32le",
            Self::BadChannel => {
                "there must be 1 to 8 channels, and the chosen one, counted from 0, must be among them"
            }
            Self::NotFinite => "samples must be finite numbers; the others were taken for silence",
            Self::HalfSample => {
                "the sound must end with a whole sample of every channel; the rest was dropped"
            }
            Self::Closed => "the stream has ended; open another",
            Self::NoSound => "sound is kept for the open turn and the last one, until it is released",
            Self::BadWav => "the file must be a WAV file whose header agrees with itself",
            Self::WavTruncated => "the WAV file must be as long as its header says",
            Self::KernelUnavailable => {
                "this processor lacks the kernel's instructions; let the fastest be chosen"
            }
        })
    }
}

impl Error for Fault {}
