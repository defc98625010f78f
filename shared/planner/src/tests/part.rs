//! Deployments of a part: what is of it, what is left alone, and what is refused.

use super::*;

fn only(names: &[&str]) -> Selection {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn of(agent: &str, resource: DesiredResource) -> DesiredResource {
    DesiredResource { agent: Some(agent.to_owned()), ..resource }
}

fn queue(of: Value) -> DesiredResource {
    resource("AWS::SQS::Queue", of)
}

fn arn(of: &str) -> Value {
    json!({ "Fn::GetAtt": [of, "Arn"] })
}

/// Two agents with a role each in `shared`, a table that both use, and a template's stack on its own.
fn desk() -> Vec<(&'static str, DesiredResource)> {
    let role = || resource("AWS::IAM::Role", json!({ "Description": "1" }));
    let function = |role: &str| {
        let environment = json!({ "Variables": { "TABLE": arn("shared/Table") } });
        let code = json!({ "S3Key": "artifacts/1.zip" });
        resource(
            "AWS::Lambda::Function",
            json!({ "Role": arn(role), "Environment": environment, "MemorySize": 128, "Code": code }),
        )
    };
    vec![
        ("orders/Function", of("orders", function("shared/RoleA"))),
        ("orders/Log", of("orders", resource("AWS::Logs::LogGroup", json!({ "RetentionInDays": 7 })))),
        ("billing/Function", of("billing", function("shared/RoleB"))),
        ("shared/RoleA", role()),
        ("shared/RoleB", role()),
        ("shared/Table", resource("AWS::DynamoDB::Table", json!({ "BillingMode": "A" }))),
        ("shared/Topic", resource("AWS::SNS::Topic", json!({ "DisplayName": "1" }))),
        ("storage/Bucket", resource("AWS::S3::Bucket", json!({ "Tags": [] }))),
    ]
}

fn with(
    mut all: Vec<(&'static str, DesiredResource)>,
    at: &str,
    name: &str,
    value: impl Into<Value>,
) -> Vec<(&'static str, DesiredResource)> {
    let (_, one) = all.iter_mut().find(|(address, _)| *address == at).unwrap();
    one.properties.set(name, value);
    all
}

fn without(mut all: Vec<(&'static str, DesiredResource)>, at: &str) -> Vec<(&'static str, DesiredResource)> {
    all.retain(|(address, _)| *address != at);
    all
}

fn deployed(wanted: &[(&'static str, DesiredResource)]) -> Recorded {
    carried_out(&planned(&desired(wanted), &Recorded::default(), false).unwrap(), &Recorded::default())
}

fn told(wanted: &Desired, recorded: &Recorded, names: &[&str]) -> Result<Planned, Vec<(String, String)>> {
    let planned = selected(wanted, recorded, &only(names), false);
    if let Ok(planned) = &planned {
        check::check_with(&planned.plan, recorded, &Digest::of(b"config")).unwrap();
    }
    planned.map_err(|PlanError(problems)| {
        let told = |problem: &Problem| (format!("{}: {problem}", problem.code()), problem.help().into_owned());
        problems.iter().map(told).collect()
    })
}

fn changed(wanted: &[(&'static str, DesiredResource)], recorded: &Recorded, names: &[&str]) -> Vec<String> {
    keys(&told(&desired(wanted), recorded, names).unwrap().plan)
}

#[test]
fn what_is_named_is_deployed_with_everything_that_it_needs_and_nothing_else() {
    let Planned { plan, report } = told(&desired(&desk()), &Recorded::default(), &["orders"]).unwrap();
    assert_eq!(keys(&plan), ["orders/Log@1", "shared/RoleA@1", "shared/Table@1", "orders/Function@1"]);
    let selected = report.selected.unwrap();
    assert_eq!(selected.named, only(&["orders"]));
    assert_eq!(selected.along, [address("shared/RoleA"), address("shared/Table")].into());
    assert_eq!(selected.left, 4);
}

#[test]
fn what_is_attached_to_something_that_the_part_makes_comes_along_unless_it_brings_another_agent() {
    let mut wanted = desk();
    wanted.push(("shared/Policy", queue(json!({ "Of": arn("shared/Table") }))));
    wanted.push(("shared/Mail", queue(json!({ "Of": arn("shared/Policy"), "From": arn("shared/Topic") }))));
    wanted.push(("shared/Board", queue(json!({ "Of": [arn("shared/Table"), arn("billing/Function")] }))));
    wanted.push(("billing/Grant", of("billing", queue(json!({ "Of": arn("shared/Table") })))));
    let along = ["shared/Mail", "shared/Policy", "shared/RoleA", "shared/Table", "shared/Topic"];
    let Planned { report, .. } = told(&desired(&wanted), &Recorded::default(), &["orders"]).unwrap();
    assert_eq!(report.selected.unwrap().along, along.map(address).into());
    // What would change something that is there is left to a deployment of that.
    let recorded = deployed(&desk());
    assert_eq!(changed(&wanted, &recorded, &["orders"]), ["shared/Policy@1"]);
    // What is there under another address is there.
    let mut moved = desired(&with(wanted, "shared/Policy", "Free", 2));
    let was = [desk(), vec![("shared/Rule", queue(json!({ "Of": arn("shared/Table") })))]].concat();
    moved.moved.insert(address("shared/Rule"), address("shared/Policy"));
    assert_eq!(keys(&told(&moved, &deployed(&was), &["orders"]).unwrap().plan), Vec::<String>::new());
}

#[test]
fn everything_is_what_it_comes_to_where_nothing_is_named() {
    let planned = told(&desired(&desk()), &Recorded::default(), &[]).unwrap();
    assert_eq!((planned.plan.changes.len(), planned.report.selected), (8, None));
}

#[test]
fn a_stack_is_named_like_an_agent() {
    let recorded = deployed(&desk());
    let wanted = with(desk(), "storage/Bucket", "Tags", json!([{ "Key": "a", "Value": "b" }]));
    let wanted = with(wanted, "shared/Topic", "DisplayName", "2");
    let wanted = with(wanted, "orders/Function", "MemorySize", 256);
    assert_eq!(changed(&wanted, &recorded, &["storage"]), ["storage/Bucket@1"]);
    assert_eq!(changed(&wanted, &recorded, &["shared", "orders"]), ["orders/Function@1", "shared/Topic@1"]);
}

#[test]
fn what_is_named_and_no_longer_wanted_goes_and_what_is_not_named_stays() {
    let recorded = deployed(&desk());
    let wanted = without(without(desk(), "orders/Log"), "shared/Topic");
    assert_eq!(changed(&wanted, &recorded, &["orders"]), ["orders/Log@1"]);
    assert_eq!(changed(&wanted, &recorded, &["shared"]), ["shared/Topic@1"]);
    assert_eq!(changed(&wanted, &recorded, &["billing"]), Vec::<String>::new());
}

#[test]
fn what_another_agent_needs_is_not_taken_from_it() {
    let recorded = deployed(&desk());
    let anew = with(desk(), "shared/Table", "KeySchema", "other");
    let refused = told(&desired(&anew), &recorded, &["orders"]).unwrap_err();
    let message = "plan::not-selected: `billing/Function` is not part of this deployment and uses `shared/Table`, which would \
                   not be there any more, or not the same";
    assert_eq!(refused, [(message.to_owned(), "name `billing` too, or deploy everything".to_owned())]);
    let both = told(&desired(&anew), &recorded, &["orders", "billing"]).unwrap();
    assert_eq!(keys(&both.plan), ["shared/Table@2", "billing/Function@1", "orders/Function@1", "shared/Table@1"]);
}

#[test]
fn what_is_in_no_config_any_more_is_named_by_its_record() {
    let recorded = deployed(&desk());
    let gone = without(without(without(desk(), "billing/Function"), "shared/Table"), "orders/Function");
    let refused = told(&desired(&gone), &recorded, &["shared"]).unwrap_err();
    let help: Vec<&str> = refused.iter().map(|(_, help)| help.as_str()).collect();
    assert_eq!(refused.len(), 2, "{refused:#?}");
    assert_eq!(help, ["name `billing` too, or deploy everything", "name `orders` too, or deploy everything"]);
    assert!(refused.iter().all(|(message, _)| message.contains("`shared/Table`")), "{refused:#?}");
    let all = changed(&gone, &recorded, &["shared", "orders", "billing"]);
    assert_eq!(all, ["billing/Function@1", "orders/Function@1", "shared/Table@1"]);
}

#[test]
fn a_move_counts_where_its_new_address_is_chosen() {
    let recorded = deployed(&desk());
    let mut all = without(desk(), "orders/Log");
    all.push(("orders/Logs", of("orders", resource("AWS::Logs::LogGroup", json!({ "RetentionInDays": 7 })))));
    let wanted = Desired { moved: [(address("orders/Log"), address("orders/Logs"))].into(), ..desired(&all) };
    let here = told(&wanted, &recorded, &["orders"]).unwrap();
    assert_eq!(keys(&here.plan), ["orders/Log@1"]);
    assert!(matches!(here.plan.changes[0].action, Action::Move { .. }));
    assert!(told(&wanted, &recorded, &["billing"]).unwrap().plan.changes.is_empty());
}

#[test]
fn what_moves_to_another_owner_goes_there_and_is_not_lost() {
    let recorded = deployed(&desk());
    let mut all = without(desk(), "orders/Log");
    all.push(("billing/Log", of("billing", resource("AWS::Logs::LogGroup", json!({ "RetentionInDays": 7 })))));
    let wanted = Desired { moved: [(address("orders/Log"), address("billing/Log"))].into(), ..desired(&all) };
    for name in ["orders", "billing"] {
        let planned = told(&wanted, &recorded, &[name]).unwrap();
        assert!(matches!(planned.plan.changes[0].action, Action::Move { .. }), "{name} {:?}", planned.plan.changes);
        assert!(carried_out(&planned.plan, &recorded).current(&address("billing/Log")).is_some());
    }
}

#[test]
fn what_moves_is_not_taken_from_who_knows_it_by_its_old_address() {
    let recorded = deployed(&desk());
    let mut all = without(desk(), "shared/Table");
    all.push(("shared/Orders", resource("AWS::DynamoDB::Table", json!({ "BillingMode": "A" }))));
    for (_, one) in &mut all {
        if one.kind.as_str() == "AWS::Lambda::Function" {
            one.properties.set("Environment", json!({ "Variables": { "TABLE": arn("shared/Orders") } }));
        }
    }
    let wanted = Desired { moved: [(address("shared/Table"), address("shared/Orders"))].into(), ..desired(&all) };
    let refused = told(&wanted, &recorded, &["orders"]).unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert_eq!(refused[0].1, "name `billing` too, or deploy everything");
    assert!(told(&wanted, &recorded, &["orders", "billing"]).is_ok());
}

#[test]
fn what_a_move_left_behind_is_not_taken_from_who_still_uses_it() {
    let role = |path: &str| resource("AWS::IAM::Role", json!({ "Path": path }));
    let user = || of("billing", resource("AWS::Lambda::Function", json!({ "Role": arn("shared/Role") })));
    let before = deployed(&[("shared/Role", role("/a/")), ("billing/Function", user())]);
    // The role was made anew, and the deployment stopped before the function had it.
    let anew = desired(&[("shared/Role", role("/b/")), ("billing/Function", user())]);
    let mut stopped = planned(&anew, &before, false).unwrap();
    stopped.changes.retain(|change| change.key.to_string() == "shared/Role@2");
    let between = carried_out(&stopped, &before);
    let refused = told(&anew, &between, &["shared"]).unwrap_err();
    assert_eq!(refused[0].1, "name `billing` too, or deploy everything", "its role would be deleted");

    let user = of("billing", resource("AWS::Lambda::Function", json!({ "Role": arn("orders/Role") })));
    let moved = desired(&[("orders/Role", role("/b/")), ("billing/Function", user)]);
    let moved = Desired { moved: [(address("shared/Role"), address("orders/Role"))].into(), ..moved };
    assert_eq!(told(&moved, &between, &["orders"]).unwrap_err().len(), 1);
    assert!(told(&moved, &between, &["orders", "billing"]).is_ok());
}

#[test]
fn a_value_that_is_not_known_is_taken_for_another() {
    let role = |path: &str| resource("AWS::IAM::Role", json!({ "Path": path }));
    let user = || of("billing", resource("AWS::Lambda::Function", json!({ "Role": arn("shared/Role") })));
    let before = deployed(&[("shared/Role", role("/a/")), ("billing/Function", user())]);
    // The deployment stopped before the old role was retired, and the function has the new one.
    let anew = desired(&[("shared/Role", role("/b/")), ("billing/Function", user())]);
    let mut stopped = planned(&anew, &before, false).unwrap();
    stopped.changes.retain(|change| change.stage == Stage::Build);
    let mut between = carried_out(&stopped, &before);
    assert_eq!(keys(&told(&anew, &between, &["shared"]).unwrap().plan), ["shared/Role@1"]);
    let inside = between.resources.get_mut(&"shared/Role@2".parse().unwrap()).unwrap();
    inside.attributes.remove("Arn");
    let refused = told(&anew, &between, &["shared"]).unwrap_err();
    assert_eq!(refused[0].1, "name `billing` too, or deploy everything");
}

#[test]
fn what_was_not_changed_to_its_end_may_still_use_what_it_used_before() {
    let mut recorded = deployed(&desk());
    let function = recorded.resources.get_mut(&"billing/Function@1".parse().unwrap()).unwrap();
    let before = std::mem::take(&mut function.sent);
    (function.presence, function.asked, function.dependencies) =
        (Presence::Incomplete, Properties::new(), BTreeSet::new());
    function.earlier = vec![model::Earlier { sent: before, token: None }];
    let wanted = without(without(desk(), "billing/Function"), "shared/RoleB");
    let mut wanted = desired(&wanted);
    wanted.resources.insert(address("billing/Function"), of("billing", resource("AWS::Lambda::Function", json!({}))));
    let refused = told(&wanted, &recorded, &["shared"]).unwrap_err();
    assert!(refused.iter().all(|(_, help)| help == "name `billing` too, or deploy everything"), "{refused:#?}");
    assert!(refused[0].0.contains("uses `shared/RoleB`"), "{refused:#?}");
    assert!(told(&wanted, &recorded, &["shared", "billing"]).is_ok());
}

#[test]
fn what_is_half_made_stays_so_unless_it_is_needed() {
    let mut recorded = deployed(&desk());
    for key in ["billing/Function@1", "shared/Table@1", "storage/Bucket@1"] {
        recorded.resources.get_mut(&key.parse().unwrap()).unwrap().presence = Presence::Incomplete;
    }
    let left = |presence| {
        let mut recorded = recorded.clone();
        let topic = recorded.resources.get_mut(&"shared/Topic@1".parse().unwrap()).unwrap();
        (topic.presence, topic.physical_id) = (presence, None);
        recorded
    };
    for presence in [Presence::Announced, Presence::Incomplete, Presence::Leaving] {
        let recorded = left(presence);
        assert_eq!(changed(&desk(), &recorded, &["orders"]), ["shared/Table@1"], "it is needed, and finished");
    }
    let mut finished = changed(&desk(), &left(Presence::Announced), &["shared", "storage"]);
    finished.sort();
    assert_eq!(finished, ["shared/Table@1", "shared/Topic@1", "storage/Bucket@1"]);
}

#[test]
fn a_role_that_only_the_part_used_goes_with_it() {
    let recorded = deployed(&desk());
    let mut all = without(desk(), "shared/RoleA");
    all.push(("shared/RoleC", resource("AWS::IAM::Role", json!({ "Description": "more" }))));
    let all = with(all, "orders/Function", "Role", arn("shared/RoleC"));
    let part = told(&desired(&all), &recorded, &["orders"]).unwrap().plan;
    assert_eq!(keys(&part), ["shared/RoleC@1", "orders/Function@1", "shared/RoleA@1"]);
    assert_eq!(keys(&planned(&desired(&all), &carried_out(&part, &recorded), false).unwrap()), Vec::<String>::new());

    let gone = desired(&without(without(desk(), "billing/Function"), "shared/RoleB"));
    let gone = told(&gone, &recorded, &["billing"]).unwrap().plan;
    assert_eq!(keys(&gone), ["billing/Function@1", "shared/RoleB@1"], "the table is still asked for");
}

#[test]
fn a_role_stays_where_something_half_changed_may_use_it() {
    let mut recorded = deployed(&desk());
    let all = with(without(desk(), "shared/RoleA"), "orders/Function", "Role", arn("shared/RoleB"));
    let part = |recorded: &Recorded| changed(&all, recorded, &["orders"]);
    assert_eq!(part(&recorded), ["orders/Function@1", "shared/RoleA@1"]);
    // As a version that did not note what was sent before would have recorded it.
    recorded.resources.get_mut(&"billing/Function@1".parse().unwrap()).unwrap().presence = Presence::Incomplete;
    assert_eq!(part(&recorded), ["orders/Function@1"]);
}

#[test]
fn what_anybody_else_used_or_holds_data_stays_until_its_stack_is_deployed() {
    let mut all = desk();
    all.push((
        "billing/Other",
        of("billing", resource("AWS::Lambda::Function", json!({ "Role": arn("shared/RoleA") }))),
    ));
    let recorded = deployed(&all);
    let mut moved_on = without(without(all, "shared/RoleA"), "shared/Table");
    for (_, one) in &mut moved_on {
        if one.kind.as_str() == "AWS::Lambda::Function" {
            one.properties = properties(json!({ "Role": arn("shared/RoleB") }));
        }
    }
    let wanted = desired(&moved_on);
    assert_eq!(keys(&told(&wanted, &recorded, &["orders"]).unwrap().plan), ["orders/Function@1"]);
    let both = told(&wanted, &recorded, &["orders", "billing"]).unwrap().plan;
    assert!(keys(&both).contains(&"shared/RoleA@1".to_owned()), "{:?}", keys(&both));
    assert!(!keys(&both).contains(&"shared/Table@1".to_owned()), "it holds data, and is not lost unasked");

    let mut half = recorded;
    let other = half.resources.get_mut(&"billing/Function@1".parse().unwrap()).unwrap();
    other.earlier = vec![model::Earlier { sent: Properties::new(), token: None }];
    let wanted = desired(&without(without(desk(), "orders/Function"), "shared/RoleA"));
    let part = told(&wanted, &half, &["orders"]).unwrap().plan;
    assert_eq!(keys(&part), ["orders/Function@1"], "what was not changed to its end may use anything");
}

#[test]
fn a_generation_that_tags_elsewhere_name_is_not_given_again() {
    let recorded = deployed(&desk());
    let mut all = without(desk(), "orders/Log");
    all.push(("billing/Log", of("billing", resource("AWS::Logs::LogGroup", json!({ "RetentionInDays": 7 })))));
    let moved = Desired { moved: [(address("orders/Log"), address("billing/Log"))].into(), ..desired(&all) };
    let recorded = carried_out(&planned(&moved, &recorded, false).unwrap(), &recorded);
    let mut all = desk();
    all.push(("billing/Log", of("billing", resource("AWS::Logs::LogGroup", json!({ "RetentionInDays": 7 })))));
    assert_eq!(changed(&all, &recorded, &["orders"]), ["orders/Log@2"]);
}

#[test]
fn a_name_that_something_else_gives_back_is_waited_for_only_where_that_is_of_the_part() {
    let named = |at: &'static str| vec![(at, queue(json!({ "QueueName": "tasks" })))];
    let mut recorded = deployed(&named("old/Tasks"));
    let (operation, at) = (model::Operation::Delete, model::Timestamp::UNIX_EPOCH);
    for one in recorded.resources.values_mut() {
        let intent = model::Intent { operation, token: String::new(), attempt: 1, at };
        (one.presence, one.intent) = (Presence::Leaving, Some(intent));
    }
    let refused = told(&desired(&named("new/Tasks")), &recorded, &["new"]).unwrap_err();
    let message = "plan::not-selected: `new/Tasks` needs a name (`QueueName`) that `old/Tasks` still has, which is not part of \
                   this deployment";
    assert_eq!(refused, [(message.to_owned(), "name `old` too, or deploy everything".to_owned())]);
    assert_eq!(changed(&named("new/Tasks"), &recorded, &["new", "old"]), ["old/Tasks@1", "new/Tasks@1"]);
}

#[test]
fn what_was_put_off_is_left_to_its_reap() {
    let mut recorded = deployed(&desk());
    let put_off = recorded.resources.get_mut(&"billing/Function@1".parse().unwrap()).unwrap();
    (put_off.presence, put_off.reap) = (Presence::Leaving, Some(model::Timestamp::UNIX_EPOCH));
    let wanted = without(without(desk(), "billing/Function"), "shared/RoleB");
    let planned = told(&desired(&wanted), &recorded, &["shared"]).unwrap();
    assert_eq!(keys(&planned.plan), ["shared/RoleB@1"]);
    assert_eq!(planned.report.waiting, [], "it is not of this deployment");
}

#[test]
fn outputs_and_gates_are_those_of_what_there_is() {
    let gate = |agent: Option<&str>, name: Value| model::Gate {
        agent: agent.map(str::to_owned),
        check: model::GateCheck::Alarm { name },
        seconds: 60,
    };
    let mut all = desk();
    all.push(("watch/Alarm", resource("AWS::CloudWatch::Alarm", json!({ "Namespace": "x" }))));
    let wanted = Desired {
        outputs: [
            ("Orders".to_owned(), arn("orders/Function")),
            ("Billing".to_owned(), arn("billing/Function")),
            ("Region".to_owned(), json!("eu-central-1")),
        ]
        .into(),
        gates: vec![
            gate(None, json!("all")),
            gate(Some("orders"), json!({ "Ref": "watch/Alarm" })),
            gate(Some("billing"), json!("b")),
        ],
        ..desired(&all)
    };
    let first = told(&wanted, &Recorded::default(), &["orders"]).unwrap().plan;
    assert_eq!(first.outputs.keys().collect::<Vec<_>>(), ["Orders", "Region"]);
    assert_eq!(first.gates, [gate(Some("orders"), json!({ "Ref": "watch/Alarm" }))]);
    assert!(keys(&first).contains(&"watch/Alarm@1".to_owned()), "what a gate looks at is needed");
    let after = carried_out(&first, &Recorded::default());
    let second = told(&wanted, &carried_out(&told(&wanted, &after, &["billing"]).unwrap().plan, &after), &["storage"]);
    assert_eq!(second.unwrap().plan.outputs.len(), 3, "what stays is there as well");
}

#[test]
fn a_protected_environment_loses_nothing_by_a_part_either() {
    let recorded = deployed(&desk());
    let wanted = desired(&without(desk(), "storage/Bucket"));
    let PlanError(problems) = selected(&wanted, &recorded, &only(&["storage"]), true).unwrap_err();
    assert_eq!(problems, [Problem::Protected { resource: address("storage/Bucket") }]);
    assert!(selected(&wanted, &recorded, &only(&["orders"]), true).unwrap().plan.changes.is_empty());
}

#[test]
fn what_is_still_wanted_where_it_moved_from_is_told() {
    let recorded = deployed(&desk());
    let mut all = desk();
    all.push(("orders/Topic", of("orders", resource("AWS::SNS::Topic", json!({ "DisplayName": "1" })))));
    let wanted = Desired { moved: [(address("shared/Topic"), address("orders/Topic"))].into(), ..desired(&all) };
    let refused = told(&wanted, &recorded, &["orders"]).unwrap_err();
    assert!(refused[0].0.starts_with("plan::moved-stays"), "{refused:?}");
}
