//! Mapper documents: which rules fire for a person at a moment, what they suggest, and why.
//!
//! The crate is pure. It has no clock (every call takes `now`, milliseconds since 1970), no thread and no I/O; even
//! the time zones lie inside it. Documents are JSON; whoever has YAML converts it first.
//!
//! ```
//! use persona_rules::{Evaluation, Limits, RuleSet, Situation};
//! use serde_json::{Map, json};
//!
//! let document = json!({
//!     "metadata": {"id": "work", "version": "1.0.0", "description": "An example"},
//!     "rules": [{
//!         "id": "deep_work",
//!         "conditions": {"all": [
//!             {"trait_check": {"path": "work.energy", "operator": "equals", "value": "high"}},
//!             {"time_check": {"period": "morning"}},
//!         ]},
//!         "actions": [{"generate_suggestion": {
//!             "type": "focus",
//!             "template": "focus",
//!             "parameters": {"minutes": {"from_trait": "work.focus", "default": 90}},
//!         }}],
//!     }],
//!     "templates": {"focus": {"title": "Deep work", "description": "Block {minutes} minutes."}},
//! });
//! let rules = RuleSet::compile(&document.to_string(), Limits::default()).map_err(|faults| faults[0].clone())?;
//! let mut person = rules.person();
//! person.set_zone("Europe/Berlin")?;
//! person.set_trait(&rules, "work.energy", Some(json!("high")))?;
//!
//! let nothing = Map::new();
//! let context = rules.context(&nothing);
//! let situation = Situation { person: &person, context: &context, now: 1_795_420_800_000 };
//! let answer = rules.suggest(situation, &rules.weights(), 5, &mut Evaluation::default())?;
//! assert_eq!(answer.suggestions[0].description, "Block 90 minutes.");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! How the pieces fit:
//! - A document is parsed into conditions, or into every fault that it has, each with a JSON pointer.
//! - Checks become **predicates**, each distinct one once; conditions become formulas over them, and formulas
//!   **rows** of literals that must all hold. A rule of more than 16 rows stays a formula, which is walked.
//! - A **person** keeps one bit for each predicate that depends on traits or narratives alone, and one for each row
//!   that those leave open. A new value turns only the predicates between it and the old one.
//! - A call starts from the open rows. Each time zone shuts those that the hour does not admit, each field of the
//!   context those that its value does not; what is left fires, if its weight is above 0.
//! - A **crowd** keeps the same bits the other way round, a column for each predicate with a bit for each person. One
//!   call then asks 64 persons at a time, and finds all pairs of a rule and a person for whom it fires.
//! - Nothing is traced. Reasons are computed anew from the document, for the rules that somebody asks about.
//!
//! Where a document may be read in two ways: `not` of a list holds when none of it does; `within_minutes` of a value
//! (an RFC 3339 text, a local one in the person's zone, or milliseconds since 1970) means from now on and at most so
//! many minutes ahead; `within_minutes` of a time check is `{of: "HH:MM", minutes}` and means at most so far from that
//! time of day on either side; `null` is a value for checks and none for parameters; a default is transformed like
//! the value that it stands for; `matches` finds its pattern anywhere in the text.

#![forbid(unsafe_code)]

mod bits;
mod column;
mod context;
mod crowd;
mod document;
mod evaluate;
mod explain;
mod fault;
mod field;
mod flip;
mod formula;
mod gate;
mod hours;
mod index;
mod limits;
mod matches;
mod packed;
mod parse;
mod path;
mod pattern;
mod person;
mod predicate;
mod render;
mod rule_set;
mod sheet;
mod suggest;
mod template;
mod thresholds;
mod timetable;
mod trace;
mod value;
mod weights;
mod zone;

pub use context::Context;
pub use crowd::Crowd;
pub use document::{Group, NarrativeQuery, Priority};
pub use evaluate::{Evaluation, Situation};
pub use explain::{Explanation, Finding, Outcome};
pub use fault::{DocumentFault, Fault, FaultCode};
pub use flip::Flip;
pub use limits::Limits;
pub use matches::Matches;
pub use packed::Packed;
pub use person::Person;
pub use rule_set::RuleSet;
pub use suggest::{Answer, RuleFault, RuleFaultCode, Suggestion};
pub use weights::Weights;
