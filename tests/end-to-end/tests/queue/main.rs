//! The queue of an environment as a user meets it: who goes first, who is not needed any more, what is cancelled, what goes
//! on in another execution, and what the sweeper finds.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod admin;
mod cancel;
mod hand_over;
mod large;
mod reap;
mod supersede;
mod sweep;
mod trial;
