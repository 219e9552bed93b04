//! The threads of a pool are gone when it is. A program of its own, because it counts those of the process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::fs::read_dir;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::yield_now;
use std::time::{Duration, Instant};

use persona_voice::{Encoding, Energy, Format, TurnOptions};
use persona_voice_pool::{Outbox, Pool, Voice};

/// A thread that was joined stands in the list until the kernel has taken it out.
fn wait_for_threads(count: usize) {
    let threads = || read_dir("/proc/self/task").unwrap().count();
    let began = Instant::now();
    while threads() != count && began.elapsed() < Duration::from_secs(60) {
        yield_now();
    }
    assert_eq!(threads(), count);
}

#[test]
fn they_are_joined_with_the_last_voice_also_while_it_is_computed() {
    let (before, sound) = (read_dir("/proc/self/task").unwrap().count(), vec![1; 32_000]);
    let format = Format::mono(16_000, Encoding::Pcm16).unwrap();
    for _ in 0..100 {
        let outbox = Arc::new(Outbox::new(|| {}));
        let pool: Arc<Pool<Energy>> = Arc::new(Pool::start(NonZero::new(3).unwrap()).unwrap());
        let open = |id| pool.open(format, &TurnOptions::default(), true, &outbox, id).unwrap();
        let voices: Vec<Voice<Energy>> = (0..8).map(open).collect();
        drop(pool);
        wait_for_threads(before + 3);
        for voice in &voices {
            voice.push(&sound, 0).unwrap();
        }
        drop(voices);
        wait_for_threads(before);
    }
}
