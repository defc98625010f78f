//! An account to deploy in, and an administrator who types.

use std::ops::Deref;
use std::process::Stdio;
use std::time::Duration;

use end_to_end::admin::text;
use end_to_end::{Project, assert_deployed};
use local::Call;
use model::Timestamp;
use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt;

/// An account with the engine.
pub(crate) struct Trial(end_to_end::trial::Trial);

impl Deref for Trial {
    type Target = end_to_end::trial::Trial;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Trial {
    pub(crate) async fn start() -> Self {
        Self(end_to_end::trial::Trial::start().await)
    }

    /// The same where each execution goes through one wave of a second.
    pub(crate) async fn in_small_steps() -> Self {
        let parameters =
            [("WavesPerExecution", "1"), ("SliceSeconds", "1"), ("LeaseSeconds", "6"), ("CallSeconds", "3")];
        Self(end_to_end::trial::Trial::with(&parameters).await)
    }

    /// The same where calls and leases last: a call that is held is not given up.
    pub(crate) async fn unhurried() -> Self {
        Self(end_to_end::trial::Trial::with(&[]).await)
    }

    /// An account with these projects deployed, one after the other.
    pub(crate) async fn with(projects: &[Project]) -> Self {
        let trial = Self::start().await;
        for project in projects {
            assert_deployed(&trial.deploy(project).await);
        }
        trial
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
        let mut child = self
            .admin_command(arguments)
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
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{}\n{}", text(&output.stdout), text(&output.stderr)).trim().to_owned())
        }
    }
}

/// A project with a bucket that is kept.
pub(crate) fn with_documents(project: Project) -> Project {
    project.with("strands.yaml", "shared:\n", "shared:\n  buckets: { documents: {} }\n")
}
