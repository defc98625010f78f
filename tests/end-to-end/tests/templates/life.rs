//! The life of a project of templates in one account.

use std::collections::BTreeSet;

use end_to_end::admin::DESK;
use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed, outcome};
use serde_json::{Value, json};

use crate::orders::{STACKS, asset, compare, logical_id, orders};

const API: &str = "cdk.out/OrdersApi.template.json";

/// What the config gives to parameters, by stack.
fn parameters() -> Value {
    json!({
        "OrdersApi": { "Stage": "test", "Memory": 256 },
        "audit": { "Days": 30 },
        "handmade": { "Owner": "letters-team" },
    })
}

#[tokio::test]
async fn templates_are_made_left_alone_changed_and_removed() {
    let trial = Trial::start().await;
    what_exists_is_what_the_templates_ask_for(&trial).await;
    the_same_upload_again_touches_nothing(&trial).await;
    let changed = a_changed_parameter_asset_and_value_elsewhere_touch_what_they_concern(&trial).await;
    what_is_removed_is_deleted_and_what_shall_be_retained_stays(&trial, changed.clone()).await;
    the_way_back_brings_everything_back(&trial, &changed).await;
}

async fn what_exists_is_what_the_templates_ask_for(trial: &Trial) {
    note(trial, "kept here").await;
    let project = orders();
    let mark = trial.account.proxy.mark();
    let deployment = trial.deploy_and_settle(&project).await;
    assert_deployed(&deployment);
    // The emulator forgets what an alarm computes, so that it is looked for in what was sent.
    let alarms = trial.changes_since(mark).into_iter().filter(|call| call.is("cloudwatch", "PutMetricAlarm"));
    let computed = alarms.filter(|call| call.body.windows(18).any(|part| part == b"errors + throttles")).count();
    assert_eq!(computed, 1);
    let compared = compare(trial, &project, STACKS, &parameters()).await;
    assert_eq!(compared.different, Vec::<String>::new());
    assert!(compared.resources >= 60 && compared.properties >= 220, "{compared:#?}");
    assert!(compared.types.len() >= 20, "{:?}", compared.types);
    for (name, value) in &compared.outputs {
        let (stack, name) = name.split_once('/').unwrap();
        let name = format!("{}{}{name}", stack[..1].to_uppercase(), &stack[1..]);
        assert_eq!(deployment.outputs.get(&name), Some(value), "{name}: {:#?}", deployment.outputs);
    }
    let texts: Value = serde_json::from_str(&trial.history(&deployment, "sources.json").await).unwrap();
    assert_eq!(texts["stacks/handmade.yaml"], project.text("stacks/handmade.yaml"));
    let names: Vec<&String> = texts.as_object().unwrap().keys().collect();
    assert!(names.iter().all(|name| !name.contains("asset.") && !name.ends_with("tree.json")), "{names:?}");
}

/// Puts the parameter that a template looks up.
async fn note(trial: &Trial, text: &str) {
    const PUT: &str = "import boto3, sys\n\
        boto3.client('ssm').put_parameter(Name='/support-desk/dev/given/note', Type='String', Value=sys.argv[1], Overwrite=True)\n";
    trial.python(PUT, &[text]).await;
}

async fn the_same_upload_again_touches_nothing(trial: &Trial) {
    let mark = trial.account.proxy.mark();
    let deployment = trial.deploy_and_settle(&orders()).await;
    assert_eq!(outcome(&deployment).name(), "Unchanged", "{:#?}", deployment.status);
    assert_eq!(calls(trial, mark), BTreeSet::new());
}

async fn a_changed_parameter_asset_and_value_elsewhere_touch_what_they_concern(trial: &Trial) -> Project {
    let mut project = orders().with("strands.yaml", "Memory: 256", "Memory: 320");
    // What CDK writes when code changes: another folder, under another name, which the template and the manifest say.
    let before = asset(&project, API, "Look");
    let after = format!("asset.{}", "5eed".repeat(16));
    let (old, new) = (before.trim_start_matches("asset."), after.trim_start_matches("asset."));
    let files = std::mem::take(&mut project.files);
    for (path, bytes) in files {
        let bytes = match path.ends_with("look.py") {
            true => String::from_utf8(bytes).unwrap().replace("here it is", "there it is").into_bytes(),
            false if path.ends_with(".json") => String::from_utf8(bytes).unwrap().replace(old, new).into_bytes(),
            false => bytes,
        };
        project.files.insert(path.replace(&before, &after), bytes);
    }
    note(trial, "kept there").await;
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy_and_settle(&project).await);
    let (audit, recorded) = ("stacks/audit.template.json", trial.record().await);
    let name = |stack: &str, template: &str, construct: &str| {
        let address = format!("{stack}/{}", logical_id(&project, template, construct));
        let found = recorded.resources.iter().find(|(key, _)| key.address.to_string() == address);
        found.and_then(|(_, one)| one.physical_id.clone()).expect("it is recorded")
    };
    let expected = [
        format!("lambda:UpdateFunctionCode {}", name("OrdersApi", API, "Look")),
        format!("lambda:UpdateFunctionConfiguration {}", name("OrdersApi", API, "Place")),
        format!("ssm:PutParameter {}", name("audit", audit, "Trail")),
    ];
    assert_eq!(calls(trial, mark), expected.into());
    let mut parameters = parameters();
    parameters["OrdersApi"]["Memory"] = json!(320);
    let compared = compare(trial, &project, STACKS, &parameters).await;
    assert_eq!(compared.different, Vec::<String>::new());
    project
}

async fn what_is_removed_is_deleted_and_what_shall_be_retained_stays(trial: &Trial, project: Project) {
    let before = trial.look().await;
    let project = project
        .with(
            "strands.yaml",
            "    assembly: cdk.out\n",
            "    assembly: cdk.out\n    stacks: [OrdersStorage, OrdersEvents, OrdersApi, OrdersWorker, OrdersGreeting, Prod-OrdersWatch]\n",
        )
        .with(
            "strands.yaml",
            "  - { name: handmade, template: stacks/handmade.yaml, parameters: { Owner: letters-team } }\n",
            "",
        );
    assert_deployed(&trial.deploy_and_settle(&project).await);
    let after = trial.look().await;
    let gone = |kind: &str| -> BTreeSet<String> {
        let names = |sight: &end_to_end::sight::Sight| -> BTreeSet<String> {
            sight.tree()[kind].as_object().unwrap().keys().cloned().collect()
        };
        names(&before).difference(&names(&after)).cloned().collect()
    };
    // The site's bucket, its logs and the ledger say `Retain`.
    assert_eq!(gone("buckets"), BTreeSet::new());
    assert_eq!(gone("tables"), BTreeSet::new());
    assert_eq!(gone("log_groups"), BTreeSet::new());
    assert_eq!((gone("functions").len(), gone("topics").len(), gone("queues").len()), (1, 2, 1));
    assert_eq!((gone("roles").len(), gone("parameters").len(), gone("alarms").len()), (1, 2, 1));
    let recorded = trial.record().await;
    let stacks: BTreeSet<&str> = recorded.resources.keys().map(|key| key.address.stack.as_str()).collect();
    assert!(!stacks.contains("handmade") && !stacks.contains("OrdersSite"), "{stacks:?}");
}

async fn the_way_back_brings_everything_back(trial: &Trial, project: &Project) {
    let before = trial.ids().await;
    trial.admin(&["rollback", DESK, "--to", "previous"]).await.expect("it is in the queue");
    let deployment = trial.next(&before).await;
    assert_eq!(outcome(&deployment).name(), "RolledBack", "{:#?}", deployment.status);
    let mut parameters = parameters();
    parameters["OrdersApi"]["Memory"] = json!(320);
    let compared = compare(trial, project, STACKS, &parameters).await;
    assert_eq!(compared.different, Vec::<String>::new());
}

/// The calls that changed something, as `service:Operation name`.
fn calls(trial: &Trial, mark: local::proxy::Mark) -> BTreeSet<String> {
    let told = |call: &local::Call| {
        format!("{}:{} {}", call.service, call.operation, call.resource.as_deref().unwrap_or_default())
    };
    trial.changes_since(mark).iter().map(told).collect()
}
