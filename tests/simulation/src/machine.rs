//! What plays the state machine: plan, wave after wave, waits, plans made again, ways back, and retries as Step Functions makes
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use engine::ports::Clock;
use engine::{End, Limits, Pace, Wave, WaveError};
use model::{
    Action, Cause, DeploymentId, Desired, Digest, Plan, Recorded, ResourceAddress, ResourceKey, Scope, Selection,
};
use planner::{Consent, Destroying, Inputs, Inverse, LettingGo, PlanError, Problem, Reaping};
use testkit::{Process, Processes, Script, Step, World};

use crate::stack::{registered, stamp};

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployed {
    /// Everything is done, or put off.
    Done,
    /// Changes failed.
    Failed(Vec<Cause>),
    /// Changes failed, and everything is as it was before.
    RolledBack(Vec<Cause>),
    /// Changes failed, and so did the way back.
    Stuck {
        /// What could not be undone.
        causes: Vec<Cause>,
        /// What failed first; empty where going back was asked for.
        because: Vec<Cause>,
    },
    /// Changes failed, and there is no way back by itself.
    Stopped {
        /// What failed.
        because: Vec<Cause>,
        /// What has a name that the way back needs, and may not be deleted for it.
        needed: BTreeSet<ResourceAddress>,
    },
    /// Somebody cancelled it.
    Cancelled,
}

impl Deployed {
    /// Whether it came to an end that leaves nothing half done.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Done | Self::RolledBack(_))
    }
}

/// Why a deployment did not end as one must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The planner refused.
    #[error("no plan: {0}")]
    NoPlan(String),
    /// The planner knows no way back that loses no data: these have names that are needed for it.
    #[error("no way back but over {0:?}")]
    NoWayBack(BTreeSet<ResourceAddress>),
    /// The planner refused a part, for what is beside it.
    #[error("no plan of that part: {0}")]
    NotSelected(String),
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
    /// That a part of this exists.
    Part(&'a Desired, &'a Selection),
    /// That what was put off goes.
    Reap,
    /// That everything is as it was recorded once; whose data may be lost.
    Rollback(&'a Recorded, &'a BTreeSet<ResourceAddress>),
    /// That everything goes; whose data may be lost.
    Destroy(&'a BTreeSet<ResourceAddress>),
    /// That these are recorded no more.
    LetGo(&'a BTreeSet<ResourceAddress>),
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
    /// Whether a deployment that fails goes back to what was there before.
    pub undoes: bool,
    /// Whether AWS, which refused something until further notice, gives in when the way back begins.
    pub relents: bool,
    /// What was recorded when the last deployment ended well: where a way back leads.
    pub stands: Recorded,
    /// What was recorded when the last way back of a deployment that failed began.
    pub undone_from: Recorded,
    /// The same of those before it, newest first: back to one that was about everything.
    pub earlier: Vec<Recorded>,
    /// What failed in the deployment that is being undone.
    undoing: Option<(DeploymentId, Vec<Cause>)>,
    /// Whether a plan that undoes it was made.
    is_undoing: bool,
    /// Whether the last wish was a part.
    is_part: bool,
    /// Whether the last way back was of what a part had touched, and not of everything.
    pub undid_alone: bool,
    /// Whether the last way back left what was half done before, where nobody had touched it.
    pub undid_leaving: bool,
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
            undoes: false,
            relents: false,
            stands: Recorded::default(),
            undone_from: Recorded::default(),
            earlier: Vec::new(),
            undoing: None,
            is_undoing: false,
            is_part: false,
            undid_alone: false,
            undid_leaving: false,
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
            undoes: self.undoes,
            relents: self.relents,
            stands: self.stands.clone(),
            undone_from: self.undone_from.clone(),
            earlier: self.earlier.clone(),
            undoing: self.undoing.clone(),
            is_undoing: self.is_undoing,
            is_part: self.is_part,
            undid_alone: self.undid_alone,
            undid_leaving: self.undid_leaving,
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
        self.carry_out_and_reap(deployment, Wish::Deploy(desired))
    }

    /// The same of any wish.
    ///
    /// # Errors
    /// As [`Machine::deploy`].
    pub fn carry_out_and_reap(&mut self, deployment: &str, wish: Wish<'_>) -> Result<Deployed, Stopped> {
        let end = match self.reaps {
            0 => self.carry_out(deployment, wish)?,
            reap => self.carry_out(&format!("{deployment}-reap{reap}"), Wish::Reap)?,
        };
        self.reap(deployment, end)
    }

    /// Reaps what was put off by a deployment that came to `end`, until nothing is.
    ///
    /// # Errors
    /// As [`Machine::deploy`].
    pub fn reap(&mut self, deployment: &str, mut end: Deployed) -> Result<Deployed, Stopped> {
        while let (Some(due), true) = (self.due(), end.is_whole()) {
            if self.reaps >= 40 {
                return Err(Stopped::Endless(self.reaps));
            }
            self.sleep(due)?;
            self.reaps += 1;
            match self.carry_out(&format!("{deployment}-reap{}", self.reaps), Wish::Reap)? {
                Deployed::Done => {}
                other => end = other,
            }
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

    /// Carries out a wish until it ends, with the plan that is remembered, if it is of this deployment. One that fails goes
    /// back, if this machine does.
    ///
    /// # Errors
    /// As [`Machine::deploy`].
    pub fn carry_out(&mut self, deployment: &str, wish: Wish<'_>) -> Result<Deployed, Stopped> {
        let deployment = DeploymentId::from(deployment);
        self.is_part = matches!(wish, Wish::Part(..));
        let is_deployed = self.is_part || matches!(wish, Wish::Deploy(_));
        let is_undone = |of: &(DeploymentId, Vec<Cause>)| of.0 == deployment;
        if !self.undoing.as_ref().is_some_and(is_undone) {
            self.undoing = None;
            let end = self.go(&deployment, Some(wish))?;
            let Deployed::Failed(causes) = end else {
                let is_kept = end == Deployed::Done && !matches!(wish, Wish::Reap);
                return Ok(self.ended(end, is_kept));
            };
            if !(self.undoes && is_deployed) {
                return Ok(match wish {
                    Wish::Rollback(..) => Deployed::Stuck { causes, because: Vec::new() },
                    _ => Deployed::Failed(causes),
                });
            }
            self.world.note(|| format!("failed {causes:?}"));
            if self.relents {
                self.world.account().relent();
            }
            return self.undo(deployment.as_str(), causes);
        }
        self.go_back(&deployment)
    }

    /// Goes back to what was there before a deployment that failed, for these reasons.
    ///
    /// # Errors
    /// As [`Machine::deploy`].
    pub fn undo(&mut self, deployment: &str, causes: Vec<Cause>) -> Result<Deployed, Stopped> {
        let deployment = DeploymentId::from(deployment);
        self.undoing = Some((deployment.clone(), causes));
        self.undone_from = self.world.truth().recorded.clone();
        self.is_undoing = false;
        self.go_back(&deployment)
    }

    /// The same, and reaps what was put off. Goes on where it was abandoned.
    ///
    /// # Errors
    /// As [`Machine::deploy`].
    pub fn undo_and_reap(&mut self, deployment: &str, causes: Vec<Cause>) -> Result<Deployed, Stopped> {
        let end = match self.reaps {
            0 => self.undo(deployment, causes)?,
            reap => {
                self.carry_out(&format!("{deployment}-reap{reap}"), Wish::Reap)?;
                Deployed::RolledBack(causes)
            }
        };
        self.reap(deployment, end)
    }

    fn go_back(&mut self, deployment: &DeploymentId) -> Result<Deployed, Stopped> {
        let end = match self.go(deployment, None) {
            Err(Stopped::NoWayBack(needed)) if self.is_undoing => Deployed::Failed(refused(needed)),
            Err(Stopped::NoWayBack(needed)) => Deployed::Stopped { because: Vec::new(), needed },
            end => end?,
        };
        let because = self.undoing.take().map(|(_, causes)| causes).unwrap_or_default();
        Ok(match end {
            Deployed::Done => self.ended(Deployed::RolledBack(because), true),
            Deployed::Failed(causes) => Deployed::Stuck { causes, because },
            Deployed::Stopped { needed, .. } => Deployed::Stopped { because, needed },
            other => other,
        })
    }

    /// Remembers what a way back leads to.
    fn ended(&mut self, end: Deployed, is_kept: bool) -> Deployed {
        if is_kept {
            let before = std::mem::replace(&mut self.stands, self.world.truth().recorded.clone());
            self.earlier.insert(0, before);
            if !self.is_part && end == Deployed::Done {
                self.earlier.clear();
            }
        }
        end
    }

    /// Carries out a wish, or the way back where there is none.
    fn go(&mut self, deployment: &DeploymentId, wish: Option<Wish<'_>>) -> Result<Deployed, Stopped> {
        let remembered = self.planned.take().filter(|(plan, _)| plan.deployment == *deployment);
        let mut planned = match remembered {
            Some(planned) => planned,
            None => match self.plan(deployment, wish)? {
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
                Came::To(Ok(End::Replan)) => match self.plan(deployment, wish)? {
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
    fn plan(
        &mut self,
        deployment: &DeploymentId,
        wish: Option<Wish<'_>>,
    ) -> Result<Option<(Arc<Plan>, Digest)>, Stopped> {
        let (recorded, since) = {
            let truth = self.world.truth();
            (truth.recorded.clone(), truth.journals.get(deployment).map_or(0, Vec::len))
        };
        let plan = match wish {
            Some(wish) => plan(&recorded, deployment, wish)?,
            None => self.way_back(&recorded, deployment)?,
        };
        self.is_undoing |= wish.is_none();
        let plan = Plan { since, ..plan };
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

    /// The way back of what failed: of a part, what it touched, where that can go back alone.
    fn way_back(&mut self, recorded: &Recorded, deployment: &DeploymentId) -> Result<Plan, Stopped> {
        let (environment, config, stamp) = (registered(), Digest::of(b""), stamp(deployment.as_str()));
        let touched = self.touched(deployment);
        let narrowest = Inverse {
            snapshot: &self.stands,
            earlier: &self.earlier,
            recorded,
            scope: &Scope::All,
            touched: self.is_part.then_some(&touched),
            leaves: true,
            environment: &environment,
            deployment,
            config: &config,
            stamp: &stamp,
            outputs: &BTreeMap::new(),
            consent: Consent::Automatic { made_by: deployment },
        };
        let mut found = Err(Stopped::Quiet);
        for way in narrowest.ways() {
            found = inverse(&way).map(|plan| (plan, way.touched.is_some(), way.leaves));
            if found.as_ref().is_ok_and(|(plan, ..)| check::check(plan, recorded).is_ok()) {
                break;
            }
        }
        let (plan, is_alone, left) = found?;
        (self.undid_alone, self.undid_leaving) = (is_alone, left);
        Ok(plan)
    }

    /// Where a deployment tried anything.
    pub fn touched(&self, deployment: &DeploymentId) -> BTreeSet<ResourceAddress> {
        let truth = self.world.truth();
        let lines = truth.journals.get(deployment).into_iter().flatten();
        // What exists because of a dead one is written down, too.
        let lines = lines.filter(|entry| !matches!(entry.event, model::Event::Identified { .. }));
        lines.map(|entry| entry.change.address.clone()).collect()
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

    /// Whether the last deployment that made an invocation is this one.
    pub fn has_begun(&self, deployment: &str) -> bool {
        self.first.as_ref().is_some_and(|(plan, _)| plan.deployment.as_str() == deployment)
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
    let deploy = |desired, only| {
        let (environment, config, stamp) = (&environment, &config, &stamp);
        planner::plan(&Inputs { desired, recorded, environment, deployment, config, stamp, only })
    };
    let planned = match wish {
        Wish::Deploy(desired) => deploy(desired, &Selection::ALL),
        Wish::Part(desired, only) => deploy(desired, only),
        Wish::Reap => {
            planner::reap(&Reaping { recorded, environment: &environment, deployment, config: &config, stamp: &stamp })
        }
        Wish::Rollback(snapshot, consent) => {
            return inverse(&Inverse {
                snapshot,
                earlier: &[],
                recorded,
                scope: &Scope::All,
                touched: None,
                leaves: false,
                environment: &environment,
                deployment,
                config: &config,
                stamp: &stamp,
                outputs: &BTreeMap::new(),
                consent: Consent::Named(consent),
            });
        }
        Wish::Destroy(consent) => planner::destroy(&Destroying {
            recorded,
            scope: &Scope::All,
            consent,
            environment: &environment,
            deployment,
            config: &config,
            stamp: &stamp,
        }),
        Wish::LetGo(resources) => planner::let_go(&LettingGo {
            recorded,
            resources,
            environment: &environment,
            deployment,
            config: &config,
            stamp: &stamp,
        }),
    };
    let is_beside = |one: &Problem| matches!(one, Problem::NotSelected { .. } | Problem::NameNotSelected { .. });
    planned.map(|planned| planned.plan).map_err(|error| match error.0.iter().all(is_beside) {
        true => Stopped::NotSelected(error.to_string()),
        false => Stopped::NoPlan(error.to_string()),
    })
}

/// Plans a way back.
fn inverse(inputs: &Inverse<'_>) -> Result<Plan, Stopped> {
    planner::inverse(inputs).map(|planned| planned.plan).map_err(|error| match needed(&error) {
        Some(needed) => Stopped::NoWayBack(needed),
        None => Stopped::NoPlan(error.to_string()),
    })
}

/// What has names that are needed, where nothing else is in the way.
fn needed(error: &PlanError) -> Option<BTreeSet<ResourceAddress>> {
    let needed = error.0.iter().map(|problem| match problem {
        Problem::NameNeeded { resource } => Some(resource.clone()),
        _ => None,
    });
    needed.collect()
}

fn refused(needed: BTreeSet<ResourceAddress>) -> Vec<Cause> {
    let one = |resource| {
        let message = format!("the name of `{resource}` is needed");
        Cause { change: None, message, help: String::new(), blocked: Vec::new() }
    };
    needed.into_iter().map(one).collect()
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
        health: &process.health(),
        fence: process.fence(),
        pace: &pace,
        limits,
    };
    wave.run(&plan, &digest).await
}
