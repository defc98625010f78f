//! What nobody has to ask for.

use serde_json::{Value, json};

use super::{small, sound};

/// `(feature, what is written, the address, the property, its value)`.
type Default = (&'static str, &'static str, &'static str, &'static str, fn() -> Value);

const DEFAULTS: &[Default] = &[
    (
        "versions of objects are kept",
        "buckets: { a: {} }",
        "shared/ABucket",
        "VersioningConfiguration",
        || json!({ "Status": "Enabled" }),
    ),
    (
        "nobody owns objects but the bucket's owner",
        "buckets: { a: {} }",
        "shared/ABucket",
        "OwnershipControls",
        || json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] }),
    ),
    (
        "tables can be restored",
        "tables: { a: { key: { PK: S } } }",
        "shared/ATable",
        "PointInTimeRecoverySpecification",
        || json!({ "PointInTimeRecoveryEnabled": true }),
    ),
    ("tables cost what they are used", "tables: { a: { key: { PK: S } } }", "shared/ATable", "BillingMode", || {
        json!("PAY_PER_REQUEST")
    }),
    ("queues are encrypted", "queues: { a: {} }", "shared/AQueue", "SqsManagedSseEnabled", || json!(true)),
    (
        "dead letters are encrypted",
        "queues: { a: { dlq: true } }",
        "shared/AQueueDeadLetters",
        "SqsManagedSseEnabled",
        || json!(true),
    ),
    (
        "dead letters stay for two weeks",
        "queues: { a: { dlq: true } }",
        "shared/AQueueDeadLetters",
        "MessageRetentionPeriod",
        || json!(1_209_600),
    ),
    ("subnets give no addresses of the internet", "vpc: true", "shared/PublicSubnet1", "MapPublicIpOnLaunch", || {
        json!(false)
    }),
    ("what is rejected in the network is noted", "vpc: true", "shared/FlowLog", "TrafficType", || json!("REJECT")),
    (
        "names of AWS resolve to endpoints",
        "vpc: { endpoints: [sqs] }",
        "shared/SqsEndpoint",
        "PrivateDnsEnabled",
        || json!(true),
    ),
    ("S3 is reached without the internet", "vpc: true", "shared/S3Endpoint", "VpcEndpointType", || json!("Gateway")),
    ("secrets have 32 characters of each kind", "secrets: { a: {} }", "shared/ASecret", "GenerateSecretString", || {
        json!({
            "ExcludeCharacters": "\"'`\\/@:;&?#%$ ",
            "ExcludePunctuation": false,
            "PasswordLength": 32,
            "RequireEachIncludedType": true,
        })
    }),
    ("logs go after a month", "monitoring: {}", "bot/LogGroup", "RetentionInDays", || json!(30)),
];

#[test]
fn what_nobody_has_to_ask_for_is_visible_in_the_expansion() {
    for (what, written, address, property, expected) in DEFAULTS {
        let expanded = sound(&small(&format!("shared: {{ {written} }}\n")));
        let resource = expanded.desired.resources.get(&address.parse().unwrap());
        let resource = resource.unwrap_or_else(|| panic!("{what}: no {address}"));
        assert_eq!(resource.properties.get(property), Some(&expected()), "{what}");
    }
}

#[test]
fn nothing_is_made_that_nobody_asked_for() {
    let small = sound(&small(""));
    let addresses: Vec<String> = small.desired.resources.keys().map(ToString::to_string).collect();
    assert_eq!(addresses.len(), 3, "{addresses:?}");
    assert!(small.notes.is_empty());
}

#[test]
fn every_bucket_refuses_requests_without_tls() {
    let expanded = sound(&small("shared: { buckets: { a: {} } }\n"));
    let policy =
        expanded.desired.resources[&"shared/ABucketPolicy".parse().unwrap()].properties.get("PolicyDocument").unwrap();
    assert_eq!(policy["Statement"][0]["Effect"], "Deny");
    assert_eq!(policy["Statement"][0]["Condition"], json!({ "Bool": { "aws:SecureTransport": "false" } }));
}

#[test]
fn what_has_a_place_in_the_config_keeps_it_through_expansion() {
    let text = small("shared:\n  vpc: true\n  secrets: { a: {} }\n  tables: { b: { key: { PK: S } } }\n");
    let expanded = sound(&text);
    let line = |address: &str| {
        let span = expanded.places[&address.parse().unwrap()];
        text.get(..span.offset).unwrap().matches('\n').count() + 1
    };
    assert_eq!(line("bot/Function"), 4);
    assert_eq!(line("shared/NatGateway1"), 9);
    assert_eq!(line("shared/ASecret"), 10);
    assert_eq!(line("shared/BTable"), 11);
}
