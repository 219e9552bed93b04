//! Parameters and their texts.

use serde_json::{Map, Value};

use crate::document::{Action, Source, Transform};
use crate::evaluate::Situation;
use crate::person;

/// The parameters of an action. One that is absent, or null, and has no default is left out; fails with the name of
/// one whose value its transform does not take.
pub(crate) fn parameters<'a>(
    action: &'a Action,
    situation: Situation<'_>,
) -> Result<Map<String, Value>, &'a str> {
    let mut given = Map::new();
    for (name, source) in &action.parameters {
        let value = match source {
            Source::Literal(value) => value.clone(),
            Source::Read { subject, default, transform } => {
                let value = person::read(subject, situation.person, situation.context);
                let Some(value) = value.filter(|value| !value.is_null()).or(default.as_ref()) else {
                    continue;
                };
                match transform {
                    Some(transform) => transformed(value, *transform).ok_or(name.as_str())?,
                    None => value.clone(),
                }
            }
        };
        given.insert(name.clone(), value);
    }
    Ok(given)
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

/// A value as part of a sentence: a list as its items with commas, an object as JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        // 90.0 is written 90.
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => (whole as i64).to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
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
            assert_eq!(text_of(&value), expected);
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
