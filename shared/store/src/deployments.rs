//! The heads of deployments: accepted once, claimed by one execution, concluded once.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{Delete, ReturnValue, TransactWriteItem, Update};
use engine::ports::{Active, StoreError};
use model::{Deployment, DeploymentId, DeploymentStatus, EnvironmentId, QueueEntry, Timestamp};

use crate::error::{corrupt, store_error};
use crate::item::{Item, get_number, get_text, key, number, text, with_body};
use crate::table::unbuilt;
use crate::{Store, keys};

/// What became of a deployment that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    New,
    /// It was handed in before: a duplicated event.
    Known,
}

/// What became of an execution's claim to a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The execution has it.
    Claimed(Box<Deployment>),
    /// Another execution has it, or it has ended.
    Gone,
}

/// Of a head: an execution has it, and neither has it ended nor does it wait for approval.
pub(crate) const HELD: &str =
    "#execution = :execution AND attribute_not_exists(#ended) AND attribute_not_exists(#parked)";

impl Store {
    /// Records a deployment; one that has not ended also joins its environment's queue, and one that has is [`Self::unwritten`]
    /// until somebody says otherwise.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn accept(&self, deployment: &Deployment) -> Result<Accepted, StoreError> {
        let mut writes = vec![self.new_item(self.head(deployment).await?)?];
        if matches!(deployment.status, DeploymentStatus::Ended { .. }) {
            let pk = keys::environment(&deployment.environment);
            writes.push(TransactWriteItem::builder().put(self.put(key(pk, keys::history(&deployment.id)))?).build());
        }
        if deployment.status == DeploymentStatus::Queued {
            let number = self.next_number(&deployment.environment).await?;
            let entry = QueueEntry {
                number,
                deployment: deployment.id.clone(),
                starts: 1,
                deaths: 0,
                kind: deployment.request.kind(),
                only: deployment.request.only(),
                parked: false,
                approved: false,
            };
            let pk = keys::environment(&deployment.environment);
            writes.push(self.new_item(with_body(pk, keys::queue_entry(number), &entry)?)?);
        }
        Ok(if self.transact("accept", writes).await? { Accepted::New } else { Accepted::Known })
    }

    /// A deployment's head.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB or S3.
    pub async fn deployment(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
    ) -> Result<Option<Deployment>, StoreError> {
        match self.item(keys::environment(environment), keys::deployment(id)).await? {
            Some(item) => self.opened(&item).await.map(Some),
            None => Ok(None),
        }
    }

    /// Every deployment of an environment, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB or S3.
    pub async fn deployments(&self, environment: &EnvironmentId) -> Result<Vec<Deployment>, StoreError> {
        let items = self.query(keys::environment(environment), "DEPLOYMENT#").await?;
        self.opened_all(&items).await
    }

    /// Claims the deployment that has its turn for its execution number `start`, of this name. Claiming again under the same
    /// name succeeds; an execution that the queue does not count any more comes too late.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn claim(
        &self,
        environment: &EnvironmentId,
        id: &DeploymentId,
        (execution, start): (&str, u32),
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let Some(mut deployment) = self.deployment(environment, id).await? else { return Ok(Claim::Gone) };
        if matches!(deployment.status, DeploymentStatus::Ended { .. }) {
            return Ok(Claim::Gone);
        }
        deployment.status = DeploymentStatus::Running;
        deployment.execution = Some(execution.to_owned());
        deployment.started.get_or_insert(now);
        let turn = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::QUEUE)))
            .update_expression("SET #claimed = :execution")
            .condition_expression(
                "#active = :id AND #starts = :start AND (attribute_not_exists(#claimed) OR #claimed = :execution)",
            )
            .expression_attribute_names("#active", "active")
            .expression_attribute_names("#starts", "starts")
            .expression_attribute_names("#claimed", "claimed")
            .expression_attribute_values(":id", text(id.as_str()))
            .expression_attribute_values(":start", number(start))
            .expression_attribute_values(":execution", text(execution))
            .build()
            .map_err(unbuilt)?;
        let writes = vec![
            TransactWriteItem::builder().update(turn).build(),
            TransactWriteItem::builder().put(self.put(self.head(&deployment).await?)?).build(),
        ];
        let claimed = self.transact("claim", writes).await?;
        Ok(if claimed { Claim::Claimed(Box::new(deployment)) } else { Claim::Gone })
    }

    /// Writes the head of a deployment that runs; says whether the execution that it names still has it. An invocation that
    /// outlived its execution changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn update_deployment(&self, deployment: &Deployment) -> Result<bool, StoreError> {
        let execution = deployment.execution.as_deref().unwrap_or_default();
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.table)
            .set_item(Some(self.head(deployment).await?))
            .condition_expression(HELD)
            .expression_attribute_names("#execution", "execution")
            .expression_attribute_names("#ended", "ended")
            .expression_attribute_names("#parked", "parked")
            .expression_attribute_values(":execution", text(execution))
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(store_error("dynamodb PutItem (deployment)", &error)),
        }
    }

    /// Ends the deployment that has its turn, and gives the turn back; says whether it had it still, as `active` shows it.
    /// `reap` is when deletions that were put off are due. Its history is [`Self::unwritten`] until somebody says otherwise.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn conclude(
        &self,
        deployment: &Deployment,
        active: &Active,
        reap: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let pk = keys::environment(&deployment.environment);
        let mut turn = Update::builder();
        let mut change = String::new();
        let mut gone = "#active, #claimed, #number, #starts, #deaths, #kind, #only, #approved, #cancel, #by".to_owned();
        match reap {
            Some(reap) => {
                turn = turn.expression_attribute_values(":reap", number(reap.as_millisecond()));
                change.push_str("SET #reap = :reap ");
            }
            None => gone.push_str(", #reap"),
        }
        for name in
            ["active", "claimed", "number", "starts", "deaths", "kind", "only", "approved", "cancel", "by", "reap"]
        {
            turn = turn.expression_attribute_names(format!("#{name}"), name);
        }
        let turn = turn
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::QUEUE)))
            .update_expression(format!("{change}REMOVE {gone}"))
            .condition_expression("#active = :id AND #starts = :starts")
            .expression_attribute_values(":id", text(deployment.id.as_str()))
            .expression_attribute_values(":starts", number(active.entry.starts))
            .build()
            .map_err(unbuilt)?;
        let entry = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk.clone(), keys::queue_entry(active.entry.number))))
            .build()
            .map_err(unbuilt)?;
        let writes = vec![
            TransactWriteItem::builder().update(turn).build(),
            TransactWriteItem::builder().delete(entry).build(),
            TransactWriteItem::builder().put(self.put(self.head(deployment).await?)?).build(),
            TransactWriteItem::builder().put(self.put(key(pk, keys::history(&deployment.id)))?).build(),
        ];
        self.transact("conclude", writes).await
    }

    /// The deployments that have ended and whose history is not written yet, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn unwritten(&self, environment: &EnvironmentId) -> Result<Vec<DeploymentId>, StoreError> {
        let items = self.query(keys::environment(environment), keys::HISTORIES).await?;
        let ids = items.iter().filter_map(|item| get_text(item, "sk")?.strip_prefix(keys::HISTORIES));
        Ok(ids.map(DeploymentId::from).collect())
    }

    /// Whether the history of a deployment is to be written still.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn is_unwritten(&self, environment: &EnvironmentId, id: &DeploymentId) -> Result<bool, StoreError> {
        Ok(self.item(keys::environment(environment), keys::history(id)).await?.is_some())
    }

    /// Notes that the history of a deployment is written.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn written(&self, environment: &EnvironmentId, id: &DeploymentId) -> Result<(), StoreError> {
        let key = key(keys::environment(environment), keys::history(id));
        let deleted = self.dynamodb.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        deleted.map(|_| ()).map_err(|error| store_error("dynamodb DeleteItem (history)", &error))
    }

    /// The item of a head. Conditions speak of its execution, and of whether it has ended or waits for approval.
    pub(crate) async fn head(&self, deployment: &Deployment) -> Result<Item, StoreError> {
        let environment = &deployment.environment;
        let pk = keys::environment(environment);
        let mut item = self.sealed(environment, pk, keys::deployment(&deployment.id), deployment).await?;
        if let Some(execution) = &deployment.execution {
            item.insert("execution".to_owned(), text(execution));
        }
        if matches!(deployment.status, DeploymentStatus::Ended { .. }) {
            item.insert("ended".to_owned(), text("yes"));
        }
        if deployment.status == DeploymentStatus::AwaitingApproval {
            item.insert("parked".to_owned(), text("yes"));
        }
        Ok(item)
    }

    /// The next number of an environment's queue. Numbers may be skipped; none is given twice.
    async fn next_number(&self, environment: &EnvironmentId) -> Result<u64, StoreError> {
        let output = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), "COUNTER")))
            .update_expression("ADD #next :one")
            .expression_attribute_names("#next", "next")
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| store_error("dynamodb UpdateItem (counter)", &error))?;
        let next = output.attributes.as_ref().and_then(|attributes| get_number(attributes, "next"));
        next.ok_or_else(|| corrupt(format!("the queue counter of `{environment}`"), "it has no number"))
    }
}
