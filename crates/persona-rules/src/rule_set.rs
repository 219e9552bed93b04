//! A compiled document.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::document::{CheckKind, Document, NarrativeQuery};
use crate::index::Index;
use crate::predicate::Catalogue;
use crate::{DocumentFault, Fault, Limits, Person, Situation, Weights, parse};

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
    pub(crate) fn condition_traits(&self, rule: u32) -> Option<Vec<&str>> {
        let paths = self.document.rules.get(rule as usize)?.condition_traits();
        Some(paths.into_iter().map(|path| self.document.traits.text(path)).collect())
    }

    /// The traits that any condition or parameter reads.
    #[must_use]
    pub fn traits(&self) -> &[String] {
        self.document.traits.texts()
    }

    /// The keys under which the store may have what is read of traits; [`Person::set_key`] takes their places here.
    #[must_use]
    pub fn trait_keys(&self) -> &[String] {
        self.document.traits.keys()
    }

    /// The texts that any check asks for, each once: what a value most likely is.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.index.words.iter().filter_map(Value::as_str)
    }

    /// One of [`RuleSet::words`] as a value, by its place there.
    #[must_use]
    pub fn word(&self, place: usize) -> Option<&Value> {
        self.index.words.get(place)
    }

    /// The narrative checks of a rule, if the index names one: the index of the query, and the least score.
    #[must_use]
    pub fn narrative_checks(&self, rule: u32) -> Option<Vec<(usize, f64)>> {
        let mut checks = Vec::new();
        self.document.rules.get(rule as usize)?.condition.each_check(&mut |check| {
            if let CheckKind::Narrative { query, threshold } = &check.kind {
                checks.extend(self.catalogue.narrative_of(query).map(|index| (index, *threshold)));
            }
        });
        Some(checks)
    }

    /// The keys under which a context may have what is read of it.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        self.document.fields.keys()
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

    pub(crate) fn check(&self, situation: Situation<'_>) -> Result<(), Fault> {
        self.check_person(situation.person)?;
        self.check_stamp(situation.context.stamp)
    }

    pub(crate) fn check_person(&self, person: &Person) -> Result<(), Fault> {
        self.check_stamp(person.stamp)
    }

    pub(crate) fn check_weights(&self, weights: &Weights) -> Result<(), Fault> {
        self.check_stamp(weights.stamp)
    }

    pub(crate) fn check_stamp(&self, stamp: u64) -> Result<(), Fault> {
        if stamp == self.stamp { Ok(()) } else { Err(Fault::Foreign) }
    }
}
