//! How large a document may be.

/// Bounds that are checked before anything is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of JSON text. Default 1 MiB.
    pub bytes: usize,
    /// Rules. Default 20 000.
    pub rules: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 20, rules: 20_000 }
    }
}

/// How many checks with `matches` a document may have: the memory of patterns has nothing to do with their length.
pub(crate) const MAX_PATTERNS: usize = 500;

/// How many `all`, `any` and `not` may lie within each other.
pub(crate) const MAX_DEPTH: usize = 32;
