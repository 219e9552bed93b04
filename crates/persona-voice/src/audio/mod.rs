//! From bytes to frames.

mod filter;
mod format;
mod g711;
mod intake;
mod reader;
mod resampler;
mod sound;
mod wav;

pub use format::{Encoding, Format};
pub(crate) use g711::through_mulaw;
pub(crate) use intake::Intake;
pub(crate) use resampler::halve;
pub(crate) use sound::Sound;
pub use wav::Wav;
