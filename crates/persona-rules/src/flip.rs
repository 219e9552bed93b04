//! The nearest thing that turns the outcome of a check.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::document::{Operator, TimeCheck};
use crate::zone::{Local, instant_of, moment};

/// What the value (or the clock) would have to be for the other outcome.
#[derive(Clone, Debug, PartialEq)]
pub enum Flip {
    /// A number above the bound, or the bound itself if that is included.
    Above {
        /// The threshold.
        bound: f64,
        /// Whether the threshold itself does.
        inclusive: bool,
    },
    /// A number below the bound, or the bound itself if that is included.
    Below {
        /// The threshold.
        bound: f64,
        /// Whether the threshold itself does.
        inclusive: bool,
    },
    /// A number in this range, both ends included.
    Between(f64, f64),
    /// One of these values.
    AnyOf(Vec<Value>),
    /// Any other value than these, or none.
    NoneOf(Vec<Value>),
    /// Any value.
    Present,
    /// No value.
    Absent,
    /// A list with this item, a text with this part, an object with this key.
    Containing(Value),
    /// One that does not contain it, or nothing.
    NotContaining(Value),
    /// A text that the pattern matches.
    Matching(String),
    /// One that it does not match, or nothing.
    NotMatching(String),
    /// Nothing but the clock, at this moment (ms since 1970). The hour of a time check is found to the quarter.
    At(i64),
    /// A time in this range (ms since 1970), both ends included.
    TimeBetween(f64, f64),
}

/// What gives a check on a value the outcome `wanted`, which it does not have now.
pub(crate) fn of(
    operator: &Operator,
    value: Option<&Value>,
    wanted: bool,
    now: i64,
    zone: &TimeZone,
) -> Option<Flip> {
    let above = |bound: &f64, inclusive| Flip::Above { bound: *bound, inclusive };
    let below = |bound: &f64, inclusive| Flip::Below { bound: *bound, inclusive };
    Some(match (operator, wanted) {
        (Operator::Exists, true) | (Operator::NotExists, false) => Flip::Present,
        (Operator::Exists, false) | (Operator::NotExists, true) => Flip::Absent,
        (Operator::Equals(value), true) | (Operator::NotEquals(value), false) => {
            Flip::AnyOf(vec![value.clone()])
        }
        (Operator::Equals(value), false) | (Operator::NotEquals(value), true) => {
            Flip::NoneOf(vec![value.clone()])
        }
        (Operator::In(values), true) => Flip::AnyOf(values.clone()),
        (Operator::In(values), false) => Flip::NoneOf(values.clone()),
        (Operator::Greater(at), true) | (Operator::LessOrEqual(at), false) => above(at, false),
        (Operator::GreaterOrEqual(at), true) | (Operator::Less(at), false) => above(at, true),
        (Operator::Less(at), true) | (Operator::GreaterOrEqual(at), false) => below(at, false),
        (Operator::LessOrEqual(at), true) | (Operator::Greater(at), false) => below(at, true),
        (Operator::Between(low, high), true) => Flip::Between(*low, *high),
        (Operator::Between(low, high), false) => {
            let number = value.and_then(Value::as_f64)?;
            if number - low < high - number { below(low, false) } else { above(high, false) }
        }
        (Operator::Contains(part), true) => Flip::Containing(part.clone()),
        (Operator::Contains(part), false) => Flip::NotContaining(part.clone()),
        (Operator::Matches(pattern), true) => Flip::Matching(pattern.as_str().to_owned()),
        (Operator::Matches(pattern), false) => Flip::NotMatching(pattern.as_str().to_owned()),
        (Operator::Within(minutes), _) => within(*minutes, value, wanted, now, zone),
    })
}

fn within(minutes: f64, value: Option<&Value>, wanted: bool, now: i64, zone: &TimeZone) -> Flip {
    let length = minutes * 60_000.0;
    if let Some(instant) = value.and_then(|value| instant_of(value, zone)) {
        // The clock counts whole milliseconds; what lies between two of them may come and go unseen.
        let at = if wanted { (instant - length).ceil() } else { instant.floor() + 1.0 };
        if at > now as f64 && (at <= instant) == wanted && moment(at as i64).is_ok() {
            return Flip::At(at as i64);
        }
    }
    Flip::TimeBetween(now as f64, now as f64 + length)
}

/// Offsets of zones change and differ by quarters of an hour, but for times long ago.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A week and a day: an hour that a change of the clock leaves out gets a second chance.
const HORIZON: SignedDuration = SignedDuration::from_hours(8 * 24);

/// The first moment (ms since 1970) from `now` on at which a time check has the outcome `wanted`, if it comes soon.
pub(crate) fn next_moment(check: &TimeCheck, wanted: bool, now: Timestamp, zone: &TimeZone) -> Option<i64> {
    let step = if check.window.is_some() { MINUTE } else { QUARTER };
    let start = now.as_millisecond().div_euclid(step.as_millis() as i64) * step.as_millis() as i64;
    let end = now.checked_add(HORIZON).ok()?;
    let mut at = Timestamp::from_millisecond(start).ok()?;
    while at <= end {
        at = at.checked_add(step).ok()?;
        if check.holds(Local::at(at, zone)) == wanted {
            return Some(at.as_millisecond());
        }
    }
    None
}
