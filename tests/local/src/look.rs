//! What exists in the account, told by boto3: tests compare with this, and not with what the engine's own readers say.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::{
    LocalError, Loopback,
    emulator::{ADMINISTRATOR, ADMINISTRATOR_SECRET, REGION},
    venv::Venv,
};

const READER: &str = include_str!("../py/look.py");

/// What exists, as a tree: kind (`roles`, `functions`, `layers`, `log_groups`, `buckets`, `tables`, `queues`, `topics`, `rules`,
/// `parameters`, `secrets`, `apis`, `alarms`), then name, then everything that is known of it except times and revision ids. Two
/// equal values mean two accounts that nobody could tell apart, as far as these kinds go.
#[derive(Clone, Debug, PartialEq)]
pub struct Existing(pub Value);

impl Existing {
    /// The names of one kind, in order.
    pub fn names(&self, kind: &str) -> Vec<&str> {
        let map = self.0.get(kind).and_then(Value::as_object);
        map.into_iter().flat_map(|m| m.keys().map(String::as_str)).collect()
    }

    /// One thing.
    pub fn get(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0.get(kind)?.get(name)
    }

    /// How many things there are of all kinds.
    pub fn count(&self) -> usize {
        let kinds = self.0.as_object().into_iter().flat_map(|m| m.values());
        kinds.filter_map(Value::as_object).map(|m| m.len()).sum()
    }
}

/// Reads what has `prefix` in front of its name (behind leading path parts such as `/aws/lambda/`).
///
/// # Errors
/// The reader fails, with what it wrote.
pub async fn account(venv: &Venv, endpoint: Loopback, prefix: &str) -> Result<Existing, LocalError> {
    let child = Command::new(venv.python())
        .args(["-c", READER, &endpoint.url(), REGION, prefix])
        .env("AWS_ACCESS_KEY_ID", ADMINISTRATOR)
        .env("AWS_SECRET_ACCESS_KEY", ADMINISTRATOR_SECRET)
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = child.await.map_err(|e| LocalError::io("run the boto3 reader", e))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(LocalError::Program { program: "look.py".into(), message });
    }
    let tree = serde_json::from_slice(&output.stdout);
    tree.map(Existing)
        .map_err(|e| LocalError::Unreadable { what: "what the boto3 reader wrote", message: e.to_string() })
}
