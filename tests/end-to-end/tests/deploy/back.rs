//! Ways back from failures: whatever change of a deployment fails, the account is afterwards what it was before.
//!
//! Every [`STEP`]-th mutating call fails in turn. `STRANDLINE_EVERY_CHANGE=1` makes it every call (minutes).

use end_to_end::sight::{differences, seen, the_record_is_true};
use end_to_end::{Project, assert_deployed, outcome};
use local::{Effect, Rule};
use model::Outcome;

use crate::trial::{Trial, desk};

/// Which calls fail, of those that there are, unless all are asked for.
const STEP: usize = 7;

fn step() -> usize {
    if std::env::var_os("STRANDLINE_EVERY_CHANGE").is_some() { 1 } else { STEP }
}

/// The desk, from which everything goes that is not wanted any more.
pub(crate) fn lean() -> Project {
    desk().with("strands.yaml", "ttl: until }", "ttl: until, on_removal: delete }").with(
        "strands.yaml",
        "documents: {}",
        "documents: { on_removal: delete }",
    )
}

/// The same with a few more things.
pub(crate) fn full() -> Project {
    lean()
        .with(
            "strands.yaml",
            "dlq: true\n    route: \"POST /research\"",
            "dlq: true\n    alias: live\n    route: \"POST /research\"",
        )
        .with(
            "strands.yaml",
            "ttl: until, on_removal: delete }",
            "ttl: until, on_removal: delete }\n    carts: { key: { PK: S }, on_removal: delete }",
        )
        .with(
            "strands.yaml",
            "documents: { on_removal: delete }",
            "documents: { on_removal: delete }\n    drafts: { on_removal: delete }",
        )
        .with(
            "strands.yaml",
            "alerts: {}",
            "alerts: {}\n    orders-placed: {}\n  parameters:\n    model: haiku\n    tone: polite",
        )
}

/// What comes after it: settings, code, roles and what depends on them change, a table is replaced, an agent, a bucket and
/// a topic go, a queue and a parameter come.
pub(crate) fn other() -> Project {
    let project = full()
        .with("agents/research-agent/agent.py", "import", "import sys  # noqa\nimport")
        .with("strands.yaml", "memory: 512\n    timeout: 30", "memory: 768\n    timeout: 25")
        .with("strands.yaml", "MODEL: anthropic.claude-3-5-haiku-20241022-v1:0", "MODEL: anthropic.claude-sonnet-4")
        .with(
            "strands.yaml",
            "{ resource: orders, access: read }",
            "{ resource: orders, access: full }\n      - { resource: later, access: write }",
        )
        .with(
            "strands.yaml",
            "orders: { key: { PK: S }, sort: { SK: S }",
            "orders: { key: { PK: S }, sort: { Kind: S }",
        )
        .with("strands.yaml", "\n    drafts: { on_removal: delete }", "")
        .with("strands.yaml", "\n    orders-placed: {}", "")
        .with("strands.yaml", "visibility: 60 }", "visibility: 90 }\n    later: {}")
        .with("strands.yaml", "log_retention_days: 14", "log_retention_days: 30")
        .with("strands.yaml", "tone: polite", "tone: brief\n    greeting: hello");
    without_orders(project)
}

fn without_orders(project: Project) -> Project {
    let config = project.text("strands.yaml");
    let (before, rest) = config.split_once("  - name: order-agent").expect("the agent is there");
    let (_, after) = rest.split_once("  - name: research-agent").expect("another follows");
    let config = format!("{before}  - name: research-agent{after}");
    project.config(&config)
}

/// Has the n-th mutating call fail for good; says whether there was one.
async fn fails_at(trial: &Trial, n: usize, project: &Project) -> Option<model::Deployment> {
    let mark = trial.account.proxy.mark();
    let rule = Rule::on("*", "*").caller("strandline-target").mutating().nth(n);
    let rule = trial.account.proxy.inject(rule, Effect::fail(403, "AccessDeniedException"));
    let deployment = trial.deploy(project).await;
    trial.account.proxy.withdraw(rule);
    let failed = trial.account.proxy.since(mark).iter().any(|call| call.fault == Some("failed"));
    failed.then_some(deployment)
}

fn to(deployment: &model::Deployment) -> u64 {
    match outcome(deployment) {
        Outcome::RolledBack { to, causes } => {
            assert!(!causes.is_empty(), "it says what failed");
            to.0
        }
        other => panic!("{}", serde_json::to_string_pretty(other).unwrap()),
    }
}

#[tokio::test]
async fn whatever_change_fails_the_account_is_as_it_was_before() {
    let trial = Trial::start().await;
    let first = trial.deploy(&full()).await;
    assert_deployed(&first);
    let record = trial.record().await;
    let kinds: std::collections::BTreeSet<_> = record.resources.values().map(|one| one.kind.as_str()).collect();
    assert!(record.resources.len() >= 40 && kinds.len() >= 12, "{} of {kinds:?}", record.resources.len());
    let before = seen(&trial).await;
    let mut failed = 0;
    for n in (1..).step_by(step()) {
        let Some(deployment) = fails_at(&trial, n, &other()).await else { break };
        assert_eq!(to(&deployment), first.revision.expect("it has one").0, "call {n}");
        assert_eq!(differences(&before, &seen(&trial).await), Vec::<String>::new(), "after call {n} failed");
        the_record_is_true(&trial).await;
        failed += 1;
    }
    println!("{failed} failures, each undone");
    assert!(failed > 3, "{failed}");
}

#[tokio::test]
async fn whatever_change_of_a_first_deployment_fails_nothing_is_left() {
    let trial = Trial::start().await;
    let before = seen(&trial).await;
    let mut failed = 0;
    for n in (1..).step_by(step()) {
        let Some(deployment) = fails_at(&trial, n, &full()).await else { break };
        assert_eq!(to(&deployment), 0, "call {n}");
        assert_eq!(differences(&before, &seen(&trial).await), Vec::<String>::new(), "after call {n} failed");
        assert_eq!(trial.record().await.resources.len(), 0, "after call {n} failed");
        failed += 1;
    }
    println!("{failed} failures, each undone");
    assert!(failed > 3, "{failed}");
}
