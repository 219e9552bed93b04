//! What the caller knows about the moment.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::RuleSet;

/// The fields of a context as far as one document asks for them. Made by [`RuleSet::context`].
#[derive(Clone, Debug)]
pub struct Context<'a> {
    pub(crate) stamp: u64,
    /// By key of the document's fields.
    values: Vec<Option<Cow<'a, Value>>>,
}

impl RuleSet {
    /// A context with these fields; those that the document never reads are not kept.
    #[must_use]
    pub fn context<'a>(&self, fields: &'a Map<String, Value>) -> Context<'a> {
        let keys = self.document.fields.keys().iter();
        Context { stamp: self.stamp, values: keys.map(|key| fields.get(key).map(Cow::Borrowed)).collect() }
    }

    /// A context of one value for each of [`RuleSet::fields`], in their order; those that are left out are absent.
    #[must_use]
    pub fn context_of<'a>(&self, mut values: Vec<Option<Cow<'a, Value>>>) -> Context<'a> {
        values.resize(self.fields().len(), None);
        Context { stamp: self.stamp, values }
    }
}

impl Context<'_> {
    pub(crate) fn get(&self, key: u32) -> Option<&Value> {
        self.values[key as usize].as_deref()
    }
}
