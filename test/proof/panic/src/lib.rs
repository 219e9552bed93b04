//! The shipped addon, for `test/proof/panic.test.ts` and `test/proof/voice-panic.test.ts` only, with calls in which the core
//! or a detector panics.
//!
//! - `fleet`, `layout` and `voice` are those of the addon, so that what catches the panic is what ships.

#[path = "../../../../native/src/fleet/mod.rs"]
mod fleet;
#[expect(dead_code, reason = "the rule engine, which reads questions, is not here")]
#[path = "../../../../native/src/layout.rs"]
mod layout;
#[path = "../../../../native/src/voice/mod.rs"]
mod voice;

use napi::Result;
use napi::bindgen_prelude::External;
use napi_derive::napi;
use persona_voice::{Detector, Rate};
use voice::hearing::Hearing;
use voice::pools::Shared;

/// What any call on a fleet is when it meets a defect of the core.
#[napi(catch_unwind)]
pub(crate) fn fleet_panic(handle: &External<fleet::Handle>) -> Result<()> {
    fleet::with(handle, defect)
}

#[expect(clippy::panic, reason = "it is what this crate is for")]
fn defect(_: &mut fleet::Driven) -> Result<()> {
    panic!("injected")
}

/// Opens a voice whose detector panics over a frame that begins with the lowest sample, and else hears nothing.
#[napi(catch_unwind)]
pub(crate) fn voice_open_panicking(
    hearing: &External<Hearing>,
    id: f64,
    format: &[f64],
    turn: &[f64],
    probabilities: bool,
) -> Result<()> {
    static POOL: Shared<Panicking> = Shared::new();
    hearing.open(id, format, turn, probabilities, |opening| POOL.open(opening))
}

#[derive(Default)]
struct Panicking {
    panics: bool,
}

impl Detector for Panicking {
    type Memory = ();

    const LANES: usize = 1;

    fn length(rate: Rate) -> usize {
        rate.frame()
    }

    fn stage(&mut self, _rate: Rate, (): &(), frame: &[f32]) -> usize {
        self.panics = frame[0] <= -1.0;
        0
    }

    fn compute(&mut self, _rate: Rate) {
        assert!(!self.panics, "injected");
    }

    fn collect(&mut self, _rate: Rate, _lane: usize, (): &mut ()) -> f32 {
        0.0
    }
}
