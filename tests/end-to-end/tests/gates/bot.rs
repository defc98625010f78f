//! One agent whose health is looked at, and what shows that it was.

use end_to_end::trial::Trial;
use end_to_end::{Project, outcome};
use local::Call;
use local::proxy::Mark;
use model::{Cause, Deployment, Outcome};
use serde_json::json;

const CONFIG: &str = r#"project: { name: support-desk, region: us-east-1 }
environments: { dev: { account: "123456789012" } }
agents:
  - name: bot
    path: agents/bot
    runtime: python3.11
    handler: handler.handle
    AGENT
shared:
  api_gateway: { type: http }
  monitoring: { alarms: { errors: 1 } }
"#;

/// What AWS knows a resource of the environment by.
async fn id_of(trial: &Trial, address: &str) -> String {
    let recorded = trial.record().await;
    let (_, resource) = recorded.current(&address.parse().expect("an address")).expect("it is recorded");
    resource.physical_id.as_ref().expect("an id").to_string()
}

/// What the agent answers over HTTP.
pub(crate) async fn ask(trial: &Trial) -> String {
    let api = id_of(trial, "shared/Api").await;
    let answer = trial.account.send_http("GET", &api, "$default", "bot", "").await.expect("an answer");
    answer.text()
}

/// Sets the agent's alarm off, or quiet again.
pub(crate) async fn set_alarm(trial: &Trial, state: &str) {
    let script = "import boto3, sys; boto3.client('cloudwatch').set_alarm_state(\
                  AlarmName=sys.argv[1], StateValue=sys.argv[2], StateReason='three errors in five minutes')";
    trial.python(script, &[&id_of(trial, "bot/ErrorsAlarm").await, state]).await;
}

/// The calls of the target role of one operation since `mark`.
pub(crate) fn looks(trial: &Trial, mark: Mark, service: &str, operation: &str) -> Vec<Call> {
    let calls = trial.account.proxy.since(mark).into_iter();
    calls.filter(|call| call.is(service, operation) && call.caller.is_named("strandline-target")).collect()
}

/// The executions of the state machine, by ARN; all of them, or those that run.
async fn executions(trial: &Trial, only_running: bool) -> Vec<String> {
    let sfn = &trial.account.clients.sfn;
    let listed = sfn.list_executions().state_machine_arn(trial.machine().await);
    let listed = listed.set_status_filter(only_running.then(|| "RUNNING".into())).send().await;
    listed.expect("executions").executions().iter().map(|one| one.execution_arn().to_owned()).collect()
}

/// Lets the execution that runs time out: it is stopped without a word, and then told of as Step Functions does.
pub(crate) async fn time_out(trial: &Trial) {
    let disable = "import boto3; boto3.client('events').disable_rule(Name='strandline-execution-ended')";
    trial.python(disable, &[]).await;
    let sfn = &trial.account.clients.sfn;
    let [execution] = executions(trial, true).await.try_into().expect("one runs");
    let input = sfn.describe_execution().execution_arn(&execution).send().await.expect("an execution").input;
    sfn.stop_execution().execution_arn(&execution).send().await.expect("it stops");
    let name = execution.rsplit(':').next().expect("a name");
    let event = json!({ "detail": { "name": name, "status": "TIMED_OUT", "input": input } });
    let lambda = aws_sdk_lambda::Client::new(&trial.account.clients.config);
    let payload = aws_sdk_lambda::primitives::Blob::new(event.to_string());
    let answer = lambda.invoke().function_name("strandline-conclude").payload(payload).send().await;
    assert_eq!(answer.expect("an answer").function_error, None);
}

/// How often the executions of the state machine entered a state.
pub(crate) async fn entered(trial: &Trial, state: &str) -> usize {
    let mut count = 0;
    for execution in executions(trial, false).await {
        let history = trial.account.clients.sfn.get_execution_history().execution_arn(execution).max_results(1000);
        let history = history.send().await.expect("a history");
        let names = history.events().iter().filter_map(|event| event.state_entered_event_details());
        count += names.filter(|entered| entered.name() == state).count();
    }
    count
}

/// How often the engine got an address since `mark`.
pub(crate) fn gets(trial: &Trial, mark: Mark) -> usize {
    trial.account.proxy.since(mark).iter().filter(|call| call.service == "execute-api").count()
}

/// The agent with this health, and this body of `def handle(event, context):`.
pub(crate) fn bot(health: &str, body: &str) -> Project {
    agent(&format!("health: {health}"), body)
}

/// The agent behind the alias `live`, whose calls are shifted so, and this body.
pub(crate) fn shifted(shift: &str, body: &str) -> Project {
    agent(&format!("alias: live\n    shift: {shift}"), body)
}

fn agent(lines: &str, body: &str) -> Project {
    let mut project = Project::default().config(&CONFIG.replace("AGENT", lines));
    let handler = format!("def handle(event, context):\n    {body}\n");
    project.files.insert("agents/bot/handler.py".to_owned(), handler.into_bytes());
    project
}

/// An answer over HTTP.
pub(crate) fn says(text: &str) -> String {
    format!("return {{'statusCode': 200, 'body': '{text}'}}")
}

/// The one cause of a deployment that went back to the revision before it.
pub(crate) fn rolled_back(deployment: &Deployment) -> &Cause {
    let Outcome::RolledBack { to, causes } = outcome(deployment) else { panic!("{:#?}", deployment.status) };
    assert_eq!(to.0, 1, "to the revision that was well");
    let [cause] = causes.as_slice() else { panic!("{causes:#?}") };
    cause
}
