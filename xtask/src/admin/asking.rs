//! What an administrator asks an environment to do: planned on this machine, where somebody wants to see it first, and put
//! into the environment's queue.

use std::collections::BTreeSet;

use ::engine::ports::Ledger;
use clap::Args;
use model::{
    Deployment, DeploymentId, Digest, Environment, EnvironmentId, Origin, Recorded, Request, ResourceAddress, Scope,
    Stamp, Timestamp,
};
use planner::{PlanError, Planned, Problem};
use serde_json::{Value, json};

use super::engine::Engine;
use crate::{console::Console, error::XtaskError};

/// The part of an environment that something concerns.
#[derive(Args)]
pub(crate) struct Part {
    /// Only what belongs to this agent.
    #[arg(long, conflicts_with = "stack")]
    agent: Option<String>,
    /// Only what stands in this stack: an agent's name, or `shared`.
    #[arg(long)]
    stack: Option<String>,
}

impl Part {
    pub(crate) fn scope(self) -> Scope {
        match (self.agent, self.stack) {
            (Some(agent), _) => Scope::Agent(agent),
            (None, Some(stack)) => Scope::Stack(stack),
            (None, None) => Scope::All,
        }
    }
}

/// Somebody with rights to the engine's stores, and the environment that they ask something of.
pub(crate) struct Asking {
    pub(crate) engine: Engine,
    pub(crate) environment: Environment,
    pub(crate) as_json: bool,
}

impl Asking {
    /// Of a registered environment.
    pub(crate) async fn of(engine: Engine, id: &EnvironmentId, as_json: bool) -> Result<Self, XtaskError> {
        let environment = engine.store.environment(id).await?;
        let environment =
            environment.ok_or_else(|| XtaskError::Usage(format!("no environment `{id}` is registered")))?;
        Ok(Self { engine, environment, as_json })
    }

    /// Puts a request into the queue, starts what is next, and says which deployment it became.
    pub(crate) async fn enqueue(&self, request: Request) -> Result<(), XtaskError> {
        let now = Timestamp::now();
        let origin = Origin::Administrator { name: self.engine.caller.clone() };
        let environment = &self.environment.id;
        let deployment = Deployment::new(self.deployment(&request, now), environment.clone(), origin, request, now);
        self.engine.store.accept(&deployment).await?;
        self.engine.go_on(environment, &[]).await?;
        if self.as_json {
            println!("{}", json!({ "deployment": deployment.id, "request": deployment.request }));
        } else {
            println!("{}: it is in the queue", deployment.id);
            println!("`cargo xtask admin history {environment}` shows how it ends");
        }
        Ok(())
    }

    /// An id as uploads have them: the time, so that ids sort, and a hash.
    fn deployment(&self, request: &Request, now: Timestamp) -> DeploymentId {
        let asked = format!("administrator\n{}\n{}\n{}", self.engine.caller, now.as_nanosecond(), json!(request));
        DeploymentId(format!("{:011x}-{}", now.as_millisecond(), Digest::of(asked.as_bytes()).short(16)))
    }

    /// What a plan is made from that is made here, and carried out by nobody.
    pub(crate) async fn material(&self) -> Result<Material, XtaskError> {
        let now = Timestamp::now();
        let id = &self.environment.id;
        let deployment = DeploymentId::from("not-enqueued");
        let stamp = Stamp {
            engine: self.engine.store.engine().await?,
            scope: id.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            deployed_at: now.to_string(),
            deployed_by: deployment.to_string(),
        };
        Ok(Material {
            recorded: self.engine.store.record(id).await?,
            deployment,
            // Of a plan without a config.
            config: Digest::of(&[]),
            stamp,
        })
    }

    /// Shows a plan, what it loses, and the command that carries it out.
    pub(crate) fn show(&self, foreseen: &Foreseen, command: &str) {
        let Planned { plan, report } = &foreseen.planned;
        if self.as_json {
            let (plan, lacking) = (render::plan_summary(plan), &foreseen.lacking);
            println!("{}", json!({ "plan": plan, "report": report, "lacking_consent": lacking, "command": command }));
            return;
        }
        let style = Console::for_output().style();
        print!("{}", render::plan(plan, &style));
        let left = render::report(report, &style);
        if !left.is_empty() {
            print!("\n{left}");
        }
        println!();
        if foreseen.lacking.is_empty() {
            println!("Nothing was done. To carry it out:");
        } else {
            let names: Vec<String> = foreseen.lacking.iter().map(ToString::to_string).collect();
            println!("Nothing was done: nobody consented to losing what these hold: {}.", names.join(", "));
            println!("To carry it out, and lose it for good:");
        }
        println!("  {command}");
    }

    /// Shows why there can be no plan.
    pub(crate) fn refuse(&self, reasons: &[(&str, String, String)]) -> XtaskError {
        if self.as_json {
            let reasons: Vec<Value> = reasons
                .iter()
                .map(|(code, message, help)| json!({ "code": code, "message": message, "help": help }))
                .collect();
            println!("{}", json!({ "refusals": reasons }));
        } else {
            for (code, message, help) in reasons {
                eprintln!("error: {code}: {message}\nhelp: {help}");
            }
        }
        XtaskError::Shown
    }

    /// The same of what the planner says.
    pub(crate) fn refuse_plan(&self, error: &PlanError) -> XtaskError {
        let reasons = error.0.iter().map(|one| (one.code(), one.to_string(), one.help().into_owned()));
        self.refuse(&reasons.collect::<Vec<_>>())
    }
}

/// What a plan is made from.
pub(crate) struct Material {
    pub(crate) recorded: Recorded,
    pub(crate) deployment: DeploymentId,
    pub(crate) config: Digest,
    pub(crate) stamp: Stamp,
}

impl Material {
    /// Has a plan checked, as the engine would.
    pub(crate) fn check(&self, planned: &Planned) -> Result<(), XtaskError> {
        check::check_with(&planned.plan, &self.recorded, &self.config).map_err(|violations| {
            let listed: Vec<String> = violations.iter().map(ToString::to_string).collect();
            XtaskError::Unexpected { what: "the plan was made".to_owned(), why: listed.join("; ") }
        })
    }
}

/// A plan as it would be if everything that it needs were consented to.
pub(crate) struct Foreseen {
    pub(crate) planned: Planned,
    /// The resources that nobody consented to losing.
    pub(crate) lacking: BTreeSet<ResourceAddress>,
}

/// Plans with this consent; where more is needed, with what is needed.
pub(crate) fn foresee(
    given: &BTreeSet<ResourceAddress>,
    plan: impl Fn(&BTreeSet<ResourceAddress>) -> Result<Planned, PlanError>,
) -> Result<Foreseen, PlanError> {
    let mut all = given.clone();
    loop {
        let error = match plan(&all) {
            Ok(planned) => return Ok(Foreseen { planned, lacking: all.difference(given).cloned().collect() }),
            Err(error) => error,
        };
        let asked: Option<Vec<&ResourceAddress>> = error.0.iter().map(consent_to).collect();
        let known = all.len();
        all.extend(asked.into_iter().flatten().cloned());
        if all.len() == known {
            // Something else is in the way, which is told with everything that is.
            return Err(error);
        }
    }
}

/// What a problem asks consent to; none where it is another kind of problem.
fn consent_to(problem: &Problem) -> Option<&ResourceAddress> {
    match problem {
        Problem::RollbackConsent { resource, .. } | Problem::DestroyConsent { resource } => Some(resource),
        _ => None,
    }
}

/// The rest of a command: of what, and with whose consent.
pub(crate) fn flags(scope: &Scope, consent: &BTreeSet<ResourceAddress>) -> String {
    let scope = match scope {
        Scope::All => String::new(),
        Scope::Agent(name) => format!(" --agent {name}"),
        Scope::Stack(name) => format!(" --stack {name}"),
    };
    let consent: String = consent.iter().map(|resource| format!(" --consent {resource}")).collect();
    scope + &consent
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    fn address(text: &str) -> ResourceAddress {
        text.parse().unwrap()
    }

    fn lacking(names: &[&str]) -> PlanError {
        let problem = |name: &&str| Problem::DestroyConsent { resource: address(name) };
        PlanError(names.iter().map(problem).collect())
    }

    #[test]
    fn where_something_else_is_in_the_way_everything_is_told() {
        let mut error = lacking(&["shared/Orders"]);
        error.0.push(Problem::Unrecorded { resource: address("shared/Gone") });
        let found = foresee(&BTreeSet::new(), |_| Err(error.clone()));
        assert_eq!(found.err(), Some(error));
    }

    #[test]
    fn a_consent_that_does_not_help_is_not_asked_for_again() {
        let error = lacking(&["shared/Orders"]);
        assert_eq!(foresee(&BTreeSet::new(), |_| Err(error.clone())).err(), Some(error));
    }

    #[test]
    fn a_command_can_be_typed_as_it_is_shown() {
        let consent = ["shared/Orders", "shared/Documents"].map(address).into();
        let shown = flags(&Scope::Stack("shared".into()), &consent);
        assert_eq!(shown, " --stack shared --consent shared/Documents --consent shared/Orders");
        assert_eq!(flags(&Scope::All, &BTreeSet::new()), "");
    }
}
