//! What a pool promises to the voices in it.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test, also outside of #[test]")]

mod company;
mod ending;
mod fairness;
mod room;
mod stage;
