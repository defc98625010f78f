//! The engine: the ports through which it touches the world, the one loop that carries out a plan, and `start_next`.
//!
//! Owns when a call may be made, how often it is tried again, what is journalled before and after it, and how an unknown
//! outcome is resolved. Decides nothing about *what* is done: that stands in the plan. Never names an AWS SDK; adapters
//! live in `store`, `control` and `providers`.

mod carry_out;
mod cause;
mod execution;
pub mod fence;
pub mod keeping;
mod pace;
pub mod ports;
mod propagation;
mod queue;
mod retry;
mod schedule;
mod secrets;
mod state;
mod takeover;
mod wave;
mod writer;

pub use cause::causes;
pub use fence::Fence;
pub use pace::Pace;
pub use queue::start_next;
pub use secrets::{Revealing, handle_of, reference_to_handle, refers_to_secret, without_addresses};
pub use wave::{End, Limits, Wave, WaveError};
