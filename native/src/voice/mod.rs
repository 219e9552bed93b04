//! Voices, on the threads of a pool or in the calling thread.
//!
//! - `hearing`: the voices of one environment. The pool is the process's: environments share its threads, and it ends with
//!   its last voice.
//! - `speech`: sound that is computed in the calling thread.
//! - `ending`: whether words sound finished.
//! - `pools`: one pool for each detector, while somebody has a voice in it.

mod ending;
pub(crate) mod hearing;
mod layout;
pub(crate) mod pools;
mod speech;
mod wav;

pub(crate) use layout::describe;
