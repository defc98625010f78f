//! The three agents of the example, written with each feature of the language.

use std::collections::BTreeMap;

use super::sound;

const EXAMPLE: &str = include_str!("../../../../examples/agents/strands.yaml");

/// What is written in the place of what; the first line that holds it.
type Patch = &'static [(&'static str, &'static str)];

/// A place in the example to write a key of `order-agent`, of `shared`, and of the whole config.
const ORDER: &str = "    memory: 256\n    timeout: 15\n";
const SHARED: &str = "shared:\n";
const TOP: &str = "environments:\n";

const KEY: &str = "arn:aws:kms:eu-central-1:000000000000:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const CERTIFICATE: &str = "arn:aws:acm:eu-central-1:000000000000:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";

/// The feature, how it is written, and the resources that it brings, by type: at least so many more than without.
type Feature = (&'static str, Patch, &'static [(&'static str, usize)]);

const FEATURES: &[Feature] = &[
    (
        "a network",
        &[(SHARED, "shared:\n  vpc: true\n"), (ORDER, "    memory: 256\n    timeout: 15\n    vpc: true\n")],
        &[
            ("AWS::EC2::VPC", 1),
            ("AWS::EC2::Subnet", 4),
            ("AWS::EC2::InternetGateway", 1),
            ("AWS::EC2::NatGateway", 1),
            ("AWS::EC2::EIP", 1),
            ("AWS::EC2::VPCEndpoint", 2),
            ("AWS::EC2::NetworkAcl", 2),
            ("AWS::EC2::FlowLog", 1),
            ("AWS::EC2::SecurityGroup", 1),
        ],
    ),
    (
        "a network of IPAM, with a gateway in each of three zones, and endpoints",
        &[(
            SHARED,
            "shared:\n  vpc:\n    ipam: { pool_id: ipam-pool-0a1b2c3d4e5f67890, netmask_length: 20 }\n    zones: 3\n    nat: \
             per-zone\n    endpoints: [logs, sqs, bedrock-runtime]\n    flow_logs: all\n    agents: all\n",
        )],
        &[
            ("AWS::EC2::Subnet", 6),
            ("AWS::EC2::NatGateway", 3),
            ("AWS::EC2::VPCEndpoint", 5),
            ("AWS::EC2::SecurityGroup", 2),
        ],
    ),
    (
        "an HTTP API with throttling, a log and a domain",
        &[(
            "    cors: { origins: [\"https://example.com\"] }\n",
            "    cors: { origins: [\"https://example.com\"] }\n    access_log: true\n    \
             domain: { name: api.example.com, certificate: CERTIFICATE }\n",
        )],
        &[("AWS::ApiGatewayV2::DomainName", 1), ("AWS::ApiGatewayV2::ApiMapping", 1), ("AWS::Logs::LogGroup", 1)],
    ),
    (
        "a REST API",
        &[(
            "    type: http\n",
            "    type: rest\n    stage: prod\n    access_log: true\n    keys: { names: \
             [partner], monthly: 100000, open: [POST /support] }\n    domain: { name: api.example.com, certificate: CERTIFICATE }\n",
        )],
        &[
            ("AWS::ApiGateway::RestApi", 1),
            ("AWS::ApiGateway::Resource", 3),
            ("AWS::ApiGateway::Method", 6),
            ("AWS::ApiGateway::Deployment", 1),
            ("AWS::ApiGateway::Stage", 1),
            ("AWS::ApiGateway::ApiKey", 1),
            ("AWS::ApiGateway::UsagePlan", 1),
            ("AWS::ApiGateway::UsagePlanKey", 1),
            ("AWS::ApiGatewayV2::ApiMapping", 1),
        ],
    ),
    (
        "an agent of kind agentcore",
        &[
            (
                "    path: agents/order-agent\n    runtime: python3.11\n    handler: handler.handle\n    memory: 256\n    timeout: \
                 15\n    tracing: true\n    route: \"POST /orders\"\n",
                "    kind: agentcore\n    path: agents/order-agent\n    runtime: python3.12\n    handler: main.py\n    protocol: mcp\n",
            ),
            (
                "      - { resource: orders, access: read }\n",
                "      - { resource: orders, access: read }\n      - { agent: order-agent }\n",
            ),
        ],
        &[("AWS::BedrockAgentCore::Runtime", 1), ("AWS::BedrockAgentCore::RuntimeEndpoint", 1)],
    ),
    (
        "an agent of kind agentcore from an image, in the network",
        &[
            (SHARED, "shared:\n  vpc: { nat: none, endpoints: [bedrock-runtime] }\n"),
            (
                "    path: agents/order-agent\n    runtime: python3.11\n    handler: handler.handle\n    memory: 256\n    timeout: \
                 15\n    tracing: true\n    route: \"POST /orders\"\n",
                "    kind: agentcore\n    image: 000000000000.dkr.ecr.eu-central-1.amazonaws.com/desk/orders:1.4.2\n    vpc: { \
                 ports: [5432] }\n    authorizer: { discovery_url: \
                 'https://id.example.com/.well-known/openid-configuration', clients: [desk] }\n",
            ),
        ],
        &[("AWS::BedrockAgentCore::Runtime", 1), ("AWS::EC2::SecurityGroup", 2), ("AWS::EC2::SecurityGroupIngress", 1)],
    ),
    (
        "an agent of kind container",
        &[
            (SHARED, "shared:\n  vpc: true\n"),
            (
                "    path: agents/order-agent\n    runtime: python3.11\n    handler: handler.handle\n    memory: 256\n    timeout: \
                 15\n    tracing: true\n    route: \"POST /orders\"\n",
                "    kind: container\n    image: 000000000000.dkr.ecr.eu-central-1.amazonaws.com/desk/orders:1.4.2\n    cpu: \
                 512\n    memory: 1024\n    count: 2\n    public: { port: 3000, health_path: /health, certificate: CERTIFICATE }\n",
            ),
        ],
        &[
            ("AWS::ECS::Cluster", 1),
            ("AWS::ECS::Service", 1),
            ("AWS::ECS::TaskDefinition", 1),
            ("AWS::ElasticLoadBalancingV2::LoadBalancer", 1),
            ("AWS::ElasticLoadBalancingV2::Listener", 2),
            ("AWS::ElasticLoadBalancingV2::TargetGroup", 1),
            ("AWS::EC2::SecurityGroup", 2),
        ],
    ),
    (
        "secrets and parameters",
        &[
            (
                SHARED,
                "shared:\n  parameters: { model: small }\n  secrets:\n    api-key:\n    login: { length: 40, punctuation: false, \
                 key: password, with: { user: desk } }\n    partner: { arn: \
                 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:partner-AbCdEf' }\n",
            ),
            (
                "      - { resource: orders, access: full }\n",
                "      - { resource: orders, access: full }\n      - { resource: api-key, access: read }\n      - { resource: \
                 partner, access: read }\n      - { resource: login, access: full }\n      - { resource: model, access: read }\n",
            ),
        ],
        &[("AWS::SecretsManager::Secret", 2), ("AWS::SSM::Parameter", 1)],
    ),
    (
        "permissions in words",
        &[(
            "      - { resource: orders, access: full }\n",
            "      - { resource: orders, access: full }\n      - { agent: research-agent, access: invoke }\n      - { model: \
             'eu.anthropic.claude-sonnet-4-20250514-v1:0' }\n      - { state_machine: \
             'arn:aws:states:eu-central-1:000000000000:stateMachine:desk-dev-refund', access: start }\n      - { event_bus: \
             default }\n      - { kms_key: 'KEY', access: decrypt }\n",
        )],
        &[],
    ),
    (
        "events of every source",
        &[
            (
                ORDER,
                "    memory: 256\n    timeout: 15\n    events:\n      - { queue: work, batch: 5, concurrency: 2 }\n      - { table: \
                 orders }\n      - { topic: alerts, filter: { kind: [refund] } }\n      - { bucket: documents, prefix: inbox/ }\n      \
                 - { schedule: 'cron(0 8 ? * MON-FRI *)', payload: { job: report } }\n      - { event: { source: [desk.shop] } }\n",
            ),
            (
                "    orders: { key: { PK: S }, sort: { SK: S }, ttl: until }",
                "    orders: { key: { PK: S }, sort: { SK: S }, stream: new-and-old }",
            ),
        ],
        &[
            ("AWS::Lambda::EventSourceMapping", 2),
            ("AWS::Events::Rule", 3),
            ("AWS::SNS::Subscription", 1),
            ("AWS::Lambda::Permission", 4),
        ],
    ),
    (
        "tables, buckets, queues and topics with all that they may have",
        &[
            (
                "    orders: { key: { PK: S }, sort: { SK: S }, ttl: until }",
                "    orders: { key: { PK: S }, sort: { SK: S }, ttl: until, deletion_protection: true, kms_key: 'KEY', indexes: { \
                 by-status: { key: { GSI1PK: S }, sort: { GSI1SK: N }, projection: keys }, by-day: { key: { day: S }, projection: \
                 [total] } } }",
            ),
            (
                "    documents: {}\n",
                "    documents: { lifecycle: { archive_after: 90, expire_after: 365, old_versions: 30 }, cors: { origins: \
                 ['https://example.com'], methods: [GET, PUT] }, kms_key: 'KEY' }\n",
            ),
            (
                "    work: { dlq: { receives: 5 }, visibility: 60 }\n",
                "    work: { dlq: { receives: 5 }, delay: 10 }\n    steps: { fifo: true, dlq: true }\n    ledger: { fifo: { \
                 deduplicate_by: id }, kms_key: 'KEY' }\n",
            ),
            (
                "    alerts: {}\n",
                "    alerts: { emails: [ops@example.com], queues: [{ queue: work, filter: { kind: [order] } }] }\n",
            ),
        ],
        &[("AWS::SQS::Queue", 3), ("AWS::SQS::QueuePolicy", 1), ("AWS::SNS::Subscription", 2)],
    ),
    (
        "monitoring",
        &[(
            "    alarms: { errors: 1, duration_percent: 80, email: ops@example.com }\n",
            "    alarms: { errors: 1, throttles: 5, duration_percent: 80, dlq_depth: 1, api_5xx: 5, table_throttles: 1, email: \
             [ops@example.com, desk@example.com] }\n",
        )],
        &[("AWS::CloudWatch::Alarm", 9)],
    ),
    (
        "raw resources and outputs that refer to what agents made, and the other way round",
        &[
            (
                TOP,
                "resources:\n  Archive: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 60 } }\noutputs:\n  Orders: \
                 !GetAtt order-agent/Function.Arn\nenvironments:\n",
            ),
            (
                ORDER,
                "    memory: 256\n    timeout: 15\n    environment: { ARCHIVE: !Ref Archive }\n    ignore_changes: [memory]\n",
            ),
            (
                "      - { resource: orders, access: full }\n",
                "      - { resource: orders, access: full }\n      - { resource: Archive, access: write }\n",
            ),
        ],
        &[("AWS::SQS::Queue", 1)],
    ),
    (
        "an alias, a shift, health, a URL and dead letters",
        &[(
            ORDER,
            "    memory: 256\n    timeout: 15\n    alias: live\n    shift: { canary: { percent: 10, minutes: 5 } }\n    url: { auth: \
             none }\n    dlq: true\n    concurrency: 3\n    architecture: arm64\n    health: { invoke: {}, http: { path: /ok }, \
             alarms: true }\n",
        )],
        &[("AWS::Lambda::Alias", 1), ("AWS::Lambda::Version", 1), ("AWS::Lambda::Url", 1), ("AWS::SQS::Queue", 1)],
    ),
    (
        "deep overrides of an environment",
        &[(
            "  dev: { account: \"000000000000\", region: eu-central-1 }\n",
            "  dev:\n    account: \"000000000000\"\n    region: eu-central-1\n    tags: { stage: dev }\n    overrides:\n      agents: { \
             order-agent: { memory: 1024, dlq: true } }\n      shared: { vpc: { zones: 2, nat: none }, tables: { carts: { key: { PK: \
             S } } } }\n",
        )],
        &[("AWS::EC2::VPC", 1), ("AWS::DynamoDB::Table", 1), ("AWS::SQS::Queue", 1)],
    ),
];

fn written(patch: Patch) -> String {
    patch.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the example has no {from:?}");
        text.replacen(from, &to.replace("CERTIFICATE", CERTIFICATE).replace("KEY'", &format!("{KEY}'")), 1)
    })
}

fn types(expanded: &config::Expanded) -> BTreeMap<&str, usize> {
    let mut types = BTreeMap::new();
    for resource in expanded.desired.resources.values() {
        *types.entry(resource.kind.as_str()).or_default() += 1;
    }
    types
}

#[test]
fn the_example_can_be_written_with_each_feature() {
    let plain = sound(EXAMPLE);
    let before = types(&plain);
    for (feature, patch, expected) in FEATURES {
        let expanded = sound(&written(patch));
        let after = types(&expanded);
        for (kind, more) in *expected {
            let (before, after) = (before.get(kind).copied().unwrap_or(0), after.get(kind).copied().unwrap_or(0));
            assert!(after >= before + more, "{feature}: {after} of {kind}, and {before} without it");
        }
        assert_ne!(expanded.desired, plain.desired, "{feature}");
    }
}

#[test]
fn a_feature_that_is_taken_away_again_leaves_nothing() {
    let plain = sound(EXAMPLE);
    for (feature, patch, _) in FEATURES {
        let expanded = sound(&written(patch));
        // What an agent that nothing of it concerns has stays as it is.
        let of_research = |expanded: &config::Expanded| {
            let own = expanded.desired.resources.iter().filter(|(address, _)| address.stack == "research-agent");
            own.map(|(address, _)| address.clone()).collect::<Vec<_>>()
        };
        let kept = of_research(&plain).into_iter().filter(|address| address.logical_id.starts_with("Function"));
        assert!(kept.into_iter().all(|address| expanded.desired.resources.contains_key(&address)), "{feature}");
    }
}

/// What the example's README says can be deployed today.
const TODAY: &[(&str, Patch)] = &[
    ("as it stands", &[]),
    (
        "queues and topics that wake",
        &[(ORDER, "    memory: 256\n    timeout: 10\n    events: [{ queue: work }, { topic: alerts }]\n")],
    ),
    (
        "calling others and models",
        &[(
            "      - { resource: orders, access: full }\n",
            "      - { resource: orders, access: full }\n      - { agent: research-agent }\n      - { model: 'anthropic.claude-*' }\n",
        )],
    ),
    (
        "versions and health",
        &[(
            ORDER,
            "    memory: 256\n    timeout: 15\n    alias: live\n    shift: { canary: { percent: 10, minutes: 5 } }\n    health: { invoke: {} }\n",
        )],
    ),
    (
        "objects, schedules and buses that wake",
        &[(
            ORDER,
            "    memory: 256\n    timeout: 15\n    events: [{ bucket: documents }, { schedule: rate(5 minutes) }, { event: { source: \
             [desk.shop] } }]\n",
        )],
    ),
    (
        "secrets",
        &[
            (SHARED, "shared:\n  secrets: { api-key: {} }\n"),
            (
                "      - { resource: orders, access: full }\n",
                "      - { resource: orders, access: full }\n      - { resource: api-key, access: read }\n",
            ),
        ],
    ),
    ("what is published to a queue", &[("    alerts: {}\n", "    alerts: { queues: [work] }\n")]),
    (
        "indexes, streams and lifecycles",
        &[
            (
                "sort: { SK: S }, ttl: until }",
                "sort: { SK: S }, indexes: { by-day: { key: { day: S } } }, stream: new-and-old }",
            ),
            ("    documents: {}\n", "    documents: { lifecycle: { archive_after: 90, expire_after: 365 } }\n"),
        ],
    ),
];

#[test]
fn what_the_readme_says_of_today_can_be_deployed_and_what_it_says_of_later_is_told() {
    for (what, patch) in TODAY {
        if let Err(report) = sound(&written(patch)).deployable() {
            panic!("{what}: {report}");
        }
    }
    let network = sound(&EXAMPLE.replacen(SHARED, "shared:\n  vpc: true\n", 1));
    let refusals = network.deployable().unwrap_err().refusals();
    let line = EXAMPLE.lines().position(|line| line == "shared:").unwrap() + 2;
    assert!(refusals.iter().all(|refusal| refusal.code == "config::not-provided" && refusal.line == Some(line)));
}
