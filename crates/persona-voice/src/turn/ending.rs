//! Whether words sound finished: the judge that needs no model.

/// Words after which one goes on, in English and German; lower case.
const OPEN: [&str; 46] = [
    "a", "aber", "and", "as", "at", "because", "bei", "bis", "but", "das", "dass", "der", "die", "eh", "ein",
    "eine", "for", "from", "für", "hm", "i", "if", "im", "is", "ist", "mein", "mit", "my", "oder", "of",
    "or", "than", "the", "to", "uh", "um", "und", "von", "weil", "wenn", "when", "which", "with", "your",
    "äh", "ähm",
];

/// Whether the end of a partial transcript sounds as if the speaker were done. Punctuation decides where the
/// transcriber sets it; otherwise the turn is open after a filler, an article, a preposition or a conjunction.
#[must_use]
pub fn sounds_finished(transcript: &str) -> bool {
    let text = transcript.trim_end_matches(|end: char| end.is_whitespace() || "\"'”’»)]".contains(end));
    if text.ends_with("...") || text.ends_with(['…', ',', ';', ':', '-', '–', '—']) {
        return false;
    }
    if text.ends_with(['.', '?', '!', '。', '？', '！', '؟', '।']) {
        return true;
    }
    let word = text.rsplit(|between: char| !between.is_alphanumeric()).next().unwrap_or_default();
    !word.is_empty() && OPEN.binary_search(&word.to_lowercase().as_str()).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_can_be_searched() {
        assert!(OPEN.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn finished_or_not() {
        for finished in
            ["Book a table.", "Is it open? ", "He said \"yes.\"", "book a table for two", "好的。", "Gut so!"]
        {
            assert!(sounds_finished(finished), "{finished}");
        }
        for open in [
            "",
            "  ",
            "I would like a",
            "Book a table,",
            "well ...",
            "Moment, ähm",
            "und",
            "it is for",
            "wait…",
        ] {
            assert!(!sounds_finished(open), "{open}");
        }
    }
}
