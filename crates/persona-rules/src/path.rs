//! Dotted paths: the longest stored prefix, then into its value.

use serde_json::Value;

/// The value at `path`. A stored key that is longer hides what a shorter one has inside.
pub(crate) fn resolve<'a>(path: &str, stored: impl Fn(&str) -> Option<&'a Value>) -> Option<&'a Value> {
    let mut prefix = path;
    loop {
        if let Some(value) = stored(prefix) {
            return descend(value, path.get(prefix.len() + 1..));
        }
        prefix = &prefix[..prefix.rfind('.')?];
    }
}

fn descend<'a>(value: &'a Value, rest: Option<&str>) -> Option<&'a Value> {
    rest.map_or(Some(value), |rest| rest.split('.').try_fold(value, |value, key| value.as_object()?.get(key)))
}

/// The path and all that could be stored in its stead, longest first.
pub(crate) fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |prefix| prefix.rfind('.').map(|end| &prefix[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_longest_stored_prefix_decides() {
        let stored = json!({"a": {"b": 1, "b.c": 9, "d": {"e": 2}}, "a.b": {"c": 3}, "x.y": null});
        let at = |path: &str| resolve(path, |key| stored.get(key)).cloned();
        assert_eq!(at("a.b.c"), Some(json!(3)));
        assert_eq!(at("a.b"), Some(json!({"c": 3})));
        assert_eq!(at("a.b.d"), None, "the shorter prefix is hidden");
        assert_eq!(at("a.d.e"), Some(json!(2)));
        assert_eq!(at("a.d.e.f"), None);
        assert_eq!(at("x.y"), Some(json!(null)), "null is a value");
        assert_eq!(at("x"), None);
    }
}
