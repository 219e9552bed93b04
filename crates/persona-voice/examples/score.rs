//! Scores the network, bare and refined, on labelled sound: `cargo run --release -p persona-voice --example score FOLDER`
//! of `NAME.wav` and `NAME.csv` (`start_s,end_s,speech`).

#![expect(clippy::print_stdout, reason = "its purpose")]

use std::error::Error;
use std::path::{Path, PathBuf};

use persona_voice::score::{Ends, Labels, Pool, causal, native};
use persona_voice::{Detector, Engine, Rate, Refined, Silero, Stream, TurnOptions, Wav};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("give a folder of NAME.wav and NAME.csv")?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
    files.sort();
    println!("{} files", files.len());
    score::<Silero>("bare", &files)?;
    score::<Refined>("refined", &files)
}

fn score<D: Detector + Default>(name: &str, files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    // In samples at 16 kHz, as all scores are.
    let hop = D::length(Rate::Wide);
    let (mut frames, mut cells, mut ends) = (Pool::default(), Pool::default(), Ends::default());
    for path in files {
        let labels = Labels::parse(&std::fs::read_to_string(path.with_extension("csv"))?)?;
        let scores = probabilities::<D>(path)?;
        native(&scores, hop, &labels, &mut frames);
        causal(&scores, hop, &labels, &mut cells);
        ends.add(&scores, hop, &labels, 0.5);
    }
    for (grid, pool) in [("frames", &frames), ("causal", &cells)] {
        let (auc, precision) =
            pool.roc_auc().zip(pool.average_precision()).ok_or("there must be speech and silence")?;
        let (best, threshold) = pool.best_f1().ok_or("there must be speech")?;
        let f1 = pool.confusion_at(0.5).f1();
        println!(
            "{name} {grid} ({}): AUC {auc:.4}, AP {precision:.4}, best F1 {best:.4} at {threshold:.3}, F1 at 0.5 {f1:.4}",
            pool.len()
        );
    }
    if let (Some(median), Some(late)) = (ends.percentile(0.5), ends.percentile(0.9)) {
        let (missed, all) = (ends.missed(), ends.missed() + ends.found());
        println!("{name} ends: median {median:.0} ms, 90 % {late:.0} ms, {missed} missed of {all}");
    }
    Ok(())
}

fn probabilities<D: Detector + Default>(path: &Path) -> Result<Vec<f32>, Box<dyn Error>> {
    let file = std::fs::read(path)?;
    let wav = Wav::parse(&file)?;
    let mut stream = Stream::new(wav.format, &TurnOptions::default()).map_err(|faults| faults[0].clone())?;
    let mut engine = Engine::<D>::default();
    let (mut bytes, mut scores) = (&file[wav.data], Vec::new());
    while !bytes.is_empty() {
        bytes = &bytes[stream.take(bytes, 0)?..];
        if stream.is_ready() {
            engine.advance(&mut [&mut stream]);
            scores.push(stream.probability());
        }
    }
    Ok(scores)
}
