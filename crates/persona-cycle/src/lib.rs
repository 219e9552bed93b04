//! The service cycle of a fleet of personas: which items of which persona become a turn, and when.
//!
//! The crate is pure. It has no clock (every call takes `now`, milliseconds), no thread, no randomness but a
//! seeded one, and no I/O: the same calls give the same turns. It knows items as plain numbers; texts stay with
//! the caller, who also writes everything that must outlive the process.
//!
//! ```
//! use persona_cycle::{Batch, Budget, Envelope, Fleet, FleetOptions, Lane, Outcome, SlotSettings};
//!
//! let mut fleet = Fleet::new(FleetOptions::default())?;
//! let persona = fleet.enroll(SlotSettings::default(), 0)?;
//! fleet.arm(&Envelope::new(1, persona, 7, Lane::Chat, 0), 0);
//!
//! let mut batch = Batch::default();
//! let next = fleet.service(0, Budget::default(), &mut batch);
//! let turn = &batch.turns[0];
//! assert_eq!((&batch.items[turn.items.clone()], next.deadline), (&[1][..], Some(120_000)));
//! assert!(fleet.complete(turn.id, Outcome::Done, 900));
//! # Ok::<(), persona_cycle::Fault>(())
//! ```
//!
//! How the pieces fit:
//! - A **slot** is an enrolled persona. It costs memory and nothing else until an item is armed for it.
//! - A **strand** is one persona's part in one conversation: its waiting items in order, and at most one turn.
//!   It exists only while it has either.
//! - A strand whose head may go now is a **candidate** of its slot; a slot with a candidate and room for a turn
//!   is in one of the fleet's four rings, that of its best lane. `service` walks the rings and nothing else.
//! - Whatever is not ready waits for exactly one event (a completion, an un-pausing) or one timer of the wheel.
//! - A persona that is not simply well (asleep, its breaker open, tired, with more to do than fits) has a **condition**
//!   of its own on the heap; the others pay nothing for it.

#![forbid(unsafe_code)]

mod backlog;
mod batch;
mod breaker;
mod candidates;
mod check;
mod conclude;
mod condition;
mod dispatch;
mod energy;
mod envelope;
mod explain;
mod failure;
mod fault;
mod fleet;
mod flight;
mod hash;
mod ids;
mod inbox;
mod item;
mod lanes;
mod list;
mod outbox;
mod overflow;
mod permits;
mod profiles;
mod rank;
mod readiness;
mod rng;
mod rooms;
mod settings;
mod slab;
mod sleeping;
mod slot;
mod status;
mod strand;
mod wheel;

pub use batch::{Batch, Budget, Kind, Next, Outcome, Reason, Settlement, Turn, Why};
pub use condition::SleepMode;
pub use dispatch::MOST_EXPIRED;
pub use envelope::{Envelope, Flags, Lane};
pub use fault::{Fault, Refusal};
pub use fleet::{Fleet, Unenroll};
pub use ids::{SlotId, TurnId};
pub use rooms::Heard;
pub use settings::{FleetOptions, OnUnknown, Overflow, SlotSettings};
pub use status::{BreakerState, BreakerStatus, FleetStatus, Held, SlotLoad, SlotStatus, StrandStatus};
