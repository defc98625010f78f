//! The one writer of an invocation: what happens at the same time is committed together.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{DeploymentId, Digest, Entry, EnvironmentId, Epoch, Lease, RecordedResource, ResourceKey};
use tokio::sync::{mpsc, oneshot};

use crate::fence::Fence;
use crate::ports::ledger::COMMIT_ITEMS;
use crate::ports::{Clock, Commit, Ledger, StoreError};

/// One line for the journal with what it makes of the record.
pub(crate) struct Write {
    pub(crate) entry: Entry,
    /// What the record holds from now on, by key; none where it goes.
    pub(crate) items: Vec<(ResourceKey, Option<RecordedResource>)>,
    /// Told when it is durable; dropped when it will never be.
    pub(crate) durable: oneshot::Sender<()>,
}

/// How often a commit is tried that fails for a passing reason. The lease runs meanwhile, so that this need not be many.
const TRIES: u32 = 6;

pub(crate) struct Writer<'a> {
    pub(crate) ledger: &'a dyn Ledger,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) fence: &'a Fence,
    pub(crate) environment: &'a EnvironmentId,
    pub(crate) deployment: &'a DeploymentId,
    pub(crate) epoch: Epoch,
    pub(crate) sequence: u64,
    pub(crate) life: Duration,
    /// The plan that the first line starts: not a heartbeat, which may come while a dead holder's calls still land.
    pub(crate) starts: Option<Digest>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        (ledger, clock, fence): (&'a dyn Ledger, &'a dyn Clock, &'a Fence),
        (environment, deployment): (&'a EnvironmentId, &'a DeploymentId),
        lease: &Lease,
        life: Duration,
        starts: Option<Digest>,
    ) -> Self {
        let (epoch, sequence) = (lease.epoch, lease.sequence);
        Self { ledger, clock, fence, environment, deployment, epoch, sequence, life, starts }
    }

    /// Commits what comes in, in bursts, until every sender is gone. Renews the lease while nothing comes.
    pub(crate) async fn run(mut self, mut incoming: mpsc::UnboundedReceiver<Write>) -> Result<(), StoreError> {
        let mut waiting: Option<Write> = None;
        loop {
            let first = match waiting.take() {
                Some(first) => first,
                None => {
                    tokio::select! {
                        biased;
                        first = incoming.recv() => match first {
                            Some(first) => first,
                            // A plan that left nothing to write has started all the same.
                            None if self.starts.is_some() => return self.commit(&[], &[], true).await,
                            None => return Ok(()),
                        },
                        () = self.clock.sleep(self.life / 3) => {
                            self.commit(&[], &[], false).await?;
                            continue;
                        }
                    }
                }
            };
            let mut burst = vec![first];
            let mut items: BTreeMap<ResourceKey, Option<RecordedResource>> = BTreeMap::new();
            for first in &mut burst {
                items.append(&mut first.items.drain(..).collect());
            }
            while let Ok(mut next) = incoming.try_recv() {
                let more = next.items.iter().filter(|(key, _)| !items.contains_key(key)).count();
                if items.len() + more > COMMIT_ITEMS {
                    waiting = Some(next);
                    break;
                }
                items.append(&mut next.items.drain(..).collect());
                burst.push(next);
            }
            let (entries, acknowledge): (Vec<_>, Vec<_>) =
                burst.into_iter().map(|write| (write.entry, write.durable)).unzip();
            let items: Vec<_> = items.into_iter().collect();
            self.commit(&entries, &items, true).await?;
            for durable in acknowledge {
                // Whoever does not wait for it need not hear of it.
                let _ = durable.send(());
            }
        }
    }

    async fn commit(
        &mut self,
        entries: &[Entry],
        items: &[(ResourceKey, Option<RecordedResource>)],
        may_start: bool,
    ) -> Result<(), StoreError> {
        let starts = if may_start { self.starts.take() } else { None };
        // The same for every try, so that repeating a commit that took effect is recognised as the same.
        let expires = self.clock.now() + self.life;
        for attempt in 1.. {
            let commit = Commit {
                environment: self.environment,
                deployment: self.deployment,
                epoch: self.epoch,
                sequence: self.sequence + 1,
                expires,
                starts: starts.as_ref(),
                entries,
                items,
            };
            match self.ledger.commit(&commit).await {
                Ok(()) => {
                    self.fence.open_until(expires);
                    break;
                }
                Err(StoreError::Transient { operation, message }) if attempt < TRIES => {
                    tracing::warn!(operation, message, attempt, "the commit is tried again");
                    self.clock.sleep(Duration::from_millis(50 << attempt)).await;
                }
                Err(error) => {
                    self.fence.close();
                    return Err(error);
                }
            }
        }
        self.sequence += 1;
        Ok(())
    }
}
