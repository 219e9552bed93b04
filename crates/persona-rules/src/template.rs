//! Texts with placeholders, split once.

use std::collections::HashMap;

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
pub(crate) struct Text {
    pieces: Vec<Piece>,
    /// What placeholders ask for, each once.
    names: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Plain(String),
    /// Place among the names.
    Placeholder(usize),
}

impl Text {
    /// Fails with a sentence that says which brace is wrong.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let (mut pieces, mut names) = (Vec::new(), Vec::new());
        let mut places = HashMap::new();
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
            let place = *places.entry(name).or_insert_with(|| {
                names.push(name.to_owned());
                names.len() - 1
            });
            pieces.push(Piece::Placeholder(place));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        Ok(Self { pieces, names })
    }

    /// What placeholders ask for, each once.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The text, if it has no placeholder.
    pub(crate) fn plain(&self) -> Option<&str> {
        match &self.pieces[..] {
            [] => Some(""),
            [Piece::Plain(plain)] => Some(plain),
            _ => None,
        }
    }

    /// Writes the text in one pass: what a parameter says is never looked at again. `write` writes the parameter of a
    /// place among [`Text::names`], if it has a value; fails with the first that has none.
    pub(crate) fn render(
        &self,
        text: &mut String,
        write: impl Fn(usize, &mut String) -> bool,
    ) -> Result<(), &str> {
        for piece in &self.pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Placeholder(place) if write(*place, text) => {}
                Piece::Placeholder(place) => return Err(&self.names[*place]),
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
        let names = text.names();
        let mut rendered = String::new();
        let write = |place: usize, text: &mut String| {
            let name = &names[place][..];
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
        check("{b} {a} {b}", Ok("<{b}> <{a}> <{b}>"));
    }

    #[test]
    fn braces_that_do_not_match() {
        for source in ["{", "}", "{a", "a}", "{}", "{a b}", "{{a}", "{ a }"] {
            assert!(Text::parse(source).is_err(), "{source}");
        }
    }
}
