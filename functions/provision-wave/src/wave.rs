//! One wave: the plan is read and its digest checked, the target role assumed, and the engine's loop run for a slice.

use std::sync::Arc;
use std::time::Duration;

use engine::ports::clock::SystemClock;
use engine::{End, Fence, Limits, Pace, Wave};
use model::{Digest, Environment, Plan};
use providers::{Clients, NativeHealth, NativeProviders, Rights, Target};
use step::{Invocation, Message, StepError, Verdict};
use store::Store;

pub(crate) struct Provisioning {
    pub(crate) store: Store,
    pub(crate) config: store::SdkConfig,
    pub(crate) slice: Duration,
    pub(crate) lease: Duration,
    pub(crate) call: Duration,
    pub(crate) pace: Pace,
    /// After how many waves an execution hands over to a successor.
    pub(crate) waves: u32,
}

/// What a slice leaves of the function's own time: to finish calls that are under way, commit, and release.
pub(crate) const MARGIN: Duration = Duration::from_secs(30);

impl Provisioning {
    pub(crate) async fn handle(&self, invocation: &Invocation) -> Result<Message, StepError> {
        let message = Message::read(&invocation.payload)?;
        match message.step.as_str() {
            "gates" => self.gates(invocation, message).await,
            _ => self.wave(invocation, message).await,
        }
    }

    async fn wave(&self, invocation: &Invocation, message: Message) -> Result<Message, StepError> {
        let message = Message { waves: message.waves.saturating_add(1), ..message };
        let (plan, environment, digest) = self.planned(&message).await?;
        let fence = Arc::new(Fence::new(self.call));
        let clients = self.clients(&environment, &plan, &fence).await?;
        let answers = Arc::new(self.store.answers(&plan.environment));
        let signals = Arc::new(self.store.signals(&plan.environment));
        let providers = NativeProviders::told(clients.clone(), answers, signals);
        let health = NativeHealth::new(clients);
        let wave = Wave {
            ledger: &self.store,
            clock: &SystemClock,
            providers: &providers,
            health: &health,
            fence: &fence,
            pace: &self.pace,
            limits: self.limits(invocation.deadline),
        };
        let end = wave.run(&plan, &digest).await?;
        tracing::info!(deployment = %plan.deployment, end = ?end, "the wave ended");
        Ok(self.answer(message, &end, &plan))
    }

    /// The plan that the message names, what its environment's record says, and the plan's digest.
    pub(crate) async fn planned(&self, message: &Message) -> Result<(Plan, Environment, Digest), StepError> {
        let id = message.environment()?;
        let reference =
            message.plan.clone().ok_or_else(|| StepError::Unreadable("the payload names no plan".to_owned()))?;
        let (bytes, environment) = tokio::try_join!(self.store.get(&reference), self.store.environment(&id))?;
        let plan: Plan = serde_json::from_slice(&bytes).map_err(|error| StepError::Unreadable(error.to_string()))?;
        if plan.version != model::plan::VERSION {
            return Err(StepError::Unreadable(format!("a plan of version {}", plan.version)));
        }
        if plan.environment != id || plan.deployment != message.deployment {
            return Err(StepError::Corrupt(format!("the plan {} belongs to another deployment", reference.digest)));
        }
        let environment = environment
            .ok_or_else(|| StepError::Misconfigured(format!("environment `{id}` is not registered any more")))?;
        self.check_approval(&environment, &plan, &reference.digest).await?;
        Ok((plan, environment, reference.digest))
    }

    fn answer(&self, message: Message, end: &End, plan: &Plan) -> Message {
        // What goes on goes on in a successor, before the history of this execution grows too long. A wait is not lost by
        // that: the successor's first wave finds what is left of it.
        let is_long = message.waves >= self.waves;
        match end {
            End::More | End::Wait(_) | End::Replan if is_long => message.with(Verdict::HandOver),
            End::More => message.with(Verdict::More),
            End::Wait(wait) => Message { wait: Some(wait.as_secs() + 1), ..message.with(Verdict::Wait) },
            End::Replan => message.with(Verdict::Replan),
            End::Cancelled => message.with(Verdict::Cancelled),
            End::Failed(_) => message.with(Verdict::Failed),
            End::Done if plan.gates.is_empty() => message.with(Verdict::Done),
            End::Done => message.with(Verdict::Check),
        }
    }

    fn limits(&self, deadline: model::Timestamp) -> Limits {
        let left = deadline.duration_since(model::Timestamp::now()).unsigned_abs().saturating_sub(MARGIN);
        Limits { lease: self.lease, slice: self.slice.min(left), landing: self.call, ..Limits::default() }
    }

    /// Clients that act as the environment's target role.
    async fn clients(&self, environment: &Environment, plan: &Plan, fence: &Arc<Fence>) -> Result<Clients, StepError> {
        Ok(providers::connect(&self.config, &target(environment, plan), Rights::Make, Arc::clone(fence)).await?)
    }
}

pub(crate) fn target(environment: &Environment, plan: &Plan) -> Target {
    Target {
        role_arn: environment.target_role.clone(),
        external_id: environment.external_id.clone(),
        region: plan.region.clone(),
        account: plan.account.clone(),
        session: format!("strandline-{}", plan.deployment),
    }
}
