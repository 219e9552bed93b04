//! Dotted paths: the longest stored key that begins one, then into its value.

use std::collections::HashMap;

use serde_json::Value;

/// The paths that a document reads in one place (traits or context), and the keys under which they may be stored.
/// Both are numbered in the order in which the document names them.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    ids: HashMap<String, u32>,
    texts: Vec<String>,
    /// For each path the keys that may hold it, longest first, with what is left of the path inside of their value.
    ways: Vec<Vec<(u32, Vec<String>)>>,
    key_ids: HashMap<String, u32>,
    keys: Vec<String>,
}

impl Paths {
    /// The number of a path.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let prefixes =
            std::iter::successors(Some(text), |prefix| prefix.rfind('.').map(|end| &prefix[..end]));
        let mut ways = Vec::new();
        for prefix in prefixes {
            let rest = text.get(prefix.len() + 1..).into_iter().flat_map(|rest| rest.split('.'));
            ways.push((self.intern_key(prefix), rest.map(str::to_owned).collect()));
        }
        let id = self.texts.len() as u32;
        self.ids.insert(text.to_owned(), id);
        self.texts.push(text.to_owned());
        self.ways.push(ways);
        id
    }

    fn intern_key(&mut self, name: &str) -> u32 {
        if let Some(&key) = self.key_ids.get(name) {
            return key;
        }
        let key = self.keys.len() as u32;
        self.key_ids.insert(name.to_owned(), key);
        self.keys.push(name.to_owned());
        key
    }

    /// The number of a key; none if nothing could be found below it.
    pub(crate) fn key(&self, name: &str) -> Option<u32> {
        self.key_ids.get(name).copied()
    }

    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(crate) fn text(&self, path: u32) -> &str {
        &self.texts[path as usize]
    }

    pub(crate) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The keys that may hold a path, longest first.
    pub(crate) fn keys_of(&self, path: u32) -> impl Iterator<Item = u32> {
        self.ways[path as usize].iter().map(|&(key, _)| key)
    }

    /// The value of a path. A stored key that is longer hides what a shorter one has inside.
    pub(crate) fn resolve<'a>(
        &self,
        path: u32,
        stored: impl Fn(u32) -> Option<&'a Value>,
    ) -> Option<&'a Value> {
        let mut ways = self.ways[path as usize].iter();
        let (value, rest) = ways.find_map(|(key, rest)| Some((stored(*key)?, rest)))?;
        rest.iter().try_fold(value, |value, key| value.as_object()?.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_longest_stored_key_decides() {
        let stored = json!({"a": {"b": 1, "b.c": 9, "d": {"e": 2}}, "a.b": {"c": 3}, "x.y": null});
        let at = |path: &str| {
            let mut paths = Paths::default();
            let id = paths.intern(path);
            paths.resolve(id, |key| stored.get(&paths.keys()[key as usize])).cloned()
        };
        assert_eq!(at("a.b.c"), Some(json!(3)));
        assert_eq!(at("a.b"), Some(json!({"c": 3})));
        assert_eq!(at("a.b.d"), None, "the shorter key is hidden");
        assert_eq!(at("a.d.e"), Some(json!(2)));
        assert_eq!(at("a.d.e.f"), None);
        assert_eq!(at("x.y"), Some(json!(null)), "null is a value");
        assert_eq!(at("x"), None);
    }

    #[test]
    fn every_path_and_every_key_has_one_number() {
        let mut paths = Paths::default();
        assert_eq!([paths.intern("a.b"), paths.intern("a.c"), paths.intern("a.b")], [0, 1, 0]);
        assert_eq!(paths.keys(), ["a.b", "a", "a.c"]);
        assert_eq!(paths.keys_of(1).collect::<Vec<_>>(), [2, 1]);
        assert_eq!([paths.key("a"), paths.key("b")], [Some(1), None]);
    }
}
