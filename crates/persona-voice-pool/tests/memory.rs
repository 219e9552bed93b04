//! What a voice costs in memory. A program of its own, because it counts every allocation.

#![expect(clippy::print_stdout, reason = "what is printed is what was measured")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::mpsc::channel;

use persona_voice::{Encoding, Format, TurnOptions};
use persona_voice_pool::{News, Outbox, Pool, Voice, Word};

struct Counting;

static HELD: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, and the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const VOICES: isize = 50;

/// The largest packets of live sound: 20 ms at 48 kHz, in floats.
#[test]
fn a_voice_holds_less_than_eight_kilobytes_besides_its_sound() {
    let (wake, woken) = channel();
    let outbox = Arc::new(Outbox::new(move || wake.send(()).unwrap()));
    let pool: Arc<Pool> = Arc::new(Pool::start(NonZero::new(1).unwrap()).unwrap());
    let format = Format::mono(48_000, Encoding::Float32).unwrap();
    let options = TurnOptions { prefix_padding_ms: 0, ..TurnOptions::default() };
    let open = |id| pool.open(format, &options, true, &outbox, id).unwrap();
    let read = |wanted: fn(News) -> bool, count: usize| {
        let mut read = 0;
        while read < count {
            woken.recv().unwrap();
            outbox.read(|_, news| {
                read += usize::from(wanted(news));
                ControlFlow::Continue(())
            });
        }
    };
    let hear = |voices: &[Voice]| {
        for _ in 0..2 {
            for voice in voices {
                assert_eq!(voice.push(&[0; 4 * 960], 0), Ok(4 * 960));
            }
            // Two frames of 8 ms.
            read(|news| matches!(news, News::Probability { .. }), 2 * voices.len());
        }
        // First come, first served: when the second of these has finished, all others rest.
        for _ in 0..2 {
            let last = open(u64::MAX);
            last.tell(Word::Finish).unwrap();
            read(|news| news == News::Finished, 1);
        }
    };
    // What belongs to the pool and to nobody: an engine, filters, the room of queue and outbox.
    let others: Vec<_> = (0..VOICES as u64).map(open).collect();
    hear(&others);
    let before = HELD.load(Ordering::Relaxed);
    let voices: Vec<_> = (0..VOICES as u64).map(open).collect();
    hear(&voices);
    let held = (HELD.load(Ordering::Relaxed) - before) / VOICES;
    println!("{held} bytes");
    assert!(held < 8_192, "a voice holds {held} bytes");
    drop(others);
}
