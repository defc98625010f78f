//! IAM.

mod role;

pub use role::Role;
