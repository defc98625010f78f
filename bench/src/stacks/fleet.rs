//! A monorepo of agents: a `strands.yaml` as a generator writes it, expanded by `config`, planned by `planner`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::{Artifact, Desired, Digest};

use super::builder::{context, planned};
use super::{Stack, StackError};

/// The sets of needs that agents have, in turn: eight, so that agents of one set share a role.
const NEEDS: [&str; 8] = [
    "permissions: [{ resource: orders, access: read }]",
    "permissions: [{ resource: orders, access: full }], dlq: true",
    "permissions: [{ resource: documents, access: write }, { resource: work, access: write }]",
    "permissions: [{ resource: documents, access: read }], tracing: true, alias: live",
    "permissions: [{ resource: alerts, access: write }], dlq: true, tracing: true",
    "permissions: [{ resource: orders, access: read }, { resource: model, access: read }], alias: live",
    "permissions: [{ resource: work, access: read }], url: true",
    "permissions: [{ actions: ['bedrock:InvokeModel'], resources: ['arn:aws:bedrock:*::foundation-model/*'] }]",
];

const SHARED: &str = "\
shared:
  api_gateway: { type: http, cors: { origins: ['https://example.com'] } }
  monitoring:
    xray: true
    alarms: { errors: 1, duration_percent: 80, email: ops@example.com }
    log_retention_days: 14
  tables: { orders: { key: { PK: S }, sort: { SK: S } } }
  buckets: { documents: {} }
  queues: { work: { dlq: true, visibility: 60 } }
  topics: { alerts: {} }
  parameters: { model: small }
";

/// The config of `agents` agents.
fn config(agents: usize) -> String {
    let mut text = format!(
        "project: {{ name: bench, region: {}, tags: {{ team: support, cost-center: '4711' }} }}\n\
         environments: {{ dev: {{ account: '{}' }} }}\nagents:\n",
        context::REGION,
        context::ACCOUNT,
    );
    for (number, needs) in NEEDS.iter().cycle().take(agents).enumerate() {
        let _ = writeln!(
            text,
            "  - {{ name: agent-{number:04}, path: agents/agent-{number:04}, runtime: python3.12, handler: handler.handle, \
             memory: 256, timeout: 30, environment: {{ MODEL: small }}, route: 'POST /agents/{number:04}', {needs} }}",
        );
    }
    text + SHARED
}

/// What a monorepo of `agents` agents comes to.
///
/// # Errors
/// [`StackError::Config`] where `config` refuses what is generated here.
pub fn fleet(agents: usize) -> Result<Desired, StackError> {
    const STACK: &str = "monorepo";
    let refused = |report: String| StackError::Config { stack: STACK, report };
    let config = config::parse("strands.yaml", &config(agents)).map_err(|report| refused(report.to_string()))?;
    let named = config.agents_with_paths("dev").map_err(|report| refused(report.to_string()))?;
    let artifact = |name: &str| Artifact { digest: Digest::of(name.as_bytes()), size: 4_096 };
    let artifacts: BTreeMap<String, Artifact> =
        named.iter().map(|agent| (agent.name.to_owned(), artifact(agent.name))).collect();
    let environment = context::environment();
    let bucket = format!("strands-deployments-{}-{}", context::ACCOUNT, context::REGION);
    let expansion = config::Context::new(&environment, &artifacts, &bucket);
    config::expand(&config, &expansion).map(|expanded| expanded.desired).map_err(|report| refused(report.to_string()))
}

/// The plan of a monorepo of `agents` agents.
///
/// # Errors
/// [`StackError`] where `config` or `planner` refuses it.
pub fn monorepo(agents: usize) -> Result<Stack, StackError> {
    planned("monorepo, 100 agents", &fleet(agents)?)
}
