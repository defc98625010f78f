//! What these tests do to a queue, and see of it.

use std::time::Duration;

use end_to_end::Project;
use end_to_end::trial::Trial;
use local::Rule;
use local::proxy::{Held, Point};
use model::{Deployment, DeploymentId};

/// An account whose engine is not told when an execution has ended: the sweeper has to find it.
pub(crate) async fn unheard() -> Trial {
    let trial = Trial::start().await;
    let disable = "import boto3; boto3.client('events').disable_rule(Name='strandline-execution-ended')";
    trial.python(disable, &[]).await;
    trial
}

/// Uploads a project whose deployment is held in the middle: its role is made, and the engine does not know yet.
pub(crate) async fn enqueue_held(trial: &Trial, project: &Project) -> (Deployment, Held) {
    let creation = Rule::on("iam", "CreateRole").caller("strandline-target");
    let mut held = trial.account.proxy.hold(creation, Point::AfterEffect);
    let deployment = trial.enqueue(project).await;
    held.reached(Duration::from_secs(60)).await.expect("a role is made");
    (deployment, held)
}

/// Waits until the wave that runs has asked once more whether it is cancelled.
pub(crate) async fn asked(trial: &Trial) {
    let mark = trial.account.proxy.mark();
    trial
        .until("the wave to ask whether it is cancelled", async || {
            let calls = trial.account.proxy.since(mark);
            let asked =
                calls.iter().find(|call| call.is("dynamodb", "GetItem") && call.caller.is_named("provision-wave"));
            asked.filter(|call| call.ended.is_some()).map(|_| ())
        })
        .await;
}

/// The names of the executions of a deployment, as Step Functions has them.
pub(crate) async fn executions(trial: &Trial, id: &DeploymentId) -> Vec<String> {
    let listed = trial.account.clients.sfn.list_executions().state_machine_arn(trial.machine().await);
    let listed = listed.send().await.expect("executions");
    let names = listed.executions().iter().map(|one| one.name().to_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(id.as_str())).collect();
    names.sort();
    names
}
