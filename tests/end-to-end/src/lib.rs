//! What the end-to-end tests share: an embedded account with the engine installed, projects to upload, what an administrator
//! types, and waiting until a deployment has ended.
//!
//! Everything is looked at as a user would: through what the engine recorded, through boto3, through HTTP, and through the
//! proxy's record of AWS calls. Must never reach into a function, and never fake a part.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends here")]

pub mod admin;
pub mod bot;
mod deployments;
pub mod sight;
pub mod trial;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use local::{Account, Call, Options};
use model::{Deployment, DeploymentStatus, Environment, EnvironmentId, OnFailure, Outcome, Recorded};
use store::Store;

use crate::sight::Sight;

/// How long a deployment may take before a test gives up. Not an assertion about speed: two busy cores run this.
const PATIENCE: Duration = Duration::from_secs(180);

/// An embedded account with the engine and one environment.
pub struct Field {
    /// The account.
    pub account: Account,
    /// The engine's stores, read with the administrator's credentials and not through the engine.
    pub store: Store,
    /// The environment.
    pub id: EnvironmentId,
}

impl Field {
    /// Starts an account with the engine, and registers `support-desk/dev`. The lease is short, so that a killed wave is
    /// taken over soon.
    pub async fn start() -> Self {
        Self::with(&[("LeaseSeconds", "6"), ("CallSeconds", "3")]).await
    }

    /// As [`Self::start`], with these parameters of the engine's template.
    pub async fn with(parameters: &[(&str, &str)]) -> Self {
        Self::of(&local::package::binaries_dir().expect("the functions are built"), parameters).await
    }

    /// As [`Self::with`], with the functions of this folder.
    pub async fn of(binaries: &Path, parameters: &[(&str, &str)]) -> Self {
        let mut options = Options::default().environment("support-desk", "dev");
        options.binaries = Some(binaries.to_owned());
        for (name, value) in parameters {
            options = options.parameter(name, value);
        }
        let account = Account::start(options).await.expect("the account starts");
        let config = local::clients::administrator(account.administration.address());
        let store = Store::new(&config, "strandline", account.deployments());
        let field = Self { account, store, id: EnvironmentId::new("support-desk", "dev").expect("a name") };
        field.register(&field.id).await;
        field
    }

    /// Registers an environment whose target role is installed.
    pub async fn register(&self, id: &EnvironmentId) {
        self.register_with(id, |record| record).await;
    }

    /// The same, with a record that says something else than the usual.
    pub async fn register_with(&self, id: &EnvironmentId, change: impl FnOnce(Environment) -> Environment) {
        let EnvironmentId { project, environment } = id;
        let account = self.account.id();
        let record = Environment {
            target_role: self.account.target_role(project, environment),
            ..Environment::new(id.clone(), account, local::emulator::REGION)
        };
        self.store.put_environment(&change(record)).await.expect("the environment is registered");
    }

    /// Registers the environment anew: what fails in it stays where it is, instead of going back.
    pub async fn stop_on_failure(&self) {
        let stops = |record| Environment { on_failure: OnFailure::Stop, ..record };
        self.register_with(&self.id, stops).await;
    }

    /// Uploads a file to the environment's inbox.
    pub async fn upload(&self, file: &str, bytes: Vec<u8>) -> String {
        let EnvironmentId { project, environment } = &self.id;
        self.account.upload(project, environment, file, bytes).await.expect("the upload is taken")
    }

    /// Asks until `found` has an answer.
    pub async fn until<T>(&self, what: &str, found: impl AsyncFn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(answer) = found().await {
                return answer;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "waited {PATIENCE:?} for {what}; logs: {}",
                self.account.dir().display()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The record of the environment.
    pub async fn record(&self) -> Recorded {
        use engine::ports::Ledger;
        self.store.record(&self.id).await.expect("the record can be read")
    }

    /// Runs a script with boto3 against the account, and gives what it printed.
    pub async fn python(&self, script: &str, arguments: &[&str]) -> String {
        let python = local::Options::default().venv.join("bin/python");
        let output = tokio::process::Command::new(python)
            .args(["-c", script])
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.account.administration.address().url())
            .env("AWS_DEFAULT_REGION", local::emulator::REGION)
            .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
            .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
            .output()
            .await
            .expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What boto3 finds of the environment.
    pub async fn look(&self) -> Sight {
        self.look_at(&self.id).await
    }

    /// What boto3 finds of an environment.
    pub async fn look_at(&self, id: &EnvironmentId) -> Sight {
        let prefix = format!("{}-{}", id.project, id.environment);
        Sight::new(self.account.look(&prefix).await.expect("boto3 can look"), id.clone())
    }

    /// A file of the deployments bucket, by its key.
    pub async fn file(&self, key: &str) -> Option<Vec<u8>> {
        let get = self.account.clients.s3.get_object().bucket(self.account.deployments()).key(key).send().await.ok()?;
        Some(get.body.collect().await.expect("the object can be read").to_vec())
    }

    /// A file of a deployment, as text.
    pub async fn history(&self, deployment: &Deployment, file: &str) -> String {
        let key = store::paths::of_deployment(&self.id, &deployment.id, file);
        let bytes = self.file(&key).await.unwrap_or_else(|| panic!("the history has `{key}`"));
        String::from_utf8(bytes).expect("text")
    }

    /// The calls that could have changed something in the target account since `mark`: everything mutating that the target
    /// role signed.
    pub fn changes_since(&self, mark: local::proxy::Mark) -> Vec<Call> {
        let of_target = |call: &Call| call.mutating && call.caller.is_named("strandline-target");
        self.account.proxy.since(mark).into_iter().filter(of_target).collect()
    }
}

/// The outcome of a deployment that has ended.
pub fn outcome(deployment: &Deployment) -> &Outcome {
    match &deployment.status {
        DeploymentStatus::Ended { outcome } => outcome,
        other => panic!("{} has not ended: {other:?}", deployment.id),
    }
}

/// Asserts that a deployment ended well, and shows why where it did not.
pub fn assert_deployed(deployment: &Deployment) {
    let outcome = outcome(deployment);
    assert_eq!(outcome.name(), "Deployed", "{}", serde_json::to_string_pretty(outcome).unwrap_or_default());
}

/// A project's files, to be changed and bundled.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The files, by path.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Project {
    /// `examples/agents`.
    pub fn example() -> Self {
        Self::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agents"))
    }

    /// Everything that is in a folder.
    pub fn of(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
                let path: PathBuf = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                    files.insert(name, std::fs::read(&path).expect("a file"));
                }
            }
        }
        Self { files }
    }

    /// `examples/agents`, for the embedded account.
    pub fn desk() -> Self {
        let project = Self::example();
        let config = project.text("strands.yaml");
        let config = config.replace("000000000000", local::emulator::ACCOUNT_ID);
        project.config(&config.replace("eu-central-1", local::emulator::REGION))
    }

    /// A file's text.
    pub fn text(&self, path: &str) -> String {
        String::from_utf8(self.files.get(path).unwrap_or_else(|| panic!("`{path}`")).clone()).expect("text")
    }

    /// The same with one text in one file changed. The text must be there.
    #[must_use]
    pub fn with(mut self, path: &str, from: &str, to: &str) -> Self {
        let text = self.text(path);
        assert!(text.contains(from), "`{path}` has no `{from}`");
        self.files.insert(path.to_owned(), text.replacen(from, to, 1).into_bytes());
        self
    }

    /// The same with another config.
    #[must_use]
    pub fn config(mut self, yaml: &str) -> Self {
        self.files.insert("strands.yaml".to_owned(), yaml.as_bytes().to_vec());
        self
    }

    /// Puts the files into a folder, which is made.
    pub fn write_to(&self, folder: &Path) {
        for (path, bytes) in &self.files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
            std::fs::write(path, bytes).expect("the file is written");
        }
    }

    /// The bundle.
    pub fn bundle(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in &self.files {
            zip.start_file(path, zip::write::SimpleFileOptions::default()).expect("a file is begun");
            zip.write_all(bytes).expect("a file is written");
        }
        zip.finish().expect("the zip is finished").into_inner()
    }
}
