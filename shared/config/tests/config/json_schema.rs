//! The JSON Schema of a config is what the readers take: it refuses nothing that they take, and knows every key that they know.

use std::collections::{BTreeMap, BTreeSet};

use boon::{Compiler, SchemaIndex, Schemas};
use config::Code;
use serde_json::{Value, json};
use source::Files;

use super::pages::{examples, page, whole};

thread_local! {
    static OF_CONFIG: (Schemas, SchemaIndex) = compiled(config::json_schema());
    static OF_MANIFEST: (Schemas, SchemaIndex) = compiled(config::manifest_schema());
}

fn compiled(schema: Value) -> (Schemas, SchemaIndex) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    (schemas, index)
}

/// What an editor sees of a text.
fn seen(text: &str) -> Value {
    let mut findings = Vec::new();
    let root = source::tree(&Files::config("strands.yaml", text), 0, &mut findings);
    root.map_or(Value::Null, |root| source::json(&root))
}

/// What the schema says against a text.
fn refused(text: &str) -> Option<String> {
    OF_CONFIG.with(|schema| against(schema, text))
}

/// What the schema of manifests says against one.
pub(super) fn refused_as_manifest(text: &str) -> Option<String> {
    OF_MANIFEST.with(|schema| against(schema, text))
}

fn against((schemas, index): &(Schemas, SchemaIndex), text: &str) -> Option<String> {
    schemas.validate(&seen(text), *index).err().map(|error| format!("{error:#}"))
}

/// Sees that the schema takes a text.
pub(super) fn takes(text: &str) {
    if let Some(error) = refused(text) {
        panic!("the schema refuses what the readers take: {error}\n{text}");
    }
}

#[test]
fn the_schemas_that_are_committed_are_those_of_the_readers() {
    for (name, schema, word) in [
        ("strands.schema.json", config::json_schema(), "config"),
        ("agent.schema.json", config::manifest_schema(), "agent"),
    ] {
        let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let now = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        assert!(committed == now, "write it anew: cargo xtask validate --schema={word} > docs/{name}");
    }
}

#[test]
fn the_example_begins_with_its_schema_and_is_taken() {
    let example = include_str!("../../../../examples/agents/strands.yaml");
    assert!(example.starts_with("# yaml-language-server: $schema=../../docs/strands.schema.json\n"));
    takes(example);
}

/// Texts in which every mapping stands that a config may have.
const EVERYTHING: [&str; 2] = [
    "\
project: { name: desk, region: eu-central-1 }
environments: { dev: { overrides: { agents: { bot: { memory: 256 } } } } }
limits: { deletions: 3 }
notifications: [deployed]
stacks: [{ name: storage, template: storage.yaml }]
agents:
  - name: bot
    path: agents/bot
    runtime: python3.12
    handler: handler.handle
    alias: live
    dlq: true
    url: { auth: none }
    route: [GET /health]
    vpc: { ports: [5432] }
    shift: { canary: { percent: 10, minutes: 5 } }
    permissions:
      - { agent: core }
      - { resource: orders, access: read }
    events:
      - { queue: work }
      - { table: orders }
      - { topic: alerts }
      - { bucket: files }
      - { schedule: rate(5 minutes) }
      - { event: { source: [desk] } }
    health: { invoke: { payload: {} }, http: { path: /health }, alarms: true }
  - name: slow
    path: agents/slow
    runtime: python3.12
    handler: handler.handle
    alias: live
    shift: { linear: { percent: 20, every_minutes: 2 } }
  - name: core
    kind: agentcore
    path: agents/core
    runtime: python3.12
    handler: main.py
    authorizer: { discovery_url: 'https://id.example.com/.well-known/openid-configuration', clients: [desk] }
  - name: web
    kind: container
    image: public.ecr.aws/desk/web:1.0
    public: { port: 8080 }
shared:
  vpc: { ipam: { pool_id: ipam-pool-0a1b2c3d4e5f67890, netmask_length: 20 } }
  api_gateway:
    type: http
    cors: { origins: ['*'] }
    throttling: { rate: 1, burst: 1 }
    domain: { name: api.example.com, certificate: 'arn:aws:acm:eu-central-1:000000000000:certificate/0a1b' }
  monitoring: { alarms: { errors: 1 } }
  tables:
    orders: { key: { PK: S }, stream: new, indexes: { by-status: { key: { status: S } } } }
  buckets: { files: { lifecycle: { expire_after: 3 } } }
  queues:
    work: { dlq: { receives: 5 } }
    more: { fifo: { deduplicate_by: id } }
    plain: {}
  topics: { alerts: { queues: [{ queue: plain }] } }
  secrets:
    made: { length: 20 }
    there: { arn: 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:desk/dev/key-a1b2c3' }
",
    "\
project: { name: desk, region: eu-central-1 }
environments: { dev: {} }
agents: [{ name: bot, path: bot, runtime: python3.12, handler: handler.handle }]
shared:
  api_gateway: { type: rest, keys: { names: [partner] } }
",
];

/// Every place of a mapping in `value`.
fn mappings(value: &Value, at: &str, found: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(entries) => {
            found.push(at.to_owned());
            entries.iter().for_each(|(key, value)| mappings(value, &format!("{at}/{}", escaped(key)), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| mappings(item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// The keys that mappings may have, by what they are called; those of one name may differ.
type Known = BTreeMap<String, BTreeSet<BTreeSet<String>>>;

/// What is between backticks.
fn words(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What the readers say of mappings once each has a key that nothing has.
fn of_readers() -> Known {
    const STRANGE: &str = "00000000";
    let mut known = Known::new();
    for text in EVERYTHING {
        takes(text);
        config::parse("strands.yaml", text).unwrap_or_else(|report| panic!("{report}"));
        let plain = seen(text);
        let mut places = Vec::new();
        mappings(&plain, "", &mut places);
        for place in places {
            let mut changed = plain.clone();
            changed.pointer_mut(&place).unwrap()[STRANGE] = json!(1);
            let Err(report) = config::parse("strands.json", &changed.to_string()) else { continue };
            for problem in report.problems().iter().filter(|problem| problem.code == Code::UnknownKey) {
                let (what, key) = problem.message.split_once(" has no key ").unwrap();
                assert_eq!(key, format!("`{STRANGE}`"));
                known.entry(what.to_owned()).or_default().insert(words(problem.help.as_deref().unwrap()));
                assert!(refused(&changed.to_string()).is_some(), "the schema takes `{STRANGE}` in {place}");
            }
        }
    }
    known
}

/// What the schema says of mappings.
fn of_schema(schema: &Value, known: &mut Known) {
    match schema {
        Value::Object(parts) => {
            if let (Some(Value::String(title)), Some(Value::Object(properties))) =
                (parts.get("title"), parts.get("properties"))
            {
                known.entry(title.clone()).or_default().insert(properties.keys().cloned().collect());
            }
            parts.values().for_each(|part| of_schema(part, known));
        }
        Value::Array(items) => items.iter().for_each(|item| of_schema(item, known)),
        _ => {}
    }
}

#[test]
fn every_mapping_has_the_keys_that_its_reader_asks_for() {
    let mut known = Known::new();
    of_schema(&config::json_schema(), &mut known);
    let readers = of_readers();
    assert!(readers.len() > 40, "{} mappings were asked", readers.len());
    let named = |known: &Known| known.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(named(&known), named(&readers), "the mappings of the schema, and those of the readers");
    for (what, keys) in readers {
        assert_eq!(known[&what], keys, "{what}: the keys of the schema, and those of its reader");
    }
}

#[test]
fn what_an_environment_may_override_has_no_key_that_is_the_same_everywhere() {
    let over = |key: &str| {
        let text = format!("environments: {{ dev: {{ overrides: {{ agents: {{ bot: {{ {key}: x }} }} }} }} }}\n");
        refused(
            &EVERYTHING[0]
                .replace("environments: { dev: { overrides: { agents: { bot: { memory: 256 } } } } }\n", &text),
        )
    };
    for fixed in ["name", "path", "artifact"] {
        assert!(over(fixed).is_some(), "{fixed}");
    }
    assert_eq!(over("handler"), None);
}

#[test]
fn what_pages_show_as_wrong_in_shape_is_refused_and_what_they_show_as_right_is_taken() {
    let in_shape = [Code::UnknownKey, Code::WrongType, Code::WrongChoice, Code::OutOfRange, Code::MissingKey];
    let (mut untrue, mut refusals) = (Vec::new(), 0);
    for code in Code::ALL {
        let (wrong, right) = examples(&page(*code));
        // What is whole beside it is a template, or belongs to an assembly: no config.
        let configs = |examples: Vec<String>| -> Vec<String> {
            let configs = examples.iter().map(|example| whole(example)).filter(|(_, beside)| beside.is_empty());
            configs.map(|(config, _)| config).collect()
        };
        if in_shape.contains(code) {
            let wrong = configs(wrong);
            refusals += wrong.len();
            untrue.extend(wrong.into_iter().filter(|text| refused(text).is_none()));
        }
        for text in configs(right).into_iter().filter(|text| config::parse("strands.yaml", text).is_ok()) {
            untrue.extend(refused(&text).map(|error| format!("{error}\n{text}")));
        }
    }
    assert!(refusals >= in_shape.len(), "{refusals} examples of what is wrong");
    assert!(untrue.is_empty(), "{}", untrue.join("\n---\n"));
}
