//! One MiniStack process, with the functions that it runs as child processes.
//!
//! Must never listen on, or be told of, anything but loopback, and never outlive its owner: a guard process ends the whole
//! process group when the pipe to this process closes, be it by a drop, a panic or a SIGKILL.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Caller, LocalError, Loopback, venv::Venv};

/// The account that everything lives in.
pub const ACCOUNT_ID: &str = "123456789012";
/// The only region in use.
pub const REGION: &str = "us-east-1";
/// The access key that the emulator takes for the account's root, which is what tests act as.
pub const ADMINISTRATOR: &str = "AKIALOCALADMIN000000";
/// Its secret. It protects nothing: the emulator can only be reached from this machine.
pub const ADMINISTRATOR_SECRET: &str = "local-administrator";

const GUARD: &str = include_str!("../py/guard.py");
const LAUNCHER: &str = include_str!("../py/emulator.py");
const START: Duration = Duration::from_secs(60);
/// How long a graceful stop may take before state that is to be kept is given up.
const GRACE_SECONDS: f64 = 10.0;

/// How the emulator is to run.
#[derive(Clone, Debug)]
pub struct EmulatorOptions {
    /// Where its state, its log and its temporary files go. Made if missing.
    pub dir: PathBuf,
    /// Where it listens.
    pub listen: Loopback,
    /// What its functions use as AWS: the proxy's address, or its own.
    pub functions_use: Loopback,
    /// Whether state is written down at a stop, for another start on the same directory.
    pub keep_state: bool,
    /// Whether Wait states of state machines take their time; `false` skips them.
    pub real_waits: bool,
}

/// A running emulator. Dropping it ends it and every function process.
#[derive(Debug)]
pub struct Emulator {
    guard: Child,
    address: Loopback,
    log: PathBuf,
}

impl Emulator {
    /// Starts an emulator and waits until it answers.
    ///
    /// # Errors
    /// [`LocalError::EmulatorDown`] if it ends at once (its port was taken, say) or stays silent for a minute.
    pub async fn start(venv: &Venv, options: &EmulatorOptions) -> Result<Self, LocalError> {
        let mut emulator = Self::spawn(venv, options)?;
        let started = Instant::now();
        loop {
            let reason = match emulator.guard.try_wait() {
                Ok(None) => match health(emulator.address).await {
                    Ok(()) => return Ok(emulator),
                    Err(e) => e,
                },
                Ok(Some(status)) => return Err(emulator.down(format!("it ended with {status}"))),
                Err(e) => return Err(LocalError::io("watch the emulator", e)),
            };
            if started.elapsed() > START {
                return Err(emulator.down(format!("no answer for {} s: {reason}", START.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    fn spawn(venv: &Venv, options: &EmulatorOptions) -> Result<Self, LocalError> {
        let dir = &options.dir;
        let make =
            |path: &Path| fs::create_dir_all(path).map_err(|e| LocalError::io(format!("make `{}`", path.display()), e));
        // Its cache of unpacked function code goes to the temporary directory, so it gets one of its own.
        let tmp = dir.join("tmp");
        make(&tmp)?;
        let guard = dir.join("guard.py");
        fs::write(&guard, GUARD).map_err(|e| LocalError::io(format!("write `{}`", guard.display()), e))?;
        let launcher = dir.join("emulator.py");
        fs::write(&launcher, LAUNCHER).map_err(|e| LocalError::io(format!("write `{}`", launcher.display()), e))?;
        let log = dir.join("emulator.log");
        let out = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|e| LocalError::io(format!("write `{}`", log.display()), e))?;
        let err = out.try_clone().map_err(|e| LocalError::io("share the emulator's log", e))?;
        let on = |yes: bool| if yes { "1" } else { "0" };
        let guard = Command::new(venv.python())
            .arg(&guard)
            .arg(if options.keep_state { GRACE_SECONDS.to_string() } else { "0".to_owned() })
            .arg(venv.python())
            .arg(&launcher)
            // Nothing of the surroundings reaches it: neither a real account's credentials, nor settings of another emulator.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &tmp)
            .env("TMPDIR", &tmp)
            .env("PYTHONUNBUFFERED", "1")
            .env("GATEWAY_PORT", options.listen.port().to_string())
            .env("BIND_HOST", options.listen.address().ip().to_string())
            .env("MINISTACK_HOST", options.listen.address().ip().to_string())
            .env("MINISTACK_ACCOUNT_ID", ACCOUNT_ID)
            .env("MINISTACK_REGION", REGION)
            .env("AUTH", "true")
            .env("AWS_ACCESS_KEY_ID", ADMINISTRATOR)
            .env("AWS_SECRET_ACCESS_KEY", ADMINISTRATOR_SECRET)
            .env("AWS_ENDPOINT_URL", options.functions_use.url())
            // The SDKs in functions must not go looking for a metadata service.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("PERSIST_STATE", on(options.keep_state))
            .env("STATE_DIR", dir.join("state"))
            .env("S3_PERSIST", on(options.keep_state))
            .env("S3_DATA_DIR", dir.join("s3"))
            .env("SFN_WAIT_SCALE", on(options.real_waits))
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|e| LocalError::io("start the emulator", e))?;
        Ok(Self { guard, address: options.listen, log })
    }

    /// Where it listens.
    pub fn address(&self) -> Loopback {
        self.address
    }

    /// What it writes while it runs, the lines of the functions included.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn down(&self, reason: String) -> LocalError {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(5).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join(" | ");
        LocalError::EmulatorDown { reason: format!("{reason}; {tail}"), log: self.log.clone() }
    }

    /// The processes that run `function` at this moment, by its name in the account or by a part of it that stands
    /// between hyphens (stacks decorate names). Linux only; empty elsewhere.
    pub fn function_processes(&self, function: &str) -> Vec<u32> {
        self.processes().into_iter().filter(|p| names(&p.function, function)).map(|p| p.pid).collect()
    }

    /// Who it is that signs with `access_key`, if it is a function that runs at this moment.
    pub fn function_of(&self, access_key: &str) -> Option<Caller> {
        self.identify()(access_key)
    }

    /// [`Self::function_of`] as a value that can be given away.
    pub fn identify(&self) -> impl Fn(&str) -> Option<Caller> + Send + Sync + use<> {
        let tmp = self.tmp();
        move |access_key| {
            let found = processes(&tmp).into_iter().find(|p| p.access_key == access_key)?;
            Some(Caller::Function(found.function))
        }
    }

    /// Ends one function process with SIGKILL, as a crash of its sandbox would. Refuses processes that are not this
    /// emulator's functions, so that a stale id can hit nobody else.
    ///
    /// # Errors
    /// The process is not (any more) one of this emulator's functions.
    pub fn kill(&self, pid: u32) -> Result<(), LocalError> {
        if !self.processes().iter().any(|p| p.pid == pid) {
            let gone = std::io::Error::new(std::io::ErrorKind::NotFound, "not a function of this emulator");
            return Err(LocalError::io(format!("kill process {pid}"), gone));
        }
        // The shell's own `kill`: a small machine may have no such program.
        crate::venv::run(Command::new("sh").args(["-c", "kill -KILL \"$1\"", "kill"]).arg(pid.to_string())).map(|_| ())
    }

    fn tmp(&self) -> PathBuf {
        self.log.with_file_name("tmp")
    }

    fn processes(&self) -> Vec<FunctionProcess> {
        processes(&self.tmp())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // The guard ends by itself; it is waited for so that ports and files are free when this returns.
        let _ = self.guard.wait();
    }
}

struct FunctionProcess {
    pid: u32,
    function: String,
    access_key: String,
}

/// The function processes of the emulator that uses `tmp` as its temporary directory, which no other one does.
fn processes(tmp: &Path) -> Vec<FunctionProcess> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let of_this = format!("TMPDIR={}", tmp.display());
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let environment = String::from_utf8_lossy(&fs::read(entry.path().join("environ")).ok()?).into_owned();
            let value = |name: &str| {
                let at = |v: &str| v.strip_prefix(name).and_then(|v| v.strip_prefix('=')).map(str::to_owned);
                environment.split('\0').find_map(at)
            };
            if !environment.split('\0').any(|v| v == of_this) {
                return None;
            }
            Some(FunctionProcess {
                pid,
                function: value("AWS_LAMBDA_FUNCTION_NAME")?,
                access_key: value("AWS_ACCESS_KEY_ID")?,
            })
        })
        .collect()
}

/// Whether `full` is the function that `wanted` means.
fn names(full: &str, wanted: &str) -> bool {
    format!("-{full}-").contains(&format!("-{wanted}-"))
}

async fn health(address: Loopback) -> Result<(), String> {
    let answer = crate::clients::get(address, "/_ministack/health").await.map_err(|e| e.to_string())?;
    if answer.status == 200 { Ok(()) } else { Err(format!("health answers {}", answer.status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_its_plain_name() {
        assert!(names("strands-provision-wave", "provision-wave"));
        assert!(names("provision-wave", "provision-wave"));
        assert!(!names("strands-provision-waves", "provision-wave"));
        assert!(!names("strands-plan", "provision-wave"));
    }
}
