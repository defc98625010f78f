//! An account to deploy the support desk in, and the desk in its variants.

use std::ops::{Deref, DerefMut};

use end_to_end::{Project, assert_deployed};
use local::proxy::Mark;
use model::Deployment;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use end_to_end::sight::{Sight, shape};

/// How many things boto3 finds of the whole desk.
pub(crate) const EVERYTHING: usize = 24;

/// The shape that one undisturbed deployment of the desk leaves; made once, by whoever asks first.
static UNDISTURBED: OnceCell<Value> = OnceCell::const_new();

/// An account with the engine.
pub(crate) struct Trial(end_to_end::trial::Trial);

impl Deref for Trial {
    type Target = end_to_end::trial::Trial;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Trial {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Trial {
    /// An account with `support-desk/dev`.
    pub(crate) async fn start() -> Self {
        Self(end_to_end::trial::Trial::start().await)
    }

    /// The same with these parameters of the engine's template.
    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        Self(end_to_end::trial::Trial::with(parameters).await)
    }

    /// Uploads a project, and waits until its deployment has ended and its history is written.
    pub(crate) async fn deploy(&self, project: &Project) -> Deployment {
        let deployment = self.0.deploy(project).await;
        self.written(&deployment).await;
        deployment
    }

    /// Waits until the history of a deployment that has ended is written: it follows the outcome.
    pub(crate) async fn written(&self, deployment: &Deployment) {
        let key = store::paths::state(&deployment.environment);
        self.until("the history to be written", async || {
            let state: Value = serde_json::from_slice(&self.file(&key).await?).expect("`state.json` is JSON");
            (state.get("deployment") == Some(&json!(deployment.id))).then_some(())
        })
        .await;
    }

    /// What changed since `mark`, call by call: `lambda:UpdateFunctionCode support-desk-dev-…`.
    pub(crate) fn changes(&self, mark: Mark) -> Vec<String> {
        let name = |call: &local::Call| format!("{} {}", call.action(), call.resource.as_deref().unwrap_or_default());
        self.changes_since(mark).iter().map(name).collect()
    }

    /// Asks an agent over HTTP; its answer, which must be one.
    pub(crate) async fn ask(&self, sight: &Sight, path: &str, message: &str) -> Value {
        let body = json!({ "message": message }).to_string();
        let answer = self.account.send_http("POST", &sight.api(), "$default", path, body).await.expect("an answer");
        let text = answer.text();
        assert_eq!(answer.status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }
}

/// `examples/agents`, for the embedded account.
pub(crate) fn desk() -> Project {
    Project::desk()
}

/// The desk with another line of code in the agent that takes orders.
pub(crate) fn with_polite_orders(project: Project) -> Project {
    project.with(
        "agents/order-agent/agent.py",
        "f\"Order {order}: {quantity}",
        "f\"Thank you. Order {order}: {quantity}",
    )
}

/// The desk without the agent that does research.
pub(crate) fn without_research(project: Project) -> Project {
    let config = project.text("strands.yaml");
    let (before, rest) = config.split_once("  - name: research-agent").expect("the agent is there");
    let (_, after) = rest.split_once("\nshared:").expect("`shared` follows");
    let config = format!("{before}\nshared:{after}");
    project.config(&config)
}

/// The shape of the desk after one deployment that nothing disturbed.
///
/// Must be called before the caller starts an account of its own: it may need a place for one.
pub(crate) async fn undisturbed() -> &'static Value {
    let make = async || {
        let trial = Trial::start().await;
        assert_deployed(&trial.deploy(&desk()).await);
        shape(&trial.look().await)
    };
    UNDISTURBED.get_or_init(make).await
}
