//! What the crate does, seen from outside: one module for each part of the contract.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what fails here is a failed test, also outside of #[test], and what is printed is what was measured"
)]

mod gate;
mod interruptions;
mod network;
mod options;
mod refined;
mod replay;
mod score;
mod sound;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod turns;
mod wav;
