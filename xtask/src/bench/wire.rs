//! From upload to concluded, in an embedded account: the emulator as it is, and with AWS's latencies laid over it.
//!
//! With the latencies, what counts is the time from the first to the last call of the target role, which should be at most 1.10
//! times what the calls cannot take less than; what comes before and after is told apart.

use std::path::Path;
use std::time::Duration;

use end_to_end::{Field, Project, outcome};
use local::{Call, executions};
use model::{Deployment, Plan, Timestamp};

use super::row::Rows;
use super::{bound, delays, stacks};
use crate::error::XtaskError;

/// What the wide project may take, in seconds.
const WIDE_SECONDS: f64 = 2.5;
/// How many state transitions a deployment may take that waits for nothing.
const TRANSITIONS: f64 = 8.0;

/// One deployment in numbers, in seconds.
struct Sample {
    /// From the upload to the recorded end.
    total: f64,
    transitions: usize,
    /// None where AWS was not called.
    calls: Option<Calls>,
}

/// The calls of the target role.
struct Calls {
    /// From the upload to the first.
    before: f64,
    /// From the first to the end of the last.
    during: f64,
    /// From then to the recorded end.
    after: f64,
    /// What `during` cannot be less than.
    bound: f64,
}

/// Measures everything, `runs` times.
pub(super) async fn run(binaries: &Path, runs: usize, rows: &Rows) -> Result<(), XtaskError> {
    for (conditions, is_delayed) in [("plain", false), ("delayed", true)] {
        let (mut wide, mut first, mut unchanged, mut one) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..runs {
            let field = field(binaries, is_delayed).await;
            wide.push(deploy(&field, &stacks::wide(), "Deployed").await?);
            drop(field);
            let field = self::field(binaries, is_delayed).await;
            let project = Project::desk();
            first.push(deploy(&field, &project, "Deployed").await?);
            unchanged.push(deploy(&field, &project, "Unchanged").await?);
            let changed = project.with("agents/order-agent/handler.py", "\n", "\n# changed\n");
            one.push(deploy(&field, &changed, "Deployed").await?);
        }
        let wide_bound = (!is_delayed).then_some(WIDE_SECONDS);
        tell(rows, &format!("wire/{}/{conditions}", stacks::WIDE), &wide, wide_bound, is_delayed);
        tell(rows, &format!("wire/example/{conditions}"), &first, None, is_delayed);
        tell(rows, &format!("wire/unchanged/{conditions}"), &unchanged, None, false);
        tell(rows, &format!("wire/code/{conditions}"), &one, None, false);
    }
    Ok(())
}

/// An account of its own, so that every function starts cold.
async fn field(binaries: &Path, is_delayed: bool) -> Field {
    let field = Field::of(binaries, &[]).await;
    if is_delayed {
        delays::lay_over(&field.account.proxy);
    }
    field
}

fn tell(rows: &Rows, name: &str, samples: &[Sample], bound: Option<f64>, is_held: bool) {
    let each = |of: &dyn Fn(&Sample) -> Option<f64>| samples.iter().filter_map(of).collect::<Vec<f64>>();
    let total = each(&|sample| Some(sample.total));
    match bound {
        Some(bound) => rows.held(format!("{name}/total"), "s", bound, total),
        None => rows.told(format!("{name}/total"), "s", total),
    }
    rows.held(format!("{name}/transitions"), "states", TRANSITIONS, each(&|sample| Some(sample.transitions as f64)));
    let before = each(&|sample| Some(sample.calls.as_ref()?.before));
    if before.is_empty() {
        return;
    }
    rows.told(format!("{name}/before"), "s", before);
    let during = each(&|sample| Some(sample.calls.as_ref()?.during));
    let mut bounds = each(&|sample| Some(sample.calls.as_ref()?.bound));
    bounds.sort_by(f64::total_cmp);
    match bounds.get(bounds.len() / 2).filter(|_| is_held) {
        Some(bound) => rows.held(format!("{name}/calls"), "s", *bound, during),
        None => rows.told(format!("{name}/calls"), "s", during),
    }
    rows.told(format!("{name}/after"), "s", each(&|sample| Some(sample.calls.as_ref()?.after)));
}

/// Deploys a project, and measures it.
async fn deploy(field: &Field, project: &Project, expected: &str) -> Result<Sample, XtaskError> {
    let bundle = project.bundle();
    let before = field.deployments().await.len();
    let (began, mark) = (Timestamp::now(), field.account.proxy.mark());
    field.upload("bundle.zip", bundle).await;
    let deployments = field.ended_count(before + 1).await;
    let last = deployments.last().ok_or_else(|| unexpected("no deployment ended"))?;
    let ended = last.ended.ok_or_else(|| unexpected("it ended without a time"))?;
    let outcome = outcome(last);
    if outcome.name() != expected {
        return Err(unexpected(format!("expected {expected}: {}", serde_json::json!(outcome))));
    }
    let transitions = transitions(field, last).await?;
    let calls = field.account.proxy.since(mark);
    let calls: Vec<Call> = calls.into_iter().filter(|call| call.caller.is_named(delays::TARGET)).collect();
    let first = calls.iter().map(|call| call.at).min();
    let end = calls.iter().map(|call| call.at + call.took.unwrap_or(Duration::ZERO)).max();
    let plan = plan(field, last).await?;
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    let calls = first.zip(end).map(|(first, end)| Calls {
        before: seconds(began, first),
        during: seconds(first, end),
        after: seconds(end, ended),
        bound: bound::seconds(&plan, &calls),
    });
    Ok(Sample { total: seconds(began, ended), transitions, calls })
}

/// The states that its executions entered, once they have ended: concluding is not their last step.
async fn transitions(field: &Field, deployment: &Deployment) -> Result<usize, XtaskError> {
    let (clients, prefix) = (&field.account.clients, format!("{}-", deployment.id));
    let count = async || executions::states_entered(clients, "strandline-deploy", &prefix).await.transpose();
    Ok(field.until("the executions to end", count).await?)
}

async fn plan(field: &Field, deployment: &Deployment) -> Result<Plan, XtaskError> {
    let reference = deployment.plan.as_ref().ok_or_else(|| unexpected("it has no plan"))?;
    let bytes = field.store.get(reference).await?;
    serde_json::from_slice(&bytes).map_err(|error| unexpected(format!("its plan cannot be read: {error}")))
}

fn unexpected(why: impl Into<String>) -> XtaskError {
    XtaskError::Unexpected { what: "a project was uploaded".to_owned(), why: why.into() }
}
