//! What several tests need.

pub(crate) mod rng;
pub(crate) mod talk;
