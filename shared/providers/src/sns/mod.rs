//! Topics and their subscriptions.

mod subscription;
mod topic;

pub use subscription::Subscription;
pub use topic::Topic;
