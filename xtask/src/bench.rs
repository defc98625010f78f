//! `cargo xtask bench`: measurements, one row each. Nothing here asserts anything: speed is told, not tested.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use end_to_end::{Field, Project, outcome};
use serde::Serialize;

use crate::error::XtaskError;

const FUNCTIONS: [&str; 4] = ["intake", "plan", "provision-wave", "conclude"];

/// Arguments of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Bench {
    /// What to measure; everything where nothing is named.
    what: Vec<What>,
    /// One JSON object a row.
    #[arg(long)]
    json: bool,
    /// How often each is measured.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Where the function binaries are; by default those of the tests. What ships is in `target/release`, after
    /// `cargo build --release --bins`.
    #[arg(long)]
    binaries: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The zip of each function.
    Size,
    /// From the start of a function's process to its first request for work.
    Init,
    /// From upload to concluded, in an embedded account: first, unchanged and one-function deployments of the example.
    Wire,
}

#[derive(Serialize)]
struct Row {
    name: String,
    median: f64,
    min: f64,
    max: f64,
    unit: &'static str,
    runs: usize,
}

impl Bench {
    pub(crate) async fn run(self) -> Result<(), XtaskError> {
        let binaries = match &self.binaries {
            Some(binaries) => binaries.clone(),
            None => local::package::binaries_dir()?,
        };
        let is_wanted = |what: What| self.what.is_empty() || self.what.contains(&what);
        if is_wanted(What::Size) {
            for zip in local::package::functions(&binaries)? {
                self.tell(&format!("size {}", zip.binary), "MB", vec![zip.zip.len() as f64 / 1e6]);
            }
        }
        if is_wanted(What::Init) {
            for function in FUNCTIONS {
                let init = (0..self.runs).map(|_| init(&binaries.join(function))).collect::<Result<_, _>>()?;
                self.tell(&format!("init {function}"), "ms", init);
            }
        }
        if is_wanted(What::Wire) {
            self.wire(&binaries).await?;
        }
        Ok(())
    }

    async fn wire(&self, binaries: &Path) -> Result<(), XtaskError> {
        let (mut first, mut unchanged, mut one) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.runs {
            let field = Field::of(binaries, &[]).await;
            let project = Project::desk();
            first.push(deploy(&field, &project, "Deployed").await?);
            unchanged.push(deploy(&field, &project, "Unchanged").await?);
            let changed = project.with("agents/order-agent/handler.py", "\n", "\n# changed\n");
            one.push(deploy(&field, &changed, "Deployed").await?);
        }
        self.tell("wire first deployment of examples/agents", "s", first);
        self.tell("wire unchanged", "s", unchanged);
        self.tell("wire one function's code", "s", one);
        Ok(())
    }

    fn tell(&self, name: &str, unit: &'static str, mut samples: Vec<f64>) {
        samples.sort_by(f64::total_cmp);
        let at = |index: usize| samples.get(index).copied().unwrap_or(f64::NAN);
        let runs = samples.len();
        let row = Row {
            name: name.to_owned(),
            median: at(runs / 2),
            min: at(0),
            max: at(runs.saturating_sub(1)),
            unit,
            runs,
        };
        if self.json {
            println!("{}", serde_json::json!(row));
        } else {
            let Row { name, median, min, max, .. } = row;
            println!("{name:<45} {median:8.2} {unit:<3} ({min:.2} to {max:.2}, {runs} runs)");
        }
    }
}

/// Seconds from the upload's acknowledgement to the recorded end.
async fn deploy(field: &Field, project: &Project, expected: &str) -> Result<f64, XtaskError> {
    let bundle = project.bundle();
    let before = field.deployments().await.len();
    let began = jiff::Timestamp::now();
    field.upload("bundle.zip", bundle).await;
    let deployments = field.ended_count(before + 1).await;
    let last = deployments.last().ok_or_else(|| XtaskError::Usage("no deployment ended".into()))?;
    let ended = last.ended.ok_or_else(|| XtaskError::Usage("a deployment ended without a time".into()))?;
    let outcome = outcome(last);
    if outcome.name() != expected {
        return Err(XtaskError::Usage(format!("expected {expected}: {}", serde_json::json!(outcome))));
    }
    Ok(ended.duration_since(began).as_secs_f64())
}

/// Milliseconds from the start of a function's process until it asks the Lambda runtime for work.
fn init(binary: &Path) -> Result<f64, XtaskError> {
    let start = |source| XtaskError::Start { program: binary.display().to_string(), source };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(start)?;
    let address = listener.local_addr().map_err(start)?;
    let began = Instant::now();
    let mut child = Command::new(binary)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
        .env("AWS_REGION", local::emulator::REGION)
        .env("AWS_ACCESS_KEY_ID", "bench")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(start)?;
    let accepted = listener.accept().and_then(|(stream, _)| {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        let took = began.elapsed();
        (&stream).flush()?;
        Ok((line, took))
    });
    // The process has told what was asked of it.
    let _ = child.kill();
    let _ = child.wait();
    let (_, took): (String, Duration) = accepted.map_err(start)?;
    Ok(took.as_secs_f64() * 1e3)
}
