//! How large the record of a typical environment is, plain and compressed.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use model::{Plan, Presence, Recorded, Retention};
use serde_json::{Value, json};

use crate::plans::{PlansError, typical};
use crate::record::{carried_out, outputs};
use crate::report::{Report, table};
use crate::row::Row;
use crate::stacks::plan;

/// How many resources a typical environment is taken to have.
const RESOURCES: usize = 1_000;
/// Bars of `state.json`, in megabytes.
const PLAIN: f64 = 10.0;
const COMPRESSED: f64 = 1.0;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no record.
    #[error(transparent)]
    Plans(#[from] PlansError),
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
    let state = serde_json::to_vec_pretty(&state(&made, &recorded)).map_err(json_error)?;
    let after = serde_json::to_vec_pretty(&recorded).map_err(json_error)?;
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
    report.text = format!(
        "{RESOURCES} resources in the mix of a monorepo of agents, as recorded after their creation:\n\n{}\nThe largest resource \
         item has {:.1} kB (DynamoDB takes 400).\n",
        table(&["what", "MB plain", "MB deflate"], &lines),
        largest as f64 / 1_000.0,
    );
    Ok(report)
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
