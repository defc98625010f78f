//! What a change is carried out with: the record, the writer, the providers, the time that is left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::{
    CallError, Change, DeploymentId, Entry, Epoch, ErrorClass, Event, Operation, Properties, RecordedResource,
    ResourceAddress, ResourceKey, Timestamp,
};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::pace::Pace;
use crate::ports::{Clock, Health, Provider, Providers};
use crate::propagation::Propagation;
use crate::state::State;
use crate::wave::Limits;
use crate::writer::Write;

/// Why a change did not end well.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It failed. The failure is journalled.
    Failed(CallError),
    /// It is put off until then. That is journalled.
    Deferred(Timestamp, CallError),
    /// The time slice ended. It goes on in the next invocation.
    Interrupted,
    /// The lease is lost or the stores do not answer: nothing more may be done.
    Stopped,
}

/// What the changes tell the loop that runs them.
#[derive(Debug)]
pub(crate) enum Note {
    /// The identity of a resource is known.
    Identified(ResourceKey),
    /// A resource can be used, and is only being looked at.
    Usable(ResourceKey),
    /// A change waits for something that takes long.
    Waits,
}

pub(crate) struct Execution<'a> {
    pub(crate) state: State,
    pub(crate) providers: &'a dyn Providers,
    pub(crate) health: &'a dyn Health,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) pace: &'a Pace,
    pub(crate) propagation: Propagation,
    pub(crate) limits: Limits,
    pub(crate) deployment: &'a DeploymentId,
    pub(crate) stamp: &'a model::Stamp,
    pub(crate) epoch: Epoch,
    /// When nothing new is begun any more.
    pub(crate) deadline: Timestamp,
    pub(crate) writes: mpsc::UnboundedSender<Write>,
    pub(crate) notes: mpsc::UnboundedSender<Note>,
    /// Of what has started: milliseconds from its start to the end of the longest chain behind it.
    pub(crate) urgencies: Mutex<BTreeMap<ResourceKey, u64>>,
    /// Until when changes wait that wait for something that takes long.
    pub(crate) naps: Mutex<BTreeMap<ResourceKey, Timestamp>>,
    /// Until when a call may still take effect that nobody answered.
    pub(crate) landing: Mutex<Timestamp>,
    /// What this invocation made, and when.
    pub(crate) made: Mutex<BTreeMap<ResourceAddress, Timestamp>>,
    /// What can be used, and was not looked at yet.
    pub(crate) unseen: Mutex<BTreeSet<ResourceAddress>>,
    /// Told whenever something was looked at.
    pub(crate) looked: Notify,
    /// Whether somebody cancelled the deployment.
    pub(crate) cancelled: AtomicBool,
}

/// A line that was handed to the writer.
pub(crate) struct Written(oneshot::Receiver<()>);

impl Written {
    /// Waits until it is durable.
    pub(crate) async fn durable(self) -> Result<(), Halt> {
        self.0.await.map_err(|_| Halt::Stopped)
    }
}

impl Execution<'_> {
    pub(crate) fn provider(&self, change: &Change) -> Result<&dyn Provider, CallError> {
        self.providers.get(&change.kind).ok_or_else(|| {
            CallError::local(ErrorClass::Invalid, "provide", format!("`{}` has no provider", change.kind))
        })
    }

    /// How urgent the calls of a change are.
    pub(crate) fn urgency(&self, change: &Change) -> u64 {
        let urgencies = self.urgencies.lock().unwrap_or_else(PoisonError::into_inner);
        urgencies.get(&change.key).copied().unwrap_or_default()
    }

    /// Journals an event and folds it into the record. The record in memory is ahead of the durable one until the line is
    /// [`Written::durable`]; what is written later is never durable before it.
    pub(crate) fn write(&self, change: &Change, sent: &Properties, event: Event) -> Written {
        let before = self.state.get(&change.key);
        let item = journal::record(before.as_ref(), change, sent, self.deployment, &event, self.clock.now());
        self.write_items(&change.key, vec![(change.key.clone(), item)], event)
    }

    /// The same, with what becomes of the record said by the caller.
    pub(crate) fn write_items(
        &self,
        key: &ResourceKey,
        items: Vec<(ResourceKey, Option<RecordedResource>)>,
        event: Event,
    ) -> Written {
        for (key, item) in &items {
            self.state.set(key, item.clone());
        }
        let is_identified = matches!(event, Event::Identified { .. });
        let entry = Entry { at: self.clock.now(), epoch: self.epoch, change: key.clone(), event };
        let (durable, written) = oneshot::channel();
        // Where the writer is gone, the receiver says so.
        let _ = self.writes.send(Write { entry, items, durable });
        if is_identified {
            let now = self.clock.now();
            self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(key.address.clone(), now);
            let _ = self.notes.send(Note::Identified(key.clone()));
        }
        Written(written)
    }

    /// The token of an attempt: hash(deployment, address, generation, attempt), 32 hexadecimal digits.
    pub(crate) fn token(&self, key: &ResourceKey, attempt: u32) -> String {
        let of = format!("{} {key} {attempt}", self.deployment);
        model::Digest::of(of.as_bytes()).short(32).to_owned()
    }

    /// Announces a mutating call; it may be made once this is durable. A change whose outcome is not known keeps its token
    /// where the same is sent again.
    pub(crate) async fn announce(
        &self,
        change: &Change,
        sent: &Properties,
        operation: Operation,
        attempt: u32,
    ) -> Result<String, Halt> {
        let open = self.state.get(&change.key).filter(|recorded| recorded.sent == *sent);
        let open = open.and_then(|recorded| recorded.intent).filter(|open| open.operation == Operation::Update);
        let token = match open {
            Some(open) if operation == Operation::Update => open.token,
            _ => self.token(&change.key, attempt),
        };
        let naming = schema::get(&change.kind).and_then(|schema| schema.naming);
        let event = Event::Started {
            operation,
            token: token.clone(),
            attempt,
            request: model::Digest::of(sent.to_value().to_string().as_bytes()),
            physical_name: naming.and_then(|naming| sent.text(naming.property)).map(str::to_owned),
        };
        self.write(change, sent, event).durable().await?;
        Ok(token)
    }

    /// Waits, if the slice lasts that long.
    pub(crate) async fn pause(&self, duration: Duration) -> Result<(), Halt> {
        if self.is_over() {
            return Err(Halt::Interrupted);
        }
        self.clock.sleep(duration).await;
        Ok(())
    }

    /// Waits for something that takes long: where everything that is left does, the state machine waits instead. The change
    /// must have nothing under way, and resume where it is when it is begun again.
    pub(crate) async fn nap(&self, change: &Change, duration: Duration) -> Result<(), Halt> {
        if duration < self.limits.long_wait {
            return self.pause(duration).await;
        }
        if self.is_over() {
            return Err(Halt::Interrupted);
        }
        let naps = || self.naps.lock().unwrap_or_else(PoisonError::into_inner);
        naps().insert(change.key.clone(), self.clock.now() + duration);
        let _ = self.notes.send(Note::Waits);
        self.clock.sleep(duration).await;
        naps().remove(&change.key);
        Ok(())
    }

    /// Lets the dependents of a change start before it was looked at.
    pub(crate) fn usable(&self, change: &Change) {
        self.unseen.lock().unwrap_or_else(PoisonError::into_inner).insert(change.key.address.clone());
        // Nobody waits for the look that is left.
        self.urgencies.lock().unwrap_or_else(PoisonError::into_inner).insert(change.key.clone(), 0);
        let _ = self.notes.send(Note::Usable(change.key.clone()));
    }

    /// A change ended: whatever there was to see of it is known.
    pub(crate) fn ended(&self, change: &Change) {
        if self.unseen.lock().unwrap_or_else(PoisonError::into_inner).remove(&change.key.address) {
            self.looked.notify_waiters();
        }
    }

    /// Whether a resource can be used and was not looked at yet.
    pub(crate) fn is_unseen(&self, address: &ResourceAddress) -> bool {
        self.unseen.lock().unwrap_or_else(PoisonError::into_inner).contains(address)
    }

    /// Waits until a resource was looked at.
    pub(crate) async fn seen(&self, address: &ResourceAddress) {
        loop {
            let looked = self.looked.notified();
            if !self.is_unseen(address) {
                return;
            }
            looked.await;
        }
    }

    /// Whether any of `addresses` was made by this deployment after `since`.
    pub(crate) fn made_since(&self, addresses: &BTreeSet<ResourceAddress>, since: Timestamp) -> bool {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.iter().any(|address| made.get(address).is_some_and(|at| *at >= since))
    }

    /// A call that was sent then was not answered.
    pub(crate) fn may_land(&self, sent: Timestamp) {
        let mut landing = self.landing.lock().unwrap_or_else(PoisonError::into_inner);
        *landing = (*landing).max(sent + self.limits.landing);
    }

    /// Waits until nothing can take effect any more that this invocation sent.
    pub(crate) async fn land(&self) {
        let until = *self.landing.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.duration_since(self.clock.now());
        if left.is_positive() {
            self.clock.sleep(left.unsigned_abs()).await;
        }
    }

    /// Whether somebody cancelled the deployment: what would take long is left as it is.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Whether the slice is over.
    pub(crate) fn is_over(&self) -> bool {
        self.clock.now() >= self.deadline
    }
}
