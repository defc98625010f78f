//! Deployments told afterwards: one by itself, and two beside each other.

use model::{
    Approval, Artifact, Charge, Date, Decision, ObjectRef, Price, Requester, ResourceType, Rollback, Scope, Source,
    Standing, Target, Undo, Usd,
};

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
        sources: Some(object("sources.json")),
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
    let account = Account {
        deployment: &deployment_,
        plan: Some(&plan),
        failed: None,
        entries: &entries,
        cost: None,
        files: FILES,
    };
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
        cost: None,
        files: FILES,
    };
    insta::assert_snapshot!("rolled_back", deployment(&account, &WIDE));
}

#[test]
fn a_part_that_went_back_says_nothing_of_the_rest() {
    let only = Request::Deploy { only: ["orders".to_owned()].into_iter().collect() };
    let causes = vec![Cause { change: None, message: "no".into(), help: "look".into(), blocked: Vec::new() }];
    let head = Deployment { request: only, ..a_deployment(Outcome::RolledBack { to: Revision(2), causes }) };
    let account = Account { deployment: &head, plan: None, failed: None, entries: &[], cost: None, files: FILES };
    let text = deployment(&account, &WIDE);
    assert!(text.contains("What it had done is undone. What it touched is as it was before."), "{text}");
    assert!(!text.contains("environment is as it was"), "{text}");
}

#[test]
fn a_part_that_is_stuck_says_that_it_can_be_uploaded_again_without_the_rest() {
    let said = |request| {
        let next = "cargo xtask admin rollback support-desk/dev --to 2".to_owned();
        let stuck = Outcome::Stuck { causes: Vec::new(), because: Vec::new(), next };
        outcome(&Deployment { request, ..a_deployment(stuck) }, &WIDE)
    };
    let part = said(Request::Deploy { only: ["orders".to_owned()].into_iter().collect() });
    assert!(part.contains("or upload the part as it shall be instead, which leaves the rest alone."), "{part}");
    assert!(said(Request::DEPLOY).contains("or upload what the environment shall be instead."));
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
        let account = Account { deployment: &head, plan: None, failed: None, entries: &[], cost: None, files: FILES };
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
fn differ(_: &ResourceType, from: &Properties, to: &Properties) -> Vec<PropertyDiff> {
    let names: std::collections::BTreeSet<&String> = from.0.keys().chain(to.0.keys()).collect();
    let one = |name: &String| PropertyDiff {
        path: PropertyPath::root(name),
        from: from.0.get(name).cloned(),
        to: to.0.get(name).cloned(),
    };
    names.into_iter().map(one).filter(|one| one.from != one.to).collect()
}

const REQUESTS: Charge = Charge { usd: Some(Usd(200_000)), per: 1_000_000, unit: "requests" };
const DURATION: Charge = Charge { usd: Some(Usd(16_666_700)), per: 1_000_000, unit: "GB-seconds of memory" };
const STORED: Charge = Charge { usd: Some(Usd(250_000)), per: 1, unit: "GB stored for a month" };
const STREAM: Charge = Charge { usd: None, per: 1, unit: "reads of its stream" };

/// As prices are known here; who compares for real asks the schema.
fn pricer(kind: &ResourceType, asked: &Properties) -> Price {
    let source =
        |day| Source { as_of: Date::constant(2026, 8, day), page: "https://example.com/", region: "us-east-1" };
    let (usd, charges, day) = match kind.as_str() {
        "AWS::CloudWatch::Alarm" => (asked.number("Metrics").unwrap_or(1) * 100_000, vec![], 1),
        "AWS::Lambda::Function" => (0, vec![REQUESTS, DURATION], 2),
        "AWS::DynamoDB::Table" => (2_847_000, vec![STORED, STREAM], 3),
        "AWS::SQS::Queue" => (0, vec![], 4),
        _ => {
            let why = "no price of this type is known".to_owned();
            return Price { standing: Standing::Unknown(why), charges: vec![], source: None };
        }
    };
    Price { standing: Standing::Known(Usd(usd)), charges, source: Some(source(day)) }
}

const KNOWN: Knowledge = Knowledge { differ, pricer };

/// What is told of the costs of two records.
fn costs(from: &Recorded, to: &Recorded, style: &Style) -> String {
    let head = uploaded(Outcome::Deployed);
    let side = |after| Side { deployment: &head, config: None, plan: None, after: Some(after) };
    let told = compare(&side(from), &side(to), &KNOWN, style);
    let (_, told) = told.split_once("Cost ").expect("a part on costs");
    let (told, _) = told.split_once("\n\n").expect("a part after it");
    told.trim_start_matches(['─', '-', ' ', '\n']).to_owned()
}

fn alarm(name: &str, metrics: i64) -> (String, Value) {
    (format!("shared/{name}@1"), json!({ "Metrics": metrics }))
}

fn alarms(all: &[(&str, i64)]) -> Recorded {
    let all: Vec<_> = all.iter().map(|(name, metrics)| alarm(name, *metrics)).collect();
    let all: Vec<_> =
        all.iter().map(|(key, asked)| (key.as_str(), "AWS::CloudWatch::Alarm", "an-alarm", asked.clone())).collect();
    recorded(&all)
}

#[test]
fn what_costs_more_and_what_costs_less_is_told_by_resource() {
    let origin = "list prices of us-east-1 as of 2026-08-01, before free tiers, discounts and taxes";
    let (one, two) = (alarms(&[("Errors", 1)]), alarms(&[("Errors", 1), ("Slow", 1)]));
    let told = |from: &Recorded, to: &Recorded| costs(from, to, &WIDE).lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        told(&one, &two),
        [
            "standing: 0.10 → 0.20 USD a month, 0.10 more",
            "  + shared/Slow  AWS::CloudWatch::Alarm  0.10",
            &format!("  {origin}"),
        ]
    );
    assert_eq!(
        told(&two, &alarms(&[("Errors", 1), ("Other", 0)])),
        [
            "standing: 0.20 → 0.10 USD a month, 0.10 less",
            "  − shared/Slow  AWS::CloudWatch::Alarm  0.10",
            &format!("  {origin}"),
        ]
    );
    assert_eq!(
        told(&one, &alarms(&[("Errors", 3)])),
        [
            "standing: 0.10 → 0.30 USD a month, 0.20 more",
            "  ~ shared/Errors  AWS::CloudWatch::Alarm  0.10 → 0.30, 0.20 more",
            &format!("  {origin}"),
        ]
    );
    assert_eq!(told(&two, &two), ["standing: 0.20 USD a month, the same", &format!("  {origin}")]);
    assert_eq!(told(&Recorded::default(), &Recorded::default()), ["standing: 0.00 USD a month, the same"]);
}

#[test]
fn what_is_not_counted_is_named_with_how_it_is_charged_or_why_it_has_no_price() {
    let function = |name: &'static str| (name, "AWS::Lambda::Function", "a-function", json!({}));
    let database = ("shared/Db@1", "AWS::RDS::DBInstance", "db", json!({}));
    let before = recorded(&[function("a/Function@1"), database.clone()]);
    let after = recorded(&[
        function("a/Function@1"),
        function("b/Function@1"),
        ("shared/Bucket@1", "AWS::S3::Bucket", "bucket", json!({})),
        database,
        ("shared/Orders@1", "AWS::DynamoDB::Table", "orders-1", json!({})),
        ("shared/Orders@2", "AWS::DynamoDB::Table", "orders-2", json!({})),
    ]);
    insta::assert_snapshot!("costs", costs(&before, &after, &WIDE));
    insta::assert_snapshot!("costs_narrow", costs(&after, &before, &NARROW));
}

#[test]
fn a_deployment_says_what_stands_costs() {
    let after = recorded(&[
        ("a/Function@1", "AWS::Lambda::Function", "a-function", json!({})),
        ("shared/Db@1", "AWS::RDS::DBInstance", "db", json!({})),
        ("shared/Errors@1", "AWS::CloudWatch::Alarm", "errors", json!({})),
    ]);
    let head = uploaded(Outcome::Deployed);
    let account = |cost| Account { deployment: &head, plan: None, failed: None, entries: &[], cost, files: FILES };
    let cost = Cost::of(&after, pricer);
    let told = deployment(&account(Some(&cost)), &Style::plain(300));
    let line = "  standing   0.10 USD a month; 1 resource charged by use, which is not counted; 1 resource without a \
                known price; list prices of us-east-1 as of 2026-08-01 to 2026-08-02\n";
    assert!(told.contains(line), "{told}");
    let summary = deployment_summary(&account(Some(&cost)));
    assert_eq!(summary["cost"]["standing"], "0.10");
    assert_eq!(summary["cost"]["by_use"][0]["charges"][0]["usd"], "0.20");
    assert_eq!(summary["cost"]["unknown"][0]["why"], "no price of this type is known");
    assert_eq!(summary["cost"]["sources"][1]["as_of"], "2026-08-02");

    let told = deployment(&account(None), &WIDE);
    assert!(!told.contains("standing"), "{told}");
    assert_eq!(deployment_summary(&account(None))["cost"], Value::Null);
}

#[test]
fn what_a_change_makes_of_the_costs_is_told_in_a_line() {
    let told = |from: &Recorded, to: &Recorded| {
        cost_change(&Cost::of(from, pricer), &Cost::of(to, pricer), &Style::plain(200))
    };
    let (one, two) = (alarms(&[("Errors", 1)]), alarms(&[("Errors", 1), ("Slow", 1)]));
    let origin = "list prices of us-east-1 as of 2026-08-01";
    assert_eq!(told(&one, &two), format!("Standing costs: 0.20 USD a month, 0.10 more; {origin}\n"));
    assert_eq!(told(&two, &one), format!("Standing costs: 0.10 USD a month, 0.10 less; {origin}\n"));
    assert_eq!(told(&two, &two), format!("Standing costs: 0.20 USD a month; {origin}\n"));
}

#[test]
fn what_was_sent_is_priced_and_not_what_is_asked_for_with_references() {
    let mut recorded = alarms(&[("Errors", 1)]);
    let resource = recorded.resources.values_mut().next().unwrap();
    resource.sent = model::properties(json!({ "Metrics": 4 }));
    assert_eq!(Cost::of(&recorded, pricer).standing(), Usd(400_000));
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
    insta::assert_snapshot!("compared", compare(&from, &to, &KNOWN, &WIDE));
    insta::assert_snapshot!("compared_narrow", compare(&from, &to, &KNOWN, &NARROW));
    insta::assert_snapshot!("compared_coloured", visible(&compare(&from, &to, &KNOWN, &COLOURED)));
    let told = compare_summary(&from, &to, &KNOWN);
    insta::assert_json_snapshot!("compared_json", json!([told["config"], told["resources"], told["outputs"]]));
    insta::assert_json_snapshot!("compared_cost_json", told["cost"]);
    assert_eq!(told["from"]["revision"], 3);
    let nothing = compare(&from, &Side { after: None, config: None, ..from }, &KNOWN, &WIDE);
    assert!(nothing.contains("no record of 0199d2a4c5 is kept"), "{nothing}");
    assert!(!nothing.contains("Cost"), "{nothing}");
    assert!(nothing.contains("-    memory: 256"), "{nothing}");
    assert!(compare(&from, &from, &KNOWN, &WIDE).contains("4 alike"));
}
