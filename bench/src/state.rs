//! How large the record of a typical environment is, plain and compressed, and how many commits it takes to write it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use model::{Plan, Presence, Recorded, Retention};
use serde_json::{Value, json};
use testkit::Latencies;

use crate::makespan::SEED;
use crate::makespan::run::{RunError, account, deploy};
use crate::plans::{PlansError, typical};
use crate::record::{carried_out, outputs};
use crate::report::{Report, table};
use crate::row::Row;
use crate::stacks::{StackError, chain, independent, monorepo, plan};

/// How many resources a typical environment is taken to have.
const RESOURCES: usize = 1_000;
/// Bars of `state.json`, in megabytes.
const PLAIN: f64 = 10.0;
const COMPRESSED: f64 = 1.0;
/// Bar of commits in a burst.
const PER_BURST: f64 = 2.0;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no record.
    #[error(transparent)]
    Plans(#[from] PlansError),
    /// There is no stack to deploy.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// It cannot be deployed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It cannot be compressed.
    #[error("`state.json` cannot be compressed: {0}")]
    Compress(#[from] io::Error),
}

/// Measures `state.json`, `state-after.json` and the items of the table.
///
/// # Errors
/// [`StateError`] where there is nothing to measure.
pub fn run() -> Result<Report, StateError> {
    let wanted = typical(RESOURCES).map_err(PlansError::from)?;
    let made = plan(&wanted, &Recorded::default()).map_err(PlansError::from)?;
    let recorded = carried_out(&made);
    let json_error = |error| StateError::from(PlansError::from(error));
    let state = serde_json::to_vec(&state(&made, &recorded)).map_err(json_error)?;
    let after = serde_json::to_vec(&recorded).map_err(json_error)?;
    let items: Vec<Vec<u8>> =
        recorded.resources.values().map(serde_json::to_vec).collect::<Result<_, _>>().map_err(json_error)?;
    let largest = items.iter().map(Vec::len).max().unwrap_or_default();

    let mut report = Report { name: "state", text: String::new(), rows: Vec::new(), missed: Vec::new() };
    let mut lines = Vec::new();
    for (name, bytes, bars) in [
        ("state.json", &state, Some((PLAIN, COMPRESSED))),
        ("state-after.json", &after, None),
        ("resource items", &items.concat(), None),
    ] {
        let (plain, compressed) = (megabytes(bytes.len()), megabytes(deflated(bytes)?));
        lines.push(vec![name.to_owned(), format!("{plain:.3}"), format!("{compressed:.3}")]);
        for (what, value, bar) in
            [("plain", plain, bars.map(|bars| bars.0)), ("deflate", compressed, bars.map(|bars| bars.1))]
        {
            let name = format!("state/{RESOURCES}/{name}/{what}");
            if bar.is_some_and(|bar| value >= bar) {
                report.missed.push(format!("{name} is {value:.2} MB"));
            }
            report.rows.push(match bar {
                Some(bar) => Row::held(name, value, "MB", bar),
                None => Row::told(name, value, "MB"),
            });
        }
    }
    report.rows.push(Row::told(format!("state/{RESOURCES}/largest item"), largest as f64 / 1_000.0, "kB"));
    let bursts = commits(&mut report)?;
    report.text = format!(
        "{RESOURCES} resources in the mix of a monorepo of agents, as recorded after their creation:\n\n{}\nThe largest resource \
         item has {:.1} kB (DynamoDB takes 400).\n\nCommits of deployments in virtual time. *Burst*: what happens within {} ms, \
         which is how long a commit takes, of the first event that belongs to it.\n\n{bursts}",
        table(&["what", "MB plain", "MB deflate"], &lines),
        largest as f64 / 1_000.0,
        account(Latencies::Drawn).commit.as_millis(),
    );
    Ok(report)
}

/// The table of commits: of a thousand independent resources, of a chain, and of a monorepo.
fn commits(report: &mut Report) -> Result<String, StateError> {
    let mut lines = Vec::new();
    for stack in [independent(1_000)?, chain(200)?, monorepo(100)?] {
        let deployed = deploy(&stack.plan, SEED, account(Latencies::Drawn))?;
        // Those that hold nothing renew the lease.
        let commits: Vec<_> = deployed.commits.iter().filter(|commit| !commit.events.is_empty()).collect();
        let mut events: Vec<Duration> = commits.iter().flat_map(|commit| commit.events.iter().copied()).collect();
        let bursts = bursts(&mut events, account(Latencies::Drawn).commit);
        let (made, resources) = (commits.len() as f64, stack.plan.changes.len() as f64);
        let per_burst = made / bursts as f64;
        lines.push(vec![
            stack.name.to_owned(),
            stack.plan.changes.len().to_string(),
            events.len().to_string(),
            commits.len().to_string(),
            bursts.to_string(),
            format!("{per_burst:.2}"),
            format!("{:.2}", made / resources),
            commits.iter().map(|commit| commit.records).max().unwrap_or_default().to_string(),
        ]);
        let name = format!("state/{}/commits per burst", stack.name);
        if per_burst > PER_BURST {
            report.missed.push(format!("{name}: {per_burst:.2} (bar {PER_BURST})"));
        }
        report.rows.push(Row::held(name, per_burst, "commits", PER_BURST));
        report.rows.push(Row::told(format!("state/{}/commits per resource", stack.name), made / resources, "commits"));
    }
    let head = [
        "stack",
        "resources",
        "events",
        "commits",
        "bursts",
        "commits a burst",
        "commits a resource",
        "most records a commit",
    ];
    Ok(table(&head, &lines))
}

/// How many bursts there were: each begins with an event that none before it covers, and lasts for `length`.
fn bursts(events: &mut [Duration], length: Duration) -> usize {
    events.sort_unstable();
    let mut count = 0;
    let mut over = None;
    for event in events.iter() {
        if over.is_none_or(|over| *event >= over) {
            count += 1;
            over = Some(*event + length);
        }
    }
    count
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1_000_000.0
}

fn deflated(bytes: &[u8]) -> Result<usize, io::Error> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// The record in the vocabulary of CloudFormation and CDK, as `functions/conclude/src/history.rs` writes it into
/// `state.json`; that function links AWS, so that what it writes is written again here.
fn state(plan: &Plan, recorded: &Recorded) -> Value {
    let mut stacks: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for (key, resource) in &recorded.resources {
        let status = match resource.presence {
            Presence::Announced => "CREATE_IN_PROGRESS",
            Presence::Incomplete => "INCOMPLETE",
            Presence::Present => "COMPLETE",
            Presence::Leaving => "DELETE_IN_PROGRESS",
        };
        let policy = match resource.retention {
            Retention::Retain => "Retain",
            Retention::Delete | Retention::RetainReplaced => "Delete",
        };
        let entry = json!({
            "Type": resource.kind,
            "PhysicalResourceId": resource.physical_id,
            "Status": status,
            "Properties": resource.sent,
            "Attributes": resource.attributes,
            "DependsOn": resource.dependencies,
            "DeletionPolicy": policy,
            "Agent": resource.agent,
            "Generation": key.generation,
        });
        stacks.entry(&key.address.stack).or_default().insert(&key.address.logical_id, entry);
    }
    let stacks: BTreeMap<&str, Value> =
        stacks.into_iter().map(|(name, resources)| (name, json!({ "Resources": resources }))).collect();
    json!({
        "version": 1,
        "project": plan.environment.project,
        "environment": plan.environment.environment,
        "revision": recorded.revision,
        "deployment": plan.deployment,
        "stacks": stacks,
        "outputs": outputs(plan, recorded),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_lasts_from_its_first_event_for_as_long_as_a_commit_takes() {
        let millis = |all: &[u64]| all.iter().map(|at| Duration::from_millis(*at)).collect::<Vec<_>>();
        let length = Duration::from_millis(10);
        assert_eq!(bursts(&mut millis(&[]), length), 0);
        assert_eq!(bursts(&mut millis(&[5, 0, 9]), length), 1);
        assert_eq!(bursts(&mut millis(&[0, 9, 10, 18, 40]), length), 3);
    }

    #[test]
    fn every_resource_stands_in_the_state_with_what_was_sent() {
        let made = plan(&typical(100).unwrap(), &Recorded::default()).unwrap();
        let recorded = carried_out(&made);
        let state = state(&made, &recorded);
        for (key, resource) in &recorded.resources {
            let entry = &state["stacks"][&key.address.stack]["Resources"][&key.address.logical_id];
            assert_eq!(entry["Properties"], resource.sent.to_value(), "{key}");
            assert_eq!(entry["Type"], resource.kind.as_str(), "{key}");
        }
    }
}
