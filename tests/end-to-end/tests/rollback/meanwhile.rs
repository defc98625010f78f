//! What is asked for while something else runs: it waits for its turn, and the last word stands. And what is cancelled in the
//! middle: it stops there, and both ways are open from there.

use std::collections::BTreeSet;
use std::time::Duration;

use end_to_end::admin::DESK;
use end_to_end::bot::{bot_with, with_orders};
use end_to_end::sight::{differences, seen, the_record_is_true};
use end_to_end::{Project, assert_deployed, outcome};
use local::proxy::{Held, Point};
use local::{Call, Caller, Rule};
use model::{Deployment, DeploymentId, Entry, Event, Outcome, Revision, Timestamp};
use serde_json::json;

use crate::trial::Trial;

/// How long a call may take to come.
const LIMIT: Duration = Duration::from_secs(120);

/// Uploads a project whose deployment is held at a call.
async fn upload_held(trial: &Trial, project: &Project, rule: Rule) -> (DeploymentId, Held) {
    let before = trial.ids().await;
    let mut held = trial.account.proxy.hold(rule.caller("strandline-target"), Point::BeforeEffect);
    trial.upload("bundle.zip", project.bundle()).await;
    held.reached(LIMIT).await.expect("it makes that call");
    (trial.accepted(&before).await.id, held)
}

/// Asks for the destruction of everything.
async fn destroy(trial: &Trial) -> DeploymentId {
    let before = trial.ids().await;
    let said = trial.admin(&["destroy", DESK, "--yes", "--consent", "shared/OrdersTable"]).await;
    said.expect("it is in the queue");
    trial.accepted(&before).await.id
}

/// It has not begun, and an administrator sees that it waits.
async fn it_waits(trial: &Trial, id: &DeploymentId) {
    let queue = trial.admin(&["queue", DESK]).await.expect("a queue");
    let line = queue.lines().find(|line| line.contains(id.as_str()));
    assert!(line.is_some_and(|line| line.starts_with("waits")), "{queue}");
    assert!(calls_of(trial, id).is_empty());
}

/// The calls of a deployment in the target account: its sessions are named after it.
fn calls_of(trial: &Trial, id: &DeploymentId) -> Vec<Call> {
    let session = format!("strandline-{id}");
    let is_its = |call: &Call| matches!(&call.caller, Caller::Role { session: own, .. } if *own == session);
    trial.account.proxy.calls().into_iter().filter(is_its).collect()
}

/// What the history says of a deployment, line by line.
async fn journal(trial: &Trial, id: &DeploymentId) -> Vec<Entry> {
    let key = store::paths::of_deployment(&trial.id, id, "execution-log.jsonl");
    let log = trial.until("the history to be written", async || trial.file(&key).await).await;
    let log = String::from_utf8(log).expect("text");
    log.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect()
}

/// The second began when the first had ended: by what each wrote, by the leases under which it wrote, and by its calls.
async fn one_after_the_other(trial: &Trial, first: &Deployment, second: &Deployment) {
    assert!(first.ended <= second.started, "{:?} {:?}", first.ended, second.started);
    let (early, late) = (journal(trial, &first.id).await, journal(trial, &second.id).await);
    let (last, next) = (early.last().expect("entries"), late.first().expect("entries"));
    assert!(last.at < next.at && last.epoch < next.epoch, "{last:?} {next:?}");
    let (early, late) = (calls_of(trial, &first.id), calls_of(trial, &second.id));
    let end = early.iter().filter_map(|call| call.ended).max().expect("the first one made calls");
    let start = late.iter().map(|call| call.started).min().expect("the second one made calls");
    assert!(end < start, "never two at work together");
}

#[tokio::test]
async fn a_destruction_and_a_deployment_wait_for_each_other_and_the_last_word_stands() {
    let trial = Trial::unhurried().await;
    assert_deployed(&trial.deploy(&with_orders(bot_with(256))).await);

    let update = Rule::on("lambda", "UpdateFunctionConfiguration");
    let (deployment, held) = upload_held(&trial, &with_orders(bot_with(300)), update).await;
    let destruction = destroy(&trial).await;
    it_waits(&trial, &destruction).await;
    assert_eq!(trial.all("tables").await.len(), 1);
    held.release();
    let (first, second) = (trial.end_of(&deployment).await, trial.end_of(&destruction).await);
    assert_deployed(&first);
    assert_eq!(outcome(&second).name(), "Destroyed", "{:#?}", second.status);
    one_after_the_other(&trial, &first, &second).await;
    assert_eq!(trial.things().await, Vec::<String>::new());
    the_record_is_true(&trial).await;

    // The other way round.
    assert_deployed(&trial.deploy(&with_orders(bot_with(256))).await);
    let deletion = Rule::on("lambda", "DeleteFunction").caller("strandline-target");
    let mut held = trial.account.proxy.hold(deletion, Point::BeforeEffect);
    let destruction = destroy(&trial).await;
    held.reached(LIMIT).await.expect("the function goes");
    let before = trial.ids().await;
    trial.upload("bundle.zip", bot_with(512).bundle()).await;
    let deployment = trial.accepted(&before).await.id;
    it_waits(&trial, &deployment).await;
    held.release();
    let (first, second) = (trial.end_of(&destruction).await, trial.end_of(&deployment).await);
    assert_eq!(outcome(&first).name(), "Destroyed", "{:#?}", first.status);
    assert_deployed(&second);
    one_after_the_other(&trial, &first, &second).await;
    assert_eq!((trial.memory().await, trial.all("tables").await.len()), (Some(512), 0));
    the_record_is_true(&trial).await;
}

const CONFIG: &str = r#"project: { name: support-desk, region: us-east-1 }
environments: { dev: { account: "123456789012" } }
agents:
  - { name: bot, path: agents/bot, runtime: python3.11, handler: handler.handle, memory: 256, dlq: true, alias: live }
  - { name: aide, path: agents/bot, runtime: python3.11, handler: handler.handle, memory: 256 }
shared:
  tables: { orders: { key: { PK: S }, on_removal: delete } }
  buckets: { documents: { on_removal: delete } }
  queues: { work: {} }
  topics: { alerts: {} }
  parameters: { model: haiku, tone: polite }
"#;

/// What of the data is lost by going back.
const CONSENT: [&str; 3] = ["shared/OrdersTable", "shared/DocumentsBucket", "shared/DraftsBucket"];

/// Two agents, and one of each of what they may share.
fn before() -> Project {
    bot_with(256).config(CONFIG)
}

/// What comes after it: settings and code change, a table is replaced, an agent, a bucket, a queue and a parameter go, and
/// others come.
fn after() -> Project {
    before()
        .with("agents/bot/handler.py", "200", "201")
        .with("strands.yaml", "memory: 256, dlq", "memory: 512, dlq")
        .with("strands.yaml", "name: aide", "name: clerk")
        .with("strands.yaml", "{ PK: S }", "{ Id: S }")
        .with("strands.yaml", "documents:", "drafts:")
        .with("strands.yaml", "work: {}", "later: { visibility: 90 }")
        .with("strands.yaml", "model: haiku, tone: polite", "model: sonnet, greeting: hello")
}

/// Asks to go back, and waits until the environment is there.
async fn back(trial: &Trial, to: serde_json::Value) -> Revision {
    let before = trial.ids().await;
    trial.upload("rollback.json", json!({ "to": to, "consent": CONSENT }).to_string().into_bytes()).await;
    match outcome(&trial.next(&before).await) {
        Outcome::RolledBack { to, causes } if causes.is_empty() => *to,
        other => panic!("{other:#?}"),
    }
}

/// Deploys a project and cancels that at its n-th change, of which the wave hears before the change goes on; how it ended.
/// A deployment that has nothing left at that moment ends as one that nobody cancelled.
async fn cancelled_at(trial: &Trial, n: usize, project: &Project) -> Deployment {
    let before = trial.ids().await;
    let point = if n.is_multiple_of(2) { Point::BeforeEffect } else { Point::AfterEffect };
    let change = Rule::on("*", "*").caller("strandline-target").mutating().nth(n);
    let mut held = trial.account.proxy.hold(change, point);
    trial.upload("bundle.zip", project.bundle()).await;
    let reached = tokio::select! {
        call = held.reached(LIMIT) => call,
        _ = trial.next(&before) => None,
    };
    let id = trial.accepted(&before).await.id;
    let Some(call) = reached else {
        trial.account.proxy.withdraw(held.rule());
        let ended = trial.end_of(&id).await;
        assert_deployed(&ended);
        return ended;
    };
    trial.admin(&["cancel", DESK, id.as_str(), "--by", "kim"]).await.expect("it is marked");
    let heard = trial.heard().await;
    held.release();
    let ended = trial.end_of(&id).await;
    match outcome(&ended) {
        Outcome::Cancelled { by } => assert_eq!(by.as_deref(), Some("kim")),
        Outcome::Deployed => {}
        other => panic!("cancelled at change {n}, {}: {other:#?}", call.action()),
    }
    nothing_was_begun_after(trial, &id, heard).await;
    the_record_is_true(trial).await;
    ended
}

/// What had begun may go on, and nothing else begins.
async fn nothing_was_begun_after(trial: &Trial, id: &DeploymentId, heard: Timestamp) {
    let entries = journal(trial, id).await;
    let begins = entries.iter().filter(|entry| matches!(entry.event, Event::Started { .. }));
    let (early, late): (Vec<&Entry>, Vec<&Entry>) = begins.partition(|entry| entry.at < heard);
    let begun: BTreeSet<_> = early.iter().map(|entry| &entry.change).collect();
    let others: Vec<String> =
        late.iter().filter(|entry| !begun.contains(&entry.change)).map(|entry| entry.change.to_string()).collect();
    assert_eq!(others, Vec::<String>::new(), "begun after it was cancelled");
}

/// Of how many moments of a deployment the two tests take each its own.
const MOMENTS: usize = 10;

/// A deployment from [`before`] to [`after`] that nothing disturbed: both ends as boto3 sees them, and moments in between that
/// are `odd` or not; of all of them the first is its first change, the last its last.
struct Course {
    trial: Trial,
    /// The revision that it began with.
    first: Revision,
    before: serde_json::Value,
    after: serde_json::Value,
    changes: usize,
    moments: Vec<usize>,
}

impl Course {
    async fn of(odd: bool) -> Self {
        let trial = Trial::unhurried().await;
        let first = trial.deploy(&before()).await;
        assert_deployed(&first);
        let before = seen(&trial).await;
        let mark = trial.account.proxy.mark();
        assert_deployed(&trial.deploy(&after()).await);
        let changes = trial.changes_since(mark).len();
        let after = seen(&trial).await;
        let all = (0..MOMENTS).map(|moment| 1 + moment * (changes - 1) / (MOMENTS - 1));
        let moments = all.skip(usize::from(odd)).step_by(2).collect();
        Self { trial, first: first.revision.expect("it has one"), before, after, changes, moments }
    }

    /// Deploys a project, cancels that at its n-th change, and says whether anything was left to cancel. What it deletes goes
    /// last and at once, so that there may be nothing left from then on; in the first half there is.
    async fn is_cancelled_at(&self, n: usize, project: &Project) -> bool {
        let ended = cancelled_at(&self.trial, n, project).await;
        let is_cancelled = outcome(&ended).name() == "Cancelled";
        assert!(is_cancelled || n > self.changes / 2, "cancelled at change {n} of {}", self.changes);
        is_cancelled
    }
}

#[tokio::test]
async fn whenever_it_is_cancelled_the_next_deployment_finishes_it() {
    let course = Course::of(true).await;
    let trial = &course.trial;
    // Back and forth, so that each begins where the one before it ended.
    let ends = [(before(), &course.before), (after(), &course.after)];
    for (&n, (project, expected)) in course.moments.iter().zip(ends.iter().cycle()) {
        let is_cancelled = course.is_cancelled_at(n, project).await;
        let next = trial.deploy(project).await;
        assert_eq!(outcome(&next).name(), if is_cancelled { "Deployed" } else { "Unchanged" }, "{:#?}", next.status);
        assert_eq!(differences(expected, &seen(trial).await), Vec::<String>::new(), "cancelled at change {n}");
        the_record_is_true(trial).await;
    }
}

#[tokio::test]
async fn whenever_it_is_cancelled_a_way_back_restores_what_was() {
    let course = Course::of(false).await;
    let (trial, first) = (&course.trial, course.first);
    assert_eq!(back(trial, json!(first)).await, first);
    for (turn, &n) in course.moments.iter().enumerate() {
        course.is_cancelled_at(n, &after()).await;
        if turn.is_multiple_of(2) {
            // What the environment stood at before that.
            back(trial, json!("previous")).await;
        } else {
            assert_eq!(back(trial, json!(first)).await, first);
        }
        assert_eq!(differences(&course.before, &seen(trial).await), Vec::<String>::new(), "cancelled at change {n}");
        the_record_is_true(trial).await;
    }
}
