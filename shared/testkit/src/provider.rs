//! The providers of the simulated account, as one process sees them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use engine::Revealing;
use engine::fence::LEASE_TOO_SHORT;
use engine::ports::{Clock, Creation, Deletion, Existing, Found, Made, Owned, Proof, Provider, Providers, Readiness};
use model::{CallError, ErrorClass, Observed, Properties, ResourceType, Stamp};
use schema::Call;

use crate::cloud::{Caller, Kind, Order, all};
use crate::fault::{Failing, Storm};
use crate::options::Latencies;
use crate::port::{Way, call};
use crate::process::Process;
use crate::secrets::SimSecrets;
use crate::time::micros;
use crate::world::World;

/// One type, as one process sees it.
#[derive(Debug)]
pub struct SimProvider {
    process: Arc<Process>,
    kind: &'static Kind,
}

/// Every type, as one process sees it.
#[derive(Debug)]
pub struct Kinds {
    process: Arc<Process>,
    kinds: BTreeMap<&'static str, Revealing<SimProvider>>,
}

impl Kinds {
    pub(crate) fn new(process: &Arc<Process>) -> Self {
        let secrets = Arc::new(SimSecrets::new(process));
        let provider = |kind: &'static Kind| {
            let provider = SimProvider { process: Arc::clone(process), kind };
            (kind.name, Revealing::new(provider, Arc::<SimSecrets>::clone(&secrets)))
        };
        Self { process: Arc::clone(process), kinds: all().map(provider).collect() }
    }
}

#[async_trait]
impl Providers for Kinds {
    fn get(&self, kind: &ResourceType) -> Option<&dyn Provider> {
        self.kinds.get(kind.as_str()).map(|provider| provider as &dyn Provider)
    }

    async fn owned(&self, stamp: &Stamp) -> Result<Vec<Owned>, CallError> {
        let stamp = stamp.clone();
        let way = way(&self.process.world, None, Call::Read, "owned");
        call(
            &self.process,
            ("owned", ""),
            way,
            || Ok(()),
            move |world, _| {
                let now = world.time().micros();
                Ok(world.account().owned(&stamp, now))
            },
        )
        .await
    }
}

/// How long a call is on its way. The work of a creation is done where it arrives.
fn way(world: &World, kind: Option<&Kind>, call: Call, key: &str) -> Way {
    let takes = match (world.options().latencies, kind, call) {
        (Latencies::None, _, _) => 1_000,
        (_, Some(kind), Call::Create) => world.millis(&schema::latency(&kind.name.into()).call, "create", key),
        (_, Some(kind), Call::Update) => world.millis(&schema::latency(&kind.name.into()).call, "update", key),
        (_, Some(kind), Call::Delete) => world.millis(&schema::latency(&kind.name.into()).call, "delete", key),
        (_, Some(_), Call::Read) | (_, None, _) => world.millis(&world.options().read, "read", key),
    };
    let there = world.options().door.map_or(takes / 2, |door| micros(door).min(takes / 2));
    Way { there, back: takes - there }
}

impl SimProvider {
    fn way(&self, call: Call, key: &str) -> Way {
        way(&self.process.world, Some(self.kind), call, key)
    }

    /// Asks the fence, as the clients do right before a mutating request is sent.
    fn gate(&self, operation: &'static str) -> Result<(), CallError> {
        if self.process.fence.permits(self.process.world.time().now()) {
            return Ok(());
        }
        let message = "the lease may not outlive this call; it was not sent";
        let error = CallError::local(ErrorClass::Throttled, operation, message);
        Err(CallError { service: "sim".to_owned(), code: Some(LEASE_TOO_SHORT.to_owned()), ..error })
    }

    /// A request: counted, fenced where it changes something, limited where it arrives, and stormed upon.
    async fn request<T: Send + 'static>(
        &self,
        port: &'static str,
        (what, key): (Call, &str),
        effect: impl FnOnce(&World, &'static Kind, Caller) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, CallError> {
        let kind = self.kind;
        let epoch = self.process.epoch.load(Ordering::Relaxed);
        let of = format!("{} {key}", kind.name);
        let gate = || if what == Call::Read { Ok(()) } else { self.gate(port) };
        call(&self.process, (port, &of), self.way(what, key), gate, move |world, answered| {
            let now = world.time().micros();
            world.account().admit(kind, what, now, port)?;
            let storm = world.storm(schema::api(&kind.name.into(), what).name);
            let happens = match storm {
                None => true,
                Some(Storm::Throttling) => return Err(CallError::throttled(port)),
                Some(Storm::Faults) => world.nth("storm", port) % 2 == 0,
            };
            let result = happens.then(|| effect(world, kind, Caller { epoch, now, answered }));
            match (storm, result) {
                (None, Some(result)) => result,
                _ => Err(CallError::fault(port)),
            }
        })
        .await
    }

    async fn change_to(&self, port: &'static str, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let (id, to) = (existing.physical_id.0.clone(), to.clone());
        let known = existing.sent().cloned().collect::<Vec<_>>();
        self.request(port, (Call::Update, &existing.key.to_string()), move |world, kind, caller| {
            world.account().update(world, kind, &id, (to, known), caller)
        })
        .await
    }
}

fn order(creation: &Creation<'_>) -> Order {
    Order {
        key: creation.key.clone(),
        properties: creation.properties.clone(),
        token: creation.token.to_owned(),
        stamp: creation.stamp.clone(),
    }
}

#[async_trait]
impl Provider for SimProvider {
    fn proof(&self) -> Proof {
        self.kind.proof
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let id = existing.physical_id.0.clone();
        self.request("read", (Call::Read, &existing.key.to_string()), move |world, kind, caller| {
            Ok(world.account().read(kind, &id, caller.now))
        })
        .await
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let order = order(creation);
        self.request("find", (Call::Read, &creation.key.to_string()), move |world, kind, caller| {
            Ok(world.account().find(world, kind, &order, caller.now))
        })
        .await
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let order = order(creation);
        self.request("create", (Call::Create, &creation.key.to_string()), move |world, kind, caller| {
            world.account().create(world, kind, &order, caller)
        })
        .await
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let is_finished_at_once = !(self.kind.finished && self.process.world.options().converging);
        if fresh && is_finished_at_once {
            return Ok(());
        }
        self.change_to("converge", existing, creation.properties).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        self.change_to("update", existing, to).await
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let id = existing.physical_id.0.clone();
        self.request("settle", (Call::Read, &existing.key.to_string()), move |world, kind, caller| {
            Ok(world.account().settle(kind, &id, caller.now))
        })
        .await
    }

    async fn holds_data(&self, existing: &Existing<'_>) -> Result<bool, CallError> {
        let id = existing.physical_id.0.clone();
        self.request("holds_data", (Call::Read, &existing.key.to_string()), move |world, kind, caller| {
            Ok(world.account().holds_data(kind, &id, caller.now))
        })
        .await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let id = existing.physical_id.0.clone();
        self.request("delete", (Call::Delete, &existing.key.to_string()), move |world, kind, caller| {
            world.account().delete(world, kind, &id, caller)
        })
        .await
    }
}
