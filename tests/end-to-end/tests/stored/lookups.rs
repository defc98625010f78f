//! Parameters and zones.

use end_to_end::admin::{DESK, text};
use end_to_end::trial::Trial;
use end_to_end::{assert_deployed, outcome};
use model::{ApprovalRule, Deployment, DeploymentId, DeploymentStatus, Environment, Outcome};
use serde_json::{Value, json};

use crate::account::{changed, project, put, shown, snapshots};

const STAGE: &str = "/support-desk/dev/stage";
const LEVEL: &str = "/support-desk/dev/level";
const TEMPLATE: &str = r#"Parameters:
  Stage: { Type: "AWS::SSM::Parameter::Value<String>", Default: /support-desk/dev/stage }
Resources:
  Copy:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Join [" ", [!Ref Stage, "level {{resolve:ssm:/support-desk/dev/level}}", in, !Select [0, !GetAZs ""]]]
"#;

async fn stocked() -> Trial {
    let trial = Trial::start().await;
    put(&trial, STAGE, "String", "gold").await;
    put(&trial, LEVEL, "String", "one").await;
    trial
}

#[tokio::test]
async fn what_stands_in_the_account_is_deployed_and_its_change_alone_changes_what_was_made_of_it() {
    let trial = stocked().await;
    let project = project(TEMPLATE);
    let first = trial.deploy_and_settle(&project).await;
    assert_deployed(&first);
    assert_eq!(shown(&trial, "Copy").await, "gold level one in us-east-1a");
    assert_eq!(snapshots(&trial, &first).await.len(), 1, "what was looked up is kept");

    // Nothing changed: it is looked up all the same.
    let mark = trial.account.proxy.mark();
    let same = trial.deploy_and_settle(&project).await;
    assert_eq!(outcome(&same), &Outcome::Unchanged);
    assert_eq!(changed(&trial, mark), Vec::<String>::new());
    assert_eq!(snapshots(&trial, &same).await.len(), 1);

    put(&trial, LEVEL, "String", "two").await;
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy_and_settle(&project).await);
    assert_eq!(changed(&trial, mark), ["ssm:PutParameter"]);
    assert_eq!(shown(&trial, "Copy").await, "gold level two in us-east-1a");

    // A version is what it was.
    let pinned = project.with("stored.yaml", "dev/level}}", "dev/level:1}}");
    assert_deployed(&trial.deploy_and_settle(&pinned).await);
    assert_eq!(shown(&trial, "Copy").await, "gold level one in us-east-1a");
}

#[tokio::test]
async fn what_is_missing_or_secret_is_refused_all_at_once_by_name() {
    let trial = stocked().await;
    put(&trial, "/support-desk/dev/hidden", "SecureString", "hunter2-hunter2").await;
    let project = project(TEMPLATE).with(
        "stored.yaml",
        "level {{resolve:ssm:/support-desk/dev/level}}",
        "{{resolve:ssm:/support-desk/dev/absent}} {{resolve:ssm:/support-desk/dev/level:7}} {{resolve:ssm:/support-desk/dev/hidden}}",
    );
    let mark = trial.account.proxy.mark();
    let deployment = trial.deploy_and_settle(&project).await;
    let Outcome::Refused { refusals } = outcome(&deployment) else { panic!("{deployment:#?}") };
    let told: Vec<(&str, bool)> = refusals
        .iter()
        .zip(["`/support-desk/dev/absent`", "`/support-desk/dev/hidden`", "version 7"])
        .map(|(one, part)| (one.code.as_str(), one.message.contains(part)))
        .collect();
    let expected = [("observe::missing", true), ("observe::secret", true), ("observe::missing", true)];
    assert_eq!(told, expected, "{refusals:#?}");
    assert!(refusals.iter().all(|one| one.help.is_some()), "{refusals:#?}");
    assert_eq!(changed(&trial, mark), Vec::<String>::new());
    for file in ["report.json", "metadata.json"] {
        let text = trial.history(&deployment, file).await;
        assert!(text.contains("absent") && !text.contains("hunter2"), "{file}: {text}");
    }
}

#[tokio::test]
async fn a_plan_is_foreseen_with_what_a_deployment_looked_up_last() {
    let trial = stocked().await;
    let folder = trial.account.dir().join("project");
    project(TEMPLATE).write_to(&folder);
    let plan = ["plan", DESK, folder.to_str().unwrap(), "--json"];
    let output = trial.admin_command(&plan[..3]).output().await.unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["Nothing is planned", "\n  the SSM parameter `/support-desk/dev/level`", "zones of us-east-1"] {
        assert!(said.contains(part), "`{part}` in\n{said}");
    }
    let foreseen = async || -> Value { serde_json::from_str(&trial.admin(&plan).await.expect("a plan")).unwrap() };

    let first = trial.deploy_and_settle(&project(TEMPLATE)).await;
    assert_deployed(&first);
    put(&trial, LEVEL, "String", "two").await;
    let told = foreseen().await;
    assert_eq!(told["looked_up"]["deployment"], json!(first.id));
    assert_eq!(told["plan"]["changes"], json!([]), "what changed meanwhile only a deployment sees");

    let second = trial.deploy_and_settle(&project(TEMPLATE)).await;
    assert_deployed(&second);
    assert_eq!(foreseen().await["looked_up"]["deployment"], json!(second.id));

    project(TEMPLATE).with("stored.yaml", "dev/level}}", "dev/level:1}}").write_to(&folder);
    let output = trial.admin_command(&plan).output().await.unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["not_known"], json!([{ "of": "parameter", "name": LEVEL, "version": 1 }]), "{told:#}");
}

#[tokio::test]
async fn a_plan_is_asked_about_again_where_what_was_looked_up_changed_meanwhile() {
    let trial = stocked().await;
    let record = trial.store.environment(&trial.id).await.unwrap().unwrap();
    let approval = Some(ApprovalRule { seconds: 3_600, approvers: Vec::new() });
    trial.store.put_environment(&Environment { approval, ..record }).await.unwrap();

    let accepted = trial.enqueue(&project(TEMPLATE)).await;
    let asked = waits(&trial, &accepted.id, 1).await;
    put(&trial, LEVEL, "String", "two").await;
    approve(&trial, &asked).await;
    let again = waits(&trial, &accepted.id, 2).await;
    assert_ne!(plan(&again), plan(&asked), "it is another plan");

    approve(&trial, &again).await;
    let ended = trial.end_of(&accepted.id).await;
    assert_deployed(&ended);
    assert_eq!(ended.plan.as_ref().map(|plan| plan.digest.to_string()), Some(plan(&again)));
    assert_eq!(shown(&trial, "Copy").await, "gold level two in us-east-1a");
    assert_eq!(snapshots(&trial, &ended).await.len(), 2, "looking again and finding the same writes nothing");
}

fn plan(waits: &Deployment) -> String {
    waits.approval.as_ref().expect("it asks").plan.digest.to_string()
}

async fn approve(trial: &Trial, waits: &Deployment) {
    trial.admin(&["approve", DESK, waits.id.as_str(), "--plan", &plan(waits)]).await.expect("it is approved");
}

/// Waits until this execution of a deployment waits for approval.
async fn waits(trial: &Trial, id: &DeploymentId, execution: u32) -> Deployment {
    let execution = format!("{id}-{execution}");
    let is_parked = |head: &Deployment| {
        head.status == DeploymentStatus::AwaitingApproval && head.execution.as_ref() == Some(&execution)
    };
    trial.until("a deployment to wait for approval", async || Some(trial.head(id).await).filter(is_parked)).await
}
