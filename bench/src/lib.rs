//! Benchmarks of the engine that need no account: how long deployments take in virtual time against what no schedule can beat,
//! how fast projects are read, expanded and planned, how large the record is.
//!
//! Owns the measuring and the tables of `bench/README.md`. Asserts nothing of speed but in its bars, and links nothing that
//! talks to AWS.

pub mod expanding;
pub mod makespan;
mod measured;
pub mod plans;
pub mod random;
pub mod record;
pub mod report;
pub mod row;
pub mod stacks;
pub mod state;
