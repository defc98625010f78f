//! Values that are stored in the account and that configs and templates refer to: parameters and zones, which are looked up before
//! planning, and secrets and addresses for signals, which nothing keeps.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod account;
mod lookups;
mod made;
mod secrets;
mod signals;
