use std::collections::BTreeSet;

use model::{
    Action, DesiredResource, EnvironmentId, Generation, Order, PhysicalId, Presence, Properties, Reach, Reason,
    RecordedResource, ResourceAddress, Retention, Revision, Stage, properties,
};
use serde_json::{Value, json};

use super::*;

mod affected;
mod alike;
mod back;
mod back_random;
mod functions;
mod gone;
mod half;
mod ignored;
mod leaving;
mod many;
mod moves;
mod part;
mod part_random;
mod random;
mod shift;

fn address(text: &str) -> ResourceAddress {
    text.parse().unwrap()
}

fn resource(kind: &str, of: Value) -> DesiredResource {
    DesiredResource {
        kind: kind.into(),
        properties: properties(of),
        depends_on: BTreeSet::new(),
        agent: None,
        retention: Retention::Delete,
        ignore_changes: BTreeSet::new(),
        shift: None,
    }
}

fn desired(resources: &[(&str, DesiredResource)]) -> Desired {
    Desired {
        environment: EnvironmentId::new("shop", "dev").unwrap(),
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        resources: resources.iter().map(|(at, resource)| (address(at), resource.clone())).collect(),
        outputs: Default::default(),
        moved: Default::default(),
        gates: Vec::new(),
    }
}

fn environment(protected: bool) -> Environment {
    Environment {
        protected,
        ..Environment::new(EnvironmentId::new("shop", "dev").unwrap(), "123456789012", "eu-central-1")
    }
}

fn stamp() -> Stamp {
    Stamp {
        engine: "e1".into(),
        scope: "shop/dev".into(),
        version: "0.1.0".into(),
        deployed_at: "2026-11-01T00:00:00Z".into(),
        deployed_by: "d1".into(),
    }
}

fn planned(desired: &Desired, recorded: &Recorded, protected: bool) -> Result<Plan, PlanError> {
    reported(desired, recorded, protected).map(|planned| planned.plan)
}

fn reported(desired: &Desired, recorded: &Recorded, protected: bool) -> Result<Planned, PlanError> {
    selected(desired, recorded, &Selection::ALL, protected)
}

fn selected(desired: &Desired, recorded: &Recorded, only: &Selection, protected: bool) -> Result<Planned, PlanError> {
    plan(&Inputs {
        desired,
        recorded,
        environment: &environment(protected),
        deployment: &"d1".into(),
        config: &Digest::of(b"config"),
        stamp: &stamp(),
        only,
    })
}

fn reaping(recorded: &Recorded) -> Reaping<'_> {
    static FIXED: std::sync::LazyLock<(Environment, DeploymentId, Digest, Stamp)> =
        std::sync::LazyLock::new(|| (environment(false), "d1".into(), Digest::of(b"config"), stamp()));
    let (environment, deployment, config, stamp) = &*FIXED;
    Reaping { recorded, environment, deployment, config, stamp }
}

/// What AWS might call it: by its name, where it has one.
fn named(change: &Change, to: &Properties) -> String {
    let naming = schema::get(&change.kind).and_then(|schema| schema.naming);
    let name = naming.and_then(|naming| to.text(naming.property));
    name.map_or(change.key.to_string(), |name| format!("{}:{name}", change.key))
}

/// The record that carrying out `plan` to the end leaves.
fn carried_out(plan: &Plan, before: &Recorded) -> Recorded {
    let mut after = before.clone();
    after.revision = plan.parent.next();
    for change in &plan.changes {
        if let Action::Move { to } = &change.action {
            let mut moved = after.resources.remove(&change.key).unwrap();
            moved.made_as.get_or_insert_with(|| change.key.clone());
            moved.agent.clone_from(&change.agent);
            if moved.presence == Presence::Leaving && to.address == change.key.address {
                moved.presence = Presence::Incomplete;
            }
            after.resources.insert(to.clone(), moved);
            continue;
        }
        let Some(to) = change.action.to() else {
            after.resources.remove(&change.key);
            continue;
        };
        let sent = model::expression::resolve(to, &|reference| after.value_of(reference)).unwrap();
        let (known, made_as) = match after.resources.get(&change.key) {
            Some(before) => (before.physical_id.clone(), before.made_as.clone()),
            None => (None, None),
        };
        let physical_id = known.unwrap_or_else(|| PhysicalId(named(change, to)));
        let arn = json!(format!("arn:{physical_id}"));
        after.resources.insert(
            change.key.clone(),
            RecordedResource {
                kind: change.kind.clone(),
                physical_id: Some(physical_id),
                presence: Presence::Present,
                asked: to.clone(),
                sent,
                baseline: Properties::new(),
                attributes: [("Arn".to_owned(), arn)].into(),
                dependencies: change.dependencies.clone(),
                agent: change.agent.clone(),
                retention: change.retention,
                deployment: "d0".into(),
                intent: None,
                made_as,
                reap: None,
                earlier: Vec::new(),
            },
        );
    }
    after
}

fn api() -> Vec<(&'static str, DesiredResource)> {
    vec![
        ("shared/Api", resource("AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }))),
        (
            "a/Integration",
            resource(
                "AWS::ApiGatewayV2::Integration",
                json!({
                "ApiId": { "Ref": "shared/Api" }, "IntegrationUri": { "Fn::GetAtt": ["a/Function", "Arn"] } }),
            ),
        ),
        (
            "a/Route",
            resource(
                "AWS::ApiGatewayV2::Route",
                json!({
                "ApiId": { "Ref": "shared/Api" },
                "Target": { "Fn::Join": ["", ["integrations/", { "Ref": "a/Integration" }]] } }),
            ),
        ),
        ("a/Function", resource("AWS::Lambda::Function", json!({ "MemorySize": 128 }))),
    ]
}

fn keys(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(|change| change.key.to_string()).collect()
}

#[test]
fn everything_new_is_created_after_what_it_needs() {
    let plan = planned(&desired(&api()), &Recorded::default(), false).unwrap();
    assert_eq!(keys(&plan), ["a/Function@1", "shared/Api@1", "a/Integration@1", "a/Route@1"]);
    assert!(plan.changes.iter().all(|change| change.because == Reason::New && change.stage == Stage::Build));
    let integration = plan.change(&"a/Integration@1".parse().unwrap()).unwrap();
    let needs: Vec<_> = integration.needs.iter().map(|edge| (edge.on.to_string(), edge.until)).collect();
    assert_eq!(needs, [("a/Function@1".into(), Reach::Identified), ("shared/Api@1".into(), Reach::Ready)]);
}

#[test]
fn what_is_as_asked_for_is_left_alone() {
    let desired = desired(&api());
    let first = planned(&desired, &Recorded::default(), false).unwrap();
    let again = planned(&desired, &carried_out(&first, &Recorded::default()), false).unwrap();
    assert!(again.changes.is_empty(), "{:?}", keys(&again));
    assert_eq!(again.unchanged, 4);
    assert_eq!(again.parent, Revision(1));
}

#[test]
fn replacing_an_api_replaces_what_cannot_move_and_deletes_the_old_ones_last() {
    let first = planned(&desired(&api()), &Recorded::default(), false).unwrap();
    let recorded = carried_out(&first, &Recorded::default());
    let mut changed = api();
    changed[0].1 = resource("AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "WEBSOCKET" }));
    let plan = planned(&desired(&changed), &recorded, false).unwrap();
    assert_eq!(
        keys(&plan),
        ["shared/Api@2", "a/Integration@2", "a/Route@2", "a/Route@1", "a/Integration@1", "shared/Api@1"]
    );
    let integration = plan.change(&"a/Integration@2".parse().unwrap()).unwrap();
    assert_eq!(integration.because, Reason::Replaces(address("shared/Api")));
    let Action::Replace { order, forced_by, .. } = &integration.action else { panic!("{integration:?}") };
    assert_eq!((*order, forced_by.as_slice()[0].path.0.as_str()), (Order::CreateFirst, "ApiId"));
    assert!(plan.changes[3..].iter().all(|change| change.stage == Stage::Retire && change.because == Reason::Deposed));
}

#[test]
fn what_becomes_of_another_type_is_replaced_and_says_which_types() {
    let queue = desired(&[("a/Target", resource("AWS::SQS::Queue", json!({})))]);
    let recorded = carried_out(&planned(&queue, &Recorded::default(), false).unwrap(), &Recorded::default());
    let topic = desired(&[("a/Target", resource("AWS::SNS::Topic", json!({})))]);
    let plan = planned(&topic, &recorded, false).unwrap();
    let Action::Replace { forced_by, .. } = &plan.changes[0].action else { panic!("{plan:?}") };
    let [differs] = forced_by.as_slice() else { panic!("{forced_by:?}") };
    assert_eq!(differs.path.0, "Type");
    assert_eq!((&differs.from, &differs.to), (&Some(json!("AWS::SQS::Queue")), &Some(json!("AWS::SNS::Topic"))));
}

#[test]
fn what_hangs_on_a_deposed_incarnation_moves_to_the_one_in_use() {
    let before = carried_out(&planned(&desired(&api()), &Recorded::default(), false).unwrap(), &Recorded::default());
    let mut other = api();
    other[0].1.properties.set("ProtocolType", "WEBSOCKET");
    // The deployment made the new API, and stopped before anything else.
    let mut stopped = planned(&desired(&other), &before, false).unwrap();
    stopped.changes.retain(|change| change.key.to_string() == "shared/Api@2");
    let between = carried_out(&stopped, &before);
    let plan = planned(&desired(&other), &between, false).unwrap();
    let keys = keys(&plan);
    for key in ["a/Integration@2", "a/Route@2", "shared/Api@1"] {
        assert!(keys.contains(&key.to_string()), "{keys:?}");
    }
    let after = carried_out(&plan, &between);
    assert!(planned(&desired(&other), &after, false).unwrap().changes.is_empty());
}

#[test]
fn a_name_that_the_user_fixed_is_freed_before_it_is_used_again() {
    let role =
        |path: &str| desired(&[("a/Role", resource("AWS::IAM::Role", json!({ "RoleName": "r", "Path": path })))]);
    let first = planned(&role("/a/"), &Recorded::default(), false).unwrap();
    let plan = planned(&role("/b/"), &carried_out(&first, &Recorded::default()), false).unwrap();
    assert_eq!(keys(&plan), ["a/Role@1", "a/Role@2"]);
    assert!(matches!(plan.changes[1].action, Action::Replace { order: Order::DeleteFirst, .. }));
    assert_eq!(plan.changes[1].needs[0].on.to_string(), "a/Role@1");
    assert!(plan.changes.iter().all(|change| change.stage == Stage::Build));
}

#[test]
fn data_is_retained_unless_the_config_says_otherwise() {
    let table = |retention| DesiredResource { retention, ..resource("AWS::DynamoDB::Table", json!({})) };
    for (retention, deletes) in [(Retention::Retain, false), (Retention::Delete, true)] {
        let first = planned(&desired(&[("shared/T", table(retention))]), &Recorded::default(), false).unwrap();
        let recorded = carried_out(&first, &Recorded::default());
        let plan = planned(&desired(&[]), &recorded, false).unwrap();
        assert_eq!(matches!(plan.changes[0].action, Action::Delete { .. }), deletes);
        assert_eq!(plan.irreversible.len(), usize::from(deletes));
        assert_eq!(planned(&desired(&[]), &recorded, true).is_err(), deletes, "protected");
    }
}

#[test]
fn the_last_word_on_what_becomes_of_data_counts() {
    let table = |key: &str, retention| {
        let table = resource("AWS::DynamoDB::Table", json!({ "KeySchema": key }));
        desired(&[("shared/T", DesiredResource { retention, ..table })])
    };
    let first = planned(&table("a", Retention::Delete), &Recorded::default(), false).unwrap();
    let recorded = carried_out(&first, &Recorded::default());

    let changed = planned(&table("a", Retention::Retain), &recorded, false).unwrap();
    assert!(matches!(&changed.changes[0].action, Action::Update { diff, .. } if diff.is_empty()));
    let kept = carried_out(&changed, &recorded);
    let removed = planned(&desired(&[]), &kept, false).unwrap();
    assert!(matches!(removed.changes[0].action, Action::Forget { .. }));

    let replaced = planned(&table("b", Retention::Retain), &recorded, false).unwrap();
    assert!(matches!(replaced.changes[1].action, Action::Forget { .. }), "{:?}", replaced.changes);
}

#[test]
fn an_unfinished_resource_is_finished_under_its_own_name() {
    let wanted = desired(&api());
    let mut recorded = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
    let announced: ResourceKey = "a/Function@1".parse().unwrap();
    let incomplete: ResourceKey = "shared/Api@1".parse().unwrap();
    let function = recorded.resources.get_mut(&announced).unwrap();
    (function.presence, function.physical_id) = (Presence::Announced, None);
    recorded.resources.get_mut(&incomplete).unwrap().presence = Presence::Incomplete;
    let plan = planned(&wanted, &recorded, false).unwrap();
    let function = plan.change(&announced).unwrap();
    assert!(matches!(&function.action, Action::Create { .. }) && function.because == Reason::Incomplete);
    let api = plan.change(&incomplete).unwrap();
    assert!(matches!(&api.action, Action::Update { diff, .. } if diff.is_empty()) && api.because == Reason::Incomplete);
}

#[test]
fn what_is_being_deleted_is_made_anew_and_what_aws_would_not_delete_is_taken_up_again() {
    let wanted = desired(&[("a/Q", resource("AWS::SQS::Queue", json!({})))]);
    let mut recorded = carried_out(&planned(&wanted, &Recorded::default(), false).unwrap(), &Recorded::default());
    let (operation, at) = (model::Operation::Delete, model::Timestamp::UNIX_EPOCH);
    let deleting = model::Intent { operation, token: String::new(), attempt: 1, at };
    for queue in recorded.resources.values_mut() {
        (queue.presence, queue.intent) = (Presence::Leaving, Some(deleting.clone()));
    }
    let plan = planned(&wanted, &recorded, false).unwrap();
    assert_eq!(keys(&plan), ["a/Q@2", "a/Q@1"]);
    assert_eq!(plan.changes[0].key.generation, Generation(2));

    for reap in [None, Some(at)] {
        recorded.resources.values_mut().for_each(|queue| (queue.intent, queue.reap) = (None, reap));
        let plan = planned(&wanted, &recorded, false).unwrap();
        assert_eq!(keys(&plan), ["a/Q@1"], "it is still there, also where its deletion was put off");
        assert!(matches!(plan.changes[0].action, Action::Update { .. }));
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let wanted = desired(&[
        ("a/X", resource("AWS::Made::Up", json!({}))),
        ("a/Y", resource("AWS::SQS::Queue", json!({ "KmsMasterKeyId": { "Ref": "a/Nothing" } }))),
        ("a/P", resource("AWS::SQS::Queue", json!({ "RedrivePolicy": { "Fn::GetAtt": ["a/Q", "Arn"] } }))),
        ("a/Q", resource("AWS::SQS::Queue", json!({ "RedrivePolicy": { "Fn::GetAtt": ["a/P", "Arn"] } }))),
    ]);
    let PlanError(problems) = planned(&wanted, &Recorded::default(), false).unwrap_err();
    let codes: Vec<_> = problems.iter().map(Problem::code).collect();
    assert_eq!(codes, ["plan::unsupported-type", "plan::unknown-reference", "plan::cycle"]);
}

#[test]
fn a_kept_table_does_not_give_its_name_away() {
    let table = |key: &str| DesiredResource {
        retention: Retention::Retain,
        ..resource("AWS::DynamoDB::Table", json!({ "TableName": "t", "KeySchema": [{ "AttributeName": key }] }))
    };
    let first = planned(&desired(&[("shared/T", table("a"))]), &Recorded::default(), false).unwrap();
    let recorded = carried_out(&first, &Recorded::default());
    let PlanError(problems) = planned(&desired(&[("shared/T", table("b"))]), &recorded, false).unwrap_err();
    assert_eq!(problems[0].code(), "plan::name-held");
}
