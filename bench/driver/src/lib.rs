//! The rival of the inline driver, for `bench/driver.ts` only: a fleet on a thread of its own.
//!
//! - `threaded`: the thread, and the functions that JavaScript calls.
//! - `fleet` and `layout` (which also describes what `voice` tells) are those of the shipped addon, so that both drivers
//!   convert records with the same code.

#[path = "../../../native/src/fleet/mod.rs"]
mod fleet;
#[expect(dead_code, reason = "the rule engine, which reads questions, is not here")]
#[path = "../../../native/src/layout.rs"]
mod layout;
mod threaded;
#[path = "../../../native/src/voice/mod.rs"]
mod voice;
