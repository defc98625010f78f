//! Executions that somebody starts in Step Functions, as the console or the API lets them.

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with};
use end_to_end::outcome;
use model::{DeploymentId, Origin, Outcome, Revision};
use serde_json::{Value, json};

use crate::trial::Trial;

/// Starts an execution by boto3, waits until it is over, and gives what `DescribeExecution` says.
const START: &str = r"
import boto3, json, sys, time
sfn = boto3.client('stepfunctions')
machines = sfn.list_state_machines()['stateMachines']
arn = next(one['stateMachineArn'] for one in machines if one['name'] == 'strandline-deploy')
execution = sfn.start_execution(stateMachineArn=arn, name=sys.argv[1], input=sys.argv[2])['executionArn']
while True:
    told = sfn.describe_execution(executionArn=execution)
    if told['status'] != 'RUNNING':
        break
    time.sleep(0.1)
print(json.dumps({key: told.get(key) for key in ('status', 'error', 'cause')}))
";

async fn start(trial: &Trial, name: &str, input: &Value) -> Value {
    serde_json::from_str(&trial.python(START, &[name, &input.to_string()]).await).expect("JSON")
}

#[tokio::test]
async fn one_line_in_the_console_takes_the_environment_back() {
    let trial = Trial::with(&[bot(), bot_with(300)]).await;
    let before = trial.ids().await;
    let asked = json!({ "rollback": { "project": "support-desk", "environment": "dev", "to": "previous" } });
    let told = start(&trial, "by-hand", &asked).await;
    assert_eq!(told["status"], "SUCCEEDED", "{told}");
    let deployment = trial.next(&before).await;
    let back = Outcome::RolledBack { to: Revision(1), causes: Vec::new() };
    assert_eq!(*outcome(&deployment), back, "{:#?}", deployment.status);
    assert_eq!(deployment.origin, Origin::Execution { name: "by-hand".to_owned() });
    assert_ne!(deployment.execution.as_deref(), Some("by-hand"), "it has an execution of its own");
    assert_eq!(trial.memory().await, Some(256));
    assert_eq!(trial.deployments().await.len(), 3, "one was made");
    let history = trial.admin(&["history", DESK]).await.expect("a table");
    assert!(history.contains("execution by-hand"), "{history}");
}

#[tokio::test]
async fn an_input_that_asks_for_nothing_that_there_is_fails_the_execution_and_says_why() {
    let trial = Trial::with(&[bot()]).await;
    let before: Vec<DeploymentId> = trial.ids().await;
    let wrong = json!({ "rollback": { "project": "support-desk", "to": "next", "x": 1 }, "Comment": "please" });
    let nowhere = json!({ "rollback": { "project": "support-desk", "environment": "prod", "to": 1 } });
    for (name, input, codes) in [
        (
            "wrong",
            wrong,
            &[
                "intake::missing-key",
                "intake::wrong-type",
                "intake::unknown-key: `x`",
                "intake::unknown-key: `Comment`",
            ][..],
        ),
        ("nowhere", nowhere, &["intake::unknown-environment: no environment `support-desk/prod` is registered"]),
        ("nothing", json!({}), &["intake::missing-key: the input of an execution has no `rollback`"]),
    ] {
        let told = start(&trial, name, &input).await;
        assert_eq!((&told["status"], &told["error"]), (&json!("FAILED"), &json!("Refused")), "{told}");
        let cause = told["cause"].as_str().expect("a cause");
        for code in codes {
            assert!(cause.contains(code), "`{code}` in: {cause}");
        }
    }
    assert_eq!(trial.ids().await, before, "nothing came of it");
}
