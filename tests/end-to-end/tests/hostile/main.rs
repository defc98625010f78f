//! Uploads that somebody made badly, or to hurt: each is told what is wrong with it, and goes no further.
//!
//! Every case is a real upload to the emulated inbox. Must never look at anything but what a user or an administrator can
//! see: the history in S3, the deployment's head, the function's log, and the proxy's record of AWS calls.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "the helpers of tests may panic")]
#![allow(clippy::print_stderr, reason = "how many cases, and how long they took")]

mod bundles;
mod cases;
mod deleted;
mod refused;
mod support;
mod twice;
