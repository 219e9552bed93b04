//! Places in a document.

use std::fmt::Write;

/// Knows the way back to the root, so that a pointer is only written when somebody needs it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a>(Option<(&'a Place<'a>, Step<'a>)>);

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    pub(super) const ROOT: Self = Self(None);

    pub(super) fn field(&'a self, key: &'a str) -> Self {
        Self(Some((self, Step::Key(key))))
    }

    pub(super) fn item(&'a self, index: usize) -> Self {
        Self(Some((self, Step::Index(index))))
    }

    /// RFC 6901.
    pub(super) fn pointer(&self) -> String {
        let Some((parent, step)) = self.0 else { return String::new() };
        let mut text = parent.pointer();
        text.push('/');
        match step {
            Step::Key(key) if key.contains(['~', '/']) => {
                text.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Step::Key(key) => text.push_str(key),
            // Writing to a string cannot fail.
            Step::Index(index) => _ = write!(text, "{index}"),
        }
        text
    }
}
