//! `cargo xtask lint`: everything that can be said about the sources without running them.

use std::process::Command;

use clap::Args;
use local::venv::{self, Venv};

use crate::{console::Console, error::XtaskError, run};

const TEMPLATES: [&str; 2] = ["template.yaml", "bootstrap/target-role.yaml"];

/// Arguments of `cargo xtask lint`.
#[derive(Args)]
pub(crate) struct Lint {
    /// Only checks whose name contains this: `formatting`, `clippy`, `sam`, `cfn-lint`, or a file name.
    only: Option<String>,
}

impl Lint {
    /// Runs every check, also after one has failed, and sums up.
    pub(crate) fn run(self) -> Result<(), XtaskError> {
        let console = Console::new();
        let mut tally = Tally { only: self.only.unwrap_or_default(), ..Tally::default() };
        tally.check(&console, "formatting", run::cargo().args(["fmt", "--all", "--check"]))?;
        tally.check(&console, "clippy", &mut clippy())?;
        if run::exists("cargo-deny") {
            let deny = &["deny", "check", "bans", "licenses", "sources"];
            tally.check(&console, "dependencies", run::cargo().args(deny))?;
        } else {
            console.print(
                "-- dependencies: not checked, because cargo-deny is not at hand (`cargo install cargo-deny --locked`)",
            );
        }
        templates(&console, &mut tally)?;
        console.finish();
        println!("{} checks passed, {} failed", tally.passed, tally.failed);
        if tally.failed == 0 { Ok(()) } else { Err(XtaskError::Shown) }
    }
}

/// Clippy in place of rustc for the members only. `cargo clippy` would check every dependency once more, although they
/// are built for the tests anyway.
fn clippy() -> Command {
    let mut command = run::cargo();
    command
        .args(["build", "--workspace", "--all-targets", "--keep-going"])
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        // The separator is clippy's own, as cargo-clippy sets it.
        .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    command
}

fn templates(console: &Console, tally: &mut Tally) -> Result<(), XtaskError> {
    let dir = run::root().join("target/local/lint-venv");
    let venv = Venv::ensure(&dir, venv::LINT, &console.progress())?;
    for template in TEMPLATES {
        let mut sam = run::program(venv.bin("sam"));
        sam.args(["validate", "--lint", "--template", template])
            // SAM asks for a region although it calls nobody, and tells its maker of each use unless told not to.
            .env("AWS_DEFAULT_REGION", local::emulator::REGION)
            .env("SAM_CLI_TELEMETRY", "0");
        tally.check(console, &format!("sam validate {template}"), &mut sam)?;
        tally.check(console, &format!("cfn-lint {template}"), run::program(venv.bin("cfn-lint")).arg(template))?;
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    only: String,
    passed: usize,
    failed: usize,
}

impl Tally {
    fn check(&mut self, console: &Console, name: &str, command: &mut Command) -> Result<(), XtaskError> {
        if !name.contains(&self.only) {
            return Ok(());
        }
        console.print(&format!("-- {name}"));
        if console.aside(|| run::shown(command))? {
            self.passed += 1;
        } else {
            self.failed += 1;
            console.print(&format!("-- {name}: failed"));
        }
        Ok(())
    }
}
