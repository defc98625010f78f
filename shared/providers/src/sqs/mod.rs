//! Queues.

mod queue;
mod queue_policy;

pub use queue::Queue;
pub(crate) use queue_policy::queue_policy;
