//! Everything of one embedded account in one value.

use std::path::PathBuf;

use bytes::Bytes;

use crate::{
    Emulator, LocalError, Loopback, Progress, Proxy,
    clients::{self, Answer, Clients},
    emulator::{ACCOUNT_ID, EmulatorOptions, REGION},
    install::{self, Installation},
    look::{self, Existing},
    package,
    venv::{self, Venv},
};

/// How an account is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The checkout; by default that of this crate's source.
    pub root: PathBuf,
    /// Where the Python environment is kept between runs.
    pub venv: PathBuf,
    /// State, log and record go here; by default to a directory of its own that is removed at the end.
    pub dir: Option<PathBuf>,
    /// Whether the emulator writes its state down when it stops.
    pub keep_state: bool,
    /// Whether state machines really wait in Wait states.
    pub real_waits: bool,
    /// Where the function binaries are; by default next to this program.
    pub binaries: Option<PathBuf>,
    /// Parameters of `template.yaml`, `SliceSeconds` for instance.
    pub parameters: Vec<(String, String)>,
    /// Environments (project and name) that get a target role.
    pub environments: Vec<(String, String)>,
    /// Who hears of the steps.
    pub progress: Progress,
}

impl Default for Options {
    fn default() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap_or(root);
        Self {
            venv: root.join("target/local/venv"),
            root,
            dir: None,
            keep_state: false,
            real_waits: true,
            binaries: None,
            parameters: Vec::new(),
            environments: Vec::new(),
            progress: Progress::silent(),
        }
    }
}

impl Options {
    /// Sets a parameter of `template.yaml`.
    pub fn parameter(mut self, name: &str, value: impl ToString) -> Self {
        self.parameters.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds an environment that gets a target role.
    pub fn environment(mut self, project: &str, name: &str) -> Self {
        self.environments.push((project.to_owned(), name.to_owned()));
        self
    }
}

/// A running account: the emulator, the proxy before it, and clients. Dropping it ends everything and, unless a directory
/// was given, removes it.
pub struct Account {
    /// The administrator's clients, which do not go through [`Self::proxy`], so that its record has the engine's calls only.
    pub clients: Clients,
    /// What the functions' calls go through.
    pub proxy: Proxy,
    /// What the administrator's calls go through: a proxy of their own, with a record of its own. Not the emulator itself,
    /// because policies that ask for TLS would refuse them there.
    pub administration: Proxy,
    /// The emulator.
    pub emulator: Emulator,
    venv: Venv,
    root: PathBuf,
    progress: Progress,
    // Dropped last, after the emulator that writes to it has ended.
    dir: Dir,
}

enum Dir {
    Temporary(tempfile::TempDir),
    Given(PathBuf),
}

impl Dir {
    fn path(&self) -> &std::path::Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Given(dir) => dir,
        }
    }
}

impl Account {
    /// An account with the engine and the target roles of its environments installed.
    ///
    /// # Errors
    /// Anything of it fails; what was started is ended.
    pub async fn start(options: Options) -> Result<Self, LocalError> {
        let account = Self::empty(&options).await?;
        let binaries = options.binaries.clone().map_or_else(package::binaries_dir, Ok)?;
        let installation =
            Installation { root: options.root.clone(), binaries, parameters: options.parameters.clone() };
        install::engine(&account.clients, &installation, &options.progress).await?;
        for (project, environment) in &options.environments {
            account.add_environment(project, environment).await?;
        }
        Ok(account)
    }

    /// An account with nothing in it.
    ///
    /// # Errors
    /// The Python environment cannot be made, or the emulator does not come up.
    pub async fn empty(options: &Options) -> Result<Self, LocalError> {
        let (at, progress) = (options.venv.clone(), options.progress.clone());
        let venv = tokio::task::spawn_blocking(move || Venv::ensure(&at, venv::ACCOUNT, &progress))
            .await
            .map_err(|e| LocalError::io("make the Python environment", std::io::Error::other(e)))??;
        let dir = match &options.dir {
            Some(dir) => Dir::Given(dir.clone()),
            None => Dir::Temporary(tempfile::tempdir().map_err(|e| LocalError::io("make a temporary directory", e))?),
        };
        options.progress.say("starting the emulator");
        let (emulator, proxy) = Self::pair(&venv, &dir, options).await?;
        proxy.identify_by(emulator.identify());
        proxy.log_to(&dir.path().join("calls.jsonl"))?;
        options.progress.say(format!("account {ACCOUNT_ID} in {REGION} at {}", emulator.address().url()));
        let administration = Proxy::start(emulator.address()).await?;
        let clients = Clients::new(administration.address());
        Ok(Self {
            clients,
            proxy,
            administration,
            emulator,
            venv,
            root: options.root.clone(),
            progress: options.progress.clone(),
            dir,
        })
    }

    /// Emulator and proxy, each of which has to know the other's address before it starts. Somebody else may take the port
    /// in between; then another one is tried.
    async fn pair(venv: &Venv, dir: &Dir, options: &Options) -> Result<(Emulator, Proxy), LocalError> {
        let mut attempt = 0;
        loop {
            let listen = Loopback::free()?;
            let proxy = Proxy::start(listen).await?;
            let started = Emulator::start(
                venv,
                &EmulatorOptions {
                    dir: dir.path().to_owned(),
                    listen,
                    functions_use: proxy.address(),
                    keep_state: options.keep_state,
                    real_waits: options.real_waits,
                },
            )
            .await;
            attempt += 1;
            match started {
                Ok(emulator) => return Ok((emulator, proxy)),
                Err(_) if attempt < 3 => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Deletes the engine's stack. What it keeps its data in stays.
    ///
    /// # Errors
    /// The stack cannot be deleted.
    pub async fn remove_engine(&self) -> Result<(), LocalError> {
        install::remove(&self.clients, install::ENGINE_STACK).await
    }

    /// Installs the engine, with these parameters of `template.yaml`.
    ///
    /// # Errors
    /// Its stack fails.
    pub async fn install_engine(&self, parameters: &[(&str, &str)]) -> Result<(), LocalError> {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let installation = Installation { root: self.root.clone(), binaries: package::binaries_dir()?, parameters };
        install::engine(&self.clients, &installation, &self.progress).await
    }

    /// Installs the target role of one more environment.
    ///
    /// # Errors
    /// Its stack fails.
    pub async fn add_environment(&self, project: &str, environment: &str) -> Result<(), LocalError> {
        install::target_role(&self.clients, &self.root, project, environment, &self.progress).await
    }

    /// The administrator's clients by way of the proxy, for calls that are to be on its record.
    pub fn recorded_clients(&self) -> Clients {
        Clients::new(self.proxy.address())
    }

    /// Number of the account.
    pub fn id(&self) -> &'static str {
        ACCOUNT_ID
    }

    /// The bucket that uploads go to.
    pub fn inbox(&self) -> String {
        format!("strands-inbox-{ACCOUNT_ID}-{REGION}")
    }

    /// The engine's own bucket.
    pub fn deployments(&self) -> String {
        format!("strands-deployments-{ACCOUNT_ID}-{REGION}")
    }

    /// ARN of an environment's target role.
    pub fn target_role(&self, project: &str, environment: &str) -> String {
        format!("arn:aws:iam::{ACCOUNT_ID}:role/strandline-target-{project}-{environment}")
    }

    /// Where state, log and the proxy's record (`calls.jsonl`) are.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Puts a file into the inbox under `{project}/{environment}/`, and says which version of the object it became.
    ///
    /// # Errors
    /// S3 refuses it.
    pub async fn upload(
        &self,
        project: &str,
        environment: &str,
        file: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<String, LocalError> {
        let key = format!("{project}/{environment}/{file}");
        let put = self.clients.s3.put_object().bucket(self.inbox()).key(key).body(bytes.into().into()).send().await;
        Ok(put.map_err(|e| LocalError::aws("s3:PutObject", e))?.version_id.unwrap_or_default())
    }

    /// Calls a path of an HTTP API, as a browser would.
    ///
    /// # Errors
    /// No answer came. A refusal is an answer.
    pub async fn invoke_http(&self, api: &str, stage: &str, path: &str) -> Result<Answer, LocalError> {
        clients::get(self.administration.address(), &api_path(api, stage, path)).await
    }

    /// [`Self::invoke_http`] with a method and a JSON body.
    ///
    /// # Errors
    /// No answer came. A refusal is an answer.
    pub async fn send_http(
        &self,
        method: &str,
        api: &str,
        stage: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, LocalError> {
        clients::send(self.administration.address(), method, &api_path(api, stage, path), body.into()).await
    }

    /// What exists whose name has the prefix, through a client that is not ours.
    ///
    /// # Errors
    /// The reader fails.
    pub async fn look(&self, prefix: &str) -> Result<Existing, LocalError> {
        look::account(&self.venv, self.administration.address(), prefix).await
    }
}

fn api_path(api: &str, stage: &str, path: &str) -> String {
    format!("/_aws/execute-api/{api}/{stage}/{}", path.trim_start_matches('/'))
}
