//! Ways back, one case at a time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::Scope;

use super::*;

pub(super) fn to<'a>(snapshot: &'a Recorded, recorded: &'a Recorded, consent: Consent<'a>) -> Inverse<'a> {
    static FIXED: LazyLock<(Environment, DeploymentId, Digest, Stamp)> =
        LazyLock::new(|| (environment(false), "d2".into(), Digest::of(&[]), stamp()));
    static NONE: BTreeMap<String, Value> = BTreeMap::new();
    let (environment, deployment, config, stamp) = &*FIXED;
    Inverse {
        snapshot,
        earlier: &[],
        recorded,
        scope: &Scope::All,
        touched: None,
        leaves: false,
        environment,
        deployment,
        config,
        stamp,
        outputs: &NONE,
        consent,
    }
}

/// What is in use, by address: everything that was asked for, and a generated name only as such.
pub(super) fn in_use(record: &Recorded) -> BTreeMap<ResourceAddress, Value> {
    let environment = EnvironmentId::new("shop", "dev").unwrap();
    let mut found = BTreeMap::new();
    for (key, one) in record.resources.iter().filter(|(_, one)| one.presence != Presence::Leaving) {
        let mut asked = one.asked.clone();
        if let Some(naming) = schema::get(&one.kind).unwrap().naming {
            let name = asked.text(naming.property).unwrap().to_owned();
            let made = one.made_as.as_ref().map_or(&key.address, |made| &made.address);
            let is_generated = [made, &key.address]
                .into_iter()
                .any(|address| name::is_generated(&naming, &environment, address, &name));
            if is_generated {
                asked.set(naming.property, "generated");
            }
        }
        let resource = json!({
            "type": one.kind, "asked": asked, "dependencies": one.dependencies, "agent": one.agent,
            "retention": one.retention, "presence": one.presence,
        });
        found.insert(key.address.clone(), resource);
    }
    found
}

/// `now`, of which what is not as `before` is the work of the deployment `d1`.
pub(super) fn made_by_d1(before: &Recorded, mut now: Recorded) -> Recorded {
    for (key, resource) in &mut now.resources {
        if before.resources.get(key) != Some(resource) {
            resource.deployment = "d1".into();
        }
    }
    now
}

fn everything() -> BTreeSet<ResourceAddress> {
    ["a/F", "a/Q", "a/T", "shared/T"].map(address).into()
}

fn recorded(resources: &[(&str, DesiredResource)]) -> Recorded {
    after(resources, &Recorded::default())
}

/// What a deployment of these resources leaves of `before`, where it comes to its end.
fn after(resources: &[(&str, DesiredResource)], before: &Recorded) -> Recorded {
    made_by_d1(before, carried_out(&planned(&desired(resources), before, false).unwrap(), before))
}

/// The same, where it stops after all whose keys are not among `missing`.
fn stopped_before(missing: &[&str], resources: &[(&str, DesiredResource)], before: &Recorded) -> Recorded {
    let mut plan = planned(&desired(resources), before, false).unwrap();
    plan.changes.retain(|change| !missing.contains(&change.key.to_string().as_str()));
    made_by_d1(before, carried_out(&plan, before))
}

fn undone(before: &Recorded, now: &Recorded) -> Planned {
    let all = everything();
    let planned = crate::inverse(&to(before, now, Consent::Named(&all))).unwrap();
    check::check(&planned.plan, now).unwrap();
    planned
}

fn by_itself(before: &Recorded, now: &Recorded, protected: bool) -> Planned {
    let (made_by, environment) = ("d1".into(), environment(protected));
    let inverse = to(before, now, Consent::Automatic { made_by: &made_by });
    let planned = crate::inverse(&Inverse { environment: &environment, ..inverse }).unwrap();
    check::check(&planned.plan, now).unwrap();
    planned
}

fn queue(of: Value) -> DesiredResource {
    resource("AWS::SQS::Queue", of)
}

fn table(of: Value) -> DesiredResource {
    resource("AWS::DynamoDB::Table", of)
}

/// A function that is told of a queue.
fn user() -> DesiredResource {
    resource("AWS::Lambda::Function", json!({ "Environment": { "Queue": { "Ref": "a/Q" } } }))
}

#[test]
fn what_was_replaced_and_is_still_there_comes_back_into_use() {
    let before = recorded(&[("a/F", user()), ("a/Q", queue(json!({})))]);
    let fifo = [("a/F", user()), ("a/Q", queue(json!({ "FifoQueue": true })))];
    let old = before.resources[&"a/Q@1".parse().unwrap()].clone();
    // Nothing but the new queue was made; or everything was, and only the old one not deleted.
    for (missing, follows) in [(&["a/F@1", "a/Q@1"][..], &[][..]), (&["a/Q@1"], &["a/F@1"])] {
        let now = stopped_before(missing, &fifo, &before);
        let Planned { plan, report } = undone(&before, &now);
        assert_eq!(keys(&plan), [&["a/Q@1"], follows, &["a/Q@2"]].concat());
        assert!(matches!(&plan.changes[0].action, Action::Move { to } if to.to_string() == "a/Q@3"));
        assert!(matches!(plan.changes.last().unwrap().action, Action::Delete { .. }));
        assert_eq!(report.moved.len(), 1);

        let after = carried_out(&plan, &now);
        let (key, queue) = after.current(&address("a/Q")).unwrap();
        assert_eq!(
            (key.to_string().as_str(), &queue.asked, &queue.physical_id),
            ("a/Q@3", &old.asked, &old.physical_id)
        );
        let function = &after.resources[&"a/F@1".parse().unwrap()];
        assert_eq!(function.sent.0["Environment"]["Queue"], json!(old.physical_id), "it is told of the old one again");
        assert!(undone(&before, &after).plan.changes.is_empty());
    }
}

#[test]
fn what_comes_back_into_use_waits_for_nothing_and_what_uses_it_waits_for_it() {
    let before = recorded(&[("a/F", user()), ("a/Q", queue(json!({})))]);
    let fifo = [("a/F", user()), ("a/Q", queue(json!({ "FifoQueue": true })))];
    let Planned { plan, .. } = undone(&before, &stopped_before(&["a/Q@1"], &fifo, &before));
    let needs = |key: &str| {
        let change = plan.change(&key.parse().unwrap()).unwrap();
        change.needs.iter().map(|edge| edge.on.to_string()).collect::<Vec<_>>()
    };
    assert!(needs("a/Q@1").is_empty());
    assert_eq!(needs("a/F@1"), ["a/Q@1"]);
}

#[test]
fn what_was_replaced_and_is_gone_is_made_anew() {
    let before = recorded(&[("a/F", user()), ("a/Q", queue(json!({})))]);
    let now = after(&[("a/F", user()), ("a/Q", queue(json!({ "FifoQueue": true })))], &before);
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/Q@3", "a/F@1", "a/Q@2"]);
    assert!(matches!(plan.changes[0].action, Action::Replace { .. }));
    assert_eq!(in_use(&carried_out(&plan, &now)), in_use(&before));
}

fn deleting() -> model::Intent {
    let (operation, at) = (model::Operation::Delete, model::Timestamp::UNIX_EPOCH);
    model::Intent { operation, token: String::new(), attempt: 1, at }
}

#[test]
fn what_is_being_deleted_is_made_anew_beside_it() {
    let before = recorded(&[("a/Q", queue(json!({})))]);
    let mut now = before.clone();
    for queue in now.resources.values_mut() {
        (queue.presence, queue.intent) = (Presence::Leaving, Some(deleting()));
    }
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/Q@2", "a/Q@1"]);
}

#[test]
fn what_aws_would_not_delete_is_taken_up_again() {
    let before = recorded(&[("a/Q", queue(json!({})))]);
    let refused = RecordedResource { presence: Presence::Leaving, ..before.resources.values().next().unwrap().clone() };
    let mut now = after(&[("a/Q", queue(json!({ "FifoQueue": true })))], &before);
    now.resources.insert("a/Q@1".parse().unwrap(), refused.clone());
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/Q@1", "a/Q@3", "a/Q@2"]);
    assert!(matches!(plan.changes[0].action, Action::Move { .. }));
    assert!(matches!(&plan.changes[1].action, Action::Update { diff, .. } if diff.is_empty()), "it is looked at again");
    assert_eq!(in_use(&carried_out(&plan, &now)), in_use(&before));

    // The same at another address, to which the config had moved it.
    let made_as = Some("a/Q@1".parse().unwrap());
    let now = Recorded {
        resources: [("b/Q@1".parse().unwrap(), RecordedResource { made_as, ..refused })].into(),
        ..before.clone()
    };
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["b/Q@1", "a/Q@2"]);
    assert_eq!(in_use(&carried_out(&plan, &now)), in_use(&before));
}

#[test]
fn what_was_made_since_goes_and_what_has_gone_is_made_anew_under_another_name() {
    let before = recorded(&[("a/Q", queue(json!({}))), ("a/Fixed", queue(json!({ "QueueName": "jobs" })))]);
    let now = after(&[("a/New", queue(json!({})))], &before);
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/Fixed@1", "a/Q@1", "a/New@1"]);
    let name = |at: usize| plan.changes[at].action.to().unwrap().text("QueueName").unwrap();
    assert_eq!(name(0), "jobs", "a name that the user fixed stays");
    let old = before.resources[&"a/Q@1".parse().unwrap()].asked.text("QueueName").unwrap();
    assert!(name(1).starts_with("shop-dev-a-Q-") && name(1) != old, "the old name may be blocked for a while");
    assert_eq!((&plan.changes[2].because, plan.changes[2].stage), (&Reason::Removed, Stage::Retire));
}

#[test]
fn a_name_that_was_fixed_since_is_given_up_again() {
    let before = recorded(&[("a/Q", queue(json!({})))]);
    let now = after(&[("a/Q", queue(json!({ "QueueName": "jobs" })))], &before);
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/Q@3", "a/Q@2"]);
    assert!(plan.changes[0].action.to().unwrap().text("QueueName").unwrap().starts_with("shop-dev-a-Q-"));
    assert!(undone(&before, &carried_out(&plan, &now)).plan.changes.is_empty());

    // An API's name can be changed in place, and is the same API.
    let api = |of| resource("AWS::ApiGatewayV2::Api", of);
    let before = recorded(&[("a/Api", api(json!({ "ProtocolType": "HTTP" })))]);
    let now = after(&[("a/Api", api(json!({ "ProtocolType": "HTTP", "Name": "public" })))], &before);
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/Api@1"]);
    let old = &before.resources[&"a/Api@1".parse().unwrap()].asked;
    assert_eq!(plan.changes[0].action.to(), Some(old));
}

#[test]
fn what_changed_is_changed_back() {
    let with = |seconds: u32| [("a/Q", queue(json!({ "VisibilityTimeout": seconds })))];
    let before = recorded(&with(30));
    let mut now = after(&with(60), &before);
    for presence in [Presence::Present, Presence::Incomplete] {
        now.resources.values_mut().for_each(|queue| queue.presence = presence);
        let Planned { plan, .. } = undone(&before, &now);
        let Action::Update { to, diff } = &plan.changes[0].action else { panic!("{plan:?}") };
        assert_eq!((to.number("VisibilityTimeout"), diff[0].to.clone()), (Some(30), Some(json!(30))));
    }
}

#[test]
fn what_was_announced_and_never_seen_is_looked_for_and_deleted() {
    let before = recorded(&[]);
    let mut now = after(&[("a/Q", queue(json!({})))], &before);
    for queue in now.resources.values_mut() {
        (queue.presence, queue.physical_id) = (Presence::Announced, None);
    }
    let Planned { plan, .. } = undone(&before, &now);
    assert!(matches!(plan.changes[0].action, Action::Delete { physical_id: None, .. }), "{plan:?}");
}

#[test]
fn what_moved_since_moves_back() {
    let moved = Desired {
        moved: [(address("a/Q"), address("shared/Q"))].into(),
        ..desired(&[
            ("a/F", resource("AWS::Lambda::Function", json!({ "Environment": { "Queue": { "Ref": "shared/Q" } } }))),
            ("shared/Q", queue(json!({}))),
        ])
    };
    let before = recorded(&[("a/F", user()), ("a/Q", queue(json!({})))]);
    let now = carried_out(&planned(&moved, &before, false).unwrap(), &before);
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["shared/Q@1", "a/F@1"]);
    assert!(matches!(&plan.changes[0].action, Action::Move { to } if to.to_string() == "a/Q@2"));
    assert!(matches!(&plan.changes[1].action, Action::Update { diff, .. } if diff.is_empty()), "nothing to tell AWS");
    assert_eq!(in_use(&carried_out(&plan, &now)), in_use(&before));

    // Somebody made the old address anew meanwhile.
    let again = after(&[("a/Q", queue(json!({}))), ("shared/Q", queue(json!({})))], &now);
    let Planned { plan, .. } = undone(&before, &again);
    assert!(
        matches!(&plan.change(&"shared/Q@1".parse().unwrap()).unwrap().action, Action::Move { to } if to.to_string() == "a/Q@3")
    );
    assert!(matches!(plan.change(&"a/Q@2".parse().unwrap()).unwrap().action, Action::Delete { .. }));
    assert_eq!(in_use(&carried_out(&plan, &again)), in_use(&before));
}

#[test]
fn what_two_resources_swapped_is_swapped_back() {
    let with = |one: u32, other: u32| {
        [("a/P", queue(json!({ "VisibilityTimeout": one }))), ("a/Q", queue(json!({ "VisibilityTimeout": other })))]
    };
    let before = recorded(&with(1, 2));
    let mut now = Recorded { revision: Revision(2), ..Recorded::default() };
    for (key, to) in [("a/P@1", "a/Q@2"), ("a/Q@1", "a/P@2")] {
        let key: ResourceKey = key.parse().unwrap();
        let there = RecordedResource { made_as: Some(key.clone()), ..before.resources[&key].clone() };
        now.resources.insert(to.parse().unwrap(), there);
    }
    let Planned { plan, .. } = undone(&before, &now);
    assert!(plan.changes.iter().all(|change| matches!(change.action, Action::Move { .. })), "{plan:?}");
    assert_eq!(in_use(&carried_out(&plan, &now)), in_use(&before));
}

#[test]
fn what_was_let_go_is_taken_up_again_where_its_name_tells_it() {
    let kept = |of| DesiredResource { retention: Retention::Retain, ..table(of) };
    let before = recorded(&[("a/T", kept(json!({}))), ("shared/T", kept(json!({ "TableName": "orders" })))]);
    let now = after(&[], &before);
    assert!(now.resources.is_empty());
    let Planned { plan, report } = crate::inverse(&to(&before, &now, Consent::Named(&BTreeSet::new()))).unwrap();
    check::check(&plan, &now).unwrap();
    for (key, was) in &before.resources {
        let change = plan.change(key).unwrap();
        assert!(matches!(&change.action, Action::Create { to } if *to == was.asked), "under its own name and tags");
    }
    assert!(report.lost.is_empty(), "nothing is lost, and nobody has to consent");

    // The names of two APIs may be the same, so that a new one would be made with the tags of the old one.
    let api = DesiredResource {
        retention: Retention::Retain,
        ..resource("AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }))
    };
    let before = recorded(&[("a/Api", api)]);
    let plan = undone(&before, &after(&[], &before)).plan;
    let (old, new) = (before.resources.values().next().unwrap(), plan.changes[0].action.to().unwrap());
    assert_ne!(new.text("Name"), old.asked.text("Name"));
}

#[test]
fn what_was_let_go_and_cannot_be_told_is_made_anew_and_said_to_be() {
    let kept = |of| DesiredResource { retention: Retention::Retain, ..table(of) };
    let before = recorded(&[("a/T", kept(json!({})))]);
    let now = after(&[("a/T", kept(json!({ "KeySchema": "other" })))], &before);
    let PlanError(problems) = crate::inverse(&to(&before, &now, Consent::Named(&BTreeSet::new()))).unwrap_err();
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    let id = before.resources.values().next().unwrap().physical_id.clone().unwrap();
    assert!(problem.to_string().contains(&format!("stays in the account as `{id}`")), "{problem}");
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/T@3", "a/T@2"]);
    assert!(matches!(plan.changes[1].action, Action::Forget { .. }));
}

#[test]
fn losing_what_a_resource_holds_needs_a_word_by_name() {
    let before = recorded(&[("a/Gone", table(json!({})))]);
    let now = after(&[("a/New", table(json!({}))), ("a/Q", queue(json!({})))], &before);
    let asked = |consent: &[&str], protected| {
        let consent = consent.iter().map(|at| address(at)).collect();
        let environment = environment(protected);
        crate::inverse(&Inverse { environment: &environment, ..to(&before, &now, Consent::Named(&consent)) })
    };
    for protected in [false, true] {
        let PlanError(problems) = asked(&[], protected).unwrap_err();
        let told: Vec<_> = problems.iter().map(|one| format!("{}: {one}; {}", one.code(), one.help())).collect();
        assert_eq!(
            told,
            [
                "rollback::consent: going back loses what `a/Gone` (AWS::DynamoDB::Table) held when it was deleted, which does \
                 not come back; add `--consent a/Gone`, or `\"consent\": [\"a/Gone\"]` to the request, if that may be lost",
                "rollback::consent: going back loses everything that `a/New` (AWS::DynamoDB::Table) holds; add `--consent \
                 a/New`, or `\"consent\": [\"a/New\"]` to the request, if that may be lost",
            ]
        );
        assert_eq!(asked(&["a/New"], protected).unwrap_err().0.len(), 1);
        let Planned { plan, report } = asked(&["a/New", "a/Gone"], protected).unwrap();
        check::check(&plan, &now).unwrap();
        assert_eq!((plan.irreversible.len(), &report.lost), (2, &plan.irreversible));
        let gone = plan.change(&"a/New@1".parse().unwrap()).unwrap();
        assert!(matches!(gone.action, Action::Delete { only_empty: false, .. }));
    }
}

#[test]
fn a_way_back_by_itself_deletes_what_its_deployment_made_only_if_it_holds_nothing() {
    let before = recorded(&[("a/Q", queue(json!({})))]);
    let now = after(&[("a/Q", queue(json!({}))), ("a/T", table(json!({})))], &before);
    let Planned { plan, report } = by_itself(&before, &now, false);
    assert_eq!(keys(&plan), ["a/T@1"]);
    assert!(matches!(plan.changes[0].action, Action::Delete { only_empty: true, .. }));
    assert_eq!(report.lost[0].what, "`a/T` (AWS::DynamoDB::Table) itself, if it holds nothing");

    let Planned { plan, report } = by_itself(&before, &now, true);
    assert!(plan.changes.is_empty(), "protected");
    assert_eq!(report.left, ["a/T@1".parse().unwrap()]);
}

#[test]
fn a_way_back_by_itself_keeps_nothing_that_its_deployment_made() {
    let kept = |one: DesiredResource| DesiredResource { retention: Retention::Retain, ..one };
    let before = recorded(&[("a/P", kept(queue(json!({}))))]);
    let stack = [
        ("a/P", queue(json!({}))),
        ("a/Q", kept(queue(json!({ "Of": { "Ref": "a/T" } })))),
        ("a/T", kept(table(json!({})))),
    ];
    let mut now = after(&stack, &before);
    let Planned { plan, report } = by_itself(&before, &now, false);
    assert_eq!(keys(&plan), ["a/P@1", "a/Q@1", "a/T@1"], "what stands on it goes first");
    assert!(matches!(plan.changes[1].action, Action::Delete { only_empty: false, .. }));
    assert!(matches!(plan.changes[2].action, Action::Delete { only_empty: true, .. }));
    assert!(report.retained.is_empty());
    let Planned { plan, report } = by_itself(&before, &now, true);
    assert_eq!(
        (keys(&plan), report.left),
        (vec!["a/P@1".to_owned(), "a/Q@1".to_owned()], vec!["a/T@1".parse().unwrap()])
    );

    // What an earlier deployment made stays as it is recorded: the next one would make another. Asked for, it is let go.
    now.resources.values_mut().for_each(|one| one.deployment = "d0".into());
    let forgets = |plan: &Plan| plan.changes.iter().filter(|one| matches!(one.action, Action::Forget { .. })).count();
    let Planned { plan, report } = by_itself(&before, &now, false);
    assert_eq!((keys(&plan), forgets(&plan)), (vec!["a/P@1".to_owned()], 0));
    assert_eq!(report.left, ["a/Q@1".parse().unwrap(), "a/T@1".parse().unwrap()]);
    assert_eq!(forgets(&undone(&before, &after(&stack, &before)).plan), 2);
}

#[test]
fn what_was_let_go_and_is_not_found_by_its_name_is_another_incarnation_when_it_is_made_again() {
    let kept = DesiredResource {
        retention: Retention::Retain,
        ..resource("AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }))
    };
    let before = recorded(&[("a/Api", kept)]);
    let Planned { plan, .. } = undone(&before, &after(&[], &before));
    assert_eq!(keys(&plan), ["a/Api@2"], "the first one is in the account, and its tags say `a/Api@1`");
}

#[test]
fn a_way_back_by_itself_leaves_what_held_data_before() {
    // The table is there since an earlier deployment, which the snapshot does not show: it ended badly.
    let before = recorded(&[]);
    let earlier = {
        let mut earlier = recorded(&[("a/K", queue(json!({}))), ("a/T", table(json!({ "Key": { "Ref": "a/K" } })))]);
        earlier.resources.values_mut().for_each(|one| one.deployment = "d0".into());
        earlier
    };
    let Planned { plan, report } = by_itself(&before, &earlier, false);
    assert!(plan.changes.is_empty(), "what it stands on stays as well: {plan:?}");
    assert_eq!(report.left, ["a/K@1".parse().unwrap(), "a/T@1".parse().unwrap()]);

    // Replaced and being deleted: what was there before is not deleted any further.
    let before = recorded(&[("a/T", table(json!({})))]);
    let mut now = after(&[("a/T", table(json!({ "KeySchema": "other" })))], &before);
    let old = before.resources.values().next().unwrap().clone();
    let old = RecordedResource { presence: Presence::Leaving, intent: Some(deleting()), ..old };
    now.resources.insert("a/T@1".parse().unwrap(), old);
    let Planned { plan, report } = by_itself(&before, &now, false);
    assert_eq!(report.left, ["a/T@1".parse().unwrap()]);
    assert_eq!(keys(&plan), ["a/T@3", "a/T@2"]);
    let newer = plan.change(&"a/T@2".parse().unwrap()).unwrap();
    assert!(matches!(newer.action, Action::Delete { only_empty: true, .. }), "{newer:?}");
}

#[test]
fn a_name_is_not_freed_by_deleting_what_may_not_be_lost() {
    let fixed = |key: &str| [("a/T", table(json!({ "TableName": "orders", "KeySchema": key })))];
    let before = recorded(&fixed("a"));
    let now = after(&fixed("b"), &before);
    let (made_by, environment) = ("d1".into(), environment(true));
    let inverse = to(&before, &now, Consent::Automatic { made_by: &made_by });
    let PlanError(problems) = crate::inverse(&Inverse { environment: &environment, ..inverse }).unwrap_err();
    assert_eq!(problems.iter().map(Problem::code).collect::<Vec<_>>(), ["rollback::name-needed"]);
    let Planned { plan, .. } = undone(&before, &now);
    assert_eq!(keys(&plan), ["a/T@2", "a/T@3"], "with consent, it goes first");
}

#[test]
fn a_way_back_of_one_agent_leaves_the_others_as_they_are() {
    let of = |agent: &str, seconds: u32| DesiredResource {
        agent: Some(agent.into()),
        ..queue(json!({ "VisibilityTimeout": seconds }))
    };
    let before = recorded(&[("a/Q", of("a", 1)), ("b/Q", of("b", 1))]);
    let mut now =
        after(&[("a/Q", of("a", 2)), ("a/New", of("a", 2)), ("b/Q", of("b", 2)), ("b/New", of("b", 2))], &before);
    now.resources.get_mut(&"b/New@1".parse().unwrap()).unwrap().presence = Presence::Incomplete;
    let (scope, all) = (Scope::Agent("a".into()), everything());
    let Planned { plan, .. } =
        crate::inverse(&Inverse { scope: &scope, ..to(&before, &now, Consent::Named(&all)) }).unwrap();
    check::check(&plan, &now).unwrap();
    assert_eq!(keys(&plan), ["a/Q@1", "a/New@1"]);
}

#[test]
fn what_others_stand_on_does_not_go_back_without_them() {
    let user = |of: &str| resource("AWS::Lambda::Function", json!({ "Environment": { "Queue": { "Ref": of } } }));
    let before = recorded(&[("a/Q", queue(json!({}))), ("b/F", user("a/Q"))]);
    let (scope, all) = (Scope::Stack("a".into()), everything());
    let codes = |before: &Recorded, now: &Recorded| {
        let inverse = Inverse { scope: &scope, ..to(before, now, Consent::Named(&all)) };
        let PlanError(problems) = crate::inverse(&inverse).unwrap_err();
        problems.iter().map(|one| format!("{}: {one}", one.code())).collect::<Vec<_>>()
    };
    let used =
        ["rollback::in-use: `b/F` stays as it is and uses `a/Q`, which would not be there any more, or not the same"];
    let fifo = [("a/Q", queue(json!({ "FifoQueue": true }))), ("b/F", user("a/Q"))];
    assert_eq!(codes(&before, &after(&fifo, &before)), used, "made anew");
    assert_eq!(codes(&before, &stopped_before(&["a/Q@1"], &fifo, &before)), used, "back in use");
    assert_eq!(codes(&recorded(&[]), &before), used, "deleted");

    let before = recorded(&[("a/F", user("b/Q")), ("b/Q", queue(json!({})))]);
    let gone = "rollback::missing: `a/F` referred to `b/Q`, which is not there any more and does not go back with it";
    assert_eq!(codes(&before, &after(&[], &before)), [gone]);
}

#[test]
fn what_referred_to_something_that_was_let_go_keeps_its_value() {
    let mut before = recorded(&[("a/F", user()), ("a/Q", queue(json!({})))]);
    let queue = before.resources.remove(&"a/Q@1".parse().unwrap()).unwrap();
    let mut changed = before.clone();
    changed.resources.get_mut(&"a/F@1".parse().unwrap()).unwrap().asked.set("MemorySize", 512);
    for now in [&changed, &Recorded::default()] {
        let Planned { plan, .. } = undone(&before, now);
        let [change] = &plan.changes[..] else { panic!("{plan:?}") };
        let to = change.action.to().unwrap();
        assert_eq!(to.0["Environment"]["Queue"], json!(queue.physical_id), "{change:?}");
        assert_eq!(to.number("MemorySize"), None);
        assert!(undone(&before, &carried_out(&plan, now)).plan.changes.is_empty());
    }
}

#[test]
fn a_way_back_to_nothing_deletes_everything_and_records_the_outputs_that_it_is_given() {
    let now = recorded(&api());
    let all = everything();
    let outputs = BTreeMap::from([("Url".to_owned(), json!("https://example.com"))]);
    let nothing = Recorded::default();
    let inverse = to(&nothing, &now, Consent::Named(&all));
    let Planned { plan, .. } = crate::inverse(&Inverse { outputs: &outputs, ..inverse }).unwrap();
    check::check(&plan, &now).unwrap();
    assert_eq!(keys(&plan), ["a/Route@1", "a/Integration@1", "a/Function@1", "shared/Api@1"]);
    assert_eq!((&plan.outputs, &plan.parent, plan.sequence), (&outputs, &now.revision, now.sequence));
}

#[test]
fn incarnations_that_seem_to_stand_on_each_other_make_room_for_a_name_one_after_the_other() {
    let role = resource("AWS::IAM::Role", json!({ "RoleName": "fixed", "Path": "/" }));
    let on_it = queue(json!({ "FifoQueue": { "Fn::GetAtt": ["a/A", "Arn"] } }));
    let before = recorded(&[("a/A", role.clone()), ("b/D", on_it)]);
    // Others took the place of both, of which the first stands on the second; one of the old ones is still there.
    let mut now = before.clone();
    let old = now.resources.remove(&"a/A@1".parse().unwrap()).unwrap();
    let newer = |path: &str, name: &str, on: &[&str]| RecordedResource {
        asked: properties(json!({ "RoleName": name, "Path": path })),
        physical_id: Some(name.into()),
        attributes: [("Arn".to_owned(), json!(format!("arn:{path}")))].into(),
        dependencies: on.iter().map(|on| address(on)).collect(),
        ..old.clone()
    };
    now.resources.insert("a/A@2".parse().unwrap(), newer("/other/", "fixed", &["b/D"]));
    now.resources.insert("b/D@2".parse().unwrap(), newer("/", "another", &[]));
    let Planned { plan, .. } = undone(&before, &now);
    let after = carried_out(&plan, &now);
    assert_eq!(in_use(&after), in_use(&before));
    assert_eq!(after.resources.len(), 2, "{:?}", keys(&plan));
}
