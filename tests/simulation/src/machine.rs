//! What plays the state machine: plan, wave after wave, waits, plans made again, and retries as Step Functions makes them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::ports::Clock;
use engine::{End, Limits, Pace, Wave, WaveError};
use model::{Action, Cause, DeploymentId, Desired, Digest, Plan, ResourceKey};
use planner::{Inputs, Reaping};
use testkit::{Process, Processes, Script, Step, World};

use crate::stack::{registered, stamp};

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployed {
    /// Everything is done, or put off.
    Done,
    /// Changes failed.
    Failed(Vec<Cause>),
    /// Somebody cancelled it.
    Cancelled,
}

/// Why a deployment did not end as one must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The planner refused.
    #[error("no plan: {0}")]
    NoPlan(String),
    /// The check refused the planner's plan.
    #[error("the plan breaks an invariant: {0}")]
    BadPlan(String),
    /// It went on and on.
    #[error("no end after {0} invocations")]
    Endless(usize),
    /// Everything waits for something that never comes.
    #[error("everything waits for ever")]
    Quiet,
    /// An invocation failed in a way that no retry mends.
    #[error("an invocation failed: {0}")]
    Wave(String),
    /// The test itself decided so.
    #[error("abandoned")]
    Abandoned,
}

/// What an invocation came to.
enum Came {
    To(Result<End, WaveError>),
    /// It died, or Step Functions gave it up.
    Nothing,
}

/// What is to be planned.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// That this exists.
    Deploy(&'a Desired),
    /// That what was put off goes.
    Reap,
}

type Ended = Option<Result<End, WaveError>>;

/// The state machine, and every process that it ever started.
#[derive(Debug)]
pub struct Machine {
    /// The world that it deploys to.
    pub world: World,
    /// How long things may take.
    pub limits: Limits,
    /// The most invocations of one deployment.
    pub patience: usize,
    /// Invocations by number (over the machine's life) that are made twice, at the same time.
    pub doubled: BTreeSet<usize>,
    /// Whether a process that dies or freezes ends the deployment: somebody else goes on.
    pub abandons: bool,
    /// Whether an invocation that froze is waited for, or given up at once.
    pub waits_for_frozen: bool,
    /// After which time somebody cancels the next deployment.
    pub cancels: Option<Duration>,
    processes: Processes<'static, Ended>,
    invocations: usize,
    /// What Step Functions remembers between two invocations.
    planned: Option<(Arc<Plan>, Digest)>,
    /// What the first invocation of the last deployment was made with.
    first: Option<(Arc<Plan>, Digest)>,
    /// How many reaps have begun since the deployment ended; 0 while it has not.
    reaps: usize,
    /// What plans let go: it stays in the account, and no record knows it.
    pub forgotten: BTreeSet<ResourceKey>,
}

/// How long a call may be in flight, and so how late it may land.
pub const CALL: Duration = Duration::from_secs(15);

/// The engine's own limits, with slices as a Lambda function has them.
pub fn limits() -> Limits {
    Limits { landing: CALL, ..Limits::default() }
}

impl Machine {
    /// One without processes.
    pub fn new(world: &World) -> Self {
        Self {
            processes: Processes::new(world.time()),
            world: world.clone(),
            limits: limits(),
            patience: 60,
            doubled: BTreeSet::new(),
            abandons: false,
            waits_for_frozen: false,
            cancels: None,
            invocations: 0,
            planned: None,
            first: None,
            reaps: 0,
            forgotten: BTreeSet::new(),
        }
    }

    /// The same machine over a copy of its world, without processes. Nothing may be under way in this one.
    #[must_use]
    pub fn fork(&self, script: Script) -> Self {
        Self {
            limits: self.limits,
            patience: self.patience,
            planned: self.planned.clone(),
            reaps: self.reaps,
            forgotten: self.forgotten.clone(),
            ..Self::new(&self.world.fork(script))
        }
    }

    /// Forgets the plan that was being carried out, as when an execution is stopped: the next one plans again.
    pub fn forget_plan(&mut self) {
        self.planned = None;
    }

    /// How many invocations there were.
    pub fn invocations(&self) -> usize {
        self.invocations
    }

    /// Deploys until it ends.
    ///
    /// # Errors
    /// [`Stopped`] where it does not end as a deployment must.
    pub fn deploy(&mut self, deployment: &str, desired: &Desired) -> Result<Deployed, Stopped> {
        self.carry_out(deployment, Wish::Deploy(desired))
    }

    /// Deploys, and then reaps what was put off until nothing is. Goes on where it was abandoned.
    ///
    /// # Errors
    /// As [`Machine::deploy`].
    pub fn deploy_and_reap(&mut self, deployment: &str, desired: &Desired) -> Result<Deployed, Stopped> {
        let mut end = match self.reaps {
            0 => self.deploy(deployment, desired)?,
            reap => self.carry_out(&format!("{deployment}-reap{reap}"), Wish::Reap)?,
        };
        while let (Some(due), Deployed::Done) = (self.due(), &end) {
            if self.reaps >= 40 {
                return Err(Stopped::Endless(self.reaps));
            }
            self.sleep(due)?;
            self.reaps += 1;
            end = self.carry_out(&format!("{deployment}-reap{}", self.reaps), Wish::Reap)?;
        }
        self.reaps = 0;
        Ok(end)
    }

    /// How long until the first of what was put off is due.
    pub fn due(&self) -> Option<Duration> {
        let until = self.world.truth().recorded.resources.values().filter_map(|resource| resource.reap).min()?;
        let left = until.duration_since(self.world.time().now());
        Some(left.try_into().unwrap_or(Duration::ZERO) + Duration::from_secs(1))
    }

    /// Carries out a wish until it ends, with the plan that is remembered, if it is of this deployment.
    ///
    /// # Errors
    /// As [`Machine::deploy`].
    pub fn carry_out(&mut self, deployment: &str, wish: Wish<'_>) -> Result<Deployed, Stopped> {
        let deployment = DeploymentId::from(deployment);
        let remembered = self.planned.take().filter(|(plan, _)| plan.deployment == deployment);
        let mut planned = match remembered {
            Some(planned) => planned,
            None => match self.plan(&deployment, wish)? {
                Some(planned) => planned,
                None => return Ok(Deployed::Done),
            },
        };
        self.first = Some(planned.clone());
        if let Some(after) = self.cancels.take() {
            let (world, deployment) = (self.world.clone(), deployment.clone());
            self.processes.start(None, async move {
                world.time().sleep(after).await;
                world.truth().cancelled.insert(deployment);
                None
            });
        }
        let mut backoff = Duration::from_secs(1);
        for _ in 0..self.patience {
            match self.invoke(&planned)? {
                Came::Nothing if self.abandons => {
                    self.planned = Some(planned);
                    return Err(Stopped::Abandoned);
                }
                Came::Nothing | Came::To(Err(WaveError::Store(_))) => {
                    self.sleep(backoff)?;
                    backoff = (backoff * 2).min(Duration::from_secs(30));
                }
                Came::To(Err(error @ WaveError::Journal(_))) => return Err(Stopped::Wave(error.to_string())),
                Came::To(Ok(End::More)) => {}
                Came::To(Ok(End::Wait(wait))) => self.sleep(Duration::from_secs(wait.as_secs() + 1))?,
                Came::To(Ok(End::Replan)) => match self.plan(&deployment, wish)? {
                    Some(again) => planned = again,
                    None => return Ok(Deployed::Done),
                },
                Came::To(Ok(End::Failed(causes))) => return Ok(Deployed::Failed(causes)),
                Came::To(Ok(End::Cancelled)) => return Ok(Deployed::Cancelled),
                Came::To(Ok(End::Done)) => return Ok(Deployed::Done),
            }
        }
        Err(Stopped::Endless(self.patience))
    }

    /// Makes the plan and has it checked. None where it changes nothing.
    fn plan(&mut self, deployment: &DeploymentId, wish: Wish<'_>) -> Result<Option<(Arc<Plan>, Digest)>, Stopped> {
        let recorded = self.world.truth().recorded.clone();
        let plan = plan(&recorded, deployment, wish)?;
        if let Err(found) = check::check(&plan, &recorded) {
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            return Err(Stopped::BadPlan(found.join("; ")));
        }
        for change in &plan.changes {
            if let Action::Forget { .. } = &change.action {
                self.forgotten.insert(made_as(&plan, &recorded, &change.key));
            }
        }
        self.world.note(|| format!("planned {}", said(&plan)));
        if plan.changes.is_empty() {
            return Ok(None);
        }
        // The digest of a plan's bytes is that of its content: two plans of one deployment may be the same plan.
        let digest = Digest::of(format!("{plan:?}").as_bytes());
        Ok(Some((Arc::new(plan), digest)))
    }

    fn start(&mut self, (plan, digest): &(Arc<Plan>, Digest)) -> usize {
        self.invocations += 1;
        let process = self.world.process(CALL);
        let invocation = invocation(Arc::clone(&process), Arc::clone(plan), digest.clone(), self.limits);
        self.processes.start(Some(process), async move { Some(invocation.await) })
    }

    fn invoke(&mut self, planned: &(Arc<Plan>, Digest)) -> Result<Came, Stopped> {
        let number = self.start(planned);
        if self.doubled.contains(&self.invocations) {
            self.start(planned);
        }
        loop {
            match self.processes.step() {
                Step::Ended(at, came) if at == number => {
                    self.world.note(|| format!("ended {came:?}"));
                    return Ok(came.map_or(Came::Nothing, Came::To));
                }
                Step::Died(at) if at == number => return Ok(Came::Nothing),
                Step::Froze(at) if at == number && !self.waits_for_frozen => return Ok(Came::Nothing),
                Step::Ended(..) | Step::Died(_) | Step::Froze(_) => {}
                Step::Quiet => return Err(Stopped::Quiet),
            }
        }
    }

    /// Makes the first invocation of the last deployment again, as a message that comes twice does. Whatever it comes to is
    /// nobody's concern any more, if everything holds.
    ///
    /// # Errors
    /// [`Stopped::Quiet`] where it never ends.
    pub fn repeat(&mut self) -> Result<(), Stopped> {
        let Some(first) = self.first.clone() else { return Ok(()) };
        self.world.note(|| format!("again {}", said(&first.0)));
        self.invoke(&first).map(drop)
    }

    /// Lets time pass, and whoever is still there run.
    ///
    /// # Errors
    /// [`Stopped::Quiet`] never comes: this very wait ends.
    pub fn sleep(&mut self, duration: Duration) -> Result<(), Stopped> {
        let time = self.world.time().clone();
        let number = self.processes.start(None, async move {
            time.sleep(duration).await;
            None
        });
        loop {
            match self.processes.step() {
                Step::Ended(at, _) if at == number => return Ok(()),
                Step::Ended(..) | Step::Died(_) | Step::Froze(_) => {}
                Step::Quiet => return Err(Stopped::Quiet),
            }
        }
    }

    /// Lets everybody run who is still there, frozen ones included, until nobody is, and everything land.
    pub fn drain(&mut self) {
        while self.processes.step() != Step::Quiet {}
    }
}

/// Plans a wish.
///
/// # Errors
/// [`Stopped::NoPlan`].
pub fn plan(recorded: &model::Recorded, deployment: &DeploymentId, wish: Wish<'_>) -> Result<Plan, Stopped> {
    let (environment, config, stamp) = (registered(), Digest::of(b""), stamp(deployment.as_str()));
    let planned = match wish {
        Wish::Deploy(desired) => planner::plan(&Inputs {
            desired,
            recorded,
            environment: &environment,
            deployment,
            config: &config,
            stamp: &stamp,
        }),
        Wish::Reap => {
            planner::reap(&Reaping { recorded, environment: &environment, deployment, config: &config, stamp: &stamp })
        }
    };
    planned.map(|planned| planned.plan).map_err(|error| Stopped::NoPlan(error.to_string()))
}

/// What the tags of a resource name that `plan` lets go of, which it may have moved before.
fn made_as(plan: &Plan, recorded: &model::Recorded, key: &ResourceKey) -> ResourceKey {
    let moved = plan.changes.iter().find(|change| matches!(&change.action, Action::Move { to } if to == key));
    let key = moved.map_or(key, |change| &change.key);
    recorded.resources.get(key).and_then(|resource| resource.made_as.clone()).unwrap_or_else(|| key.clone())
}

fn said(plan: &Plan) -> String {
    let one = |change: &model::Change| {
        let verb = match change.action {
            Action::Create { .. } => "create",
            Action::Update { .. } => "update",
            Action::Replace { .. } => "replace by",
            Action::Delete { .. } => "delete",
            Action::Move { .. } => "move",
            Action::Forget { .. } => "forget",
        };
        format!("{verb} {}", change.key)
    };
    format!("{}: {}", plan.deployment, plan.changes.iter().map(one).collect::<Vec<_>>().join(", "))
}

async fn invocation(process: Arc<Process>, plan: Arc<Plan>, digest: Digest, limits: Limits) -> Result<End, WaveError> {
    let (ledger, providers, pace) = (process.ledger(), process.providers(), Pace::new());
    let wave = Wave {
        ledger: &ledger,
        clock: process.clock(),
        providers: &providers,
        fence: process.fence(),
        pace: &pace,
        limits,
    };
    wave.run(&plan, &digest).await
}
