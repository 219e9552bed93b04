//! Expected failures, as values.

use std::error::Error;
use std::fmt;

/// Why a call changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A setting is outside its range, both ends included.
    OutOfRange {
        /// Name of the field.
        field: &'static str,
        /// Smallest value allowed.
        min: i64,
        /// Largest value allowed.
        max: i64,
    },
    /// The handle names no enrolled persona (any more).
    UnknownSlot,
    /// Every index is taken: 2^32 - 1 personas.
    FleetFull,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { field, min, max } => write!(f, "{field} must be from {min} to {max}"),
            Self::UnknownSlot => f.write_str("no persona is enrolled under this handle"),
            Self::FleetFull => f.write_str("the fleet cannot hold more personas; unenroll one first"),
        }
    }
}

impl Error for Fault {}

/// Why `admit` reserved nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The handle names no enrolled persona (any more).
    Unknown,
    /// The persona is being unenrolled.
    Draining,
    /// Reserved and undecided items together would exceed `max_queued`.
    Full,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no persona is enrolled under this handle",
            Self::Draining => "the persona is being unenrolled and takes nothing new",
            Self::Full => "the persona's inbox is full; try again when some of it is answered",
        })
    }
}

impl Error for Refusal {}
