//! A call that takes effect when nobody waits for it any more.

use std::sync::Arc;
use std::time::Duration;

use end_to_end::{Field, assert_deployed};
use engine::fence::Fence;
use local::Call;
use local::proxy::{Held, Point, Rule};
use providers::Clients;
use serde_json::Value;

use crate::kill::{calls, kill};
use crate::outcome::{closed, field, turn_to};

const PATIENCE: Duration = Duration::from_secs(60);

/// Two APIs may have one name, so that a creation that lands after it was made again leaves a second one. It carries our tags
/// and is in no record: whoever takes over finds it by them, and has it deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_that_lands_after_it_was_made_again_leaves_nothing_behind() {
    let mut field = field().await;
    let project = turn_to(&mut field, "late").await;
    let mut first = hold(&field, "CreateApi");
    field.upload("bundle.zip", project.bundle()).await;
    let lost = reached(&field, &mut first).await;
    kill(&field).await;
    let mut second = hold(&field, "CreateStage");
    first.cut();
    reached(&field, &mut second).await;
    make_again(&field, &lost).await;
    let mark = field.account.proxy.mark();
    kill(&field).await;
    second.cut();

    let ended = field.ended_count(1).await.remove(0);
    assert_deployed(&ended);
    closed(&field).await;
    let after = field.account.proxy.since(mark);
    for (service, operation) in [("tag", "GetResources"), ("iam", "ListRoles")] {
        let is_it = |call: &&Call| call.is(service, operation) && call.caller.is_named("strandline-target");
        let call = after.iter().find(is_it).unwrap_or_else(|| panic!("no {service}:{operation}; {}", calls(&field)));
        assert!(call.succeeded(), "{call}");
    }
    let apis = field.account.look("support-desk-late").await.expect("the account can be read").0["apis"].clone();
    let apis: Vec<&Value> = apis.as_object().expect("by name").values().collect();
    assert_eq!(apis.len(), 1, "{apis:?}");
    assert_eq!(apis[0].as_array().expect("all of that name").len(), 1, "{apis:?}");
}

fn hold(field: &Field, operation: &str) -> Held {
    field.account.proxy.hold(Rule::on("apigateway", operation).caller("strandline-target"), Point::BeforeEffect)
}

async fn reached(field: &Field, held: &mut Held) -> Call {
    held.reached(PATIENCE).await.unwrap_or_else(|| panic!("nothing came; {}", calls(field)))
}

/// What the lost call would have made, had it arrived only now.
async fn make_again(field: &Field, lost: &Call) {
    let fence = Arc::new(Fence::new(Duration::from_secs(1)));
    fence.open_until(jiff::Timestamp::MAX);
    let clients = Clients::new(&field.account.clients.config, field.account.id(), fence);
    let asked: Value = serde_json::from_slice(&lost.body).expect("JSON");
    let text = |name: &str| asked[name].as_str().map(str::to_owned).expect("text");
    let tags = asked["tags"].as_object().expect("tags").iter();
    let tags = tags.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())).collect();
    let create = clients.apigateway.create_api().name(text("name")).protocol_type("HTTP".into());
    create.set_tags(Some(tags)).send().await.expect("a second API");
}
