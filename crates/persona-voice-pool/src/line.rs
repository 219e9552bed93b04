//! What the owner of a voice and the threads of a pool share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use persona_voice::{Detector, Engine, Hold, Rate, Stream};

use crate::lock::lock;
use crate::{News, Outbox, Word};

/// A buffer that is larger is given back when its voice rests: some ten milliseconds of sound.
const KEPT_BYTES: usize = 1 << 10;

/// A list of words that is longer is given back then, too.
const KEPT_WORDS: usize = 8;

/// Words that wait at most in the inbox, besides the last one.
const MOST_WORDS: usize = 1 << 10;

/// What became of a word.
pub(crate) enum Told {
    /// It waits; `queue` if the line has to be put into the queue.
    Waits { queue: bool },
    /// Too many wait before it.
    NoRoom,
    /// The line has ended.
    Ended,
}

/// Two places with a lock each, so that whoever pushes never waits for a frame: the inbox, and the desk of the thread that
/// computes. What the desk has used up it exchanges for what the inbox holds.
pub(crate) struct Line<D: Detector> {
    id: u64,
    pub(crate) rate: Rate,
    /// Bytes that wait at most in the inbox.
    limit: usize,
    tells_probabilities: bool,
    outbox: Arc<Outbox>,
    /// Nobody wants to know anything of it any more.
    gone: AtomicBool,
    inbox: Mutex<Inbox>,
    pub(crate) desk: Mutex<Desk<D>>,
}

#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    /// All bytes that ever came.
    pushed: u64,
    /// With the number of bytes that came before each.
    words: VecDeque<(u64, Word)>,
    now_ms: u64,
    /// It waits in the queue, or a thread has it.
    queued: bool,
    wants_room: bool,
    ended: bool,
}

pub(crate) struct Desk<D: Detector> {
    pub(crate) stream: Stream<D>,
    bytes: Vec<u8>,
    at: usize,
    /// All bytes that the stream has taken.
    fed: u64,
    words: VecDeque<(u64, Word)>,
    now_ms: u64,
    /// The position at which the last probability was told.
    told: u64,
}

impl<D: Detector> Line<D> {
    pub(crate) fn new(
        id: u64,
        stream: Stream<D>,
        limit: usize,
        tells_probabilities: bool,
        outbox: Arc<Outbox>,
    ) -> Self {
        let rate = stream.rate();
        let (bytes, words) = (Vec::new(), VecDeque::new());
        let desk = Mutex::new(Desk { stream, bytes, at: 0, fed: 0, words, now_ms: 0, told: 0 });
        let (gone, inbox) = (AtomicBool::new(false), Mutex::default());
        Self { id, rate, limit, tells_probabilities, outbox, gone, inbox, desk }
    }

    /// How many bytes were taken, and whether the line has to be put into the queue. Nothing if it has ended.
    pub(crate) fn push(&self, bytes: &[u8], now_ms: u64) -> Option<(usize, bool)> {
        let mut inbox = lock(&self.inbox);
        if inbox.ended {
            return None;
        }
        let taken = bytes.len().min(self.limit - inbox.bytes.len());
        inbox.wants_room |= taken < bytes.len();
        inbox.bytes.extend_from_slice(&bytes[..taken]);
        inbox.pushed += taken as u64;
        inbox.now_ms = now_ms;
        Some((taken, taken > 0 && !std::mem::replace(&mut inbox.queued, true)))
    }

    pub(crate) fn tell(&self, word: Word) -> Told {
        let mut inbox = lock(&self.inbox);
        if inbox.ended {
            return Told::Ended;
        }
        inbox.ended = word == Word::Finish;
        if !inbox.ended && inbox.words.len() >= MOST_WORDS {
            return Told::NoRoom;
        }
        let position = inbox.pushed;
        inbox.words.push_back((position, word));
        Told::Waits { queue: !std::mem::replace(&mut inbox.queued, true) }
    }

    pub(crate) fn close(&self) {
        self.gone.store(true, Ordering::Relaxed);
        *lock(&self.inbox) = Inbox { ended: true, ..Inbox::default() };
    }

    pub(crate) fn fail(&self) {
        if !self.gone.load(Ordering::Relaxed) {
            self.close();
            self.outbox.post(self.id, [News::Failed]);
        }
    }

    /// Tells what the stream has told, and gives it bytes and words until its next frame is full: true. Otherwise the
    /// line rests, until it is put into the queue again.
    pub(crate) fn feed(&self, engine: &mut Engine<D>) -> bool {
        let desk = &mut *lock(&self.desk);
        loop {
            if self.gone.load(Ordering::Relaxed) {
                return false;
            }
            self.post(desk);
            if desk.stream.is_ready() {
                return true;
            }
            if let Some(word) = desk.next_word() {
                self.apply(word, desk, engine);
            } else if !desk.take() && !self.refill(desk) {
                return false;
            }
        }
    }

    fn post(&self, desk: &mut Desk<D>) {
        let (at, stream) = (desk.stream.position(), &mut desk.stream);
        let computed = std::mem::replace(&mut desk.told, at) < at && self.tells_probabilities;
        let probability = computed.then(|| News::Probability { at, probability: stream.probability() });
        let first = stream.next_event();
        if probability.is_some() || first.is_some() {
            let rest = std::iter::from_fn(|| stream.next_event());
            self.outbox
                .post(self.id, probability.into_iter().chain(first.into_iter().chain(rest).map(News::Event)));
        }
    }

    fn apply(&self, word: Word, desk: &mut Desk<D>, engine: &mut Engine<D>) {
        match word {
            Word::Control(control) => desk.stream.control(control),
            Word::Check { now_ms } => desk.stream.check(now_ms),
            Word::Finish => {
                engine.finish(&mut desk.stream);
                self.post(desk);
                self.outbox.post(self.id, [News::Finished]);
            }
        }
    }

    /// Takes what has come meanwhile; false if that is nothing.
    fn refill(&self, desk: &mut Desk<D>) -> bool {
        let mut inbox = lock(&self.inbox);
        desk.bytes.clear();
        desk.at = 0;
        if inbox.bytes.is_empty() && inbox.words.is_empty() {
            inbox.queued = false;
            for buffer in [&mut desk.bytes, &mut inbox.bytes] {
                buffer.shrink_to(KEPT_BYTES);
            }
            for words in [&mut desk.words, &mut inbox.words] {
                words.shrink_to(KEPT_WORDS);
            }
            return false;
        }
        std::mem::swap(&mut desk.bytes, &mut inbox.bytes);
        std::mem::swap(&mut desk.words, &mut inbox.words);
        desk.now_ms = inbox.now_ms;
        if std::mem::take(&mut inbox.wants_room) {
            drop(inbox);
            self.outbox.post(self.id, [News::Room]);
        }
        true
    }
}

impl<D: Detector> Desk<D> {
    /// The next word, if all bytes before it are used up.
    fn next_word(&mut self) -> Option<Word> {
        let &(position, word) = self.words.front()?;
        if position > self.fed {
            return None;
        }
        self.words.pop_front();
        Some(word)
    }

    /// Gives bytes to the stream, up to the next word; false if there are none.
    fn take(&mut self) -> bool {
        let until = self.words.front().map_or(u64::MAX, |(position, _)| position - self.fed);
        let rest = &self.bytes[self.at..];
        let bytes = &rest[..rest.len().min(usize::try_from(until).unwrap_or(usize::MAX))];
        // A stream that has ended takes none, and then there are none: the inbox has ended with it.
        let taken = self.stream.take(bytes, self.now_ms).unwrap_or_default();
        self.at += taken;
        self.fed += taken as u64;
        taken > 0
    }
}

/// A line that waits in the queue, or that a thread has.
pub(crate) struct Due<D: Detector>(pub(crate) Arc<Line<D>>);

/// The lock is free while others are computed; that nobody else computes this line meanwhile, the queue sees to.
impl<D: Detector> Hold<D> for Due<D> {
    fn lend<T>(&mut self, use_it: impl FnOnce(&mut Stream<D>) -> T) -> T {
        use_it(&mut lock(&self.0.desk).stream)
    }
}
