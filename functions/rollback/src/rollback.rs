//! One way back: read, choose where to, plan, check, write.

use std::collections::{BTreeMap, BTreeSet};

use engine::ports::Ledger;
use model::{
    Approval, Cause, Deployment, Entry, Environment, EnvironmentId, Event, ObjectRef, Plan, Recorded, Request,
    ResourceAddress, ResourceKey, Revision, Rollback, Scope, Stamp, Target, Timestamp, Undo,
};
use planner::{Destination, HalfDone, Nowhere, Planned};
use serde::de::DeserializeOwned;
use serde_json::Value;
use step::{Message, StepError, Verdict};
use store::{Store, paths};

use crate::decide::{Material, Rejected, Way, decide, latest, names_outputs, outputs_beside, refusal, way};

pub(crate) struct RollingBack {
    pub(crate) store: Store,
    pub(crate) now: fn() -> Timestamp,
}

/// What a way back begins with.
struct Ground {
    deployment: Deployment,
    environment: Environment,
    engine: String,
    recorded: Recorded,
    journal: Vec<Entry>,
    history: Vec<Deployment>,
}

/// Where a way back leads.
struct Goal {
    revision: Revision,
    snapshot: Recorded,
    /// Where the records before that one are, newest first.
    before: Vec<ObjectRef>,
    outputs: BTreeMap<String, Value>,
}

impl RollingBack {
    pub(crate) async fn handle(&self, payload: &Value) -> Result<Message, StepError> {
        let message = Message::read(payload)?;
        let id = message.environment()?;
        let (deployment, environment) =
            tokio::try_join!(self.store.deployment(&id, &message.deployment), self.store.environment(&id))?;
        let deployment =
            deployment.ok_or_else(|| StepError::Corrupt(format!("deployment `{}` has no head", message.deployment)))?;
        message.check_hold(&deployment)?;
        let Some(environment) = environment else {
            let help = "ask an administrator to register it again";
            let gone = refusal("rollback::unknown-environment", format!("environment `{id}` is gone"), help);
            return Ok(message.refused(self.store.keep_refusals(&deployment, &[gone], None).await?));
        };
        let way = way(&deployment, &environment, &message);
        if way == Way::Stay {
            tracing::info!(deployment = %deployment.id, undo = deployment.undo.is_some(), "it stays where it is");
            return Ok(message.with(Verdict::Failed));
        }
        let mut ground = self.ground(&id, deployment, environment).await?;
        let answered = match way {
            Way::Asked(asked) => self.go(&message, &mut ground, asked).await,
            Way::Begin { failed } => self.begin(&message, &mut ground, failed).await,
            Way::Again(undo) => self.undo(&message, &mut ground, undo).await,
            Way::Stay => Ok(message.clone().with(Verdict::Failed)),
        };
        match answered {
            Ok(answer) => Ok(answer),
            Err(Rejected::Refused(refusals)) => {
                Ok(message.refused(self.store.keep_refusals(&ground.deployment, &refusals, None).await?))
            }
            Err(Rejected::Step(error)) => Err(error),
        }
    }

    async fn ground(
        &self,
        id: &EnvironmentId,
        deployment: Deployment,
        environment: Environment,
    ) -> Result<Ground, StepError> {
        let (engine, recorded, journal, history) = tokio::try_join!(
            self.store.engine(),
            self.store.record(id),
            self.store.journal(&deployment.id),
            self.store.deployments(id),
        )?;
        Ok(Ground { deployment, environment, engine, recorded, journal, history })
    }

    /// Somebody asks to go back. The revision is chosen once: a plan that is made again leads to the same.
    async fn go(&self, message: &Message, ground: &mut Ground, asked: Rollback) -> Result<Message, Rejected> {
        let destination = planner::destination(asked.to, &asked.scope, &ground.history)?;
        let goal = self.goal(destination, &ground.history).await?;
        let goal = self.beside(goal, &asked.scope, ground).await?;
        let asked = Rollback { to: Target::Revision(goal.revision), ..asked };
        ground.deployment.request = Request::Rollback(asked.clone());
        if message.verdict != Some(Verdict::Replan)
            && let Some((approved, _)) =
                self.store.approved_plan(&ground.deployment, &ground.recorded).await.map_err(StepError::from)?
        {
            return Ok(self.record(message, ground, approved).await?.with(Verdict::Changes));
        }
        let earlier = self.earlier(&goal).await?;
        let Planned { plan, report } = plan(ground, &goal, Some(&earlier), Some(&asked))?;
        let reference = self.store.keep_plan(&plan, &report, &ground.recorded).await.map_err(StepError::from)?;
        let rule = ground.environment.asks(&ground.deployment.request, &plan).cloned();
        if let Some(rule) = &rule {
            ground.deployment.approval = Some(Approval::new(reference.clone(), rule, (self.now)()));
        }
        let answer = self.record(message, ground, reference).await?;
        Ok(match rule {
            Some(rule) => Message { patience: Some(rule.seconds), ..answer.with(Verdict::Approval) },
            None => answer.with(verdict(&plan)),
        })
    }

    /// A deployment failed, and undoes what it did.
    async fn begin(&self, message: &Message, ground: &mut Ground, failed: ObjectRef) -> Result<Message, Rejected> {
        let to = planner::last(&ground.history)?.revision;
        let Deployment { id, environment, .. } = &ground.deployment;
        let state = paths::of_deployment(environment, id, "state-failed.json");
        let bytes = serde_json::to_vec(&ground.recorded).map_err(|error| StepError::Corrupt(error.to_string()))?;
        let (causes, state) = tokio::try_join!(self.causes(message, ground, &failed), async {
            Ok(self.store.put_versioned(&state, bytes).await?)
        })?;
        self.undo(message, ground, Undo { to, causes, failed, state, at: (self.now)() }).await
    }

    /// The plan by which a deployment undoes what it did. From here on its head says so.
    async fn undo(&self, message: &Message, ground: &mut Ground, undo: Undo) -> Result<Message, Rejected> {
        let last = planner::last(&ground.history)?;
        let mut goal = self.goal(last, &ground.history).await?;
        if let Some(left_by) = last.left_by {
            // Nothing of the engine touches what was let go, until somebody asks for it again.
            let let_go = planner::let_go_since(left_by, &ground.history);
            let is_let_go = |key: &ResourceKey| {
                let_go.contains(&key.address) && ground.recorded.generations(&key.address).next().is_none()
            };
            goal.snapshot.resources.retain(|key, _| !is_let_go(key));
        }
        let Planned { plan, report } = self.undoing(ground, &goal).await?;
        let reference = self.store.keep_plan(&plan, &report, &ground.recorded).await.map_err(StepError::from)?;
        ground.deployment.undo = Some(undo);
        Ok(self.record(message, ground, reference).await?.with(verdict(&plan)))
    }

    /// What is restored: the record that the deployment of the revision left, and the outputs that were named then.
    async fn goal(&self, destination: Destination<'_>, history: &[Deployment]) -> Result<Goal, Rejected> {
        let revision = destination.revision;
        let Some(left_by) = destination.left_by else {
            let (snapshot, before, outputs) = Default::default();
            return Ok(Goal { revision, snapshot, before, outputs });
        };
        let gone = || Nowhere::Gone { asked: revision, there: Vec::new() };
        let after = left_by.after.as_ref().ok_or_else(gone)?;
        let (snapshot, plan) = tokio::try_join!(self.read::<Recorded>(after), async {
            match names_outputs(left_by, history).and_then(|one| one.plan.as_ref()) {
                Some(plan) => self.read::<Plan>(plan).await,
                None => Ok(None),
            }
        })?;
        let outputs = plan.map(|plan| plan.outputs).unwrap_or_default();
        let snapshot = snapshot.ok_or_else(gone)?;
        let before = planner::before(left_by, history).into_iter().filter_map(|before| before.after.clone()).collect();
        Ok(Goal { revision, snapshot, before, outputs })
    }

    /// The plan by which a deployment undoes itself.
    async fn undoing(&self, ground: &Ground, goal: &Goal) -> Result<Planned, Rejected> {
        let half = HalfDone::of(&goal.snapshot);
        // Records are large: where all of it can stay as it is, none is read.
        if !half.is_told()
            && half.is_untouched(&ground.recorded)
            && let Ok(planned) = plan(ground, goal, None, None)
        {
            return Ok(planned);
        }
        let earlier = self.earlier(goal).await?;
        plan(ground, goal, Some(&earlier), None)
    }

    /// Of what was recorded before, as far as it is kept, the records that tell what the snapshot has half done. No other is held
    /// in memory.
    async fn earlier(&self, goal: &Goal) -> Result<Vec<Recorded>, StepError> {
        let mut half = HalfDone::of(&goal.snapshot);
        let mut earlier = Vec::new();
        for before in &goal.before {
            if half.is_told() {
                break;
            }
            let Some(record) = self.read::<Recorded>(before).await? else { break };
            if half.is_told_by(&record) {
                earlier.push(record);
            }
        }
        Ok(earlier)
    }

    /// The same where only a part goes back: the rest keeps its outputs.
    async fn beside(&self, goal: Goal, scope: &Scope, ground: &Ground) -> Result<Goal, StepError> {
        if *scope == Scope::All {
            return Ok(goal);
        }
        let named = latest(&ground.history).and_then(|latest| names_outputs(latest, &ground.history));
        let plan = match named.and_then(|one| one.plan.as_ref()) {
            Some(plan) => self.read::<Plan>(plan).await?,
            None => None,
        };
        let now = plan.map(|plan| plan.outputs).unwrap_or_default();
        let outputs = outputs_beside(scope, (now, &ground.recorded), (goal.outputs, &goal.snapshot));
        Ok(Goal { outputs, ..goal })
    }

    /// What failed: from the journal, and what the gates say.
    async fn causes(&self, message: &Message, ground: &Ground, failed: &ObjectRef) -> Result<Vec<Cause>, StepError> {
        let gone = || StepError::Corrupt(format!("the plan {} is gone", failed.digest));
        let plan = self.read::<Plan>(failed).await?.ok_or_else(gone)?;
        let failures = journal::failures(&ground.journal, plan.since);
        let failures = failures.map_err(|error| StepError::Corrupt(error.to_string()))?;
        let mut causes = engine::causes(&plan, &failures);
        if let Some(more) = &message.causes {
            causes.extend(self.read::<Vec<Cause>>(more).await?.unwrap_or_default());
        }
        Ok(causes)
    }

    /// What a reference names; none where it is not kept any more.
    async fn read<T: DeserializeOwned>(&self, object: &ObjectRef) -> Result<Option<T>, StepError> {
        let Some(bytes) = self.store.find(object).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| StepError::Unreadable(error.to_string()))
    }

    /// Writes the head with its plan, and whatever else is new in it, at once.
    async fn record(&self, message: &Message, ground: &mut Ground, plan: ObjectRef) -> Result<Message, StepError> {
        let head = &mut ground.deployment;
        head.plan = Some(plan.clone());
        if !self.store.update_deployment(head).await? {
            return Err(StepError::LeaseLost(format!("another execution has deployment `{}`", head.id)));
        }
        tracing::info!(deployment = %head.id, plan = %plan.digest, undo = head.undo.is_some(), "the way back is planned");
        Ok(Message { plan: Some(plan), undo: true, causes: None, gates: None, ..message.clone() })
    }
}

/// `earlier` are the records before the goal's; where none was read, only what leaves all that is half done is planned.
fn plan(
    ground: &Ground,
    goal: &Goal,
    earlier: Option<&[Recorded]>,
    asked: Option<&Rollback>,
) -> Result<Planned, Rejected> {
    let deployment = &ground.deployment;
    let touched = touched(&ground.journal);
    let stamp = Stamp {
        engine: ground.engine.clone(),
        scope: deployment.environment.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        deployed_at: deployment.accepted.to_string(),
        deployed_by: deployment.id.to_string(),
    };
    decide(&Material {
        deployment,
        environment: &ground.environment,
        snapshot: &goal.snapshot,
        earlier,
        recorded: &ground.recorded,
        stamp: &stamp,
        outputs: &goal.outputs,
        asked,
        since: ground.journal.len(),
        touched: &touched,
    })
}

/// Where a deployment tried anything. That something exists which a dead one made is written down, too, and is nothing that this one
/// did.
fn touched(journal: &[Entry]) -> BTreeSet<ResourceAddress> {
    let tried = journal.iter().filter(|entry| !matches!(entry.event, Event::Identified { .. }));
    tried.map(|entry| entry.change.address.clone()).collect()
}

fn verdict(plan: &Plan) -> Verdict {
    if plan.changes.is_empty() { Verdict::Unchanged } else { Verdict::Changes }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use model::Digest;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_dead_deployment_left_behind_was_not_touched_by_the_one_that_found_it() {
        let entry = |change: &str, event: Value| {
            let mut entry = json!({ "at": "2026-11-01T10:00:00Z", "epoch": 1, "change": change });
            entry.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
            serde_json::from_value::<Entry>(entry).unwrap()
        };
        let found = json!({ "event": "identified", "physical_id": "q", "attributes": {} });
        let started = json!({
            "event": "started", "operation": "create", "token": "t", "attempt": 1, "request": Digest::of(b"r"), "physical_name": null,
        });
        let journal =
            [entry("billing/Stray@2", found.clone()), entry("orders/Queue@1", started), entry("orders/Queue@1", found)];
        assert_eq!(touched(&journal), ["orders/Queue".parse().unwrap()].into());
    }
}
