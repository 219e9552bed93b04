//! From probabilities to turns.

mod control;
mod ending;
mod event;
mod machine;
mod options;
mod pauses;
mod sensitivity;
mod speech;

pub use control::{Control, Stance};
pub use ending::sounds_finished;
pub use event::{End, Event, Misfire, Timeout};
pub(crate) use machine::Machine;
pub use options::{Eagerness, OptionFault, Profile, TurnOptions};
pub use sensitivity::Sensitivity;
