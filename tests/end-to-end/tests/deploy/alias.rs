//! Agents that are called by way of an alias.

use end_to_end::assert_deployed;
use serde_json::json;

use crate::trial::{Trial, desk, with_polite_orders};
use end_to_end::sight::text;

#[tokio::test]
async fn changed_code_behind_an_alias_is_published_and_the_alias_moved() {
    let trial = Trial::start().await;
    let project =
        desk().with("strands.yaml", "memory: 256\n    timeout: 15", "memory: 256\n    alias: live\n    timeout: 15");
    assert_deployed(&trial.deploy(&project).await);
    let sight = trial.look().await;
    let function = sight.name("functions", "order-agent");
    let to = text(&sight.http_api()["Routes"]["POST /orders"][0], "/Integration");
    assert!(to.ends_with(&format!("{function}:live")), "the API calls the alias: {to}");
    assert_eq!(text(sight.one("functions", "order-agent"), "/Aliases/live/FunctionVersion"), "1");
    assert_eq!(text(&trial.ask(&sight, "orders", "order 1 kettle").await, "/tool"), "place");

    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&with_polite_orders(project)).await);
    let sight = trial.look().await;
    let expected = [
        format!("lambda:UpdateFunctionCode {function}"),
        format!("lambda:PublishVersion {function}"),
        format!("lambda:UpdateAlias {function}:live"),
    ];
    assert_eq!(trial.changes(mark), expected);
    let made = sight.one("functions", "order-agent");
    assert_eq!(text(made, "/Aliases/live/FunctionVersion"), "2");
    assert_eq!(made["PublishedVersions"], json!(["1", "2"]), "the old version stays, for a way back");
    let answer = trial.ask(&sight, "orders", "order 1 kettle").await;
    assert!(text(&answer, "/answer").starts_with("Thank you."), "{answer}");
    assert_eq!(sight.dangling(), Vec::<String>::new());
}
