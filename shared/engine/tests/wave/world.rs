//! A small account and a ledger in memory, in which every port call can be the last one that a process makes.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{
    Acquired, AlarmSeen, Answer, Clock, Commit, Creation, Deletion, Existing, Found, Health, Ledger, Made, OnExisting,
    Owned, Proof, Provider, Providers, Readiness, Reservation, StoreError,
};
use model::{
    CallError, DeploymentId, Digest, Entry, EnvironmentId, Epoch, ErrorClass, Lease, Observed, Ownership, PhysicalId,
    Properties, Recorded, ResourceType, Revision, Stamp, Timestamp,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Where in a port call a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    Before,
    After,
}

/// One thing in the account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thing {
    pub(crate) kind: String,
    pub(crate) tag: String,
    pub(crate) properties: Properties,
    pub(crate) polls: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
    pub(crate) until: i64,
    pub(crate) state: &'static str,
    pub(crate) reserved_for: String,
    pub(crate) revision: u64,
    pub(crate) plan: Option<Digest>,
    pub(crate) recorded: Recorded,
    pub(crate) journal: Vec<Entry>,
    pub(crate) commits: usize,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) truth: Mutex<Truth>,
    pub(crate) account: Mutex<BTreeMap<String, Thing>>,
    pub(crate) created: Mutex<BTreeMap<String, u32>>,
    pub(crate) fails: Mutex<Option<(&'static str, CallError, u32)>>,
    /// What a search by tags finds besides what is in the account.
    pub(crate) strays: Mutex<Vec<Owned>>,
    pub(crate) cancelled: AtomicBool,
    /// What those who look whether something is ready know of what it was before.
    pub(crate) before: Mutex<Vec<String>>,
    /// How many calls changed what exists, or could have.
    pub(crate) updates: AtomicUsize,
    now: AtomicI64,
    calls: AtomicUsize,
    dies: Mutex<Option<(usize, Death)>>,
    died: Notify,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn dies_at(&self, call: usize, death: Death) {
        self.calls.store(0, Ordering::SeqCst);
        *self.dies.lock().unwrap() = Some((call, death));
    }

    pub(crate) fn lives(&self) {
        *self.dies.lock().unwrap() = None;
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) async fn death(&self) {
        self.died.notified().await;
    }

    /// Every port call goes through here. The process that dies never hears of the answer.
    async fn call<T>(&self, effect: impl FnOnce() -> T) -> T {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        self.now.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let dies = (*self.dies.lock().unwrap()).filter(|(at, _)| *at == call).map(|(_, death)| death);
        if dies == Some(Death::Before) {
            self.died.notify_one();
            pending::<()>().await;
        }
        let answer = effect();
        if dies == Some(Death::After) {
            self.died.notify_one();
            pending::<()>().await;
        }
        answer
    }

    fn failing(&self, operation: &str) -> Option<CallError> {
        let mut fails = self.fails.lock().unwrap();
        let (name, error, times) = fails.as_mut()?;
        if *name != operation || *times == 0 {
            return None;
        }
        *times -= 1;
        Some(error.clone())
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now.load(Ordering::SeqCst)).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        // Virtual: whoever sleeps first wakes first, because time only moves when somebody does.
        let until = self.now.load(Ordering::SeqCst) + i64::try_from(duration.as_millis()).unwrap();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.now.fetch_max(until, Ordering::SeqCst);
    }
}

#[async_trait]
impl Health for World {
    async fn alarm(&self, _: &str) -> Result<AlarmSeen, CallError> {
        self.call(|| Ok(AlarmSeen::Quiet)).await
    }

    async fn invoke(&self, _: &str, _: &Value, _: Duration) -> Result<Answer, CallError> {
        self.call(|| Ok(Answer::Returned)).await
    }

    async fn get(&self, _: &str, _: Duration) -> Result<u16, CallError> {
        self.call(|| Ok(200)).await
    }
}

#[async_trait]
impl Ledger for World {
    async fn acquire(
        &self,
        _: &EnvironmentId,
        deployment: &DeploymentId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        self.call(|| {
            let mut truth = self.truth.lock().unwrap();
            let now = now.as_millisecond();
            let is_free = truth.state.is_empty() || truth.state == "free" || truth.until <= now;
            let is_ours = truth.state == "reserved" && truth.reserved_for == deployment.as_str();
            if !(is_free || is_ours) {
                return Ok(Acquired::Held { until: Timestamp::from_millisecond(truth.until).unwrap() });
            }
            let taken_over = (truth.state == "held").then(|| Timestamp::from_millisecond(truth.until).unwrap());
            truth.epoch += 1;
            truth.state = "held";
            truth.until = now + i64::try_from(life.as_millis()).unwrap();
            Ok(Acquired::Taken(Lease {
                epoch: Epoch(truth.epoch),
                sequence: truth.sequence,
                expires: Timestamp::from_millisecond(truth.until).unwrap(),
                revision: Revision(truth.revision),
                started_by: None,
                plan: truth.plan.clone(),
                taken_over,
                previous: None,
            }))
        })
        .await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        self.call(|| {
            let mut truth = self.truth.lock().unwrap();
            if truth.epoch != commit.epoch.0 || truth.sequence + 1 != commit.sequence || truth.state != "held" {
                return Err(StoreError::LeaseLost(commit.environment.clone()));
            }
            truth.sequence = commit.sequence;
            truth.recorded.sequence = commit.sequence;
            truth.until = commit.expires.as_millisecond();
            truth.commits += 1;
            if let Some(plan) = commit.starts {
                truth.revision += 1;
                truth.recorded.revision = Revision(truth.revision);
                truth.plan = Some(plan.clone());
            }
            truth.journal.extend_from_slice(commit.entries);
            for (key, item) in commit.items {
                match item {
                    Some(item) => drop(truth.recorded.resources.insert(key.clone(), item.clone())),
                    None => drop(truth.recorded.resources.remove(key)),
                }
            }
            Ok(())
        })
        .await
    }

    async fn release(&self, id: &EnvironmentId, epoch: Epoch, to: Option<&Reservation>) -> Result<(), StoreError> {
        self.call(|| {
            let mut truth = self.truth.lock().unwrap();
            if truth.epoch != epoch.0 {
                return Err(StoreError::LeaseLost(id.clone()));
            }
            truth.state = if to.is_some() { "reserved" } else { "free" };
            truth.until = to.map_or(0, |to| to.until.as_millisecond());
            truth.reserved_for = to.map(|to| to.deployment.to_string()).unwrap_or_default();
            Ok(())
        })
        .await
    }

    async fn is_cancelled(&self, _: &EnvironmentId, _: &DeploymentId) -> Result<bool, StoreError> {
        Ok(self.cancelled.load(Ordering::SeqCst))
    }

    async fn record(&self, _: &EnvironmentId) -> Result<Recorded, StoreError> {
        self.call(|| Ok(self.truth.lock().unwrap().recorded.clone())).await
    }

    async fn journal(&self, _: &DeploymentId) -> Result<Vec<Entry>, StoreError> {
        self.call(|| Ok(self.truth.lock().unwrap().journal.clone())).await
    }
}

/// A type whose creations are proven in one way.
pub(crate) struct Kind<'a> {
    world: &'a World,
    name: &'static str,
    proof: Proof,
}

impl Kind<'_> {
    /// Names are unique where the proof is by name; elsewhere the account gives a new id each time.
    fn id_of(&self, creation: &Creation<'_>) -> String {
        match self.proof {
            Proof::Name { .. } => format!("{}:{}", self.name, creation.key),
            _ => format!("{}:{}", self.name, self.world.account.lock().unwrap().len()),
        }
    }

    fn observed(&self, id: &str, thing: &Thing) -> Observed {
        let (address, generation) = thing.tag.rsplit_once('@').unwrap();
        Observed {
            physical_id: PhysicalId(id.to_owned()),
            attributes: BTreeMap::from([("Arn".to_owned(), json!(format!("arn:{id}")))]),
            properties: thing.properties.clone(),
            ownership: (self.name != CUSTOM).then(|| Ownership::Tagged {
                engine: "e1".into(),
                scope: Some("shop/dev".into()),
                address: address.parse().unwrap(),
                generation: model::Generation(generation.parse().unwrap()),
            }),
        }
    }
}

#[async_trait]
impl Provider for Kind<'_> {
    fn proof(&self) -> Proof {
        self.proof
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let id = existing.physical_id.as_str();
        self.world.call(|| Ok(self.world.account.lock().unwrap().get(id).map(|thing| self.observed(id, thing)))).await
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        self.world
            .call(|| {
                let account = self.world.account.lock().unwrap();
                let tag = creation.key.to_string();
                let found = account.iter().find(|(_, thing)| thing.kind == self.name && thing.tag == tag);
                Ok(found.map_or(Found::Absent, |(id, _)| {
                    let attributes = BTreeMap::from([("Arn".to_owned(), json!(format!("arn:{id}")))]);
                    Found::Ours(Made { physical_id: PhysicalId(id.clone()), attributes })
                }))
            })
            .await
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        self.world
            .call(|| {
                let lost = self.world.failing("create, lost");
                if let (None, Some(error)) = (&lost, self.world.failing("create")) {
                    return Err(error);
                }
                let id = self.id_of(creation);
                let is_taken = self.world.account.lock().unwrap().contains_key(&id);
                match self.proof {
                    Proof::Name { on_existing: OnExisting::Refuses } if is_taken => {
                        return Err(CallError::local(ErrorClass::AlreadyExists, "create", "taken"));
                    }
                    _ => {}
                }
                let thing = Thing {
                    kind: self.name.to_owned(),
                    tag: creation.key.to_string(),
                    properties: creation.properties.clone(),
                    polls: 0,
                };
                self.world.account.lock().unwrap().insert(id.clone(), thing);
                *self.world.created.lock().unwrap().entry(creation.key.to_string()).or_default() += 1;
                let attributes = BTreeMap::from([("Arn".to_owned(), json!(format!("arn:{id}")))]);
                lost.map_or(Ok(Made { physical_id: PhysicalId(id), attributes }), Err)
            })
            .await
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, _: bool) -> Result<(), CallError> {
        self.update(existing, creation.properties).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        self.world
            .call(|| {
                if let Some(error) = self.world.failing("update") {
                    return Err(error);
                }
                self.world.updates.fetch_add(1, Ordering::SeqCst);
                let mut account = self.world.account.lock().unwrap();
                let thing = account.get_mut(existing.physical_id.as_str()).unwrap();
                thing.properties = to.clone();
                Ok(())
            })
            .await
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let id = existing.physical_id.as_str();
        self.world.before.lock().unwrap().extend(existing.before.iter().map(|before| before.to_value().to_string()));
        self.world
            .call(|| {
                let mut account = self.world.account.lock().unwrap();
                let thing = account.get_mut(id).unwrap();
                thing.polls += 1;
                if self.world.failing("settle").is_some() {
                    return Ok(Readiness::Pending("for ever".into()));
                }
                if thing.polls < 3 && self.name == "AWS::DynamoDB::Table" {
                    return Ok(Readiness::Pending("to become ACTIVE".into()));
                }
                let thing = thing.clone();
                if let Some(name) = thing.properties.text("Name").filter(|_| self.name == CUSTOM) {
                    // Code of the user's own makes what it is told, by the name that it is told, and forgets the request.
                    if id.starts_with(CUSTOM) {
                        account.remove(id);
                    }
                    account.insert(name.to_owned(), thing.clone());
                    return Ok(Readiness::Ready(Box::new(self.observed(name, &thing))));
                }
                Ok(Readiness::Ready(Box::new(self.observed(id, &thing))))
            })
            .await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        self.world
            .call(|| {
                if let Some(error) = self.world.failing("delete") {
                    return Err(error);
                }
                let lost = self.world.failing("delete, lost");
                self.world.account.lock().unwrap().remove(existing.physical_id.as_str());
                if let Some(error) = lost {
                    // Whoever asks again is refused.
                    let refused = CallError::local(ErrorClass::Denied, "delete", "not any more");
                    *self.world.fails.lock().unwrap() = Some(("delete", refused, u32::MAX));
                    return Err(error);
                }
                Ok(Deletion::Gone)
            })
            .await
    }
}

/// What answers for itself.
const CUSTOM: &str = "AWS::CloudFormation::CustomResource";

/// The types of the account.
pub(crate) struct Kinds<'a> {
    world: &'a World,
    by_type: BTreeMap<&'static str, Kind<'a>>,
}

impl<'a> Kinds<'a> {
    pub(crate) fn of(world: &'a World) -> Self {
        let kinds = [
            ("AWS::IAM::Role", Proof::Name { on_existing: OnExisting::Refuses }),
            ("AWS::IAM::Policy", Proof::Name { on_existing: OnExisting::Succeeds }),
            ("AWS::SQS::Queue", Proof::Name { on_existing: OnExisting::Succeeds }),
            ("AWS::DynamoDB::Table", Proof::Name { on_existing: OnExisting::Refuses }),
            ("AWS::ApiGatewayV2::Api", Proof::Tag { lag: Duration::from_secs(3) }),
            ("AWS::ApiGatewayV2::Integration", Proof::Child),
            ("AWS::EC2::SecurityGroup", Proof::Tag { lag: Duration::ZERO }),
            ("AWS::EC2::VPC", Proof::Tag { lag: Duration::ZERO }),
            (CUSTOM, Proof::Child),
            ("AWS::CloudFormation::WaitCondition", Proof::Token { life: Duration::MAX }),
        ];
        let by_type = kinds.into_iter().map(|(name, proof)| (name, Kind { world, name, proof }));
        Self { world, by_type: by_type.collect() }
    }
}

#[async_trait]
impl Providers for Kinds<'_> {
    async fn owned(&self, _: &Stamp) -> Result<Vec<Owned>, CallError> {
        Ok(self.world.strays.lock().unwrap().clone())
    }

    fn get(&self, kind: &ResourceType) -> Option<&dyn Provider> {
        self.by_type.get(schema::get(kind)?.name).map(|kind| kind as &dyn Provider)
    }
}
