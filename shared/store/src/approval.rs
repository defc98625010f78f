//! Deployments that wait for somebody to approve their plan: they keep their place in the queue and give their turn back.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use engine::ports::{Active, Queue, StoreError};
use model::{
    Approval, Cause, Decision, Deployment, DeploymentId, DeploymentStatus, Digest, EnvironmentId, ObjectRef, Outcome,
    Plan, QueueEntry, Recorded, Timestamp,
};

use crate::deployments::HELD;
use crate::error::{corrupt, store_error};
use crate::item::{Item, get_text, key, number, text, with_body};
use crate::table::unbuilt;
use crate::{Store, keys};

/// An execution that waits for a decision. Whoever has its token can end its waiting: it is kept apart from everything that
/// people read, and goes by itself when it is too late to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The deployment.
    pub deployment: DeploymentId,
    /// What Step Functions is to be told.
    pub token: String,
    /// Whether people were told that it waits.
    pub told: bool,
}

/// What became of the wish to wait for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parked {
    /// It waits, and has given its turn back. Also where it did so before: the newer token counts.
    Waits,
    /// There is nothing to wait for any more. The head says why.
    Over(Box<Deployment>),
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It counts. With the head as it stands now.
    Recorded(Box<Deployment>),
    /// Somebody decided before. That decision counts, and nothing was changed.
    Already(Decision),
    /// It is about another plan than the one that was asked about.
    Another {
        /// The one that was asked about.
        asked: ObjectRef,
    },
    /// It came too late.
    Late {
        /// Until when there was time.
        expired: Timestamp,
    },
    /// The deployment waits for no approval.
    Elsewhere(Box<Deployment>),
    /// There is none of that name.
    Unknown,
}

impl Store {
    /// Parks the deployment that has its turn, as `active` shows it: its entry is passed over until somebody decides, its
    /// next execution gets a name of its own, and the turn is free. All or nothing, together with the token of the execution
    /// that waits. A deployment that somebody wants to end does not wait.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB; [`StoreError::Corrupt`] where the head asks for no approval.
    pub async fn park(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        execution: &str,
        active: Option<&Active>,
        token: &str,
    ) -> Result<Parked, StoreError> {
        let head = self.deployment(environment, id).await?;
        let head = head.ok_or_else(|| corrupt(format!("deployment `{id}`"), "it has no head"))?;
        let approval = head.approval.clone();
        let approval = approval.ok_or_else(|| corrupt(format!("deployment `{id}`"), "no approval is asked for"))?;
        if head.execution.as_deref() != Some(execution) {
            return Ok(Parked::Over(Box::new(head)));
        }
        let token = self.token(environment, id, token, &approval)?;
        let written = match (&head.status, active) {
            (DeploymentStatus::AwaitingApproval, _) => {
                let Some(entry) = self.parked_entry(&head).await? else { return Ok(Parked::Over(Box::new(head))) };
                let still = Update::builder()
                    .table_name(&self.table)
                    .set_key(Some(key(keys::environment(environment), keys::queue_entry(entry.number))))
                    .update_expression("SET #parked = :plan")
                    .condition_expression("#parked = :plan")
                    .expression_attribute_names("#parked", "parked")
                    .expression_attribute_values(":plan", text(approval.plan.digest.to_string()))
                    .build()
                    .map_err(unbuilt)?;
                let writes = vec![
                    TransactWriteItem::builder().update(still).build(),
                    TransactWriteItem::builder().put(self.put(token)?).build(),
                ];
                self.transact("wait again", writes).await?
            }
            (DeploymentStatus::Running, Some(active)) if active.cancel.is_none() => {
                self.give_turn_back(&head, &approval, active, token).await?
            }
            _ => false,
        };
        if written {
            return Ok(Parked::Waits);
        }
        let head = self.deployment(environment, id).await?;
        Ok(Parked::Over(Box::new(head.ok_or_else(|| corrupt(format!("deployment `{id}`"), "it has no head"))?)))
    }

    async fn give_turn_back(
        &self,
        head: &Deployment,
        approval: &Approval,
        active: &Active,
        token: Item,
    ) -> Result<bool, StoreError> {
        let pk = keys::environment(&head.environment);
        let mut turn = Update::builder();
        for name in ["active", "claimed", "number", "starts", "deaths", "kind", "only", "approved", "cancel", "by"] {
            turn = turn.expression_attribute_names(format!("#{name}"), name);
        }
        let turn = turn
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::QUEUE)))
            .update_expression(
                "REMOVE #active, #claimed, #number, #starts, #deaths, #kind, #only, #approved, #cancel, #by",
            )
            // What is marked as cancelled is to end, and not to wait.
            .condition_expression(
                "#active = :id AND #starts = :starts AND (attribute_not_exists(#cancel) OR #cancel <> :id)",
            )
            .expression_attribute_values(":id", text(head.id.as_str()))
            .expression_attribute_values(":starts", number(active.entry.starts))
            .build()
            .map_err(unbuilt)?;
        let starts = active.entry.starts.saturating_add(1);
        let entry = QueueEntry { starts, parked: true, approved: false, ..active.entry.clone() };
        let mut item = entry_item(pk, &entry)?;
        item.insert("parked".to_owned(), text(approval.plan.digest.to_string()));
        let mut entry = self.put(item)?;
        entry.condition_expression = Some("attribute_exists(pk)".to_owned());
        let head = Deployment { status: DeploymentStatus::AwaitingApproval, ..head.clone() };
        let writes = vec![
            TransactWriteItem::builder().update(turn).build(),
            TransactWriteItem::builder().put(entry).build(),
            TransactWriteItem::builder().put(self.held_head(&head).await?).build(),
            TransactWriteItem::builder().put(self.put(token)?).build(),
        ];
        self.transact("park", writes).await
    }

    /// A head, to be written while its execution has it.
    async fn held_head(&self, head: &Deployment) -> Result<Put, StoreError> {
        let mut put = self.put(self.head(head).await?)?;
        put.condition_expression = Some(HELD.to_owned());
        let names = [("#execution", "execution"), ("#ended", "ended"), ("#parked", "parked")];
        put.expression_attribute_names = Some(names.map(|(short, name)| (short.to_owned(), name.to_owned())).into());
        let execution = text(head.execution.as_deref().unwrap_or_default());
        put.expression_attribute_values = Some([(":execution".to_owned(), execution)].into());
        Ok(put)
    }

    /// Records a decision about the plan of a deployment that waits for it. Approved, it waits for its turn, first among its
    /// kind; denied, it has ended. Of two decisions the first counts.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn decide(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        plan: &Digest,
        decision: &Decision,
    ) -> Result<Decided, StoreError> {
        if let Some(recorded) = self.try_decide(environment, id, plan, decision).await? {
            return Ok(recorded);
        }
        // Somebody was faster. What stands now tells what came of it.
        let again = self.try_decide(environment, id, plan, decision).await?;
        again.ok_or_else(|| StoreError::Transient {
            operation: "decide",
            message: format!("deployment `{id}` keeps changing"),
        })
    }

    /// None where it lost against somebody else.
    async fn try_decide(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        plan: &Digest,
        decision: &Decision,
    ) -> Result<Option<Decided>, StoreError> {
        let Some(head) = self.deployment(environment, id).await? else { return Ok(Some(Decided::Unknown)) };
        let Some(approval) = head.approval.clone() else { return Ok(Some(Decided::Elsewhere(Box::new(head)))) };
        if approval.plan.digest != *plan {
            return Ok(Some(Decided::Another { asked: approval.plan }));
        }
        if let Some(before) = approval.decision {
            return Ok(Some(Decided::Already(before)));
        }
        if head.status != DeploymentStatus::AwaitingApproval {
            return Ok(Some(Decided::Elsewhere(Box::new(head))));
        }
        if decision.at >= approval.expires {
            return Ok(Some(Decided::Late { expired: approval.expires }));
        }
        let Some(entry) = self.parked_entry(&head).await? else { return Ok(None) };
        let head = Deployment { approval: Some(Approval { decision: Some(decision.clone()), ..approval }), ..head };
        let written = if decision.approved {
            let head = Deployment { status: DeploymentStatus::Queued, ..head };
            let is_written = self.let_go_on(&head, entry, plan).await?;
            is_written.then_some(head)
        } else {
            let outcome = self.denied(&head, decision).await?;
            self.end_parked(&head, &entry, outcome, decision.at).await?
        };
        Ok(written.map(|head| Decided::Recorded(Box::new(head))))
    }

    /// How a deployment ends that is denied. What was left of one that had begun is no less left.
    async fn denied(&self, head: &Deployment, decision: &Decision) -> Result<Outcome, StoreError> {
        let Decision { by, why, .. } = decision;
        if self.segments(&head.id).await?.is_empty() {
            return Ok(Outcome::Denied { by: by.clone(), why: why.clone() });
        }
        let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let message = format!("{by} denied what was left to do{why}");
        let help = "deploy again: what was begun is recorded, and a new plan is asked about".to_owned();
        Ok(Outcome::Stopped { causes: vec![Cause { change: None, message, help, blocked: Vec::new() }] })
    }

    async fn let_go_on(&self, head: &Deployment, entry: QueueEntry, plan: &Digest) -> Result<bool, StoreError> {
        let entry = QueueEntry { parked: false, approved: true, ..entry };
        let mut item = entry_item(keys::environment(&head.environment), &entry)?;
        item.insert("approved".to_owned(), text("yes"));
        let entry = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("#parked = :plan AND #starts = :starts")
            .expression_attribute_names("#parked", "parked")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_values(":plan", text(plan.to_string()))
            .expression_attribute_values(":starts", number(entry.starts))
            .build()
            .map_err(unbuilt)?;
        let writes = vec![
            TransactWriteItem::builder().put(entry).build(),
            TransactWriteItem::builder().put(self.put(self.head(head).await?)?).build(),
        ];
        self.transact("approve", writes).await
    }

    /// Ends a deployment that waits for approval, if it waits still: nobody decided in time, or the execution that waited for
    /// it is gone. Answers its head as it ended; none where it does not wait any more.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn give_up_waiting(
        &self,
        head: &Deployment,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Option<Deployment>, StoreError> {
        match self.parked_entry(head).await? {
            Some(entry) => self.end_parked(head, &entry, outcome, now).await,
            None => Ok(None),
        }
    }

    /// The entry goes, the head says how, and the history is to be written. Only while it waits for a decision about the plan
    /// of `head`.
    async fn end_parked(
        &self,
        head: &Deployment,
        entry: &QueueEntry,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Option<Deployment>, StoreError> {
        let Some(approval) = &head.approval else { return Ok(None) };
        let head = Deployment { status: DeploymentStatus::Ended { outcome }, ended: Some(now), ..head.clone() };
        let pk = keys::environment(&head.environment);
        let gone = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::queue_entry(entry.number))))
            .condition_expression("#parked = :plan AND #starts = :starts")
            .expression_attribute_names("#parked", "parked")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_values(":plan", text(approval.plan.digest.to_string()))
            .expression_attribute_values(":starts", number(entry.starts))
            .build()
            .map_err(unbuilt)?;
        let writes = vec![
            TransactWriteItem::builder().delete(gone).build(),
            TransactWriteItem::builder().put(self.put(self.head(&head).await?)?).build(),
            TransactWriteItem::builder().put(self.put(key(pk, keys::history(&head.id)))?).build(),
        ];
        Ok(self.transact("end what waits for approval", writes).await?.then_some(head))
    }

    /// The entry of a deployment, while nothing is decided about its plan.
    async fn parked_entry(&self, head: &Deployment) -> Result<Option<QueueEntry>, StoreError> {
        if head.approval.as_ref().is_none_or(|approval| approval.decision.is_some()) {
            return Ok(None);
        }
        let entries = self.entries(&head.environment).await?;
        Ok(entries.into_iter().find(|entry| entry.parked && entry.deployment == head.id))
    }

    /// The plan of a deployment, where it was approved and still is what the record needs: nothing was committed since it was
    /// made, or nothing but what it was begun with. None where it must be made anew, and asked about again.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB or S3.
    pub async fn approved_plan(
        &self,
        head: &Deployment,
        recorded: &Recorded,
    ) -> Result<Option<(ObjectRef, Plan)>, StoreError> {
        let Some(approval) = head.approval.as_ref().filter(|approval| approval.allows(&approval.plan.digest)) else {
            return Ok(None);
        };
        let bytes = self.get(&approval.plan).await?;
        let plan: Plan =
            serde_json::from_slice(&bytes).map_err(|error| corrupt(format!("plan {}", approval.plan.key), error))?;
        let is_untouched = (recorded.revision, recorded.sequence) == (plan.parent, plan.sequence);
        let stands = is_untouched || self.is_begun(&head.environment, &approval.plan.digest).await?;
        Ok(stands.then(|| (approval.plan.clone(), plan)))
    }

    /// Whether the plan with this digest is the last one that was begun in an environment.
    async fn is_begun(&self, environment: &EnvironmentId, plan: &Digest) -> Result<bool, StoreError> {
        let lease = self.item(keys::environment(environment), keys::LEASE.to_owned()).await?.unwrap_or_default();
        Ok(get_text(&lease, "plan").and_then(Digest::parse).as_ref() == Some(plan))
    }

    /// The executions that were told to wait and whose tokens were not used, also where there is nothing to wait for any more.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn waiting_executions(&self, environment: &EnvironmentId) -> Result<Vec<Waiting>, StoreError> {
        let items = self.query(keys::environment(environment), keys::APPROVALS).await?;
        Ok(items.iter().filter_map(waiting).collect())
    }

    /// The execution of a deployment that waits, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn waiting_execution(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
    ) -> Result<Option<Waiting>, StoreError> {
        let item = self.item(keys::environment(environment), keys::approval(id)).await?;
        Ok(item.as_ref().and_then(waiting))
    }

    /// Notes that people were told of an execution that waits, unless a newer one has taken its place: they are told of that.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn told(&self, environment: &EnvironmentId, waiting: &Waiting) -> Result<(), StoreError> {
        use aws_sdk_dynamodb::error::SdkError;
        let updated = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::approval(&waiting.deployment))))
            .update_expression("SET #told = :yes")
            .condition_expression("#token = :token")
            .expression_attribute_names("#told", "told")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":yes", text("yes"))
            .expression_attribute_values(":token", text(&waiting.token))
            .send()
            .await;
        match updated {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(store_error("dynamodb UpdateItem (token)", &error)),
        }
    }

    /// Forgets a token that was used, unless a newer one has taken its place.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn forget_token(&self, environment: &EnvironmentId, used: &Waiting) -> Result<(), StoreError> {
        use aws_sdk_dynamodb::error::SdkError;
        let deleted = self
            .dynamodb
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::approval(&used.deployment))))
            .condition_expression("#token = :token")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(&used.token))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(store_error("dynamodb DeleteItem (token)", &error)),
        }
    }

    /// The item of a token. DynamoDB deletes it some time after it is too late to decide.
    fn token(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        token: &str,
        approval: &Approval,
    ) -> Result<Item, StoreError> {
        if token.is_empty() {
            return Err(corrupt(format!("the execution of `{id}`"), "its token is empty"));
        }
        let mut item = key(keys::environment(environment), keys::approval(id));
        item.insert("token".to_owned(), text(token));
        // Seconds, as DynamoDB's time to live wants them.
        item.insert("expires".to_owned(), number(approval.expires.as_second()));
        Ok(item)
    }
}

/// An entry with what conditions speak of beside its body.
fn entry_item(pk: String, entry: &QueueEntry) -> Result<Item, StoreError> {
    let mut item = with_body(pk, keys::queue_entry(entry.number), entry)?;
    item.insert("starts".to_owned(), number(entry.starts));
    Ok(item)
}

fn waiting(item: &Item) -> Option<Waiting> {
    let deployment = get_text(item, "sk")?.strip_prefix(keys::APPROVALS)?;
    let token = get_text(item, "token")?.to_owned();
    Some(Waiting { deployment: deployment.into(), token, told: get_text(item, "told").is_some() })
}
