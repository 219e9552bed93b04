//! How good a detector is, measured on labelled sound.
//!
//! ```
//! use persona_voice::score::{Draw, Labels, Pool, causal};
//!
//! let labels = Labels::parse("0.0,0.5,0\n0.5,1.0,1\n")?;
//! let mut pool = Pool::default();
//! // A detector with frames of 100 ms that is sure and right, but knows of each frame only at its end.
//! let scores = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0];
//! causal(&scores, 1_600, &labels, &mut pool);
//! assert_eq!(pool.rank().confusion_at(0.5, &Draw::default()).missed, 10);
//! # Ok::<(), persona_voice::score::BadLabels>(())
//! ```

mod clip;
mod draw;
mod ends;
mod grid;
mod labels;
mod pool;
mod tally;

pub use clip::{Clip, Variant};
pub use draw::Draw;
pub use ends::Ends;
pub use grid::{causal, native};
pub use labels::{BadLabels, Labels};
pub use pool::{Confusion, Pool, Ranking};
pub use tally::{Figures, Gain, Gains, Scores, Tally};

/// Samples per second of everything here: 8 kHz frames count twice.
const HZ: f64 = 16_000.0;
