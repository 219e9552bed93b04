//! A voice as its owner has it.

use std::ops::Range;
use std::sync::Arc;

use persona_voice::{Control, Detector, Fault, Rate, Refined};

use crate::Pool;
use crate::line::{Line, Told};
use crate::lock::lock;

/// What a voice is told besides sound. It takes effect after the bytes that came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Something for its stream.
    Control(Control),
    /// It is this time, whether or not sound has come: for [`TurnOptions::no_audio_timeout_ms`].
    ///
    /// [`TurnOptions::no_audio_timeout_ms`]: persona_voice::TurnOptions::no_audio_timeout_ms
    Check {
        /// Of the clock that comes with the bytes.
        now_ms: u64,
    },
    /// No more bytes will come.
    Finish,
}

/// Gives bytes and words to a stream that others compute. Nothing is posted of a voice that was dropped, once the post of
/// the moment is over. It keeps its pool.
pub struct Voice<D: Detector = Refined> {
    line: Arc<Line<D>>,
    pool: Arc<Pool<D>>,
}

impl<D: Detector> Voice<D> {
    pub(crate) fn new(line: Line<D>, pool: Arc<Pool<D>>) -> Self {
        Self { line: Arc::new(line), pool }
    }

    /// The rate inside, in whose samples all positions are counted.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.line.rate
    }

    /// Copies bytes, as many as there is room for, and answers how many; [`News::Room`](crate::News::Room) tells when
    /// there is more. `now_ms` is the time of the caller's clock, of which only differences count.
    ///
    /// # Errors
    /// [`Fault::Closed`] once it was told to finish, or has failed.
    pub fn push(&self, bytes: &[u8], now_ms: u64) -> Result<usize, Fault> {
        let (taken, queue) = self.line.push(bytes, now_ms).ok_or(Fault::Closed)?;
        if queue {
            self.pool.queue(&self.line);
        }
        Ok(taken)
    }

    /// Tells it a word; answers whether there was room. A thousand may wait, and [`Word::Finish`] besides them.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn tell(&self, word: Word) -> Result<bool, Fault> {
        match self.line.tell(word) {
            Told::Waits { queue } => {
                if queue {
                    self.pool.queue(&self.line);
                }
                Ok(true)
            }
            Told::NoRoom => Ok(false),
            Told::Ended => Err(Fault::Closed),
        }
    }

    /// As [`Stream::sound`](persona_voice::Stream::sound). Waits for no computation.
    ///
    /// # Errors
    /// [`Fault::NoSound`].
    pub fn sound(&self, range: Range<u64>, out: &mut Vec<i16>) -> Result<(), Fault> {
        lock(&self.line.desk).stream.sound(range, out)
    }
}

impl<D: Detector> Drop for Voice<D> {
    fn drop(&mut self) {
        self.line.close();
    }
}
