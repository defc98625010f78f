//! What CloudFormation templates have that is no service's own: custom resources.

mod custom;

pub use custom::Custom;
