//! Where people say that there is speech.

use std::error::Error;
use std::fmt;

/// Segments from 0 on without gaps, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// End, and whether it is speech. A segment begins where the one before it ends.
    segments: Vec<(f64, bool)>,
}

/// The first line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLabels {
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for BadLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} must be `start_s,end_s,speech`: seconds from the last end on, and 0 or 1",
            self.line
        )
    }
}

impl Error for BadLabels {}

impl Labels {
    /// Lines of `start_s,end_s,speech`, contiguous to a millisecond; a line of headings may come first.
    ///
    /// # Errors
    /// [`BadLabels`].
    pub fn parse(csv: &str) -> Result<Self, BadLabels> {
        let mut segments = Vec::new();
        let mut last_end = 0.0;
        for (index, line) in csv.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            if index == 0 && line.starts_with("start") {
                continue;
            }
            let (start, end, speech) = read(line).ok_or(BadLabels { line: index + 1 })?;
            if f64::abs(start - last_end) > 1e-3 || end < start || !end.is_finite() {
                return Err(BadLabels { line: index + 1 });
            }
            segments.push((end, speech));
            last_end = end;
        }
        Ok(Self { segments })
    }

    /// Whether there is speech at this time; nothing after the last segment.
    #[must_use]
    pub fn at(&self, seconds: f64) -> Option<bool> {
        let index = self.segments.partition_point(|(end, _)| *end <= seconds);
        self.segments.get(index).map(|(_, speech)| *speech)
    }

    /// The silences that follow speech: start and length, in seconds. Neighbours of one kind count as one.
    pub(super) fn silences(&self) -> impl Iterator<Item = (f64, f64)> {
        let mut start = 0.0;
        let mut silences = self.segments.chunk_by(|left, right| left.1 == right.1).map(move |run| {
            let (from, (end, speech)) = (start, run[run.len() - 1]);
            start = end;
            (from, end - from, speech)
        });
        // What comes before the first speech follows none.
        let first = silences.next().filter(|(.., speech)| *speech);
        first
            .into_iter()
            .chain(silences)
            .filter(|(.., speech)| !speech)
            .map(|(from, length, _)| (from, length))
    }
}

fn read(line: &str) -> Option<(f64, f64, bool)> {
    let mut fields = line.trim().split(',');
    let (start, end) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let speech = match fields.next()? {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    fields.next().is_none().then_some((start, end, speech))
}
