//! Texts with placeholders, split once.

use crate::document::{Metadata, Priority};

#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) title: Text,
    pub(crate) description: Text,
    pub(crate) priority: Priority,
    pub(crate) metadata: Metadata,
}

/// `{name}` stands for a parameter, `{{` and `}}` for the braces themselves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Placeholder(String),
}

impl Text {
    /// Fails with a sentence that says which brace is wrong.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let name = if brace == "{" { rest.split_once('}') } else { None };
            let Some((name, after)) = name.filter(|(name, _)| is_name(name)) else {
                return Err("a placeholder is written {name}, a brace itself {{ or }}".to_owned());
            };
            if !plain.is_empty() {
                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Placeholder(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        Ok(Self(pieces))
    }

    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name.as_str()),
            Piece::Plain(_) => None,
        })
    }

    /// The text, if it has no placeholder.
    pub(crate) fn plain(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Piece::Plain(plain)] => Some(plain),
            _ => None,
        }
    }

    /// Writes the text in one pass: what a parameter says is never looked at again. `write` writes a parameter, if it
    /// has a value; fails with the name of the first that has none.
    pub(crate) fn render(
        &self,
        text: &mut String,
        write: impl Fn(&str, &mut String) -> bool,
    ) -> Result<(), &str> {
        for piece in &self.0 {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Placeholder(name) if write(name, text) => {}
                Piece::Placeholder(name) => return Err(name),
            }
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || "_-.".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: Result<&str, &str>) {
        let text = Text::parse(source).unwrap();
        let mut rendered = String::new();
        let write = |name: &str, text: &mut String| {
            text.extend(["<{", name, "}>"]);
            name != "none"
        };
        let outcome = text.render(&mut rendered, write).map(|()| &rendered[..]);
        assert_eq!(outcome, expected, "{source}");
    }

    #[test]
    fn rendering() {
        check("", Ok(""));
        check("a {b} c", Ok("a <{b}> c"));
        check("{a}{b-1}", Ok("<{a}><{b-1}>"));
        check("{{a}} }} {{{a}}}", Ok("{a} } {<{a}>}"));
        check("{a} {none}", Err("none"));
    }

    #[test]
    fn braces_that_do_not_match() {
        for source in ["{", "}", "{a", "a}", "{}", "{a b}", "{{a}", "{ a }"] {
            assert!(Text::parse(source).is_err(), "{source}");
        }
    }
}
