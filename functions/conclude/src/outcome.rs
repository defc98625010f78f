//! What a deployment came to: one outcome, from how its last step ended, what its head says and what is known of it. Reads
//! and writes nothing.

use std::collections::BTreeSet;

use journal::ChangeStatus;
use model::{
    Action, Cause, Change, Deployment, Destroy, EnvironmentId, Event, Operation, Outcome, Plan, Refusal, Request,
    ResourceKey, Revision, Rollback, Scope, Target,
};

use crate::known::Known;
use crate::reap;

/// How the last step of a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Its plan is carried out.
    Done,
    /// There was nothing to carry out.
    Unchanged,
    /// There can be no plan.
    Refused(Vec<Refusal>),
    /// Somebody cancelled it.
    Cancelled {
        /// Who, where that is known.
        by: Option<String>,
    },
    /// Somebody said no to its plan.
    Denied,
    /// Nobody decided about its plan in time.
    Expired,
    /// It failed; for these reasons beside those that its journal tells of.
    Failed(Vec<Cause>),
}

/// The outcome of a deployment.
pub(crate) fn of(head: &Deployment, known: &Known, end: End) -> Outcome {
    match end {
        End::Done | End::Unchanged if !known.unreadable.is_empty() => failed(head, known, Vec::new()),
        End::Done => done(head, known),
        End::Unchanged => unchanged(head, known),
        // An earlier plan of it may have been begun.
        End::Refused(refusals) if !known.entries.is_empty() => {
            failed(head, known, refusals.into_iter().map(cause).collect())
        }
        End::Refused(refusals) => Outcome::Refused { refusals },
        End::Cancelled { by } => Outcome::Cancelled { by },
        End::Denied => {
            let decision = head.approval.as_ref().and_then(|approval| approval.decision.clone());
            let (by, why) = decision.map_or_else(Default::default, |decision| (decision.by, decision.why));
            Outcome::Denied { by, why }
        }
        End::Expired => Outcome::Expired,
        End::Failed(causes) => failed(head, known, causes),
    }
}

fn done(head: &Deployment, known: &Known) -> Outcome {
    match (&head.undo, &head.request) {
        (Some(undo), _) => Outcome::RolledBack { to: undo.to, causes: undo.causes.clone() },
        (None, Request::Rollback(Rollback { to: Target::Revision(to), .. })) => {
            Outcome::RolledBack { to: *to, causes: Vec::new() }
        }
        (None, Request::Rollback(Rollback { to: Target::Previous, .. })) => {
            let message = "the revision that it went back to was not written down".to_owned();
            let help = "finish the engine's upgrade, then ask for it again with its number".to_owned();
            failed(head, known, vec![Cause { change: None, message, help, blocked: Vec::new() }])
        }
        (None, Request::Destroy(destroy)) => destroyed(destroy, known),
        (None, Request::Deploy { .. } | Request::LetGo { .. } | Request::Reap) => Outcome::Deployed,
    }
}

fn unchanged(head: &Deployment, known: &Known) -> Outcome {
    match (&head.undo, &head.request) {
        (Some(undo), _) => Outcome::RolledBack { to: undo.to, causes: undo.causes.clone() },
        (None, Request::Destroy(destroy)) if !left(&destroy.scope, known).is_empty() => destroyed(destroy, known),
        _ => Outcome::Unchanged,
    }
}

/// Going back that fails is stuck; everything else stops where it is.
fn failed(head: &Deployment, known: &Known, more: Vec<Cause>) -> Outcome {
    let mut causes = known.causes();
    causes.extend(more);
    match (&head.undo, &head.request) {
        (Some(undo), _) => {
            let again = scopes(head, known).into_iter().map(|scope| {
                let again = Rollback { to: Target::Revision(undo.to), scope, consent: BTreeSet::new() };
                command(&head.environment, &again)
            });
            let next = again.collect::<Vec<_>>().join(" && ");
            Outcome::Stuck { causes, because: undo.causes.clone(), next }
        }
        (None, Request::Rollback(rollback)) => {
            Outcome::Stuck { causes, because: Vec::new(), next: command(&head.environment, rollback) }
        }
        (None, _) => Outcome::Stopped { causes },
    }
}

/// What is to go back once more. Of a part, only the agents and stacks that it named, where its way back is about nothing else.
fn scopes(head: &Deployment, known: &Known) -> Vec<Scope> {
    let only = head.request.only();
    let changes = known.plan.as_ref().map(|plan| plan.changes.as_slice()).unwrap_or_default();
    let covers = |scope: &Scope, change: &Change| scope.covers(&change.key.address, change.agent.as_deref());
    let is_needed = |scope: &Scope| changes.iter().any(|change| covers(scope, change));
    let of = |name: &String| [Scope::Agent(name.clone()), Scope::Stack(name.clone())].into_iter().find(&is_needed);
    let named: Vec<Scope> = only.0.iter().filter_map(of).collect();
    let is_all = named.is_empty() || !changes.iter().all(|change| named.iter().any(|scope| covers(scope, change)));
    if is_all { vec![Scope::All] } else { named }
}

/// What somebody types who wants it again.
fn command(environment: &EnvironmentId, rollback: &Rollback) -> String {
    let mut command = format!("cargo xtask admin rollback {environment} --to ");
    match rollback.to {
        Target::Previous => command.push_str("previous"),
        Target::Revision(Revision(number)) => command.push_str(&number.to_string()),
    }
    match &rollback.scope {
        Scope::All => {}
        Scope::Agent(name) => command.push_str(&format!(" --agent {name}")),
        Scope::Stack(name) => command.push_str(&format!(" --stack {name}")),
    }
    for resource in &rollback.consent {
        command.push_str(&format!(" --consent {resource}"));
    }
    command
}

fn destroyed(destroy: &Destroy, known: &Known) -> Outcome {
    let (deleted, retained) = gone(known);
    let left = left(&destroy.scope, known);
    if left.is_empty() { Outcome::Destroyed { deleted, retained } } else { Outcome::Draining { left, retained } }
}

/// What of a scope something that lingers still uses.
fn left(scope: &Scope, known: &Known) -> Vec<ResourceKey> {
    let Some(recorded) = &known.recorded else { return Vec::new() };
    let of_scope = |key: &ResourceKey| {
        let agent = recorded.resources.get(key).and_then(|resource| resource.agent.as_deref());
        scope.covers(&key.address, agent)
    };
    reap::deferred(recorded).into_iter().filter(of_scope).collect()
}

/// How many resources were deleted, and which were let go of, by every plan of the deployment: the last one does not speak of
/// what those before it did.
fn gone(known: &Known) -> (usize, Vec<ResourceKey>) {
    // One that does not fold is a cause already.
    let Ok(status) = journal::fold(&known.entries) else { return (0, Vec::new()) };
    let announced: BTreeSet<&ResourceKey> = known
        .entries
        .iter()
        .filter(|entry| matches!(entry.event, Event::Started { operation: Operation::Delete, .. }))
        .map(|entry| &entry.change)
        .collect();
    let is_forgotten = |key: &ResourceKey| match action(known.plan.as_ref(), key) {
        Some(action) => matches!(action, Action::Forget { .. }),
        // Letting go announces nothing.
        None => !announced.contains(key),
    };
    let ended = status.changes.into_iter().filter(|(_, status)| *status == ChangeStatus::Succeeded);
    let (retained, deleted): (Vec<_>, Vec<_>) = ended.map(|(key, _)| key).partition(is_forgotten);
    (deleted.len(), retained)
}

fn action<'a>(plan: Option<&'a Plan>, key: &ResourceKey) -> Option<&'a Action> {
    plan?.change(key).map(|change| &change.action)
}

pub(crate) fn cause(refusal: Refusal) -> Cause {
    let place = refusal.place().map_or_else(String::new, |place| format!(" at {place}"));
    let Refusal { code, message, help, .. } = refusal;
    let message = format!("{code}{place}: {message}");
    Cause { change: None, message, help: help.unwrap_or_default(), blocked: Vec::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends here")]

    use model::{Approval, Decision, Digest, Entry, ObjectRef, Origin, Recorded, Timestamp, Undo};
    use serde_json::{Value, json};

    use super::*;

    const LATER: &str = "2026-11-01T10:00:00Z";

    fn head(request: Request) -> Deployment {
        let id = EnvironmentId::new("shop", "dev").unwrap();
        Deployment::new("d1".into(), id, Origin::Engine, request, Timestamp::UNIX_EPOCH)
    }

    fn back(to: Target) -> Request {
        let consent = ["shared/Orders".parse().unwrap()].into();
        Request::Rollback(Rollback { to, scope: Scope::Agent("orders".into()), consent })
    }

    fn destroy(scope: Scope) -> Request {
        Request::Destroy(Destroy { scope, consent: BTreeSet::new() })
    }

    fn because() -> Cause {
        Cause { change: None, message: "it failed".into(), help: "look".into(), blocked: Vec::new() }
    }

    fn undone(to: u64) -> Deployment {
        let object = || ObjectRef { key: "k".into(), version: "v".into(), digest: Digest::of(b"") };
        let undo = Undo {
            to: Revision(to),
            causes: vec![because()],
            failed: object(),
            state: object(),
            at: Timestamp::UNIX_EPOCH,
        };
        Deployment { undo: Some(undo), ..head(Request::DEPLOY) }
    }

    /// A plan of these changes, which was made when the journal was so long.
    fn plan(changes: &[(&str, Value)], since: usize) -> Plan {
        let change = |(key, action): &(&str, Value)| {
            json!({
                "key": key, "type": "AWS::SQS::Queue", "action": action, "because": "removed", "needs": [],
                "stage": "retire", "dependencies": [], "agent": null, "retention": "delete",
            })
        };
        let changes: Vec<Value> = changes.iter().map(change).collect();
        let plan = json!({
            "version": 1, "deployment": "d1", "environment": { "project": "shop", "environment": "dev" },
            "account": "123456789012", "region": "eu-central-1", "parent": 0, "sequence": 0, "config": "0",
            "stamp": { "engine": "e", "scope": "shop/dev", "version": "0", "deployed_at": "", "deployed_by": "d1" },
            "changes": changes, "unchanged": 0, "irreversible": [], "outputs": {}, "since": since,
        });
        serde_json::from_value(plan).unwrap()
    }

    fn deletion() -> Value {
        json!({ "do": "delete", "from": {}, "physical_id": "q" })
    }

    fn entry(key: &str, epoch: u64, event: &Value) -> Entry {
        let mut entry = json!({ "at": LATER, "epoch": epoch, "change": key });
        entry.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
        serde_json::from_value(entry).unwrap()
    }

    fn started(key: &str) -> Entry {
        let started = json!({
            "event": "started", "operation": "delete", "token": "t", "attempt": 1, "request": "0", "physical_name": null,
        });
        entry(key, 1, &started)
    }

    fn succeeded(key: &str) -> Entry {
        entry(key, 1, &json!({ "event": "succeeded", "observed": null }))
    }

    fn failure(key: &str, code: &str) -> Entry {
        let error = model::CallError::local(model::ErrorClass::Denied, "DeleteQueue", code);
        entry(key, 1, &json!({ "event": "failed", "error": error }))
    }

    /// A record in which these deletions were put off.
    fn deferring(resources: &[(&str, &str)]) -> Recorded {
        let record = |(key, agent): &(&str, &str)| {
            let resource = json!({
                "type": "AWS::EC2::SecurityGroup", "physical_id": "sg-1", "presence": "leaving", "asked": {}, "sent": {},
                "deployment": "d1", "agent": agent, "reap": LATER,
            });
            (key.parse().unwrap(), serde_json::from_value(resource).unwrap())
        };
        Recorded { resources: resources.iter().map(record).collect(), ..Recorded::default() }
    }

    #[test]
    fn what_failed_and_is_undone_is_rolled_back_with_what_failed() {
        let expected = Outcome::RolledBack { to: Revision(3), causes: vec![because()] };
        assert_eq!(of(&undone(3), &Known::default(), End::Done), expected);
        assert_eq!(of(&undone(3), &Known::default(), End::Unchanged), expected, "there was nothing to undo");
        assert!(!expected.is_success(), "what was asked for is not there");
    }

    #[test]
    fn going_back_that_was_asked_for_succeeds_and_names_the_revision() {
        let head = head(back(Target::Revision(Revision(2))));
        let outcome = of(&head, &Known::default(), End::Done);
        assert_eq!(outcome, Outcome::RolledBack { to: Revision(2), causes: Vec::new() });
        assert!(outcome.is_success());
        assert_eq!(of(&head, &Known::default(), End::Unchanged), Outcome::Unchanged);
    }

    #[test]
    fn an_undo_that_fails_is_stuck_for_its_own_reasons_and_says_what_to_type() {
        // What failed first stands in the same journal, and is not what could not be undone.
        let known = Known {
            plan: Some(plan(&[("shared/Orders@1", deletion()), ("shared/Tasks@1", deletion())], 1)),
            entries: vec![failure("shared/Orders@1", "first"), failure("shared/Tasks@1", "then")],
            ..Known::default()
        };
        let Outcome::Stuck { causes, because: first, next } = of(&undone(0), &known, End::Failed(Vec::new())) else {
            panic!("it is stuck")
        };
        let keys: Vec<String> = causes.iter().map(|cause| cause.change.as_ref().unwrap().to_string()).collect();
        assert_eq!(keys, ["shared/Tasks@1"]);
        assert_eq!(first, [because()]);
        assert_eq!(next, "cargo xtask admin rollback shop/dev --to 0");
    }

    #[test]
    fn a_part_that_is_stuck_says_how_to_take_back_that_part_alone_where_it_was_about_nothing_else() {
        let next = |only: &[&str], changes: &[&str]| {
            let only = only.iter().map(|name| (*name).to_owned()).collect();
            let head = Deployment { request: Request::Deploy { only }, ..undone(3) };
            let changes: Vec<_> = changes.iter().map(|key| (*key, deletion())).collect();
            let mut plan = plan(&changes, 0);
            for change in &mut plan.changes {
                change.agent = (change.key.address.stack != "shared").then(|| change.key.address.stack.clone());
            }
            let known = Known { plan: Some(plan), ..Known::default() };
            let Outcome::Stuck { next, .. } = of(&head, &known, End::Failed(vec![because()])) else {
                panic!("it is stuck")
            };
            next
        };
        let all = "cargo xtask admin rollback shop/dev --to 3";
        assert_eq!(next(&["orders"], &["orders/Function@1", "orders/Role@1"]), format!("{all} --agent orders"));
        assert_eq!(next(&["shared"], &["shared/Tasks@1"]), format!("{all} --stack shared"));
        let both = next(&["orders", "billing", "shared"], &["billing/Function@1", "orders/Function@1"]);
        assert_eq!(both, format!("{all} --agent billing && {all} --agent orders"));
        assert_eq!(next(&["orders"], &["orders/Function@1", "shared/Tasks@1"]), all, "no name covers what came along");
        assert_eq!(next(&["orders"], &[]), all);
    }

    #[test]
    fn going_back_that_fails_is_stuck_and_the_command_asks_for_the_same() {
        let outcome = of(&head(back(Target::Previous)), &Known::default(), End::Failed(vec![because()]));
        let next =
            "cargo xtask admin rollback shop/dev --to previous --agent orders --consent shared/Orders".to_owned();
        assert_eq!(outcome, Outcome::Stuck { causes: vec![because()], because: Vec::new(), next });
    }

    #[test]
    fn what_is_not_undone_is_stopped() {
        for request in [Request::DEPLOY, destroy(Scope::All), Request::Reap] {
            let outcome = of(&head(request), &Known::default(), End::Failed(vec![because()]));
            assert_eq!(outcome, Outcome::Stopped { causes: vec![because()] });
        }
        let known = Known { unreadable: vec![because()], ..Known::default() };
        assert_eq!(of(&head(Request::DEPLOY), &known, End::Done), Outcome::Stopped { causes: vec![because()] });
    }

    #[test]
    fn a_refusal_after_something_was_done_does_not_say_that_nothing_was_touched() {
        let refusal = Refusal {
            code: "plan::in-use".into(),
            message: "no".into(),
            help: Some("look".into()),
            file: Some("strands.yaml".into()),
            line: Some(12),
            column: Some(5),
        };
        let refused = End::Refused(vec![refusal.clone()]);
        let untouched = of(&undone(3), &Known::default(), refused.clone());
        assert_eq!(untouched, Outcome::Refused { refusals: vec![refusal] });
        let known = Known { entries: vec![succeeded("shared/Tasks@1")], ..Known::default() };
        let Outcome::Stuck { causes, .. } = of(&undone(3), &known, refused) else { panic!("it is stuck") };
        let told: Vec<_> = causes.iter().map(|cause| (cause.message.as_str(), cause.help.as_str())).collect();
        assert_eq!(told, [("plan::in-use at strands.yaml:12:5: no", "look")]);
    }

    #[test]
    fn what_is_destroyed_is_counted_over_every_plan_and_what_stays_is_named() {
        let forget = json!({ "do": "forget", "physical_id": "q" });
        let known = Known {
            plan: Some(plan(&[("shared/Kept@1", forget), ("shared/Tasks@1", deletion())], 3)),
            entries: vec![
                // Of an earlier plan.
                started("shared/First@1"),
                succeeded("shared/First@1"),
                succeeded("shared/Let@1"),
                succeeded("shared/Kept@1"),
                succeeded("shared/Tasks@1"),
            ],
            recorded: Some(Recorded::default()),
            ..Known::default()
        };
        let retained: Vec<ResourceKey> = ["shared/Kept@1", "shared/Let@1"].map(|key| key.parse().unwrap()).into();
        let outcome = of(&head(destroy(Scope::All)), &known, End::Done);
        assert_eq!(outcome, Outcome::Destroyed { deleted: 2, retained });
    }

    #[test]
    fn what_is_put_off_is_draining_where_it_is_of_what_was_to_go() {
        let recorded = deferring(&[("orders/Group@1", "orders"), ("desk/Group@1", "desk")]);
        let known = Known { recorded: Some(recorded), ..Known::default() };
        let left: Vec<ResourceKey> = vec!["orders/Group@1".parse().unwrap()];
        let orders = head(destroy(Scope::Agent("orders".into())));
        let draining = Outcome::Draining { left, retained: Vec::new() };
        assert_eq!(of(&orders, &known, End::Done), draining);
        assert_eq!(of(&orders, &known, End::Unchanged), draining);
        let other = head(destroy(Scope::Agent("bot".into())));
        assert_eq!(of(&other, &known, End::Done), Outcome::Destroyed { deleted: 0, retained: Vec::new() });
        assert_eq!(of(&other, &known, End::Unchanged), Outcome::Unchanged);
    }

    #[test]
    fn who_said_no_and_why_is_told() {
        let object = ObjectRef { key: "k".into(), version: "v".into(), digest: Digest::of(b"") };
        let (by, why) = ("arn:aws:iam::123456789012:user/kim".to_owned(), Some("not on a Friday".to_owned()));
        let decision = Decision { approved: false, by: by.clone(), why: why.clone(), at: Timestamp::UNIX_EPOCH };
        let approval = Approval {
            plan: object,
            asked: Timestamp::UNIX_EPOCH,
            expires: Timestamp::UNIX_EPOCH,
            decision: Some(decision),
        };
        let head = Deployment { approval: Some(approval), ..head(Request::DEPLOY) };
        assert_eq!(of(&head, &Known::default(), End::Denied), Outcome::Denied { by, why });
        assert_eq!(of(&head, &Known::default(), End::Expired), Outcome::Expired);
    }
}
