//! One invocation of `provision-wave`: the lease, the one loop over ready changes, and how it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use journal::IllegalTransition;
use model::{Action, Cause, Change, Digest, Event, Lease, Plan, Recorded, ResourceKey, Timestamp};
use tokio::sync::{Notify, mpsc};

use crate::carry_out::carry_out;
use crate::cause;
use crate::execution::{Execution, Halt, Note};
use crate::fence::Fence;
use crate::pace::Pace;
use crate::ports::{Acquired, Clock, Health, Ledger, Providers, Reservation, StoreError};
use crate::propagation::Propagation;
use crate::schedule::Schedule;
use crate::state::State;
use crate::takeover;
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
    /// What watches a change that is carried out in steps.
    pub health: &'a dyn Health,
    /// What the clients of the target account ask before each mutating call.
    pub fence: &'a Fence,
    /// How fast AWS may be called. One for the life of a process: it learns.
    pub pace: &'a Pace,
    /// How long things may take.
    pub limits: Limits,
}

/// How often it is asked whether somebody cancelled the deployment.
const CANCEL: Duration = Duration::from_secs(5);

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
        let (result, is_clean) = self.provision(plan, digest, &lease, deadline).await;
        self.fence.close();
        // Where a call may still be under way, the lease is left to expire: whoever takes it over waits until that has landed.
        if !is_clean || matches!(result, Err(WaveError::Store(StoreError::LeaseLost(_)))) {
            return result;
        }
        let until = match &result {
            Ok(End::Wait(wait)) => Some(self.clock.now() + *wait + self.limits.reserve),
            Ok(End::More | End::Replan) | Err(_) => Some(self.clock.now() + self.limits.reserve),
            Ok(End::Failed(_) | End::Cancelled | End::Done) => None,
        };
        let reservation = until.map(|until| Reservation { deployment: plan.deployment.clone(), until });
        match self.ledger.release(environment, lease.epoch, reservation.as_ref()).await {
            Ok(()) => {}
            // What was done is done and recorded; the lease ends by itself.
            Err(error) => tracing::warn!(%error, "the lease could not be given back"),
        }
        result
    }

    /// Also says whether nothing can be under way any more.
    async fn provision(
        &self,
        plan: &Plan,
        digest: &Digest,
        lease: &Lease,
        deadline: Timestamp,
    ) -> (Result<End, WaveError>, bool) {
        let environment = &plan.environment;
        let read = futures::try_join!(
            self.ledger.journal(&plan.deployment),
            self.ledger.record(environment),
            self.ledger.is_cancelled(environment, &plan.deployment),
        );
        let (entries, recorded, is_cancelled) = match read {
            Ok(read) => read,
            // A takeover that was not finished is not to be mistaken for one that was: the lease is left to expire again.
            Err(error) => return (Err(error.into()), lease.taken_over.is_none()),
        };
        if let Err(error) = journal::fold(&entries) {
            return (Err(error.into()), lease.taken_over.is_none());
        }
        let is_started = lease.plan.as_ref() == Some(digest);
        let is_stale = !is_started && (lease.revision, lease.sequence) != (plan.parent, plan.sequence);
        if is_stale && lease.taken_over.is_none() {
            return (Ok(End::Replan), true);
        }
        let starts = (!is_started && !is_stale).then(|| digest.clone());
        let writer = Writer::new(
            (self.ledger, self.clock, self.fence),
            (environment, &plan.deployment),
            lease,
            self.limits.lease,
            starts,
        );
        let (writes, incoming) = mpsc::unbounded_channel();
        let (notes, heard) = mpsc::unbounded_channel();
        let execution = Execution {
            state: State::new(recorded.clone(), &entries, plan.since),
            providers: self.providers,
            health: self.health,
            clock: self.clock,
            pace: self.pace,
            propagation: Propagation::default(),
            limits: self.limits,
            deployment: &plan.deployment,
            stamp: &plan.stamp,
            epoch: lease.epoch,
            deadline,
            writes,
            notes,
            urgencies: Mutex::new(BTreeMap::new()),
            naps: Mutex::new(BTreeMap::new()),
            landing: Mutex::new(Timestamp::UNIX_EPOCH),
            made: Mutex::new(BTreeMap::new()),
            unseen: Mutex::new(BTreeSet::new()),
            looked: Notify::new(),
            cancelled: AtomicBool::new(is_cancelled),
        };
        remember_what_was_made(&execution, plan);
        let writing = writer.run(incoming);
        let working = async move {
            let end = match self.take_over(&execution, plan, lease, &entries, recorded).await {
                Ok(true) => Ok(Some(End::Replan)),
                Ok(false) if is_stale => Ok(Some(End::Replan)),
                Ok(false) => Ok(work(&execution, plan, self.ledger, heard, (is_started, is_cancelled)).await),
                Err(error) => Err(error),
            };
            if matches!(end, Ok(Some(_))) {
                // Whoever comes next must not meet a call of this invocation that lands after its own.
                execution.land().await;
            }
            // Dropping the execution closes the channel, which ends the writer after its last burst.
            drop(execution);
            end
        };
        let (written, end) = futures::join!(writing, working);
        match (written, end) {
            (Err(error), _) => (Err(error.into()), false),
            (Ok(()), Err(error)) => (Err(error), false),
            (Ok(()), Ok(None)) => (Err(StoreError::LeaseLost(plan.environment.clone()).into()), false),
            (Ok(()), Ok(Some(end))) => (Ok(end), true),
        }
    }

    /// After a lease that its holder let expire: waits until nothing of that one can land any more, and records what it made
    /// that no record knows. Says whether there was any, so that the plan is out of date.
    async fn take_over(
        &self,
        execution: &Execution<'_>,
        plan: &Plan,
        lease: &Lease,
        entries: &[model::Entry],
        mut recorded: Recorded,
    ) -> Result<bool, WaveError> {
        let Some(expired) = lease.taken_over else { return Ok(false) };
        takeover::let_land(self.clock, &self.limits, expired).await;
        let announced: BTreeSet<ResourceKey> = takeover::announced(self.ledger, plan, lease, entries).await?;
        let strays = takeover::strays(self.providers, self.clock, plan, &announced, &recorded).await;
        for stray in &strays {
            tracing::warn!(resource = %stray.key, id = %stray.physical_id, "was made and never recorded: it goes");
            let event = Event::Identified { physical_id: stray.physical_id.clone(), attributes: BTreeMap::new() };
            let (key, leaving) = (takeover::key(stray, &recorded), takeover::leaving(stray, plan));
            recorded.resources.insert(key.clone(), leaving.clone());
            if execution.write_items(&key, vec![(key.clone(), Some(leaving))], event).durable().await.is_err() {
                return Err(StoreError::LeaseLost(plan.environment.clone()).into());
            }
        }
        Ok(!strays.is_empty())
    }
}

/// What earlier invocations of this deployment made may not be usable everywhere yet.
fn remember_what_was_made(execution: &Execution<'_>, plan: &Plan) {
    for change in &plan.changes {
        let Some(at) = execution.state.made(&change.key) else { continue };
        let propagation = schema::latency(&change.kind).propagation;
        let likely = (Duration::from_millis(*propagation.start()), Duration::from_millis(*propagation.end()));
        if execution.clock.now().duration_since(at).unsigned_abs() < likely.1 {
            execution.propagation.made(&change.key.address, at, likely);
        }
    }
}

/// Resolves once somebody cancelled the deployment.
async fn cancelled(execution: &Execution<'_>, plan: &Plan, ledger: &dyn Ledger) {
    loop {
        execution.clock.sleep(CANCEL).await;
        match ledger.is_cancelled(&plan.environment, &plan.deployment).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "whether it was cancelled is not known"),
        }
    }
}

/// Starts what is ready until nothing is left, the slice ends or everything stops. None where the writer is gone.
async fn work(
    execution: &Execution<'_>,
    plan: &Plan,
    ledger: &dyn Ledger,
    mut notes: mpsc::UnboundedReceiver<Note>,
    (is_resumed, mut is_cancelled): (bool, bool),
) -> Option<End> {
    let mut schedule = Schedule::new(plan);
    let mut running = FuturesUnordered::new();
    let mut failed = BTreeMap::new();
    let mut interrupted = false;
    let mut stop = std::pin::pin!(cancelled(execution, plan, ledger));
    loop {
        if !execution.is_over() {
            for (change, urgency) in schedule.start(execution.limits.concurrency) {
                if is_cancelled && !execution.state.has_begun(&change.key) {
                    // What has begun is finished; nothing else begins.
                    interrupted = true;
                    continue;
                }
                tracing::info!(change = %change.key, kind = %change.kind, "starts");
                execution.urgencies.lock().unwrap_or_else(PoisonError::into_inner).insert(change.key.clone(), urgency);
                // What failed under this plan has failed: it is not tried again because something else needed another slice.
                let earlier = execution.state.failed(&change.key).filter(|_| is_resumed);
                running.push(async move {
                    match earlier {
                        Some(error) => (change, Err(Halt::Failed(error))),
                        None => (change, carry_out(execution, change).await),
                    }
                });
            }
        }
        if running.is_empty() {
            break;
        }
        if let Some(wait) = long_wait(execution, running.len()) {
            return Some(End::Wait(wait));
        }
        tokio::select! {
            biased;
            Some(note) = notes.recv() => match note {
                Note::Identified(key) => schedule.identified(&key),
                Note::Usable(key) => schedule.usable(&key),
                Note::Waits => {}
            },
            Some((change, result)) = running.next() => {
                execution.ended(change);
                match result {
                    Ok(()) => schedule.succeeded(change),
                    Err(Halt::Failed(error)) => {
                        tracing::error!(change = %change.key, error = %error, "failed");
                        schedule.failed(change);
                        failed.insert(change.key.clone(), error);
                    }
                    Err(Halt::Deferred(until, error)) => {
                        tracing::warn!(change = %change.key, %until, error = %error, "is put off");
                        let behind = schedule.deferred(change);
                        put_off(execution, change, &behind, until);
                    }
                    Err(Halt::Interrupted) => interrupted = true,
                    Err(Halt::Stopped) => return None,
                }
            }
            () = &mut stop, if !is_cancelled => {
                is_cancelled = true;
                execution.cancelled.store(true, Ordering::Relaxed);
            }
        }
    }
    let is_left = interrupted || !schedule.is_exhausted();
    Some(match (is_left, failed.is_empty()) {
        (true, _) if is_cancelled => End::Cancelled,
        (true, _) => End::More,
        (false, false) => End::Failed(cause::causes(plan, &failed)),
        (false, true) => End::Done,
    })
}

/// How long nothing happens, where all that is under way waits for what takes long.
fn long_wait(execution: &Execution<'_>, running: usize) -> Option<Duration> {
    let naps = execution.naps.lock().unwrap_or_else(PoisonError::into_inner);
    let first = naps.values().min().filter(|_| naps.len() == running)?;
    let wait = first.duration_since(execution.clock.now()).unsigned_abs();
    (wait >= execution.limits.long_wait).then_some(wait)
}

/// What stands behind a deletion that is put off cannot go either.
fn put_off(execution: &Execution<'_>, root: &Change, behind: &[&Change], until: Timestamp) {
    for change in behind {
        let Some(recorded) = execution.state.get(&change.key) else { continue };
        if matches!(change.action, Action::Delete { .. }) && !execution.state.is_deferred(&change.key) {
            let message = format!("`{}` has to go first", root.key.address);
            let error = model::CallError::local(model::ErrorClass::DependencyViolation, "delete", message);
            let _ = execution.write(change, &recorded.sent, Event::Deferred { until, error });
        }
    }
}
