//! The smallest project that shows what a deployment does: one agent and a topic.

use crate::{Field, Project};

const CONFIG: &str = r#"project: { name: support-desk, region: us-east-1 }
environments: { dev: { account: "123456789012" } }
agents:
  - name: bot
    path: agents/bot
    runtime: python3.11
    handler: handler.handle
    memory: 256
shared:
  topics: { alerts: {} }
"#;

/// A project of one agent with a memory of 256 MB, and a topic.
pub fn bot() -> Project {
    let handler = b"def handle(event, context):\n    return {'statusCode': 200}\n".to_vec();
    let mut project = Project::default().config(CONFIG);
    project.files.insert("agents/bot/handler.py".to_owned(), handler);
    project
}

/// The same with this much memory, in MB.
pub fn bot_with(memory: u32) -> Project {
    bot().with("strands.yaml", "memory: 256", &format!("memory: {memory}"))
}

/// The same with a table that goes when it is not wanted any more.
#[must_use]
pub fn with_orders(project: Project) -> Project {
    let tables = "shared:\n  tables: { orders: { key: { PK: S }, on_removal: delete } }\n";
    project.with("strands.yaml", "shared:\n", tables)
}

/// The memory that the record says the agent was made with, in MB.
pub async fn memory(field: &Field) -> Option<u64> {
    let recorded = field.record().await;
    let function = recorded.resources.values().find(|one| one.kind.as_str() == "AWS::Lambda::Function")?;
    function.sent.to_value().get("MemorySize")?.as_u64()
}
