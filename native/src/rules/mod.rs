//! Compiled mapper documents, and who is resident beside them, on the JavaScript thread of one environment.
//!
//! A document is a handle, a person beside it another, a crowd a third; each lives as long as something holds it, and
//! persons hold their document. Nothing is global, so that worker threads share nothing. A call during which the core
//! panics becomes an error of that call; the person or crowd that it changed is gone, and every further call says so.
//!
//! What is called for every trait and every question (`rules_learner`, `rules_suggester`, `rules_finder`) is a closure
//! over the document that takes numbers: binding the arguments of a function to handles costs several times as much.
//!
//! - `document`: compiling documents, what is in them, the weights of their rules.
//! - `resident`: who is resident beside a document, and what is known of them.
//! - `answer`: suggestions, the rules that fire, and why.
//! - `seat`: what the handles hold, and how a call reaches it.
//! - `question`: questions as JavaScript lays them, and the place of the answers.
//! - `fault`: what is wrong with a call.

#![expect(clippy::needless_pass_by_value, reason = "texts cross the boundary by value")]
#![expect(
    clippy::type_complexity,
    reason = "what generates the types of TypeScript reads them where they stand"
)]

mod answer;
mod document;
mod fault;
mod question;
mod resident;
mod seat;
