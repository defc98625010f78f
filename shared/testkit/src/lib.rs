//! A deterministic AWS for tests: virtual time, latencies, limits, lagging reads, and every fault that can be thought of.
//!
//! Owns a simulated account at the level of the `Provider` port, a ledger in memory, and the processes that use them: one
//! thread, no runtime, time that moves only when nothing can run. Everything is a function of the seed and of the script of
//! faults. Every call through a port goes one way (`port.rs`), where it is counted, and where whatever goes wrong goes wrong.
//! Must never touch the world, nor know what a test expects.

mod cloud;
mod draw;
mod fault;
mod health;
mod ledger;
mod options;
mod port;
mod process;
mod provider;
mod secrets;
mod time;
mod world;

pub use cloud::{Account, Thing, Wrong};
pub use draw::Draws;
pub use fault::{Fault, Moment, Script, Storm, Weather};
pub use health::SimHealth;
pub use ledger::{Committed, LeaseState, SimLedger, Truth};
pub use options::{Latencies, Options};
pub use process::{Process, Processes, Step};
pub use provider::{Kinds, SimProvider};
pub use secrets::{HIDDEN, SimSecrets, hidden};
pub use time::{BEGINNING, Time};
pub use world::World;
