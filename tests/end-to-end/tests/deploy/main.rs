//! Whole deployments: an upload goes in, resources and a record come out.
//!
//! Every test runs the real functions under the real state machine, and asserts on what a user sees: what boto3 finds in
//! the account, what agents answer over HTTP, the history in S3, and the proxy's record of AWS calls.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod alias;
mod back;
mod environments;
mod failure;
mod life;
mod parts;
mod queue;
mod recovery;
mod replace;
mod revisions;
mod slices;
mod stopped;
mod trial;
mod weather;
