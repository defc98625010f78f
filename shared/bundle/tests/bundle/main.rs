//! Archives written by hand, byte by byte, against what the crate promises.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking, and the shared parts of tests are not test functions"
)]

mod accepted;
mod hostile;
mod packing;
mod properties;
mod raw;
