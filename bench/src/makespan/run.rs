//! The engine's own loop over the simulated account, invocation after invocation, as the state machine would start them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{Creation, Deletion, Existing, Found, Made, Owned, Proof, Provider, Providers, Readiness};
use engine::{End, Limits, Pace, Wave, WaveError};
use model::{
    CallError, Digest, ErrorClass, Observed, Plan, Properties, ResourceAddress, ResourceKey, ResourceType, Stamp,
};
use serde_json::Value;
use testkit::{Kinds, Latencies, Options, Time, World};

use super::job::Draw;
use crate::record::attributes_asked_for;

/// What a round through the state machine costs: transitions, and the start of a function that is warm.
pub const ROUND: Duration = Duration::from_millis(250);

/// How long a call may be in flight, as `template.yaml` sets it for the clients of the target account.
const CALL: Duration = Duration::from_secs(15);

/// More invocations than any of the stacks can need.
const INVOCATIONS: usize = 200;

/// The account that deployments are measured in: AWS's limits, reads of 60 ms, commits of 10 ms; nothing lags, nothing fails.
/// Latencies are drawn from their ranges, which is how AWS is and what no schedule knows beforehand; or each is the middle of
/// its range, so that none is judged by its luck.
pub fn account(latencies: Latencies) -> Options {
    Options { latencies, ..Options::bench() }
}

/// A deployment that was carried out.
#[derive(Debug)]
pub struct Deployed {
    /// From the first invocation to the end of the last.
    pub took: Duration,
    /// How many invocations it took.
    pub invocations: usize,
    /// Every call to the account.
    pub calls: Vec<Called>,
    /// When each commit was made, and how many events and records it has.
    pub commits: Vec<Committed>,
    /// How long each resource took, as drawn.
    pub draws: BTreeMap<ResourceKey, Draw>,
}

/// A call to the account.
#[derive(Debug, Clone)]
pub struct Called {
    /// The incarnation.
    pub key: ResourceKey,
    /// Through which method.
    pub port: &'static str,
    /// When it was made, since the beginning.
    pub from: Duration,
    /// When it was answered.
    pub to: Duration,
    /// How it was refused, if it was.
    pub refused: Option<ErrorClass>,
}

/// A commit, as the ledger holds it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// When its events happened.
    pub events: Vec<Duration>,
    /// How many records it changed.
    pub records: usize,
}

/// Why a deployment was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The engine gave up.
    #[error(transparent)]
    Wave(#[from] WaveError),
    /// It ended otherwise than with everything done.
    #[error("the deployment ended with {0}")]
    End(String),
    /// It waits for something that never comes.
    #[error("the deployment waits for something that never comes")]
    Stuck,
    /// It goes on and on.
    #[error("the deployment is not done after {INVOCATIONS} invocations")]
    Endless,
}

/// Carries out `plan` in an account of `seed`.
///
/// # Errors
/// [`RunError`] where it does not end well.
pub fn deploy(plan: &Plan, seed: u64, options: Options) -> Result<Deployed, RunError> {
    let world = World::new(seed, options);
    let pace = Pace::new();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let digest = Digest::of(b"the plan");
    for invocation in 1..=INVOCATIONS {
        let process = world.process(CALL);
        let providers = Watched::new(process.providers(), plan, world.time(), &calls);
        let ledger = process.ledger();
        let wave = Wave {
            ledger: &ledger,
            clock: process.clock(),
            providers: &providers,
            health: &process.health(),
            fence: process.fence(),
            pace: &pace,
            limits: Limits::default(),
        };
        match world.block_on(wave.run(plan, &digest)).ok_or(RunError::Stuck)?? {
            End::Done => {
                let took = world.time().elapsed();
                let calls = std::mem::take(&mut *lock(&calls));
                let draws = draws(&world, plan, &calls);
                return Ok(Deployed { took, invocations: invocation, calls, commits: commits(&world), draws });
            }
            End::More => world.pass(ROUND),
            // Whole seconds, as `provision-wave` tells the state machine.
            End::Wait(wait) => world.pass(Duration::from_secs(wait.as_secs() + 1) + ROUND),
            End::Failed(causes) => {
                let first = causes.first().map_or_else(String::new, |cause| cause.message.clone());
                return Err(RunError::End(format!("failures: {first}")));
            }
            End::Replan => return Err(RunError::End("a wish for another plan".to_owned())),
            End::Cancelled => return Err(RunError::End("a cancellation".to_owned())),
        }
    }
    Err(RunError::Endless)
}

/// How long each resource took: its creating call as it was answered, the rest as the account draws it.
fn draws(world: &World, plan: &Plan, calls: &[Called]) -> BTreeMap<ResourceKey, Draw> {
    let mut made: BTreeMap<&ResourceKey, Duration> = BTreeMap::new();
    let mut looked: BTreeMap<&ResourceKey, Duration> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.refused.is_none()) {
        match call.port {
            "create" => made.insert(&call.key, call.to - call.from),
            "find" => looked.insert(&call.key, call.to - call.from),
            _ => None,
        };
    }
    let (commit, read) = (world.options().commit, Duration::from_millis(*world.options().read.start()));
    let draw = |change: &model::Change| {
        let latency = schema::latency(&change.kind);
        let key = change.key.to_string();
        let drawn = |range: &std::ops::RangeInclusive<u64>, what| {
            if world.options().latencies == Latencies::Middle || range.start() == range.end() {
                return Duration::from_millis(schema::middle(range));
            }
            let micros = range.start() * 1_000..=range.end() * 1_000;
            Duration::from_micros(world.draws().within(&micros, what, &key, 1))
        };
        let call = made.get(&change.key).copied().unwrap_or_default();
        Draw {
            call,
            arrives: world.options().door.map_or(call / 2, |door| door.min(call / 2)),
            ready: drawn(&latency.ready, "ready"),
            propagation: drawn(&latency.propagation, "propagation"),
            before: looked.get(&change.key).copied().unwrap_or_default().max(commit),
            after: read,
        }
    };
    plan.changes.iter().map(|change| (change.key.clone(), draw(change))).collect()
}

fn commits(world: &World) -> Vec<Committed> {
    let since = |at: model::Timestamp| {
        Duration::from_micros(at.as_microsecond().saturating_sub(testkit::BEGINNING).unsigned_abs())
    };
    let committed = |commit: &testkit::Committed| Committed {
        events: commit.entries.iter().map(|entry| since(entry.at)).collect(),
        records: commit.items.len(),
    };
    world.truth().history.iter().map(committed).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The attributes that a plan refers to.
type AskedFor = BTreeMap<ResourceAddress, BTreeSet<String>>;

/// The providers of an account, watched: every call is noted with its times. What they show has every attribute that the plan
/// refers to; the account knows of ARNs only.
struct Watched {
    kinds: Arc<Kinds>,
    watched: BTreeMap<ResourceType, WatchedProvider>,
}

struct WatchedProvider {
    kinds: Arc<Kinds>,
    kind: ResourceType,
    time: Time,
    calls: Arc<Mutex<Vec<Called>>>,
    asked_for: Arc<AskedFor>,
}

impl Watched {
    fn new(kinds: Kinds, plan: &Plan, time: &Time, calls: &Arc<Mutex<Vec<Called>>>) -> Self {
        let (kinds, asked_for) = (Arc::new(kinds), Arc::new(attributes_asked_for(plan)));
        let watched = plan.changes.iter().map(|change| {
            let provider = WatchedProvider {
                kinds: Arc::clone(&kinds),
                kind: change.kind.clone(),
                time: time.clone(),
                calls: Arc::clone(calls),
                asked_for: Arc::clone(&asked_for),
            };
            (change.kind.clone(), provider)
        });
        Self { watched: watched.collect(), kinds }
    }
}

#[async_trait]
impl Providers for Watched {
    fn get(&self, kind: &ResourceType) -> Option<&dyn Provider> {
        self.kinds.get(kind)?;
        self.watched.get(kind).map(|provider| provider as &dyn Provider)
    }

    async fn owned(&self, stamp: &Stamp) -> Result<Vec<Owned>, CallError> {
        self.kinds.owned(stamp).await
    }
}

impl WatchedProvider {
    fn inner(&self) -> Result<&dyn Provider, CallError> {
        let missing = || CallError::local(ErrorClass::Invalid, "provide", format!("`{}` is not simulated", self.kind));
        self.kinds.get(&self.kind).ok_or_else(missing)
    }

    fn complete(&self, key: &ResourceKey, attributes: &mut BTreeMap<String, Value>) {
        for name in self.asked_for.get(&key.address).into_iter().flatten() {
            attributes.entry(name.clone()).or_insert_with(|| Value::String(format!("{key} {name}")));
        }
    }

    fn complete_made(&self, key: &ResourceKey, mut made: Made) -> Made {
        self.complete(key, &mut made.attributes);
        made
    }

    async fn watch<T>(
        &self,
        port: &'static str,
        key: &ResourceKey,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let from = self.time.elapsed();
        let result = call.await;
        let refused = result.as_ref().err().map(|error| error.class);
        lock(&self.calls).push(Called { key: key.clone(), port, from, to: self.time.elapsed(), refused });
        result
    }
}

#[async_trait]
impl Provider for WatchedProvider {
    fn proof(&self) -> Proof {
        self.inner().map_or(Proof::Unprovable, |provider| provider.proof())
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        self.watch("read", existing.key, self.inner()?.read(existing)).await
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let found = self.watch("find", creation.key, self.inner()?.find(creation)).await?;
        Ok(match found {
            Found::Ours(made) => Found::Ours(self.complete_made(creation.key, made)),
            Found::Absent | Found::Foreign(_) => found,
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let made = self.watch("create", creation.key, self.inner()?.create(creation)).await?;
        Ok(self.complete_made(creation.key, made))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        self.watch("converge", existing.key, self.inner()?.converge(existing, creation, fresh)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        self.watch("update", existing.key, self.inner()?.update(existing, to)).await
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let readiness = self.watch("settle", existing.key, self.inner()?.settle(existing)).await?;
        Ok(match readiness {
            Readiness::Ready(mut observed) => {
                self.complete(existing.key, &mut observed.attributes);
                Readiness::Ready(observed)
            }
            Readiness::Pending(_) | Readiness::Failed(_) => readiness,
        })
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        self.watch("delete", existing.key, self.inner()?.delete(existing)).await
    }
}
