//! `cargo xtask admin destroy`.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};

use clap::Args;
use model::{Action, Destroy, EnvironmentId, Plan, Request, ResourceAddress};
use planner::Destroying;

use super::asking::{Asking, Foreseen, Part, flags, foresee};
use super::engine::Engine;
use super::id;
use crate::error::XtaskError;

/// Arguments of `cargo xtask admin destroy`.
#[derive(Args)]
pub(crate) struct Destruction {
    /// `project/environment`
    environment: String,
    #[command(flatten)]
    part: Part,
    /// A resource whose data may be lost by it: `shared/Orders`. As often as needed.
    #[arg(long = "consent", value_name = "RESOURCE")]
    consent: Vec<ResourceAddress>,
    /// Show the plan, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for the environment's name to be typed.
    #[arg(long)]
    yes: bool,
}

impl Destruction {
    pub(crate) async fn run(self, engine: Engine, as_json: bool) -> Result<(), XtaskError> {
        let asking = Asking::of(engine, &id(&self.environment)?, as_json).await?;
        let destroy = Destroy { scope: self.part.scope(), consent: self.consent.into_iter().collect() };
        let foreseen = plan(&asking, &destroy).await?;
        let environment = &asking.environment.id;
        if self.dry_run || !foreseen.lacking.is_empty() {
            let consent: BTreeSet<_> = destroy.consent.union(&foreseen.lacking).cloned().collect();
            let flags = flags(&destroy.scope, &consent);
            asking.show(&foreseen, &format!("cargo xtask admin destroy {environment}{flags}"));
            return if self.dry_run { Ok(()) } else { Err(XtaskError::Shown) };
        }
        if !as_json {
            println!("{}", listed(&foreseen.planned.plan));
        }
        if !self.yes {
            confirm(environment)?;
        }
        asking.enqueue(Request::Destroy(destroy)).await
    }
}

async fn plan(asking: &Asking, destroy: &Destroy) -> Result<Foreseen, XtaskError> {
    let material = asking.material().await?;
    let foreseen = foresee(&destroy.consent, |consent| {
        planner::destroy(&Destroying {
            recorded: &material.recorded,
            scope: &destroy.scope,
            consent,
            environment: &asking.environment,
            deployment: &material.deployment,
            config: &material.config,
            stamp: &material.stamp,
        })
    });
    let foreseen = foreseen.map_err(|error| asking.refuse_plan(&error))?;
    material.check(&foreseen.planned)?;
    Ok(foreseen)
}

/// What goes and what stays, a line each, by the name that AWS knows it by.
fn listed(plan: &Plan) -> String {
    let line = |word: &str, change: &model::Change, id: Option<&model::PhysicalId>| {
        let id = id.map(|id| format!("  {id}")).unwrap_or_default();
        format!("{word}  {}  {}{id}", change.key.address, change.kind)
    };
    let lines = plan.changes.iter().filter_map(|change| match &change.action {
        Action::Delete { physical_id, .. } => Some(line("goes ", change, physical_id.as_ref())),
        Action::Forget { physical_id } => Some(line("stays", change, physical_id.as_ref())),
        Action::Create { .. } | Action::Update { .. } | Action::Replace { .. } | Action::Move { .. } => None,
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    if lines.is_empty() { "nothing is recorded that could go".to_owned() } else { lines.join("\n") }
}

/// Asks on the terminal: what is typed without reading ends here.
fn confirm(environment: &EnvironmentId) -> Result<(), XtaskError> {
    eprint!("To destroy this for good, type `{environment}`: ");
    let mut typed = String::new();
    // What cannot be asked or answered is not confirmed.
    let _ = std::io::stderr().flush();
    let _ = std::io::stdin().lock().read_line(&mut typed);
    if typed.trim() == environment.to_string() {
        return Ok(());
    }
    Err(XtaskError::Usage(format!("`{}` is not `{environment}`: nothing was done", typed.trim())))
}
