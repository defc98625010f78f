//! Follows one deployment from its upload to its end, by polling its head and its journal as any client could.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use engine::ports::Ledger;
use local::Call;
use model::{Deployment, DeploymentStatus, Digest, Entry, Origin, Plan, ResourceKey, Timestamp};
use render::{Progress, Standing};

use super::desk::Desk;
use crate::{console::Console, error::XtaskError};

const POLL: Duration = Duration::from_millis(60);
/// Far more than any deployment of the demo takes.
const PATIENCE: Duration = Duration::from_secs(300);
/// Plans of at most this many changes are shown whole.
const SHORT_PLAN: usize = 12;

/// A deployment that has ended, and what was seen of it.
pub(crate) struct Watched {
    pub(crate) deployment: Deployment,
    pub(crate) plan: Option<Plan>,
    pub(crate) entries: Vec<Entry>,
    /// From the upload until its end was seen.
    pub(crate) took: Duration,
    /// How many calls the target role made.
    pub(crate) calls: usize,
    /// Those that could change something.
    pub(crate) mutating: Vec<Call>,
}

impl Watched {
    /// Whether it ended so.
    pub(crate) fn is(&self, outcome: &str) -> bool {
        matches!(&self.deployment.status, DeploymentStatus::Ended { outcome: ended } if ended.name() == outcome)
    }

    /// The journal by change; none without a plan.
    pub(crate) fn progress(&self) -> Option<Progress<'_>> {
        // A journal that does not fold would have ended the watch.
        let plan = self.plan.as_ref()?;
        Progress::of(plan, self.entries.get(plan.since..).unwrap_or_default()).ok()
    }

    /// The mutating calls by name, in their order.
    pub(crate) fn touched(&self) -> Vec<String> {
        self.mutating.iter().map(Call::action).collect()
    }
}

/// A deployment that is being followed.
pub(crate) struct Watch<'a> {
    desk: &'a Desk,
    console: &'a Console,
    version: &'a str,
    plan: Option<Plan>,
    /// Which plan that is: a deployment that undoes what it did makes another.
    planned: Option<Digest>,
    shown: BTreeSet<ResourceKey>,
}

impl<'a> Watch<'a> {
    /// Follows what the upload of this version starts.
    pub(crate) fn new(desk: &'a Desk, console: &'a Console, version: &'a str) -> Self {
        Self { desk, console, version, plan: None, planned: None, shown: BTreeSet::new() }
    }

    /// Shows what happens until the deployment has ended.
    pub(crate) async fn until_ended(mut self) -> Result<(Deployment, Option<Plan>, Vec<Entry>), XtaskError> {
        let began = Instant::now();
        let mut stage = "";
        loop {
            let head = self.head().await?;
            if let Some(head) = &head {
                self.learn_plan(head).await?;
            }
            let now = match &head {
                None => "intake: unpacking and validating the upload",
                Some(head) if has_ended(head) => stage,
                Some(head) if head.status == DeploymentStatus::Queued => "queued: the state machine is starting",
                Some(head) => match &self.plan {
                    None => "planning",
                    Some(plan) if plan.changes.is_empty() => "concluding",
                    Some(_) if head.undo.is_some() => "going back",
                    Some(_) => "provisioning",
                },
            };
            if now != stage {
                stage = now;
                self.console.doing(stage);
            }
            if let Some(head) = head {
                // Read after the head, so that of an ended deployment the whole journal is there.
                let entries = self.desk.store.journal(&head.id).await?;
                self.show(&entries)?;
                if has_ended(&head) {
                    self.console.block(&[]);
                    return Ok((head, self.plan, entries));
                }
            }
            if began.elapsed() > PATIENCE {
                return Err(XtaskError::Unexpected {
                    what: "a deployment was uploaded".to_owned(),
                    why: format!("it has not ended after {} s", PATIENCE.as_secs()),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn head(&self) -> Result<Option<Deployment>, XtaskError> {
        let all = self.desk.store.deployments(&self.desk.id).await?;
        let is_this =
            |one: &Deployment| matches!(&one.origin, Origin::Upload { version, .. } if version == self.version);
        Ok(all.into_iter().find(is_this))
    }

    /// Reads the plan as soon as there is one, or another one, and shows it.
    async fn learn_plan(&mut self, head: &Deployment) -> Result<(), XtaskError> {
        let Some(reference) = head.plan.as_ref().filter(|plan| self.planned.as_ref() != Some(&plan.digest)) else {
            return Ok(());
        };
        let bytes = self.desk.store.get(reference).await?;
        let plan: Plan = serde_json::from_slice(&bytes).map_err(|error| XtaskError::Unexpected {
            what: "a plan was stored".to_owned(),
            why: format!("it cannot be read: {error}"),
        })?;
        let style = self.console.style();
        if let Some(undo) = &head.undo {
            self.console.block(&[]);
            let causes: Vec<&str> = undo.causes.iter().map(|cause| cause.message.as_str()).collect();
            self.console.say(&format!("It failed: {}", causes.join("; ")));
            self.console.say(&format!("Everything goes back to revision {}.", undo.to));
            self.shown.clear();
        }
        let text =
            if plan.changes.len() > SHORT_PLAN { render::overview(&plan, &style) } else { render::plan(&plan, &style) };
        self.console.print(&format!("\n{}{}", text.trim_end(), if plan.changes.is_empty() { "" } else { "\n" }));
        self.plan = Some(plan);
        self.planned = Some(reference.digest.clone());
        Ok(())
    }

    /// Prints every change that has ended since, and moves the block.
    fn show(&mut self, entries: &[Entry]) -> Result<(), XtaskError> {
        let Some(plan) = &self.plan else { return Ok(()) };
        let entries = entries.get(plan.since..).unwrap_or_default();
        let progress = Progress::of(plan, entries).map_err(|error| XtaskError::Unexpected {
            what: "the journal was read".to_owned(),
            why: error.to_string(),
        })?;
        let (now, style) = (Timestamp::now(), self.console.style());
        let mut ended: Vec<_> = progress
            .runs
            .iter()
            .filter(|run| matches!(run.standing, Standing::Done | Standing::Failed(_)))
            .filter(|run| !self.shown.contains(&run.change.key))
            .collect();
        ended.sort_by_key(|run| run.ended);
        for run in ended {
            self.console.print(&render::step(run, now, &style));
            self.shown.insert(run.change.key.clone());
        }
        if progress.done() < progress.runs.len() {
            self.console.block(&render::live(&progress, now, self.console.room(), &style));
        } else {
            self.console.block(&[]);
        }
        Ok(())
    }
}

fn has_ended(head: &Deployment) -> bool {
    matches!(head.status, DeploymentStatus::Ended { .. })
}
