//! An account to deploy one small agent in.

use std::ops::Deref;
use std::time::Duration;

use end_to_end::{Field, Project};
use local::Rule;
use local::proxy::{Held, Point};
use model::{Deployment, DeploymentId, DeploymentStatus};
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many accounts may be up at the same time: each keeps a core busy.
static ACCOUNTS: Semaphore = Semaphore::const_new(2);

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
    pub(crate) async fn start() -> Self {
        Self::with(&[("LeaseSeconds", "6"), ("CallSeconds", "3")]).await
    }

    /// The same with these parameters of the engine's template.
    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        let permit = ACCOUNTS.acquire().await.expect("the semaphore is never closed");
        Self { field: Field::with(parameters).await, _permit: permit }
    }

    /// An account whose engine is not told when an execution has ended: the sweeper has to find it.
    pub(crate) async fn unheard() -> Self {
        let trial = Self::start().await;
        let disable = "import boto3; boto3.client('events').disable_rule(Name='strandline-execution-ended')";
        trial.python(disable, &[]).await;
        trial
    }

    /// Deploys, and waits until the execution is over: what it does after the end may move the queue.
    pub(crate) async fn deploy_and_settle(&self, project: &Project) -> Deployment {
        let deployment = self.deploy(project).await;
        self.settled().await;
        deployment
    }

    /// Waits until no execution runs.
    pub(crate) async fn settled(&self) {
        self.until("every execution to be over", async || {
            let listed = self.account.clients.sfn.list_executions().state_machine_arn(self.machine().await);
            let listed = listed.status_filter("RUNNING".into()).send().await.expect("executions");
            listed.executions().is_empty().then_some(())
        })
        .await;
    }

    async fn machine(&self) -> String {
        let machines = self.account.clients.sfn.list_state_machines().send().await.expect("state machines");
        let machine = machines.state_machines().iter().find(|one| one.name() == "strandline-deploy");
        machine.expect("ours").state_machine_arn().to_owned()
    }

    /// Uploads a project, and waits until it is in the history.
    pub(crate) async fn enqueue(&self, project: &Project) -> Deployment {
        let before: Vec<DeploymentId> = self.deployments().await.into_iter().map(|one| one.id).collect();
        self.upload("bundle.zip", project.bundle()).await;
        self.until("an upload to be taken in", async || {
            self.deployments().await.into_iter().find(|one| !before.contains(&one.id))
        })
        .await
    }

    /// Uploads a project whose deployment is held in the middle: its role is made, and the engine does not know yet.
    pub(crate) async fn enqueue_held(&self, project: &Project) -> (Deployment, Held) {
        let creation = Rule::on("iam", "CreateRole").caller("strandline-target");
        let mut held = self.account.proxy.hold(creation, Point::AfterEffect);
        let deployment = self.enqueue(project).await;
        held.reached(Duration::from_secs(60)).await.expect("a role is made");
        (deployment, held)
    }

    /// Waits until the wave that runs has asked once more whether it is cancelled.
    pub(crate) async fn asked(&self) {
        let mark = self.account.proxy.mark();
        self.until("the wave to ask whether it is cancelled", async || {
            let calls = self.account.proxy.since(mark);
            let asked =
                calls.iter().find(|call| call.is("dynamodb", "GetItem") && call.caller.is_named("provision-wave"));
            asked.filter(|call| call.ended.is_some()).map(|_| ())
        })
        .await;
    }

    /// A deployment as it stands.
    pub(crate) async fn head(&self, id: &DeploymentId) -> Deployment {
        self.store.deployment(&self.id, id).await.expect("an answer").expect("a head")
    }

    /// Waits until a deployment has ended.
    pub(crate) async fn end_of(&self, id: &DeploymentId) -> Deployment {
        self.until("a deployment to end", async || {
            let head = self.head(id).await;
            matches!(head.status, DeploymentStatus::Ended { .. }).then_some(head)
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

    /// The names of the executions of a deployment, as Step Functions has them.
    pub(crate) async fn executions(&self, id: &DeploymentId) -> Vec<String> {
        let listed = self.account.clients.sfn.list_executions().state_machine_arn(self.machine().await);
        let listed = listed.send().await.expect("executions");
        let names = listed.executions().iter().map(|one| one.name().to_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(id.as_str())).collect();
        names.sort();
        names
    }
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

/// The memory that the record says the agent was made with.
pub(crate) async fn memory(trial: &Trial) -> Option<u64> {
    let recorded = trial.record().await;
    let function = recorded.resources.values().find(|one| one.kind.as_str() == "AWS::Lambda::Function")?;
    function.sent.to_value().get("MemorySize")?.as_u64()
}
