//! The history of an environment as an administrator reads it, and what of it is kept for how long.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

#[allow(dead_code, reason = "the tests of the queue need more of it")]
#[path = "../queue/bot.rs"]
mod bot;
mod kept;
mod told;

use crate::bot::Trial;

const DESK: &str = "support-desk/dev";

/// Runs `cargo xtask admin`, as it was built beside these tests; what it printed, or what it said was wrong.
async fn admin(trial: &Trial, arguments: &[&str]) -> Result<String, String> {
    let xtask = local::package::binaries_dir().expect("binaries").join("xtask");
    let output = tokio::process::Command::new(xtask)
        .arg("admin")
        .args(arguments)
        .env("AWS_ENDPOINT_URL", trial.account.administration.address().url())
        .env("AWS_REGION", local::emulator::REGION)
        .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
        .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .env("COLUMNS", "140")
        .output()
        .await
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
