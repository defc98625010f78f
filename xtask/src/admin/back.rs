//! `cargo xtask admin rollback`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use model::{Deployment, Recorded, Request, ResourceAddress, Revision, Rollback, Target};
use planner::{Consent, HalfDone, Inverse};

use super::asking::{Asking, Foreseen, Part, flags, foresee};
use super::engine::Engine;
use super::id;
use crate::error::XtaskError;

/// Arguments of `cargo xtask admin rollback`.
#[derive(Args)]
pub(crate) struct GoingBack {
    /// `project/environment`
    environment: String,
    /// The revision to go back to, or `previous`; `cargo xtask admin history` lists them.
    #[arg(long, default_value = "previous", value_parser = target)]
    to: Target,
    #[command(flatten)]
    part: Part,
    /// A resource whose data may be lost by it: `shared/Orders`. As often as needed.
    #[arg(long = "consent", value_name = "RESOURCE")]
    consent: Vec<ResourceAddress>,
    /// Show the plan, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl GoingBack {
    pub(crate) async fn run(self, engine: Engine, as_json: bool) -> Result<(), XtaskError> {
        let asking = Asking::of(engine, &id(&self.environment)?, as_json).await?;
        let rollback = Rollback { to: self.to, scope: self.part.scope(), consent: self.consent.into_iter().collect() };
        if !self.dry_run {
            return asking.enqueue(Request::Rollback(rollback)).await;
        }
        let foreseen = plan(&asking, &rollback).await?;
        let consent: BTreeSet<_> = rollback.consent.union(&foreseen.lacking).cloned().collect();
        let to = word(rollback.to);
        let flags = flags(&rollback.scope, &consent);
        asking.show(&foreseen, &format!("cargo xtask admin rollback {} --to {to}{flags}", asking.environment.id));
        Ok(())
    }
}

/// The plan that the engine would make now.
async fn plan(asking: &Asking, rollback: &Rollback) -> Result<Foreseen, XtaskError> {
    let store = &asking.engine.store;
    let material = asking.material().await?;
    let deployments = store.deployments(&asking.environment.id).await?;
    let destination = planner::destination(rollback.to, &rollback.scope, &deployments)
        .map_err(|error| asking.refuse(&[(error.code(), error.to_string(), error.help())]))?;
    let snapshot = snapshot(asking, destination.left_by).await?;
    let mut half = HalfDone::of(&snapshot);
    let mut earlier = Vec::new();
    let before = destination.left_by.map(|left_by| planner::before(left_by, &deployments)).unwrap_or_default();
    for before in before {
        if half.is_told() {
            break;
        }
        let record = self::snapshot(asking, Some(before)).await?;
        if half.is_told_by(&record) {
            earlier.push(record);
        }
    }
    let foreseen = foresee(&rollback.consent, |consent| {
        planner::inverse(&Inverse {
            snapshot: &snapshot,
            earlier: &earlier,
            recorded: &material.recorded,
            scope: &rollback.scope,
            touched: None,
            leaves: false,
            environment: &asking.environment,
            deployment: &material.deployment,
            config: &material.config,
            stamp: &material.stamp,
            // They change nothing in the account, and are not shown.
            outputs: &BTreeMap::new(),
            consent: Consent::Named(consent),
        })
    });
    let foreseen = foreseen.map_err(|error| asking.refuse_plan(&error))?;
    material.check(&foreseen.planned)?;
    if !asking.as_json {
        println!("Back to revision {}", destination.revision);
    }
    Ok(foreseen)
}

/// What was recorded when a deployment had ended; nothing where there was none.
async fn snapshot(asking: &Asking, left_by: Option<&Deployment>) -> Result<Recorded, XtaskError> {
    let Some(after) = left_by.and_then(|left_by| left_by.after.as_ref()) else {
        return Ok(Recorded::default());
    };
    let bytes = asking.engine.store.get(after).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| XtaskError::Unexpected { what: format!("`{}` was read", after.key), why: error.to_string() })
}

fn target(text: &str) -> Result<Target, String> {
    match text {
        "previous" => Ok(Target::Previous),
        number => {
            let number = number.parse().map_err(|_| "`previous`, or the number of a revision".to_owned());
            number.map(|number| Target::Revision(Revision(number)))
        }
    }
}

fn word(target: Target) -> String {
    match target {
        Target::Previous => "previous".to_owned(),
        Target::Revision(revision) => revision.to_string(),
    }
}
