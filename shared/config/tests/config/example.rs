//! The example project that people copy.

use std::collections::BTreeMap;

use model::{Artifact, Digest, EnvironmentId};

const EXAMPLE: &str = include_str!("../../../../examples/agents/strands.yaml");

#[test]
fn the_example_is_valid_and_expands_in_each_of_its_environments() {
    let config = match config::parse("strands.yaml", EXAMPLE) {
        Ok(config) => config,
        Err(report) => panic!("{}", report.render(false, 100)),
    };
    for (name, environment) in &config.environments {
        let record = model::Environment {
            id: EnvironmentId::new(&config.project.value, name).unwrap(),
            account: environment.account.as_ref().map_or("000000000000".into(), |account| account.value.clone()),
            region: environment.region.as_ref().map_or("eu-central-1".into(), |region| region.value.clone()),
            target_role: "arn:aws:iam::000000000000:role/target".into(),
            external_id: None,
            boundary: "arn:aws:iam::000000000000:policy/boundary".into(),
            protected: false,
            on_failure: Default::default(),
            approval: None,
            keep: Default::default(),
            limits: Default::default(),
            notices: Default::default(),
        };
        let artifacts: BTreeMap<String, Artifact> = environment
            .agents
            .iter()
            .map(|agent| {
                (agent.name.value.clone(), Artifact { digest: Digest::of(agent.name.value.as_bytes()), size: 1 })
            })
            .collect();
        let context = config::Context::new(&record, &artifacts, "deployments");
        let desired = config::expand(&config, &context).unwrap_or_else(|report| panic!("{report}")).desired;
        assert!(environment.agents.len() >= 3);
        for (address, resource) in &desired.resources {
            for reference in model::expression::references(&resource.properties).unwrap() {
                assert!(desired.resources.contains_key(&reference.address), "{address} → {}", reference.address);
            }
        }
    }
}
