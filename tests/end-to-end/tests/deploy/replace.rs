//! Changes that AWS cannot make in place.

use end_to_end::{Project, assert_deployed};

use crate::trial::{Trial, desk};
use end_to_end::sight::text;

const TABLE: &str = "orders: { key: { PK: S }, sort: { SK: S }, ttl: until }";

const FULL: &str = "{ resource: orders, access: full }";
const WRITE: &str = "{ resource: orders, access: write }";

/// The desk with another table.
fn with_table(project: Project, table: &str) -> Project {
    project.with("strands.yaml", TABLE, table)
}

#[tokio::test]
async fn what_cannot_be_changed_in_place_is_replaced_and_nothing_dangles() {
    let trial = Trial::start().await;
    assert_deployed(
        &trial
            .deploy(&with_table(desk(), "orders: { key: { PK: S }, sort: { SK: S }, ttl: until, on_removal: delete }"))
            .await,
    );
    a_table_with_other_keys_takes_the_place_of_the_old_one(&trial).await;
    other_permissions_are_another_role(&trial).await;
    a_table_that_is_to_be_kept_is_kept_beside_its_successor(&trial).await;
}

async fn a_table_with_other_keys_takes_the_place_of_the_old_one(trial: &Trial) {
    let before = trial.look().await;
    let old = before.name("tables", "Orders");
    let mark = trial.account.proxy.mark();
    let project = with_table(desk(), "orders: { key: { PK: S }, sort: { Kind: S }, ttl: until, on_removal: delete }");
    assert_deployed(&trial.deploy(&project).await);

    let after = trial.look().await;
    let new = after.name("tables", "Orders");
    assert_ne!(new, old);
    assert_eq!(text(after.one("tables", "Orders"), "/KeySchema/1/AttributeName"), "Kind");
    assert_eq!(text(after.one("tables", "Orders"), "/Tags/strands:generation"), "2");
    for agent in ["order-agent", "customer-support-agent"] {
        let variable = "/Configuration/Environment/Variables/ORDERS_TABLE";
        assert_eq!(text(after.one("functions", agent), variable), new);
        let role =
            text(after.one("functions", agent), "/Configuration/Role").rsplit('/').next().expect("a name").to_owned();
        let policies = after.all("roles")[&role]["InlinePolicies"].to_string();
        assert!(policies.contains(&new) && !policies.contains(&old), "{policies}");
    }
    assert_eq!(after.dangling(), Vec::<String>::new());
    let changes = trial.changes(mark);
    let at = |action: &str, name: &str| changes.iter().position(|one| *one == format!("dynamodb:{action} {name}"));
    let (made, deleted) = (at("CreateTable", &new).expect("made"), at("DeleteTable", &old).expect("deleted"));
    assert!(made < deleted, "{changes:#?}");
    let last = changes.iter().rposition(|one| one.starts_with("lambda:")).expect("functions are changed");
    assert!(last < deleted, "the old one goes when nothing needs it any more: {changes:#?}");
    let kept = |kind: &str| {
        (before.all(kind).keys().cloned().collect::<Vec<_>>(), after.all(kind).keys().cloned().collect::<Vec<_>>())
    };
    for kind in ["alarms", "apis", "buckets", "functions", "log_groups", "queues", "roles", "topics"] {
        let (before, after) = kept(kind);
        assert_eq!(before, after, "{kind}");
    }
    let record = trial.record().await;
    let incarnations: Vec<String> = record
        .resources
        .keys()
        .filter(|key| key.address.logical_id == "OrdersTable")
        .map(ToString::to_string)
        .collect();
    assert_eq!(incarnations, ["shared/OrdersTable@2"]);
}

async fn other_permissions_are_another_role(trial: &Trial) {
    let before = trial.look().await;
    let role_of = |sight: &end_to_end::sight::Sight, agent: &str| {
        text(sight.one("functions", agent), "/Configuration/Role").rsplit('/').next().expect("a name").to_owned()
    };
    let old = role_of(&before, "order-agent");
    let project = with_table(desk(), "orders: { key: { PK: S }, sort: { Kind: S }, ttl: until, on_removal: delete }");
    let project = project.with("strands.yaml", FULL, WRITE);
    assert_deployed(&trial.deploy(&project).await);
    let after = trial.look().await;
    let new = role_of(&after, "order-agent");
    assert_ne!(new, old);
    assert!(after.all("roles").contains_key(&new) && !after.all("roles").contains_key(&old));
    assert_eq!(after.all("roles").len(), 3);
    assert_eq!(role_of(&after, "customer-support-agent"), role_of(&before, "customer-support-agent"));
    assert_eq!(after.dangling(), Vec::<String>::new());
    let answer = trial.ask(&after, "support", "When are you open?").await;
    assert_eq!(text(&answer, "/tool"), "opening_hours");
}

async fn a_table_that_is_to_be_kept_is_kept_beside_its_successor(trial: &Trial) {
    let mark = trial.account.proxy.mark();
    let project = with_table(desk(), "orders: { key: { PK: S }, sort: { Kind: S }, ttl: until }");
    let project = project.with("strands.yaml", FULL, WRITE);
    assert_deployed(&trial.deploy(&project).await);
    assert_eq!(trial.changes(mark), Vec::<String>::new(), "that something is to be kept is only recorded");
    let kept = trial.look().await.name("tables", "Orders");
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&desk()).await);
    let sight = trial.look().await;
    let tables = sight.named("tables", "Orders");
    assert_eq!(tables.len(), 2, "{tables:?}");
    let new = tables.iter().find(|name| **name != kept).expect("a new one");
    assert_eq!(text(sight.one("functions", "order-agent"), "/Configuration/Environment/Variables/ORDERS_TABLE"), new);
    assert!(
        !trial.changes(mark).iter().any(|change| change.ends_with(&kept)),
        "nothing is done to the one that is kept"
    );
    let answer = trial.ask(&sight, "orders", "order 3 cups").await;
    assert_eq!(text(&answer, "/tool"), "place");
}

#[tokio::test]
async fn a_table_that_was_let_go_is_not_taken_for_another_of_its_name() {
    let trial = Trial::start().await;
    let config = |tables: &str| {
        let text = format!(
            "project: {{ name: support-desk, region: us-east-1 }}\n\
             agents:\n  - {{ name: order-agent, path: agents/order-agent, runtime: python3.11, handler: handler.handle }}\n\
             {tables}\
             environments:\n  dev: {{ account: \"123456789012\", region: us-east-1 }}\n"
        );
        desk().config(&text)
    };
    let table = |key: &str| config(&format!("shared:\n  tables:\n    orders: {{ key: {{ {key}: S }} }}\n"));
    assert_deployed(&trial.deploy(&table("PK")).await);
    let kept = trial.look().await.name("tables", "Orders");
    assert_deployed(&trial.deploy(&config("")).await);
    assert_eq!(trial.look().await.name("tables", "Orders"), kept);
    let deployment = trial.deploy(&table("Id")).await;
    assert_deployed(&deployment);
    let sight = trial.look().await;
    let tables = sight.named("tables", "Orders");
    assert_eq!(tables.len(), 2, "{tables:?}");
    let new = tables.iter().find(|name| **name != kept).expect("a new one");
    assert_eq!(text(&sight.all("tables")[new], "/KeySchema/0/AttributeName"), "Id");
    assert_eq!(text(&sight.all("tables")[&kept], "/KeySchema/0/AttributeName"), "PK");
}
