//! Sound to turns: decode, resample, frame, detect speech, find where turns begin and end.
//!
//! The crate is pure. It has no clock (where time matters beside the sound itself, the call takes `now_ms`), no thread
//! and no I/O; the network's weights lie inside it. The same sound and the same words to a stream give the same events,
//! however the bytes are cut and whoever else is computed.
//!
//! ```
//! use persona_voice::{Encoding, Engine, Format, Stream, TurnOptions};
//!
//! let format = Format::mono(8_000, Encoding::Mulaw)?;
//! let mut stream = Stream::new(format, &TurnOptions::default()).map_err(|faults| faults[0].clone())?;
//! let mut engine: Engine = Engine::default();
//!
//! // Two seconds of µ-law silence in packets of 20 ms, and a person who hangs up.
//! for packet in [0xff; 16_000].chunks(160) {
//!     engine.push(&mut stream, packet, 0)?;
//! }
//! engine.finish(&mut stream);
//! assert_eq!((stream.position(), stream.next_event()), (16_000, None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! How the pieces fit:
//! - A [`Stream`] takes bytes until a frame is full, and computes nothing itself. It costs 5 KB besides its sound.
//! - An [`Engine`], one for each thread, scores the full frames of many streams together, with a [`Detector`]:
//!   [`Silero`] is the network, [`Refined`] (the default) sharpens its boundaries to 8 ms, [`Gated`] spares it silence,
//!   [`Energy`] is the gate alone.
//! - Each score moves the stream's turn machine ([`TurnOptions`]), which answers with [`Event`]s. What the persona does
//!   meanwhile, and what others know of the turn, it learns by [`Control`]s.
//! - Sound is kept for as long as somebody may ask for it ([`Stream::sound`]).
//! - [`score`] measures detectors on labelled sound.

mod audio;
mod detector;
mod energy;
mod engine;
mod fault;
mod gated;
mod network;
mod rate;
mod refined;
pub mod score;
mod stream;
mod turn;

pub use audio::{Encoding, Format, Wav};
pub use detector::Detector;
pub use energy::{Background, Energy};
pub use engine::{Engine, Hold};
pub use fault::Fault;
pub use gated::{Gated, GatedMemory};
pub use network::{Kernel, Memory, Silero};
pub use rate::Rate;
pub use refined::{Refined, RefinedMemory};
pub use stream::Stream;
pub use turn::{
    Control, Eagerness, End, Event, Misfire, OptionFault, Profile, Sensitivity, Stance, Timeout, TurnOptions,
    sounds_finished,
};
