//! The queue of an environment, and ending what is in it.

use clap::Args;
use engine::ports::{Active, Cancel, Queue};
use model::{Deployment, DeploymentId, EntryKind, EnvironmentId, QueueEntry, Timestamp};
use serde_json::{Value, json};
use store::{Cancelled, Store};

use super::engine::Engine;
use super::id;
use crate::error::XtaskError;

/// Arguments of `cargo xtask admin cancel`.
#[derive(Args)]
pub(crate) struct Cancelling {
    /// `project/environment`
    environment: String,
    /// Which deployment; by default the one that has its turn.
    deployment: Option<String>,
    /// Who asks for it, for the record; by default whom `USER` names.
    #[arg(long)]
    by: Option<String>,
}

impl Cancelling {
    pub(crate) async fn run(self, engine: Engine, as_json: bool) -> Result<(), XtaskError> {
        let (environment, store) = (id(&self.environment)?, &engine.store);
        let deployment = match self.deployment {
            Some(deployment) => DeploymentId(deployment),
            None => store.active(&environment).await?.map(|active| active.entry.deployment).ok_or_else(|| {
                let how = format!("name one that waits: `cargo xtask admin queue {environment}` lists them");
                XtaskError::Usage(format!("no deployment of `{environment}` has its turn; {how}"))
            })?,
        };
        let cancel = Cancel { by: self.by.or_else(|| std::env::var("USER").ok()) };
        let done = store.cancel_deployment(&environment, &deployment, &cancel, Timestamp::now()).await?;
        // Also of what has ended already: whoever cancelled it may not have come this far.
        let over = (done != Cancelled::Marked).then(|| deployment.clone());
        let next = engine.go_on(&environment, over.as_slice()).await;
        let (word, sentence) = match done {
            Cancelled::Ended => ("ended", "it waited, and is cancelled"),
            Cancelled::Marked => ("marked", "it ends as soon as what has begun is finished"),
            Cancelled::Neither => {
                if let Err(error) = next {
                    eprintln!(
                        "note: what is next in the queue is started within five minutes, and not at once: {error}"
                    );
                }
                let how = format!("`cargo xtask admin history {environment}` shows how it ended");
                return Err(XtaskError::Usage(format!("`{deployment}` neither waits nor has its turn; {how}")));
            }
        };
        if as_json {
            println!("{}", json!({ "deployment": deployment, "cancel": word }));
        } else {
            println!("{deployment}: {sentence}");
        }
        next
    }
}

/// Shows who has the turn, who waits, and since when.
pub(crate) async fn show(store: &Store, environment: &EnvironmentId, as_json: bool) -> Result<(), XtaskError> {
    let turn = store.turn(environment).await?;
    let mut lines = Vec::new();
    for entry in store.entries(environment).await? {
        let head = store.deployment(environment, &entry.deployment).await?;
        // As the turn has it, which counts its executions.
        let active = turn.active.as_ref().filter(|active| active.entry.deployment == entry.deployment);
        lines.push(Line::new(active.map_or(entry, |active| active.entry.clone()), active, head.as_ref()));
    }
    lines.sort_by_key(|line| (!line.has_turn, line.entry.kind, line.entry.number));
    if as_json {
        let lines: Vec<Value> = lines.iter().map(Line::json).collect();
        println!("{}", json!({ "queue": lines, "reap": turn.reap }));
        return Ok(());
    }
    for line in &lines {
        println!("{}", line.text());
    }
    if lines.is_empty() {
        println!("nothing runs in `{environment}`, and nothing waits");
    }
    if let Some(reap) = turn.reap {
        println!("deletions that were put off are due at {}", minute(reap));
    }
    Ok(())
}

struct Line {
    entry: QueueEntry,
    has_turn: bool,
    cancel: Option<Cancel>,
    since: Option<Timestamp>,
}

impl Line {
    /// What has its turn has had it since it was claimed; what waits has waited since it was accepted.
    fn new(entry: QueueEntry, active: Option<&Active>, head: Option<&Deployment>) -> Self {
        let accepted = head.map(|head| head.accepted);
        let since = if active.is_some() { head.and_then(|head| head.started).or(accepted) } else { accepted };
        Self { entry, has_turn: active.is_some(), cancel: active.and_then(|active| active.cancel.clone()), since }
    }

    fn place(&self) -> &'static str {
        match (self.has_turn, self.entry.parked) {
            (true, _) => "turn",
            (false, true) => "asks",
            (false, false) => "waits",
        }
    }

    fn json(&self) -> Value {
        json!({
            "place": self.place(),
            "deployment": self.entry.deployment,
            "kind": self.entry.kind,
            "only": (!self.entry.only.is_all()).then_some(&self.entry.only),
            "since": self.since,
            "executions": self.entry.starts,
            "deaths": self.entry.deaths,
            "cancelled": self.cancel.is_some(),
        })
    }

    fn text(&self) -> String {
        let QueueEntry { deployment, starts, deaths, kind, only, .. } = &self.entry;
        let kind = match kind {
            EntryKind::Rollback => "rollback",
            EntryKind::Deploy => "deploy",
            EntryKind::Destroy => "destroy",
            EntryKind::Reap => "reap",
        };
        let since = self.since.map(minute).unwrap_or_default();
        let mut notes: Vec<String> = render::only_of(only).into_iter().collect();
        if *starts > 1 {
            notes.push(format!("execution {starts}, {deaths} died"));
        }
        if self.entry.parked {
            notes.push("for approval".to_owned());
        }
        if self.entry.approved {
            notes.push("approved".to_owned());
        }
        if let Some(cancel) = &self.cancel {
            let by = cancel.by.as_ref().map(|by| format!(" by {by}"));
            notes.push(format!("cancelled{}", by.unwrap_or_default()));
        }
        format!("{:<5}  {deployment}  {kind:<8}  since {since}  {}", self.place(), notes.join("; "))
            .trim_end()
            .to_owned()
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
