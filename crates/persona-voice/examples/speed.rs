//! What a second of sound costs: `cargo run --release -p persona-voice --example speed`, on a quiet machine.
//!
//! Times are the processor's, not the clock's. "Network" is frames to probabilities, "bare" and "refined" are bytes
//! to events with either detector. Not timed: making the sound, the first frame of each stream. Every probability is compared with that of a stream alone.

#![expect(clippy::print_stdout, reason = "its purpose")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::error::Error;
use std::time::{Duration, Instant};

use persona_voice::{
    Detector, Encoding, Engine, Format, Kernel, Memory, Rate, Refined, Silero, Stream, TurnOptions,
};
use support::talk::talk;

/// Long enough for the processor's time to be told in milliseconds.
const LEAST: Duration = Duration::from_millis(400);

fn main() -> Result<(), Box<dyn Error>> {
    println!("rate     kernel   streams  {:>20}  {:>20}  {:>20}", "network", "bare", "refined");
    for rate in [Rate::Wide, Rate::Narrow] {
        let sound = talk(rate, 1, 8);
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            for count in [1, 16, 256] {
                let network = network(kernel, rate, &sound, count)?;
                let bare = stream(&mut Engine::new(Silero::new(kernel)?), rate, &sound, count)?;
                let refined =
                    stream(&mut Engine::new(Refined::new(Silero::new(kernel)?)), rate, &sound, count)?;
                let row = [network, bare, refined].map(tell).map(|cost| format!("  {cost:>20}")).concat();
                println!("{rate:<8?} {kernel:<8?} {count:>7}{row}");
            }
        }
    }
    Ok(())
}

/// Seconds of the processor for a second of sound, as microseconds and as streams that it could follow.
fn tell(cost: f64) -> String {
    format!("{:.0} µs/s ({:.0}×)", cost * 1e6, 1.0 / cost)
}

fn network(kernel: Kernel, rate: Rate, sound: &[i16], count: usize) -> Result<f64, Box<dyn Error>> {
    let samples: Vec<_> = sound.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    let frames: Vec<_> = samples.chunks_exact(rate.frame()).collect();
    let mut silero = Silero::new(kernel)?;
    let mut memory = Memory::default();
    let expected: Vec<_> = frames.iter().map(|frame| silero.score(rate, &mut memory, frame)).collect();

    let mut memories = vec![Memory::default(); count];
    measure(frames.len(), count, |index| {
        if index == 0 {
            memories.fill(Memory::default());
        }
        for batch in memories.chunks_mut(Silero::LANES) {
            for memory in &*batch {
                silero.stage(rate, memory, frames[index]);
            }
            silero.compute(rate);
            for (lane, memory) in batch.iter_mut().enumerate() {
                let probability = silero.collect(rate, lane, memory);
                assert!(probability.to_bits() == expected[index].to_bits(), "company changed a probability");
            }
        }
        Ok(())
    })
}

fn stream<D: Detector>(
    engine: &mut Engine<D>,
    rate: Rate,
    sound: &[i16],
    count: usize,
) -> Result<f64, Box<dyn Error>> {
    let bytes: Vec<u8> = sound.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let frames: Vec<_> = bytes.chunks_exact(rate.frame() * 2).collect();
    let format = Format::mono(rate.hz(), Encoding::Pcm16)?;
    let open = || Stream::new(format, &TurnOptions::default()).map_err(|faults| faults[0].clone());
    let mut alone = open()?;
    let mut expected = Vec::new();
    for bytes in &frames {
        engine.push(&mut alone, bytes, 0)?;
        expected.push(alone.probability());
    }

    let mut streams = Vec::new();
    let rounds = rate.frame() / D::length(rate);
    measure(frames.len(), count, |index| {
        if index == 0 {
            streams.clear();
            for _ in 0..count {
                streams.push(open()?);
            }
        }
        for part in frames[index].chunks_exact(frames[index].len() / rounds) {
            for stream in &mut streams {
                stream.take(part, 0)?;
            }
            engine.advance(&mut streams);
        }
        for stream in &mut streams {
            assert!(
                stream.probability().to_bits() == expected[index].to_bits(),
                "company changed a probability"
            );
            while stream.next_event().is_some() {}
        }
        Ok(())
    })
}

/// The lowest cost of three rounds. `frame(0)` begins anew, and is not timed.
fn measure(
    frames: usize,
    count: usize,
    mut frame: impl FnMut(usize) -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::MAX;
    for _ in 0..3 {
        let (mut spent, mut scored) = (Duration::ZERO, 0);
        while spent < LEAST {
            frame(0)?;
            let start = processor_time();
            for index in 1..frames {
                frame(index)?;
            }
            spent += processor_time().saturating_sub(start);
            scored += (frames - 1) * count;
        }
        best = best.min(spent.as_secs_f64() / (scored as f64 * 0.032));
    }
    Ok(best)
}

/// Of this thread, where Linux tells; else the clock's.
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}
