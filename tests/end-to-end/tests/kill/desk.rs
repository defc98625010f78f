//! The smallest project that has every type of resource.

use end_to_end::Project;

/// One agent behind a route, with an alarm, that uses one of each shared resource.
pub(crate) const CONFIG: &str = r#"project: { name: support-desk, region: us-east-1 }
agents:
  - name: bot
    path: agents/bot
    runtime: python3.11
    handler: handler.handle
    memory: 256
    route: "POST /ask"
    permissions:
      - { resource: orders, access: read }
      - { resource: documents, access: read }
      - { resource: work, access: write }
      - { resource: news, access: write }
      - { resource: model, access: read }
shared:
  api_gateway: { type: http }
  monitoring:
    alarms: { errors: 1, email: ops@example.com }
  tables: { orders: { key: { PK: S }, on_removal: delete } }
  buckets: { documents: { on_removal: delete } }
  queues: { work: {}, spare: {} }
  topics: { news: {} }
  parameters: { model: "a-model" }
environments:
"#;

/// The project for one environment.
pub(crate) fn desk(environment: &str) -> Project {
    let account = local::emulator::ACCOUNT_ID;
    let config = format!("{CONFIG}  {environment}: {{ account: \"{account}\" }}\n");
    let handler = b"def handle(event, context):\n    return {'statusCode': 200, 'body': 'hello'}\n".to_vec();
    let mut project = Project::default().config(&config);
    project.files.insert("agents/bot/handler.py".to_owned(), handler);
    project
}
