//! The four checks.

use super::node::{self, Node};
use crate::document::{CheckKind, NarrativeQuery, Operator, Subject, TimeCheck, Window};
use crate::fault::FaultCode;
use crate::hours::{DAYS, HourRange, WeekHours};
use crate::pattern::Pattern;
use crate::zone::{self, Zone};

const OPERATORS: [&str; 13] = [
    "exists",
    "not_exists",
    "equals",
    "not_equals",
    "greater",
    "greater_or_equal",
    "less",
    "less_or_equal",
    "between",
    "in",
    "contains",
    "matches",
    "within_minutes",
];

/// A century.
const MAX_MINUTES: f64 = 52_560_000.0;

/// Reads the check that stands under `name`; none for a name that is no check's.
pub(super) fn parse(name: &str, node: &Node<'_>) -> Option<CheckKind> {
    node.object()?;
    match name {
        "trait_check" => on_value(node, "path", node::trait_path),
        "context_check" => on_value(node, "field", node::field_path),
        "time_check" => time(node).map(CheckKind::Time),
        "narrative_check" => narrative(node),
        _ => None,
    }
}

fn on_value(node: &Node<'_>, place: &str, subject: fn(&Node<'_>) -> Option<Subject>) -> Option<CheckKind> {
    node.only(&[place, "operator", "value"]);
    let subject = node.need(place).and_then(|path| subject(&path));
    let operator = node.need("operator").and_then(|name| operator(&name, node));
    Some(CheckKind::Value { subject: subject?, operator: operator? })
}

fn operator(name: &Node<'_>, check: &Node<'_>) -> Option<Operator> {
    let number = || node::number(&check.need("value")?);
    match name.text()? {
        "exists" => presence(check, Operator::Exists, "not_exists"),
        "not_exists" => presence(check, Operator::NotExists, "exists"),
        "equals" => Some(Operator::Equals(check.need("value")?.value.clone())),
        "not_equals" => Some(Operator::NotEquals(check.need("value")?.value.clone())),
        "greater" => number().map(Operator::Greater),
        "greater_or_equal" => number().map(Operator::GreaterOrEqual),
        "less" => number().map(Operator::Less),
        "less_or_equal" => number().map(Operator::LessOrEqual),
        "between" => between(&check.need("value")?),
        "in" => check.need("value")?.items(|item| Some(item.value.clone())).map(Operator::In),
        "contains" => Some(Operator::Contains(check.need("value")?.value.clone())),
        "matches" => pattern(&check.need("value")?),
        "within_minutes" => check.need("value")?.number_in(0.0, MAX_MINUTES).map(Operator::Within),
        _ => {
            name.fault(FaultCode::UnknownOperator, format!("the operators are {}", OPERATORS.join(", ")));
            None
        }
    }
}

/// A value may only say again what the operator says.
fn presence(check: &Node<'_>, operator: Operator, opposite: &str) -> Option<Operator> {
    match check.get("value") {
        Some(value) if value.value != &serde_json::Value::Bool(true) => {
            let message = format!("no value (or true) goes with this operator; the opposite is {opposite}");
            value.fault(FaultCode::WrongType, message);
            None
        }
        _ => Some(operator),
    }
}

fn between(value: &Node<'_>) -> Option<Operator> {
    let (low, high) = value.pair(node::number)?;
    if low > high {
        value.fault(FaultCode::OutOfRange, "the lower bound comes first");
        return None;
    }
    Some(Operator::Between(low, high))
}

fn pattern(value: &Node<'_>) -> Option<Operator> {
    let source = value.text()?;
    if !value.count_pattern() {
        return None;
    }
    match Pattern::new(source) {
        Ok(pattern) => Some(Operator::Matches(pattern)),
        Err(message) => {
            value.fault(FaultCode::BadPattern, message);
            None
        }
    }
}

fn time(node: &Node<'_>) -> Option<TimeCheck> {
    node.only(&["timezone", "period", "hour_range", "day_of_week", "within_minutes"]);
    let zone = node.get("timezone").map_or(Some(Zone::Users), |zone| zone_of(&zone));
    let parts = [
        node.get("period").map(|period| period_of(&period)),
        node.get("hour_range").map(|range| range_of(&range)),
        node.get("day_of_week").map(|days| days_of(&days)),
    ];
    let window = node.get("within_minutes").map(|window| window_of(&window));
    if parts.iter().all(Option::is_none) && window.is_none() {
        let message = "a time check needs period, hour_range, day_of_week or within_minutes";
        node.fault(FaultCode::Empty, message);
        return None;
    }
    let hours = parts.into_iter().flatten().try_fold(WeekHours::ALL, |hours, part| Some(hours.and(part?)));
    let window = window.map_or(Some(None), |window| window.map(Some));
    Some(TimeCheck { zone: zone?, hours: hours?, window: window? })
}

fn zone_of(node: &Node<'_>) -> Option<Zone> {
    match node.text()? {
        "user_local" => Some(Zone::Users),
        name => zone::find(name).map(Zone::Fixed).or_else(|| {
            let message = "the zone is user_local or a name of the IANA database, such as Europe/Berlin";
            node.fault(FaultCode::UnknownZone, message);
            None
        }),
    }
}

fn period_of(node: &Node<'_>) -> Option<WeekHours> {
    let Some(range) = HourRange::period(node.text()?) else {
        node.fault(FaultCode::UnknownWord, "the periods are morning, afternoon, evening and night");
        return None;
    };
    Some(WeekHours::of(|_, hour| range.holds(hour)))
}

fn range_of(node: &Node<'_>) -> Option<WeekHours> {
    let (from, to) = node.pair(|hour| hour.whole(0, 24))?;
    if from == 24 || from == to {
        node.fault(FaultCode::OutOfRange, "a range is from 0..23 to another hour 0..24, which is left out");
        return None;
    }
    let range = HourRange { from: from as u8, to: to as u8 };
    Some(WeekHours::of(|_, hour| range.holds(hour)))
}

fn days_of(node: &Node<'_>) -> Option<WeekHours> {
    let day = |day: &Node<'_>| {
        let name = day.text()?;
        let index = DAYS.iter().position(|known| known.eq_ignore_ascii_case(name));
        if index.is_none() {
            day.fault(FaultCode::UnknownWord, format!("the days are {}", DAYS.join(", ")));
        }
        index
    };
    let days = if node.value.is_string() { vec![day(node)?] } else { node.items(day)? };
    Some(WeekHours::of(|day, _| days.contains(&day)))
}

fn window_of(node: &Node<'_>) -> Option<Window> {
    node.object()?;
    node.only(&["of", "minutes"]);
    let of = node.need("of").and_then(|of| minute_of_day(&of));
    let minutes = node.need("minutes").and_then(|minutes| minutes.whole(0, 720));
    Some(Window { of: of?, minutes: minutes? })
}

fn minute_of_day(node: &Node<'_>) -> Option<u16> {
    let parse = |text: &str| -> Option<u16> {
        let (hour, minute) = text.split_once(':')?;
        let digits = |text: &str, max: u16| -> Option<u16> {
            let number = text.parse::<u16>().ok().filter(|&number| number < max)?;
            (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
        };
        Some(digits(hour, 24)? * 60 + digits(minute, 60)?)
    };
    parse(node.text()?).or_else(|| {
        node.fault(FaultCode::OutOfRange, "a time of day is written HH:MM, from 00:00 to 23:59");
        None
    })
}

fn narrative(node: &Node<'_>) -> Option<CheckKind> {
    node.only(&["query", "threshold", "limit", "narrative_types"]);
    let query = node.need("query").and_then(|query| query.text());
    let threshold = node.get("threshold").map_or(Some(0.7), |threshold| threshold.number_in(0.0, 1.0));
    let limit = node.get("limit").map_or(Some(5), |limit| limit.whole(1, 100));
    let types = node.get("narrative_types");
    let types = types.map_or(Some(Vec::new()), |types| types.items(|kind| kind.text().map(str::to_owned)));
    let mut types = types?;
    types.sort();
    types.dedup();
    let query = NarrativeQuery { query: query?.to_owned(), limit: u32::from(limit?), types };
    Some(CheckKind::Narrative { query, threshold: threshold? })
}
