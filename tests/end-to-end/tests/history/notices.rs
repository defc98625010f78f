//! What who subscribed is told, as it comes to their queues, and that telling them is in nobody's way.

use std::collections::BTreeSet;
use std::time::Duration;

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with, with_orders};
use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed, outcome};
use local::proxy::{Held, Point, Rule};
use local::{Call, Effect};
use model::{ApprovalRule, Deployment, DeploymentStatus, Environment};
use serde_json::{Value, json};

const CONCLUDE: &str = "strandline-conclude";
const INTAKE: &str = "strandline-intake";

/// Makes a queue, lets the topic send to it, and subscribes it with a filter.
const SUBSCRIBE: &str = r#"
import boto3, json, sys
name, filter = sys.argv[1:]
sqs, sns = boto3.client("sqs"), boto3.client("sns")
stack = boto3.client("cloudformation").describe_stacks(StackName="strandline")["Stacks"][0]
topic = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}["NotificationsTopicArn"]
url = sqs.create_queue(QueueName=name)["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
    "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
attributes = {"FilterPolicy": filter} if filter != "{}" else {}
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
"#;

/// Takes everything out of a queue, and prints it.
const TAKE: &str = r#"
import boto3, json, sys
sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName=sys.argv[1])["QueueUrl"]
taken = []
while True:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    if not found:
        break
    for one in found:
        taken.append(json.loads(one["Body"]))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
print(json.dumps(taken))
"#;

/// What a function said.
const LOGS: &str = r#"
import boto3, sys
for lines in boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=sys.argv[1]):
    for line in lines["events"]:
        print(line["message"])
"#;

/// A message as it came.
struct Message {
    subject: String,
    /// Names and values of what subscriptions filter by.
    attributes: BTreeSet<(String, String)>,
    data: Value,
}

impl Message {
    fn text(&self, pointer: &str) -> &str {
        let found = self.data.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no `{pointer}` in {:#}", self.data))
    }
}

async fn subscribe(trial: &Trial, queue: &str, filter: Value) {
    trial.python(SUBSCRIBE, &[queue, &filter.to_string()]).await;
}

async fn take(trial: &Trial, queue: &str) -> Vec<Message> {
    let taken: Vec<Value> = serde_json::from_str(&trial.python(TAKE, &[queue]).await).unwrap();
    let message = |taken: Value| {
        let attributes = taken["MessageAttributes"].as_object().expect("attributes").iter();
        Message {
            subject: taken["Subject"].as_str().expect("a subject").to_owned(),
            attributes: attributes
                .map(|(name, one)| (name.clone(), one["Value"].as_str().unwrap().to_owned()))
                .collect(),
            data: serde_json::from_str(taken["Message"].as_str().expect("text")).expect("JSON"),
        }
    };
    taken.into_iter().map(message).collect()
}

/// Which notice of which deployment each is.
fn ids(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|one| one.text("/id").to_owned()).collect()
}

fn id(deployment: &Deployment, notice: &str) -> String {
    format!("{}/{notice}", deployment.id)
}

fn attributes(notice: &str, outcome: &str) -> BTreeSet<(String, String)> {
    let all = [("project", "support-desk"), ("environment", "dev"), ("notice", notice), ("outcome", outcome)];
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The same, which asks to be told of these.
fn asking(project: Project, notices: &str) -> Project {
    project.with("strands.yaml", "agents:\n", &format!("notifications: [{notices}]\nagents:\n"))
}

/// Waits until nothing is left to be told.
async fn all_told(trial: &Trial) {
    let is_told = async || trial.store.unwritten(&trial.id).await.unwrap().is_empty().then_some(());
    trial.until("everything to be told", is_told).await;
}

/// Kills a function's process where a call of it is held.
async fn killed(trial: &Trial, function: &str, held: &mut Held) {
    held.reached(Duration::from_secs(150)).await.expect("it comes so far");
    let emulator = &trial.account.emulator;
    for process in emulator.function_processes(function) {
        emulator.kill(process).expect("it is killed");
    }
}

fn published(trial: &Trial) -> Vec<Call> {
    trial.account.proxy.calls().into_iter().filter(|call| call.is("sns", "Publish")).collect()
}

#[tokio::test]
async fn who_subscribed_is_told_what_the_record_and_the_config_say_and_nothing_else() {
    let trial = Trial::start().await;
    trial.without_sweeper().await;
    subscribe(&trial, "everything", json!({})).await;
    subscribe(&trial, "failures", json!({ "project": ["support-desk"], "notice": ["failed"] })).await;
    subscribe(&trial, "elsewhere", json!({ "project": ["another"] })).await;

    let quiet = trial.deploy_and_settle(&bot()).await;
    assert_deployed(&quiet);
    assert_eq!(quiet.notices, [].into());
    let asked = trial.deploy_and_settle(&asking(bot_with(300), "deployed, destroyed")).await;
    assert_deployed(&asked);

    let refusal = Rule::on("dynamodb", "CreateTable").caller("strandline-target").always();
    let refusal = trial.account.proxy.inject(refusal, Effect::fail(400, "ValidationException"));
    let failed = trial.deploy_and_settle(&asking(with_orders(bot_with(400)), "destroyed")).await;
    assert_eq!(outcome(&failed).name(), "RolledBack", "{failed:?}");
    trial.account.proxy.withdraw(refusal);

    let refused = trial.deploy(&bot_with(1)).await;
    assert_eq!(outcome(&refused).name(), "Refused", "{refused:?}");
    all_told(&trial).await;
    trial.sweep().await;

    let told = take(&trial, "everything").await;
    assert_eq!(ids(&told), [id(&asked, "deployed"), id(&failed, "failed"), id(&refused, "refused")]);
    let [well, ill, wrong] = told.as_slice() else { panic!("three") };
    assert_eq!(well.attributes, attributes("deployed", "Deployed"));
    assert_eq!(well.subject, format!("{DESK}: Deployed ({})", asked.id));
    assert_eq!(well.text("/deployment"), asked.id.as_str());

    assert_eq!(ill.attributes, attributes("failed", "RolledBack"));
    assert_eq!(ill.text("/details/causes/0/change"), "shared/OrdersTable@1");
    assert!(ill.text("/details/causes/0/message").contains("ValidationException"), "{:#}", ill.data);
    assert!(ill.text("/details/causes/0/help").contains("correct the resource's settings"), "{:#}", ill.data);
    assert_eq!(ill.text("/commands/0"), format!("cargo xtask admin history show {DESK} {}", failed.id));
    trial.admin(&["history", "show", DESK, failed.id.as_str()]).await.expect("the command that is named");

    assert_eq!(wrong.attributes, attributes("refused", "Refused"));
    assert_eq!(wrong.text("/details/refusals/0/code"), "config::out-of-range");

    assert_eq!(ids(&take(&trial, "failures").await), [id(&failed, "failed")]);
    assert_eq!(ids(&take(&trial, "elsewhere").await), Vec::<String>::new());

    // What has no config of its own is told as the last one asks.
    let before = trial.ids().await;
    trial.admin(&["destroy", DESK, "--yes"]).await.expect("it is in the queue");
    let gone = trial.next(&before).await;
    all_told(&trial).await;
    let told = take(&trial, "everything").await;
    assert_eq!(ids(&told), [id(&gone, "destroyed")]);
    assert_eq!(told[0].attributes, attributes("destroyed", outcome(&gone).name()));
}

#[tokio::test]
async fn who_subscribed_is_asked_for_approval_with_what_to_type() {
    let trial = Trial::start().await;
    let rule = Some(ApprovalRule { seconds: 3_600, approvers: Vec::new() });
    trial.register_with(&trial.id, |record| Environment { approval: rule, ..record }).await;
    subscribe(&trial, "questions", json!({ "notice": ["approval"] })).await;
    let accepted = trial.enqueue(&bot()).await;
    let waits = trial
        .until("the question", async || {
            let waiting = trial.store.waiting_execution(&trial.id, &accepted.id).await.unwrap();
            waiting.is_some_and(|waiting| waiting.told).then_some(())?;
            Some(trial.head(&accepted.id).await)
        })
        .await;
    assert_eq!(waits.status, DeploymentStatus::AwaitingApproval);
    trial.sweep().await;
    let told = take(&trial, "questions").await;
    let [question] = told.as_slice() else { panic!("one, and not {:?}", ids(&told)) };
    assert_eq!(question.attributes, attributes("approval", "AwaitingApproval"));
    let plan = waits.approval.as_ref().unwrap().plan.digest.to_string();
    assert_eq!(question.text("/approval/plan"), plan);
    assert!(question.text("/approval/changes").contains("to create"), "{:#}", question.data);
    let token = trial.store.waiting_execution(&trial.id, &waits.id).await.unwrap().expect("it waits").token;
    assert!(!question.data.to_string().contains(&token), "whoever has the token can end the waiting");

    let approve = question.text("/commands/1").strip_prefix("cargo xtask admin ").expect("a command").to_owned();
    let words: Vec<&str> = approve.split(' ').collect();
    trial.admin(&words).await.expect("what was told can be typed");
    assert_deployed(&trial.end_of(&waits.id).await);
    trial.settled().await;
    assert_eq!(ids(&take(&trial, "questions").await), Vec::<String>::new());
}

#[tokio::test]
async fn whatever_becomes_of_telling_a_deployment_ends_once_and_what_was_not_told_is_told_again() {
    let trial = Trial::start().await;
    trial.without_sweeper().await;
    subscribe(&trial, "everything", json!({})).await;

    // The process dies after it told, and before that is noted.
    let mut held = trial.account.proxy.hold(Rule::on("sns", "Publish"), Point::AfterEffect);
    let accepted = trial.enqueue(&asking(bot(), "deployed")).await;
    killed(&trial, CONCLUDE, &mut held).await;
    held.cut();
    all_told(&trial).await;
    trial.settled().await;
    let first = trial.head(&accepted.id).await;
    assert_deployed(&first);
    assert_eq!(trial.ids().await, std::slice::from_ref(&first.id));
    trial.told(&first).await;
    let twice = vec![id(&first, "deployed"); 2];
    assert_eq!(ids(&take(&trial, "everything").await), twice, "what comes twice is known by its id");

    // The same of what is refused on its way in, after intake died before it said so.
    let mut unsaid = trial.account.proxy.hold(Rule::on("lambda", "Invoke").caller(INTAKE), Point::BeforeEffect);
    let mut held = trial.account.proxy.hold(Rule::on("sns", "Publish"), Point::AfterEffect);
    let refused = trial.deploy(&bot_with(1)).await;
    killed(&trial, INTAKE, &mut unsaid).await;
    unsaid.cut();
    trial.deliver_again(&refused).await;
    killed(&trial, CONCLUDE, &mut held).await;
    held.cut();
    all_told(&trial).await;
    assert_eq!(ids(&take(&trial, "everything").await), vec![id(&refused, "refused"); 2]);
    assert_eq!(trial.ids().await, [first.id.clone(), refused.id.clone()]);

    // The topic is not for the engine any more.
    let denied = Rule::on("sns", "Publish").always();
    let denied = trial.account.proxy.inject(denied, Effect::fail(403, "AuthorizationError"));
    let before = published(&trial).len();
    let second = trial.deploy_and_settle(&asking(bot_with(300), "deployed")).await;
    assert_deployed(&second);
    all_told(&trial).await;
    assert_eq!(published(&trial).len(), before + 1, "it is not tried again");
    trial.account.proxy.withdraw(denied);
    let logs = trial.python(LOGS, &[&format!("/aws/lambda/{CONCLUDE}")]).await;
    assert!(logs.contains("nobody was told") && logs.contains("AuthorizationError"), "{logs}");

    // It does not answer, and is there again later.
    let away = Rule::on("sns", "Publish").always();
    let away = trial.account.proxy.inject(away, Effect::fail(503, "ServiceUnavailable"));
    let third = trial.deploy_and_settle(&asking(bot_with(400), "deployed")).await;
    assert_deployed(&third);
    trial.told(&third).await;
    assert_eq!(trial.store.unwritten(&trial.id).await.unwrap(), std::slice::from_ref(&third.id));
    let fourth = trial.deploy_and_settle(&bot_with(500)).await;
    assert_deployed(&fourth);
    trial.account.proxy.withdraw(away);
    trial.sweep().await;
    assert!(trial.store.unwritten(&trial.id).await.unwrap().is_empty());
    assert_eq!(ids(&take(&trial, "everything").await), [id(&third, "deployed")]);
}
