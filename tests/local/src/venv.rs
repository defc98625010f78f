//! Python environments under `target/`, from pinned requirements.
//!
//! Must never touch an environment that somebody else made, and leaves one that is complete alone.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{LocalError, Progress};

/// What the embedded account runs on: the emulator with its SAM transform, what it reads CloudWatch's CBOR with (without it,
/// it answers the SDK in JSON and makes no alarm), and the client that tests compare with.
pub const ACCOUNT: &[&str] = &["ministack[full]==1.5.33", "cbor2==5.9.0", "boto3==1.43.106"];

/// What lints templates and builds what they ship: cargo-lambda brings its own linker.
pub const LINT: &[&str] = &["aws-sam-cli==1.170.0", "cfn-lint==1.58.0", "cargo-lambda==1.9.2"];

/// A Python environment that has everything it was asked to have.
#[derive(Clone, Debug)]
pub struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// Makes the environment in `dir` with `requirements`, unless it is there already. Blocks; a second process that asks
    /// for the same one waits until the first is done.
    ///
    /// # Errors
    /// Python 3 is not installed, or a package cannot be fetched.
    pub fn ensure(dir: &Path, requirements: &[&str], progress: &Progress) -> Result<Self, LocalError> {
        let venv = Self { dir: dir.to_owned() };
        fs::create_dir_all(dir).map_err(|e| LocalError::io(format!("make `{}`", dir.display()), e))?;
        let lock_path = dir.with_extension("lock");
        let lock =
            File::create(&lock_path).map_err(|e| LocalError::io(format!("make `{}`", lock_path.display()), e))?;
        if lock.try_lock().is_err() {
            progress.say(format!("waiting for another process that prepares {}", dir.display()));
            lock.lock().map_err(|e| LocalError::io(format!("lock `{}`", lock_path.display()), e))?;
        }
        let stamp = dir.join("complete");
        let wanted = requirements.join("\n");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(venv);
        }
        // An environment that is incomplete, or has other versions, is made anew: pip has no way to be atomic.
        fs::remove_dir_all(dir).map_err(|e| LocalError::io(format!("empty `{}`", dir.display()), e))?;
        progress.say(format!("making a Python environment in {}", dir.display()));
        run(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
        progress.say(format!("fetching {}", requirements.join(", ")));
        run(Command::new(venv.python())
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
            .args(requirements))?;
        fs::write(&stamp, wanted).map_err(|e| LocalError::io(format!("write `{}`", stamp.display()), e))?;
        Ok(venv)
    }

    /// Its interpreter.
    pub fn python(&self) -> PathBuf {
        self.bin("python")
    }

    /// A program that one of its packages installed.
    pub fn bin(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }
}

/// Runs a program to its end and keeps what it wrote for the error.
pub(crate) fn run(command: &mut Command) -> Result<Vec<u8>, LocalError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| LocalError::io(format!("run `{program}`"), e))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<&str> = text.lines().rev().take(12).collect();
    Err(LocalError::Program { program, message: tail.into_iter().rev().collect::<Vec<_>>().join("\n") })
}
