//! What was deployed, told afterwards.

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with};
use end_to_end::trial::Trial;
use end_to_end::{assert_deployed, outcome};
use local::{Effect, Rule};
use serde_json::{Value, json};

use crate::admin;

#[tokio::test]
async fn an_administrator_reads_what_was_deployed_by_whom_and_how_two_deployments_differ() {
    let trial = Trial::start().await;
    let first = trial.deploy_and_settle(&bot()).await;
    let second = trial.deploy_and_settle(&bot_with(300)).await;
    assert_deployed(&first);
    assert_deployed(&second);

    let listed = admin(&trial, &["history", DESK]).await.unwrap();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    for (line, one) in lines[1..].iter().zip([&first, &second]) {
        assert!(line.starts_with(one.id.as_str()) && line.contains("  Deployed  "), "{listed}");
        assert!(line.ends_with("support-desk/dev/bundle.zip by 123456789012"), "{listed}");
    }
    let all: Value = serde_json::from_str(&admin(&trial, &["history", DESK, "--json"]).await.unwrap()).unwrap();
    assert_eq!(all, json!([first, second]));

    one_is_shown_with_its_plan_its_times_and_its_files(&trial, &second).await;
    the_same_for_programs(&trial, &first).await;
    two_are_compared(&trial, [&first, &second]).await;

    one_that_undid_itself_tells_of_both_plans(&trial).await;
    one_alarm_more_is_ten_cents_more(&trial, &second).await;

    let error = admin(&trial, &["history", "show", DESK, "9"]).await.expect_err("there is none");
    assert!(error.contains("no deployment of revision 9 is kept in `support-desk/dev`"), "{error}");
    assert!(error.contains("`cargo xtask admin history support-desk/dev` lists them"), "{error}");
}

async fn one_is_shown_with_its_plan_its_times_and_its_files(trial: &Trial, second: &model::Deployment) {
    let shown = admin(trial, &["history", "show", DESK, second.id.as_str()]).await.unwrap();
    assert!(!shown.contains('\x1b'), "no colours where nobody sees them:\n{shown}");
    let first_line = shown.lines().next().unwrap();
    assert!(first_line.starts_with("✔ Deployed support-desk/dev  in "), "{shown}");
    let inbox = trial.account.inbox();
    let files = format!("s3://{}/support-desk/dev/deployments/{}/", trial.account.deployments(), second.id);
    for expected in [
        "  asked for  what the config says",
        "  by         account 123456789012, from 127.0.0.1, request ",
        &format!("  upload     s3://{inbox}/support-desk/dev/bundle.zip, version "),
        "  accepted   20",
        &format!("  execution  {}-1", second.id),
        "Plan for support-desk/dev",
        "  1 to update, ",
        "      MemorySize: 256 → 300",
        "1 change in ",
        "parallel efficiency ",
        &files,
        "state-after.json",
        "execution-log.jsonl",
    ] {
        assert!(shown.contains(expected), "`{expected}` is not in\n{shown}");
    }
    // By the beginning of its id, too, and by its revision.
    let id = second.id.as_str();
    for which in [&id[..id.len() - 2], "2"] {
        assert_eq!(admin(trial, &["history", "show", DESK, which]).await.as_ref(), Ok(&shown), "{which}");
    }
}

async fn one_that_undid_itself_tells_of_both_plans(trial: &Trial) {
    let refusal = Rule::on("sns", "CreateTopic").caller("strandline-target").always();
    let refusal = trial.account.proxy.inject(refusal, Effect::fail(403, "AuthorizationError"));
    let project = bot_with(500).with("strands.yaml", "alerts: {}", "alerts: {}, extra: {}");
    let failed = trial.deploy_and_settle(&project).await;
    trial.account.proxy.withdraw(refusal);
    assert_eq!(outcome(&failed).name(), "RolledBack", "{failed:#?}");
    let shown = admin(trial, &["history", "show", DESK, failed.id.as_str()]).await.unwrap();
    let (before, after) = shown.split_once("── Plan that undid it ──").expect("two plans");
    for expected in [
        "✘ RolledBack support-desk/dev",
        "AuthorizationError",
        "The environment is as it was at revision 2.",
        ", back to revision 2",
        "── Plan that failed ──",
        "MemorySize: 300 → 500",
        "── Timeline ──",
    ] {
        assert!(before.contains(expected), "`{expected}` is not in\n{shown}");
    }
    for expected in
        ["MemorySize: 500 → 300", "── Timeline ──", "1 change in ", "plan that failed", "record at the failure"]
    {
        assert!(after.contains(expected), "`{expected}` is not in\n{shown}");
    }
}

/// The agent with alarms on these figures.
fn watched(figures: &str) -> end_to_end::Project {
    bot_with(300).with("strands.yaml", "shared:\n", &format!("shared:\n  monitoring: {{ alarms: {{ {figures} }} }}\n"))
}

async fn one_alarm_more_is_ten_cents_more(trial: &Trial, without: &model::Deployment) {
    let one = trial.deploy_and_settle(&watched("errors: 1")).await;
    let two = trial.deploy_and_settle(&watched("errors: 1, throttles: 1")).await;
    assert_deployed(&one);
    assert_deployed(&two);
    let compare = async |from: &model::Deployment, to: &model::Deployment| {
        let told = admin(trial, &["history", "compare", DESK, from.id.as_str(), to.id.as_str()]).await.unwrap();
        assert!(!told.contains('\x1b'), "no colours where nobody sees them:\n{told}");
        let (_, cost) = told.split_once("── Cost ──").expect("a part on costs");
        cost.split_once("── Outputs ──").expect("a part after it").0.to_owned()
    };
    let cost = compare(&one, &two).await;
    let added: Vec<&str> = cost.lines().filter(|line| line.starts_with("  + ")).collect();
    assert_eq!(added.len(), 1, "{cost}");
    assert!(added[0].starts_with("  + bot/") && added[0].ends_with("  AWS::CloudWatch::Alarm  0.10"), "{cost}");
    for expected in [
        "  standing: 0.10 → 0.20 USD a month, 0.10 more\n",
        "  charged by use, which is not counted:\n    AWS::Lambda::Function  1\n      0.20 per million requests; ",
        "    AWS::SNS::Topic  2\n      0.50 per million publications\n",
        "  list prices of us-east-1 as of 2025-10-28 to 2026-",
    ] {
        assert!(cost.contains(expected), "`{expected}` is not in\n{cost}");
    }
    assert!(!cost.contains("without a known price"), "{cost}");
    let cost = compare(&two, without).await;
    assert!(cost.contains("  standing: 0.20 → 0.00 USD a month, 0.20 less\n"), "{cost}");
    assert_eq!(cost.lines().filter(|line| line.starts_with("  − ")).count(), 2, "{cost}");

    let arguments = ["history", "compare", DESK, one.id.as_str(), two.id.as_str(), "--json"];
    let told: Value = serde_json::from_str(&admin(trial, &arguments).await.unwrap()).unwrap();
    let cost = &told["cost"];
    assert_eq!([&cost["from"]["standing"], &cost["to"]["standing"], &cost["difference"]], ["0.10", "0.20", "0.10"]);
    assert_eq!(cost["resources"].as_array().map(Vec::len), Some(1), "{cost}");
    assert_eq!(cost["resources"][0]["difference"], "0.10");
    assert_eq!(cost["to"]["unknown"], json!([]));

    let shown = admin(trial, &["history", "show", DESK, two.id.as_str()]).await.unwrap();
    assert!(shown.contains("  standing   0.20 USD a month; "), "{shown}");
}

async fn the_same_for_programs(trial: &Trial, first: &model::Deployment) {
    let shown = admin(trial, &["history", "show", DESK, "1", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["deployment"], json!(first));
    assert_eq!(shown["outcome"], "Deployed");
    let part = &shown["plans"][0];
    let changes = part["plan"]["changes"].as_array().unwrap().len();
    assert_eq!(part["plan"]["create"], changes);
    assert_eq!(part["timeline"]["changes"], changes);
    assert_eq!(part["runs"].as_array().unwrap().len(), changes);
    let efficiency = part["timeline"]["parallel_efficiency"].as_f64().unwrap();
    assert!(efficiency > 0.0 && efficiency <= 1.0, "{part}");
    assert!(!part["waves"].as_array().unwrap().is_empty());
    let bucket = format!("s3://{}/", trial.account.deployments());
    for (what, file) in shown["files"].as_object().unwrap() {
        let key = file.as_str().unwrap().strip_prefix(&bucket).unwrap();
        assert!(trial.file(key).await.is_some(), "{what}: {key}");
    }
}

async fn two_are_compared(trial: &Trial, [first, second]: [&model::Deployment; 2]) {
    let compared = admin(trial, &["history", "compare", DESK, "1", "2"]).await.unwrap();
    for expected in [
        format!("  - revision 1  {}  Deployed", first.id),
        format!("  + revision 2  {}  Deployed", second.id),
        "-    memory: 256".to_owned(),
        "+    memory: 300".to_owned(),
        "  1 changed, ".to_owned(),
        "  ~ bot/".to_owned(),
        "      MemorySize: 256 → 300".to_owned(),
        "  the same: ".to_owned(),
    ] {
        assert!(compared.contains(&expected), "`{expected}` is not in\n{compared}");
    }
    let arguments = ["history", "compare", DESK, second.id.as_str(), first.id.as_str(), "--json"];
    let compared: Value = serde_json::from_str(&admin(trial, &arguments).await.unwrap()).unwrap();
    assert_eq!(compared["from"]["revision"], 2);
    let changed = compared["resources"]["changed"].as_array().unwrap();
    assert_eq!(changed.len(), 1, "{compared}");
    assert_eq!(changed[0]["to"]["type"], "AWS::Lambda::Function");
    assert_eq!(changed[0]["properties"], json!([{ "path": "MemorySize", "from": 300, "to": 256 }]));
    assert_eq!(compared["resources"]["added"], json!([]));
    assert!(compared["config"].as_str().unwrap().contains("+    memory: 256"), "{compared}");
}
