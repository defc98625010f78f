//! An account to deploy one small agent in, and an administrator who types.

use std::ops::Deref;
use std::process::Stdio;
use std::time::Duration;

use end_to_end::{Field, Project, assert_deployed};
use local::Call;
use model::{Deployment, DeploymentId, DeploymentStatus, Timestamp};
use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt;
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
    pub(crate) async fn start() -> Self {
        let permit = ACCOUNTS.acquire().await.expect("the semaphore is never closed");
        Self { field: Field::start().await, _permit: permit }
    }

    /// The same where each execution goes through one wave of a second.
    pub(crate) async fn in_small_steps() -> Self {
        let permit = ACCOUNTS.acquire().await.expect("the semaphore is never closed");
        let parameters =
            [("WavesPerExecution", "1"), ("SliceSeconds", "1"), ("LeaseSeconds", "6"), ("CallSeconds", "3")];
        Self { field: Field::with(&parameters).await, _permit: permit }
    }

    /// The same where calls and leases last: a call that is held is not given up.
    pub(crate) async fn unhurried() -> Self {
        let permit = ACCOUNTS.acquire().await.expect("the semaphore is never closed");
        Self { field: Field::with(&[]).await, _permit: permit }
    }

    /// An account with these projects deployed, one after the other.
    pub(crate) async fn with(projects: &[Project]) -> Self {
        let trial = Self::start().await;
        for project in projects {
            assert_deployed(&trial.deploy(project).await);
        }
        trial
    }

    /// The deployment that comes after those that there are, as soon as it has ended.
    pub(crate) async fn next(&self, before: &[DeploymentId]) -> Deployment {
        self.until("a deployment to end", async || {
            let news = self.deployments().await.into_iter().find(|one| !before.contains(&one.id))?;
            matches!(news.status, DeploymentStatus::Ended { .. }).then_some(news)
        })
        .await
    }

    /// What comes after those that there are, as soon as it is accepted.
    pub(crate) async fn accepted(&self, before: &[DeploymentId]) -> DeploymentId {
        self.until("something to be accepted", async || {
            self.deployments().await.into_iter().map(|one| one.id).find(|id| !before.contains(id))
        })
        .await
    }

    /// A deployment, as soon as it has ended.
    pub(crate) async fn end_of(&self, id: &DeploymentId) -> Deployment {
        self.until("a deployment to end", async || {
            let head = self.store.deployment(&self.id, id).await.expect("an answer").expect("a head");
            head.outcome().is_some().then_some(head)
        })
        .await
    }

    /// When the wave that runs had heard of what was asked for before this was called: that its deployment is cancelled.
    pub(crate) async fn heard(&self) -> Timestamp {
        let mark = self.account.proxy.mark();
        let asks = |call: &Call| call.is("dynamodb", "GetItem") && call.caller.is_named("provision-wave");
        let asked =
            self.account.proxy.wait_for(mark, Duration::from_secs(60), |call| asks(call) && call.ended.is_some());
        asked.await.expect("a wave asks every few seconds");
        // The answer is on its way, and nobody else can see it arrive.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Timestamp::now()
    }

    /// The deployments that there are.
    pub(crate) async fn ids(&self) -> Vec<DeploymentId> {
        self.deployments().await.into_iter().map(|one| one.id).collect()
    }

    /// Lets the engine look after every environment, now.
    pub(crate) async fn sweep(&self) {
        let sweep = "import boto3; boto3.client('lambda').invoke(FunctionName='strandline-conclude', \
            Payload=b'{\"v\":1,\"step\":\"sweep\"}')";
        self.python(sweep, &[]).await;
    }

    /// What boto3 finds of one kind, by name.
    pub(crate) async fn all(&self, kind: &str) -> Map<String, Value> {
        let existing = self.account.look("support-desk-dev").await.expect("boto3 can look");
        existing.0.get(kind).and_then(Value::as_object).unwrap_or_else(|| panic!("no kind `{kind}`")).clone()
    }

    /// Of how many kinds and things boto3 finds something.
    pub(crate) async fn things(&self) -> Vec<String> {
        let existing = self.account.look("support-desk-dev").await.expect("boto3 can look");
        let kinds = existing.0.as_object().expect("kinds");
        let names = |(kind, all): (&String, &Value)| {
            let names = all.as_object().expect("things").keys();
            names.map(|name| format!("{kind} {name}")).collect::<Vec<_>>()
        };
        kinds.iter().flat_map(names).collect()
    }

    /// The memory that AWS says the agent has.
    pub(crate) async fn memory(&self) -> Option<u64> {
        let functions = self.all("functions").await;
        functions.values().next()?.pointer("/Configuration/MemorySize")?.as_u64()
    }

    /// Runs `cargo xtask admin`, as it was built beside these tests; what it printed, or what it printed and said was wrong.
    pub(crate) async fn admin(&self, arguments: &[&str]) -> Result<String, String> {
        self.admin_typing(arguments, "").await
    }

    /// The same, with what the administrator types when asked.
    pub(crate) async fn admin_typing(&self, arguments: &[&str], typed: &str) -> Result<String, String> {
        let xtask = local::package::binaries_dir().expect("binaries").join("xtask");
        let mut child = tokio::process::Command::new(xtask)
            .arg("admin")
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.account.administration.address().url())
            .env("AWS_REGION", local::emulator::REGION)
            .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
            .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
            .env("COLUMNS", "200")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut stdin = child.stdin.take().expect("piped");
        // One that does not ask may have ended before it could be told.
        let _ = stdin.write_all(typed.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{}\n{}", text(&output.stdout), text(&output.stderr)).trim().to_owned())
        }
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

/// The same with a table that goes when it is not wanted any more.
pub(crate) fn with_orders(project: Project) -> Project {
    let tables = "shared:\n  tables: { orders: { key: { PK: S }, on_removal: delete } }\n";
    project.with("strands.yaml", "shared:\n", tables)
}

/// The same with a bucket that is kept.
pub(crate) fn with_documents(project: Project) -> Project {
    project.with("strands.yaml", "shared:\n", "shared:\n  buckets: { documents: {} }\n")
}
