//! What a template says, what is wrong with it, and what it comes to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking, and the shared parts of tests are not test functions"
)]

mod errors;
mod expansion;
mod functions;
mod hostile;
mod loops;
mod nested;
mod parameters;
mod random;
mod stage;
