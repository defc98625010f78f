//! Any text as a config: whatever it is, it is read and expanded in each of its environments, or what is wrong with it is told.
#![no_main]

use std::collections::BTreeMap;

use config::{Context, Needed, NeededKind, expand, parse};
use libfuzzer_sys::fuzz_target;
use model::{Artifact, Digest, Environment, EnvironmentId, Snapshot};

/// What every template that a config names says.
const TEMPLATE: &str =
    "Parameters: { Stage: { Type: String, Default: dev } }\nResources: { Queue: { Type: AWS::SQS::Queue } }\n";

fuzz_target!(|text: &str| {
    let config = match parse("strands.yaml", text) {
        Ok(config) => config,
        Err(report) => {
            report.refusals();
            return;
        }
    };
    for (name, environment) in config.environments.iter().take(3) {
        let Ok(id) = EnvironmentId::new(&config.project.value, name) else { continue };
        let account = environment.account.as_ref().map_or("123456789012", |account| account.value.as_str());
        let region = environment.region.as_ref().map_or("eu-central-1", |region| region.value.as_str());
        let record = Environment::new(id, account, region);
        let artifact = |name: String| (name, Artifact { digest: Digest::of(b"code"), size: 4 });
        let artifacts: BTreeMap<String, Artifact> =
            environment.agents.iter().map(|agent| artifact(agent.name.value.clone())).collect();
        let source = |needed: Needed<'_>| match needed.kind {
            NeededKind::Text => Some((needed.path.to_owned(), TEMPLATE.to_owned())),
            NeededKind::Assembly => None,
        };
        let sources: BTreeMap<String, String> = config.needed(name).into_iter().filter_map(source).collect();
        let _ = config.assets(name, &sources);
        let snapshot = Snapshot::default();
        let mut context = Context::new(&record, &artifacts, "artifacts");
        (context.sources, context.snapshot) = (&sources, &snapshot);
        match expand(&config, &context) {
            Ok(expanded) => drop(serde_json::to_string(&expanded.desired).expect("what is desired can be written")),
            Err(report) => drop(report.refusals()),
        }
    }
});
