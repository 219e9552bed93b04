//! What it means that two values are the same, and a hash that agrees.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

/// Deep equality in which numbers compare as numbers (1 is 1.0) and nothing else crosses types.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Equal for values that are the same.
pub(crate) fn hash_of(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    hasher.finish()
}

fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Bool(bool) => hasher.write_u8(1 + u8::from(*bool)),
        Value::Number(number) => {
            hasher.write_u8(3);
            // Adding zero makes -0 and 0 one.
            hasher.write_u64((number.as_f64().unwrap_or(0.0) + 0.0).to_bits());
        }
        Value::String(text) => text.hash(hasher),
        Value::Array(items) => {
            hasher.write_u8(4);
            for item in items {
                feed(item, hasher);
            }
        }
        // Keys may come in any order, so that of the sum must not matter.
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                let mut hasher = DefaultHasher::new();
                key.hash(&mut hasher);
                feed(value, &mut hasher);
                hasher.finish()
            };
            hasher.write_u64(fields.iter().map(field).fold(0, u64::wrapping_add));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sameness() {
        let table = [
            (json!(1), json!(1.0), true),
            (json!(0), json!(-0.0), true),
            (json!(1), json!("1"), false),
            (json!(1), json!(true), false),
            (json!(null), json!(false), false),
            (json!([1, {"a": 2}]), json!([1.0, {"a": 2.0}]), true),
            (json!([1, 2]), json!([2, 1]), false),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), true),
            (json!({"a": 1}), json!({"b": 1}), false),
        ];
        for (a, b, expected) in table {
            assert_eq!(same(&a, &b), expected, "{a} and {b}");
            assert!(!expected || hash_of(&a) == hash_of(&b), "{a} and {b}");
        }
    }
}
