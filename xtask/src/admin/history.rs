//! The history of an environment: every deployment, one of them, two beside each other; and what of it is kept no longer.

use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use clap::{Args, Subcommand};
use engine::ports::Ledger;
use model::{Deployment, EnvironmentId, ObjectRef, Plan, Recorded, Revision, Timestamp};
use render::{Account, Cost, Knowledge, Side};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{SdkConfig, Store, Sweep, paths};

use super::engine::Engine;
use super::id;
use crate::{console::Console, error::XtaskError};

/// What two deployments are compared by.
const KNOWN: Knowledge = Knowledge { differ: schema::diff, pricer: schema::price };

/// How long a sweep may take: as long as the function that does it may run, and a little more.
const PATIENCE: Duration = Duration::from_secs(150);

/// Arguments of `cargo xtask admin history`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(crate) struct History {
    /// `project/environment`
    environment: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// One deployment: who asked for what, what was planned, what ran when, how it ended.
    Show {
        /// `project/environment`
        environment: String,
        /// A deployment, or the beginning of its id, or the revision that it made.
        which: String,
    },
    /// Two deployments beside each other: configs, plans, resources, standing costs and outputs.
    Compare {
        /// `project/environment`
        environment: String,
        /// A deployment, or the beginning of its id, or the revision that it made.
        from: String,
        /// The one that it is compared with.
        to: String,
    },
    /// Removes what is kept no longer, of every environment, as the engine does once a day.
    Sweep {
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
    },
}

impl History {
    pub(crate) async fn run(self, config: &SdkConfig, table: String, as_json: bool) -> Result<(), XtaskError> {
        let store = Engine::of(config, table).await?.store;
        match self.command {
            None => list(&store, &id(self.environment.as_deref().unwrap_or_default())?, as_json).await,
            Some(Command::Show { environment, which }) => show(&store, &id(&environment)?, &which, as_json).await,
            Some(Command::Compare { environment, from, to }) => {
                compare(&store, &id(&environment)?, (&from, &to), as_json).await
            }
            Some(Command::Sweep { dry_run: true }) => {
                let sweep = store.sweepable(Timestamp::now()).await?;
                told(&sweep, as_json)
            }
            Some(Command::Sweep { dry_run: false }) => sweep(config, as_json).await,
        }
    }
}

async fn list(store: &Store, environment: &EnvironmentId, as_json: bool) -> Result<(), XtaskError> {
    let deployments = store.deployments(environment).await?;
    if as_json {
        println!("{}", json!(deployments));
    } else {
        print!("{}", render::history(&deployments, &Console::for_output().style()));
    }
    Ok(())
}

/// The deployment that somebody means. Of several at one revision, the one that made it.
fn find<'a>(
    deployments: &'a [Deployment],
    environment: &EnvironmentId,
    which: &str,
) -> Result<&'a Deployment, XtaskError> {
    let how = format!("`cargo xtask admin history {environment}` lists them");
    if let Ok(revision) = which.parse().map(Revision) {
        let of_it = deployments.iter().filter(|one| one.revision == Some(revision));
        let missing =
            || XtaskError::Usage(format!("no deployment of revision {revision} is kept in `{environment}`; {how}"));
        return of_it.min_by_key(|one| (one.ended, one.accepted)).ok_or_else(missing);
    }
    if let Some(found) = deployments.iter().find(|one| one.id.as_str() == which) {
        return Ok(found);
    }
    let mut found = deployments.iter().filter(|one| one.id.as_str().starts_with(which));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(XtaskError::Usage(format!("several deployments begin with `{which}`; {how}"))),
        (None, _) => Err(XtaskError::Usage(format!("no deployment `{which}` is kept in `{environment}`; {how}"))),
    }
}

async fn show(store: &Store, environment: &EnvironmentId, which: &str, as_json: bool) -> Result<(), XtaskError> {
    let deployments = store.deployments(environment).await?;
    let deployment = find(&deployments, environment, which)?;
    let failed = deployment.undo.as_ref().map(|undo| &undo.failed);
    let (plan, failed, after, entries) = tokio::try_join!(
        read::<Plan>(store, deployment.plan.as_ref()),
        read::<Plan>(store, failed),
        read::<Recorded>(store, deployment.after.as_ref()),
        async { Ok(store.journal(&deployment.id).await?) },
    )?;
    let cost = after.as_ref().map(|after| Cost::of(after, KNOWN.pricer));
    let files = format!("s3://{}/{}/", store.deployments_bucket(), paths::deployment(environment, &deployment.id));
    let account = Account {
        deployment,
        plan: plan.as_ref(),
        // Until the way back is planned, the plan that failed is the head's own.
        failed: failed.as_ref().filter(|failed| Some(*failed) != plan.as_ref()),
        entries: &entries,
        cost: cost.as_ref(),
        files: &files,
    };
    if as_json {
        println!("{}", render::deployment_summary(&account));
    } else {
        print!("{}", render::deployment(&account, &Console::for_output().style()));
    }
    Ok(())
}

/// What is kept of one of two deployments that are compared.
struct Kept {
    config: Option<String>,
    plan: Option<Plan>,
    after: Option<Recorded>,
}

impl Kept {
    async fn of(store: &Store, deployment: &Deployment) -> Result<Self, XtaskError> {
        let config = match &deployment.config {
            Some(config) => Some(String::from_utf8_lossy(&store.get(config).await?).into_owned()),
            None => None,
        };
        let plan = read(store, deployment.plan.as_ref()).await?;
        Ok(Self { config, plan, after: read(store, deployment.after.as_ref()).await? })
    }

    fn side<'a>(&'a self, deployment: &'a Deployment) -> Side<'a> {
        Side { deployment, config: self.config.as_deref(), plan: self.plan.as_ref(), after: self.after.as_ref() }
    }
}

async fn compare(
    store: &Store,
    environment: &EnvironmentId,
    (from, to): (&str, &str),
    as_json: bool,
) -> Result<(), XtaskError> {
    let deployments = store.deployments(environment).await?;
    let (from, to) = (find(&deployments, environment, from)?, find(&deployments, environment, to)?);
    let (before, after) = tokio::try_join!(Kept::of(store, from), Kept::of(store, to))?;
    let (from, to) = (before.side(from), after.side(to));
    if as_json {
        println!("{}", render::compare_summary(&from, &to, &KNOWN));
    } else {
        print!("{}", render::compare(&from, &to, &KNOWN, &Console::for_output().style()));
    }
    Ok(())
}

async fn read<T: DeserializeOwned>(store: &Store, object: Option<&ObjectRef>) -> Result<Option<T>, XtaskError> {
    let Some(object) = object else { return Ok(None) };
    let bytes = store.get(object).await?;
    let unreadable = |error| XtaskError::Usage(format!("`{}` is not what it should be: {error}", object.key));
    serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
}

/// Says what a sweep would remove.
fn told(sweep: &Sweep, as_json: bool) -> Result<(), XtaskError> {
    if as_json {
        let deployments = sweep.deployments.iter();
        let deployments: Vec<Value> = deployments
            .map(|(environment, id)| json!({ "environment": environment.to_string(), "deployment": id }))
            .collect();
        let objects: Vec<Value> =
            sweep.objects.iter().map(|one| json!({ "key": one.key, "version": one.version })).collect();
        println!("{}", json!({ "deployments": deployments, "objects": objects }));
    } else {
        for (environment, deployment) in &sweep.deployments {
            println!("{environment}  {deployment}");
        }
        for object in &sweep.objects {
            println!("{}  version {}, of {}", object.key, object.version, object.modified.strftime("%Y-%m-%d"));
        }
        let deployments = render::count(sweep.deployments.len(), "deployment");
        println!("{deployments} and {} would go", render::count(sweep.objects.len(), "object"));
    }
    match sweep.failed.first() {
        Some((environment, error)) => {
            let what = "nothing of it goes, and no artifact, until it can be";
            Err(XtaskError::Usage(format!("`{environment}` cannot be looked at: {error}; {what}")))
        }
        None => Ok(()),
    }
}

/// Has the engine do it: the bucket takes no deletion from anybody else.
async fn sweep(config: &SdkConfig, as_json: bool) -> Result<(), XtaskError> {
    let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).operation_attempt_timeout(PATIENCE).build();
    let settings = aws_sdk_lambda::config::Builder::from(config).timeout_config(timeouts).build();
    let lambda = aws_sdk_lambda::Client::from_conf(settings);
    let step = Blob::new(json!({ "v": 1, "step": "keep" }).to_string());
    let answer = lambda.invoke().function_name("strandline-conclude").payload(step).send().await;
    let answer = answer.map_err(|error| {
        let why = error.into_service_error();
        XtaskError::Usage(format!("`strandline-conclude` cannot be asked to sweep: {why}"))
    })?;
    let told: Value =
        answer.payload.and_then(|payload| serde_json::from_slice(payload.as_ref()).ok()).unwrap_or_default();
    if answer.function_error.is_some() {
        let why = told.get("errorMessage").and_then(Value::as_str).unwrap_or("it does not say why");
        return Err(XtaskError::Usage(format!("the sweep ended early: {why}; what is left goes with the next one")));
    }
    if as_json {
        println!("{told}");
        return Ok(());
    }
    let number =
        |name: &str| usize::try_from(told.get(name).and_then(Value::as_u64).unwrap_or_default()).unwrap_or_default();
    let (deployments, objects) = (number("deployments"), number("objects"));
    let gone = [render::count(deployments, "deployment"), render::count(objects, "object")].join(" and ");
    match number("left") {
        0 => println!("{gone} removed"),
        left => println!("{gone} removed; {} left for the next sweep", render::count(left, "deployment")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::{Origin, Request};

    use super::*;

    fn deployments() -> (EnvironmentId, Vec<Deployment>) {
        let environment = EnvironmentId::new("shop", "dev").unwrap();
        let all = [("01a-1", 1), ("01a-2", 2), ("01b-33", 2), ("01b-3", 3)].map(|(id, revision)| Deployment {
            revision: Some(Revision(revision)),
            ended: Timestamp::from_second(i64::try_from(revision).unwrap()).ok(),
            ..Deployment::new(id.into(), environment.clone(), Origin::Engine, Request::DEPLOY, Timestamp::UNIX_EPOCH)
        });
        (environment, all.to_vec())
    }

    #[test]
    fn a_deployment_is_found_by_its_id_its_beginning_or_its_revision() {
        let (environment, all) = deployments();
        let found = |which: &str| {
            find(&all, &environment, which).map(|one| one.id.as_str().to_owned()).map_err(|error| error.to_string())
        };
        assert_eq!(found("01a-1").as_deref(), Ok("01a-1"));
        assert_eq!(found("01b-3").as_deref(), Ok("01b-3"), "also where it is the beginning of another");
        assert_eq!(found("2").as_deref(), Ok("01a-2"), "the one that made it");
        assert!(found("01a").unwrap_err().starts_with("several deployments begin with `01a`; "));
        assert!(found("9").unwrap_err().starts_with("no deployment of revision 9 is kept in `shop/dev`; `cargo xtask"));
        assert_eq!(found("01b-33").as_deref(), Ok("01b-33"));
        assert!(found("02a").unwrap_err().starts_with("no deployment `02a` is kept in `shop/dev`; "));
    }
}
