//! Plans that somebody must approve, as a user meets them: nothing is touched before, and then exactly what was approved is
//! carried out.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod ended;
mod given;
mod trial;
mod ways_back;
