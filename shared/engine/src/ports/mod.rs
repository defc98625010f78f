//! Ports: what the engine needs of the world, each a trait with a written contract.

pub mod answers;
pub mod clock;
pub mod executions;
pub mod health;
pub mod ledger;
pub mod provider;
pub mod queue;
pub mod secrets;
pub mod signals;

pub use answers::Answers;
pub use clock::Clock;
pub use executions::{Executions, Launch};
pub use health::{AlarmSeen, Answer, Health};
pub use ledger::{Acquired, Commit, Ledger, Reservation, StoreError};
pub use provider::{
    Creation, Deletion, Existing, Found, Made, OnExisting, Owned, Proof, Provider, Providers, Readiness,
};
pub use queue::{Active, Cancel, Queue, Restart};
pub use secrets::{Secret, SecretReference, Secrets};
pub use signals::{Signal, Signals};
