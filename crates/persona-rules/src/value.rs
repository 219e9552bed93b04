//! What it means that two values are the same, and a hash that agrees.

use std::hash::{Hash, Hasher};

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

/// Equal for values that are the same. Made to be quick: whoever could look for collisions owns what gets slow by them.
pub(crate) fn hash_of(value: &Value) -> u64 {
    let mut hasher = Mixer(0);
    feed(value, &mut hasher);
    hasher.finish()
}

/// Multiplies and rotates, as the compiler's own hasher does.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for &word in words {
            self.write_u64(u64::from_le_bytes(word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last) ^ (rest.len() as u64) << 56);
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

fn feed(value: &Value, hasher: &mut Mixer) {
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
                let mut hasher = Mixer(0);
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
