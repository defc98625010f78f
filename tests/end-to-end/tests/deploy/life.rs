//! The life of a project in one account: made, left alone, changed a little, reduced.

use std::collections::BTreeSet;

use end_to_end::{Field, assert_deployed, outcome};
use model::{Deployment, Recorded};
use serde_json::{Value, json};

use crate::trial::{Trial, desk, with_polite_orders, without_research};
use end_to_end::sight::{Sight, text};

#[tokio::test]
async fn a_project_is_made_left_alone_changed_and_reduced() {
    let trial = Trial::start().await;
    the_first_deployment_makes_everything(&trial).await;
    the_same_upload_again_touches_nothing(&trial).await;
    changed_code_is_one_call(&trial).await;
    changed_memory_is_one_call(&trial).await;
    a_removed_agent_goes_with_all_that_is_its_own_and_nothing_else(&trial).await;
}

async fn the_first_deployment_makes_everything(trial: &Trial) {
    let deployment = trial.deploy(&desk()).await;
    assert_deployed(&deployment);
    the_engine_kept_to_its_stores_and_the_target_role(trial);
    let sight = trial.look().await;
    everything_of_the_desk_exists(&sight);
    everything_is_tagged(trial, &sight, &deployment).await;
    assert_eq!(sight.dangling(), Vec::<String>::new());
    agents_answer(trial, &sight).await;
    outputs_are_recorded(&sight, &deployment);
    the_history_is_complete(trial, &sight, &deployment).await;
}

async fn the_same_upload_again_touches_nothing(trial: &Trial) {
    let mark = trial.account.proxy.mark();
    let before = trial.look().await;
    let deployment = trial.deploy(&desk()).await;
    assert_eq!(outcome(&deployment).name(), "Unchanged");
    assert_eq!(trial.changes(mark), Vec::<String>::new());
    assert_eq!(trial.look().await.tree(), before.tree());
    assert!(deployment.outputs.contains_key("ApiEndpoint"), "an unchanged deployment tells the outputs, too");
}

async fn changed_code_is_one_call(trial: &Trial) {
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&with_polite_orders(desk())).await);
    let sight = trial.look().await;
    let function = sight.name("functions", "order-agent");
    assert_eq!(trial.changes(mark), [format!("lambda:UpdateFunctionCode {function}")]);
    let answer = trial.ask(&sight, "orders", "order 2 blue teapots").await;
    assert!(text(&answer, "/answer").starts_with("Thank you. Order"), "{answer}");
}

async fn changed_memory_is_one_call(trial: &Trial) {
    let mark = trial.account.proxy.mark();
    let project =
        with_polite_orders(desk()).with("strands.yaml", "memory: 256\n    timeout: 15", "memory: 384\n    timeout: 15");
    assert_deployed(&trial.deploy(&project).await);
    let sight = trial.look().await;
    let function = sight.name("functions", "order-agent");
    assert_eq!(trial.changes(mark), [format!("lambda:UpdateFunctionConfiguration {function}")]);
    assert_eq!(sight.one("functions", "order-agent").pointer("/Configuration/MemorySize"), Some(&json!(384)));
}

async fn a_removed_agent_goes_with_all_that_is_its_own_and_nothing_else(trial: &Trial) {
    let mark = trial.account.proxy.mark();
    let before = trial.look().await;
    let role = text(before.one("functions", "research-agent"), "/Configuration/Role").to_owned();
    let role = role.rsplit('/').next().expect("a name").to_owned();
    let project =
        with_polite_orders(desk()).with("strands.yaml", "memory: 256\n    timeout: 15", "memory: 384\n    timeout: 15");
    assert_deployed(&trial.deploy(&without_research(project)).await);

    let after = trial.look().await;
    let gone: BTreeSet<String> = before.things().difference(&after.things()).cloned().collect();
    let its_own = |thing: &String| thing.contains("-research-agent-") || *thing == format!("roles {role}");
    let expected: BTreeSet<String> = before.things().into_iter().filter(its_own).collect();
    assert_eq!(gone, expected);
    let kinds: BTreeSet<&str> = gone.iter().filter_map(|thing| thing.split(' ').next()).collect();
    assert_eq!(kinds, BTreeSet::from(["alarms", "functions", "log_groups", "queues", "roles"]));
    assert!(after.things().is_subset(&before.things()), "nothing new: {:?}", after.things());
    for kind in before.tree().as_object().expect("kinds").keys().filter(|kind| *kind != "apis") {
        for (name, thing) in after.all(kind) {
            assert_eq!(before.all(kind).get(name), Some(thing), "{kind} {name}");
        }
    }
    let routes: Vec<&String> = after.http_api()["Routes"].as_object().expect("routes").keys().collect();
    assert_eq!(routes, ["POST /orders", "POST /support"]);
    assert_eq!(after.dangling(), Vec::<String>::new());
    for change in trial.changes(mark) {
        let is_removal = ["Delete", "Remove", "Detach"].iter().any(|verb| change.contains(&format!(":{verb}")));
        assert!(is_removal, "{change}");
    }
    let answer = trial.ask(&after, "support", "When are you open?").await;
    assert_eq!(text(&answer, "/tool"), "opening_hours");
    let answer = trial.ask(&after, "orders", "order 1 kettle").await;
    assert_eq!(text(&answer, "/tool"), "place");
    let recorded = trial.record().await;
    let left = recorded.resources.keys().filter(|key| key.address.stack == "research-agent").count();
    assert_eq!(left, 0, "nothing of it is left in the record");
}

/// Whatever changed, the target role changed it, except in the engine's own stores; and nothing was denied.
fn the_engine_kept_to_its_stores_and_the_target_role(trial: &Trial) {
    let calls = trial.account.proxy.calls();
    let denied: Vec<String> = calls.iter().filter(|call| call.was_denied()).map(ToString::to_string).collect();
    assert_eq!(denied, Vec::<String>::new());
    let role = format!("strandline-target-{}-{}", trial.id.project, trial.id.environment);
    let is_own_store = |call: &local::Call| {
        let resource = call.resource.as_deref().unwrap_or_default();
        let in_bucket = |bucket: String| resource == bucket || resource.starts_with(&format!("{bucket}/"));
        match call.service.as_str() {
            "dynamodb" => resource == "strandline",
            "s3" => in_bucket(trial.account.deployments()) || in_bucket(trial.account.inbox()),
            "states" => resource == "stateMachine:strandline-deploy",
            "sts" => call.operation == "AssumeRole" && resource == format!("role/{role}"),
            _ => false,
        }
    };
    let strays = calls.iter().filter(|call| !call.caller.is_role(&role) && !is_own_store(call));
    assert_eq!(strays.map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let meddling = calls.iter().filter(|call| call.caller.is_role(&role) && is_own_store(call));
    assert_eq!(meddling.map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    assert!(calls.iter().any(|call| call.mutating && call.caller.is_role(&role)), "the record has what the engine did");
}

fn everything_of_the_desk_exists(sight: &Sight) {
    let counts: Vec<(&str, usize)> =
        ["alarms", "apis", "buckets", "functions", "log_groups", "parameters", "queues", "roles", "tables", "topics"]
            .map(|kind| (kind, sight.all(kind).len()))
            .into();
    let expected = [
        ("alarms", 6),
        ("apis", 1),
        ("buckets", 1),
        ("functions", 3),
        ("log_groups", 3),
        ("parameters", 0),
        ("queues", 4),
        ("roles", 3),
        ("tables", 1),
        ("topics", 2),
    ];
    assert_eq!(counts, expected);
    functions_are_as_configured(sight);
    for (name, role) in sight.all("roles") {
        assert_eq!(text(role, "/Path"), "/strandline/support-desk/dev/", "{name}");
        let boundary = text(role, "/PermissionsBoundary/PermissionsBoundaryArn");
        assert!(boundary.ends_with(":policy/strandline-boundary-support-desk-dev"), "{name}: {boundary}");
    }
    for (name, group) in sight.all("log_groups") {
        assert_eq!(group.get("retentionInDays"), Some(&json!(14)), "{name}");
    }
    stores_are_safe(sight);
    let api = sight.http_api();
    let routes = api.get("Routes").and_then(Value::as_object).expect("routes");
    for (key, agent) in
        [("POST /support", "customer-support"), ("POST /orders", "order"), ("POST /research", "research")]
    {
        let function = text(sight.one("functions", &format!("{agent}-agent")), "/Configuration/FunctionArn");
        let to: Vec<&str> =
            routes[key].as_array().expect("routes").iter().map(|one| text(one, "/Integration")).collect();
        assert_eq!(to, [function], "{key}");
    }
    assert_eq!(routes.len(), 3);
    assert_eq!(api.pointer("/CorsConfiguration/AllowOrigins"), Some(&json!(["https://example.com"])));
    assert!(api.pointer("/Stages/$default/AutoDeploy").is_some_and(|on| on == true), "{api:#}");
}

fn functions_are_as_configured(sight: &Sight) {
    let settings = |agent: &str| {
        let function = sight.one("functions", agent);
        let of = |pointer: &str| function.pointer(&format!("/Configuration/{pointer}")).cloned().unwrap_or_default();
        json!([
            of("Runtime"),
            of("Handler"),
            of("MemorySize"),
            of("Timeout"),
            of("TracingConfig/Mode"),
            function["Concurrency"]
        ])
    };
    assert_eq!(settings("customer-support-agent"), json!(["python3.11", "handler.handle", 512, 30, "Active", 5]));
    assert_eq!(settings("order-agent"), json!(["python3.11", "handler.handle", 256, 15, "Active", null]));
    assert_eq!(settings("research-agent"), json!(["python3.11", "handler.handle", 256, 60, "Active", null]));
    let letters =
        |agent: &str| sight.one("functions", agent).pointer("/Configuration/DeadLetterConfig/TargetArn").is_some();
    assert!(letters("customer-support-agent") && letters("research-agent") && !letters("order-agent"));
    let variables = sight.one("functions", "customer-support-agent").pointer("/Configuration/Environment/Variables");
    let expected = json!({
        "MODEL": "anthropic.claude-3-5-haiku-20241022-v1:0",
        "ORDERS_TABLE": sight.name("tables", "Orders"),
    });
    assert_eq!(variables, Some(&expected));
}

fn stores_are_safe(sight: &Sight) {
    let bucket = sight.one("buckets", "documents");
    assert_eq!(text(bucket, "/Encryption/Rules/0/ApplyServerSideEncryptionByDefault/SSEAlgorithm"), "AES256");
    let block = bucket.get("PublicAccessBlock").and_then(Value::as_object).expect("a block of public access");
    assert!(block.len() == 4 && block.values().all(|on| on == true), "{block:?}");
    assert_eq!(text(bucket, "/Versioning"), "Enabled");
    let statement = bucket.pointer("/Policy/Statement/0").expect("a policy");
    assert_eq!(statement.get("Effect"), Some(&json!("Deny")));
    assert_eq!(statement.get("Condition"), Some(&json!({ "Bool": { "aws:SecureTransport": "false" } })));

    let table = sight.one("tables", "Orders");
    let keys = json!([{ "AttributeName": "PK", "KeyType": "HASH" }, { "AttributeName": "SK", "KeyType": "RANGE" }]);
    assert_eq!(table.get("KeySchema"), Some(&keys));
    assert_eq!(text(table, "/PointInTimeRecovery"), "ENABLED");
    assert_eq!(text(table, "/BillingModeSummary/BillingMode"), "PAY_PER_REQUEST");

    let queue = sight.one("queues", "WorkQueue-");
    let letters = sight.one("queues", "WorkQueueDeadLetters");
    assert_eq!(text(queue, "/RedrivePolicy/deadLetterTargetArn"), text(letters, "/QueueArn"));
    assert_eq!(text(queue, "/VisibilityTimeout"), "60");
    let topic = sight.one("topics", "AlarmNotifications");
    assert_eq!(topic.get("Subscriptions"), Some(&json!(["email ops@example.com"])));
}

/// Inherited tags and those of ownership, on everything that takes tags.
async fn everything_is_tagged(trial: &Trial, sight: &Sight, deployment: &Deployment) {
    let engine = trial.store.engine().await.expect("the installation has an id");
    let all = sight.tags();
    assert!(all.len() > 20, "{all:?}");
    for (thing, tags) in all {
        let tag =
            |name: &str| tags.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("{thing} has no `{name}`"));
        let inherited = [
            tag("team"),
            tag("cost-center"),
            tag("strands:project"),
            tag("strands:environment"),
            tag("strands:managed-by"),
        ];
        assert_eq!(inherited, ["support", "4711", "support-desk", "dev", "strandline"], "{thing}");
        assert_eq!([tag("strands:engine"), tag("strands:generation")], [engine.as_str(), "1"], "{thing}");
        assert_eq!([tag("strands:deployed-by"), tag("strands:version")], [deployment.id.as_str(), "0.1.0"], "{thing}");
        assert_eq!(tag("strands:deployed-at"), deployment.accepted.to_string(), "{thing}");
        let (stack, _) = tag("strands:resource").split_once('/').expect("an address");
        assert_eq!(tags.get("strands:agent").and_then(Value::as_str).unwrap_or("shared"), stack, "{thing}");
        assert_eq!(tags.get("tier").is_some(), stack == "customer-support-agent", "{thing}");
    }
}

async fn agents_answer(trial: &Trial, sight: &Sight) {
    let answer = trial.ask(sight, "support", "When are you open?").await;
    assert_eq!(text(&answer, "/tool"), "opening_hours");
    assert_eq!(text(&answer, "/model"), "anthropic.claude-3-5-haiku-20241022-v1:0");
    let placed = trial.ask(sight, "orders", "order 2 blue teapots").await;
    let order = text(&placed, "/order");
    let status = trial.ask(sight, "support", &format!("Where is my order {order}?")).await;
    assert_eq!(text(&status, "/answer"), format!("Order {order}, 2 × blue teapots, is placed."));
    let research = trial.ask(sight, "research", "Which teapots keep tea warm longest?").await;
    assert_eq!(text(&research, "/tool"), "enqueue");
}

fn outputs_are_recorded(sight: &Sight, deployment: &Deployment) {
    let output = |name: &str| {
        deployment.outputs.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no output `{name}`"))
    };
    assert!(output("ApiEndpoint").contains(&sight.api()));
    assert_eq!(output("OrderAgentFunctionName"), sight.name("functions", "order-agent"));
    assert_eq!(output("OrdersTableName"), sight.name("tables", "Orders"));
    assert_eq!(output("DocumentsBucketName"), sight.name("buckets", "documents"));
    assert!(output("WorkQueueUrl").ends_with(&sight.name("queues", "WorkQueue-")));
    assert!(output("AlertsTopicArn").ends_with(&sight.name("topics", "Alerts")));
}

async fn the_history_is_complete(trial: &Trial, sight: &Sight, deployment: &Deployment) {
    let field: &Field = trial;
    assert_eq!(field.history(deployment, "config.yaml").await, desk().text("strands.yaml"));
    let json_of = async |file: &str| {
        let text = field.history(deployment, file).await;
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("`{file}`: {error}"))
    };
    let plan = deployment.plan.as_ref().expect("a plan");
    let bytes = field.file(&plan.key).await.expect("the plan is kept");
    assert_eq!(model::Digest::of(&bytes), plan.digest);
    assert!(plan.key.ends_with(&format!("deployments/{}/plans/{}.json", deployment.id, plan.digest)));

    let before = json_of("state-before.json").await;
    assert_eq!(before.get("resources"), Some(&json!({})));
    let after: Recorded = serde_json::from_value(json_of("state-after.json").await).expect("a record");
    let record = field.record().await;
    assert_eq!((after.revision, &after.resources), (record.revision, &record.resources));
    let metadata: Deployment = serde_json::from_value(json_of("metadata.json").await).expect("a deployment");
    assert_eq!(&metadata, deployment);
    let log = field.history(deployment, "execution-log.jsonl").await;
    let entries: Vec<model::Entry> = log.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect();
    let of = |name: &str| {
        entries.iter().filter(|one| serde_json::to_value(one).is_ok_and(|one| one["event"] == name)).count()
    };
    assert_eq!(of("succeeded"), after.resources.len());
    assert_eq!(of("started"), after.resources.len());
    assert_eq!(of("failed"), 0);

    let state = field.file(&store::paths::state(&field.id)).await.expect("the current state");
    let state: Value = serde_json::from_slice(&state).expect("JSON");
    let of_type = |wanted: &str| -> BTreeSet<String> {
        let stacks = state["stacks"].as_object().expect("stacks").values();
        let resources = stacks.flat_map(|stack| stack["Resources"].as_object().expect("resources").values());
        let of_type = resources.filter(|one| one["Type"] == wanted);
        of_type.map(|one| one["PhysicalResourceId"].as_str().expect("an id").to_owned()).collect()
    };
    for (wanted, kind) in [
        ("AWS::CloudWatch::Alarm", "alarms"),
        ("AWS::DynamoDB::Table", "tables"),
        ("AWS::IAM::Role", "roles"),
        ("AWS::Lambda::Function", "functions"),
        ("AWS::Logs::LogGroup", "log_groups"),
        ("AWS::S3::Bucket", "buckets"),
    ] {
        let existing: BTreeSet<String> = sight.all(kind).keys().cloned().collect();
        assert_eq!(of_type(wanted), existing, "{wanted}");
    }
    assert_eq!(state["outputs"], json!(deployment.outputs));
}
