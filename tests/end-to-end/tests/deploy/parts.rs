//! Deployments of a part: one agent, some, a stack. Everything else stays as it is.

use std::collections::BTreeSet;
use std::time::Duration;

use end_to_end::admin::DESK;
use end_to_end::sight::{Sight, text};
use end_to_end::{Project, assert_deployed, outcome};
use local::Rule;
use local::proxy::Point;
use model::{Deployment, DeploymentStatus, Outcome};

use crate::trial::{EVERYTHING, Trial, desk, with_polite_orders, without_research};

/// The desk with another line of code in the agent that does research.
fn with_eager_research(project: Project) -> Project {
    project.with("agents/research-agent/agent.py", "I will look into", "I shall look into")
}

/// How the two agents answer whose code changes.
async fn answers(trial: &Trial, sight: &Sight) -> [String; 2] {
    let order = trial.ask(sight, "orders", "order 1 kettle").await;
    let research = trial.ask(sight, "research", "Which teapots keep tea warm longest?").await;
    let answer = |answer| text(answer, "/answer").split(' ').take(2).collect::<Vec<_>>().join(" ");
    [answer(&order), answer(&research)]
}

/// What is wrong with an upload, as its author reads it.
fn told(deployment: &Deployment) -> Vec<String> {
    let Outcome::Refused { refusals } = outcome(deployment) else { panic!("{:?}", deployment.status) };
    let line =
        |one: &model::Refusal| format!("{} | {} | {}", one.code, one.message, one.help.as_deref().unwrap_or_default());
    refusals.iter().map(line).collect()
}

#[tokio::test]
async fn one_agent_is_deployed_and_the_others_stay_as_they_are_until_everything_is() {
    let trial = Trial::start().await;
    assert_deployed(&trial.deploy(&desk()).await);
    let before = trial.look().await;
    assert_eq!(answers(&trial, &before).await[1], "I will");

    let both = with_eager_research(with_polite_orders(desk()));
    let mark = trial.account.proxy.mark();
    let part = trial.deploy_only("order-agent", &both).await;
    assert_deployed(&part);
    trial.written(&part).await;
    let sight = trial.look().await;
    let orders = sight.name("functions", "order-agent");
    assert_eq!(trial.changes(mark), [format!("lambda:UpdateFunctionCode {orders}")]);
    assert_eq!(answers(&trial, &sight).await, ["Thank you.", "I will"]);
    assert_eq!(sight.things(), before.things());
    assert_eq!(part.outputs.len(), trial.deployments().await[0].outputs.len(), "outputs of all that there is");

    let listed = trial.admin(&["history", DESK]).await.expect("the history");
    let line = listed.lines().last().unwrap_or_default();
    assert!(line.starts_with(part.id.as_str()) && line.contains("only order-agent"), "{listed}");
    let shown = trial.admin(&["history", "show", DESK, part.id.as_str()]).await.expect("the deployment");
    assert!(shown.contains("what the config says, only of order-agent"), "{shown}");
    let metadata: serde_json::Value = serde_json::from_str(&trial.history(&part, "metadata.json").await).expect("JSON");
    assert_eq!(metadata["request"], serde_json::json!({ "do": "deploy", "only": ["order-agent"] }));

    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&both).await);
    let sight = trial.look().await;
    let research = sight.name("functions", "research-agent");
    assert_eq!(trial.changes(mark), [format!("lambda:UpdateFunctionCode {research}")]);
    assert_eq!(answers(&trial, &sight).await, ["Thank you.", "I shall"]);
}

#[tokio::test]
async fn an_agent_that_is_deployed_alone_brings_what_it_needs_and_nothing_of_the_others() {
    let trial = Trial::start().await;
    let part = trial.deploy_only("order-agent", &desk()).await;
    assert_deployed(&part);
    let sight = trial.look().await;
    assert_eq!(sight.named("functions", "").len(), 1);
    assert_eq!(sight.named("tables", "Orders").len(), 1, "its table comes along");
    for kind in ["buckets", "queues"] {
        assert_eq!(sight.all(kind).len(), 0, "{kind} that others use: {:?}", sight.all(kind).keys());
    }
    let of_others = |thing: &&String| ["customer-support", "research"].iter().any(|agent| thing.contains(agent));
    assert_eq!(sight.things().iter().filter(of_others).count(), 0, "{:?}", sight.things());
    assert_eq!(sight.dangling(), Vec::<String>::new());
    let routes: BTreeSet<&String> = sight.http_api()["Routes"].as_object().expect("routes").keys().collect();
    assert_eq!(routes.into_iter().collect::<Vec<_>>(), ["POST /orders"]);
    // The emulator answers without a stage, too, and AWS does not.
    assert_eq!(sight.http_api()["Stages"].as_object().expect("stages").len(), 1, "{}", sight.http_api());
    let answer = trial.ask(&sight, "orders", "order 1 kettle").await;
    assert_eq!(text(&answer, "/tool"), "place");

    // The rest comes with whatever is deployed next, and what is there stays.
    let there = sight.things();
    let mark = trial.account.proxy.mark();
    assert_deployed(&trial.deploy(&desk()).await);
    let whole = trial.look().await;
    assert_eq!(whole.things().len(), EVERYTHING);
    assert!(there.is_subset(&whole.things()));
    let made_anew = |change: &&String| change.contains("Delete");
    assert_eq!(trial.changes(mark).iter().find(made_anew), None);
    trial.ask(&whole, "support", "When are you open?").await;
}

#[tokio::test]
async fn what_names_nothing_that_there_is_is_refused_with_what_there_is() {
    let trial = Trial::start().await;
    let mark = trial.account.proxy.mark();
    let all = "agents and stacks are `customer-support-agent`, `order-agent`, `research-agent` and `shared`";
    let refused = trial.deploy_only("order-agnet, shared", &desk()).await;
    assert_eq!(
        told(&refused),
        [format!("intake::selection | there is no agent or stack `order-agnet` | did you mean `order-agent`? {all}")]
    );
    let refused = trial.deploy_only("storage", &desk()).await;
    assert_eq!(told(&refused), [format!("intake::selection | there is no agent or stack `storage` | {all}")]);
    let refused = trial.deploy_only("=?UTF-8?B?w7ZyZGVycw==?=", &desk()).await;
    let encoded = "a name is of letters from a to z, digits and hyphens: type it anew, as the config has it";
    assert_eq!(
        told(&refused),
        [format!("intake::selection | `=?UTF-8?B?w7ZyZGVycw==?=` in `only` is no name | {encoded}")]
    );
    let refused = trial.deploy_only("order-agent,", &desk()).await;
    assert_eq!(
        told(&refused),
        [
            "intake::selection | `only` has an empty name: `order-agent,` | separate names by one comma, and end with a name"
        ]
    );
    let before = trial.ids().await;
    trial.upload_only("order-agent", "rollback.json", br#"{"to": "previous"}"#.to_vec()).await;
    let refused = trial.next(&before).await;
    assert_eq!(
        told(&refused),
        [
            "intake::selection | the metadata of a `rollback.json` have `only` | name the part in the file, as `agent` or \
          `stack`, and upload it without `only`"
        ]
    );
    assert_eq!(trial.changes(mark), Vec::<String>::new());
}

#[tokio::test]
async fn parts_that_wait_are_all_carried_out_in_their_order_but_what_a_newer_one_is_about() {
    let trial = Trial::start().await;
    let creation = Rule::on("iam", "CreateRole").caller("strandline-target");
    let mut held = trial.account.proxy.hold(creation, Point::AfterEffect);
    let first = trial.enqueue(&desk()).await;
    held.reached(Duration::from_secs(60)).await.expect("a role is made");

    let polite = with_polite_orders(desk());
    let rude =
        desk().with("agents/order-agent/agent.py", "f\"Order {order}: {quantity}", "f\"Hm. Order {order}: {quantity}");
    let older = trial.enqueue_only("order-agent", &rude).await;
    let research = trial.enqueue_only("research-agent", &with_eager_research(desk())).await;
    let orders = trial.enqueue_only("order-agent", &polite).await;
    let waiting = trial.admin(&["queue", DESK]).await.expect("the queue");
    assert!(
        waiting
            .lines()
            .any(|line| line.starts_with(&format!("waits  {}", research.id)) && line.ends_with("only research-agent")),
        "{waiting}"
    );
    assert_eq!(trial.head(&older.id).await.status, DeploymentStatus::Queued);
    held.release();

    assert_deployed(&trial.end_of(&first.id).await);
    let research = trial.end_of(&research.id).await;
    let orders = trial.end_of(&orders.id).await;
    assert_deployed(&research);
    assert_deployed(&orders);
    assert!(research.ended <= orders.started, "in the order in which they were accepted");
    assert_eq!(*outcome(&trial.end_of(&older.id).await), Outcome::Superseded { by: orders.id.clone() });
    assert_eq!(research.revision.map(|one| one.next()), orders.revision);
    let sight = trial.look().await;
    assert_eq!(answers(&trial, &sight).await, ["Thank you.", "I shall"]);
    assert_eq!(sight.things().len(), EVERYTHING);
}

#[tokio::test]
async fn an_agent_that_left_the_config_goes_alone_where_it_is_named() {
    let trial = Trial::start().await;
    assert_deployed(&trial.deploy(&desk()).await);
    let before = trial.look().await;
    let without = without_research(with_polite_orders(desk()));
    assert_deployed(&trial.deploy_only("research-agent", &without).await);
    let after = trial.look().await;
    assert_eq!(after.named("functions", "research-agent"), Vec::<String>::new());
    let gone: BTreeSet<String> = before.things().difference(&after.things()).cloned().collect();
    let role = text(before.one("functions", "research-agent"), "/Configuration/Role");
    let role = format!("roles {}", role.rsplit('/').next().expect("a name"));
    let its_own = |thing: &String| thing.contains("-research-agent-") || *thing == role;
    assert_eq!(gone, before.things().into_iter().filter(its_own).collect(), "its role as well, which nobody else has");
    assert_eq!(after.dangling(), Vec::<String>::new());
    let answer = trial.ask(&after, "orders", "order 1 kettle").await;
    assert!(text(&answer, "/answer").starts_with("Order "), "its code is newer, and it was not named: {answer}");
}
