//! How large the functions are, and how soon they ask for work.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::row::Rows;
use crate::error::XtaskError;

const FUNCTIONS: [&str; 6] = ["intake", "drift-scan", "plan", "provision-wave", "rollback", "conclude"];

/// The zip of each function.
pub(super) fn size(binaries: &Path, rows: &Rows) -> Result<(), XtaskError> {
    for zip in local::package::functions(binaries, local::package::Packing::Deflated)? {
        rows.told(format!("size/{}", zip.binary), "MB", vec![zip.zip.len() as f64 / 1e6]);
    }
    Ok(())
}

/// From the start of each function's process until it asks the Lambda runtime for work.
pub(super) fn init(binaries: &Path, runs: usize, rows: &Rows) -> Result<(), XtaskError> {
    for function in FUNCTIONS {
        let samples = (0..runs).map(|_| started(&binaries.join(function))).collect::<Result<_, _>>()?;
        rows.told(format!("init/{function}"), "ms", samples);
    }
    Ok(())
}

/// Milliseconds from the start of a function's process until it asks the Lambda runtime for work.
fn started(binary: &Path) -> Result<f64, XtaskError> {
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
