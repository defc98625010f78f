//! Running other programs.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::error::XtaskError;

/// The checkout.
pub(crate) fn root() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap_or(root)
}

/// The cargo that runs this program, with the environment that it was itself started in: what `cargo run` adds about this
/// package is watched by build scripts (that of `ring`, for one), and would have everything above them built again.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let of_this_package = name.to_str().is_some_and(|name| {
            let added = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
            added.iter().any(|prefix| name.starts_with(prefix))
        });
        if of_this_package {
            command.env_remove(name);
        }
    }
    command
}

/// A program of somebody else, in the checkout.
pub(crate) fn program(path: impl Into<PathBuf>) -> Command {
    let mut command = Command::new(path.into());
    command.current_dir(root());
    command
}

/// Runs to the end with its output on the screen; whether it succeeded.
pub(crate) fn shown(command: &mut Command) -> Result<bool, XtaskError> {
    let status = command.stdin(Stdio::null()).status();
    Ok(status.map_err(|source| start(command, source))?.success())
}

/// Runs to the end with its output on the screen, handing each line of its standard output to `line` first; whether it
/// succeeded.
pub(crate) fn watched(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool, XtaskError> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|source| start(command, source))?;
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            line(&text);
            println!("{text}");
        }
    }
    Ok(child.wait().map_err(|source| start(command, source))?.success())
}

/// Whether a program is at hand.
pub(crate) fn exists(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

fn start(command: &Command, source: std::io::Error) -> XtaskError {
    XtaskError::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}
