//! `cargo run --release -p bench -- makespan | expand | plan | state | all`: measurements, as tables, as rows, or into the file that
//! they stand in.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use bench::makespan::Asked;
use bench::report::{Report, machine, put};
use bench::{expanding, makespan, plans, state};
use clap::{Parser, Subcommand};
use peak_alloc::PeakAlloc;

// Counts what is allocated; a little is lost by that.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Benchmarks of the engine that need no account.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    /// What to measure.
    #[command(subcommand)]
    what: What,
    /// Print one JSON object a row instead of tables.
    #[arg(long, global = true)]
    json: bool,
    /// Put the tables into this file, in the places that are marked for them.
    #[arg(long, global = true, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
enum What {
    /// How long deployments take in virtual time.
    Makespan {
        /// Only the stacks whose names contain this.
        #[arg(long, value_name = "NAME")]
        stack: Option<String>,
        /// How many schedules the search tries where the bound is out of reach.
        #[arg(long, default_value_t = Asked::default().rounds)]
        rounds: usize,
        /// The seed of the account.
        #[arg(long, default_value_t = Asked::default().seed)]
        seed: u64,
        /// Show the chain of resources that ended last, with what each waited for.
        #[arg(long)]
        trace: bool,
    },
    /// How fast projects of templates and raw resources are read, checked and expanded, and in how much memory.
    Expand,
    /// How fast plans are made and verified, and in how much memory.
    Plan,
    /// How large the record is.
    State,
    /// All of it.
    All,
}

/// What a run ends with where it cannot measure.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do where even that cannot be said.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let what = &arguments.what;
    let mut reports: Vec<Report> = Vec::new();
    match what {
        What::Makespan { stack, rounds, seed, trace } => {
            let asked = Asked { only: stack.as_deref(), seed: *seed, rounds: *rounds, traced: *trace };
            reports.push(makespan::run(&asked)?);
        }
        What::All => reports.push(makespan::run(&Asked::default())?),
        What::Expand | What::Plan | What::State => {}
    }
    if matches!(what, What::Expand | What::All) {
        reports.push(expanding::run()?);
    }
    if matches!(what, What::Plan | What::All) {
        reports.push(plans::run()?);
    }
    if matches!(what, What::State | What::All) {
        reports.push(state::run()?);
    }
    let mut out = io::stdout().lock();
    for report in &reports {
        if arguments.json {
            for row in &report.rows {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
        } else {
            writeln!(out, "{}: {}\n\n{}", report.name, machine(), report.whole())?;
        }
    }
    if let Some(path) = &arguments.write {
        let mut file = std::fs::read_to_string(path)?;
        for report in &reports {
            file = put(&file, report.name, &format!("Measured on {}.\n\n{}", machine(), report.whole()))?;
        }
        std::fs::write(path, file)?;
    }
    Ok(())
}
