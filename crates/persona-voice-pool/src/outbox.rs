//! What happened to the voices of one reader, until it is read.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Mutex;

use persona_voice::Event;

use crate::lock::lock;

/// What is told of a voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum News {
    /// Its stream has told this.
    Event(Event),
    /// A frame was scored, for voices that tell their probabilities.
    Probability {
        /// Samples up to the end of the frame.
        at: u64,
        /// Of speech.
        probability: f32,
    },
    /// There is room again for bytes, after some were not taken.
    Room,
    /// Everything was computed, and the stream has ended; nothing follows.
    Finished,
    /// The computation panicked. The voice is closed.
    Failed,
}

type Wake = Box<dyn Fn() + Send>;

/// One for each reader. Wakes it when the first thing is posted, and not again until it has read everything.
pub struct Outbox {
    posted: Mutex<Posted>,
    wake: Mutex<Option<Wake>>,
}

#[derive(Default)]
struct Posted {
    news: VecDeque<(u64, News)>,
    woken: bool,
}

impl Outbox {
    /// `wake` is called on the threads of a pool, and must not wait for the reader.
    #[must_use]
    pub fn new(wake: impl Fn() + Send + 'static) -> Self {
        Self { posted: Mutex::default(), wake: Mutex::new(Some(Box::new(wake))) }
    }

    /// Hands over what was posted, the oldest first, with the voice's id, as long as `take` wants more. Whoever stops
    /// before the end has to come again: it is not woken for what is left.
    pub fn read(&self, mut take: impl FnMut(u64, News) -> ControlFlow<()>) {
        let mut posted = lock(&self.posted);
        while let Some((id, news)) = posted.news.pop_front() {
            if take(id, news).is_break() {
                break;
            }
        }
        posted.woken = !posted.news.is_empty();
    }

    /// Nothing is posted and nobody is woken any more; when it returns, no thread is within `wake`.
    pub fn shut(&self) {
        *lock(&self.wake) = None;
        lock(&self.posted).news = VecDeque::new();
    }

    pub(crate) fn post(&self, id: u64, news: impl IntoIterator<Item = News>) {
        let mut posted = lock(&self.posted);
        posted.news.extend(news.into_iter().map(|news| (id, news)));
        if posted.news.is_empty() || std::mem::replace(&mut posted.woken, true) {
            return;
        }
        drop(posted);
        if let Some(wake) = &*lock(&self.wake) {
            wake();
        }
    }
}
