//! The way in: an event becomes a deployment in the queue, or a refusal under the environment's history.

use model::{
    Deployment, DeploymentId, DeploymentStatus, EnvironmentId, ObjectRef, Origin, Outcome, Refusal, Request, Rollback,
    Timestamp,
};
use serde_json::{Value, json};
use step::StepError;
use store::{Accepted, Store, Unreadable, paths};

use crate::event::Upload;
use crate::examine::{self, CONFIG_NAMES, Examined, Rejected, refusal};
use crate::{asked, by_hand, only};

pub(crate) struct Intake {
    pub(crate) store: Store,
    pub(crate) machine: control::StateMachine,
    pub(crate) conclude: control::Conclude,
    pub(crate) inbox: String,
    pub(crate) now: fn() -> Timestamp,
}

/// What a valid upload asks for.
enum Contents {
    /// That a project is deployed.
    Project(Examined),
    /// That the environment goes back.
    Rollback(Rollback),
}

impl Intake {
    pub(crate) async fn handle(&self, payload: &Value) -> Result<Value, StepError> {
        if payload.get("step").and_then(Value::as_str) == Some("enter") {
            if by_hand::is_by_hand(payload) {
                return self.by_hand(payload).await;
            }
            let message = self.enter(payload).await?;
            return serde_json::to_value(message).map_err(|error| StepError::Corrupt(error.to_string()));
        }
        let upload = Upload::read(payload)?;
        if upload.bucket != self.inbox {
            return Err(StepError::Misconfigured(format!(
                "an event of bucket `{}`, which is not the inbox",
                upload.bucket
            )));
        }
        if upload.key.ends_with('/') {
            // A folder that somebody made in the S3 console.
            return Ok(json!({ "ignored": upload.key }));
        }
        let id = upload.deployment();
        let (environment, record) = match self.environment_of(&upload).await? {
            Ok(known) => known,
            Err(refusals) => return self.refuse_unknown(&id, &upload, refusals).await,
        };
        if let Some(known) = self.store.deployment(&environment, &id).await? {
            tracing::info!(deployment = %id, status = ?known.status, "a duplicated event");
            if known.outcome().is_some() && self.store.is_unwritten(&environment, &id).await? {
                // Whoever refused it may have died before saying so.
                self.say_over(&environment, std::slice::from_ref(&id)).await;
            }
            self.go_on(&environment).await?;
            return Ok(json!({ "deployment": id, "duplicate": true }));
        }
        match self.examine(&upload, &record).await {
            Ok(Contents::Project(examined)) => self.enqueue(&id, environment, upload, examined).await,
            Ok(Contents::Rollback(rollback)) => {
                let request = Request::Rollback(rollback);
                self.join(&head(&id, environment, upload, request, DeploymentStatus::Queued)).await
            }
            Err(Rejected::Invalid(refusals, report)) => self.refuse(&id, environment, upload, refusals, report).await,
            Err(Rejected::Step(error)) => Err(error),
        }
    }

    /// The environment that an upload's path names, with its record.
    async fn environment_of(
        &self,
        upload: &Upload,
    ) -> Result<Result<(EnvironmentId, model::Environment), Vec<Refusal>>, StepError> {
        let mut parts = upload.key.split('/');
        let names = (parts.next(), parts.next(), parts.next());
        let (Some(project), Some(name), Some(_)) = names else {
            return Ok(Err(vec![refusal(
                "intake::path",
                format!("`{}` is not below a project and an environment", upload.key),
                "upload to `{project}/{environment}/bundle.zip`",
            )]));
        };
        let environment = match EnvironmentId::new(project, name) {
            Ok(environment) => environment,
            Err(error) => {
                let help = "upload to `{project}/{environment}/bundle.zip`";
                return Ok(Err(vec![refusal("intake::path", error.to_string(), help)]));
            }
        };
        Ok(match self.store.environment(&environment).await? {
            Some(record) => Ok((environment, record)),
            None => Err(vec![refusal(
                "intake::unknown-environment",
                format!("no environment `{environment}` is registered"),
                "check the upload's path, or ask an administrator to register it",
            )]),
        })
    }

    async fn examine(&self, upload: &Upload, record: &model::Environment) -> Result<Contents, Rejected> {
        let name = upload.key.rsplit('/').next().unwrap_or_default();
        let (is_bundle, is_rollback) = (name == "bundle.zip", name == "rollback.json");
        if !is_bundle && !is_rollback && !CONFIG_NAMES.contains(&name) {
            let message = format!("`{name}` is neither a bundle nor a config nor a rollback");
            let help =
                "upload a `bundle.zip`, a bare `strands.yaml` whose agents name stored artifacts, or a `rollback.json`";
            return Err(Rejected::Invalid(vec![refusal("intake::unknown-file", message, help)], None));
        }
        let most = if is_rollback { asked::MOST_BYTES } else { bundle::Limits::default().compressed };
        let uploaded = match self.store.upload(&upload.bucket, &upload.key, &upload.version, most).await {
            Ok(read) => read,
            Err(Unreadable::Store(error)) => return Err(error.into()),
            Err(error @ Unreadable::Gone) => {
                let refusal = refusal("intake::gone", error.to_string(), "upload it again");
                return Err(Rejected::Invalid(vec![refusal], None));
            }
            Err(error @ Unreadable::TooLarge { .. }) => {
                let help = match is_rollback {
                    true => "say where to, and name only resources whose data may be lost",
                    false => "leave out what the agents do not need",
                };
                let refusal = refusal("intake::too-large", error.to_string(), help);
                return Err(Rejected::Invalid(vec![refusal], None));
            }
        };
        let invalid = |refusals| Rejected::Invalid(refusals, None);
        if is_rollback {
            only::of_rollback(&uploaded).map_err(invalid)?;
            return asked::file(&uploaded.bytes).map(Contents::Rollback).map_err(invalid);
        }
        let only = only::of_project(&uploaded).map_err(invalid)?;
        let examined = match is_bundle {
            true => examine::bundle(&self.store, record, (uploaded.bytes, only), (self.now)()).await,
            false => examine::bare(&self.store, record, (name, uploaded.bytes, only), (self.now)()).await,
        };
        examined.map(Contents::Project)
    }

    async fn enqueue(
        &self,
        id: &DeploymentId,
        environment: EnvironmentId,
        upload: Upload,
        examined: Examined,
    ) -> Result<Value, StepError> {
        let key = paths::of_deployment(&environment, id, "config.yaml");
        let Examined { only, config, sources, artifacts, lookups, notices } = examined;
        let config = Some(self.store.put_once(&key, config.into_bytes()).await?);
        let sources = match sources.is_empty() {
            true => None,
            false => Some(self.store.keep_sources(&environment, id, &sources).await?),
        };
        let deployment = head(id, environment, upload, Request::Deploy { only }, DeploymentStatus::Queued);
        let deployment = Deployment { config, sources, artifacts, lookups, notices, ..deployment };
        self.join(&deployment).await
    }

    /// Puts a deployment into the queue, and starts what is next. Doing so again changes nothing.
    pub(crate) async fn join(&self, deployment: &Deployment) -> Result<Value, StepError> {
        let Deployment { id, environment, .. } = deployment;
        let accepted = self.store.accept(deployment).await?;
        self.go_on(environment).await?;
        tracing::info!(deployment = %id, %environment, ?accepted, "queued");
        Ok(json!({ "deployment": id, "duplicate": accepted == Accepted::Known }))
    }

    /// Starts what is next; of what that supersedes, people are told.
    async fn go_on(&self, environment: &EnvironmentId) -> Result<(), StepError> {
        let superseded = engine::start_next(environment, &self.store, &self.machine, (self.now)()).await?;
        self.say_over(environment, &superseded).await;
        Ok(())
    }

    /// Says that these have ended, so that people are told. That it cannot be said keeps nothing from going on.
    async fn say_over(&self, environment: &EnvironmentId, deployments: &[DeploymentId]) {
        if let Err(error) = self.conclude.over(environment, deployments).await {
            tracing::error!(%environment, ?deployments, %error, "nobody is told of these before the sweeper comes");
        }
    }

    async fn refuse(
        &self,
        id: &DeploymentId,
        environment: EnvironmentId,
        upload: Upload,
        refusals: Vec<Refusal>,
        report: Option<String>,
    ) -> Result<Value, StepError> {
        log(id, &refusals);
        let file = |name: &str| paths::of_deployment(&environment, id, name);
        self.report(&file("report.json"), &refusals, report.as_deref()).await?;
        let outcome = Outcome::Refused { refusals };
        let ended = DeploymentStatus::Ended { outcome };
        let mut deployment = head(id, environment.clone(), upload, Request::DEPLOY, ended);
        deployment.ended = Some((self.now)());
        let metadata = serde_json::to_vec_pretty(&deployment).map_err(|error| StepError::Corrupt(error.to_string()))?;
        self.store.put_derived(&file("metadata.json"), metadata).await?;
        self.store.accept(&deployment).await?;
        self.say_over(&environment, std::slice::from_ref(id)).await;
        Ok(json!({ "deployment": id, "refused": true }))
    }

    /// An environment that does not exist has no history: what is refused for it goes to a place of its own.
    async fn refuse_unknown(
        &self,
        id: &DeploymentId,
        upload: &Upload,
        refusals: Vec<Refusal>,
    ) -> Result<Value, StepError> {
        log(id, &refusals);
        let key = paths::refused(id, "report.json");
        let body = json!({ "upload": upload.key, "version": upload.version, "requester": upload.requester, "refusals": refusals });
        self.store.put_derived(&key, body.to_string().into_bytes()).await?;
        Ok(json!({ "deployment": id, "refused": true }))
    }

    async fn report(&self, key: &str, refusals: &[Refusal], text: Option<&str>) -> Result<ObjectRef, StepError> {
        let body = json!({ "refusals": refusals, "text": text });
        Ok(self.store.put_once(key, body.to_string().into_bytes()).await?)
    }
}

fn log(id: &DeploymentId, refusals: &[Refusal]) {
    for refusal in refusals {
        let Refusal { code, message, help, file, line, column } = refusal;
        tracing::warn!(deployment = %id, code, message, help, file, line, column, "refused");
    }
}

fn head(
    id: &DeploymentId,
    environment: EnvironmentId,
    upload: Upload,
    request: Request,
    status: DeploymentStatus,
) -> Deployment {
    let Upload { bucket, key, version, at, requester } = upload;
    let origin = Origin::Upload { bucket, key, version, requester };
    Deployment { status, ..Deployment::new(id.clone(), environment, origin, request, at) }
}
