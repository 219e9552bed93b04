//! The N-API binding of the native crates. A function here converts, calls the core, and converts back.
//!
//! - `layout`: the packed records that cross the boundary; the TypeScript constants are generated from it.
//! - `fleet`: the functions that drive a fleet.
//! - `rules`: the functions that compile mapper documents and ask them.
//! - `vectors`: how alike the vectors of texts are.
//! - `voice`: the functions that hear voices, on threads of their own or in the calling one.
//! - `voice_score`: the functions that score detectors on labelled clips.

mod fleet;
mod layout;
mod rules;
mod vectors;
mod voice;
mod voice_score;
