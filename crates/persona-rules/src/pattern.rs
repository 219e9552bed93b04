//! Regular expressions of the operator `matches`.

use regex::{Regex, RegexBuilder};

/// Bytes that one compiled pattern may take.
const MAX_BYTES: usize = 256 << 10;

/// Found anywhere in a text unless it is anchored; time is linear in the text.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Fails with a sentence that says what is wrong with the pattern.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        match RegexBuilder::new(source).size_limit(MAX_BYTES).build() {
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err("the pattern is too large; shorten it".to_owned()),
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(format!("the pattern is not a regular expression: {reason}"))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, text: &str, expected: Option<bool>) {
        let found = Pattern::new(source).map(|pattern| pattern.matches(text));
        assert_eq!(found.clone().ok(), expected, "{source}: {found:?}");
    }

    #[test]
    fn patterns() {
        check("b+", "abba", Some(true));
        check("^b+$", "abba", Some(false));
        check("(?i)^MÜDE$", "müde", Some(true));
        check(r"^\w+@\w+\.\w{2,}$", "jö@e.de", Some(true));
        check("(a+)+$", &"a".repeat(100_000), Some(true));
        check("(", "", None);
        check(r"(\w{100}){100}", "", None);
    }
}
