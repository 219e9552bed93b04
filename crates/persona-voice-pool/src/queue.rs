//! The voices that have something to compute.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

use crate::lock::lock;

/// First come, first served. Threads sleep while it is empty.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    /// Threads that take from it.
    takers: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    sleeping: usize,
    stopped: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(takers: usize) -> Self {
        let state = State { waiting: VecDeque::new(), sleeping: 0, stopped: false };
        Self { state: Mutex::new(state), filled: Condvar::new(), takers }
    }

    pub(crate) fn put(&self, items: impl IntoIterator<Item = T>) {
        let mut state = lock(&self.state);
        let before = state.waiting.len();
        state.waiting.extend(items);
        let come = state.waiting.len() - before;
        let wanted = come.min(state.sleeping);
        drop(state);
        for _ in 0..wanted {
            self.filled.notify_one();
        }
    }

    /// Waits until there is something, and takes this thread's share of it, at most `most`. Nothing once it is stopped.
    pub(crate) fn take(&self, most: usize, taken: &mut Vec<T>) {
        let mut state = lock(&self.state);
        while state.waiting.is_empty() && !state.stopped {
            state.sleeping += 1;
            state = self.filled.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
            state.sleeping -= 1;
        }
        if state.stopped {
            return;
        }
        let share = state.waiting.len().div_ceil(self.takers).min(most);
        taken.extend(state.waiting.drain(..share));
    }

    /// Wakes everybody for the last time. What waits is dropped with the queue.
    pub(crate) fn stop(&self) {
        lock(&self.state).stopped = true;
        self.filled.notify_all();
    }
}
