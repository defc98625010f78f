//! An account whose environment wants every plan approved.

use std::ops::Deref;

use end_to_end::Project;
use end_to_end::admin::DESK;
use engine::ports::Queue;
use model::{ApprovalRule, Deployment, DeploymentId, DeploymentStatus, Digest, Environment};
use serde_json::json;

/// An account with the engine.
pub(crate) struct Trial(end_to_end::trial::Trial);

impl Deref for Trial {
    type Target = end_to_end::trial::Trial;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Trial {
    /// Where nothing needs to be approved yet.
    pub(crate) async fn free() -> Self {
        Self(end_to_end::trial::Trial::start().await)
    }

    /// Where every plan must be approved within the hour.
    pub(crate) async fn start() -> Self {
        let trial = Self::free().await;
        trial.rule(3_600, &[]).await;
        trial
    }

    /// Makes plans wait for approval, by one of these.
    pub(crate) async fn rule(&self, seconds: u64, approvers: &[&str]) {
        let approvers = approvers.iter().map(|&one| one.to_owned()).collect();
        let record = self.store.environment(&self.id).await.expect("an answer").expect("it is registered");
        let record = Environment { approval: Some(ApprovalRule { seconds, approvers }), ..record };
        self.store.put_environment(&record).await.expect("it is written");
    }

    /// Approves the plan of a deployment that waits.
    pub(crate) async fn approve(&self, waits: &Deployment) -> String {
        let plan = digest(waits).to_string();
        self.admin(&["approve", DESK, waits.id.as_str(), "--plan", &plan]).await.expect("it is approved")
    }

    /// Uploads a project, and waits until its plan is waiting for approval.
    pub(crate) async fn ask(&self, project: &Project) -> Deployment {
        let accepted = self.enqueue(project).await;
        self.waits(&accepted.id, 1).await
    }

    /// Waits until what comes after those that there were waits for approval.
    pub(crate) async fn asks(&self, before: &[DeploymentId]) -> Deployment {
        let accepted = self.accepted(before).await;
        self.waits(&accepted.id, 1).await
    }

    /// Waits until this execution of a deployment waits for approval.
    pub(crate) async fn waits(&self, id: &DeploymentId, execution: u32) -> Deployment {
        let execution = format!("{id}-{execution}");
        self.until("a deployment to wait for approval", async || {
            let head = self.head(id).await;
            assert!(head.outcome().is_none(), "{:?}", head.status);
            let waits = head.status == DeploymentStatus::AwaitingApproval;
            (waits && head.execution.as_ref() == Some(&execution)).then_some(head)
        })
        .await
    }

    /// How a wave fails that is given the plan of a deployment that waits for approval.
    pub(crate) async fn wave(&self, waits: &Deployment) -> String {
        let payload = json!({
            "v": 1, "step": "wave", "deployment": waits.id, "execution": waits.execution, "plan": waits.plan,
            "project": self.id.project, "environment": self.id.environment, "undo": true,
        });
        let lambda = aws_sdk_lambda::Client::new(&self.account.clients.config);
        let payload = aws_sdk_lambda::primitives::Blob::new(payload.to_string());
        let answer = lambda.invoke().function_name("strandline-provision-wave").payload(payload).send().await;
        let answer = answer.expect("it answers");
        assert!(answer.function_error.is_some(), "it is refused");
        String::from_utf8(answer.payload.expect("a payload").into_inner()).expect("text")
    }

    /// The executions of a deployment and how each stands, as Step Functions has them.
    pub(crate) async fn executions(&self, id: &DeploymentId) -> Vec<(String, String)> {
        let listed = self.account.clients.sfn.list_executions().state_machine_arn(self.machine().await);
        let listed = listed.send().await.expect("executions");
        let of_this = listed.executions().iter().filter(|one| one.name().starts_with(id.as_str()));
        let mut all: Vec<_> = of_this.map(|one| (one.name().to_owned(), one.status().as_str().to_owned())).collect();
        all.sort();
        all
    }

    /// Waits until these are the executions of a deployment, and none of them runs.
    pub(crate) async fn all_succeeded(&self, id: &DeploymentId, count: u32) {
        let all: Vec<_> = (1..=count).map(|n| (format!("{id}-{n}"), "SUCCEEDED".to_owned())).collect();
        self.until("every execution to be over", async || (self.executions(id).await == all).then_some(())).await;
    }

    /// Nothing was changed in the target account.
    pub(crate) fn assert_untouched(&self, mark: local::proxy::Mark) {
        let made: Vec<String> = self.changes_since(mark).iter().map(local::Call::action).collect();
        assert!(made.is_empty(), "{made:?}");
    }

    /// Nobody has its turn.
    pub(crate) async fn turn_is_free(&self) -> bool {
        self.store.active(&self.id).await.expect("an answer").is_none()
    }

    /// The token that the execution of a deployment waits with.
    pub(crate) async fn token(&self, id: &DeploymentId) -> String {
        self.store.waiting_execution(&self.id, id).await.expect("an answer").expect("it waits").token
    }
}

/// The digest of the plan that a deployment waits with.
pub(crate) fn digest(waits: &Deployment) -> &Digest {
    &waits.approval.as_ref().expect("it asks").plan.digest
}
