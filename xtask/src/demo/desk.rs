//! The embedded account with the engine and the environment that the demo deploys to.

use std::path::PathBuf;
use std::time::Instant;

use end_to_end::Project;
use engine::ports::Ledger;
use local::{Account, Call, Options};
use model::{Deployment, Environment, EnvironmentId, Recorded};
use store::Store;

use super::watch::{Watch, Watched};
use super::{ENVIRONMENT, PROJECT};
use crate::{admin, console::Console, error::XtaskError};

/// An account, read with the administrator's credentials and not through the engine.
pub(crate) struct Desk {
    pub(crate) account: Account,
    pub(crate) store: Store,
    pub(crate) id: EnvironmentId,
}

impl Desk {
    /// Starts the account and registers the environment, as `cargo xtask admin environment put` does. What it leaves
    /// behind goes to `dir`.
    pub(crate) async fn start(console: &Console, dir: PathBuf) -> Result<Self, XtaskError> {
        let id = EnvironmentId::new(PROJECT, ENVIRONMENT).map_err(|error| XtaskError::Usage(error.to_string()))?;
        let options = Options { progress: console.progress(), dir: Some(dir), ..Options::default() };
        let account = Account::start(options.environment(PROJECT, ENVIRONMENT)).await?;
        let config = local::clients::administrator(account.administration.address());
        let store = Store::new(&config, "strandline", account.deployments());
        console.doing(&format!("registering environment {id}"));
        let record = Environment {
            target_role: account.target_role(PROJECT, ENVIRONMENT),
            ..Environment::new(id.clone(), account.id(), local::emulator::REGION)
        };
        admin::register(&store, &record).await?;
        Ok(Self { account, store, id })
    }

    /// Uploads a project and shows its deployment until it has ended, however it ends.
    pub(crate) async fn deploy(&self, console: &Console, project: &Project) -> Result<Watched, XtaskError> {
        let bundle = project.bundle();
        let at = format!("s3://{}/{}/bundle.zip", self.account.inbox(), self.id);
        console.say(&format!("Upload of {:.1} kB to {at}", bundle.len() as f64 / 1e3));
        let mark = self.account.proxy.mark();
        let began = Instant::now();
        let version = self.account.upload(PROJECT, ENVIRONMENT, "bundle.zip", bundle).await?;
        let (deployment, plan, entries) = Watch::new(self, console, &version).until_ended().await?;
        let took = began.elapsed();
        let by_target = |call: &Call| call.caller.is_named("strandline-target");
        let mut calls = self.account.proxy.since(mark);
        calls.retain(by_target);
        let mutating = calls.iter().filter(|call| call.mutating).cloned().collect();
        console.print(&format!("\n{}", render::outcome(&deployment, &console.style()).trim_end()));
        Ok(Watched { deployment, plan, entries, took, calls: calls.len(), mutating })
    }

    /// What the engine recorded.
    pub(crate) async fn recorded(&self) -> Result<Recorded, XtaskError> {
        Ok(self.store.record(&self.id).await?)
    }

    /// Every deployment so far.
    pub(crate) async fn history(&self) -> Result<Vec<Deployment>, XtaskError> {
        Ok(self.store.deployments(&self.id).await?)
    }
}
