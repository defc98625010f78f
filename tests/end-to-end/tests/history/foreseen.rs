//! What an upload would do, told before it is uploaded.

use std::fs;
use std::path::PathBuf;

use end_to_end::admin::{DESK, text};
use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed, outcome};
use local::Call;
use model::{ApprovalRule, Environment, Limit, Limits};
use serde_json::{Value, json};

use crate::admin;

const CONFIG: &str = r#"project: { name: support-desk, region: us-east-1 }
environments: { dev: { account: "123456789012" } }
agents:
  - { name: bot, path: agents/bot, runtime: python3.11, handler: handler.handle, memory: 256 }
  - { name: clerk, path: agents/clerk, runtime: python3.11, handler: handler.handle, memory: 512 }
shared:
  topics: { alerts: {} }
"#;

fn project() -> Project {
    let mut project = Project::default().config(CONFIG);
    for agent in ["bot", "clerk"] {
        let handler = format!("def handle(event, context):\n    return '{agent}'\n");
        project.files.insert(format!("agents/{agent}/handler.py"), handler.into_bytes());
    }
    project
}

/// A change of one agent's code alone.
fn with_another_clerk(project: Project) -> Project {
    project.with("agents/clerk/handler.py", "'clerk'", "'another clerk'")
}

/// Puts a project into a folder.
fn written(trial: &Trial, name: &str, project: &Project) -> PathBuf {
    let folder = trial.account.dir().join(name);
    project.write_to(&folder);
    folder
}

/// What is foreseen of a project in a folder.
async fn foreseen(trial: &Trial, project: &Project, more: &[&str]) -> Value {
    let folder = written(trial, "foreseen", project);
    let arguments = [&["plan", DESK, folder.to_str().unwrap(), "--json"], more].concat();
    let told = admin(trial, &arguments).await.expect("a plan");
    serde_json::from_str(&told).unwrap()
}

/// What is printed where there is no plan.
async fn refused(trial: &Trial, project: &Project, more: &[&str]) -> String {
    let folder = written(trial, "refused", project);
    let arguments = [&["plan", DESK, folder.to_str().unwrap()], more].concat();
    let output = trial.admin_command(&arguments).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "as for whatever cannot be done");
    text(&output.stdout)
}

/// Deploys, and gives the plan of it as the history tells it.
async fn planned(trial: &Trial, project: &Project, only: Option<&str>) -> Value {
    let before = trial.ids().await;
    let put = trial.account.clients.s3.put_object().bucket(trial.account.inbox()).key(format!("{DESK}/bundle.zip"));
    let put = only.into_iter().fold(put, |put, only| put.metadata("only", only));
    put.body(project.bundle().into()).send().await.unwrap();
    let deployment = trial.next(&before).await;
    trial.settled().await;
    assert_deployed(&deployment);
    let told = admin(trial, &["history", "show", DESK, deployment.id.as_str(), "--json"]).await.unwrap();
    serde_json::from_str::<Value>(&told).unwrap()["plans"][0]["plan"].clone()
}

#[tokio::test]
async fn what_is_foreseen_is_what_an_upload_then_does() {
    let trial = Trial::start().await;
    let first = foreseen(&trial, &project(), &[]).await;
    let new = |agent: Option<&str>| json!({ "agent": agent, "what": ["new"] });
    assert_eq!(first["affected"], json!([new(None), new(Some("bot")), new(Some("clerk"))]));
    assert_eq!(first["plan"], planned(&trial, &project(), None).await, "before there was anything");

    let same = foreseen(&trial, &project(), &[]).await;
    assert_eq!((&same["affected"], &same["plan"]["changes"]), (&json!([]), &json!([])));
    let shown =
        admin(&trial, &["plan", DESK, written(&trial, "foreseen", &project()).to_str().unwrap()]).await.unwrap();
    for line in
        ["Affected   nobody", "Unchanged  what is shared, bot, clerk", "Nothing was done, and nothing would be."]
    {
        assert!(shown.lines().any(|one| one == line), "`{line}` in\n{shown}");
    }

    let other_code = with_another_clerk(project());
    let told = foreseen(&trial, &other_code, &[]).await;
    assert_eq!(told["affected"], json!([{ "agent": "clerk", "what": ["code"] }]));
    let zip = trial.account.dir().join("any-name.zip");
    fs::write(&zip, other_code.bundle()).unwrap();
    let of_zip = admin(&trial, &["plan", DESK, zip.to_str().unwrap(), "--json"]).await.unwrap();
    let of_zip: Value = serde_json::from_str(&of_zip).unwrap();
    assert_eq!((&of_zip["affected"], &of_zip["plan"]), (&told["affected"], &told["plan"]), "a zip of it is the same");
    assert_eq!(told["plan"], planned(&trial, &other_code, None).await);

    let both = project().with("strands.yaml", "memory: 256", "memory: 300");
    let told = foreseen(&trial, &both, &["--only", "bot"]).await;
    assert_eq!(told["affected"], json!([{ "agent": "bot", "what": ["settings"] }]), "the clerk's code is left alone");
    assert_eq!(told["report"]["selected"]["named"], json!(["bot"]));
    assert_eq!(told["plan"], planned(&trial, &both, Some("bot")).await);
    let shown = admin(&trial, &["plan", DESK, written(&trial, "foreseen", &both).to_str().unwrap()]).await.unwrap();
    assert!(shown.starts_with("Affected   clerk (code)\nUnchanged  what is shared, bot\n"), "{shown}");
    let command = format!("  aws s3 cp bundle.zip s3://{}/{DESK}/bundle.zip", trial.account.inbox());
    assert_eq!(shown.lines().last(), Some(command.as_str()), "{shown}");
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once_and_nothing_is_changed_by_looking() {
    let trial = Trial::start().await;
    assert_deployed(&trial.deploy_and_settle(&project()).await);
    let (ids, mark) = (trial.ids().await, trial.account.administration.mark());
    let in_account = trial.account.proxy.mark();

    let two = project().with("strands.yaml", "memory: 256", "memory: 25").with("strands.yaml", "topics:", "topisc:");
    let said = refused(&trial, &two, &[]).await;
    for part in
        ["strands.yaml:4:", "strands.yaml:7:3", "did you mean `topics`", "2 problems: nothing of it can be deployed"]
    {
        assert!(said.contains(part), "`{part}` in\n{said}");
    }
    let told: Value = serde_json::from_str(&refused(&trial, &two, &["--json"]).await).unwrap();
    let places: Vec<&Value> = told["refusals"].as_array().unwrap().iter().map(|one| &one["line"]).collect();
    assert_eq!(places, [&json!(4), &json!(7)], "{told:#}");

    let said = refused(&trial, &project(), &["--only", "clark"]).await;
    assert!(said.contains("intake::selection: there is no agent or stack `clark`"), "{said}");
    assert!(said.contains("did you mean `clerk`?"), "{said}");

    let stored = "{ name: bot, path: agents/bot";
    let unknown = format!("{{ name: bot, artifact: '{}'", "0123".repeat(16));
    let said = refused(&trial, &project().with("strands.yaml", stored, &unknown), &[]).await;
    assert!(said.contains("is stored for agent `bot`"), "{said}");

    assert_eq!(trial.ids().await, ids);
    let calls = trial.account.administration.since(mark);
    assert!(calls.iter().any(|call| call.is("dynamodb", "Query")), "what was read is among them");
    let changing: Vec<String> = calls.iter().filter(|call| call.mutating).map(Call::action).collect();
    assert_eq!(changing, Vec::<String>::new());
    assert_eq!(trial.changes_since(in_account).len(), 0);
}

#[tokio::test]
async fn what_the_record_of_the_environment_says_is_held_against_it() {
    let trial = Trial::start().await;
    let approval = Some(ApprovalRule { seconds: 60, approvers: Vec::new() });
    let limits = Limits([(Limit::Changes, 20)].into());
    trial.register_with(&trial.id, |record| Environment { approval, limits, ..record }).await;
    let told = foreseen(&trial, &project(), &[]).await;
    assert_eq!(told["approval"], true);
    assert_eq!(told["cost"]["to"], "0.00", "{told:#}");

    let limits = Limits([(Limit::Changes, 2)].into());
    trial.register_with(&trial.id, |record| Environment { limits, ..record }).await;
    let said = refused(&trial, &project(), &[]).await;
    assert!(said.contains("plan::limit: the plan has ") && said.contains("at most 2 are allowed"), "{said}");

    // And an upload comes to the same.
    let refused = trial.deploy_and_settle(&project()).await;
    let model::Outcome::Refused { refusals } = outcome(&refused) else { panic!("{refused:#?}") };
    let message = &refusals[0].message;
    assert!(said.contains(message), "{message} in\n{said}");
}
