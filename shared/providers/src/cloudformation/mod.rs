//! What CloudFormation templates have that is no service's own: custom resources and wait conditions.

mod custom;
mod wait;

pub use custom::Custom;
pub use wait::{WaitCondition, WaitConditionHandle};
