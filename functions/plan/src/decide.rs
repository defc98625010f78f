//! The decisions of one planning: what is asked for, as a plan that holds every invariant, or the reasons why there can be
//! none. Reads and writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use config::Expanded;
use model::{
    Change, Deployment, Destroy, Digest, Environment, Plan, Recorded, Refusal, Request, ResourceAddress, Snapshot,
    Stamp,
};
use planner::{Destroying, Inputs, LettingGo, PlanError, Planned, Reaping};
use step::StepError;

use crate::limits;

/// What a plan is made from.
pub struct Material<'a> {
    /// What the plan is for.
    pub deployment: &'a Deployment,
    /// Its environment.
    pub environment: &'a Environment,
    /// What is recorded of that.
    pub recorded: &'a Recorded,
    /// The tags that say whose everything is.
    pub stamp: &'a Stamp,
    /// The bucket that artifacts are read from.
    pub bucket: &'a str,
    /// What is asked for; none where that is no config.
    pub asked: Option<&'a Asked>,
    /// How many lines the deployment's journal has.
    pub since: usize,
}

/// What a config asks for, with everything that decides what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The text of the config.
    pub config: String,
    /// The other texts that it names, by path.
    pub sources: BTreeMap<String, String>,
    /// What was looked up in the account.
    pub snapshot: Snapshot,
    /// One digest of all of them: that of the config where there is nothing else.
    pub digest: Digest,
}

impl Asked {
    /// A config with its digest, and what there is beside it, each with the digest of how it is kept.
    pub fn new(
        (config, of_config): (String, Digest),
        (sources, of_sources): (BTreeMap<String, String>, Option<Digest>),
        (snapshot, of_snapshot): (Snapshot, Option<Digest>),
    ) -> Self {
        let digest = match (of_sources, of_snapshot) {
            (None, None) => of_config,
            (sources, snapshot) => {
                let of = |digest: Option<Digest>| digest.map_or_else(String::new, |digest| digest.to_string());
                let all = format!("config {of_config}\nsources {}\nsnapshot {}", of(sources), of(snapshot));
                Digest::of(all.as_bytes())
            }
        };
        Self { config, sources, snapshot, digest }
    }
}

impl Material<'_> {
    /// The digest of what is asked for. Where that is no config, that of nothing: a plan names one.
    fn digest(&self) -> Digest {
        self.asked.map_or_else(|| Digest::of(&[]), |asked| asked.digest.clone())
    }
}

/// Why there is no plan.
#[derive(Debug)]
pub enum Rejected {
    /// What was handed in cannot be planned; with the report as a person reads it.
    Refused(Vec<Refusal>, Option<String>),
    /// The plan breaks an invariant: a defect, never the user's.
    Step(StepError),
}

impl From<PlanError> for Rejected {
    fn from(error: PlanError) -> Self {
        let refusals = error.0.iter().map(|one| refusal(one.code(), one.to_string(), Some(&one.help())));
        Self::Refused(refusals.collect(), None)
    }
}

/// Makes the plan, and has it checked.
///
/// # Errors
/// [`Rejected`]: why there is none.
pub fn decide(material: &Material<'_>) -> Result<Planned, Rejected> {
    let mut planned = match (&material.deployment.request, material.asked) {
        (Request::Deploy { .. }, Some(asked)) => deploy(material, asked)?,
        (Request::Reap, _) => reap(material)?,
        (Request::Destroy(asked), _) => destroy(material, asked)?,
        (Request::LetGo { resources }, _) => let_go(material, resources)?,
        (Request::Deploy { .. }, None) | (Request::Rollback(_), _) => {
            let deployment = &material.deployment.id;
            return Err(Rejected::Step(StepError::Corrupt(format!("deployment `{deployment}` is not planned here"))));
        }
    };
    planned.plan.since = material.since;
    let unsupported = unsupported(&planned.plan);
    if !unsupported.is_empty() {
        return Err(Rejected::Refused(unsupported, None));
    }
    check::check_with(&planned.plan, material.recorded, &material.digest()).map_err(|violations| {
        let listed: Vec<String> = violations.iter().map(ToString::to_string).collect();
        Rejected::Step(StepError::Corrupt(format!("the plan breaks an invariant: {}", listed.join("; "))))
    })?;
    Ok(planned)
}

fn deploy(material: &Material<'_>, asked: &Asked) -> Result<Planned, Rejected> {
    let Material { deployment, environment, recorded, stamp, .. } = *material;
    let (Expanded { desired, limits, .. }, config) = (expand(material, asked)?, &asked.digest);
    let (deployment, only) = (&deployment.id, &deployment.request.only());
    let inputs = Inputs { desired: &desired, recorded, environment, deployment, config, stamp, only };
    let planned = planner::plan(&inputs)?;
    let exceeded = limits::exceeded(&limits, &planned.plan, recorded);
    if exceeded.is_empty() { Ok(planned) } else { Err(Rejected::Refused(exceeded, None)) }
}

fn reap(material: &Material<'_>) -> Result<Planned, Rejected> {
    let Material { deployment, environment, recorded, stamp, .. } = *material;
    let config = material.digest();
    let inputs = Reaping { recorded, environment, deployment: &deployment.id, config: &config, stamp };
    Ok(planner::reap(&inputs)?)
}

fn destroy(material: &Material<'_>, asked: &Destroy) -> Result<Planned, Rejected> {
    let Material { deployment, environment, recorded, stamp, .. } = *material;
    let (scope, consent, config) = (&asked.scope, &asked.consent, &material.digest());
    let inputs = Destroying { recorded, scope, consent, environment, deployment: &deployment.id, config, stamp };
    Ok(planner::destroy(&inputs)?)
}

fn let_go(material: &Material<'_>, resources: &BTreeSet<ResourceAddress>) -> Result<Planned, Rejected> {
    let Material { deployment, environment, recorded, stamp, .. } = *material;
    let config = &material.digest();
    let inputs = LettingGo { recorded, resources, environment, deployment: &deployment.id, config, stamp };
    Ok(planner::let_go(&inputs)?)
}

/// The config was valid when it was taken in; the environment's record may have changed since, and what was looked up is known
/// only now.
fn expand(material: &Material<'_>, asked: &Asked) -> Result<Expanded, Rejected> {
    let Material { deployment, environment, bucket, .. } = *material;
    let Asked { config, sources, snapshot, .. } = asked;
    let context =
        config::Context { sources, snapshot, ..config::Context::new(environment, &deployment.artifacts, bucket) };
    let expanded = config::parse_with("strands.yaml", config, sources)
        .and_then(|config| {
            let expanded = config::expand(&config, &context)?;
            if expanded.lookups.is_empty() { expanded.deployable().map(|()| expanded) } else { Ok(expanded) }
        })
        .map_err(|report| Rejected::Refused(report.refusals(), Some(report.render(false, 100))))?;
    if !expanded.lookups.is_empty() {
        let lookups = expanded.lookups;
        return Err(Rejected::Step(StepError::Corrupt(format!("these were not looked up: {lookups:?}"))));
    }
    Ok(expanded)
}

/// What the plan would do to resources that no provider makes, changes or deletes. A schema alone, which some types have for
/// the sake of what stands on them, is not enough.
fn unsupported(plan: &Plan) -> Vec<Refusal> {
    let is_provided = |change: &Change| schema::get(&change.kind).is_some_and(|schema| schema.provided);
    let makes_calls = |change: &Change| {
        use model::Action::{Create, Delete, Forget, Move, Replace, Update};
        match change.action {
            Create { .. } | Update { .. } | Replace { .. } | Delete { .. } => true,
            Move { .. } | Forget { .. } => false,
        }
    };
    let changes = plan.changes.iter().filter(|change| makes_calls(change) && !is_provided(change));
    let tell = |change: &Change| {
        let message = format!("`{}` is of type `{}`, which is not supported", change.key.address, change.kind);
        let help = "leave it out: what the engine has no provider for is not deployed";
        refusal("plan::unsupported-type", message, Some(help))
    };
    changes.map(tell).collect()
}

pub(crate) fn refusal(code: &str, message: String, help: Option<&str>) -> Refusal {
    Refusal { code: code.to_owned(), message, help: help.map(str::to_owned), file: None, line: None, column: None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends here")]

    use model::{DeploymentStatus, EnvironmentId, Origin, Request, Timestamp};
    use serde_json::json;

    use super::*;

    fn decided(resources: &[(&str, &str, Option<i64>)]) -> Result<Planned, Rejected> {
        asked(Request::Reap, resources)
    }

    fn asked(request: Request, resources: &[(&str, &str, Option<i64>)]) -> Result<Planned, Rejected> {
        let id = EnvironmentId::new("shop", "dev").unwrap();
        let record = |(key, kind, reap): &(&str, &str, Option<i64>)| {
            let reap = reap.map(|second| Timestamp::from_second(second).unwrap());
            let presence = if reap.is_some() { "leaving" } else { "present" };
            let resource = json!({
                "type": kind, "physical_id": "id-1", "presence": presence, "asked": {}, "sent": {}, "deployment": "d1",
                "reap": reap,
            });
            (key.parse().unwrap(), serde_json::from_value(resource).unwrap())
        };
        let recorded = Recorded { resources: resources.iter().map(record).collect(), ..Recorded::default() };
        let environment = Environment::new(id.clone(), "123456789012", "eu-central-1");
        let deployment = Deployment {
            status: DeploymentStatus::Running,
            ..Deployment::new("d2".into(), id, Origin::Engine, request, Timestamp::UNIX_EPOCH)
        };
        let stamp = Stamp {
            engine: "e1".into(),
            scope: "shop/dev".into(),
            version: "0.1.0".into(),
            deployed_at: "1970-01-01T00:00:00Z".into(),
            deployed_by: "d2".into(),
        };
        decide(&Material {
            deployment: &deployment,
            environment: &environment,
            recorded: &recorded,
            stamp: &stamp,
            bucket: "b",
            asked: None,
            since: 7,
        })
    }

    #[test]
    fn what_was_put_off_is_planned_without_a_config_and_nothing_else_is() {
        let planned =
            decided(&[("shared/Tasks@1", "AWS::SQS::Queue", Some(10)), ("shared/Events@1", "AWS::SNS::Topic", None)]);
        let plan = planned.unwrap().plan;
        let keys: Vec<String> = plan.changes.iter().map(|change| change.key.to_string()).collect();
        assert_eq!(keys, ["shared/Tasks@1"]);
    }

    #[test]
    fn what_is_asked_for_is_planned_and_knows_what_was_there_before_it() {
        let recorded = [("shared/Tasks@1", "AWS::SQS::Queue", None), ("desk/Events@1", "AWS::SNS::Topic", None)];
        let does = |request| {
            let plan = asked(request, &recorded).unwrap().plan;
            assert_eq!(plan.since, 7);
            plan.changes.iter().map(|change| format!("{:?} {}", change.action, change.key)).collect::<Vec<_>>()
        };
        let of_desk = Destroy { scope: model::Scope::Stack("desk".into()), ..Destroy::default() };
        let destroyed = does(Request::Destroy(of_desk));
        assert!(matches!(&destroyed[..], [one] if one.starts_with("Delete") && one.ends_with("desk/Events@1")));
        let resources = ["shared/Tasks".parse().unwrap()].into();
        let let_go = does(Request::LetGo { resources });
        assert!(matches!(&let_go[..], [one] if one.starts_with("Forget") && one.ends_with("shared/Tasks@1")));
    }

    #[test]
    fn a_destruction_without_consent_is_refused_with_what_to_add() {
        let data = [("shared/Orders@1", "AWS::DynamoDB::Table", None)];
        let Err(Rejected::Refused(refusals, _)) = asked(Request::Destroy(Destroy::default()), &data) else {
            panic!("it is refused")
        };
        let told: Vec<_> = refusals.iter().map(|one| (one.code.as_str(), one.help.as_deref())).collect();
        assert_eq!(told, [("destroy::consent", Some("add `--consent shared/Orders` if that may be lost"))]);
    }

    #[test]
    fn a_reap_that_finds_nothing_left_changes_nothing() {
        assert_eq!(decided(&[("shared/Events@1", "AWS::SNS::Topic", None)]).unwrap().plan.changes, []);
    }

    #[test]
    fn a_plan_is_bound_to_everything_that_decides_what_a_config_means() {
        let digest = |text: &str| Some(Digest::of(text.as_bytes()));
        let of = |config: &str, sources: Option<Digest>, snapshot: Option<Digest>| {
            let config = (config.to_owned(), Digest::of(config.as_bytes()));
            Asked::new(config, (BTreeMap::new(), sources), (Snapshot::default(), snapshot)).digest
        };
        assert_eq!(of("a", None, None), Digest::of(b"a"), "that of the config alone, as it was before there was more");
        let all = [
            of("a", None, None),
            of("b", None, None),
            of("a", digest("s"), None),
            of("a", digest("t"), None),
            of("a", None, digest("s")),
            of("a", digest("s"), digest("t")),
            of("b", digest("s"), digest("t")),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:#?}");
    }

    #[test]
    fn a_type_that_has_a_schema_and_no_provider_is_refused() {
        let Err(Rejected::Refused(refusals, _)) = decided(&[("shared/Group@1", "AWS::EC2::SecurityGroup", Some(10))])
        else {
            panic!("it is refused")
        };
        let told: Vec<_> = refusals.iter().map(|one| (one.code.as_str(), one.message.as_str())).collect();
        let message = "`shared/Group` is of type `AWS::EC2::SecurityGroup`, which is not supported";
        assert_eq!(told, [("plan::unsupported-type", message)]);
    }
}
