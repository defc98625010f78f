//! Topics and their subscriptions.

mod subscription;
mod topic;
mod topic_policy;

pub use subscription::Subscription;
pub use topic::Topic;
pub(crate) use topic_policy::topic_policy;
