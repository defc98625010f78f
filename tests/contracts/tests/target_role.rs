//! What the target role and the boundary allow, judged as documents.
//!
//! The emulated account never sends `iam:PermissionsBoundary` or `iam:PassedToService` and names roles without their path, so
//! that it cannot enforce the better half of this: these tests are all that holds it.

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

const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/strandline-boundary-shop-dev";
const ROLE: &str = "arn:aws:iam::111122223333:role/strandline/shop/dev/shop-dev-agent";
const WAVE: &str = "arn:aws:iam::111122223333:role/strandline-provision-wave-eu-central-1";

struct Environment {
    role: Vec<Policy>,
    trust: Policy,
    boundary: Policy,
    /// What its administrator lets it read besides.
    readable: Policy,
}

/// The environment `dev` of the project `shop`.
fn installed(more: &[(&str, Value)]) -> Environment {
    let template = template::target_role().unwrap();
    let mut parameters = vec![("Project", json!("shop")), ("Environment", json!("dev"))];
    parameters.extend_from_slice(more);
    let here = Installation::new(&template, &parameters);
    let policies = here.property("TargetRole", "/Policies").unwrap();
    let messages = here.property("Messages", "/PolicyDocument").unwrap();
    let documents = policies.as_array().unwrap().iter().map(|policy| &policy["PolicyDocument"]).chain([&messages]);
    Environment {
        role: documents.map(|document| Policy::parse(document).unwrap()).collect(),
        trust: Policy::parse(&here.property("TargetRole", "/AssumeRolePolicyDocument").unwrap()).unwrap(),
        boundary: Policy::parse(&here.property("Boundary", "/PolicyDocument").unwrap()).unwrap(),
        readable: Policy::parse(&here.property("Readable", "/PolicyDocument").unwrap()).unwrap(),
    }
}

impl Environment {
    fn target(&self, request: &Request) -> Decision {
        decide(&self.role, None, request)
    }

    /// A role whose own policy allows everything, as one that somebody made behind our back would.
    fn administrator(&self, action: &str, resource: &str) -> Decision {
        let all = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let request = Request::new(action, resource).with("aws:ResourceAccount", ACCOUNT);
        decide(&[Policy::parse(&all).unwrap()], Some(&self.boundary), &request)
    }
}

fn local(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// What the engine keeps, by an action that would harm it.
fn engine() -> Vec<(&'static str, String)> {
    vec![
        ("dynamodb:PutItem", local("dynamodb", "table/strandline")),
        ("dynamodb:DeleteTable", local("dynamodb", "table/strandline")),
        ("s3:PutObject", format!("arn:aws:s3:::strands-inbox-{ACCOUNT}-{REGION}/shop/dev/strands.yaml")),
        ("s3:GetObject", format!("arn:aws:s3:::strands-inbox-{ACCOUNT}-{REGION}/shop/dev/strands.yaml")),
        ("s3:PutObject", format!("arn:aws:s3:::strands-deployments-{ACCOUNT}-{REGION}/artifacts/a.zip")),
        ("s3:DeleteObjectVersion", format!("arn:aws:s3:::strands-deployments-{ACCOUNT}-{REGION}/artifacts/a.zip")),
        ("s3:PutBucketPolicy", format!("arn:aws:s3:::strands-deployments-{ACCOUNT}-{REGION}")),
        ("lambda:UpdateFunctionCode", local("lambda", "function:strandline-plan")),
        ("lambda:InvokeFunction", local("lambda", "function:strandline-plan")),
        ("states:StartExecution", local("states", "stateMachine:strandline-deploy")),
        ("states:StopExecution", local("states", "execution:strandline-deploy:d-1")),
        ("sqs:PurgeQueue", local("sqs", "strandline-intake-dead-letters")),
        ("iam:PutRolePolicy", WAVE.to_owned()),
        ("sts:AssumeRole", WAVE.to_owned()),
        ("iam:PutRolePolicy", format!("arn:aws:iam::{ACCOUNT}:role/strandline-target-shop-dev")),
        ("iam:UpdateAssumeRolePolicy", format!("arn:aws:iam::{ACCOUNT}:role/strandline-target-shop-prod")),
        ("iam:CreatePolicyVersion", BOUNDARY.to_owned()),
        ("iam:SetDefaultPolicyVersion", BOUNDARY.to_owned()),
        ("iam:DeletePolicy", BOUNDARY.to_owned()),
    ]
}

#[test]
fn an_administrator_within_the_boundary_administers_nothing() {
    let here = installed(&[]);
    for action in [
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:PassRole",
        "iam:DeleteRolePermissionsBoundary",
        "sts:AssumeRole",
        "sts:GetFederationToken",
        "organizations:LeaveOrganization",
        "account:CloseAccount",
        "ec2:RunInstances",
        "ec2:AuthorizeSecurityGroupIngress",
        "kms:ScheduleKeyDeletion",
        "kms:PutKeyPolicy",
        "cloudtrail:StopLogging",
        "cloudformation:CreateStack",
        "lambda:CreateFunction",
        "lambda:UpdateFunctionCode",
        "lambda:AddPermission",
        "dynamodb:DeleteTable",
        "s3:DeleteBucket",
        "s3:PutBucketPolicy",
        "sqs:DeleteQueue",
        "sns:DeleteTopic",
        "logs:DeleteLogGroup",
        "secretsmanager:PutSecretValue",
        "events:PutRule",
        "states:StartExecution",
        "bedrock:DeleteCustomModel",
        "guardduty:DeleteDetector",
        "config:StopConfigurationRecorder",
    ] {
        for resource in ["*", &local("x", "shop-dev-y"), "arn:aws:s3:::shop-dev-b", ROLE] {
            assert_ne!(here.administrator(action, resource), Decision::Allowed, "{action} on {resource}");
        }
    }
}

#[test]
fn an_administrator_within_the_boundary_does_not_reach_the_engine() {
    for (action, resource) in engine() {
        assert_eq!(installed(&[]).administrator(action, &resource), Decision::Denied, "{action} on {resource}");
    }
}

#[test]
fn an_administrator_within_the_boundary_reaches_its_own_environment_only() {
    let here = installed(&[]);
    for (action, own, others) in [
        ("dynamodb:GetItem", local("dynamodb", "table/shop-dev-t"), local("dynamodb", "table/bank-dev-t")),
        ("dynamodb:Query", local("dynamodb", "table/shop-dev-t/index/i"), local("dynamodb", "table/shop-prod-t")),
        ("s3:GetObject", "arn:aws:s3:::shop-dev-b/k".to_owned(), "arn:aws:s3:::shop-prod-b/k".to_owned()),
        ("sqs:SendMessage", local("sqs", "shop-dev-q"), local("sqs", "bank-dev-q")),
        ("sns:Publish", local("sns", "shop-dev-t"), local("sns", "shop-prod-t")),
        ("ssm:GetParameter", local("ssm", "parameter/shop/dev/p"), local("ssm", "parameter/shop/prod/p")),
        (
            "secretsmanager:GetSecretValue",
            local("secretsmanager", "secret:shop/dev/s-AbCdEf"),
            local("secretsmanager", "secret:bank/dev/s-AbCdEf"),
        ),
        (
            "secretsmanager:PutSecretValue",
            local("secretsmanager", "secret:shop/dev/s-AbCdEf"),
            local("secretsmanager", "secret:shop/prod/s-AbCdEf"),
        ),
        (
            "logs:PutLogEvents",
            local("logs", "log-group:/aws/lambda/shop-dev-f:log-stream:s"),
            local("logs", "log-group:/aws/lambda/shop-prod-f:log-stream:s"),
        ),
        ("lambda:InvokeFunction", local("lambda", "function:shop-dev-f"), local("lambda", "function:bank-dev-f")),
    ] {
        assert_eq!(here.administrator(action, &own), Decision::Allowed, "{action} on {own}");
        assert_ne!(here.administrator(action, &others), Decision::Allowed, "{action} on {others}");
    }
}

#[test]
fn a_bucket_of_a_stranger_that_fits_the_prefix_is_out_of_reach() {
    let stranger =
        Request::new("s3:PutObject", "arn:aws:s3:::shop-dev-trap/k").with("aws:ResourceAccount", "999999999999");
    let all = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let all = [Policy::parse(&all).unwrap()];
    assert_eq!(decide(&all, Some(&installed(&[]).boundary), &stranger), Decision::NotAllowed);
}

#[test]
fn the_target_role_makes_roles_with_the_boundary_and_not_without() {
    let here = installed(&[]);
    for action in ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"] {
        let asked = Request::new(action, ROLE);
        assert_eq!(
            here.target(&asked.clone().with("iam:PermissionsBoundary", BOUNDARY)),
            Decision::Allowed,
            "{action}"
        );
        assert_ne!(here.target(&asked), Decision::Allowed, "{action} without a boundary");
        let foreign = "arn:aws:iam::aws:policy/AdministratorAccess";
        assert_ne!(here.target(&asked.with("iam:PermissionsBoundary", foreign)), Decision::Allowed, "{action}");
    }
    let bare = Request::new("iam:CreateRole", ROLE);
    assert_eq!(here.target(&bare), Decision::Denied);
}

#[test]
fn the_target_role_makes_no_role_outside_its_path() {
    let here = installed(&[]);
    for role in
        ["role/shop-dev-agent", "role/strandline/shop/prod/r", "role/strandline/bank/dev/r", "role/strandline-target-x"]
    {
        let role = format!("arn:aws:iam::{ACCOUNT}:{role}");
        for action in
            ["iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole", "iam:PassRole"]
        {
            let asked = Request::new(action, &role)
                .with("iam:PermissionsBoundary", BOUNDARY)
                .with("iam:PassedToService", "lambda.amazonaws.com");
            assert_ne!(here.target(&asked), Decision::Allowed, "{action} on {role}");
        }
    }
}

#[test]
fn the_target_role_does_not_take_the_boundary_away() {
    let asked = Request::new("iam:DeleteRolePermissionsBoundary", ROLE).with("iam:PermissionsBoundary", BOUNDARY);
    assert_eq!(installed(&[]).target(&asked), Decision::Denied);
}

#[test]
fn the_target_role_passes_its_roles_to_functions_and_rules_only() {
    let passed = |to| installed(&[]).target(&Request::new("iam:PassRole", ROLE).with("iam:PassedToService", to));
    assert_eq!(passed("lambda.amazonaws.com"), Decision::Allowed);
    assert_eq!(passed("events.amazonaws.com"), Decision::Allowed);
    assert_ne!(passed("ec2.amazonaws.com"), Decision::Allowed);
}

#[test]
fn the_target_role_does_not_reach_the_engine() {
    for (action, resource) in engine() {
        let asked = Request::new(action, &resource).with("iam:PermissionsBoundary", BOUNDARY);
        assert_eq!(installed(&[]).target(&asked), Decision::Denied, "{action} on {resource}");
    }
}

#[test]
fn the_target_role_reads_artifacts_and_nothing_else_of_the_engine() {
    let here = installed(&[]);
    let bucket = format!("arn:aws:s3:::strands-deployments-{ACCOUNT}-{REGION}");
    let read = |key: &str| here.target(&Request::new("s3:GetObject", &format!("{bucket}/{key}")));
    assert_eq!(read("artifacts/a.zip"), Decision::Allowed);
    assert_ne!(read("shop/dev/deployments/d/config.yaml"), Decision::Allowed);
}

#[test]
fn functions_may_have_layers_of_other_accounts_and_of_their_own_environment() {
    let here = installed(&[]);
    let read = |resource: &str, account: &str| {
        here.target(&Request::new("lambda:GetLayerVersion", resource).with("aws:ResourceAccount", account))
    };
    let foreign = "arn:aws:lambda:eu-central-1:017000801446:layer:AWSLambdaPowertoolsPythonV3:7";
    assert_eq!(read(foreign, "017000801446"), Decision::Allowed);
    let own = |name: &str| local("lambda", &format!("layer:{name}:1"));
    assert_eq!(read(&own("shop-dev-l"), ACCOUNT), Decision::Allowed);
    assert_ne!(read(&own("bank-dev-l"), ACCOUNT), Decision::Allowed);
}

#[test]
fn the_target_role_keeps_to_its_environment() {
    let here = installed(&[]);
    for (action, own, others) in [
        ("lambda:CreateFunction", local("lambda", "function:shop-dev-f"), local("lambda", "function:shop-prod-f")),
        (
            "lambda:UpdateAlias",
            local("lambda", "function:shop-dev-f:live"),
            local("lambda", "function:bank-dev-f:live"),
        ),
        ("dynamodb:CreateTable", local("dynamodb", "table/shop-dev-t"), local("dynamodb", "table/bank-dev-t")),
        ("s3:CreateBucket", "arn:aws:s3:::shop-dev-b".to_owned(), "arn:aws:s3:::bank-dev-b".to_owned()),
        ("sqs:CreateQueue", local("sqs", "shop-dev-q"), local("sqs", "bank-dev-q")),
        ("sns:CreateTopic", local("sns", "shop-dev-t"), local("sns", "bank-dev-t")),
        ("ssm:PutParameter", local("ssm", "parameter/shop/dev/p"), local("ssm", "parameter/bank/dev/p")),
        ("lambda:PublishLayerVersion", local("lambda", "layer:shop-dev-l"), local("lambda", "layer:bank-dev-l")),
        ("lambda:DeleteLayerVersion", local("lambda", "layer:shop-dev-l:3"), local("lambda", "layer:shop-prod-l:3")),
        ("events:PutRule", local("events", "rule/shop-dev-r"), local("events", "rule/shop-prod-r")),
        ("events:PutTargets", local("events", "rule/orders/shop-dev-r"), local("events", "rule/orders/bank-dev-r")),
        (
            "secretsmanager:CreateSecret",
            local("secretsmanager", "secret:shop/dev/s-AbCdEf"),
            local("secretsmanager", "secret:bank/dev/s-AbCdEf"),
        ),
        ("cloudwatch:PutMetricAlarm", local("cloudwatch", "alarm:shop-dev-a"), local("cloudwatch", "alarm:bank-dev-a")),
        (
            "logs:CreateLogGroup",
            local("logs", "log-group:/aws/lambda/shop-dev-f"),
            local("logs", "log-group:/aws/lambda/bank-dev-f"),
        ),
    ] {
        assert_eq!(here.target(&Request::new(action, &own)), Decision::Allowed, "{action} on {own}");
        assert_ne!(here.target(&Request::new(action, &others)), Decision::Allowed, "{action} on {others}");
    }
    for action in
        ["ec2:RunInstances", "iam:CreateUser", "sts:AssumeRole", "dynamodb:GetItem", "s3:GetObject", "kms:Decrypt"]
    {
        assert_ne!(here.target(&Request::new(action, "arn:aws:s3:::shop-dev-b/k")), Decision::Allowed, "{action}");
    }
}

#[test]
fn the_target_role_may_search_for_what_carries_its_tags() {
    let here = installed(&[]);
    for action in ["tag:GetResources", "iam:ListRoles"] {
        assert_eq!(here.target(&Request::new(action, "*")), Decision::Allowed, "{action}");
    }
    assert_eq!(here.target(&Request::new("iam:ListRoleTags", ROLE)), Decision::Allowed);
    let other = format!("arn:aws:iam::{ACCOUNT}:role/strandline/shop/prod/r");
    assert_ne!(here.target(&Request::new("iam:ListRoleTags", &other)), Decision::Allowed);
    for action in ["tag:TagResources", "tag:UntagResources"] {
        assert_ne!(here.target(&Request::new(action, "*")), Decision::Allowed, "{action}");
    }
}

#[test]
fn the_target_role_looks_at_the_health_of_its_own_functions_only() {
    let here = installed(&[]);
    for own in ["function:shop-dev-f", "function:shop-dev-f:live"] {
        let asked = Request::new("lambda:InvokeFunction", &local("lambda", own));
        assert_eq!(here.target(&asked), Decision::Allowed, "{own}");
    }
    for other in ["function:bank-dev-f", "function:shop-prod-f", "function:strandline-provision-wave"] {
        let asked = Request::new("lambda:InvokeFunction", &local("lambda", other));
        assert_ne!(here.target(&asked), Decision::Allowed, "{other}");
    }
    assert_eq!(here.target(&Request::new("cloudwatch:DescribeAlarms", "*")), Decision::Allowed);
    let set = Request::new("cloudwatch:SetAlarmState", &local("cloudwatch", "alarm:shop-dev-a"));
    assert_ne!(here.target(&set), Decision::Allowed, "what is looked at is not touched");
}

#[test]
fn the_target_role_sees_whether_a_table_or_a_bucket_holds_anything() {
    let here = installed(&[]);
    for (action, own, others) in [
        ("dynamodb:Scan", local("dynamodb", "table/shop-dev-t"), local("dynamodb", "table/bank-dev-t")),
        ("s3:ListBucketVersions", "arn:aws:s3:::shop-dev-b".to_owned(), "arn:aws:s3:::bank-dev-b".to_owned()),
    ] {
        assert_eq!(here.target(&Request::new(action, &own)), Decision::Allowed, "{action}");
        assert_ne!(here.target(&Request::new(action, &others)), Decision::Allowed, "{action} on {others}");
    }
    assert_ne!(here.target(&Request::new("dynamodb:Scan", &local("dynamodb", "table/strandline"))), Decision::Allowed);
}

#[test]
fn an_api_of_another_project_is_told_by_its_tags() {
    let here = installed(&[]);
    let api = Request::new("apigateway:DELETE", &format!("arn:aws:apigateway:{REGION}::/apis/abc"));
    let tagged = |project, environment| {
        api.clone()
            .with("aws:ResourceTag/strands:project", project)
            .with("aws:ResourceTag/strands:environment", environment)
    };
    assert_eq!(here.target(&tagged("shop", "dev")), Decision::Allowed);
    assert_eq!(here.target(&tagged("bank", "dev")), Decision::Denied);
    assert_eq!(here.target(&tagged("shop", "prod")), Decision::Denied);
}

#[test]
fn the_target_role_reads_parameters_of_its_environment_and_of_aws_and_those_that_are_listed() {
    let listed = local("ssm", "parameter/platform/subnet");
    let here = installed(&[("ReadableParameters", json!([listed]))]);
    for action in ["ssm:GetParameter", "ssm:GetParameters"] {
        let own = Request::new(action, &local("ssm", "parameter/shop/dev/p"));
        let public =
            Request::new(action, &format!("arn:aws:ssm:{REGION}::parameter/aws/service/ami-amazon-linux-latest/a"));
        for asked in [own, public] {
            assert_eq!(here.target(&asked), Decision::Allowed, "{asked:?}");
        }
        let more = |parameter: &str| here.readable.decide(&Request::new(action, &local("ssm", parameter)));
        assert_ne!(here.target(&Request::new(action, &listed)), Decision::Allowed);
        assert_eq!(more("parameter/platform/subnet"), Decision::Allowed);
        assert_ne!(more("parameter/platform/other"), Decision::Allowed);
    }
    let template = template::target_role().unwrap();
    assert_eq!(template["Resources"]["Readable"]["Condition"], "MoreIsReadable", "a policy of nothing is none");
    assert_eq!(template["Resources"]["Readable"]["Properties"]["Roles"], json!([{ "Ref": "TargetRole" }]));
    assert_eq!(here.target(&Request::new("ec2:DescribeAvailabilityZones", "*")), Decision::Allowed);
}

#[test]
fn the_target_role_keeps_secrets_of_its_environment_and_reads_those_that_are_listed() {
    let listed = local("secretsmanager", "secret:platform/db-AbCdEf");
    let template = template::target_role().unwrap();
    let parameters = [("Project", json!("shop")), ("Environment", json!("dev")), ("ReadableSecrets", json!([listed]))];
    let more = Installation::new(&template, &parameters).property("ReadableSecret", "/PolicyDocument").unwrap();
    let more = Policy::parse(&more).unwrap();
    let here = installed(&[]);
    let read = |secret: &str| Request::new("secretsmanager:GetSecretValue", &local("secretsmanager", secret));
    assert_eq!(here.target(&read("secret:shop/dev/db-AbCdEf")), Decision::Allowed);
    for other in ["secret:shop/prod/db-AbCdEf", "secret:platform/db-AbCdEf", "secret:db-AbCdEf"] {
        assert_ne!(here.target(&read(other)), Decision::Allowed, "{other}");
    }
    assert_eq!(more.decide(&read("secret:platform/db-AbCdEf")), Decision::Allowed);
    assert_ne!(more.decide(&read("secret:platform/other-AbCdEf")), Decision::Allowed);
    let keeping =
        ["Create", "Delete", "Describe", "Restore", "Update"].map(|verb| format!("secretsmanager:{verb}Secret"));
    let more_of_it = ["PutSecretValue", "ListSecretVersionIds", "TagResource", "UntagResource"];
    let more_of_it = more_of_it.map(|operation| format!("secretsmanager:{operation}"));
    for action in keeping.iter().chain(&more_of_it) {
        let on = |secret: &str| Request::new(action, &local("secretsmanager", secret));
        assert_eq!(here.target(&on("secret:shop/dev/db-AbCdEf")), Decision::Allowed, "{action}");
        for other in ["secret:shop/prod/db-AbCdEf", "secret:platform/db-AbCdEf"] {
            assert_ne!(here.target(&on(other)), Decision::Allowed, "{action} on {other}");
        }
        if action != "secretsmanager:DescribeSecret" {
            assert_ne!(more.decide(&on("secret:platform/db-AbCdEf")), Decision::Allowed, "what is read is not touched");
        }
    }
    assert_eq!(here.target(&Request::new("secretsmanager:GetRandomPassword", "*")), Decision::Allowed);
}

#[test]
fn the_target_role_trusts_who_makes_and_who_looks_of_its_engine_only() {
    let here = installed(&[]);
    let asked = |who: &str| here.trust.decide(&Request::new("sts:AssumeRole", "*").by(who));
    assert_eq!(asked(WAVE), Decision::Allowed);
    assert_eq!(asked("arn:aws:iam::111122223333:role/strandline-drift-scan-eu-central-1"), Decision::Allowed);
    for other in [
        "arn:aws:iam::111122223333:role/strandline-plan-eu-central-1",
        "arn:aws:iam::111122223333:role/strandline-provision-wave-us-east-1",
        "arn:aws:iam::111122223333:role/strandline-drift-scan-us-east-1",
        "arn:aws:iam::111122223333:role/admin",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::999999999999:role/strandline-provision-wave-eu-central-1",
        "lambda.amazonaws.com",
    ] {
        assert_eq!(asked(other), Decision::NotAllowed, "{other}");
    }
}

#[test]
fn across_accounts_the_engine_must_show_its_external_id() {
    let wave = "arn:aws:iam::999999999999:role/strandline-provision-wave-eu-central-1";
    let asked = Request::new("sts:AssumeRole", "*").by(wave);
    let elsewhere = ("EngineAccountId", json!("999999999999"));
    let with_id = installed(&[elsewhere.clone(), ("ExternalId", json!("a-secret"))]);
    assert_eq!(with_id.trust.decide(&asked), Decision::NotAllowed);
    assert_eq!(with_id.trust.decide(&asked.clone().with("sts:ExternalId", "a-secret")), Decision::Allowed);
    // Forgotten at installation: nobody, rather than anybody. STS takes no id of fewer than two characters.
    let without = installed(&[elsewhere]);
    assert_eq!(without.trust.decide(&asked), Decision::NotAllowed);
    assert_eq!(without.trust.decide(&asked.with("sts:ExternalId", "ab")), Decision::NotAllowed);
}

/// IAM counts no white space: 6,144 characters for a managed policy, 10,240 for all inline policies of a role together.
#[test]
fn the_documents_fit_into_the_quotas_of_iam() {
    let template = template::target_role().unwrap();
    let long = json!("a".repeat(40));
    let here = Installation::new(&template, &[("Project", long.clone()), ("Environment", long)]);
    for managed in ["Boundary", "Messages"] {
        let length = here.property(managed, "/PolicyDocument").unwrap().to_string().len();
        assert!(length <= 6_144, "{managed}: {length}");
    }
    let attached = &template["Resources"]["TargetRole"]["Properties"]["ManagedPolicyArns"];
    assert_eq!(*attached, json!([{ "Ref": "Messages" }]), "what is no inline policy is attached");
    let policies = here.property("TargetRole", "/Policies").unwrap();
    let inline: usize = policies.as_array().unwrap().iter().map(|one| one["PolicyDocument"].to_string().len()).sum();
    assert!(inline <= 10_240, "{inline}");
}
