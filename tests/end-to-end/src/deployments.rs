//! The deployments of an environment: how they are asked for, and waiting until they are where a test wants them.

use model::{Deployment, DeploymentId, Origin};
use serde_json::{Value, json};

use crate::{Field, Project};

impl Field {
    /// Uploads a project as a bundle, and waits until its deployment has ended.
    pub async fn deploy(&self, project: &Project) -> Deployment {
        let before = self.ids().await;
        self.upload("bundle.zip", project.bundle()).await;
        self.next(&before).await
    }

    /// Uploads a project with the metadata `only`, and waits until its deployment has ended.
    pub async fn deploy_only(&self, only: &str, project: &Project) -> Deployment {
        let before = self.ids().await;
        self.upload_only(only, "bundle.zip", project.bundle()).await;
        self.next(&before).await
    }

    /// The same, until it is in the history.
    pub async fn enqueue_only(&self, only: &str, project: &Project) -> Deployment {
        let before = self.ids().await;
        self.upload_only(only, "bundle.zip", project.bundle()).await;
        self.accepted(&before).await
    }

    /// Uploads a file to the environment's inbox, with the metadata `only`.
    pub async fn upload_only(&self, only: &str, file: &str, bytes: Vec<u8>) {
        let key = format!("{}/{}/{file}", self.id.project, self.id.environment);
        let put = self.account.clients.s3.put_object().bucket(self.account.inbox()).key(key).metadata("only", only);
        put.body(bytes.into()).send().await.expect("the upload is taken");
    }

    /// Deploys, and waits until the execution is over: what it does after the end may move the queue.
    pub async fn deploy_and_settle(&self, project: &Project) -> Deployment {
        let deployment = self.deploy(project).await;
        self.settled().await;
        deployment
    }

    /// Uploads a project, and waits until it is in the history.
    pub async fn enqueue(&self, project: &Project) -> Deployment {
        let before = self.ids().await;
        self.upload("bundle.zip", project.bundle()).await;
        self.accepted(&before).await
    }

    /// The deployments that there are.
    pub async fn deployments(&self) -> Vec<Deployment> {
        self.store.deployments(&self.id).await.expect("the history can be read")
    }

    /// The ids of the deployments that there are.
    pub async fn ids(&self) -> Vec<DeploymentId> {
        self.deployments().await.into_iter().map(|deployment| deployment.id).collect()
    }

    /// A deployment as it stands.
    pub async fn head(&self, id: &DeploymentId) -> Deployment {
        self.store.deployment(&self.id, id).await.expect("an answer").expect("a head")
    }

    /// Waits for what comes after those that there were, until it is accepted.
    pub async fn accepted(&self, before: &[DeploymentId]) -> Deployment {
        self.until("something to be accepted", async || self.after(before).await).await
    }

    /// Waits for what comes after those that there were, until it has ended.
    pub async fn next(&self, before: &[DeploymentId]) -> Deployment {
        self.until("a deployment to end", async || self.after(before).await.filter(has_ended)).await
    }

    /// Waits until a deployment has ended.
    pub async fn end_of(&self, id: &DeploymentId) -> Deployment {
        self.until("a deployment to end", async || Some(self.head(id).await).filter(has_ended)).await
    }

    /// Waits until `count` deployments have ended.
    pub async fn ended_count(&self, count: usize) -> Vec<Deployment> {
        self.until("deployments to end", async || {
            let all = self.deployments().await;
            let ended = all.iter().filter(|one| has_ended(one)).count();
            (ended >= count).then_some(all)
        })
        .await
    }

    /// Waits until the metadata of a deployment say what its head says.
    pub async fn told(&self, deployment: &Deployment) {
        let key = store::paths::of_deployment(&self.id, &deployment.id, "metadata.json");
        self.until("the history to be written", async || {
            let written: Deployment = serde_json::from_slice(&self.file(&key).await?).expect("a head");
            (written == *deployment).then_some(())
        })
        .await;
    }

    /// Waits until no execution runs.
    pub async fn settled(&self) {
        self.until("every execution to be over", async || {
            let listed = self.account.clients.sfn.list_executions().state_machine_arn(self.machine().await);
            let listed = listed.status_filter("RUNNING".into()).send().await.expect("executions");
            listed.executions().is_empty().then_some(())
        })
        .await;
    }

    /// The ARN of the state machine that deploys.
    pub async fn machine(&self) -> String {
        let machines = self.account.clients.sfn.list_state_machines().send().await.expect("state machines");
        let machine = machines.state_machines().iter().find(|one| one.name() == "strandline-deploy");
        machine.expect("ours").state_machine_arn().to_owned()
    }

    /// Lets the engine look after every environment now; what it says that it moved.
    pub async fn sweep(&self) -> Value {
        let answer = self.invoke("strandline-conclude", json!({ "v": 1, "step": "sweep" })).await;
        answer.get("moved").cloned().unwrap_or_default()
    }

    /// Tells intake once more of the upload that a deployment came from, as AWS does where it died; what it answers.
    pub async fn deliver_again(&self, deployment: &Deployment) -> Value {
        let Origin::Upload { bucket, key, version, .. } = &deployment.origin else { panic!("not an upload") };
        let event = json!({
            "version": "0", "id": "6b1c0d2e-0000-4000-8000-000000000000", "detail-type": "Object Created",
            "source": "aws.s3", "account": self.account.id(), "time": deployment.accepted,
            "region": local::emulator::REGION, "resources": [format!("arn:aws:s3:::{bucket}")],
            "detail": {
                "version": "0", "bucket": { "name": bucket },
                "object": { "key": key, "size": 1, "version-id": version, "sequencer": "0" },
                "request-id": "R", "requester": self.account.id(), "reason": "PutObject",
            },
        });
        self.invoke("strandline-intake", event).await
    }

    /// Invokes a function of the engine; what it answers.
    async fn invoke(&self, function: &str, payload: Value) -> Value {
        let lambda = aws_sdk_lambda::Client::new(&self.account.clients.config);
        let payload = aws_sdk_lambda::primitives::Blob::new(payload.to_string());
        let answer = lambda.invoke().function_name(function).payload(payload).send().await;
        let answer = answer.expect("the function answers");
        let text = String::from_utf8(answer.payload.expect("a payload").into_inner()).expect("text");
        assert_eq!(answer.function_error, None, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Takes the sweeper away: what is done from then on was not left to it.
    pub async fn without_sweeper(&self) {
        let events = aws_sdk_eventbridge::Client::new(&self.account.clients.config);
        events.disable_rule().name("strandline-sweeper").send().await.expect("there is such a rule");
    }

    /// The first that is not among those that there were.
    async fn after(&self, before: &[DeploymentId]) -> Option<Deployment> {
        self.deployments().await.into_iter().find(|deployment| !before.contains(&deployment.id))
    }
}

fn has_ended(deployment: &Deployment) -> bool {
    deployment.outcome().is_some()
}
