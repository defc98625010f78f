//! References to secrets, as the loop sees them: texts that it hands on.

use super::*;

const KEY: &str = "{{resolve:ssm-secure:/shop/dev/key:1}}";

/// Carries out a plan that leads to `desired`.
async fn carried_out(world: &World, deployment: &str, desired: &Desired) -> End {
    let (plan, digest) = planned(world, deployment, desired);
    world.truth.lock().unwrap().journal.clear();
    invoke(world, &plan, &digest, limits()).await.unwrap()
}

#[tokio::test]
async fn a_name_that_comes_to_a_secret_is_refused_before_it_is_sent() {
    let world = World::new();
    run(&world, "d1", 1, limits()).await;
    // As a parameter shows what it was given.
    let table = "shared/Table@1".parse().unwrap();
    let shown = BTreeMap::from([("Arn".to_owned(), json!(KEY))]);
    world.truth.lock().unwrap().recorded.resources.get_mut(&table).unwrap().attributes = shown;
    let mut desired = desired(1);
    let named = json!({ "QueueName": { "Fn::Join": ["-", ["shop-dev", { "Fn::GetAtt": ["shared/Table", "Arn"] }]] } });
    desired.resources.insert("a/Named".parse().unwrap(), resource("AWS::SQS::Queue", named));
    let End::Failed(causes) = carried_out(&world, "d2", &desired).await else { panic!("it failed") };
    let told: Vec<&str> = causes.iter().map(|cause| cause.message.as_str()).collect();
    assert!(told.len() == 1 && told[0].contains("its name comes to a secret"), "{told:?}");
    assert!(!world.created.lock().unwrap().contains_key("a/Named@1"), "nothing was made");
}

#[tokio::test]
async fn whoever_looks_after_an_update_knows_what_was_sent_before_and_what_was_seen() {
    let world = World::new();
    let mut desired = desired(1);
    let table = "shared/Table".parse().unwrap();
    desired.resources.insert(table, resource("AWS::DynamoDB::Table", json!({ "BillingMode": KEY })));
    assert_eq!(carried_out(&world, "d1", &desired).await, End::Done);
    for (deployment, mode) in [("d2", "A"), ("d3", "B")] {
        let table = "shared/Table".parse().unwrap();
        desired.resources.insert(table, resource("AWS::DynamoDB::Table", json!({ "BillingMode": mode })));
        world.before.lock().unwrap().clear();
        // What AWS goes on showing as the reference to it was covered.
        let baseline = properties(json!({ "BillingMode": "{{changed}}" }));
        let key = "shared/Table@1".parse().unwrap();
        world.truth.lock().unwrap().recorded.resources.get_mut(&key).unwrap().baseline = baseline;
        assert_eq!(carried_out(&world, deployment, &desired).await, End::Done);
        let before = world.before.lock().unwrap().concat();
        assert!(before.contains("{{changed}}"), "{deployment}: {before}");
        assert_eq!(before.contains(KEY), deployment == "d2", "{deployment}: {before}");
    }
}
