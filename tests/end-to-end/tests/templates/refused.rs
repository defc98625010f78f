//! What is wrong with templates is told at once, at its places, before anything is touched.

use end_to_end::outcome;
use end_to_end::trial::Trial;
use model::{Outcome, Refusal};
use serde_json::Value;

use crate::orders::{logical_id, orders};

const STORAGE: &str = "cdk.out/OrdersStorage.template.json";

#[tokio::test]
async fn everything_that_is_wrong_with_two_templates_is_told_at_its_places() {
    let trial = Trial::start().await;
    let table = logical_id(&orders(), STORAGE, "OrdersTable");
    let project = orders()
        .with(STORAGE, "\"BillingMode\": \"PAY_PER_REQUEST\"", "\"BilingMode\": \"PAY_PER_REQUEST\"")
        .with(STORAGE, "\"SSEAlgorithm\": \"AES256\"", "\"SSEAlgorithm\": \"AES-256\"")
        .with("stacks/handmade.yaml", "!GetAtt Inbox.Arn\n\n  Open", "!GetAtt Inbox.Am\n\n  Open")
        .with("stacks/handmade.yaml", "Type: AWS::CloudWatch::Alarm", "Type: AWS::CloudWatch::Alam")
        .with(
            "stacks/handmade.yaml",
            "!Ref Letters, !ImportValue \"orders-alerts\"",
            "!Ref Leters, !ImportValue \"orders-alerts\"",
        );
    let mark = trial.account.proxy.mark();
    let deployment = trial.deploy(&project).await;
    let Outcome::Refused { refusals } = outcome(&deployment) else { panic!("{deployment:#?}") };
    let told: Vec<String> = refusals.iter().map(|one| format!("{} {}", one.code, one.message)).collect();
    assert_eq!(refusals.len(), 5, "{told:#?}");
    let place = |file: &str, text: &str| {
        let lines = project.text(file);
        let (number, line) = lines.split_inclusive('\n').enumerate().find(|(_, line)| line.contains(text)).unwrap();
        (file.to_owned(), number + 1, line[..line.find(text).unwrap()].chars().count() + 1)
    };
    let expected = [
        place(STORAGE, "\"BilingMode\""),
        place(STORAGE, "\"AES-256\""),
        place("stacks/handmade.yaml", "Am\n"),
        place("stacks/handmade.yaml", "AWS::CloudWatch::Alam"),
        place("stacks/handmade.yaml", "Leters"),
    ];
    let found = |one: &Refusal| (one.file.clone().unwrap(), one.line.unwrap(), one.column.unwrap());
    assert_eq!(refusals.iter().map(found).collect::<Vec<_>>(), expected, "{told:#?}");
    assert!(refusals.iter().all(|one| one.code.starts_with("template::") && one.help.is_some()), "{refusals:#?}");
    assert!(
        told[0].contains("BilingMode") && refusals[0].help.as_deref().unwrap().contains("BillingMode"),
        "{told:#?}"
    );

    let metadata: Value = serde_json::from_str(&trial.history(&deployment, "metadata.json").await).unwrap();
    assert_eq!(metadata["status"]["outcome"]["refusals"], serde_json::to_value(refusals).unwrap());
    let report: Value = serde_json::from_str(&trial.history(&deployment, "report.json").await).unwrap();
    for (file, line, column) in &expected {
        let place = format!("{file}:{line}:{column}");
        assert!(
            report["text"].as_str().unwrap().contains(&place),
            "`{place}` is not in\n{}",
            report["text"].as_str().unwrap()
        );
    }
    assert!(report["text"].as_str().unwrap().contains("PAY_PER_REQUEST"), "the line is shown, in `{table}`");
    let changes = trial.changes_since(mark);
    assert!(changes.is_empty(), "{changes:#?}");
    let listed = trial.admin(&["history", "show", "support-desk/dev", deployment.id.as_str()]).await.unwrap();
    assert!(listed.contains("template::") && listed.contains(&format!("{STORAGE}:{}", expected[0].1)), "{listed}");
}
