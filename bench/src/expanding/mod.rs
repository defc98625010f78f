//! How fast projects of templates and raw resources are read, checked and expanded, and in how much memory.

mod project;
mod yaml;

use std::collections::BTreeMap;

use config::{Config, Expanded};
use model::{Artifact, Digest, Snapshot};

use crate::measured::{RUNS, measure, timed};
use crate::report::{Report, table};
use crate::row::Row;
use crate::stacks::{StackError, context};
pub use project::Project;

/// How many resources there are, and the bars: milliseconds, and megabytes where there is one.
const SIZES: [(usize, f64, Option<f64>); 2] = [(1_000, 150.0, None), (10_000, 2_000.0, Some(300.0))];

/// The bar of the first expansion of a process, of 1,000 resources: the same as of the others.
const FIRST_MILLISECONDS: f64 = SIZES[0].1;

/// Measures each kind of project at 1,000 and 10,000 resources.
///
/// # Errors
/// [`StackError::Config`] where a project is refused.
pub fn run() -> Result<Report, StackError> {
    let mut report = Report { name: "expand", text: String::new(), rows: Vec::new(), missed: Vec::new() };
    let mut lines = Vec::new();
    let first = first()?;
    report.rows.push(Row::held("expand/first/1000/time", first, "ms", FIRST_MILLISECONDS));
    if first >= FIRST_MILLISECONDS {
        report.missed.push(format!("the first expansion of a process took {first:.0} ms"));
    }
    for (count, milliseconds, megabytes) in SIZES {
        for project in Project::all(count) {
            let name = project.name;
            let made = project.expanded()?.desired.resources.len();
            let took = measure(|| project.expanded())?;
            lines.push(vec![
                format!("{name}, {made}"),
                format!("{:.2}", project.bytes() as f64 / 1_000_000.0),
                format!("{:.1}", took.milliseconds),
                format!("{:.1}", took.median),
                format!("{:.1}", took.megabytes),
                format!("{:.0}", made as f64 / took.milliseconds * 1_000.0),
            ]);
            report.rows.push(Row::held(format!("expand/{name}/{count}/time"), took.milliseconds, "ms", milliseconds));
            report.rows.push(match megabytes {
                Some(bound) => Row::held(format!("expand/{name}/{count}/memory"), took.megabytes, "MB", bound),
                None => Row::told(format!("expand/{name}/{count}/memory"), took.megabytes, "MB"),
            });
            if took.milliseconds >= milliseconds {
                report.missed.push(format!("{name} of {made} took {:.0} ms", took.milliseconds));
            }
            if let Some(bound) = megabytes.filter(|bound| took.megabytes >= *bound) {
                report.missed.push(format!("{name} of {made} took {:.0} MB of {bound}", took.megabytes));
            }
        }
    }
    let head = ["what, resources", "MB of text", "ms", "median by the clock", "peak MB", "resources/s"];
    report.text = format!(
        "The least processor time of {RUNS} runs (by the clock, below 50 ms), and the median by the clock, which counts what else the machine did; peak memory \
         beyond the texts:\n\n{}\nThe first expansion of a process, of an assembly of 1,000 resources, decodes the schemas of its types besides: {first:.1} ms.\n",
        table(&head, &lines)
    );
    Ok(report)
}

/// How long the first expansion of this process takes, in milliseconds of the processor.
fn first() -> Result<f64, StackError> {
    let Some(project) = Project::all(SIZES[0].0).pop() else { return Ok(0.0) };
    let (made, took) = timed(|| project.expanded());
    made?;
    Ok(took.as_secs_f64() * 1_000.0)
}

impl Project {
    /// What it comes to, read from its texts.
    ///
    /// # Errors
    /// [`StackError::Config`] where it is refused.
    pub fn expanded(&self) -> Result<Expanded, StackError> {
        let refused = |report: config::Report| StackError::Config { stack: self.name, report: report.to_string() };
        let config = config::parse("strands.yaml", &self.config).map_err(refused)?;
        let artifacts = self.artifacts(&config).map_err(refused)?;
        let environment = context::environment();
        let context = config::Context {
            sources: &self.sources,
            snapshot: &Snapshot::default(),
            ..config::Context::new(&environment, &artifacts, "strands-deployments")
        };
        config::expand(&config, &context).map_err(refused)
    }

    fn artifacts(&self, config: &Config) -> Result<BTreeMap<String, Artifact>, config::Report> {
        let assets = config.assets("dev", &self.sources)?;
        let artifact = |key: String| (key.clone(), Artifact { digest: Digest::of(key.as_bytes()), size: 4_096 });
        Ok(assets.into_iter().map(|asset| artifact(asset.key)).collect())
    }

    fn bytes(&self) -> usize {
        self.config.len() + self.sources.values().map(String::len).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_as_many_resources_as_were_asked_for_and_refers_between_them() {
        for project in Project::all(1_000) {
            let expanded = project.expanded().unwrap();
            assert_eq!(expanded.desired.resources.len(), 1_000, "{}", project.name);
            let references =
                |resource: &model::DesiredResource| model::expression::references(&resource.properties).unwrap().len();
            assert!(expanded.desired.resources.values().map(references).sum::<usize>() > 1_000, "{}", project.name);
            assert!(expanded.lookups.is_empty());
        }
    }
}
