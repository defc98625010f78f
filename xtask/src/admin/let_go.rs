//! `cargo xtask admin let-go`.

use clap::Args;
use model::{Request, ResourceAddress};
use planner::LettingGo;

use super::asking::Asking;
use super::engine::Engine;
use super::id;
use crate::error::XtaskError;

/// Arguments of `cargo xtask admin let-go`.
#[derive(Args)]
pub(crate) struct LetGo {
    /// `project/environment`
    environment: String,
    /// What to let go: `shared/Orders`. It leaves the record, and stays in the account as it is.
    #[arg(required = true, value_name = "RESOURCE")]
    resources: Vec<ResourceAddress>,
}

impl LetGo {
    pub(crate) async fn run(self, engine: Engine, as_json: bool) -> Result<(), XtaskError> {
        let asking = Asking::of(engine, &id(&self.environment)?, as_json).await?;
        let resources = self.resources.into_iter().collect();
        let material = asking.material().await?;
        // For its answer: what is not recorded is told at once.
        let planned = planner::let_go(&LettingGo {
            recorded: &material.recorded,
            resources: &resources,
            environment: &asking.environment,
            deployment: &material.deployment,
            config: &material.config,
            stamp: &material.stamp,
        });
        let planned = planned.map_err(|error| asking.refuse_plan(&error))?;
        material.check(&planned)?;
        asking.enqueue(Request::LetGo { resources }).await
    }
}
