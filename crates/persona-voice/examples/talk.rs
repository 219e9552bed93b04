//! Writes the talk of the tests, 16-bit PCM, for `tests/goldens/make.py`: `talk RATE SEED SECONDS`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::error::Error;
use std::io::Write;

use persona_voice::Rate;
use support::talk::talk;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [rate, seed, seconds] = &words[..] else { return Err("give RATE SEED SECONDS".into()) };
    let (seed, seconds) = (seed.parse()?, seconds.parse()?);
    let rate = match rate.as_str() {
        "8000" => Rate::Narrow,
        "16000" => Rate::Wide,
        _ => return Err("the rate is 8000 or 16000".into()),
    };
    let samples = talk(rate, seed, seconds);
    let bytes: Vec<u8> = samples.into_iter().flat_map(i16::to_le_bytes).collect();
    Ok(std::io::stdout().write_all(&bytes)?)
}
