//! Local time.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil};

use crate::Fault;
use crate::hours::DAYS;

/// The database inside the crate: the answer must not depend on what the machine has installed.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of a time check: the person's, or one by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    Users,
    Fixed(TimeZone),
}

pub(crate) fn find(name: &str) -> Option<TimeZone> {
    DATABASE.get(name).ok()
}

/// What time checks look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    /// 0..167, from Monday 0:00.
    pub(crate) hour_of_week: usize,
    /// 0..1439.
    pub(crate) minute_of_day: u16,
}

impl Local {
    pub(crate) fn at(now: Timestamp, zone: &TimeZone) -> Self {
        let local = zone.to_datetime(now);
        let (hour, minute) = (local.hour() as usize, local.minute() as u16);
        let day = local.weekday().to_monday_zero_offset() as usize;
        Self { hour_of_week: day * 24 + hour, minute_of_day: hour as u16 * 60 + minute }
    }
}

impl Local {
    /// 0..10079, from Monday 0:00.
    pub(crate) fn minute_of_week(self) -> usize {
        self.hour_of_week / 24 * 1_440 + usize::from(self.minute_of_day)
    }

    /// Writes it like `saturday 14:05`.
    pub(crate) fn write(self, text: &mut String) {
        let digit = |number: u16| char::from(b'0' + (number % 10) as u8);
        let (hour, minute) = (self.minute_of_day / 60, self.minute_of_day % 60);
        text.push_str(DAYS[self.hour_of_week / 24]);
        text.extend([' ', digit(hour / 10), digit(hour), ':', digit(minute / 10), digit(minute)]);
    }
}

/// Milliseconds since 1970 as a moment.
pub(crate) fn moment(now_ms: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_millisecond(now_ms).map_err(|_| Fault::TimeOutOfRange)
}

/// Milliseconds since 1970 of a value that says when: that number itself, an RFC 3339 text, or a local one
/// without an offset, which is read in `zone`.
pub(crate) fn instant_of(value: &serde_json::Value, zone: &TimeZone) -> Option<f64> {
    if let Some(number) = value.as_f64() {
        return Some(number);
    }
    let text = value.as_str()?;
    let instant = text.parse::<Timestamp>().or_else(|_| {
        let local: civil::DateTime = text.parse()?;
        zone.to_timestamp(local)
    });
    Some(instant.ok()?.as_millisecond() as f64)
}
