//! HTTP APIs and what is in them.

use engine::ports::{Creation, Found};
use model::properties;
use serde_json::{Value, json};

use crate::support::{Change, Life, Stage, stamp, tag_map};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:shop-dev-support";

fn api(cors: Option<Value>, description: &str, tags: &[(&str, &str)]) -> model::Properties {
    let api = properties(json!({
        "Description": description, "Name": "shop-dev-api", "ProtocolType": "HTTP", "Tags": tag_map(tags) }));
    match cors {
        Some(cors) => api.with("CorsConfiguration", cors),
        None => api,
    }
}

fn integration(api: &str, description: &str, timeout: u32) -> model::Properties {
    properties(json!({
        "ApiId": api,
        "Description": description,
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": FUNCTION,
        "PayloadFormatVersion": "2.0",
        "TimeoutInMillis": timeout,
    }))
}

async fn made_api(stage: &Stage) -> String {
    let (made, _) = stage.make("AWS::ApiGatewayV2::Api", "shared/Api@1", &api(None, "all agents", &[])).await;
    made.physical_id.0
}

#[tokio::test]
async fn an_api_is_led_through_its_life() {
    let stage = Stage::start().await;
    let cors = |methods: &[&str]| Some(json!({ "AllowMethods": methods, "AllowOrigins": ["*"] }));
    let life = Life {
        kind: "AWS::ApiGatewayV2::Api",
        key: "shared/Api@1",
        asked: api(cors(&["GET"]), "all agents", &[("team", "a")]),
        unseen: &[],
        calls: &["CreateApi"],
        changes: vec![
            Change { to: api(cors(&["GET", "POST"]), "every agent", &[("team", "a")]), calls: &["UpdateApi"] },
            Change { to: api(None, "every agent", &[("team", "a")]), calls: &["DeleteCorsConfiguration"] },
            Change { to: api(None, "every agent", &[("cost", "b")]), calls: &["TagResource", "UntagResource"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn an_integration_is_led_through_its_life() {
    let stage = Stage::start().await;
    let api = made_api(&stage).await;
    let life = Life {
        kind: "AWS::ApiGatewayV2::Integration",
        key: "support/Integration@1",
        asked: integration(&api, "calls support", 30_000),
        unseen: &[],
        calls: &["CreateIntegration"],
        changes: vec![
            Change { to: integration(&api, "calls support", 10_000), calls: &["UpdateIntegration"] },
            Change { to: integration(&api, "asks support", 10_000), calls: &["UpdateIntegration"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn an_integration_is_found_by_its_mark_and_not_by_its_settings() {
    let stage = Stage::start().await;
    let api = made_api(&stage).await;
    let asked = integration(&api, "calls support", 30_000);
    let (first, _) = stage.make("AWS::ApiGatewayV2::Integration", "a/Integration@1", &asked).await;
    let (second, _) = stage.make("AWS::ApiGatewayV2::Integration", "b/Integration@1", &asked).await;
    let find = async |key: &str, engine: &str| {
        let (key, stamp) = (key.parse().unwrap(), stamp(engine));
        let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stamp };
        stage.provider("AWS::ApiGatewayV2::Integration").find(&creation).await.unwrap()
    };
    assert_eq!(find("a/Integration@1", "this-engine").await, Found::Ours(first));
    assert_eq!(find("b/Integration@1", "another-engine").await, Found::Foreign(second.physical_id));
    assert_eq!(find("c/Integration@1", "this-engine").await, Found::Absent);
    assert_eq!(find("a/Integration@2", "this-engine").await, Found::Absent);
}

#[tokio::test]
async fn a_route_is_led_through_its_life() {
    let stage = Stage::start().await;
    let api = made_api(&stage).await;
    let (one, _) =
        stage.make("AWS::ApiGatewayV2::Integration", "a/Integration@1", &integration(&api, "one", 30_000)).await;
    let (two, _) =
        stage.make("AWS::ApiGatewayV2::Integration", "b/Integration@1", &integration(&api, "two", 30_000)).await;
    let route = |key: &str, to: &str| {
        properties(json!({ "ApiId": api, "RouteKey": key, "Target": format!("integrations/{to}") }))
    };
    let life = Life {
        kind: "AWS::ApiGatewayV2::Route",
        key: "support/RoutePostSupport@1",
        asked: route("POST /support", one.physical_id.as_str()),
        unseen: &[],
        calls: &["CreateRoute"],
        changes: vec![
            Change { to: route("POST /support", two.physical_id.as_str()), calls: &["UpdateRoute"] },
            Change { to: route("POST /help", two.physical_id.as_str()), calls: &["UpdateRoute"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_stage_is_led_through_its_life() {
    let stage = Stage::start().await;
    let api = made_api(&stage).await;
    let asked = |rate: Option<u32>, tags: &[(&str, &str)]| {
        let stage = properties(json!({
            "ApiId": api, "AutoDeploy": true, "StageName": "$default", "Tags": tag_map(tags) }));
        match rate {
            Some(rate) => stage.with("DefaultRouteSettings", json!({ "ThrottlingRateLimit": rate })),
            None => stage,
        }
    };
    let life = Life {
        kind: "AWS::ApiGatewayV2::Stage",
        key: "shared/Stage@1",
        asked: asked(None, &[("team", "a")]),
        unseen: &[],
        calls: &["CreateStage"],
        changes: vec![
            Change { to: asked(Some(100), &[("team", "a")]), calls: &["UpdateStage"] },
            Change { to: asked(Some(100), &[("cost", "b")]), calls: &["TagResource", "UntagResource"] },
        ],
    };
    stage.lead(&life).await;
}
