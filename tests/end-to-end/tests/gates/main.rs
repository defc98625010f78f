//! What must hold while calls are led to new code, and once a deployment has made its changes: what is well passes, what is
//! not is rolled back, and a user sees which it was by asking the agent.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod bot;
mod ill;
mod shift;
mod well;
