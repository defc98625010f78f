//! Wait conditions: what is deployed has the address and signals to it, and nothing that is kept has the address.

use end_to_end::trial::Trial;
use end_to_end::{Field, Project, assert_deployed, outcome};
use model::{Deployment, Outcome};
use serde_json::{Value, json};

use crate::account::{changed, shown};
use crate::secrets::EVERYTHING;

const CONFIG: &str = r#"project: { name: support-desk, region: us-east-1 }
environments: { dev: {} }
agents:
  - name: caller
    path: agents/caller
    runtime: python3.11
    handler: handler.handle
stacks: [{ name: stored, template: stored.yaml }]
"#;

/// Signals to the address that it is given, and answers with that address, which it should not.
const HANDLER: &str = r#"
import json, urllib.request

def put(address, body):
    request = urllib.request.Request(address, json.dumps(body).encode(), {"content-type": ""}, method="PUT")
    urllib.request.urlopen(request).read()

def handle(event, context):
    asked = event["ResourceProperties"]
    if event["RequestType"] == "Create":
        put(asked["Address"], {"Status": "SUCCESS", "UniqueId": "caller", "Data": "called", "Reason": "it was created"})
    put(event["ResponseURL"], {
        "Status": "SUCCESS", "PhysicalResourceId": "caller", "StackId": event["StackId"], "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Echo": "got " + asked["Address"], "Begins": asked["Address"][:4]},
    })
"#;

const TEMPLATE: &str = r#"Resources:
  Handle: { Type: AWS::CloudFormation::WaitConditionHandle }
  Placeholder: { Type: AWS::CloudFormation::WaitConditionHandle }
  Told: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Sub "put ${Handle}" } }
  Caller:
    Type: Custom::Caller
    Properties: { ServiceToken: !GetAtt caller/Function.Arn, Address: !Ref Handle }
  Wait:
    Type: AWS::CloudFormation::WaitCondition
    DependsOn: [Told, Caller]
    Properties: { Handle: !Ref Handle, Timeout: "120", Count: 2 }
  After: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !GetAtt Wait.Data } }
  Begins: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !GetAtt Caller.Begins } }
Outputs:
  Address: { Value: !Ref Handle }
  Data: { Value: !GetAtt Wait.Data }
  Echo: { Value: !GetAtt Caller.Echo }
  Placeholder: { Value: !Ref Placeholder }
"#;

fn calling() -> Project {
    let mut project = Project::default().config(CONFIG);
    project.files.insert("agents/caller/handler.py".to_owned(), HANDLER.as_bytes().to_vec());
    project.files.insert("stored.yaml".to_owned(), TEMPLATE.as_bytes().to_vec());
    project
}

const SIGNAL: &str = "
import sys, urllib.request
for body in sys.argv[2:]:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1], body.encode(), {'content-type': ''}, method='PUT')).read()
";

fn signal(status: &str, id: &str, data: &str) -> String {
    json!({ "Status": status, "UniqueId": id, "Data": data, "Reason": "no disk" }).to_string()
}

/// The address that is in the account once it is handed out; not that one.
async fn address(field: &Field, but: &str) -> String {
    let told = field.until("the address", async || {
        let recorded = field.record().await;
        let (_, told) = recorded.current(&"stored/Told".parse().unwrap())?;
        told.physical_id.as_ref()?;
        (!told.baseline.0.is_empty()).then_some(())?;
        Some(shown(field, "Told").await).filter(|told| told.trim_start_matches("put ") != but)
    });
    told.await.trim_start_matches("put ").to_owned()
}

/// Asserts that the address stands nowhere that the engine keeps or logs, and that what is looked through is there. What somebody
/// who has it writes to the engine, in an answer or a signal, stays where they wrote it.
async fn assert_kept_nowhere(field: &Field, address: &str) {
    let signature = address.split("X-Amz-Signature=").nth(1).and_then(|rest| rest.split('&').next());
    let signature = signature.expect("it is signed");
    let seen: Value = serde_json::from_str(&field.python(EVERYTHING, &[signature]).await).expect("JSON");
    let found = seen["found"].as_array().unwrap().iter().map(|one| one.as_str().unwrap());
    let kept: Vec<&str> = found.filter(|one| !one.starts_with("s3 custom/")).collect();
    assert_eq!(kept, Vec::<&str>::new());
    let seen: Value =
        serde_json::from_str(&field.python(EVERYTHING, &["{{resolve:strandline-handle:"]).await).expect("JSON");
    let found: Vec<&str> = seen["found"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    for place in ["s3 ", "dynamodb "] {
        assert!(found.iter().any(|one| one.starts_with(place)), "{place}is looked at: {found:?}");
    }
}

#[tokio::test]
async fn whoever_has_the_address_signals_and_nothing_that_is_kept_has_it() {
    let trial = Trial::start().await;
    let project = calling();
    let from_outside = async {
        let address = address(&trial, "").await;
        let bodies = ["no signal".to_owned(), "x".repeat(100_000), signal("SUCCESS", "caller", "again")];
        for body in bodies.iter().chain([&signal("SUCCESS", "outside", "by hand")]) {
            trial.python(SIGNAL, &[&address, body]).await;
        }
        address
    };
    let (deployment, address) = tokio::join!(trial.deploy_and_settle(&project), from_outside);
    assert_deployed(&deployment);
    let data: Value = serde_json::from_str(&shown(&trial, "After").await).unwrap();
    let ids: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["caller", "outside"], "{data}");
    assert!(["called", "again"].contains(&data["caller"].as_str().unwrap()), "{data}");
    assert_eq!(data["outside"], "by hand");
    assert_eq!(shown(&trial, "Begins").await, "http", "the function was given an address");
    let output =
        |name: &str| deployment.outputs.iter().find(|(key, _)| key.ends_with(name)).map(|(_, value)| value.clone());
    let reference = output("Address").unwrap();
    assert!(reference.as_str().unwrap().starts_with("{{resolve:strandline-handle:"), "{reference}");
    assert_eq!(output("Echo").unwrap(), json!(format!("got {}", reference.as_str().unwrap())));
    assert_ne!(output("Placeholder").unwrap(), reference);
    assert_kept_nowhere(&trial, &address).await;

    // An address that was handed out is no drift, and a condition that was met is not waited for again.
    let mark = trial.account.proxy.mark();
    assert_eq!(outcome(&trial.deploy_and_settle(&project).await), &Outcome::Unchanged);
    let longer = project.with("stored.yaml", "Timeout: \"120\", Count: 2", "Timeout: \"60\", Count: 3");
    assert_deployed(&trial.deploy_and_settle(&longer).await);
    assert_eq!(changed(&trial, mark), Vec::<String>::new());
    let told = longer.with("stored.yaml", "put ${Handle}", "put it to ${Handle}");
    assert_deployed(&trial.deploy_and_settle(&told).await);
    assert_kept_nowhere(&trial, &address).await;
}

fn causes(deployment: &Deployment) -> &str {
    match outcome(deployment) {
        Outcome::RolledBack { causes, .. } => &causes[0].message,
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn what_is_not_signalled_in_time_or_fails_goes_back_and_what_was_signalled_earlier_counts_for_nothing() {
    let template = r#"Resources:
  Handle: { Type: AWS::CloudFormation::WaitConditionHandle }
  Told: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Sub "put ${Handle}" } }
  Wait: { Type: AWS::CloudFormation::WaitCondition, DependsOn: Told, Properties: { Handle: !Ref Handle, Timeout: 5 } }
"#;
    let trial = Trial::start().await;
    let project = crate::account::project(template);
    let (over, stale) = tokio::join!(trial.deploy_and_settle(&project), address(&trial, ""));
    assert!(causes(&over).ends_with("still waiting for 1 of 1 signal after 5s"), "{over:#?}");
    let patient = project.with("stored.yaml", "Timeout: 5", "Timeout: 60");
    let from_outside = async {
        trial.python(SIGNAL, &[&stale, &signal("SUCCESS", "late", "")]).await;
        let address = address(&trial, &stale).await;
        let odd =
            json!({ "Status": "FAILURE", "UniqueId": "disk", "Reason": format!("no disk at {address}") }).to_string();
        trial.python(SIGNAL, &[&address, &odd]).await;
        address
    };
    let (failed, address) = tokio::join!(trial.deploy_and_settle(&patient), from_outside);
    let why = causes(&failed);
    assert!(why.contains("the signal `disk` says FAILURE: no disk at {{resolve:strandline-handle:"), "{why}");
    assert_kept_nowhere(&trial, &address).await;
    assert!(trial.record().await.resources.is_empty(), "nothing is left of it");
}
