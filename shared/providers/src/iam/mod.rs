//! IAM.

mod policy;
mod role;

pub(crate) use policy::policy;
pub use role::Role;
