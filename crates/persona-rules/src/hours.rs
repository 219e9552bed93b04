//! Sets of hours of the week.

/// Hours in a week.
pub(crate) const WEEK: usize = 168;

/// Days as documents name them, in the order of hours of the week.
pub(crate) const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Hours of the local week, counted from Monday 0:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WeekHours([u64; 3]);

impl WeekHours {
    pub(crate) const ALL: Self = Self([u64::MAX, u64::MAX, (1 << (WEEK - 128)) - 1]);

    /// The hours of which `holds(day, hour)` says so.
    pub(crate) fn of(holds: impl Fn(usize, u8) -> bool) -> Self {
        let mut words = [0; 3];
        for index in 0..WEEK {
            if holds(index / 24, (index % 24) as u8) {
                words[index / 64] |= 1 << (index % 64);
            }
        }
        Self(words)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1], self.0[2] & other.0[2]])
    }

    pub(crate) fn complement(self) -> Self {
        Self([!self.0[0], !self.0[1], !self.0[2] & Self::ALL.0[2]])
    }

    pub(crate) fn holds(self, hour_of_week: usize) -> bool {
        self.0[hour_of_week / 64] >> (hour_of_week % 64) & 1 == 1
    }
}

/// Half-open and around midnight: 22..5 holds at 22 and at 4, not at 5.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HourRange {
    /// 0..23.
    pub(crate) from: u8,
    /// 0..24, another hour than `from`.
    pub(crate) to: u8,
}

impl HourRange {
    /// The part of the day of this name.
    pub(crate) fn period(name: &str) -> Option<Self> {
        let (from, to) = match name {
            "morning" => (5, 12),
            "afternoon" => (12, 17),
            "evening" => (17, 21),
            "night" => (21, 5),
            _ => return None,
        };
        Some(Self { from, to })
    }

    pub(crate) fn holds(self, hour: u8) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&hour)
        } else {
            hour >= self.from || hour < self.to
        }
    }
}
