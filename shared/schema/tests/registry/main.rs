//! The bundle of resource types, as whoever uses it sees it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot find what it speaks of has failed"
)]

mod every;
mod hostile;
mod table;
mod valid;
mod violations;
