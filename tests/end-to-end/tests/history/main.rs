//! The history of an environment as an administrator reads it, and what of it is kept for how long.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod foreseen;
mod kept;
mod notices;
mod told;

use end_to_end::admin::said;
use end_to_end::trial::Trial;
/// Runs `cargo xtask admin` where there are 140 columns and Unicode; what it printed, or what it said was wrong.
async fn admin(trial: &Trial, arguments: &[&str]) -> Result<String, String> {
    let mut command = trial.admin_command(arguments);
    said(command.env("LC_ALL", "C.UTF-8").env("TERM", "xterm").env("COLUMNS", "140")).await
}
