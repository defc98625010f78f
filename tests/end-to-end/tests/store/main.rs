//! The stores by themselves, against the emulator: what is truth comes back as it was written, and of two who want the same
//! one gets it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod answers;
mod approval;
mod field;
mod large;
mod lease;
mod many;
mod queue;
