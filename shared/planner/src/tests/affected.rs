//! Which agents a plan affects, and by what.

use model::Affected;

use super::*;

fn of(agent: &str, kind: &str, properties: Value) -> DesiredResource {
    DesiredResource { agent: Some(agent.to_owned()), ..resource(kind, properties) }
}

/// Two agents with a function, a version of it and an alias each; a table that they share.
fn desk() -> Vec<(&'static str, DesiredResource)> {
    let mut all = vec![("shared/Table", resource("AWS::DynamoDB::Table", json!({ "KeySchema": "a" })))];
    for (agent, [function, version, alias]) in [
        ("billing", ["billing/Function", "billing/Version", "billing/Alias"]),
        ("orders", ["orders/Function", "orders/Version", "orders/Alias"]),
    ] {
        let table = json!({ "Variables": { "TABLE": { "Ref": "shared/Table" } } });
        let code = json!({ "S3Key": "1" });
        let made = of(agent, "AWS::Lambda::Function", json!({ "Code": code, "MemorySize": 1, "Environment": table }));
        let published = json!({ "FunctionName": { "Ref": function }, "Description": "1", "CodeSha256": "1" });
        let led = json!({ "FunctionName": { "Ref": function }, "FunctionVersion": { "Fn::GetAtt": [version, "Arn"] }, "Name": "live" });
        let published = of(agent, "AWS::Lambda::Version", published);
        all.push((function, made));
        all.push((version, DesiredResource { retention: Retention::RetainReplaced, ..published }));
        all.push((alias, of(agent, "AWS::Lambda::Alias", led)));
    }
    all
}

fn setting(
    mut all: Vec<(&'static str, DesiredResource)>,
    values: &[(&str, &str, Value)],
) -> Vec<(&'static str, DesiredResource)> {
    for (at, name, value) in values {
        all.iter_mut().find(|(address, _)| address == at).unwrap().1.properties.set(name, value.clone());
    }
    all
}

fn deployed(all: &[(&'static str, DesiredResource)]) -> Recorded {
    carried_out(&planned(&desired(all), &Recorded::default(), false).unwrap(), &Recorded::default())
}

/// In words: `orders code settings`, one for each that is affected, and how many are not.
fn told(wanted: &Desired, recorded: &Recorded, only: &[&str]) -> (Vec<String>, usize) {
    let only = only.iter().map(|name| (*name).to_owned()).collect();
    let affected = selected(wanted, recorded, &only, false).unwrap().report.affected;
    let (changed, same): (Vec<_>, Vec<_>) = affected.into_iter().partition(|one| !one.changes.is_empty());
    let line = |one: Affected| {
        let changes =
            one.changes.iter().map(|effect| serde_json::to_value(effect).unwrap().as_str().unwrap().to_owned());
        [one.agent.unwrap_or_else(|| "-".to_owned())].into_iter().chain(changes).collect::<Vec<_>>().join(" ")
    };
    (changed.into_iter().map(line).collect(), same.len())
}

fn affects(all: &[(&'static str, DesiredResource)], recorded: &Recorded) -> Vec<String> {
    told(&desired(all), recorded, &[]).0
}

#[test]
fn what_differs_says_who_is_affected_and_by_what() {
    let recorded = deployed(&desk());
    let code = [
        ("orders/Function", "Code", json!({ "S3Key": "2" })),
        ("orders/Version", "CodeSha256", json!("2")),
        ("orders/Version", "Description", json!("2")),
    ];
    let memory = [("orders/Function", "MemorySize", json!(2)), ("orders/Version", "Description", json!("3"))];
    let both: Vec<_> = code.iter().chain(&memory).cloned().collect();
    type Case<'c> = (&'c [(&'c str, &'c str, Value)], &'c [&'c str]);
    let cases: &[Case<'_>] = &[
        (&[], &[]),
        (&code, &["orders code"]),
        (&memory, &["orders settings"]),
        (&both, &["orders code settings"]),
        (&[("shared/Table", "BillingMode", json!("b"))], &["- settings"]),
        (&[("shared/Table", "KeySchema", json!("b"))], &["- settings", "billing settings", "orders settings"]),
    ];
    for (values, expected) in cases {
        assert_eq!(affects(&setting(desk(), values), &recorded), *expected, "{values:?}");
    }
}

#[test]
fn an_agent_comes_and_goes_as_a_whole() {
    let one: Vec<_> = desk().into_iter().filter(|(at, _)| !at.starts_with("orders")).collect();
    assert_eq!(told(&desired(&desk()), &deployed(&one), &[]), (vec!["orders new".to_owned()], 2));
    assert_eq!(told(&desired(&one), &deployed(&desk()), &[]), (vec!["orders gone".to_owned()], 2));
    assert_eq!(affects(&desk(), &Recorded::default()), ["- new", "billing new", "orders new"]);
    let without_alias: Vec<_> = desk().into_iter().filter(|(at, _)| *at != "orders/Alias").collect();
    assert_eq!(affects(&without_alias, &deployed(&desk())), ["orders settings"]);
}

#[test]
fn a_name_that_is_generated_anew_is_no_setting() {
    let mut before = desk();
    before.push(("orders/Role", of("orders", "AWS::IAM::Role", json!({ "Path": "/a/" }))));
    let recorded = deployed(&before);
    assert_eq!(affects(&setting(before, &[("orders/Role", "Path", json!("/b/"))]), &recorded), ["orders settings"]);
}

#[test]
fn who_has_only_another_address_is_not_affected() {
    let recorded = deployed(&desk());
    let mut all: Vec<_> = desk().into_iter().filter(|(at, _)| *at != "shared/Table").collect();
    all.push(("shared/Orders", resource("AWS::DynamoDB::Table", json!({ "KeySchema": "a" }))));
    let table = json!({ "Variables": { "TABLE": { "Ref": "shared/Orders" } } });
    let all =
        setting(all, &[("orders/Function", "Environment", table.clone()), ("billing/Function", "Environment", table)]);
    let wanted = Desired { moved: [(address("shared/Table"), address("shared/Orders"))].into(), ..desired(&all) };
    assert_eq!(told(&wanted, &recorded, &[]), (Vec::new(), 3));
}

#[test]
fn of_a_part_the_others_are_as_they_are() {
    let changed =
        setting(desk(), &[("orders/Function", "MemorySize", json!(2)), ("billing/Function", "MemorySize", json!(2))]);
    assert_eq!(told(&desired(&changed), &deployed(&desk()), &["orders"]), (vec!["orders settings".to_owned()], 2));
    assert_eq!(
        told(&desired(&changed), &Recorded::default(), &["orders"]),
        (vec!["- new".into(), "orders new".into()], 1)
    );
}

#[test]
fn what_a_deployment_that_stopped_left_to_be_published_is_code() {
    let recorded = deployed(&desk());
    let wanted = setting(
        desk(),
        &[
            ("orders/Function", "Code", json!({ "S3Key": "2" })),
            ("orders/Version", "CodeSha256", json!("2")),
            ("orders/Version", "Description", json!("2")),
        ],
    );
    let mut plan = planned(&desired(&wanted), &recorded, false).unwrap();
    plan.changes.retain(|change| change.key.address == address("orders/Function"));
    assert_eq!(affects(&wanted, &carried_out(&plan, &recorded)), ["orders code"]);
}
