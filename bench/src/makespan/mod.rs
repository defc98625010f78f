//! How long a deployment takes in virtual time, against what no schedule can beat and against other schedulers.

pub mod bound;
pub mod job;
pub mod list;
pub mod rivals;
