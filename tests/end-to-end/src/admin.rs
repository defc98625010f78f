//! What an administrator types: `cargo xtask admin`, as a process of its own.

use local::emulator::{ADMINISTRATOR, ADMINISTRATOR_SECRET, REGION};
use tokio::process::Command;

use crate::Field;

/// The environment of these tests, as the command names it.
pub const DESK: &str = "support-desk/dev";

impl Field {
    /// `cargo xtask admin` with these arguments, as it was built beside these tests, for somebody who may do anything in the
    /// account; not yet run.
    pub fn admin_command(&self, arguments: &[&str]) -> Command {
        let xtask = local::package::binaries_dir().expect("binaries").join("xtask");
        let mut command = Command::new(xtask);
        command
            .arg("admin")
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.account.administration.address().url())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ADMINISTRATOR)
            .env("AWS_SECRET_ACCESS_KEY", ADMINISTRATOR_SECRET);
        command
    }

    /// Runs `cargo xtask admin`; what it printed, or what it said was wrong.
    pub async fn admin(&self, arguments: &[&str]) -> Result<String, String> {
        said(&mut self.admin_command(arguments)).await
    }
}

/// Runs a command; what it printed where it succeeded, and otherwise what it said was wrong.
pub async fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().await.expect("it runs");
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// What a process printed, without the end of its last line.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}
