//! A value of the document with its place, and where faults go.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};

use super::pointer::Place;
use crate::document::Subject;
use crate::fault::{DocumentFault, FaultCode};
use crate::limits::MAX_PATTERNS;
use crate::path::Paths;

/// What is known of the document so far.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) faults: RefCell<Vec<DocumentFault>>,
    pub(super) traits: RefCell<Paths>,
    pub(super) fields: RefCell<Paths>,
    patterns: Cell<usize>,
}

#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    place: Place<'a>,
    progress: &'a Progress,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value, progress: &'a Progress) -> Self {
        Self { value, place: Place::ROOT, progress }
    }

    pub(super) fn fault(&self, code: FaultCode, message: impl Into<String>) {
        self.progress.faults.borrow_mut().push(DocumentFault {
            path: self.pointer(),
            code,
            message: message.into(),
        });
    }

    /// Counts one more pattern; says whether that is not too many.
    pub(super) fn count_pattern(&self) -> bool {
        let count = self.progress.patterns.get() + 1;
        self.progress.patterns.set(count);
        if count == MAX_PATTERNS + 1 {
            let message = format!("a document may have {MAX_PATTERNS} checks with `matches`, up to here");
            self.fault(FaultCode::TooMany, message);
        }
        count <= MAX_PATTERNS
    }

    fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        self.fault(FaultCode::WrongType, format!("{expected} is needed here"));
        None
    }

    pub(super) fn pointer(&self) -> String {
        self.place.pointer()
    }

    pub(super) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object().or_else(|| self.wrong_type("an object"))
    }

    /// The field of this name, if this is an object that has it.
    pub(super) fn get<'b>(&'b self, key: &'b str) -> Option<Node<'b>> {
        let value = self.value.as_object()?.get(key)?;
        Some(Node { value, place: self.place.field(key), progress: self.progress })
    }

    /// The field of this name; its absence is a fault.
    pub(super) fn need<'b>(&'b self, key: &'b str) -> Option<Node<'b>> {
        self.object()?;
        self.get(key).or_else(|| {
            self.fault(FaultCode::Missing, format!("`{key}` is needed here"));
            None
        })
    }

    /// Calls for each field in turn.
    pub(super) fn fields<'b>(&'b self, mut each: impl FnMut(&'b str, &Node<'_>)) {
        for (key, value) in self.object().into_iter().flatten() {
            each(key, &Node { value, place: self.place.field(key), progress: self.progress });
        }
    }

    /// Reads each item; a list without any is a fault, as is what the reader refuses.
    pub(super) fn items<T>(&self, mut read: impl FnMut(&Node<'_>) -> Option<T>) -> Option<Vec<T>> {
        let list = self.value.as_array().or_else(|| self.wrong_type("a list"))?;
        if list.is_empty() {
            self.fault(FaultCode::Empty, "the list must not be empty");
        }
        let read: Vec<_> = list
            .iter()
            .enumerate()
            .map(|(index, value)| {
                read(&Node { value, place: self.place.item(index), progress: self.progress })
            })
            .collect();
        read.into_iter().collect()
    }

    /// Every key must be one of these.
    pub(super) fn only(&self, known: &[&str]) {
        self.fields(|key, field| {
            if !known.contains(&key) {
                field.fault(FaultCode::UnknownKey, format!("only {} may stand here", known.join(", ")));
            }
        });
    }

    /// A text that is not blank.
    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str().or_else(|| self.wrong_type("a text"))?;
        if text.trim().is_empty() {
            self.fault(FaultCode::Empty, "the text must not be empty");
            return None;
        }
        Some(text)
    }

    pub(super) fn number_from(&self, min: f64) -> Option<f64> {
        let number = number(self)?;
        if number >= min {
            return Some(number);
        }
        self.fault(FaultCode::OutOfRange, format!("the number must be from {min}"));
        None
    }

    pub(super) fn number_in(&self, min: f64, max: f64) -> Option<f64> {
        let number = number(self)?;
        if (min..=max).contains(&number) {
            return Some(number);
        }
        self.fault(FaultCode::OutOfRange, format!("the number must be from {min} to {max}"));
        None
    }

    pub(super) fn whole(&self, min: u16, max: u16) -> Option<u16> {
        let number = self.number_in(f64::from(min), f64::from(max))?;
        if number.fract() == 0.0 { Some(number as u16) } else { self.wrong_type("a whole number") }
    }

    /// Two numbers.
    pub(super) fn pair<T>(&self, read: impl FnMut(&Node<'_>) -> Option<T>) -> Option<(T, T)> {
        match self.value.as_array().map(Vec::len) {
            Some(2) => {
                let mut both = self.items(read)?.into_iter();
                Some((both.next()?, both.next()?))
            }
            _ => self.wrong_type("a list of two numbers"),
        }
    }
}

/// A dotted path without empty parts.
pub(super) fn path(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    if text.split('.').any(str::is_empty) {
        node.fault(FaultCode::Empty, "a path is names with single dots between them");
        return None;
    }
    Some(text.to_owned())
}

/// A path of a learned trait that a rule reads.
pub(super) fn trait_path(node: &Node<'_>) -> Option<Subject> {
    Some(Subject::Trait(node.progress.traits.borrow_mut().intern(&path(node)?)))
}

/// A path into the context that a rule reads.
pub(super) fn field_path(node: &Node<'_>) -> Option<Subject> {
    Some(Subject::Context(node.progress.fields.borrow_mut().intern(&path(node)?)))
}

pub(super) fn number(node: &Node<'_>) -> Option<f64> {
    // A text is not taken for a number, whatever it says.
    node.value.as_f64().filter(|number| number.is_finite()).or_else(|| node.wrong_type("a number"))
}
