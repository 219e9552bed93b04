//! The shipped addon, for `test/proof/panic.test.ts` only, with a call in which the core panics.
//!
//! - `fleet` and `layout` (which also describes what `voice` tells) are those of the addon, so that what catches the panic
//!   is what ships.

#[path = "../../../../native/src/fleet.rs"]
mod fleet;
#[path = "../../../../native/src/layout.rs"]
mod layout;
#[path = "../../../../native/src/voice/mod.rs"]
mod voice;

use napi::Result;
use napi::bindgen_prelude::External;
use napi_derive::napi;

/// What any call on a fleet is when it meets a defect of the core.
#[napi(catch_unwind)]
pub(crate) fn fleet_panic(handle: &External<fleet::Handle>) -> Result<()> {
    fleet::with(handle, defect)
}

#[expect(clippy::panic, reason = "it is what this crate is for")]
fn defect(_: &mut fleet::Driven) -> Result<()> {
    panic!("injected")
}
