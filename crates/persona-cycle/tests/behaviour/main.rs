//! What a fleet does, seen from outside: one module for each part of the contract.

mod admission;
mod backlog;
mod bad_settings;
mod breakers;
mod budgets;
mod debt;
mod earlier_system;
mod eviction;
mod extremes;
mod failures;
mod first;
mod latest;
mod leases;
mod merging;
mod order;
mod permits;
mod rooms;
mod sleeping;
mod stage;
mod starvation_across_personas;
mod temperament;
mod time;
mod unenrolling;
mod why;
