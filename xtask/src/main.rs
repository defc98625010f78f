//! The developer's commands: `cargo xtask demo | test | lint`.
//!
//! Owns what a developer types, and nothing that the engine does: everything here goes through the crates that the
//! functions are made of, or through programs of others. Must never talk to an AWS account but the embedded one.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "these commands talk to whoever typed them")]

mod admin;
mod bench;
mod console;
mod demo;
mod error;
mod hunt;
mod lint;
mod mutants;
mod run;
mod schemas;
mod seed;
mod test;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::XtaskError;

/// Developer commands of Strandline.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Deploy the example project into an embedded account, and show what happens.
    Demo(demo::Demo),
    /// Run every test, the end-to-end ones included.
    Test(test::Test),
    /// Check formatting, lints, dependencies, templates and the state machine.
    Lint(lint::Lint),
    /// Say whether a project can be deployed, everything that is wrong with it, and what it comes to.
    Validate(validate::Validate),
    /// Run the random tests with new seeds, until one fails or the time is over.
    Hunt(hunt::Hunt),
    /// Measure, one row each.
    Bench(bench::Bench),
    /// Break each invariant once, and see that its test fails.
    Mutants(mutants::Mutants),
    /// Make the bundle of CloudFormation's resource types anew, from a pinned package.
    Schemas(schemas::Schemas),
    /// Administer an installation: environments, history, queues.
    Admin(admin::Admin),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(demo) => demo.run().await,
        Command::Test(test) => test.run(),
        Command::Lint(lint) => lint.run(),
        Command::Validate(validate) => validate.run(),
        Command::Hunt(hunt) => hunt.run(),
        Command::Bench(bench) => bench.run().await,
        Command::Mutants(mutants) => mutants.run(),
        Command::Schemas(schemas) => schemas.run(),
        Command::Admin(admin) => admin.run().await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // What failed has been shown where it happened.
        Err(XtaskError::Shown) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(help) = error.help() {
                eprintln!("help: {help}");
            }
            ExitCode::FAILURE
        }
    }
}
