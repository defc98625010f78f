//! `plan`: the config of a deployment is expanded, held against the record, and written down as a plan that leaves no
//! choices. Never touches the target account.
//!
//! What is decided is decided by [`decide`], which reads and writes nothing: whoever wants to know what would be done asks it, too.

mod approval;
mod decide;
mod limits;
mod plan;

pub use decide::{Asked, Material, Rejected, decide};
pub use plan::Planning;
