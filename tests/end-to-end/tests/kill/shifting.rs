//! Kills while calls are led to new code.

use end_to_end::assert_deployed;
use end_to_end::sight::text;
use local::proxy::Point;
use serde_json::{Value, json};

use crate::kill::{At, deploy_and_kill};
use crate::outcome::{closed, field, turn_to};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_killed_in_a_shift_goes_on_where_the_shift_is() {
    let mut field = field().await;
    let shift = "memory: 256\n    alias: live\n    shift: { canary: { percent: 10, minutes: 1 } }";
    let first = turn_to(&mut field, "s00").await.with("strands.yaml", "memory: 256", shift);
    assert_deployed(&field.deploy(&first).await);

    let mark = field.account.proxy.mark();
    let second = first.with("agents/bot/handler.py", "hello", "good day");
    let at = |point| At { service: "lambda", operation: "UpdateAlias", point };
    let points = [at(Point::AfterEffect), at(Point::BeforeEffect)];
    let (ended, hit) = deploy_and_kill(&field, &second, &points).await;
    assert_deployed(&ended);
    assert_eq!(ended.execution.as_ref(), Some(&format!("{}-1", ended.id)), "the state machine itself went on with it");
    let shifted = hit[1].at.duration_since(hit[0].at).as_secs();
    assert!((60..100).contains(&shifted), "its minute does not begin anew after a kill: {shifted} s");

    let told = field.account.proxy.since(mark).into_iter();
    let told = told.filter(|call| call.is("lambda", "UpdateAlias") && call.forwarded).map(|call| {
        let body: Value = serde_json::from_slice(&call.body).expect("JSON");
        json!([body["FunctionVersion"], body["RoutingConfig"]["AdditionalVersionWeights"]])
    });
    let expected = [json!(["1", { "2": 0.1 }]), json!(["2", {}])];
    assert_eq!(told.collect::<Vec<_>>(), expected, "each step happened once");
    let sight = field.look().await;
    let live = &sight.one("functions", "bot")["Aliases"]["live"];
    assert_eq!((text(live, "/FunctionVersion"), &live["RoutingConfig"]), ("2", &Value::Null));
    closed(&field).await;
}
