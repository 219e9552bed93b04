//! Parameters and their texts.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Value;

use crate::document::{Action, Source, Transform};
use crate::{RuleSet, Situation};

/// The parameters of an action, in document order. One whose source has nothing, or null, and which has no default is
/// none; fails with the name of one whose value its transform does not take.
pub(crate) fn parameters<'a>(
    rules: &'a RuleSet,
    action: &'a Action,
    situation: Situation<'a>,
    values: &mut Vec<Option<Cow<'a, Value>>>,
) -> Result<(), &'a str> {
    values.clear();
    for (name, source) in &action.parameters {
        values.push(match source {
            Source::Literal(value) => Some(Cow::Borrowed(value)),
            Source::Read { subject, default, transform } => {
                let value = rules.read(*subject, situation).filter(|value| !value.is_null());
                match (value.or(default.as_ref()), transform) {
                    (None, _) => None,
                    (Some(value), None) => Some(Cow::Borrowed(value)),
                    (Some(value), Some(transform)) => {
                        Some(Cow::Owned(transformed(value, *transform).ok_or(name.as_str())?))
                    }
                }
            }
        });
    }
    Ok(())
}

/// The value after the transform; `None` if it is of a type that the transform does not take.
pub(crate) fn transformed(value: &Value, transform: Transform) -> Option<Value> {
    Some(Value::from(match transform {
        Transform::MinutesToHours => format!("{:.1} hours", value.as_f64()? / 60.0),
        Transform::Lower => value.as_str()?.to_lowercase(),
        Transform::Capitalize => {
            let mut letters = value.as_str()?.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters.as_str().chars().flat_map(char::to_lowercase)).collect()
        }
    }))
}

/// Writes a value as part of a sentence: a list as its items with commas, an object as JSON.
pub(crate) fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::String(part) => text.push_str(part),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_value(item, text);
            }
        }
        Value::Number(number) => match number.as_f64() {
            // 90.0 is written 90. Writing to a string cannot fail.
            Some(whole) if whole.abs() < 1e15 && whole - whole as i64 as f64 == 0.0 => {
                _ = write!(text, "{}", whole as i64);
            }
            // What `Display` of the number comes to, without its detours.
            Some(part) if number.is_f64() => text.push_str(zmij::Buffer::new().format_finite(part)),
            _ => _ = write!(text, "{number}"),
        },
        other => _ = write!(text, "{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts() {
        let table = [
            (json!("a"), "a"),
            (json!(90), "90"),
            (json!(90.0), "90"),
            (json!(1.25), "1.25"),
            (json!(true), "true"),
            (json!(["a", 1, ["b"]]), "a, 1, b"),
            (json!({"a": 1}), "{\"a\":1}"),
        ];
        for (value, expected) in table {
            let mut text = String::new();
            write_value(&value, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn transforms() {
        let table = [
            (json!(90), Transform::MinutesToHours, Some("1.5 hours")),
            (json!("90"), Transform::MinutesToHours, None),
            (json!("éTÉ bleu"), Transform::Capitalize, Some("Été bleu")),
            (json!(""), Transform::Capitalize, Some("")),
            (json!("ÀB"), Transform::Lower, Some("àb")),
            (json!(1), Transform::Lower, None),
        ];
        for (value, transform, expected) in table {
            assert_eq!(transformed(&value, transform), expected.map(Value::from), "{value}");
        }
    }
}
