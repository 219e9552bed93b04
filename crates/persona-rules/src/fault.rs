//! Expected failures, as values.

use std::error::Error;
use std::fmt;

/// One thing that is wrong with a document, where it is, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFault {
    /// JSON pointer (RFC 6901) to the value at fault, or to the object that lacks one; empty for the document.
    pub path: String,
    /// What kind of fault it is.
    pub code: FaultCode,
    /// A sentence that says what would be right.
    pub message: String,
}

impl fmt::Display for DocumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.path.is_empty() { "/" } else { &self.path }, self.message)
    }
}

impl Error for DocumentFault {}

/// The kinds of faults of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultCode {
    /// The text is longer than the limit.
    TooLarge,
    /// The text is not JSON, or a number in it is not finite.
    Syntax,
    /// A required value is absent.
    Missing,
    /// A value has another type than it must.
    WrongType,
    /// A key or the shape of an object is not known here.
    UnknownKey,
    /// There is no such operator.
    UnknownOperator,
    /// No template has this id.
    UnknownTemplate,
    /// A template asks for what no parameter gives.
    UnknownPlaceholder,
    /// There is no such transform.
    UnknownTransform,
    /// There is no such time zone.
    UnknownZone,
    /// A word is not among those allowed.
    UnknownWord,
    /// A number is outside its range.
    OutOfRange,
    /// A list, a text or a check says nothing.
    Empty,
    /// Two rules have one id.
    DuplicateId,
    /// An object has a key twice.
    DuplicateKey,
    /// Conditions are nested too deeply.
    TooDeep,
    /// There are more rules, or more patterns, than the limit.
    TooMany,
    /// A regular expression cannot be compiled.
    BadPattern,
    /// The braces of a template do not match.
    BadTemplate,
}

impl FaultCode {
    /// The code as other languages know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Syntax => "syntax",
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::UnknownKey => "unknown_key",
            Self::UnknownOperator => "unknown_operator",
            Self::UnknownTemplate => "unknown_template",
            Self::UnknownPlaceholder => "unknown_placeholder",
            Self::UnknownTransform => "unknown_transform",
            Self::UnknownZone => "unknown_zone",
            Self::UnknownWord => "unknown_word",
            Self::OutOfRange => "out_of_range",
            Self::Empty => "empty",
            Self::DuplicateId => "duplicate_id",
            Self::DuplicateKey => "duplicate_key",
            Self::TooDeep => "too_deep",
            Self::TooMany => "too_many",
            Self::BadPattern => "bad_pattern",
            Self::BadTemplate => "bad_template",
        }
    }
}

/// Why a call changed nothing and answered nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// There is no time zone of this name.
    UnknownZone,
    /// The moment is outside the years -9999 to 9999.
    TimeOutOfRange,
    /// The index names no rule.
    UnknownRule,
    /// The number names no key of a trait.
    UnknownKey,
    /// The number is nobody's in this crowd.
    UnknownPerson,
    /// A weight is not a finite number from 0.
    BadWeight,
    /// The score is not a finite number, or the index names no narrative query.
    BadNarrative,
    /// The person or the weights were made for another document.
    Foreign,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownZone => "the time zone must be a name of the IANA database, such as Europe/Berlin",
            Self::TimeOutOfRange => "the moment must lie within the years -9999 to 9999",
            Self::UnknownRule => "the index names no rule of this document",
            Self::UnknownKey => "the number names no key of a trait that this document reads",
            Self::UnknownPerson => "the number is nobody's in this crowd",
            Self::BadWeight => "a weight must be a finite number from 0",
            Self::BadNarrative => "a finite score for one of the document's narrative queries is needed",
            Self::Foreign => {
                "the person, the crowd, the context or the weights were made for another document; make them anew"
            }
        })
    }
}

impl Error for Fault {}
