//! The header of a WAV file.

use napi_derive::napi;
use persona_voice::Wav;

use super::layout::{ENCODINGS, WAV_FAULTS};
use crate::layout::code_of;

/// Rate, encoding, channels, and where the samples begin and end; or the place of its fault in `WAV_FAULT` alone.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn wav_parse(file: &[u8]) -> Vec<f64> {
    match Wav::parse(file) {
        Ok(Wav { format, data }) => vec![
            format.hz().into(),
            code_of(&ENCODINGS, &format.encoding()),
            format.channels().into(),
            data.start as f64,
            data.end as f64,
        ],
        Err(fault) => vec![code_of(&WAV_FAULTS, &fault)],
    }
}
