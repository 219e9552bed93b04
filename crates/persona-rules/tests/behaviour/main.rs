//! What documents mean, case by case.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test, also outside of #[test]")]

mod earlier_system;
mod extremes;
mod faults;
mod published;
mod stage;
mod suggestions;
mod time;
mod why;
