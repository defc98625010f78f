//! What is known of each CloudFormation resource type: names, create-only properties, what is stateful, what its
//! dependents wait for, how long it takes, what it costs; and the canonical form in which two property trees are compared.
//!
//! Owns knowledge, as data. Never talks to AWS and never decides: `planner` does.

mod canonical;
mod diff;
mod latency;
mod limits;
mod price;
mod program;
mod regions;
pub mod registry;
mod sole;
mod types;

pub use canonical::canonical;
pub use diff::diff;
pub use latency::{Latency, latency, middle};
pub use limits::{Api, Call, api};
pub use price::price;
pub use program::{code, runs_code, settings};
pub use regions::REGIONS;
pub use sole::{known_by, sole};
pub use types::{Alphabet, FIFO, Naming, TypeSchema, all, get};
