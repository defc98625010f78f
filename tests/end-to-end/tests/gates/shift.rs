//! Agents whose calls go over to new code in steps, while their alarm is watched.

use end_to_end::sight::text;
use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed};
use local::proxy::Mark;
use model::{Deployment, PlanReport, Presence, Unshifted};
use serde_json::{Value, json};

use crate::bot::{ask, entered, looks, rolled_back, says, set_alarm, shifted};

/// What boto3 shows of the alias: its version, and the weights of others; null where there are none.
async fn alias(trial: &Trial) -> Value {
    let sight = trial.look().await;
    let live = &sight.one("functions", "bot")["Aliases"]["live"];
    json!([live["FunctionVersion"], live["RoutingConfig"]["AdditionalVersionWeights"]])
}

/// What the record says that the alias was made, in the same form.
async fn recorded(trial: &Trial) -> Value {
    let recorded = trial.record().await;
    let (_, alias) = recorded.current(&"bot/Alias".parse().unwrap()).expect("it is recorded");
    let sent = alias.sent.to_value();
    let weights = sent["RoutingConfig"]["AdditionalVersionWeights"].as_array().map(|weights| {
        let weight = |one: &Value| (text(one, "/FunctionVersion").to_owned(), one["FunctionWeight"].clone());
        weights.iter().map(weight).collect::<Value>()
    });
    json!([sent["FunctionVersion"], weights])
}

/// What Lambda was told of the alias since `mark`, in the same form: empty weights take those away that it has.
fn told(trial: &Trial, mark: Mark) -> Vec<Value> {
    let calls = looks(trial, mark, "lambda", "UpdateAlias").into_iter();
    let told = calls.map(|call| {
        let body: Value = serde_json::from_slice(&call.body).expect("JSON");
        json!([body["FunctionVersion"], body["RoutingConfig"]["AdditionalVersionWeights"]])
    });
    told.collect()
}

/// Why calls went to the new version all at once, as the plan's report says.
async fn at_once(trial: &Trial, deployment: &Deployment) -> Vec<Unshifted> {
    let plan = &deployment.plan.as_ref().expect("a plan").key;
    let report = trial.file(&plan.replace(".json", ".report.json")).await.expect("a report");
    let report: PlanReport = serde_json::from_slice(&report).expect("JSON");
    report.at_once.into_iter().map(|one| one.because).collect()
}

/// Uploads a project, and waits until the alias is this.
async fn shifts(trial: &Trial, project: &Project, expected: Value) -> Deployment {
    let deployment = trial.enqueue(project).await;
    becomes(trial, expected).await;
    deployment
}

async fn becomes(trial: &Trial, expected: Value) {
    trial.until(&format!("the alias to be {expected}"), async || (alias(trial).await == expected).then_some(())).await;
}

#[tokio::test]
async fn a_part_of_the_calls_goes_to_new_code_first_and_the_rest_follows() {
    let trial = Trial::start().await;
    let mark = trial.account.proxy.mark();
    let canary = "{ canary: { percent: 10, minutes: 1 } }";
    let first = trial.deploy(&shifted(canary, &says("one"))).await;
    assert_deployed(&first);
    assert_eq!(alias(&trial).await, json!(["1", null]));
    assert_eq!(at_once(&trial, &first).await, [Unshifted::Made]);
    assert_eq!(told(&trial, mark), Vec::<Value>::new());
    let waited = entered(&trial, "Wait").await;

    let mark = trial.account.proxy.mark();
    let second = shifts(&trial, &shifted(canary, &says("two")), json!(["1", { "2": 0.1 }])).await;
    assert_eq!(recorded(&trial).await, json!(["1", { "2": 0.1 }]), "what Lambda was told is announced before");
    assert_deployed(&trial.end_of(&second.id).await);
    assert_eq!(told(&trial, mark), [json!(["1", { "2": 0.1 }]), json!(["2", {}])]);
    let at: Vec<_> = looks(&trial, mark, "lambda", "UpdateAlias").iter().map(|call| call.at).collect();
    assert!(at[1].duration_since(at[0]).as_secs() >= 60, "{at:?}");
    assert_eq!(alias(&trial).await, json!(["2", null]));
    assert_eq!(recorded(&trial).await, json!(["2", null]));
    assert_eq!(ask(&trial).await, "two");
    let watched = looks(&trial, mark, "cloudwatch", "DescribeAlarms").len();
    assert!((2..=4).contains(&watched), "the alarm was looked at each half minute: {watched}");
    assert!(entered(&trial, "Wait").await >= waited + 2, "no function runs meanwhile");
}

#[tokio::test]
async fn an_alarm_that_goes_off_while_calls_go_over_leads_all_of_them_back() {
    let trial = Trial::start().await;
    let linear = "{ linear: { percent: 34, every_minutes: 1 } }";
    assert_deployed(&trial.deploy(&shifted(linear, &says("one"))).await);
    let mark = trial.account.proxy.mark();
    let deployment = shifts(&trial, &shifted(linear, &says("two")), json!(["1", { "2": 0.34 }])).await;
    becomes(&trial, json!(["1", { "2": 0.68 }])).await;
    set_alarm(&trial, "ALARM").await;
    let deployment = trial.end_of(&deployment.id).await;
    let cause = rolled_back(&deployment);
    for part in ["went off while calls were led to the new version", "three errors in five minutes"] {
        assert!(cause.message.contains(part), "`{part}` in: {}", cause.message);
    }
    assert!(cause.help.contains("log group"), "{}", cause.help);
    let expected = [json!(["1", { "2": 0.34 }]), json!(["1", { "2": 0.68 }]), json!(["1", {}])];
    assert_eq!(told(&trial, mark), expected);
    assert_eq!(alias(&trial).await, json!(["1", null]));
    assert_eq!(recorded(&trial).await, json!(["1", null]));
    assert_eq!(ask(&trial).await, "one", "the code before answers all calls");
    assert!(trial.record().await.resources.values().all(|one| one.presence == Presence::Present));
}
