//! Creations: announced, made once, and found again by their proof where the answer was lost.

use std::time::Duration;

use model::{
    CallError, Change, ErrorClass, Event, Intent, Operation, PhysicalId, Properties, RecordedResource, Timestamp,
};
use schema::Call;

use super::{fail, finish, identity, is_done, provided, resolved};
use crate::execution::{Execution, Halt};
use crate::ports::{Creation, Found, Made, OnExisting, Proof, Provider};
use crate::retry::{Repeat, patiently};

/// How often a creation is sent whose answers keep getting lost: for three quarters of a minute.
const ATTEMPTS: u32 = 12;

pub(super) async fn create(execution: &Execution<'_>, change: &Change, to: &Properties) -> Result<(), Halt> {
    let sent = resolved(execution, change, to).await?;
    let recorded = execution.state.get(&change.key);
    if is_done(execution, change, recorded.as_ref(), &sent) {
        return Ok(());
    }
    let provider = provided(execution, change, &sent).await?;
    let known = recorded.as_ref().and_then(|recorded| recorded.physical_id.clone());
    let (physical_id, fresh) = match known {
        Some(physical_id) => (physical_id, false),
        None => Making { execution, change, provider, sent: &sent }.make(recorded.as_ref()).await?,
    };
    finish(execution, change, provider, &sent, &physical_id, fresh).await
}

/// A creation under way.
struct Making<'a> {
    execution: &'a Execution<'a>,
    change: &'a Change,
    provider: &'a dyn Provider,
    sent: &'a Properties,
}

impl Making<'_> {
    /// Makes the resource, or finds what an earlier attempt made. Says whether it was made just now.
    async fn make(&self, recorded: Option<&RecordedResource>) -> Result<(PhysicalId, bool), Halt> {
        let (execution, change, sent) = (self.execution, self.change, self.sent);
        let open = recorded.and_then(|recorded| Some((recorded.intent.clone()?, recorded.sent.clone())));
        let mut attempt =
            execution.state.attempts(&change.key).max(open.as_ref().map_or(0, |(intent, _)| intent.attempt));
        let is_named = matches!(self.provider.proof(), Proof::Name { .. });
        // What is announced and was not answered: it may be there, or still come.
        let mut unanswered = None;
        match open {
            // A name that only one can have: the same call again cannot make a second.
            Some((intent, before)) if is_named && before == *sent => match self.look(&intent).await? {
                Some(found) => return Ok(found),
                None => unanswered = Some(intent),
            },
            Some((intent, before)) => {
                if let Some(found) = self.resolve(&intent, &before).await? {
                    return Ok(found);
                }
            }
            None => {}
        }
        for sent_before in 0..ATTEMPTS {
            let token = match &unanswered {
                Some(intent) => intent.token.clone(),
                None => {
                    attempt += 1;
                    let (token, found) = self.announce(attempt).await?;
                    match found {
                        Found::Absent => token,
                        Found::Ours(made) if attempt == 1 && is_unmarked(change) => {
                            return fail(execution, change, sent, indistinct(&made.physical_id)).await;
                        }
                        Found::Ours(made) => return Ok((self.identified(made), false)),
                        Found::Foreign(id) => return fail(execution, change, sent, taken(&id)).await,
                    }
                }
            };
            let error = match self.send(&token, sent, Repeat::AfterProof).await? {
                Ok(made) => return Ok((self.identified(made), true)),
                Err(error) => error,
            };
            if !error.class.effect_is_unknown() {
                return self.refused(error, &token, unanswered).await;
            }
            tracing::warn!(change = %change.key, error = %error, "whether it took effect is looked up");
            let intent = Intent { operation: Operation::Create, token, attempt, at: execution.clock.now() };
            let found = if is_named { self.look(&intent).await? } else { self.resolve(&intent, sent).await? };
            if let Some(found) = found {
                return Ok(found);
            }
            unanswered = is_named.then_some(intent);
            execution.pause(Duration::from_millis(100 << sent_before.min(6))).await?;
        }
        let message = format!("{ATTEMPTS} attempts ended without an answer and without an effect");
        fail(execution, change, sent, CallError::local(ErrorClass::Unknown, "create", message)).await
    }

    /// AWS refused a creation. Where an earlier call of it was not answered, that one may have taken effect, or still may.
    async fn refused(
        &self,
        error: CallError,
        token: &str,
        unanswered: Option<Intent>,
    ) -> Result<(PhysicalId, bool), Halt> {
        let (execution, change, sent) = (self.execution, self.change, self.sent);
        let found = match unanswered {
            Some(intent) => self.searching().search(sent, &intent).await?,
            None if error.class == ErrorClass::AlreadyExists => self.find(token, sent).await?,
            None => Ok(Found::Absent),
        };
        match found {
            Ok(Found::Ours(made)) => Ok((self.identified(made), false)),
            Ok(Found::Foreign(_) | Found::Absent) => fail(execution, change, sent, error).await,
            // What may exist is not forgotten: the intent stays open.
            Err(error) => self.stays_open(error).await,
        }
    }

    /// Looks for what an announced creation made. None where it is not there, which says nothing of later.
    async fn look(&self, intent: &Intent) -> Result<Option<(PhysicalId, bool)>, Halt> {
        match self.find(&intent.token, self.sent).await? {
            Ok(Found::Ours(made)) => Ok(Some((self.identified(made), false))),
            Ok(Found::Foreign(id)) => fail(self.execution, self.change, self.sent, taken(&id)).await,
            Ok(Found::Absent) => Ok(None),
            Err(error) => self.stays_open(error).await,
        }
    }

    /// Announces an attempt. Where the creating call would succeed on what is there already, that is looked for meanwhile.
    async fn announce(&self, attempt: u32) -> Result<(String, Found), Halt> {
        let (execution, change, sent) = (self.execution, self.change, self.sent);
        let announced = execution.announce(change, sent, Operation::Create, attempt);
        if !matches!(self.provider.proof(), Proof::Name { on_existing: OnExisting::Succeeds }) {
            return Ok((announced.await?, Found::Absent));
        }
        let token = execution.token(&change.key, attempt);
        let (announced, found) = futures::join!(announced, self.find(&token, sent));
        match (announced?, found?) {
            (token, Ok(found)) => Ok((token, found)),
            (_, Err(error)) => fail(execution, change, sent, error).await,
        }
    }

    /// What became of an announced creation: the resource, or none where it is known not to exist.
    async fn resolve(&self, intent: &Intent, sent: &Properties) -> Result<Option<(PhysicalId, bool)>, Halt> {
        let (execution, change) = (self.execution, self.change);
        let age = execution.clock.now().duration_since(intent.at).unsigned_abs();
        if let Proof::Token { life } = self.provider.proof()
            && age < life
        {
            // The same call again, for as long as AWS knows the token by: it makes the resource or shows it.
            return match self.send(&intent.token, sent, Repeat::Harmless).await? {
                Ok(made) => Ok(Some((self.identified(made), false))),
                // A refusal of this call says nothing of the first.
                Err(error) => self.stays_open(error).await,
            };
        }
        match self.searching().search(sent, intent).await? {
            Ok(Found::Ours(made)) => Ok(Some((self.identified(made), false))),
            Ok(Found::Foreign(id)) => fail(execution, change, self.sent, taken(&id)).await,
            Ok(Found::Absent) => {
                let _ = execution.write(change, self.sent, Event::Absent);
                Ok(None)
            }
            Err(error) => self.stays_open(error).await,
        }
    }

    async fn send(
        &self,
        token: &str,
        properties: &Properties,
        repeat: Repeat,
    ) -> Result<Result<Made, CallError>, Halt> {
        let key = identity(self.execution, self.change);
        let creation = Creation { key: &key, properties, token, stamp: self.execution.stamp };
        patiently(self.execution, self.change, (Call::Create, repeat), || self.provider.create(&creation)).await
    }

    async fn find(&self, token: &str, properties: &Properties) -> Result<Result<Found, CallError>, Halt> {
        self.searching().find(token, properties).await
    }

    fn searching(&self) -> Search<'_> {
        Search { execution: self.execution, change: self.change, provider: self.provider }
    }

    fn identified(&self, made: Made) -> PhysicalId {
        let Made { physical_id, attributes } = made;
        let (execution, change) = (self.execution, self.change);
        let propagation = schema::latency(&change.kind).propagation;
        if *propagation.end() > 0 {
            let likely = (Duration::from_millis(*propagation.start()), Duration::from_millis(*propagation.end()));
            execution.propagation.made(&change.key.address, execution.clock.now(), likely);
        }
        // Not waited for: until it is durable the intent is, and that finds the resource again.
        let event = Event::Identified { physical_id: physical_id.clone(), attributes };
        let _ = execution.write(change, self.sent, event);
        physical_id
    }

    /// Fails in a way that keeps the intent, so that the next wave resolves it.
    async fn stays_open<T>(&self, error: CallError) -> Result<T, Halt> {
        fail(self.execution, self.change, self.sent, CallError { class: ErrorClass::Unknown, ..error }).await
    }
}

/// The search for what an announced creation made.
pub(super) struct Search<'a> {
    pub(super) execution: &'a Execution<'a>,
    pub(super) change: &'a Change,
    pub(super) provider: &'a dyn Provider,
}

impl Search<'_> {
    /// Searches until something is found or its absence is certain: the call must have landed, and the search must show it.
    pub(super) async fn search(&self, sent: &Properties, intent: &Intent) -> Result<Result<Found, CallError>, Halt> {
        let lag = match self.provider.proof() {
            Proof::Tag { lag } => lag,
            Proof::Token { .. } | Proof::Name { .. } | Proof::Child | Proof::Unprovable => Duration::ZERO,
        };
        let certain = self.execution.limits.landing + lag;
        loop {
            let looked: Timestamp = self.execution.clock.now();
            match self.find(&intent.token, sent).await? {
                Ok(Found::Absent) if looked.duration_since(intent.at).unsigned_abs() < certain => {
                    self.execution.pause(Duration::from_secs(1)).await?;
                }
                answer => return Ok(answer),
            }
        }
    }

    pub(super) async fn find(&self, token: &str, properties: &Properties) -> Result<Result<Found, CallError>, Halt> {
        let key = identity(self.execution, self.change);
        let creation = Creation { key: &key, properties, token, stamp: self.execution.stamp };
        patiently(self.execution, self.change, (Call::Read, Repeat::Harmless), || self.provider.find(&creation)).await
    }
}

/// Whether nothing tells it from another that reads the same: what stands there before the first call was made for another
/// address, whose deletion would take this one away.
fn is_unmarked(change: &Change) -> bool {
    schema::get(&change.kind).is_some_and(|schema| schema.unmarked)
}

fn indistinct(id: &PhysicalId) -> CallError {
    let message =
        format!("`{id}` stands there already: if it only has another address in the config now, say so under `moved`");
    CallError::local(ErrorClass::AlreadyExists, "create", message)
}

fn taken(id: &PhysicalId) -> CallError {
    let message = format!("`{id}` exists and does not carry this engine's tags");
    CallError::local(ErrorClass::AlreadyExists, "create", message)
}
