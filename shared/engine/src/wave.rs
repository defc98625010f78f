//! One invocation of `provision-wave`: the lease, the one loop over ready changes, and how it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use journal::IllegalTransition;
use model::{Cause, Digest, Lease, Plan, ResourceKey, Timestamp};
use tokio::sync::mpsc;

use crate::carry_out::carry_out;
use crate::cause;
use crate::execution::{Execution, Halt};
use crate::fence::Fence;
use crate::pace::Pace;
use crate::ports::{Acquired, Clock, Ledger, Providers, Reservation, StoreError};
use crate::schedule::Schedule;
use crate::state::State;
use crate::writer::Writer;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a lease lasts from each commit.
    pub lease: Duration,
    /// After which an invocation begins nothing new.
    pub slice: Duration,
    /// For how long throttled calls are tried again.
    pub throttled: Duration,
    /// For how long calls are tried again that the service did not answer.
    pub transient: Duration,
    /// For how long calls are tried again that need something which is not visible everywhere yet, or is busy.
    pub propagation: Duration,
    /// For how long a resource may take to become ready, or to go.
    pub readiness: Duration,
    /// For how long the lease stays reserved for this deployment between two invocations.
    pub reserve: Duration,
    /// How long a call may go on to take effect after its caller gave it up, or died. Nothing counts as absent before.
    pub landing: Duration,
    /// For how long a deletion waits for what lingers, before it is put off.
    pub lingering: Duration,
    /// When a deletion that was put off is tried again.
    pub reap: Duration,
    /// From which wait on the state machine waits instead of the function.
    pub long_wait: Duration,
    /// How many changes run at the same time. Far above what any account's limits allow: it bounds memory, not speed.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            slice: Duration::from_secs(600),
            throttled: Duration::from_secs(120),
            transient: Duration::from_secs(60),
            // IAM: a role can be used 5 to 12 s after it was made, rarely later.
            propagation: Duration::from_secs(120),
            readiness: Duration::from_secs(900),
            reserve: Duration::from_secs(120),
            landing: Duration::from_secs(15),
            lingering: Duration::from_secs(30),
            // Interfaces of functions linger from 20 minutes to 8 hours.
            reap: Duration::from_secs(1_200),
            long_wait: Duration::from_secs(20),
            concurrency: 2_048,
        }
    }
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The time slice is over: another invocation goes on.
    More,
    /// Somebody else still holds the lease: try again after this long.
    Wait(Duration),
    /// The record does not stand where the plan was made: plan again.
    Replan,
    /// Changes failed. Everything that did not need them is done; nothing was retired.
    Failed(Vec<Cause>),
    /// Somebody cancelled the deployment: what had begun is finished, nothing else was begun.
    Cancelled,
    /// Every change is done, or put off.
    Done,
}

/// Why an invocation could not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaveError {
    /// The stores.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal does not fold.
    #[error(transparent)]
    Journal(#[from] IllegalTransition),
}

/// What one invocation works with.
#[derive(Clone, Copy)]
pub struct Wave<'a> {
    /// The truth.
    pub ledger: &'a dyn Ledger,
    /// Time.
    pub clock: &'a dyn Clock,
    /// The target account.
    pub providers: &'a dyn Providers,
    /// What the clients of the target account ask before each mutating call.
    pub fence: &'a Fence,
    /// How fast AWS may be called. One for the life of a process: it learns.
    pub pace: &'a Pace,
    /// How long things may take.
    pub limits: Limits,
}

impl Wave<'_> {
    /// Carries out as much of `plan` as fits into one time slice. `digest` is that of the plan's bytes.
    ///
    /// # Errors
    /// [`WaveError`] where the stores fail or the lease is lost. Nothing is lost by that: the next invocation resumes.
    pub async fn run(&self, plan: &Plan, digest: &Digest) -> Result<End, WaveError> {
        let deadline = self.clock.now() + self.limits.slice;
        let environment = &plan.environment;
        let acquired = self.ledger.acquire(environment, &plan.deployment, self.clock.now(), self.limits.lease).await?;
        let lease = match acquired {
            Acquired::Taken(lease) => lease,
            Acquired::Held { until } => {
                let wait = until.duration_since(self.clock.now());
                return Ok(End::Wait(wait.try_into().unwrap_or(Duration::ZERO)));
            }
        };
        self.fence.open_until(lease.expires);
        let result = self.provision(plan, digest, &lease, deadline).await;
        self.fence.close();
        if matches!(result, Err(WaveError::Store(StoreError::LeaseLost(_)))) {
            return result;
        }
        let goes_on = matches!(result, Ok(End::More | End::Replan | End::Wait(_)) | Err(_));
        let until = self.clock.now() + self.limits.reserve;
        let reservation = goes_on.then(|| Reservation { deployment: plan.deployment.clone(), until });
        match self.ledger.release(environment, lease.epoch, reservation.as_ref()).await {
            Ok(()) => {}
            // What was done is done and recorded; the lease ends by itself.
            Err(error) => tracing::warn!(%error, "the lease could not be given back"),
        }
        result
    }

    async fn provision(
        &self,
        plan: &Plan,
        digest: &Digest,
        lease: &Lease,
        deadline: Timestamp,
    ) -> Result<End, WaveError> {
        let is_started = lease.plan.as_ref() == Some(digest);
        if !is_started && (lease.revision, lease.sequence) != (plan.parent, plan.sequence) {
            return Ok(End::Replan);
        }
        let (recorded, entries) =
            futures::try_join!(self.ledger.record(&plan.environment), self.ledger.journal(&plan.deployment))?;
        let status = journal::fold(&entries)?;
        let starts = (!is_started).then(|| digest.clone());
        let writer = Writer::new(
            (self.ledger, self.clock, self.fence),
            (&plan.environment, &plan.deployment),
            lease,
            self.limits.lease,
            starts,
        );
        let (writes, incoming) = mpsc::unbounded_channel();
        let (identified, identities) = mpsc::unbounded_channel();
        let execution = Execution {
            state: State::new(recorded, &status, &entries),
            providers: self.providers,
            clock: self.clock,
            limits: self.limits,
            deployment: &plan.deployment,
            stamp: &plan.stamp,
            epoch: lease.epoch,
            deadline,
            writes,
            identified,
        };
        let writing = writer.run(incoming);
        let working = async move {
            let end = work(&execution, plan, identities).await;
            // Dropping the execution closes the channel, which ends the writer after its last burst.
            drop(execution);
            end
        };
        let (written, end) = futures::join!(writing, working);
        written?;
        end.ok_or_else(|| StoreError::LeaseLost(plan.environment.clone()).into())
    }
}

/// Starts what is ready until nothing is left, the slice ends or everything stops. None where the writer is gone.
async fn work(
    execution: &Execution<'_>,
    plan: &Plan,
    mut identities: mpsc::UnboundedReceiver<ResourceKey>,
) -> Option<End> {
    let mut schedule = Schedule::new(plan);
    let mut running = FuturesUnordered::new();
    let mut failed = BTreeMap::new();
    let mut interrupted = false;
    loop {
        if !execution.is_over() {
            for change in schedule.start(execution.limits.concurrency) {
                tracing::info!(change = %change.key, kind = %change.kind, "starts");
                running.push(async move { (change, carry_out(execution, change).await) });
            }
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            Some(key) = identities.recv() => schedule.identified(&key),
            Some((change, result)) = running.next() => match result {
                Ok(()) => schedule.succeeded(change),
                Err(Halt::Failed(error)) => {
                    tracing::error!(change = %change.key, error = %error, "failed");
                    schedule.failed(change);
                    failed.insert(change.key.clone(), error);
                }
                Err(Halt::Interrupted) => interrupted = true,
                Err(Halt::Stopped) => return None,
            },
        }
    }
    let is_left = interrupted || (execution.is_over() && !schedule.is_exhausted());
    Some(match (is_left && failed.is_empty(), failed.is_empty()) {
        (true, _) => End::More,
        (false, false) => End::Failed(cause::causes(plan, &failed)),
        (false, true) => End::Done,
    })
}
