//! The process of `provision-wave` is killed in the middle of its calls, and nothing of it is seen in the end: none
//! missing, none twice.
//!
//! A kill is a SIGKILL of the process by its id, while the proxy holds one named call before the emulator sees it, or
//! after the emulator has answered it. What is there in the end is compared, through boto3, with what an undisturbed
//! deployment leaves. Must never resume anything itself, but for uploading again where a deployment ended as `Stopped`.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "the helpers of tests may panic")]
#![allow(clippy::print_stderr, reason = "which points were covered, and how long each took")]

mod changing;
mod creating;
mod desk;
mod kill;
mod outcome;
mod same;
mod shifting;
mod stray;
