//! Deployments told afterwards: one by itself, and two beside each other.

use model::{Approval, Artifact, Decision, ObjectRef, Requester, Rollback, Scope, Target, Undo};

use super::*;

const FILES: &str = "s3://strands-deployments-1/support-desk/dev/deployments/0199d2a4c5/";

fn object(name: &str) -> ObjectRef {
    let key = format!("support-desk/dev/deployments/0199d2a4c5/{name}");
    ObjectRef { digest: Digest::of(key.as_bytes()), key, version: "v1".into() }
}

fn uploaded(outcome: Outcome) -> Deployment {
    let artifact = Artifact { digest: Digest::of(b"zip"), size: 3 };
    Deployment {
        origin: Origin::Upload {
            bucket: "strands-inbox-1".into(),
            key: "support-desk/dev/bundle.zip".into(),
            version: "3sL4kqtJlcpXroDTDmJ".into(),
            requester: Some(Requester {
                account: Some("123456789012".into()),
                address: Some("203.0.113.7".into()),
                request: Some("WNMB1A5K".into()),
            }),
        },
        config: Some(object("config.yaml")),
        plan: Some(object("plans/9f86d081.json")),
        after: Some(object("state-after.json")),
        execution: Some("0199d2a4c5-1".into()),
        artifacts: BTreeMap::from([("orders".into(), artifact.clone()), ("research".into(), artifact)]),
        outputs: BTreeMap::from([("ApiEndpoint".into(), json!("https://a1.example.com"))]),
        ..a_deployment(outcome)
    }
}

#[test]
fn a_deployment_is_told_with_who_asked_what_was_planned_what_ran_and_where_it_is_kept() {
    let (plan, entries) = (a_plan(), a_finished_journal());
    let deployment_ = uploaded(Outcome::Deployed);
    let account =
        Account { deployment: &deployment_, plan: Some(&plan), failed: None, entries: &entries, files: FILES };
    insta::assert_snapshot!("deployed", deployment(&account, &WIDE));
    insta::assert_snapshot!("deployed_narrow", deployment(&account, &NARROW));
    insta::assert_snapshot!("deployed_coloured", visible(&deployment(&account, &COLOURED)));
    let told = deployment_summary(&account);
    assert_eq!(told["outcome"], "Deployed");
    assert_eq!(told["deployment"]["origin"]["requester"]["account"], "123456789012");
    assert_eq!(told["files"]["config"], format!("{FILES}config.yaml"));
    let part = &told["plans"][0];
    assert_eq!(part["timeline"]["makespan"], 5.0);
    assert_eq!(part["waves"].as_array().map(Vec::len), Some(1));
    assert_eq!(part["runs"].as_array().map(Vec::len), part["plan"]["changes"].as_array().map(Vec::len));
}

#[test]
fn waves_are_marked_where_there_were_several() {
    let plan = a_plan();
    let mut entries = a_finished_journal();
    let later = entries.len() / 2;
    entries.iter_mut().skip(later).for_each(|entry| entry.epoch = Epoch(9));
    let progress = Progress::of(&plan, &entries).unwrap();
    assert_eq!(Timeline::of(&progress).unwrap().waves, 2);
    insta::assert_snapshot!("two_waves", timeline(&progress, &WIDE));
    let mark = timeline(&progress, &WIDE).lines().nth(1).unwrap().to_owned();
    assert!(mark.starts_with("waves ") && mark.contains("│1") && mark.contains("│2"), "{mark}");
}

#[test]
fn a_deployment_that_undid_itself_tells_of_both_plans() {
    let failed = a_plan();
    let entries = a_journal();
    let undoing = Plan { since: entries.len(), changes: Vec::new(), irreversible: Vec::new(), ..a_plan() };
    let cause = Cause {
        change: None,
        message: "iam CreateRole: AccessDenied".into(),
        help: "allow it".into(),
        blocked: vec![],
    };
    let undo = Undo {
        to: Revision(3),
        causes: vec![cause.clone()],
        failed: object("plans/9f86d081.json"),
        state: object("state-failed.json"),
        at: at(2400),
    };
    let deployment_ = Deployment {
        undo: Some(undo),
        plan: Some(object("plans/0b1f.json")),
        ..uploaded(Outcome::RolledBack { to: Revision(3), causes: vec![cause] })
    };
    let account = Account {
        deployment: &deployment_,
        plan: Some(&undoing),
        failed: Some(&failed),
        entries: &entries,
        files: FILES,
    };
    insta::assert_snapshot!("rolled_back", deployment(&account, &WIDE));
}

#[test]
fn who_else_may_have_asked_is_said_too() {
    let decision =
        Decision { approved: true, by: "arn:aws:iam::1:user/kim".into(), why: Some("late".into()), at: at(100) };
    let approval =
        Approval { plan: object("plans/9f86d081.json"), asked: at(50), expires: at(9000), decision: Some(decision) };
    let back = Rollback {
        to: Target::Revision(Revision(2)),
        scope: Scope::Agent("orders".into()),
        consent: Default::default(),
    };
    let base = Deployment {
        request: Request::Rollback(back),
        approval: Some(approval),
        ..a_deployment(Outcome::RolledBack { to: Revision(2), causes: Vec::new() })
    };
    let text = |origin: Origin| {
        let head = Deployment { origin, ..base.clone() };
        let account = Account { deployment: &head, plan: None, failed: None, entries: &[], files: FILES };
        deployment(&account, &WIDE)
    };
    insta::assert_snapshot!(
        "asked_by_an_administrator",
        text(Origin::Administrator { name: "arn:aws:sts::1:assumed-role/ops/kim".into() })
    );
    let by_hand = text(Origin::Execution { name: "back-to-2".into() });
    assert!(by_hand.contains("by         execution back-to-2, started by hand"), "{by_hand}");
    assert!(text(Origin::Engine).contains("by         the engine itself"));
}

fn recorded(resources: &[(&str, &str, &str, Value)]) -> Recorded {
    let resource = |(key, kind, id, asked): &(&str, &str, &str, Value)| {
        let value = json!({
            "type": kind, "physical_id": id, "presence": "present", "asked": asked, "sent": asked, "deployment": "d",
        });
        (key.parse().unwrap(), serde_json::from_value(value).unwrap())
    };
    Recorded { resources: resources.iter().map(resource).collect(), ..Recorded::default() }
}

/// As differences are told apart here; who compares for real asks the schema.
fn differ(_: &model::ResourceType, from: &Properties, to: &Properties) -> Vec<PropertyDiff> {
    let names: std::collections::BTreeSet<&String> = from.0.keys().chain(to.0.keys()).collect();
    let one = |name: &String| PropertyDiff {
        path: PropertyPath::root(name),
        from: from.0.get(name).cloned(),
        to: to.0.get(name).cloned(),
    };
    names.into_iter().map(one).filter(|one| one.from != one.to).collect()
}

#[test]
fn two_deployments_are_compared_line_by_line_and_property_by_property() {
    let before = recorded(&[
        (
            "orders/Function@1",
            "AWS::Lambda::Function",
            "support-desk-dev-orders",
            json!({ "MemorySize": 256, "Timeout": 15 }),
        ),
        ("shared/Alerts@1", "AWS::SNS::Topic", "arn:aws:sns:eu-central-1:1:alerts", json!({})),
        ("shared/Orders@1", "AWS::DynamoDB::Table", "orders-1", json!({ "KeySchema": "PK" })),
        ("shared/Work@1", "AWS::SQS::Queue", "work", json!({ "DelaySeconds": 1 })),
    ]);
    let after = recorded(&[
        (
            "orders/Function@1",
            "AWS::Lambda::Function",
            "support-desk-dev-orders",
            json!({ "MemorySize": 512, "Timeout": 15, "Tracing": true }),
        ),
        ("shared/Documents@1", "AWS::S3::Bucket", "documents", json!({})),
        ("shared/Orders@1", "AWS::DynamoDB::Table", "orders-1", json!({ "KeySchema": "PK" })),
        ("shared/Orders@2", "AWS::DynamoDB::Table", "orders-2", json!({ "KeySchema": "Id" })),
        ("shared/Work@1", "AWS::SQS::Queue", "work", json!({ "DelaySeconds": 1 })),
    ]);
    let plan = a_plan();
    let config = "project: { name: support-desk }\nagents:\n  - name: orders\n    memory: 256\n    timeout: 15\n";
    let changed = config.replace("256", "512");
    let first = Deployment { revision: Some(Revision(3)), ..uploaded(Outcome::Deployed) };
    let mut second = Deployment { id: "019a000001".into(), accepted: at(86_400_000), ..uploaded(Outcome::Deployed) };
    second.outputs.insert("ApiEndpoint".into(), json!("https://b2.example.com"));
    let from = Side { deployment: &first, config: Some(config), plan: None, after: Some(&before) };
    let to = Side { deployment: &second, config: Some(&changed), plan: Some(&plan), after: Some(&after) };
    insta::assert_snapshot!("compared", compare(&from, &to, differ, &WIDE));
    insta::assert_snapshot!("compared_narrow", compare(&from, &to, differ, &NARROW));
    insta::assert_snapshot!("compared_coloured", visible(&compare(&from, &to, differ, &COLOURED)));
    let told = compare_summary(&from, &to, differ);
    insta::assert_json_snapshot!("compared_json", json!([told["config"], told["resources"], told["outputs"]]));
    assert_eq!(told["from"]["revision"], 3);
    let nothing = compare(&from, &Side { after: None, config: None, ..from }, differ, &WIDE);
    assert!(nothing.contains("no record of 0199d2a4c5 is kept"), "{nothing}");
    assert!(nothing.contains("-    memory: 256"), "{nothing}");
    assert!(compare(&from, &from, differ, &WIDE).contains("4 alike"));
}
