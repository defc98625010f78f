//! The truth of an environment in memory: lease, journal and record, as the table keeps them (`shared/store/src/ledger.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{Acquired, Commit, Ledger, Reservation, StoreError};
use model::{
    DeploymentId, Digest, Entry, EnvironmentId, Epoch, Lease, Recorded, RecordedResource, ResourceKey, Revision,
    Timestamp,
};

use crate::port::{Way, call};
use crate::process::Process;
use crate::time::micros;

/// What a lease is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeaseState {
    /// Nobody's.
    #[default]
    Free,
    /// Somebody's.
    Held,
    /// Kept for a deployment.
    Reserved,
}

/// One commit, as it was acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// Who wrote it.
    pub epoch: Epoch,
    /// Its number.
    pub sequence: u64,
    /// For which deployment.
    pub deployment: DeploymentId,
    /// The plan that it started.
    pub starts: Option<Digest>,
    /// The lines of the journal.
    pub entries: Vec<Entry>,
    /// The records.
    pub items: Vec<(ResourceKey, Option<RecordedResource>)>,
}

/// What the table holds.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// The last epoch.
    pub epoch: u64,
    /// The last commit.
    pub sequence: u64,
    /// Until when the lease lasts.
    pub until: i64,
    /// Whose the lease is.
    pub state: LeaseState,
    /// For whom it is held or kept.
    pub holder: Option<DeploymentId>,
    /// The plan that made the revision, and its deployment.
    pub plan: Option<(Digest, DeploymentId)>,
    /// The record.
    pub recorded: Recorded,
    /// The journals.
    pub journals: BTreeMap<DeploymentId, Vec<Entry>>,
    /// Every commit there ever was.
    pub history: Vec<Committed>,
    /// Deployments that somebody cancelled.
    pub cancelled: BTreeSet<DeploymentId>,
    /// What must never happen and did.
    pub wrong: Vec<String>,
}

impl Truth {
    fn acquire(&mut self, deployment: &DeploymentId, now: Timestamp, life: Duration) -> Acquired {
        let now = now.as_millisecond();
        let is_ours = self.state == LeaseState::Reserved && self.holder.as_ref() == Some(deployment);
        if !(self.state == LeaseState::Free || self.until <= now || is_ours) {
            let until = Timestamp::from_millisecond(self.until).unwrap_or(Timestamp::MAX);
            return Acquired::Held { until };
        }
        let was_held = self.state == LeaseState::Held;
        let taken_over = was_held.then(|| Timestamp::from_millisecond(self.until).unwrap_or(Timestamp::MIN));
        let previous = self.holder.replace(deployment.clone());
        self.epoch += 1;
        self.state = LeaseState::Held;
        self.until = now + i64::try_from(life.as_millis()).unwrap_or(i64::MAX / 2);
        Acquired::Taken(Lease {
            epoch: Epoch(self.epoch),
            sequence: self.sequence,
            expires: Timestamp::from_millisecond(self.until).unwrap_or(Timestamp::MAX),
            revision: self.recorded.revision,
            started_by: self.plan.as_ref().map(|(_, deployment)| deployment.clone()),
            plan: self.plan.as_ref().map(|(plan, _)| plan.clone()),
            taken_over,
            previous,
        })
    }

    fn commit(&mut self, environment: &EnvironmentId, expires: Timestamp, commit: Committed) -> Result<(), StoreError> {
        // What DynamoDB's ClientRequestToken does: the same write again is the same write.
        if let Some(known) =
            self.history.iter().rev().find(|known| (known.epoch, known.sequence) == (commit.epoch, commit.sequence))
        {
            if *known != commit {
                self.wrong.push(format!("commit {} of epoch {} came with two contents", commit.sequence, commit.epoch));
            }
            return Ok(());
        }
        if self.epoch != commit.epoch.0 || self.sequence + 1 != commit.sequence || self.state != LeaseState::Held {
            return Err(StoreError::LeaseLost(environment.clone()));
        }
        self.sequence = commit.sequence;
        self.until = expires.as_millisecond();
        self.recorded.sequence = commit.sequence;
        if let Some(plan) = &commit.starts {
            self.recorded.revision = Revision(self.recorded.revision.0 + 1);
            self.plan = Some((plan.clone(), commit.deployment.clone()));
        }
        if commit.items.len() > engine::ports::ledger::COMMIT_ITEMS {
            self.wrong.push(format!("commit {} has {} items", commit.sequence, commit.items.len()));
        }
        self.journals.entry(commit.deployment.clone()).or_default().extend_from_slice(&commit.entries);
        for (key, item) in &commit.items {
            match item {
                Some(item) => drop(self.recorded.resources.insert(key.clone(), item.clone())),
                None => drop(self.recorded.resources.remove(key)),
            }
        }
        self.history.push(commit);
        Ok(())
    }

    fn release(
        &mut self,
        environment: &EnvironmentId,
        epoch: Epoch,
        reservation: Option<Reservation>,
    ) -> Result<(), StoreError> {
        if self.epoch != epoch.0 {
            return Err(StoreError::LeaseLost(environment.clone()));
        }
        match reservation {
            Some(Reservation { deployment, until }) => {
                self.state = LeaseState::Reserved;
                self.until = until.as_millisecond();
                self.holder = Some(deployment);
            }
            None => {
                self.state = LeaseState::Free;
                self.until = 0;
                self.holder = None;
            }
        }
        Ok(())
    }
}

/// The ledger, as one process sees it.
#[derive(Debug, Clone)]
pub struct SimLedger {
    process: Arc<Process>,
}

impl SimLedger {
    pub(crate) fn new(process: Arc<Process>) -> Self {
        Self { process }
    }

    async fn call<T: Send + 'static>(
        &self,
        port: &'static str,
        effect: impl FnOnce(&mut Truth) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let takes = micros(self.process.world.options().commit);
        let way = Way { there: takes / 2, back: takes - takes / 2 };
        call(&self.process, (port, ""), way, || Ok(()), move |world, _| effect(&mut world.truth())).await
    }
}

#[async_trait]
impl Ledger for SimLedger {
    async fn acquire(
        &self,
        _: &EnvironmentId,
        deployment: &DeploymentId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let deployment = deployment.clone();
        let acquired = self.call("acquire", move |truth| Ok(truth.acquire(&deployment, now, life))).await?;
        if let Acquired::Taken(lease) = &acquired {
            self.process.epoch.store(lease.epoch.0, Ordering::Relaxed);
        }
        Ok(acquired)
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let (environment, expires) = (commit.environment.clone(), commit.expires);
        let committed = Committed {
            epoch: commit.epoch,
            sequence: commit.sequence,
            deployment: commit.deployment.clone(),
            starts: commit.starts.cloned(),
            entries: commit.entries.to_vec(),
            items: commit.items.to_vec(),
        };
        self.call("commit", move |truth| truth.commit(&environment, expires, committed)).await
    }

    async fn release(
        &self,
        environment: &EnvironmentId,
        epoch: Epoch,
        reservation: Option<&Reservation>,
    ) -> Result<(), StoreError> {
        let (environment, reservation) = (environment.clone(), reservation.cloned());
        self.call("release", move |truth| truth.release(&environment, epoch, reservation)).await
    }

    async fn is_cancelled(&self, _: &EnvironmentId, deployment: &DeploymentId) -> Result<bool, StoreError> {
        let deployment = deployment.clone();
        self.call("is_cancelled", move |truth| Ok(truth.cancelled.contains(&deployment))).await
    }

    async fn record(&self, _: &EnvironmentId) -> Result<Recorded, StoreError> {
        self.call("record", |truth| Ok(truth.recorded.clone())).await
    }

    async fn journal(&self, deployment: &DeploymentId) -> Result<Vec<Entry>, StoreError> {
        let deployment = deployment.clone();
        self.call("journal", move |truth| Ok(truth.journals.get(&deployment).cloned().unwrap_or_default())).await
    }
}
