//! `cargo xtask demo`: the whole way of a project into an account, on a machine that has only Rust and Python 3.
//!
//! Must never reach any account but the embedded one: its clients come from [`local`], which accepts loopback only.

use clap::Args;
use local::{Account, Options};

use crate::{console::Console, error::XtaskError, run};

/// Project and environment of `examples/agents`.
const PROJECT: &str = "support-desk";
const ENVIRONMENT: &str = "dev";

/// Arguments of `cargo xtask demo`.
#[derive(Args)]
pub(crate) struct Demo {
    /// Leave the account up until Ctrl-C, and say how to look around in it.
    #[arg(long)]
    keep: bool,
}

impl Demo {
    /// Does it all; whatever happens, nothing is left running.
    pub(crate) async fn run(self) -> Result<(), XtaskError> {
        let console = Console::new();
        let result = self.stages(&console).await;
        console.finish();
        result
    }

    async fn stages(&self, console: &Console) -> Result<(), XtaskError> {
        console.heading("Building the functions for this machine");
        build(console)?;
        console.heading("Installing Strandline into an embedded account");
        let options = Options { progress: console.progress(), ..Options::default() };
        let account = Account::start(options.environment(PROJECT, ENVIRONMENT)).await?;
        if self.keep {
            stay(console, &account).await;
        }
        console.heading("Taking the account down");
        drop(account);
        Ok(())
    }
}

fn build(console: &Console) -> Result<(), XtaskError> {
    let mut build = run::cargo();
    build.args(["build", "--workspace", "--bins"]);
    if console.aside(|| run::shown(&mut build))? { Ok(()) } else { Err(XtaskError::Program("cargo build".into())) }
}

/// Says how to look around, and waits for Ctrl-C.
async fn stay(console: &Console, account: &Account) {
    console.heading("The account stays up until you press Ctrl-C");
    let endpoint = account.administration.address().url();
    for line in [
        format!("export AWS_ENDPOINT_URL={endpoint} AWS_REGION={}", local::emulator::REGION),
        format!(
            "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}",
            local::emulator::ADMINISTRATOR,
            local::emulator::ADMINISTRATOR_SECRET
        ),
        format!("aws s3 ls --recursive s3://{}", account.deployments()),
        format!("aws s3 cp bundle.zip s3://{}/{PROJECT}/{ENVIRONMENT}/", account.inbox()),
        format!("less {}", account.emulator.log().display()),
        format!("tail -f {}", account.dir().join("calls.jsonl").display()),
    ] {
        console.print(&format!("  {line}"));
    }
    console.doing("waiting for Ctrl-C");
    // If the signal cannot be heard, staying would be for ever.
    let _ = tokio::signal::ctrl_c().await;
}
