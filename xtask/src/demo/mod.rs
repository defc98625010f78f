//! `cargo xtask demo`: the whole way of a project into an account, on a machine that has only Rust and Python 3.
//!
//! It shows, and it checks what it shows: an agent that does not answer, or a call that should not have been made, ends it
//! with an error. Must never reach any account but the embedded one: its clients come from [`local`], which accepts
//! loopback only.

mod agents;
mod desk;
mod project;
mod report;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use model::{RecordedResource, ResourceKey};

use self::desk::Desk;
use self::report::{Deployed, Report};
use crate::{console::Console, error::XtaskError, run};

/// Project and environment of `examples/agents`.
const PROJECT: &str = "support-desk";
const ENVIRONMENT: &str = "dev";

type Resources = BTreeMap<ResourceKey, RecordedResource>;

/// Arguments of `cargo xtask demo`.
#[derive(Args)]
pub(crate) struct Demo {
    /// Leave the account up until Ctrl-C, and say how to look around in it.
    #[arg(long)]
    keep: bool,
    /// Show nothing but one JSON object at the end.
    #[arg(long)]
    json: bool,
}

impl Demo {
    /// Does it all; whatever happens, nothing is left running.
    pub(crate) async fn run(self) -> Result<(), XtaskError> {
        let console = if self.json { Console::silent() } else { Console::new() };
        let dir = run::root().join(format!("target/local/demo-{}", std::process::id()));
        let mut report = Report::default();
        let result = tokio::select! {
            result = self.show(&console, &dir, &mut report) => result,
            _ = tokio::signal::ctrl_c() => Err(XtaskError::Interrupted),
        };
        let result = match result {
            Ok(desk) => {
                if self.keep {
                    stay(&console, &desk).await;
                }
                console.doing("taking the account down");
                drop(desk);
                // What is left of it is no use to anybody.
                let _ = std::fs::remove_dir_all(&dir);
                Ok(())
            }
            Err(error) => {
                if matches!(error, XtaskError::Interrupted) {
                    let _ = std::fs::remove_dir_all(&dir);
                }
                Err(error)
            }
        };
        console.finish();
        if self.json {
            println!("{}", report.json(result.is_ok()));
            if let (Err(XtaskError::Shown), Some(last)) = (&result, report.deployments.last()) {
                eprint!("{}", render::outcome(&last.deployment, &render::Style::plain(120)));
            }
        }
        if result.is_err() && dir.is_dir() {
            eprintln!(
                "logs: {0}/emulator.log (functions and emulator), {0}/calls.jsonl (every AWS call)",
                dir.display()
            );
        }
        result
    }

    async fn show(&self, console: &Console, dir: &Path, report: &mut Report) -> Result<Desk, XtaskError> {
        console.heading("Build the engine's functions for this machine");
        let began = Instant::now();
        build(console)?;
        report.build = began.elapsed();

        console.heading("Install Strandline into an embedded account");
        let began = Instant::now();
        let desk = Desk::start(console, dir.to_owned()).await?;
        report.install = began.elapsed();
        console.say(&format!(
            "Engine and target role are installed, every function is held to its own role ({:.1} s).",
            report.install.as_secs_f64()
        ));

        console.heading("Deploy three agents for the first time");
        let project = project::example();
        let first = desk.deploy(console, &project).await?;
        let fine = first.is("Deployed");
        report.deployments.push(Deployed::new("first deploy", &first));
        if !fine {
            return Err(XtaskError::Shown);
        }
        show_first(console, &first);
        let recorded = desk.recorded().await?;
        report.resources = recorded.resources.len();
        console.heading("What is recorded");
        console.print(render::resources(&recorded, &console.style()).trim_end());

        console.heading("Ask the agents");
        for question in agents::QUESTIONS {
            report.agents.push(agents::ask(console, &desk, &recorded, question).await?);
        }

        console.heading("Change one agent's code");
        let changed = project::changed(project.clone());
        console.print(&format!("In {}:\n{}", project::CHANGED, project::difference(&console.style())));
        let second = desk.deploy(console, &changed).await?;
        let fine = second.is("Deployed");
        report.deployments.push(Deployed::new("one agent's code", &second));
        if !fine {
            return Err(XtaskError::Shown);
        }
        show_mutating(console, &second);
        let touched = second.touched();
        if touched != ["lambda:UpdateFunctionCode"] {
            return Err(unexpected("one agent's code changed", &format!("the engine called {}", touched.join(", "))));
        }
        let again = agents::ask(console, &desk, &recorded, &agents::AFTER_CHANGE).await?;
        report.agents.push(again);

        console.heading("Deploy without a change");
        let third = desk.deploy(console, &changed).await?;
        let fine = third.is("Unchanged");
        report.deployments.push(Deployed::new("without a change", &third));
        if !fine {
            return Err(XtaskError::Shown);
        }
        show_mutating(console, &third);
        if !third.mutating.is_empty() {
            return Err(unexpected("nothing changed", &format!("the engine called {}", third.touched().join(", "))));
        }

        console.heading("Deploy a version that does not work");
        console.print(&format!(
            "In {}, with a look at the agent's health after the deployment:\n{}",
            project::BROKEN,
            project::breakage(&console.style())
        ));
        let before = desk.recorded().await?.resources;
        let fourth = desk.deploy(console, &project::broken(changed)).await?;
        let fine = fourth.is("RolledBack");
        report.deployments.push(Deployed::new("one that fails", &fourth));
        if !fine {
            return Err(XtaskError::Shown);
        }
        let recorded = desk.recorded().await?;
        if let Some(key) = differs(&before, &recorded.resources) {
            return Err(unexpected("a deployment was rolled back", &format!("`{key}` is not what it was")));
        }
        let again = agents::ask(console, &desk, &recorded, &agents::AFTER_ROLLBACK).await?;
        report.agents.push(again);

        console.heading("Summary");
        console.print(&render::history(&desk.history().await?, &console.style()));
        console.print(report.text(&console.style()).trim_end());
        Ok(desk)
    }
}

/// The first resource that is not what it was, if any is not: what was asked for, and what AWS knows it by.
fn differs(before: &Resources, after: &Resources) -> Option<ResourceKey> {
    let known = |one: Option<&RecordedResource>| one.map(|one| (one.asked.clone(), one.physical_id.clone()));
    let keys = before.keys().chain(after.keys());
    keys.into_iter().find(|key| known(before.get(key)) != known(after.get(key))).cloned()
}

fn build(console: &Console) -> Result<(), XtaskError> {
    let mut build = run::cargo();
    build.args(["build", "--workspace", "--bins"]);
    if console.aside(|| run::shown(&mut build))? { Ok(()) } else { Err(XtaskError::Program("cargo build".into())) }
}

/// When each change ran, and the outputs.
fn show_first(console: &Console, deployed: &watch::Watched) {
    let style = console.style();
    if let Some(progress) = deployed.progress() {
        console.print(&format!("\n{}", render::timeline(&progress, &style).trim_end()));
    }
    console.heading("Outputs");
    console.print(render::outputs(&deployed.deployment.outputs, &style).trim_end());
}

/// What the proxy saw the target role change.
fn show_mutating(console: &Console, deployed: &watch::Watched) {
    let (calls, mutating) = (deployed.calls, deployed.mutating.len());
    console.say(&format!(
        "The proxy in front of the account saw {} by the target role, {} of them mutating{}",
        render::count(calls, "call"),
        mutating,
        if mutating == 0 { "." } else { ":" }
    ));
    let row = |call: &local::Call| {
        let resource = call.resource.clone().unwrap_or_default();
        let status = call.status.map(|status| status.to_string()).unwrap_or_default();
        [format!("  {}", call.action()), resource, status].map(|cell| (cell, render::Paint::Plain)).to_vec()
    };
    let rows: Vec<_> = deployed.mutating.iter().map(row).collect();
    if !rows.is_empty() {
        console.print(render::columns(&rows, &console.style()).trim_end());
    }
}

fn unexpected(what: &str, why: &str) -> XtaskError {
    XtaskError::Unexpected { what: what.to_owned(), why: why.to_owned() }
}

/// Says how to look around, and waits for Ctrl-C.
async fn stay(console: &Console, desk: &Desk) {
    console.heading("The account stays up until you press Ctrl-C");
    let account = &desk.account;
    let endpoint = account.administration.address().url();
    let api = agents::api(&desk.recorded().await.unwrap_or_default()).unwrap_or_default();
    let lines = [
        ("In another terminal:", String::new()),
        ("", format!("export AWS_ENDPOINT_URL={endpoint} AWS_REGION={}", local::emulator::REGION)),
        (
            "",
            format!(
                "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}",
                local::emulator::ADMINISTRATOR,
                local::emulator::ADMINISTRATOR_SECRET
            ),
        ),
        ("Ask an agent:", String::new()),
        (
            "",
            format!(
                "curl -d '{{\"message\": \"Where is my order?\"}}' '{endpoint}/_aws/execute-api/{api}/$default/support'"
            ),
        ),
        ("The history, and what is registered:", String::new()),
        ("", format!("cargo xtask admin history {PROJECT}/{ENVIRONMENT}")),
        ("", "cargo xtask admin environment list".to_owned()),
        ("The engine's files, and another deployment (with the AWS CLI):", String::new()),
        ("", format!("aws s3 ls --recursive s3://{}", account.deployments())),
        ("", format!("aws s3 cp bundle.zip s3://{}/{PROJECT}/{ENVIRONMENT}/", account.inbox())),
        ("Logs of the functions, and every AWS call:", String::new()),
        ("", format!("less {}", account.emulator.log().display())),
        ("", format!("tail -f {}", account.dir().join("calls.jsonl").display())),
    ];
    for (title, command) in lines {
        console.print(&if title.is_empty() { format!("  {command}") } else { title.to_owned() });
    }
    console.doing("waiting for Ctrl-C");
    // If the signal cannot be heard, staying would be for ever.
    let _ = tokio::signal::ctrl_c().await;
}
