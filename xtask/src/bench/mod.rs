//! `cargo xtask bench`: measurements, one row each. Nothing here asserts anything: speed is told and held against its bounds,
//! and whoever reads it judges.
//!
//! What needs an account, or the binaries that ship, is measured here; the rest by the crate `bench`, which this runs.

mod bound;
mod delays;
mod functions;
mod row;
mod stacks;
mod wire;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::error::XtaskError;
use crate::run;
use row::Rows;

/// Arguments of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Bench {
    /// What to measure; everything where nothing is named.
    what: Vec<What>,
    /// One JSON object a row.
    #[arg(long)]
    json: bool,
    /// How often each is measured that goes by a clock.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Where the function binaries are; by default those of the tests. What ships is in `target/release`, after
    /// `cargo build --release --bins`.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Put the tables of what needs no account into this file, in the places that are marked for them.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The zip of each function.
    Size,
    /// From the start of a function's process to its first request for work.
    Init,
    /// From upload to concluded, in an embedded account, as it is and with AWS's latencies.
    Wire,
    /// How long deployments take in virtual time, against what they cannot be faster than, and against other schedulers.
    Makespan,
    /// How fast projects of templates and raw resources are read, checked and expanded, and in how much memory.
    Expand,
    /// How fast plans are made and verified, and in how much memory.
    Plan,
    /// How large the record is.
    State,
}

impl What {
    /// What the crate `bench` calls it; none for what is measured here.
    fn in_bench(self) -> Option<&'static str> {
        match self {
            Self::Size | Self::Init | Self::Wire => None,
            Self::Makespan => Some("makespan"),
            Self::Expand => Some("expand"),
            Self::Plan => Some("plan"),
            Self::State => Some("state"),
        }
    }
}

impl Bench {
    pub(crate) async fn run(self) -> Result<(), XtaskError> {
        let is_wanted = |what: What| self.what.is_empty() || self.what.contains(&what);
        for what in What::value_variants().iter().copied().filter(|what| is_wanted(*what)) {
            if let Some(name) = what.in_bench() {
                self.elsewhere(name)?;
            }
        }
        let here = What::value_variants().iter().copied().filter(|what| is_wanted(*what) && what.in_bench().is_none());
        let here: Vec<What> = here.collect();
        if here.is_empty() {
            return Ok(());
        }
        let rows = Rows { json: self.json };
        let binaries = match self.binaries {
            Some(binaries) => binaries,
            None => local::package::binaries_dir()?,
        };
        for what in here {
            match what {
                What::Size => functions::size(&binaries, &rows)?,
                What::Init => functions::init(&binaries, self.runs, &rows)?,
                What::Wire => wire::run(&binaries, self.runs, &rows).await?,
                What::Makespan | What::Expand | What::Plan | What::State => {}
            }
        }
        Ok(())
    }

    /// One benchmark of the crate `bench`, which is built as it ships.
    fn elsewhere(&self, name: &str) -> Result<(), XtaskError> {
        let mut command = run::cargo();
        command.args(["run", "--release", "--quiet", "--package", "bench", "--", name]);
        if self.json {
            command.arg("--json");
        }
        if let Some(file) = &self.write {
            command.arg("--write").arg(std::path::absolute(file).unwrap_or_else(|_| file.clone()));
        }
        match run::shown(&mut command)? {
            true => Ok(()),
            false => Err(XtaskError::Program(format!("bench {name}"))),
        }
    }
}
