//! What wakes agents, and what they keep things in.

use model::DesiredResource;
use serde_json::{Value, json};

use super::errors::found;
use super::{small, sound};

fn told(rest: &str) -> Vec<String> {
    found(&small(rest))
}

fn at<'e>(expanded: &'e config::Expanded, address: &str) -> &'e DesiredResource {
    let resource = expanded.desired.resources.get(&address.parse().unwrap());
    resource.unwrap_or_else(|| panic!("no {address}: {:#?}", expanded.desired.resources.keys()))
}

fn only<'e>(expanded: &'e config::Expanded, kind: &str) -> &'e DesiredResource {
    let mut of_kind = expanded.desired.resources.values().filter(|resource| resource.kind.as_str() == kind);
    let first = of_kind.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(of_kind.next().is_none(), "more than one {kind}");
    first
}

fn policy(expanded: &config::Expanded) -> String {
    let role = at(expanded, "bot/Function").properties.get("Role").unwrap()["Fn::GetAtt"][0].clone();
    at(expanded, role.as_str().unwrap()).properties.get("Policies").unwrap().to_string()
}

#[test]
fn a_queue_wakes_an_agent_and_hides_messages_for_as_long_as_it_may_take() {
    let queue = "    timeout: 60\n    alias: live\n    events: [{ queue: work, batch: 50, window: 5, concurrency: 2 }]\nshared: { queues: { work: {} } }\n";
    let woken = sound(&small(queue));
    let mapping = at(&woken, "bot/WorkQueueEvents");
    assert_eq!(mapping.properties.get("FunctionName"), Some(&json!({ "Ref": "bot/Alias" })));
    assert_eq!(mapping.properties.number("BatchSize"), Some(50));
    assert_eq!(mapping.properties.number("MaximumBatchingWindowInSeconds"), Some(5));
    assert_eq!(mapping.properties.get("ScalingConfig"), Some(&json!({ "MaximumConcurrency": 2 })));
    assert_eq!(mapping.properties.get("FunctionResponseTypes"), Some(&json!(["ReportBatchItemFailures"])));
    assert_eq!(at(&woken, "shared/WorkQueue").properties.number("VisibilityTimeout"), Some(360));
    assert!(policy(&woken).contains("sqs:ReceiveMessage"));
    assert!(!policy(&woken).contains("sqs:SendMessage"));
}

#[test]
fn a_table_wakes_an_agent_by_its_stream() {
    let woken = sound(&small(
        "    events: [{ table: orders }]\nshared: { tables: { orders: { key: { PK: S }, stream: new-and-old } } }\n",
    ));
    let stream = json!({ "Fn::GetAtt": ["shared/OrdersTable", "StreamArn"] });
    let mapping = at(&woken, "bot/OrdersTableEvents");
    assert_eq!(mapping.properties.get("EventSourceArn"), Some(&stream));
    assert_eq!(mapping.properties.text("StartingPosition"), Some("LATEST"));
    let view = at(&woken, "shared/OrdersTable").properties.get("StreamSpecification");
    assert_eq!(view, Some(&json!({ "StreamViewType": "NEW_AND_OLD_IMAGES" })));
    assert!(policy(&woken).contains("dynamodb:GetRecords"));
}

#[test]
fn a_topic_a_bucket_a_schedule_and_a_bus_call_an_agent_and_may_do_no_more() {
    let woken = sound(&small(
        "    events:\n      - { topic: news, filter: { kind: [sale] } }\n      - { bucket: files, on: deleted, prefix: in/ }\n      - { \
         schedule: rate(5 minutes), payload: { job: sweep } }\n      - { event: { source: [desk.shop] }, bus: shop }\nshared: { topics: { \
         news: {} }, buckets: { files: {} } }\n",
    ));
    let subscription = only(&woken, "AWS::SNS::Subscription");
    assert_eq!(subscription.properties.text("Protocol"), Some("lambda"));
    assert_eq!(subscription.properties.get("FilterPolicy"), Some(&json!({ "kind": ["sale"] })));
    let rules: Vec<&DesiredResource> =
        woken.desired.resources.values().filter(|resource| resource.kind.as_str() == "AWS::Events::Rule").collect();
    let rule = |name: &str| *rules.iter().find(|rule| rule.properties.get(name).is_some()).unwrap();
    let target = rule("ScheduleExpression").properties.get("Targets").unwrap()[0].clone();
    assert_eq!(target["Input"], r#"{"job":"sweep"}"#);
    assert_eq!(target["Arn"], json!({ "Fn::GetAtt": ["bot/Function", "Arn"] }));
    let bus = rule("EventBusName");
    assert_eq!(bus.properties.get("EventPattern"), Some(&json!({ "source": ["desk.shop"] })));
    let bucket = rules.iter().find(|rule| rule.properties.to_value().to_string().contains("aws.s3")).unwrap();
    let pattern = bucket.properties.get("EventPattern").unwrap();
    assert_eq!(pattern["detail-type"], json!(["Object Deleted"]));
    assert_eq!(pattern["detail"]["object"], json!({ "key": [{ "prefix": "in/" }] }));
    let tells = at(&woken, "shared/FilesBucket").properties.get("NotificationConfiguration").unwrap();
    assert_eq!(*tells, json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": true } }));

    let permissions: Vec<Value> = woken
        .desired
        .resources
        .values()
        .filter(|resource| resource.kind.as_str() == "AWS::Lambda::Permission")
        .map(|permission| permission.properties.get("SourceArn").cloned().unwrap_or_default())
        .collect();
    assert_eq!(permissions.len(), 4);
    assert!(permissions.iter().all(Value::is_object), "{permissions:?}");
}

#[test]
fn topics_write_to_queues_that_let_them_and_nobody_else_in() {
    let sent = sound(&small(
        "shared: { topics: { news: { queues: [work, { queue: slow, filter: { kind: [sale] } }] }, alerts: { queues: [work] } }, queues: { work: {}, slow: {} } }\n",
    ));
    let document = at(&sent, "shared/WorkQueuePolicy").properties.get("PolicyDocument").unwrap();
    let statement = &document["Statement"][0];
    assert_eq!(statement["Principal"], json!({ "Service": "sns.amazonaws.com" }));
    let topics = json!([{ "Ref": "shared/AlertsTopic" }, { "Ref": "shared/NewsTopic" }]);
    assert_eq!(statement["Condition"], json!({ "ArnEquals": { "aws:SourceArn": topics } }));
    let filter = at(&sent, "shared/NewsTopicToSlowQueue").properties.get("FilterPolicy");
    assert_eq!(filter, Some(&json!({ "kind": ["sale"] })));
}

#[test]
fn queues_that_keep_their_order_are_named_so_and_so_are_their_dead_letters() {
    let queues = sound(&small(
        "shared: { queues: { steps: { fifo: true, dlq: { receives: 5 }, delay: 10 }, ledger: { fifo: { deduplicate_by: id } } } }\n",
    ));
    let steps = at(&queues, "shared/StepsQueue");
    assert_eq!(steps.properties.text("QueueName"), Some("desk-dev-steps.fifo"));
    assert_eq!(steps.properties.flag("ContentBasedDeduplication"), Some(true));
    assert_eq!(steps.properties.get("RedrivePolicy").unwrap()["maxReceiveCount"], 5);
    assert_eq!(steps.properties.number("DelaySeconds"), Some(10));
    let letters = at(&queues, "shared/StepsQueueDeadLetters");
    assert_eq!(letters.properties.text("QueueName"), Some("desk-dev-steps-dead-letters.fifo"));
    assert_eq!(letters.properties.flag("FifoQueue"), Some(true));
    assert_eq!(at(&queues, "shared/LedgerQueue").properties.get("ContentBasedDeduplication"), None);
}

#[test]
fn a_name_that_is_too_long_for_a_queue_is_cut_and_still_its_own() {
    let name = |last: char| {
        let queue = format!("{}{last}", "q".repeat(39));
        let text = small(&format!("shared: {{ queues: {{ {queue}: {{ fifo: true, dlq: true }} }} }}\n"));
        let long = sound(&text.replace("name: desk", "name: a-project-of-such-length"));
        let names =
            long.desired.resources.values().filter_map(|made| made.properties.text("QueueName").map(str::to_owned));
        names.collect::<Vec<_>>()
    };
    for names in [name('a'), name('b')] {
        assert!(names.iter().all(|name| name.len() <= 80 && name.ends_with(".fifo")), "{names:?}");
    }
    assert!(name('a').iter().all(|one| !name('b').contains(one)));
}

#[test]
fn a_table_has_its_indexes_and_names_each_attribute_once() {
    let table = sound(&small(
        "shared: { tables: { orders: { key: { PK: S }, sort: { SK: S }, indexes: { by-status: { key: { GSI1PK: S }, sort: { SK: S } }, by-day: { key: { day: N }, projection: [total] } } } } }\n",
    ));
    let table = at(&table, "shared/OrdersTable");
    let attributes: Vec<&str> = table
        .properties
        .get("AttributeDefinitions")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|attribute| attribute["AttributeName"].as_str().unwrap())
        .collect();
    assert_eq!(attributes, ["GSI1PK", "PK", "SK", "day"]);
    let indexes = table.properties.get("GlobalSecondaryIndexes").unwrap();
    assert_eq!(indexes[0]["IndexName"], "by-day");
    assert_eq!(indexes[0]["Projection"], json!({ "NonKeyAttributes": ["total"], "ProjectionType": "INCLUDE" }));
    assert_eq!(indexes[1]["Projection"], json!({ "ProjectionType": "ALL" }));
}

#[test]
fn a_bucket_has_its_lifecycle_and_cors() {
    let bucket = sound(&small(
        "shared: { buckets: { files: { lifecycle: { archive_after: 90, expire_after: 365, old_versions: 30 }, cors: { origins: ['https://example.com'], methods: [GET] } } } }\n",
    ));
    let files = at(&bucket, "shared/FilesBucket");
    let rule = &files.properties.get("LifecycleConfiguration").unwrap()["Rules"][0];
    assert_eq!(rule["Transitions"], json!([{ "StorageClass": "GLACIER", "TransitionInDays": 90 }]));
    assert_eq!(
        (rule["ExpirationInDays"].clone(), rule["NoncurrentVersionExpiration"]["NoncurrentDays"].clone()),
        (json!(365), json!(30))
    );
    let cors = &files.properties.get("CorsConfiguration").unwrap()["CorsRules"][0];
    assert_eq!(cors["AllowedMethods"], json!(["GET"]));
}

#[test]
fn events_that_lead_nowhere_are_told() {
    let agent = |event: &str, shared: &str| format!("    events: [{event}]\nshared: {{ {shared} }}\n");
    let queues = "queues: { work: { visibility: 10 } }";
    let cases = [
        (
            agent("{ queue: wrok }", queues),
            "8:23 unknown-resource | `shared` has no queue `wrok` | did you mean `work`?",
        ),
        (
            agent("{ queue: work }", queues),
            "8:23 out-of-range | queue `work` hides a message for 10 seconds, and the agent may take 30 | set its `visibility` to at least 30, six times that for good measure; or leave it out, and it becomes so",
        ),
        (
            agent("{ queue: work }, { queue: work, batch: 5 }", "queues: { work: {} }"),
            "8:31 duplicate-event | the agent is woken by this already | keep one of the two",
        ),
        (
            agent("{ queue: work, batch: 50 }", "queues: { work: {} }"),
            "8:29 out-of-range | a batch cannot have 50 messages here | more than 10 take a `window`: `window: 1` gathers for a second",
        ),
        (
            agent("{ table: orders }", "tables: { orders: { key: { PK: S } } }"),
            "8:23 missing-key | table `orders` has no stream | add `stream: new-and-old` to the table",
        ),
        (
            agent("{ que: work }", queues),
            "8:14 wrong-choice | an event comes from one source | it has one of `queue`, `table`, `topic`, `bucket`, `schedule` and `event`, e.g. `{ queue: work }`",
        ),
        (
            agent("{ schedule: every 5 minutes }", queues),
            "8:26 wrong-schedule | `every 5 minutes` is not a schedule | write `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`, which is in UTC",
        ),
        (
            agent("{ schedule: rate(1 minutes) }", queues),
            "8:26 wrong-schedule | `rate(1 minutes)` is not a schedule | write `rate(1 minute)`",
        ),
        (
            agent("{ schedule: 'cron(0 8 * * * *)' }", queues),
            "8:26 wrong-schedule | `cron(0 8 * * * *)` is not a schedule | write `?` for the day of the month or for the day of the week, and not for both",
        ),
        (
            agent("{ schedule: 'cron(0 8 ? * ? *)' }", queues),
            "8:26 wrong-schedule | `cron(0 8 ? * ? *)` is not a schedule | write `?` for the day of the month or for the day of the week, and not for both",
        ),
        (
            agent("{ schedule: 'cron(0 8 * *)' }", queues),
            "8:26 wrong-schedule | `cron(0 8 * *)` is not a schedule | `cron` has six parts with one space between them: minutes, hours, day of the month, month, day of the week, year",
        ),
        (
            agent("{ event: { source: desk } }", queues),
            "8:23 wrong-type | a part of an `event` has a list of values | write it as `{ source: [aws.ec2], detail-type: [\"EC2 Instance State-change Notification\"] }`",
        ),
        (
            agent("{ topic: news, filter: { kind: sale } }", "topics: { news: {} }"),
            "8:37 wrong-type | an attribute of a `filter` has a list of values | write it as `{ kind: [order, refund] }`",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(told(&rest), [expected], "{rest}");
    }
}

#[test]
fn data_that_there_cannot_be_is_told() {
    let cases = [
        (
            "shared: { tables: { a: { key: { PK: S }, indexes: { by-x: { key: { PK: N } } } } } }\n",
            "8:24 wrong-type | the attribute `PK` is `S` in one key and `N` in another | an attribute has one type in all keys of a table",
        ),
        (
            "shared: { tables: { a: { key: { PK: S }, indexes: { x: { key: { PK: S } } } } } }\n",
            "8:53 wrong-name | `x` cannot name an index | a name has 3 to 255 letters, digits and `_ - .`, e.g. `by-status`",
        ),
        (
            "shared: { buckets: { a: { lifecycle: { archive_after: 90, expire_after: 30 } } } }\n",
            "8:59 out-of-range | objects are deleted after 30 days and would be archived after 90 | `expire_after` is longer than `archive_after`",
        ),
        (
            "shared: { buckets: { a: { cors: { origins: ['*'] } } } }\n",
            "8:25 wrong-choice | the `cors` of a bucket names its `methods` | S3 knows `GET`, `PUT`, `POST`, `DELETE` and `HEAD`, and no `*`",
        ),
        (
            "shared: { topics: { news: { queues: [wrok] } }, queues: { work: {} } }\n",
            "8:38 unknown-resource | `shared` has no queue `wrok` | did you mean `work`?",
        ),
        (
            "shared: { topics: { news: { queues: [work] } }, queues: { work: { fifo: true } } }\n",
            "8:38 wrong-choice | a queue that keeps its order cannot get what is published to `news` | take `fifo` from the queue: topics here do not keep an order",
        ),
        (
            "shared: { topics: { news: { queues: [work, work] } }, queues: { work: {} } }\n",
            "8:44 duplicate-event | `news` is published to `work` twice | name the queue once",
        ),
        (
            "shared: { queues: { work: { kms_key: mine } } }\n",
            "8:38 wrong-arn | `mine` is not the ARN that `kms_key` takes | it is written `arn:aws:kms:region:account:key/…`",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(told(rest), [expected], "{rest}");
    }
}
