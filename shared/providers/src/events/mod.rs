//! EventBridge.

mod rule;
mod target;

pub use rule::Rule;

failures!("events");
