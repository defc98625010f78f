//! Any text as a config: whatever it is, it is read and expanded, or what is wrong with it is told.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use config::{Context, expand, parse};
use libfuzzer_sys::fuzz_target;
use model::{Environment, EnvironmentId};

fuzz_target!(|text: &str| {
    let config = match parse("strands.yaml", text) {
        Ok(config) => config,
        Err(report) => {
            report.refusals();
            return;
        }
    };
    let Some(name) = config.environments.keys().next() else { return };
    let Ok(id) = EnvironmentId::new(config.project.clone(), name.clone()) else { return };
    let environment = Environment::new(id, "123456789012", "eu-central-1");
    let artifacts = BTreeMap::new();
    if let Err(report) = expand(&config, &Context::new(&environment, &artifacts, "artifacts")) {
        report.refusals();
    }
});
