//! The judge of turns that needs no model.
#![expect(clippy::needless_pass_by_value, reason = "texts cross the boundary by value")]

use napi_derive::napi;

/// Whether the end of a partial transcript sounds as if the speaker were done.
#[napi(catch_unwind)]
#[must_use]
pub(crate) fn sounds_finished(transcript: String) -> bool {
    persona_voice::sounds_finished(&transcript)
}
