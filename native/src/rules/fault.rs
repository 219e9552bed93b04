//! What is wrong with a call. A message begins with the name of what it is about.

use napi::{Error, Result, Status as Code};
use persona_rules::Fault;

use crate::layout::whole;

pub(super) fn number(value: f64, field: &str) -> Result<u32> {
    whole(value).and_then(|value| u32::try_from(value).ok()).ok_or_else(|| invalid(field))
}

pub(super) fn gone() -> Error {
    Error::new(Code::InvalidArg, "person: was let go")
}

pub(super) fn invalid(field: &str) -> Error {
    Error::new(Code::InvalidArg, format!("{field}: is not valid"))
}

pub(super) fn fault(fault: Fault) -> Error {
    let field = match fault {
        Fault::UnknownZone => "zone",
        Fault::TimeOutOfRange => "now",
        Fault::UnknownRule => "rule",
        Fault::UnknownKey => "key",
        Fault::UnknownPerson => "person",
        Fault::BadWeight => "weight",
        Fault::BadNarrative => "score",
        _ => "mapper",
    };
    Error::new(Code::InvalidArg, format!("{field}: {fault}"))
}
