//! The meaning of a document, read off it as plainly as can be: no index, no state, nothing shared with the crate.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::cases;

/// Compiled once: that takes longer than all the rest.
pub(crate) static PATTERNS: LazyLock<HashMap<&str, Regex>> =
    LazyLock::new(|| cases::PATTERNS.iter().map(|source| (*source, Regex::new(source).unwrap())).collect());

#[derive(Default)]
pub(crate) struct World {
    pub(crate) traits: Map<String, Value>,
    pub(crate) context: Map<String, Value>,
    pub(crate) scores: HashMap<String, f64>,
    pub(crate) zone: String,
    pub(crate) now: i64,
}

/// A suggestion as far as it can be told apart: rule, action, title, description, priority, parameters, metadata.
pub(crate) type Suggestion = (usize, usize, String, String, String, Value, Value);

impl World {
    pub(crate) fn fires(&self, rule: &Value, weight: f64) -> bool {
        weight > 0.0 && self.condition(&rule["conditions"])
    }

    fn condition(&self, node: &Value) -> bool {
        let listed = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        let group = |kind: &str, children: Vec<Value>| {
            let outcomes: Vec<bool> = children.iter().map(|child| self.condition(child)).collect();
            match kind {
                "all" => outcomes.iter().all(|outcome| *outcome),
                "any" => outcomes.contains(&true),
                "not" => !outcomes.contains(&true),
                "single" => outcomes[0],
                other => panic!("{other}"),
            }
        };
        for kind in ["all", "any", "not"] {
            if let Some(children) = node.get(kind) {
                return group(kind, listed(children));
            }
        }
        if let Some(children) = node.get("conditions") {
            return group(node["type"].as_str().unwrap(), listed(children));
        }
        let checks = ["trait_check", "context_check", "time_check", "narrative_check"];
        let kind = checks.iter().find(|kind| node.get(kind).is_some()).unwrap();
        self.check(kind, &node[kind])
    }

    pub(crate) fn check(&self, kind: &str, check: &Value) -> bool {
        match kind {
            "trait_check" => self.holds(check, lookup(&self.traits, check["path"].as_str().unwrap())),
            "context_check" => self.holds(check, lookup(&self.context, check["field"].as_str().unwrap())),
            "time_check" => self.time(check),
            _ => {
                let score = self.scores.get(check["query"].as_str().unwrap());
                score.is_some_and(|score| *score >= check["threshold"].as_f64().unwrap_or(0.7))
            }
        }
    }

    pub(crate) fn holds(&self, check: &Value, actual: Option<Value>) -> bool {
        let wanted = &check["value"];
        let operator = check["operator"].as_str().unwrap();
        let Some(actual) = actual else { return matches!(operator, "not_exists" | "not_equals") };
        let numbers = |compare: fn(f64, f64) -> bool| match (actual.as_f64(), wanted.as_f64()) {
            (Some(actual), Some(wanted)) => compare(actual, wanted),
            _ => false,
        };
        match operator {
            "exists" => true,
            "not_exists" => false,
            "equals" => plain(&actual) == plain(wanted),
            "not_equals" => plain(&actual) != plain(wanted),
            "greater" => numbers(|a, b| a > b),
            "greater_or_equal" => numbers(|a, b| a >= b),
            "less" => numbers(|a, b| a < b),
            "less_or_equal" => numbers(|a, b| a <= b),
            "between" => actual.as_f64().is_some_and(|actual| {
                wanted[0].as_f64().unwrap() <= actual && actual <= wanted[1].as_f64().unwrap()
            }),
            "in" => wanted.as_array().unwrap().iter().any(|one| plain(one) == plain(&actual)),
            "contains" => match &actual {
                Value::String(text) => wanted.as_str().is_some_and(|part| text.contains(part)),
                Value::Array(items) => items.iter().any(|item| plain(item) == plain(wanted)),
                Value::Object(fields) => wanted.as_str().is_some_and(|key| fields.contains_key(key)),
                _ => false,
            },
            "matches" => {
                actual.as_str().is_some_and(|text| PATTERNS[wanted.as_str().unwrap()].is_match(text))
            }
            "within_minutes" => self.instant(&actual).is_some_and(|instant| {
                let away = instant - self.now as f64;
                away >= 0.0 && away <= wanted.as_f64().unwrap() * 60_000.0
            }),
            other => panic!("{other}"),
        }
    }

    fn instant(&self, value: &Value) -> Option<f64> {
        match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => {
                if let Ok(instant) = text.parse::<Timestamp>() {
                    return Some(instant.as_millisecond() as f64);
                }
                let local: civil::DateTime = text.parse().ok()?;
                Some(local.in_tz(&self.zone).ok()?.timestamp().as_millisecond() as f64)
            }
            _ => None,
        }
    }

    fn time(&self, check: &Value) -> bool {
        let zone = check.get("timezone").and_then(Value::as_str).unwrap_or("user_local");
        let zone = if zone == "user_local" { &self.zone } else { zone };
        let zone = TimeZone::get(zone).unwrap();
        let local = Timestamp::from_millisecond(self.now).unwrap().to_zoned(zone);
        let hour = i64::from(local.hour());
        let within = |from: i64, to: i64| {
            if from < to { from <= hour && hour < to } else { hour >= from || hour < to }
        };
        let period = check.get("period").is_none_or(|period| match period.as_str().unwrap() {
            "morning" => within(5, 12),
            "afternoon" => within(12, 17),
            "evening" => within(17, 21),
            _ => within(21, 5),
        });
        let range = check
            .get("hour_range")
            .is_none_or(|range| within(range[0].as_i64().unwrap(), range[1].as_i64().unwrap()));
        let today = local.strftime("%A").to_string().to_lowercase();
        let day = check.get("day_of_week").is_none_or(|days| match days {
            Value::String(day) => day.to_lowercase() == today,
            days => days.as_array().unwrap().iter().any(|day| day.as_str().unwrap().to_lowercase() == today),
        });
        let window = check.get("within_minutes").is_none_or(|window| {
            let (hour, minute) = window["of"].as_str().unwrap().split_once(':').unwrap();
            let of = hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap();
            let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
            let limit = window["minutes"].as_i64().unwrap();
            [-1_440, 0, 1_440].iter().any(|turn| (minute - of + turn).abs() <= limit)
        });
        period && range && day && window
    }

    /// What the document suggests, and rule, action and parameter of what went wrong on the way.
    pub(crate) fn suggest(
        &self,
        document: &Value,
        weights: &[f64],
        limit: usize,
    ) -> (Vec<Suggestion>, Vec<(usize, usize, String)>) {
        let mut candidates = Vec::new();
        for (rule, definition) in document["rules"].as_array().unwrap().iter().enumerate() {
            if self.fires(definition, weights[rule]) {
                for (action, definition) in definition["actions"].as_array().unwrap().iter().enumerate() {
                    let suggestion = &definition["generate_suggestion"];
                    let template = &document["templates"][suggestion["template"].as_str().unwrap()];
                    let priority = template.get("priority").and_then(Value::as_str).unwrap_or("medium");
                    let rank = ["high", "medium", "low"].iter().position(|name| *name == priority).unwrap();
                    candidates.push((-weights[rule], rank, rule, action, priority, template, suggestion));
                }
            }
        }
        candidates.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap().then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
        let (mut suggestions, mut faults) = (Vec::new(), Vec::new());
        for (_, _, rule, action, priority, template, suggestion) in candidates {
            if suggestions.len() == limit {
                break;
            }
            match self.parameters(&suggestion["parameters"]).and_then(|parameters| {
                let title = fill(template["title"].as_str().unwrap(), &parameters)?;
                let description = fill(template["description"].as_str().unwrap(), &parameters)?;
                Ok((title, description, Value::Object(parameters)))
            }) {
                Ok((title, description, parameters)) => {
                    let metadata = template.get("metadata").cloned().unwrap_or_else(|| json!({}));
                    let priority = priority.to_owned();
                    suggestions.push((rule, action, title, description, priority, parameters, metadata));
                }
                Err(parameter) => faults.push((rule, action, parameter)),
            }
        }
        (suggestions, faults)
    }

    fn parameters(&self, sources: &Value) -> Result<Map<String, Value>, String> {
        let mut parameters = Map::new();
        for (name, source) in sources.as_object().unwrap() {
            let Some(read) = source.as_object() else {
                parameters.insert(name.clone(), source.clone());
                continue;
            };
            let value = match (read.get("from_trait"), read.get("from_context")) {
                (Some(path), _) => lookup(&self.traits, path.as_str().unwrap()),
                (_, field) => lookup(&self.context, field.unwrap().as_str().unwrap()),
            };
            let value = value.filter(|value| !value.is_null()).or_else(|| read.get("default").cloned());
            let Some(value) = value else { continue };
            let text = || value.as_str().ok_or(name.clone());
            let value = match read.get("transform").and_then(Value::as_str) {
                None => value,
                Some("minutes_to_hours") => {
                    json!(format!("{:.1} hours", value.as_f64().ok_or(name.clone())? / 60.0))
                }
                Some("lower") => json!(text()?.to_lowercase()),
                _ => {
                    let lower = text()?.to_lowercase();
                    let mut letters = lower.chars();
                    let first = letters.next().map(|first| first.to_uppercase().to_string());
                    json!(first.unwrap_or_default() + letters.as_str())
                }
            };
            parameters.insert(name.clone(), value);
        }
        Ok(parameters)
    }
}

fn lookup(stored: &Map<String, Value>, path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('.').collect();
    for length in (1..=parts.len()).rev() {
        if let Some(value) = stored.get(&parts[..length].join(".")) {
            let mut value = value;
            for part in &parts[length..] {
                value = value.as_object()?.get(*part)?;
            }
            return Some(value.clone());
        }
    }
    None
}

/// The templates of the cases need no more than this.
fn fill(template: &str, parameters: &Map<String, Value>) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template.replace("{{", "\u{1}").replace("}}", "\u{2}");
    while let Some(start) = rest.find('{') {
        let end = rest.find('}').unwrap();
        let name = rest[start + 1..end].to_owned();
        text += &rest[..start];
        text += &text_of(parameters.get(&name).ok_or(name)?);
        rest = rest[end + 1..].to_owned();
    }
    Ok((text + &rest).replace('\u{1}', "{").replace('\u{2}', "}"))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap().to_string().replace("-0", "0"),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The value with every number written one way.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().unwrap() + 0.0),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}
