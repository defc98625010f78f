//! What the engine's own roles and resource policies allow, judged as documents.
//!
//! The emulated account holds each function to its role, so that a *missing* permission fails an end-to-end test; what is too
//! much it does not notice. The state machine's role it does not check at all, and of the bucket policies only denials that
//! need no TLS. That is why they are tested here.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot read its document has failed"
)]

use contracts::{
    intrinsics::{ACCOUNT, Installation, REGION},
    policy::{Decision, Policy, Request, decide},
    template,
};
use serde_json::{Value, json};

const FUNCTIONS: [(&str, &str); 6] = [
    ("Intake", "intake"),
    ("DriftScan", "drift-scan"),
    ("Plan", "plan"),
    ("ProvisionWave", "provision-wave"),
    ("Rollback", "rollback"),
    ("Conclude", "conclude"),
];

const ROLES: [&str; 7] = [
    "IntakeRole",
    "DriftScanRole",
    "PlanRole",
    "ProvisionWaveRole",
    "RollbackRole",
    "ConcludeRole",
    "StateMachineRole",
];

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/strandline-{name}-{REGION}")
}

fn identity(here: &Installation<'_>, role: &str) -> Vec<Policy> {
    let policies = here.property(role, "/Policies").unwrap();
    policies.as_array().unwrap().iter().map(|policy| Policy::parse(&policy["PolicyDocument"]).unwrap()).collect()
}

fn resource_policy(here: &Installation<'_>, name: &str) -> Policy {
    Policy::parse(&here.property(name, "/PolicyDocument").unwrap()).unwrap()
}

fn statements(template: &Value, role: &str) -> Vec<Value> {
    let here = Installation::new(template, &[]);
    let policies = here.property(role, "/Policies").unwrap();
    let policies = policies.as_array().unwrap();
    policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap().clone()).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map_or_else(|| vec![value.as_str().unwrap()], |many| many.iter().map(|one| one.as_str().unwrap()).collect())
}

fn local(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

fn inbox(key: &str) -> String {
    format!("arn:aws:s3:::strands-inbox-{ACCOUNT}-{REGION}/{key}")
}

fn deployments(key: &str) -> String {
    format!("arn:aws:s3:::strands-deployments-{ACCOUNT}-{REGION}/{key}")
}

#[test]
fn no_role_has_an_action_with_a_wildcard() {
    let template = template::engine().unwrap();
    for role in ROLES {
        for statement in statements(&template, role) {
            assert_eq!(statement["Effect"], "Allow");
            for action in texts(&statement["Action"]) {
                assert!(!action.contains('*'), "{role}: {action}");
            }
        }
    }
}

#[test]
fn every_resource_is_a_wildcard_only_where_aws_knows_none() {
    let template = template::engine().unwrap();
    for role in ROLES {
        for statement in statements(&template, role).iter().filter(|one| texts(&one["Resource"]).contains(&"*")) {
            for action in texts(&statement["Action"]) {
                let vended = role == "StateMachineRole" && action.starts_with("logs:");
                // A task token is no resource.
                let release = role == "ConcludeRole" && *action == *"states:SendTaskSuccess";
                assert!(action.starts_with("xray:") || vended || release, "{role}: {action}");
            }
        }
    }
}

#[test]
fn only_who_makes_and_who_looks_assume_target_roles_and_only_target_roles() {
    let template = template::engine().unwrap();
    let here = Installation::new(&template, &[]);
    let target = format!("arn:aws:iam::{ACCOUNT}:role/strandline-target-shop-dev");
    for (function, _) in FUNCTIONS {
        let identity = identity(&here, &format!("{function}Role"));
        let assumes = |role: &str| decide(&identity, None, &Request::new("sts:AssumeRole", role)) == Decision::Allowed;
        assert_eq!(assumes(&target), ["ProvisionWave", "DriftScan"].contains(&function), "{function}");
        assert!(!assumes(&format!("arn:aws:iam::{ACCOUNT}:role/admin")), "{function}");
        assert!(!assumes(&format!("arn:aws:iam::{ACCOUNT}:role/strandline/shop/dev/shop-dev-agent")), "{function}");
    }
}

#[test]
fn no_function_touches_what_is_deployed_by_its_own_role() {
    let template = template::engine().unwrap();
    for (function, _) in FUNCTIONS {
        for statement in statements(&template, &format!("{function}Role")) {
            for action in texts(&statement["Action"]) {
                let service = action.split(':').next().unwrap();
                let own = ["s3", "dynamodb", "states", "sqs", "sns", "logs", "xray", "sts"].contains(&service);
                // Of the engine's functions, which are not deployed by it, one may be asked by one.
                let asks = function == "Intake" && statement["Sid"] == "SayWhatIsOver";
                assert!(own || asks, "{function}: {action}");
            }
        }
    }
}

/// What each function does to the stores; whatever of this is not listed for it, it may not do.
#[test]
fn each_function_has_what_it_needs_and_not_what_another_needs() {
    let template = template::engine().unwrap();
    let here = Installation::new(&template, &[]);
    let machine = local("states", "stateMachine:strandline-deploy");
    let cases: [(&str, String, &[&str]); 35] = [
        ("s3:GetObjectVersion", inbox("shop/dev/bundle.zip"), &["Intake"]),
        ("s3:PutObject", inbox("shop/dev/bundle.zip"), &[]),
        ("s3:PutObject", deployments("artifacts/a.zip"), &["Intake"]),
        ("s3:PutObject", deployments("refused/d/report.json"), &["Intake"]),
        (
            "s3:PutObject",
            deployments("shop/dev/deployments/d/metadata.json"),
            &["Intake", "DriftScan", "Plan", "ProvisionWave", "Rollback", "Conclude"],
        ),
        ("s3:PutObject", deployments("shop/dev/current/state.json"), &["ProvisionWave", "Conclude"]),
        // What is too large for the table: heads are written by all of them, records and journals read by all but one.
        (
            "s3:PutObject",
            deployments("shop/dev/values/v.json"),
            &["Intake", "Plan", "ProvisionWave", "Rollback", "Conclude"],
        ),
        (
            "s3:GetObjectVersion",
            deployments("shop/dev/values/v.json"),
            &["Intake", "DriftScan", "Plan", "ProvisionWave", "Rollback", "Conclude"],
        ),
        ("s3:DeleteObject", deployments("shop/dev/values/v.json"), &["Conclude"]),
        ("s3:GetObjectVersion", deployments("artifacts/a.zip"), &["Intake", "Plan", "ProvisionWave"]),
        ("s3:DeleteObject", deployments("artifacts/a.zip"), &["Conclude"]),
        // What functions behind custom resources answer, they answer with the rights of who asked them.
        ("s3:PutObject", deployments("custom/shop/dev/a/Counter@1/answers/r.json"), &["ProvisionWave"]),
        ("s3:GetObjectVersion", deployments("custom/shop/dev/a/Counter@1/answers/r.json"), &["ProvisionWave"]),
        ("s3:DeleteObject", deployments("refused/d/report.json"), &[]),
        ("s3:DeleteObjectVersion", deployments("shop/dev/deployments/d/config.yaml"), &["Conclude"]),
        ("s3:DeleteObjectVersion", deployments("artifacts/a.zip"), &["Conclude"]),
        ("s3:DeleteObjectVersion", deployments("refused/d/report.json"), &[]),
        ("s3:DeleteObjectVersion", inbox("shop/dev/bundle.zip"), &[]),
        (
            "dynamodb:GetItem",
            local("dynamodb", "table/strandline"),
            &["Intake", "DriftScan", "Plan", "ProvisionWave", "Rollback", "Conclude"],
        ),
        (
            "dynamodb:Query",
            local("dynamodb", "table/strandline"),
            &["Intake", "Plan", "ProvisionWave", "Rollback", "Conclude"],
        ),
        (
            "dynamodb:UpdateItem",
            local("dynamodb", "table/strandline"),
            &["Intake", "Plan", "ProvisionWave", "Rollback", "Conclude"],
        ),
        // Intake takes what is superseded out of the queue.
        ("dynamodb:DeleteItem", local("dynamodb", "table/strandline"), &["Intake", "ProvisionWave", "Conclude"]),
        ("dynamodb:Scan", local("dynamodb", "table/strandline"), &[]),
        ("dynamodb:DeleteTable", local("dynamodb", "table/strandline"), &[]),
        ("states:StartExecution", machine.clone(), &["Intake", "Conclude"]),
        ("states:DescribeExecution", local("states", "execution:strandline-deploy:d-1"), &["Intake", "Conclude"]),
        // Only its own: what it releases are executions that wait for approval.
        ("states:SendTaskSuccess", machine.clone(), &["Conclude"]),
        ("states:UpdateStateMachine", machine, &[]),
        ("lambda:InvokeFunction", local("lambda", "function:strandline-conclude"), &["Intake"]),
        ("lambda:InvokeFunction", local("lambda", "function:strandline-provision-wave"), &[]),
        ("lambda:InvokeFunction", local("lambda", "function:shop-dev-agent"), &[]),
        ("lambda:UpdateFunctionCode", local("lambda", "function:strandline-conclude"), &[]),
        ("sns:Publish", here.arn("Notifications").unwrap(), &["Conclude"]),
        ("sns:Publish", local("sns", "strandline-other"), &[]),
        ("sns:Subscribe", here.arn("Notifications").unwrap(), &[]),
    ];
    for (function, _) in FUNCTIONS {
        let identity = identity(&here, &format!("{function}Role"));
        for (action, resource, who) in &cases {
            let allowed = decide(&identity, None, &Request::new(action, resource)) == Decision::Allowed;
            assert_eq!(allowed, who.contains(&function), "{function}: {action} on {resource}");
        }
    }
}

#[test]
fn the_state_machine_invokes_the_functions_and_nothing_else() {
    let template = template::engine().unwrap();
    let here = Installation::new(&template, &[]);
    let identity = identity(&here, "StateMachineRole");
    let may =
        |action: &str, resource: &str| decide(&identity, None, &Request::new(action, resource)) == Decision::Allowed;
    for (_, name) in FUNCTIONS {
        assert!(may("lambda:InvokeFunction", &local("lambda", &format!("function:strandline-{name}"))), "{name}");
    }
    assert!(!may("lambda:InvokeFunction", &local("lambda", "function:shop-dev-agent")));
    assert!(!may("lambda:InvokeFunction", &local("lambda", "function:strandline-other")));
    assert!(!may("states:StartExecution", &local("states", "stateMachine:strandline-deploy")));
    assert!(!may("s3:GetObject", &deployments("artifacts/a.zip")));
}

#[test]
fn only_the_functions_write_into_the_deployments_bucket() {
    let template = template::engine().unwrap();
    let policy = resource_policy(&Installation::new(&template, &[]), "DeploymentsPolicy");
    let metadata = deployments("shop/dev/deployments/d/metadata.json");
    let asked = |who: &str, action: &str| {
        policy.decide(&Request::new(action, &metadata).by(who).with("aws:SecureTransport", "true"))
    };
    for (_, name) in FUNCTIONS {
        assert_eq!(asked(&role_arn(name), "s3:PutObject"), Decision::NotAllowed, "{name} is left to its own policy");
    }
    for who in [
        format!("arn:aws:iam::{ACCOUNT}:root"),
        format!("arn:aws:iam::{ACCOUNT}:user/admin"),
        format!("arn:aws:iam::{ACCOUNT}:role/admin"),
        format!("arn:aws:iam::{ACCOUNT}:role/strandline-target-shop-dev"),
        format!("arn:aws:iam::{ACCOUNT}:role/strandline-deploy-{REGION}"),
        "arn:aws:iam::999999999999:role/strandline-plan-eu-central-1".to_owned(),
        "logging.s3.amazonaws.com".to_owned(),
    ] {
        for action in
            ["s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:RestoreObject"]
        {
            assert_eq!(asked(&who, action), Decision::Denied, "{who}: {action}");
        }
        assert_ne!(asked(&who, "s3:GetObject"), Decision::Denied, "{who} may be allowed to look");
    }
}

#[test]
fn what_is_referred_to_is_never_overwritten() {
    let template = template::engine().unwrap();
    let policy = resource_policy(&Installation::new(&template, &[]), "DeploymentsPolicy");
    for key in [
        "artifacts/a.zip",
        "shop/dev/deployments/d/config.yaml",
        "shop/dev/deployments/d/plans/p.json",
        "shop/dev/deployments/d/snapshots/s.json",
        "shop/dev/values/v.json",
    ] {
        let put = Request::new("s3:PutObject", &deployments(key))
            .by(&role_arn("intake"))
            .with("aws:SecureTransport", "true")
            .with("s3:ObjectCreationOperation", "true");
        assert_eq!(policy.decide(&put), Decision::Denied, "{key}");
        assert_eq!(policy.decide(&put.clone().with("s3:if-none-match", "*")), Decision::NotAllowed, "{key}");
        // Over itself: what is addressed by its content.
        let over_itself = policy.decide(&put.with("s3:if-match", "\"0\""));
        let is_content = !key.contains("/deployments/");
        assert_eq!(over_itself == Decision::NotAllowed, is_content, "{key}");
    }
}

#[test]
fn nothing_is_kept_where_it_can_be_read_without_tls() {
    let template = template::engine().unwrap();
    let here = Installation::new(&template, &[]);
    for (name, action, resource) in [
        ("InboxPolicy", "s3:GetObject", inbox("shop/dev/strands.yaml")),
        ("InboxPolicy", "s3:PutObject", inbox("shop/dev/strands.yaml")),
        ("DeploymentsPolicy", "s3:GetObject", deployments("artifacts/a.zip")),
        ("DeploymentsPolicy", "s3:PutObject", deployments("refused/d/report.json")),
        ("IntakeDeadLettersPolicy", "sqs:ReceiveMessage", local("sqs", "strandline-intake-dead-letters")),
        ("ConcludeDeadLettersPolicy", "sqs:ReceiveMessage", local("sqs", "strandline-conclude-dead-letters")),
        ("NotificationsPolicy", "sns:Publish", local("sns", "strandline-notifications")),
        ("NotificationsPolicy", "sns:Subscribe", local("sns", "strandline-notifications")),
    ] {
        let plain = Request::new(action, &resource).by(&role_arn("intake")).with("aws:SecureTransport", "false");
        assert_eq!(resource_policy(&here, name).decide(&plain), Decision::Denied, "{name}: {action}");
    }
}

#[test]
fn target_roles_read_artifacts_from_the_accounts_that_are_listed() {
    let template = template::engine().unwrap();
    let read = |accounts: Option<Value>, account: &str, role: &str, key: &str| {
        let parameters: Vec<_> = accounts.map(|listed| ("TargetAccounts", listed)).into_iter().collect();
        let policy = resource_policy(&Installation::new(&template, &parameters), "DeploymentsPolicy");
        let asked = Request::new("s3:GetObject", &deployments(key)).with("aws:SecureTransport", "true");
        policy.decide(&asked.by(&format!("arn:aws:iam::{account}:role/{role}")))
    };
    let other = "999999999999";
    let listed = || Some(json!([other]));
    assert_eq!(read(None, ACCOUNT, "strandline-target-shop-dev", "artifacts/a.zip"), Decision::Allowed);
    assert_eq!(read(None, other, "strandline-target-shop-dev", "artifacts/a.zip"), Decision::NotAllowed);
    assert_eq!(read(listed(), other, "strandline-target-shop-dev", "artifacts/a.zip"), Decision::Allowed);
    assert_eq!(read(listed(), other, "admin", "artifacts/a.zip"), Decision::NotAllowed);
    assert_eq!(
        read(listed(), other, "strandline-target-shop-dev", "shop/dev/current/state.json"),
        Decision::NotAllowed
    );
}

#[test]
fn dead_letters_are_taken_from_our_rules_only() {
    let template = template::engine().unwrap();
    let here = Installation::new(&template, &[]);
    for (queue, rule) in [
        ("IntakeDeadLetters", "strandline-upload"),
        ("ConcludeDeadLetters", "strandline-sweeper"),
        ("ConcludeDeadLetters", "strandline-keeper"),
        ("ConcludeDeadLetters", "strandline-execution-ended"),
    ] {
        let policy = resource_policy(&here, &format!("{queue}Policy"));
        let sent = |rule: &str| {
            let asked = Request::new("sqs:SendMessage", &here.arn(queue).unwrap()).by("events.amazonaws.com");
            policy.decide(&asked.with("aws:SourceArn", &local("events", &format!("rule/{rule}"))))
        };
        assert_eq!(sent(rule), Decision::Allowed);
        assert_eq!(sent("another"), Decision::NotAllowed);
    }
}

#[test]
fn nobody_but_conclude_tells_people_and_whoever_may_by_their_own_policies_subscribes() {
    let template = template::engine().unwrap();
    let here = Installation::new(&template, &[]);
    let topic = here.arn("Notifications").unwrap();
    assert_eq!(here.property("ConcludeFunction", "/Environment/Variables/STRANDS_NOTIFICATIONS").unwrap(), topic);
    assert_eq!(here.property("Notifications", "/KmsMasterKeyId").unwrap(), "alias/aws/sns");
    let policy = resource_policy(&here, "NotificationsPolicy");
    let asked = |who: &str, action: &str| {
        policy.decide(&Request::new(action, &topic).by(who).with("aws:SecureTransport", "true"))
    };
    for (_, name) in FUNCTIONS {
        let expected = if name == "conclude" { Decision::NotAllowed } else { Decision::Denied };
        assert_eq!(asked(&role_arn(name), "sns:Publish"), expected, "{name}");
    }
    for who in [
        format!("arn:aws:iam::{ACCOUNT}:root"),
        format!("arn:aws:iam::{ACCOUNT}:role/admin"),
        format!("arn:aws:iam::{ACCOUNT}:role/strandline-target-shop-dev"),
        "arn:aws:iam::999999999999:role/strandline-conclude-eu-central-1".to_owned(),
        "cloudwatch.amazonaws.com".to_owned(),
    ] {
        assert_eq!(asked(&who, "sns:Publish"), Decision::Denied, "{who}");
        assert_eq!(asked(&who, "sns:Subscribe"), Decision::NotAllowed, "{who} is left to its own policy");
    }
    for statement in here.property("NotificationsPolicy", "/PolicyDocument/Statement").unwrap().as_array().unwrap() {
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "SNS refuses {action} in the policy of a topic");
        }
    }
}

#[test]
fn what_is_kept_outlives_the_stack() {
    let template = template::engine().unwrap();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let kind = resource["Type"].as_str().unwrap();
        if ["AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::DynamoDB::Table"].contains(&kind) {
            assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
        }
    }
}

#[test]
fn the_lifecycle_removes_nothing_that_can_be_referred_to() {
    let template = template::engine().unwrap();
    let rules = &template["Resources"]["Deployments"]["Properties"]["LifecycleConfiguration"]["Rules"];
    for rule in rules.as_array().unwrap() {
        let removes = ["ExpirationInDays", "ExpirationDate", "NoncurrentVersionExpiration", "Transitions"];
        if removes.iter().any(|what| rule.get(what).is_some()) {
            assert!(rule["Prefix"] == "refused/" || rule["Prefix"] == "custom/", "{rule}");
        }
    }
}

/// What is current becomes an earlier version when it expires: where earlier ones go sooner, a later answer would be the oldest
/// that is left, and count as the first.
#[test]
fn the_first_answer_is_kept_for_as_long_as_any_other() {
    let template = template::engine().unwrap();
    let rules = &template["Resources"]["Deployments"]["Properties"]["LifecycleConfiguration"]["Rules"];
    let rule = rules.as_array().unwrap().iter().find(|rule| rule["Prefix"] == "custom/").unwrap();
    let earlier = rule["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64().unwrap();
    // S3 removes within a day or two of what a rule says.
    assert!(earlier > rule["ExpirationInDays"].as_u64().unwrap() + 2, "{rule}");
}

#[test]
fn every_function_is_told_what_it_must_know_and_logs_where_it_may() {
    let template = template::engine().unwrap();
    let here = Installation::new(&template, &[]);
    for (function, binary) in FUNCTIONS {
        let resource = &template["Resources"][format!("{function}Function")];
        assert_eq!(
            resource["Metadata"],
            json!({"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": binary}})
        );
        let group = here.property(&format!("{function}Function"), "/LoggingConfig/LogGroup").unwrap();
        assert_eq!(group, format!("/aws/lambda/strandline-{binary}"));
        let own = &resource["Properties"]["Environment"]["Variables"];
        assert_eq!(own.get("STRANDS_STATE_MACHINE").is_some(), ["Intake", "Conclude"].contains(&function));
        assert_eq!(own.get("STRANDS_LEASE_SECONDS").is_some(), function == "ProvisionWave");
        let identity = identity(&here, &format!("{function}Role"));
        let stream = local("logs", &format!("log-group:/aws/lambda/strandline-{binary}:log-stream:s"));
        assert_eq!(decide(&identity, None, &Request::new("logs:PutLogEvents", &stream)), Decision::Allowed);
    }
    let machine = here.property("IntakeFunction", "/Environment/Variables/STRANDS_STATE_MACHINE").unwrap();
    assert_eq!(machine, here.arn("StateMachine").unwrap());
}

#[test]
fn a_lease_is_longer_than_a_call_by_default() {
    let template = template::engine().unwrap();
    let default = |name: &str| template["Parameters"][name]["Default"].as_u64().unwrap();
    assert!(default("CallSeconds") < default("LeaseSeconds"));
    assert!(default("LeaseSeconds") < default("SliceSeconds"));
}
