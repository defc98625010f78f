//! The decisions of one way back: whether there is one, and the plan of it, which holds every invariant, or the reasons why
//! there can be none. Reads and writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::{
    Deployment, Digest, Environment, ObjectRef, OnFailure, Outcome, Plan, Recorded, Refusal, Request, ResourceAddress,
    Revision, Rollback, Scope, Stamp, Timestamp, Undo, expression,
};
use planner::{Consent, Inverse, Nowhere, PlanError, Planned};
use serde_json::Value;
use step::{Message, StepError, Verdict};

/// What is asked of this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// Somebody asks to go back.
    Asked(Rollback),
    /// What this plan did is undone, from here on.
    Begin {
        /// The plan that failed.
        failed: ObjectRef,
    },
    /// Undoing has begun, and is planned once more.
    Again(Undo),
    /// Nothing: what failed stays where it is.
    Stay,
}

/// Which way back there is for a deployment, after what the last step came to. Undoing is begun once, and only of what a
/// config asked for; what fails on its way back stays there.
pub(crate) fn way(head: &Deployment, environment: &Environment, message: &Message) -> Way {
    let has_failed = message.verdict == Some(Verdict::Failed);
    match (&head.undo, &head.request, &message.plan) {
        // Where the plan that failed is still the one that is undone, this was called before, and its answer was lost.
        (Some(undo), ..) if has_failed && message.plan.as_ref() != Some(&undo.failed) => Way::Stay,
        (Some(undo), ..) => Way::Again(undo.clone()),
        (None, Request::Rollback(asked), _) if !has_failed => Way::Asked(asked.clone()),
        (None, Request::Deploy { .. }, Some(plan)) if has_failed && environment.on_failure == OnFailure::Rollback => {
            Way::Begin { failed: plan.clone() }
        }
        (None, ..) => Way::Stay,
    }
}

/// The deployment whose plan names the outputs of an environment as `left_by` left it: what lets go, reaps or destroys a part names
/// none, and leaves those that there were.
pub(crate) fn names_outputs<'a>(left_by: &'a Deployment, history: &'a [Deployment]) -> Option<&'a Deployment> {
    let names = |one: &Deployment| match &one.request {
        Request::Deploy { .. } | Request::Rollback(_) => true,
        Request::Destroy(destroy) => destroy.scope == Scope::All,
        Request::LetGo { .. } | Request::Reap => false,
    };
    let earlier = history.iter().filter(|one| turn(one) < turn(left_by) && names(one) && stands(one));
    if names(left_by) { Some(left_by) } else { earlier.max_by_key(|one| turn(one)) }
}

/// The deployment that left the environment as it stands, as far as that is as somebody wanted it.
pub(crate) fn latest(history: &[Deployment]) -> Option<&Deployment> {
    history.iter().filter(|one| stands(one)).max_by_key(|one| turn(one))
}

/// The order in which deployments had their turn.
fn turn(one: &Deployment) -> (Option<Revision>, Option<Timestamp>) {
    (one.revision, one.ended)
}

fn stands(one: &Deployment) -> bool {
    let stands = |outcome: &Outcome| outcome.is_success() || matches!(outcome, Outcome::RolledBack { .. });
    one.revision.is_some() && one.outcome().is_some_and(stands)
}

/// Outputs, and the record that they refer to.
pub(crate) type Named<'a> = (BTreeMap<String, Value>, &'a Recorded);

/// The outputs of an environment of which only a part goes back: of that part those that there were then, and of the rest those that
/// there are now.
pub(crate) fn outputs_beside(
    scope: &Scope,
    (now, recorded): Named<'_>,
    (then, snapshot): Named<'_>,
) -> BTreeMap<String, Value> {
    let is_of = |value: &Value, record: &Recorded| {
        let mut references = Vec::new();
        // What is not well formed refers to nothing, and is left out when outputs are told.
        let _ = expression::references_in(value, &mut references);
        references.iter().any(|reference| {
            let mut here = record.resources.iter().filter(|(key, _)| key.address == reference.address);
            scope.covers(&reference.address, here.next_back().and_then(|(_, one)| one.agent.as_deref()))
        })
    };
    let stay = now.into_iter().filter(|(_, value)| !is_of(value, recorded));
    let back = then.into_iter().filter(|(_, value)| is_of(value, snapshot));
    stay.chain(back).collect()
}

/// What a way back is planned from.
pub(crate) struct Material<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) environment: &'a Environment,
    /// The record of the revision to go back to.
    pub(crate) snapshot: &'a Recorded,
    /// The records before that one, newest first, as far as it needs them. None where none was read: then there is no way but those
    /// that leave what is half done.
    pub(crate) earlier: Option<&'a [Recorded]>,
    pub(crate) recorded: &'a Recorded,
    pub(crate) stamp: &'a Stamp,
    /// The outputs of the revision to go back to, as its plan has them.
    pub(crate) outputs: &'a BTreeMap<String, Value>,
    /// What somebody asks for; none where the deployment undoes itself.
    pub(crate) asked: Option<&'a Rollback>,
    /// How many lines the deployment's journal has.
    pub(crate) since: usize,
    /// Where the deployment tried anything, by those lines.
    pub(crate) touched: &'a BTreeSet<ResourceAddress>,
}

/// Why there is no plan.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// There is no way back to what is asked for.
    Refused(Vec<Refusal>),
    /// The plan breaks an invariant: a defect, never the user's.
    Step(StepError),
}

/// For logs: of a refusal, which ones.
impl fmt::Display for Rejected {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusals) => {
                let codes: BTreeSet<&str> = refusals.iter().map(|refusal| refusal.code.as_str()).collect();
                write!(to, "{} refused: {}", refusals.len(), codes.into_iter().collect::<Vec<_>>().join(", "))
            }
            Self::Step(error) => error.fmt(to),
        }
    }
}

impl From<PlanError> for Rejected {
    fn from(error: PlanError) -> Self {
        Self::Refused(error.0.iter().map(|one| refusal(one.code(), one.to_string(), &one.help())).collect())
    }
}

impl From<Nowhere> for Rejected {
    fn from(nowhere: Nowhere) -> Self {
        Self::Refused(vec![refusal(nowhere.code(), nowhere.to_string(), &nowhere.help())])
    }
}

impl From<StepError> for Rejected {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

/// Makes the plan, and has it checked.
pub(crate) fn decide(material: &Material<'_>) -> Result<Planned, Rejected> {
    let config = Digest::of(&[]);
    decide_with(material, &|plan| {
        check::check_with(plan, material.recorded, &config).map_err(|violations| {
            let listed: Vec<String> = violations.iter().map(ToString::to_string).collect();
            StepError::Corrupt(format!("the plan breaks an invariant: {}", listed.join("; ")))
        })
    })
}

/// What holds a plan against the record.
type Check<'c> = &'c dyn Fn(&Plan) -> Result<(), StepError>;

/// Makes the narrowest plan that `check` lets pass.
fn decide_with(material: &Material<'_>, check: Check<'_>) -> Result<Planned, Rejected> {
    let Material { deployment, environment, snapshot, earlier, recorded, stamp, outputs, .. } = *material;
    if let Some(unknown) =
        material.asked.filter(|_| material.since == 0).and_then(|asked| unknown(asked, [snapshot, recorded]))
    {
        return Err(Rejected::Refused(vec![unknown]));
    }
    let config = Digest::of(&[]);
    let (scope, consent) = match material.asked {
        Some(asked) => (&asked.scope, Consent::Named(&asked.consent)),
        None => (&Scope::All, Consent::Automatic { made_by: &deployment.id }),
    };
    let is_part = material.asked.is_none() && !deployment.request.only().is_all();
    let narrowest = Inverse {
        snapshot,
        earlier: earlier.unwrap_or_default(),
        recorded,
        scope,
        // What is beside a part was none of it, and stays; unless what the part did cannot be undone without that.
        touched: is_part.then_some(material.touched),
        leaves: material.asked.is_none(),
        environment,
        deployment: &deployment.id,
        config: &config,
        stamp,
        outputs,
        consent,
    };
    let plan = |way: &Inverse<'_>| {
        let planned = planner::inverse(way).map_err(Rejected::from).and_then(|mut planned| {
            planned.plan.since = material.since;
            check(&planned.plan)?;
            Ok(planned)
        });
        let (part, leaves) = (way.touched.is_some(), way.leaves);
        planned.inspect_err(|why| {
            tracing::warn!(deployment = %deployment.id, part, leaves, %why, "there is no such way back");
        })
    };
    let ways = narrowest.ways();
    let wider = ways.iter().skip(1).filter(|way| way.leaves || earlier.is_some());
    wider.fold(plan(&narrowest), |found, wider| found.or_else(|why| plan(wider).map_err(|next| told(why, next))))
}

/// What is told of two ways that there are not, the narrower one first: why that is refused. The other is about more than the
/// deployment touched. A defect is told only where nothing is refused.
fn told(narrower: Rejected, wider: Rejected) -> Rejected {
    match narrower {
        Rejected::Refused(_) => narrower,
        Rejected::Step(_) => wider,
    }
}

/// Why a part cannot go back of which there is nothing, neither then nor now: it would change nothing, as where all is well.
fn unknown(asked: &Rollback, records: [&Recorded; 2]) -> Option<Refusal> {
    let what = match &asked.scope {
        Scope::All => return None,
        Scope::Agent(name) => format!("agent `{name}`"),
        Scope::Stack(name) => format!("stack `{name}`"),
    };
    let all = || records.iter().flat_map(|record| &record.resources);
    if all().any(|(key, one)| asked.scope.covers(&key.address, one.agent.as_deref())) {
        return None;
    }
    let names: BTreeSet<&str> = match &asked.scope {
        Scope::Agent(_) => all().filter_map(|(_, one)| one.agent.as_deref()).collect(),
        Scope::All | Scope::Stack(_) => all().map(|(key, _)| key.address.stack.as_str()).collect(),
    };
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    let message = format!("there is nothing of {what}, neither now nor at that revision");
    let help = if names.is_empty() {
        "nothing is recorded, now or then: deploy what you want".to_owned()
    } else {
        format!("name one that there is: {}", names.join(", "))
    };
    Some(refusal("rollback::unknown-part", message, &help))
}

pub(crate) fn refusal(code: &str, message: String, help: &str) -> Refusal {
    Refusal { code: code.to_owned(), message, help: Some(help.to_owned()), file: None, line: None, column: None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends here")]

    use model::{Action, DeploymentStatus, Destroy, EnvironmentId, Origin, Target};
    use serde_json::json;

    use super::*;

    fn object(name: &str) -> ObjectRef {
        ObjectRef { key: name.into(), version: "1".into(), digest: Digest::of(name.as_bytes()) }
    }

    fn environment() -> Environment {
        Environment::new(EnvironmentId::new("shop", "dev").unwrap(), "123456789012", "eu-central-1")
    }

    fn head(request: Request) -> Deployment {
        Deployment::new("d2".into(), environment().id, Origin::Engine, request, Timestamp::UNIX_EPOCH)
    }

    fn to(revision: u64) -> Rollback {
        Rollback { to: Target::Revision(Revision(revision)), scope: Scope::All, consent: BTreeSet::new() }
    }

    fn undo() -> Undo {
        let (failed, state) = (object("failed"), object("state"));
        Undo { to: Revision(1), causes: Vec::new(), failed, state, at: Timestamp::UNIX_EPOCH }
    }

    fn after(verdict: Verdict, plan: &str) -> Message {
        let message = json!({
            "v": 1, "step": "rollback", "deployment": "d2", "project": "shop", "environment": "dev", "execution": "d2-1",
            "plan": object(plan), "verdict": verdict,
        });
        Message::read(&message).unwrap()
    }

    #[test]
    fn what_a_config_asked_for_and_fails_is_undone_unless_it_shall_stop() {
        let failed = after(Verdict::Failed, "failed");
        let begin = Way::Begin { failed: object("failed") };
        assert_eq!(way(&head(Request::DEPLOY), &environment(), &failed), begin);
        let stops = Environment { on_failure: OnFailure::Stop, ..environment() };
        assert_eq!(way(&head(Request::DEPLOY), &stops, &failed), Way::Stay);
        let let_go = Request::LetGo { resources: BTreeSet::new() };
        for request in [Request::Destroy(Destroy::default()), let_go, Request::Reap, Request::Rollback(to(1))] {
            assert_eq!(way(&head(request.clone()), &environment(), &failed), Way::Stay, "{request:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_planned_as_often_as_it_takes() {
        for verdict in [Verdict::Back, Verdict::Replan] {
            let asked = head(Request::Rollback(to(1)));
            assert_eq!(way(&asked, &environment(), &after(verdict, "inverse")), Way::Asked(to(1)));
        }
    }

    #[test]
    fn undoing_is_begun_once_and_what_fails_on_its_way_back_stays_there() {
        let begun = Deployment { undo: Some(undo()), ..head(Request::DEPLOY) };
        let again = Way::Again(undo());
        assert_eq!(way(&begun, &environment(), &after(Verdict::Failed, "inverse")), Way::Stay);
        assert_eq!(way(&begun, &environment(), &after(Verdict::Failed, "failed")), again, "its answer was lost");
        for verdict in [Verdict::Back, Verdict::Replan] {
            assert_eq!(way(&begun, &environment(), &after(verdict, "inverse")), again);
        }
    }

    #[test]
    fn what_names_no_outputs_leaves_those_that_there_were() {
        let ended = |revision: u64, request, outcome| Deployment {
            revision: Some(Revision(revision)),
            ended: Some(Timestamp::UNIX_EPOCH),
            status: DeploymentStatus::Ended { outcome },
            plan: Some(object(&revision.to_string())),
            ..head(request)
        };
        let let_go = Request::LetGo { resources: BTreeSet::new() };
        let stopped = Outcome::Stopped { causes: Vec::new() };
        let part = Destroy { scope: Scope::Agent("orders".into()), ..Destroy::default() };
        let history = [
            ended(1, Request::DEPLOY, Outcome::Deployed),
            ended(2, Request::DEPLOY, stopped),
            ended(3, let_go, Outcome::Deployed),
            ended(4, Request::Destroy(part), Outcome::Destroyed { deleted: 1, retained: Vec::new() }),
            ended(5, Request::Destroy(Destroy::default()), Outcome::Destroyed { deleted: 1, retained: Vec::new() }),
        ];
        let named = history.iter().map(|left_by| names_outputs(left_by, &history).and_then(|one| one.revision));
        let revisions: Vec<_> = named.map(|revision| revision.map(|revision| revision.0)).collect();
        assert_eq!(revisions, [1, 2, 1, 1, 5].map(Some));
    }

    #[test]
    fn a_part_of_which_there_is_nothing_is_refused_and_told_with_those_that_there_are() {
        let (then, now) = (record(1, &[ORDERS]), record(2, &[ORDERS, TASKS]));
        let asked = |scope| Rollback { scope, ..to(1) };
        let refused = unknown(&asked(Scope::Stack("share".into())), [&then, &now]).unwrap();
        assert_eq!(refused.code, "rollback::unknown-part");
        assert_eq!(refused.help.as_deref(), Some("name one that there is: `shared`"));
        assert_eq!(unknown(&asked(Scope::Stack("shared".into())), [&then, &now]), None);
        assert_eq!(unknown(&to(1), [&Recorded::default(), &Recorded::default()]), None);
        assert!(unknown(&asked(Scope::Agent("orders".into())), [&then, &now]).is_some());
    }

    #[test]
    fn where_a_part_goes_back_the_rest_keeps_its_outputs() {
        let of = |agents: &[&str]| {
            let resource = |agent: &&str| {
                let resource = json!({
                    "type": "AWS::Lambda::Url", "physical_id": "u", "presence": "present", "asked": {}, "sent": {},
                    "deployment": "d1", "agent": agent,
                });
                (format!("{agent}/Url@1").parse().unwrap(), serde_json::from_value(resource).unwrap())
            };
            Recorded { resources: agents.iter().map(resource).collect(), ..Recorded::default() }
        };
        let url = |agent: &str| expression::attribute(&format!("{agent}/Url").parse().unwrap(), "FunctionUrl");
        let outputs = |named: &[(&str, Value)]| -> BTreeMap<String, Value> {
            named.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let now = outputs(&[("OrdersUrl", url("orders")), ("NewUrl", url("new")), ("Region", json!("eu"))]);
        let then = outputs(&[("Orders", url("orders")), ("GoneUrl", url("gone"))]);
        let beside = |scope| {
            let (recorded, snapshot) = (of(&["orders", "new"]), of(&["orders", "gone"]));
            outputs_beside(&scope, (now.clone(), &recorded), (then.clone(), &snapshot)).into_keys().collect::<Vec<_>>()
        };
        assert_eq!(beside(Scope::Agent("orders".into())), ["NewUrl", "Orders", "Region"]);
        assert_eq!(beside(Scope::Stack("new".into())), ["OrdersUrl", "Region"]);
    }

    fn record(revision: u64, resources: &[(&str, &str, &str)]) -> Recorded {
        let resource = |(key, kind, deployment): &(&str, &str, &str)| {
            let resource = json!({
                "type": kind, "physical_id": format!("id-of-{key}"), "presence": "present", "asked": {}, "sent": {},
                "deployment": deployment,
            });
            (key.parse().unwrap(), serde_json::from_value(resource).unwrap())
        };
        let resources = resources.iter().map(resource).collect();
        Recorded { revision: Revision(revision), resources, ..Recorded::default() }
    }

    fn decided(asked: Option<&Rollback>, snapshot: &Recorded, recorded: &Recorded) -> Result<Planned, Rejected> {
        undone(Request::DEPLOY, &[], asked, snapshot, recorded)
    }

    fn undone(
        request: Request,
        touched: &[&str],
        asked: Option<&Rollback>,
        snapshot: &Recorded,
        recorded: &Recorded,
    ) -> Result<Planned, Rejected> {
        undone_with(request, touched, asked, [snapshot, recorded], None)
    }

    fn undone_with(
        request: Request,
        touched: &[&str],
        asked: Option<&Rollback>,
        [snapshot, recorded]: [&Recorded; 2],
        check: Option<Check<'_>>,
    ) -> Result<Planned, Rejected> {
        undone_from(request, touched, asked, &Records { snapshot, earlier: Some(&[]), recorded }, check)
    }

    struct Records<'a> {
        snapshot: &'a Recorded,
        earlier: Option<&'a [Recorded]>,
        recorded: &'a Recorded,
    }

    fn undone_from(
        request: Request,
        touched: &[&str],
        asked: Option<&Rollback>,
        records: &Records<'_>,
        check: Option<Check<'_>>,
    ) -> Result<Planned, Rejected> {
        let stamp = Stamp {
            engine: "e1".into(),
            scope: "shop/dev".into(),
            version: "0.1.0".into(),
            deployed_at: "1970-01-01T00:00:00Z".into(),
            deployed_by: "d2".into(),
        };
        let (deployment, environment, outputs) = (head(request), environment(), BTreeMap::new());
        let touched = touched.iter().map(|address| address.parse().unwrap()).collect();
        let material = Material {
            deployment: &deployment,
            environment: &environment,
            snapshot: records.snapshot,
            earlier: records.earlier,
            recorded: records.recorded,
            stamp: &stamp,
            outputs: &outputs,
            asked,
            since: 5,
            touched: &touched,
        };
        match check {
            Some(check) => decide_with(&material, check),
            None => decide(&material),
        }
    }

    const ORDERS: (&str, &str, &str) = ("shared/Orders@1", "AWS::DynamoDB::Table", "d2");
    const TASKS: (&str, &str, &str) = ("shared/Tasks@1", "AWS::SQS::Queue", "d2");

    #[test]
    fn nobody_is_asked_when_a_deployment_undoes_itself_and_data_goes_only_where_there_is_none() {
        let planned = decided(None, &Recorded::default(), &record(1, &[ORDERS, TASKS])).unwrap();
        assert_eq!(planned.plan.since, 5, "what failed before is not what this plan failed at");
        let only_empty = |key: &str| match &planned.plan.change(&key.parse().unwrap()).unwrap().action {
            Action::Delete { only_empty, .. } => *only_empty,
            other => panic!("{other:?}"),
        };
        assert_eq!([only_empty(ORDERS.0), only_empty(TASKS.0)], [true, false]);
    }

    #[test]
    fn what_is_asked_for_loses_what_is_named_and_nothing_else() {
        let recorded = record(2, &[ORDERS]);
        let Err(Rejected::Refused(refusals)) = decided(Some(&to(0)), &Recorded::default(), &recorded) else {
            panic!("it is refused")
        };
        let [refusal] = &refusals[..] else { panic!("{refusals:?}") };
        assert_eq!(refusal.code, "rollback::consent");
        assert!(refusal.help.as_deref().unwrap().contains("--consent shared/Orders"), "{refusal:?}");
        let consenting = Rollback { consent: ["shared/Orders".parse().unwrap()].into(), ..to(0) };
        let planned = decided(Some(&consenting), &Recorded::default(), &recorded).unwrap();
        assert_eq!(planned.plan.changes.len(), 1);
    }

    #[test]
    fn a_part_that_failed_is_undone_without_what_is_beside_it_where_that_can_be() {
        let none = Recorded::default();
        let part = || Request::Deploy { only: model::Selection(["shared".to_owned()].into()) };
        let keys = |request, touched: &[&str], recorded: &Recorded| -> Vec<String> {
            let plan = undone(request, touched, None, &none, recorded).unwrap().plan;
            plan.changes.iter().map(|change| change.key.to_string()).collect()
        };
        let recorded = record(1, &[TASKS, ("desk/Events@1", "AWS::SNS::Topic", "d1")]);
        assert_eq!(keys(part(), &["shared/Tasks"], &recorded), ["shared/Tasks@1"]);
        assert_eq!(keys(Request::DEPLOY, &["shared/Tasks"], &recorded), ["desk/Events@1", "shared/Tasks@1"]);

        let mut used = recorded;
        let events = used.resources.get_mut(&"desk/Events@1".parse().unwrap()).unwrap();
        events.dependencies = ["shared/Tasks".parse().unwrap()].into();
        let all = keys(part(), &["shared/Tasks"], &used);
        assert_eq!(all, ["desk/Events@1", "shared/Tasks@1"], "what it made would be taken from what uses it");
    }

    #[test]
    fn where_the_check_refuses_the_way_back_of_a_part_everything_goes_back() {
        let part = || Request::Deploy { only: model::Selection(["shared".to_owned()].into()) };
        let recorded = record(1, &[TASKS, ("desk/Events@1", "AWS::SNS::Topic", "d1")]);
        let refuses = |fewer: usize| {
            let check = move |plan: &Plan| match plan.changes.len() < fewer {
                true => Err(StepError::Corrupt("no".into())),
                false => Ok(()),
            };
            undone_with(part(), &["shared/Tasks"], None, [&Recorded::default(), &recorded], Some(&check))
        };
        let keys = |planned: Planned| planned.plan.changes.iter().map(|one| one.key.to_string()).collect::<Vec<_>>();
        assert_eq!(keys(refuses(1).unwrap()), ["shared/Tasks@1"]);
        assert_eq!(keys(refuses(2).unwrap()), ["desk/Events@1", "shared/Tasks@1"]);
        assert!(matches!(refuses(3), Err(Rejected::Step(StepError::Corrupt(_)))), "nothing is left to try");
    }
    #[test]
    fn where_no_way_leads_back_it_is_told_why_the_narrowest_is_refused() {
        let part = || Request::Deploy { only: model::Selection(["shared".to_owned()].into()) };
        let mut recorded = record(1, &[TASKS, ("desk/Events@1", "AWS::SNS::Topic", "d1")]);
        let events = recorded.resources.get_mut(&"desk/Events@1".parse().unwrap()).unwrap();
        events.dependencies = ["shared/Tasks".parse().unwrap()].into();
        let breaks = |_: &Plan| Err(StepError::Corrupt("no".into()));
        let none = Recorded::default();
        let decided = undone_with(part(), &["shared/Tasks"], None, [&none, &recorded], Some(&breaks));
        let Err(Rejected::Refused(refusals)) = decided else { panic!("{decided:?}") };
        assert!(refusals.iter().any(|refusal| refusal.message.contains("desk/Events")), "{refusals:?}");

        let refused = |code: &str| Rejected::Refused(vec![refusal(code, String::new(), "")]);
        let broken = |what: &str| Rejected::Step(StepError::Corrupt(what.into()));
        let is_told = |narrower, wider| told(narrower, wider).to_string();
        assert_eq!(is_told(refused("a"), refused("b")), "1 refused: a");
        assert_eq!(is_told(broken("a"), refused("b")), "1 refused: b");
        assert_eq!(is_told(broken("a"), broken("b")), "b");
    }

    #[test]
    fn where_no_record_of_before_was_read_nothing_is_planned_that_would_need_one() {
        let part = || Request::Deploy { only: model::Selection(["shared".to_owned()].into()) };
        let recorded = record(1, &[TASKS, ("desk/Events@1", "AWS::SNS::Topic", "d1")]);
        let planned = |earlier| {
            let tried = std::cell::Cell::new(0);
            let breaks = |_: &Plan| {
                tried.set(tried.get() + 1);
                Err(StepError::Corrupt("no".into()))
            };
            let records = Records { snapshot: &Recorded::default(), earlier, recorded: &recorded };
            undone_from(part(), &["shared/Tasks"], None, &records, Some(&breaks)).unwrap_err();
            tried.get()
        };
        assert_eq!(planned(Some(&[])), 3);
        assert_eq!(planned(None), 2, "both leave what is half done");
    }
}
