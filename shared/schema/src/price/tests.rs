use model::{Charge, Standing, properties};
use serde_json::{Value, json};

use super::*;

/// What a resource costs, in words: `0.10; 0.03 per 10000 requests; ? per 1 messages`, or `unknown: why; …`.
fn told(kind: &str, asked: Value) -> String {
    let price = price(&kind.into(), &properties(asked));
    let standing = match price.standing {
        Standing::Known(usd) => usd.to_string(),
        Standing::Unknown(why) => format!("unknown: {why}"),
    };
    let charge = |one: &Charge| {
        let usd = one.usd.map_or("?".to_owned(), |usd| usd.to_string());
        format!("{usd} per {} {}", one.per, one.unit)
    };
    std::iter::once(standing).chain(price.charges.iter().map(charge)).collect::<Vec<_>>().join("; ")
}

fn table(rows: &[(&str, Value, &str)]) {
    for (kind, asked, expected) in rows {
        assert_eq!(told(kind, asked.clone()), *expected, "{kind} {asked}");
    }
}

#[test]
fn an_alarm_costs_by_the_metrics_that_it_watches_and_how_often() {
    let metric = |id: &str, period: i64| json!({ "Id": id, "MetricStat": { "Period": period } });
    let band = json!({ "Id": "band", "Expression": "ANOMALY_DETECTION_BAND(a, 2)" });
    let alarm = "AWS::CloudWatch::Alarm";
    table(&[
        (alarm, json!({ "MetricName": "Errors", "Period": 60 }), "0.10"),
        (alarm, json!({ "MetricName": "Errors", "Period": "300" }), "0.10"),
        (alarm, json!({ "MetricName": "Errors", "Period": 10 }), "0.30"),
        (alarm, json!({ "Metrics": [metric("a", 60)] }), "0.10"),
        (alarm, json!({ "Metrics": [metric("a", 60), metric("b", 60), { "Id": "c", "Expression": "a / b" }] }), "0.20"),
        (alarm, json!({ "Metrics": [metric("a", 60), metric("b", 30)] }), "0.60"),
        (alarm, json!({ "Metrics": [metric("a", 60), band], "ThresholdMetricId": "band" }), "0.30"),
        (alarm, json!({ "Metrics": [metric("a", 10), band], "ThresholdMetricId": "band" }), "0.90"),
        (
            alarm,
            json!({ "Metrics": [metric("a", 60), metric("b", 60), band], "ThresholdMetricId": "band" }),
            "unknown: what anomalies of several metrics cost is not known",
        ),
        (
            alarm,
            json!({ "Metrics": [{ "Id": "q", "Expression": "SELECT MAX(Errors) FROM \"AWS/Lambda\"" }] }),
            "unknown: it asks for metrics by a query, and each that is found is charged",
        ),
        (alarm, json!({}), "unknown: `MetricName` is not known, or not understood"),
        (alarm, json!({ "MetricName": "Errors" }), "unknown: `Period` is not known, or not understood"),
        ("AWS::CloudWatch::CompositeAlarm", json!({}), "0.50"),
    ]);
}

#[test]
fn a_function_costs_nothing_while_nobody_calls_it() {
    let function = "AWS::Lambda::Function";
    let x86 = "0.00; 0.20 per 1000000 requests; 16.6667 per 1000000 GB-seconds of memory";
    table(&[
        (function, json!({ "MemorySize": 256 }), x86),
        (function, json!({ "Architectures": ["x86_64"], "EphemeralStorage": { "Size": 512 } }), x86),
        (
            function,
            json!({ "Architectures": ["arm64"], "EphemeralStorage": { "Size": 1024 } }),
            "0.00; 0.20 per 1000000 requests; 13.3334 per 1000000 GB-seconds of memory; \
             0.0309 per 1000000 GB-seconds of storage above 512 MB",
        ),
        (function, json!({ "Runtime": "java21", "SnapStart": { "ApplyOn": "PublishedVersions" } }), x86),
        (function, json!({ "Runtime": "python3.13", "SnapStart": { "ApplyOn": "None" } }), x86),
        (
            function,
            json!({ "Runtime": "python3.13", "SnapStart": { "ApplyOn": "PublishedVersions" } }),
            "unknown: snapshots of its versions are charged as long as they are kept, at a price that is not known; \
             0.20 per 1000000 requests; 16.6667 per 1000000 GB-seconds of memory",
        ),
        (function, json!({ "Architectures": ["other"] }), "unknown: `Architectures` is not known, or not understood"),
        (
            function,
            json!({ "CapacityProviderConfig": {} }),
            "unknown: it runs on instances of a capacity provider, which are charged instead",
        ),
        ("AWS::Lambda::Alias", json!({ "Name": "live" }), "0.00"),
        ("AWS::Lambda::Version", json!({}), "0.00"),
        ("AWS::Lambda::Url", json!({}), "0.00"),
        ("AWS::Lambda::EventSourceMapping", json!({}), "0.00"),
        (
            "AWS::Lambda::EventSourceMapping",
            json!({ "ProvisionedPollerConfig": { "MinimumPollers": 2 } }),
            "unknown: provisioned pollers are charged by the hour, and their number is not known",
        ),
        (
            "AWS::Lambda::Alias",
            json!({ "ProvisionedConcurrencyConfig": { "ProvisionedConcurrentExecutions": 5 } }),
            "unknown: provisioned concurrency is charged by the memory of the function",
        ),
        (
            "AWS::ECS::Service",
            json!({}),
            "unknown: the size of its tasks is said by their task definition; \
             0.04048 per 1 hour of a vCPU (Fargate, Linux on x86); \
             0.004445 per 1 hour of a GB of memory (Fargate, Linux on x86)",
        ),
    ]);
}

#[test]
fn a_table_costs_by_its_capacity_or_by_its_requests() {
    let table_ = "AWS::DynamoDB::Table";
    let capacity = |reads: i64, writes: i64| json!({ "ReadCapacityUnits": reads, "WriteCapacityUnits": writes });
    let on_demand = "0.00; 0.125 per 1000000 read request units; 0.625 per 1000000 write request units; \
                     0.25 per 1 GB stored for a month";
    table(&[
        (table_, json!({ "BillingMode": "PAY_PER_REQUEST" }), on_demand),
        (
            table_,
            json!({ "BillingMode": "PROVISIONED", "ProvisionedThroughput": capacity(5, 5) }),
            "2.847; 0.25 per 1 GB stored for a month",
        ),
        (
            table_,
            json!({
                "ProvisionedThroughput": capacity(1, 1),
                "GlobalSecondaryIndexes": [{ "IndexName": "a", "ProvisionedThroughput": capacity(1, 0) }],
                "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
                "StreamSpecification": { "StreamViewType": "NEW_IMAGE" },
            }),
            "0.6643; 0.25 per 1 GB stored for a month; 0.20 per 1 GB that can be recovered for a month; \
             ? per 1 reads of its stream",
        ),
        (
            table_,
            json!({ "BillingMode": "PAY_PER_REQUEST", "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": false } }),
            on_demand,
        ),
        (table_, json!({}), "unknown: `ProvisionedThroughput` is not known, or not understood"),
        (
            table_,
            json!({ "BillingMode": "PAY_PER_REQUEST", "TableClass": "STANDARD_INFREQUENT_ACCESS" }),
            "unknown: the prices of the table class `STANDARD_INFREQUENT_ACCESS` are not known; \
             ? per 1 read and write units; ? per 1 GB stored for a month",
        ),
    ]);
}

#[test]
fn what_is_kept_costs_by_its_kind() {
    table(&[
        ("AWS::SSM::Parameter", json!({ "Type": "String" }), "0.00"),
        ("AWS::SSM::Parameter", json!({ "Tier": "Standard" }), "0.00"),
        ("AWS::SSM::Parameter", json!({ "Tier": "Advanced" }), "0.05; 0.05 per 10000 interactions"),
        ("AWS::SSM::Parameter", json!({ "Tier": "Intelligent-Tiering" }), "unknown: AWS chooses the tier"),
        ("AWS::SecretsManager::Secret", json!({}), "0.40; 0.05 per 10000 requests"),
        (
            "AWS::SecretsManager::Secret",
            json!({ "ReplicaRegions": [{ "Region": "eu-west-1" }] }),
            "unknown: it has replicas, at prices of other regions",
        ),
        ("AWS::KMS::Key", json!({}), "1.00; 0.03 per 10000 requests"),
        (
            "AWS::KMS::Key",
            json!({ "KeySpec": "ECC_NIST_P256", "EnableKeyRotation": true }),
            "1.00; ? per 1 requests; 1.00 per 1 month since each of its first two rotations",
        ),
        (
            "AWS::S3::Bucket",
            json!({}),
            "0.00; 0.023 per 1 GB stored for a month (S3 Standard); 0.005 per 1000 requests that write or list; \
             0.0004 per 1000 requests that read",
        ),
        (
            "AWS::Logs::LogGroup",
            json!({}),
            "0.00; 0.50 per 1 GB taken in; 0.03 per 1 GB stored for a month, compressed",
        ),
        (
            "AWS::Logs::LogGroup",
            json!({ "LogGroupClass": "INFREQUENT_ACCESS" }),
            "0.00; 0.25 per 1 GB taken in; 0.03 per 1 GB stored for a month, compressed",
        ),
        (
            "AWS::Logs::LogGroup",
            json!({ "LogGroupClass": "DELIVERY" }),
            "unknown: the prices of the log class `DELIVERY` are not known",
        ),
    ]);
}

#[test]
fn messages_cost_by_their_number() {
    table(&[
        ("AWS::SQS::Queue", json!({}), "0.00; 0.40 per 1000000 requests"),
        ("AWS::SQS::Queue", json!({ "FifoQueue": true }), "0.00; 0.50 per 1000000 requests"),
        ("AWS::SNS::Topic", json!({}), "0.00; 0.50 per 1000000 publications"),
        ("AWS::SNS::Topic", json!({ "FifoTopic": true }), "0.00; ? per 1 publications"),
        ("AWS::SNS::Subscription", json!({ "Protocol": "sqs" }), "0.00"),
        ("AWS::SNS::Subscription", json!({ "Protocol": "https" }), "0.00; 0.60 per 1000000 deliveries by HTTP"),
        ("AWS::SNS::Subscription", json!({ "Protocol": "email" }), "0.00; 20.00 per 1000000 deliveries by mail"),
        ("AWS::SNS::Subscription", json!({ "Protocol": "sms" }), "0.00; ? per 1 deliveries"),
        ("AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }), "0.00; 1.00 per 1000000 requests"),
        (
            "AWS::ApiGatewayV2::Api",
            json!({ "ProtocolType": "WEBSOCKET" }),
            "0.00; ? per 1 messages; ? per 1 minutes of connections",
        ),
    ]);
}

#[test]
fn what_stands_in_a_network_costs_by_the_hour() {
    table(&[
        ("AWS::EC2::VPC", json!({}), "0.00"),
        ("AWS::EC2::NatGateway", json!({}), "32.85; 0.045 per 1 GB processed"),
        (
            "AWS::EC2::NatGateway",
            json!({ "AvailabilityMode": "regional" }),
            "unknown: it is charged in each zone that it extends to",
        ),
        ("AWS::EC2::EIP", json!({ "Domain": "vpc" }), "3.65"),
        (
            "AWS::EC2::EIP",
            json!({ "PublicIpv4Pool": "ipv4pool-ec2-1" }),
            "unknown: it may be an address of one's own, which is not charged",
        ),
        ("AWS::EC2::VPCEndpoint", json!({}), "0.00"),
        (
            "AWS::EC2::VPCEndpoint",
            json!({ "VpcEndpointType": "Interface", "SubnetIds": ["a", "b"] }),
            "14.60; 0.01 per 1 GB processed",
        ),
        (
            "AWS::EC2::VPCEndpoint",
            json!({ "VpcEndpointType": "GatewayLoadBalancer", "SubnetIds": ["a"] }),
            "7.30; 0.0035 per 1 GB processed",
        ),
        (
            "AWS::EC2::VPCEndpoint",
            json!({ "VpcEndpointType": "Interface", "SubnetIds": { "Ref": "shared/Subnets" } }),
            "unknown: `SubnetIds` is not known, or not understood",
        ),
        (
            "AWS::EC2::VPCEndpoint",
            json!({ "VpcEndpointType": "Resource" }),
            "unknown: the prices of endpoints of the type `Resource` are not known",
        ),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({ "Scheme": "internal" }),
            "16.425; 0.008 per 1 hour of a capacity unit",
        ),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({ "Subnets": ["a", "b"] }),
            "23.725; 0.008 per 1 hour of a capacity unit",
        ),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({ "Type": "network" }),
            "unknown: the prices of load balancers of the type `network` are not known",
        ),
        ("AWS::Route53::HostedZone", json!({}), "0.50; 0.40 per 1000000 queries"),
    ]);
}

#[test]
fn a_type_that_is_not_known_has_no_price_rather_than_none_to_pay() {
    let price = price(&"AWS::RDS::DBInstance".into(), &Properties::new());
    assert_eq!(price.standing, Standing::Unknown("no price of this type is known".into()));
    assert_eq!((price.charges.len(), price.source), (0, None));
}

#[test]
fn every_type_that_can_be_made_has_an_entry() {
    assert!(ROWS.is_sorted_by(|a, b| a.0 < b.0));
    for schema in crate::all() {
        assert!(ROWS.iter().any(|row| row.0 == schema.name), "{}", schema.name);
    }
}

#[test]
fn every_figure_has_a_page_of_aws_and_a_day() {
    for (kind, of) in ROWS {
        let Ok(price) = of(&Properties::new()) else { continue };
        if Ok(&price) == say::nothing().as_ref() {
            assert!(kind.starts_with("AWS::CloudFormation::WaitCondition"), "{kind}");
            continue;
        }
        let source = price.source.unwrap_or_else(|| panic!("{kind} is from nowhere"));
        assert!(source.page.starts_with("https://aws.amazon.com/"), "{kind}");
        assert_eq!(source.region, "us-east-1", "{kind}");
        assert!(source.as_of >= model::Date::constant(2025, 10, 1), "{kind}: older than the guides say");
    }
}
