//! Ports: what the engine needs of the world, each a trait with a written contract.

pub mod provider;

pub use provider::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider, Providers, Readiness};
