//! A few threads that compute many voices together.
//!
//! A [`Pool`] owns its threads: they begin with it and are joined when it is dropped. A [`Voice`] takes bytes and words
//! and answers at once; what comes of them is posted to its [`Outbox`], which wakes its reader once until that has looked.
//! There is no clock here: where time matters, it comes with the bytes.
//!
//! - Voices that have something to compute wait in one queue. A thread takes a share of them, computes their frames in
//!   batches, a few of each, and puts those that have more at the end: a voice that floods
//!   waits as long as everybody else.
//! - What waits of one voice is bounded by a second of sound and a thousand words; what does not fit is not taken.
//! - A voice is computed by one thread at a time, and words take effect after the bytes that came before them. So its
//!   events depend on nothing but its bytes and words.

mod line;
mod lock;
mod outbox;
mod pool;
mod queue;
mod voice;

pub use outbox::{News, Outbox};
pub use pool::Pool;
pub use voice::{Voice, Word};
