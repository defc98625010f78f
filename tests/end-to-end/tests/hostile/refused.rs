//! The table of what is refused, uploaded all at once, and a good upload after it.

use std::time::{Duration, Instant};

use end_to_end::{Field, assert_deployed, outcome};
use model::{Deployment, Environment, EnvironmentId, Outcome, Refusal};
use serde_json::{Value, json};

use crate::bundles::small;
use crate::cases::{self, Case};
use crate::support;

/// Uploads that are examined at the same time.
const TOGETHER: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_bad_is_told_what_is_wrong_with_it_and_goes_no_further() {
    let field = Field::start().await;
    let environments = register_others(&field).await;
    let mark = field.account.proxy.mark();
    let cases = cases::all();

    let began = Instant::now();
    let mut refusals = Vec::new();
    for together in cases.chunks(TOGETHER) {
        let mut versions = Vec::new();
        for case in together {
            versions.push(support::put(&field, case.key, case.bytes.clone()).await);
        }
        for (case, version) in together.iter().zip(versions) {
            refusals.push(told(&field, case, &version).await);
        }
    }
    eprintln!("{} bad uploads were refused in {:?}", cases.len(), began.elapsed());

    let mut wrong = Vec::new();
    for (case, (_, refusals)) in cases.iter().zip(&refusals) {
        let lines: Vec<String> = refusals.iter().map(support::line).collect();
        if lines != case.told {
            wrong.push(format!("{}: {:#?}\n  and not {:#?}", case.key, lines, case.told));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_logged(&field, &refusals).await;
    support::assert_nothing_happened(&field, mark, &environments).await;

    let began = Instant::now();
    let good = field.deploy(&small()).await;
    assert_deployed(&good);
    let waited = good.started.expect("it was started").duration_since(good.accepted).unsigned_abs();
    eprintln!("a good upload was deployed in {:?}, and waited for {waited:?}", began.elapsed());
    assert!(waited < Duration::from_secs(30), "nothing was in its way");
}

/// Environments whose records disagree with the config of the cases. None of them is ever deployed to.
async fn register_others(field: &Field) -> Vec<EnvironmentId> {
    let mut all = vec![field.id.clone()];
    for (project, name, account, region) in [
        ("support-desk", "test", field.account.id(), "us-east-1"),
        ("support-desk", "staging", "210987654321", "eu-west-1"),
        ("shop", "dev", field.account.id(), "us-east-1"),
    ] {
        let id = EnvironmentId::new(project, name).expect("names");
        let record = Environment::new(id.clone(), account, region);
        field.store.put_environment(&record).await.expect("it is registered");
        all.push(id);
    }
    all
}

/// Waits until an upload is refused, and gives the deployment's id and what its author is told, having compared the head,
/// the report and the metadata with each other.
async fn told(field: &Field, case: &Case, version: &str) -> (String, Vec<Refusal>) {
    let environment = environment_of(case.key);
    if let Some(environment) = &environment
        && field.store.environment(environment).await.expect("it can be read").is_some()
    {
        let head =
            field.until(case.key, async || support::head(field, environment, version).await.filter(has_ended)).await;
        return (head.id.to_string(), of_history(field, environment, &head).await);
    }
    let (key, report) = field.until(case.key, async || support::homeless(field).await.remove(version)).await;
    assert_eq!(report["upload"], case.key);
    let id = key.trim_start_matches("refused/").trim_end_matches("/report.json").to_owned();
    (id, refusals_of(&report))
}

fn environment_of(key: &str) -> Option<EnvironmentId> {
    let mut parts = key.split('/');
    EnvironmentId::new(parts.next()?, parts.next()?).ok()
}

fn has_ended(deployment: &Deployment) -> bool {
    deployment.ended.is_some()
}

async fn of_history(field: &Field, environment: &EnvironmentId, head: &Deployment) -> Vec<Refusal> {
    let Outcome::Refused { refusals } = outcome(head) else { panic!("{head:#?}") };
    let file = async |name: &str| -> Value {
        let key = store::paths::of_deployment(environment, &head.id, name);
        let bytes = field.file(&key).await.unwrap_or_else(|| panic!("the history has `{key}`"));
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let report = file("report.json").await;
    assert_eq!(refusals_of(&report), *refusals);
    if refusals.iter().any(|refusal| refusal.line.is_some()) {
        let text = report["text"].as_str().expect("a report that people read");
        for refusal in refusals {
            // Long lines are wrapped there, so that only the first words are looked for.
            let start: String = refusal.message.chars().take(20).collect();
            assert!(text.contains(&start), "{text}");
        }
    }
    let metadata = file("metadata.json").await;
    assert_eq!(metadata["status"], json!(head.status));
    assert_eq!((head.started, &head.execution, &head.plan), (None, &None, &None));
    refusals.clone()
}

fn refusals_of(report: &Value) -> Vec<Refusal> {
    serde_json::from_value(report["refusals"].clone()).expect("refusals")
}

async fn assert_logged(field: &Field, refusals: &[(String, Vec<Refusal>)]) {
    let log = support::log(field).await;
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (id, refusals) in refusals {
        for refusal in refusals {
            let is_it = |line: &Value| {
                let fields = &line["fields"];
                fields["deployment"] == **id && fields["code"] == *refusal.code && fields["message"] != Value::Null
            };
            assert!(lines.iter().any(is_it), "the log says nothing of {id} {}:\n{log}", refusal.code);
        }
    }
}
