//! An account whose environment wants every plan approved, and one small agent.

use std::ops::Deref;

use end_to_end::{Field, Project};
use engine::ports::Queue;
use model::{ApprovalRule, Deployment, DeploymentId, DeploymentStatus, Digest, Environment};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many accounts may be up at the same time: each keeps a core busy.
static ACCOUNTS: Semaphore = Semaphore::const_new(2);

pub(crate) const DESK: &str = "support-desk/dev";

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

/// An account with the engine.
pub(crate) struct Trial {
    // Dropped before the permit, so that the next account starts when this one is down.
    field: Field,
    _permit: SemaphorePermit<'static>,
}

impl Deref for Trial {
    type Target = Field;

    fn deref(&self) -> &Field {
        &self.field
    }
}

impl Trial {
    /// Where nothing needs to be approved yet.
    pub(crate) async fn free() -> Self {
        let permit = ACCOUNTS.acquire().await.expect("the semaphore is never closed");
        Self { field: Field::start().await, _permit: permit }
    }

    /// Where every plan must be approved within the hour.
    pub(crate) async fn start() -> Self {
        let trial = Self::free().await;
        trial.rule(3_600, &[]).await;
        trial
    }

    /// Makes plans wait for approval, by one of these.
    pub(crate) async fn rule(&self, seconds: u64, approvers: &[&str]) {
        let approvers = approvers.iter().map(|&one| one.to_owned()).collect();
        let record = self.store.environment(&self.id).await.expect("an answer").expect("it is registered");
        let record = Environment { approval: Some(ApprovalRule { seconds, approvers }), ..record };
        self.store.put_environment(&record).await.expect("it is written");
    }

    /// Runs `cargo xtask admin`, as it was built beside these tests; what it printed, or what it said was wrong.
    pub(crate) async fn admin(&self, arguments: &[&str]) -> Result<String, String> {
        let xtask = local::package::binaries_dir().expect("binaries").join("xtask");
        let output = tokio::process::Command::new(xtask)
            .arg("admin")
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.account.administration.address().url())
            .env("AWS_REGION", local::emulator::REGION)
            .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
            .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
            .output()
            .await
            .expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Approves the plan of a deployment that waits.
    pub(crate) async fn approve(&self, waits: &Deployment) -> String {
        let plan = digest(waits).to_string();
        self.admin(&["approve", DESK, waits.id.as_str(), "--plan", &plan]).await.expect("it is approved")
    }

    /// Uploads a project, and waits until its plan is waiting for approval.
    pub(crate) async fn ask(&self, project: &Project) -> Deployment {
        let before = self.ids().await;
        self.upload("bundle.zip", project.bundle()).await;
        self.asks(&before).await
    }

    /// Waits until what comes after those that there were waits for approval.
    pub(crate) async fn asks(&self, before: &[DeploymentId]) -> Deployment {
        let id = self
            .until("something to be taken in", async || {
                self.deployments().await.into_iter().find(|one| !before.contains(&one.id))
            })
            .await
            .id;
        self.waits(&id, 1).await
    }

    /// The deployments that there are.
    pub(crate) async fn ids(&self) -> Vec<DeploymentId> {
        self.deployments().await.into_iter().map(|one| one.id).collect()
    }

    /// Waits until this execution of a deployment waits for approval.
    pub(crate) async fn waits(&self, id: &DeploymentId, execution: u32) -> Deployment {
        let execution = format!("{id}-{execution}");
        self.until("a deployment to wait for approval", async || {
            let head = self.head(id).await;
            assert!(head.outcome().is_none(), "{:?}", head.status);
            let waits = head.status == DeploymentStatus::AwaitingApproval;
            (waits && head.execution.as_ref() == Some(&execution)).then_some(head)
        })
        .await
    }

    /// A deployment as it stands.
    pub(crate) async fn head(&self, id: &DeploymentId) -> Deployment {
        self.store.deployment(&self.id, id).await.expect("an answer").expect("a head")
    }

    /// Waits until a deployment has ended.
    pub(crate) async fn end_of(&self, id: &DeploymentId) -> Deployment {
        self.until("a deployment to end", async || {
            let head = self.head(id).await;
            head.outcome().is_some().then_some(head)
        })
        .await
    }

    /// Waits until the metadata of a deployment say what its head says.
    pub(crate) async fn told(&self, deployment: &Deployment) {
        let key = store::paths::of_deployment(&self.id, &deployment.id, "metadata.json");
        self.until("the history to be written", async || {
            let written: Deployment = serde_json::from_slice(&self.file(&key).await?).expect("a head");
            (written == *deployment).then_some(())
        })
        .await;
    }

    /// What the sweeper says that it moved.
    pub(crate) async fn sweep(&self) -> Value {
        let lambda = aws_sdk_lambda::Client::new(&self.account.clients.config);
        let payload = aws_sdk_lambda::primitives::Blob::new(r#"{"v":1,"step":"sweep"}"#);
        let answer = lambda.invoke().function_name("strandline-conclude").payload(payload).send().await;
        let answer = answer.expect("the sweeper answers");
        let text = String::from_utf8(answer.payload.expect("a payload").into_inner()).expect("text");
        assert_eq!(answer.function_error, None, "{text}");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        answer["moved"].clone()
    }

    /// How a wave fails that is given the plan of a deployment that waits for approval.
    pub(crate) async fn wave(&self, waits: &Deployment) -> String {
        let payload = json!({
            "v": 1, "step": "wave", "deployment": waits.id, "execution": waits.execution, "plan": waits.plan,
            "project": self.id.project, "environment": self.id.environment, "undo": true,
        });
        let lambda = aws_sdk_lambda::Client::new(&self.account.clients.config);
        let payload = aws_sdk_lambda::primitives::Blob::new(payload.to_string());
        let answer = lambda.invoke().function_name("strandline-provision-wave").payload(payload).send().await;
        let answer = answer.expect("it answers");
        assert!(answer.function_error.is_some(), "it is refused");
        String::from_utf8(answer.payload.expect("a payload").into_inner()).expect("text")
    }

    /// The executions of a deployment and how each stands, as Step Functions has them.
    pub(crate) async fn executions(&self, id: &DeploymentId) -> Vec<(String, String)> {
        let machines = self.account.clients.sfn.list_state_machines().send().await.expect("state machines");
        let machine = machines.state_machines().iter().find(|one| one.name() == "strandline-deploy").expect("ours");
        let listed = self.account.clients.sfn.list_executions().state_machine_arn(machine.state_machine_arn());
        let listed = listed.send().await.expect("executions");
        let of_this = listed.executions().iter().filter(|one| one.name().starts_with(id.as_str()));
        let mut all: Vec<_> = of_this.map(|one| (one.name().to_owned(), one.status().as_str().to_owned())).collect();
        all.sort();
        all
    }

    /// Waits until these are the executions of a deployment, and none of them runs.
    pub(crate) async fn all_succeeded(&self, id: &DeploymentId, count: u32) {
        let all: Vec<_> = (1..=count).map(|n| (format!("{id}-{n}"), "SUCCEEDED".to_owned())).collect();
        self.until("every execution to be over", async || (self.executions(id).await == all).then_some(())).await;
    }

    /// Nothing was changed in the target account.
    pub(crate) fn assert_untouched(&self, mark: local::proxy::Mark) {
        let made: Vec<String> = self.changes_since(mark).iter().map(local::Call::action).collect();
        assert!(made.is_empty(), "{made:?}");
    }

    /// Nobody has its turn.
    pub(crate) async fn turn_is_free(&self) -> bool {
        self.store.active(&self.id).await.expect("an answer").is_none()
    }

    /// The token that the execution of a deployment waits with.
    pub(crate) async fn token(&self, id: &DeploymentId) -> String {
        self.store.waiting_execution(&self.id, id).await.expect("an answer").expect("it waits").token
    }

    /// The memory that the record says the agent was made with.
    pub(crate) async fn memory(&self) -> Option<u64> {
        let recorded = self.record().await;
        let function = recorded.resources.values().find(|one| one.kind.as_str() == "AWS::Lambda::Function")?;
        function.sent.to_value().get("MemorySize")?.as_u64()
    }
}

/// The digest of the plan that a deployment waits with.
pub(crate) fn digest(waits: &Deployment) -> &Digest {
    &waits.approval.as_ref().expect("it asks").plan.digest
}

/// A project of one agent and a topic.
pub(crate) fn bot() -> Project {
    let handler = b"def handle(event, context):\n    return {'statusCode': 200}\n".to_vec();
    let mut project = Project::default().config(CONFIG);
    project.files.insert("agents/bot/handler.py".to_owned(), handler);
    project
}

/// The same with this much memory.
pub(crate) fn bot_with(memory: u32) -> Project {
    bot().with("strands.yaml", "memory: 256", &format!("memory: {memory}"))
}

/// The same with a table that goes when it is not wanted any more.
pub(crate) fn with_orders(project: Project) -> Project {
    let tables = "shared:\n  tables: { orders: { key: { PK: S }, on_removal: delete } }\n";
    project.with("strands.yaml", "shared:\n", tables)
}
