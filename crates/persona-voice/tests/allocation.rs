//! What a stream costs in memory. A program of its own, because it counts every allocation.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what fails here is a failed test, also outside of #[test], and what is printed is what was measured"
)]

#[path = "support/mod.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use persona_voice::{Encoding, Engine, Event, Format, Rate, Stream, TurnOptions};
use support::talk::talk;

struct Counting;

thread_local! {
    /// Allocations so far, and bytes that are held.
    static COUNTED: Cell<(u64, isize)> = const { Cell::new((0, 0)) };
}

fn count(allocations: u64, bytes: isize) {
    COUNTED.with(|counted| {
        let (all, held) = counted.get();
        counted.set((all + allocations, held + bytes));
    });
}

// SAFETY: every call is passed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size().cast_signed()));
        // SAFETY: the caller keeps the contract of `dealloc`, and the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations, and bytes that are held afterwards and were not before.
fn counted<T>(work: impl FnOnce() -> T) -> (T, u64, isize) {
    let before = COUNTED.get();
    let result = work();
    let after = COUNTED.get();
    (result, after.0 - before.0, after.1 - before.1)
}

fn open(hz: u32) -> Stream {
    Stream::new(Format::mono(hz, Encoding::Pcm16).unwrap(), &TurnOptions::default()).unwrap()
}

#[test]
fn a_stream_holds_less_than_eight_kilobytes_besides_its_sound() {
    for hz in [8_000, 16_000, 22_050, 44_100, 48_000, 96_000] {
        // The filters of a rate are made once, and shared.
        drop(open(hz));
        let (stream, _, held) = counted(|| Box::new(open(hz)));
        println!("{hz} Hz: {held} bytes");
        assert!(held < 8_192, "a stream at {hz} Hz holds {held} bytes");
        drop(stream);
    }
}

#[test]
fn a_turn_that_is_long_over_leaves_little_behind() {
    let mut engine = Engine::default();
    let bytes: Vec<u8> = talk(Rate::Wide, 1, 40).into_iter().flat_map(i16::to_le_bytes).collect();
    // A turn's sound is kept for ten seconds.
    let silence = vec![0; 2 * 12 * 16_000];
    engine.push(&mut open(16_000), &bytes, 0).unwrap();
    let (stream, _, held) = counted(|| {
        let mut stream = Box::new(open(16_000));
        engine.push(&mut stream, &bytes, 0).unwrap();
        while stream.next_event().is_some() {}
        engine.push(&mut stream, &silence, 0).unwrap();
        stream
    });
    println!("after a turn: {held} bytes");
    // 300 ms of look-back, in a buffer that has room for half a second.
    assert!(held < 8_192 + 2 * 8_192 + 1_024, "a stream holds {held} bytes after a turn");
    drop(stream);
}

#[test]
fn frames_allocate_nothing() {
    for hz in [8_000, 16_000, 22_050, 44_100, 48_000, 96_000] {
        let (mut engine, mut stream) = (Engine::default(), open(hz));
        let silence = vec![0; 2 * 2 * hz as usize];
        engine.push(&mut stream, &silence, 0).unwrap();
        let (pushed, allocations, _) = counted(|| engine.push(&mut stream, &silence, 0));
        assert_eq!((pushed, allocations), (Ok(()), 0), "two seconds of silence at {hz} Hz");
    }
}

#[test]
fn turns_allocate_only_for_their_sound() {
    let (mut engine, mut stream) = (Engine::default(), open(16_000));
    let bytes: Vec<u8> = talk(Rate::Wide, 1, 20).into_iter().flat_map(i16::to_le_bytes).collect();
    let mut play = || {
        engine.push(&mut stream, &bytes, 0).unwrap();
        let mut turns = 0;
        while let Some(event) = stream.next_event() {
            turns += u64::from(matches!(event, Event::TurnEnd { .. }));
        }
        turns
    };
    play();
    let (turns, allocations, _) = counted(play);
    // The buffer of sound doubles, a few times each turn at most.
    assert!(turns > 1 && allocations <= 4 * turns, "{allocations} allocations for {turns} turns");
}
