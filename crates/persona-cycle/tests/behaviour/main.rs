//! What a fleet does, seen from outside: one module for each part of the contract.

mod admission;
mod budgets;
mod earlier_system;
mod extremes;
mod failures;
mod first;
mod leases;
mod merging;
mod order;
mod stage;
mod time;
mod unenrolling;
