//! A compiled document.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::document::{Document, NarrativeQuery};
use crate::index::Index;
use crate::predicate::Catalogue;
use crate::{DocumentFault, Fault, Limits, Person, Weights, parse};

/// A mapper document, validated and indexed. It never changes; a new version is another one.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) stamp: u64,
    pub(crate) document: Document,
    pub(crate) catalogue: Catalogue,
    pub(crate) index: Index,
}

impl RuleSet {
    /// Compiles a document, given as JSON.
    ///
    /// # Errors
    /// Every fault of the document, each with its path. Nothing is kept of a document that has one.
    pub fn compile(json: &str, limits: Limits) -> Result<Self, Vec<DocumentFault>> {
        let document = parse::parse(json, limits)?;
        let mut catalogue = Catalogue::default();
        let index = Index::new(&document, &mut catalogue);
        // The same text always gives the same index, so what was made beside one fits the other.
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        Ok(Self { stamp: hasher.finish(), document, catalogue, index })
    }

    /// The `id` of the document's metadata.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.document.id
    }

    /// How many rules there are; their indexes are 0 and up, in document order.
    #[must_use]
    pub fn rule_count(&self) -> u32 {
        self.document.rules.len() as u32
    }

    /// The id of a rule, if the index names one.
    #[must_use]
    pub fn rule_id(&self, rule: u32) -> Option<&str> {
        self.document.rules.get(rule as usize).map(|rule| &rule.id[..])
    }

    /// The traits that the conditions of a rule read, in document order, if the index names a rule.
    #[must_use]
    pub fn condition_traits(&self, rule: u32) -> Option<Vec<&str>> {
        self.document.rules.get(rule as usize).map(|rule| rule.condition_traits())
    }

    /// The traits that the document requires. Nothing here enforces it.
    #[must_use]
    pub fn required_traits(&self) -> &[String] {
        &self.document.required_traits
    }

    /// The narrative searches whose best scores [`Person::set_score`] takes, by index.
    #[must_use]
    pub fn narratives(&self) -> &[NarrativeQuery] {
        &self.catalogue.narratives
    }

    /// A person of whom nothing is known yet.
    #[must_use]
    pub fn person(&self) -> Person {
        Person::new(self)
    }

    /// The weights that the document gives.
    #[must_use]
    pub fn weights(&self) -> Weights {
        Weights::new(self)
    }

    pub(crate) fn check_person(&self, person: &Person) -> Result<(), Fault> {
        if person.stamp == self.stamp { Ok(()) } else { Err(Fault::Foreign) }
    }

    pub(crate) fn check_weights(&self, weights: &Weights) -> Result<(), Fault> {
        if weights.stamp == self.stamp { Ok(()) } else { Err(Fault::Foreign) }
    }
}
