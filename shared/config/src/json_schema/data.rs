//! What the agents share.

use serde_json::{Value, json};

use super::make::{
    arn, choice, default, either, flag, list, mapping, name, named, one_or_more, or_null, pattern, text, whole,
};
use super::network::{api_gateway, cors, emails, kms_key, monitoring, vpc};
use crate::read::names::LONGEST;

pub(super) fn shared() -> Value {
    let of = |value: Value| named(name(LONGEST), value);
    let parameter = json!({ "type": ["string", "number", "boolean"], "minLength": 1, "maxLength": 4096 });
    mapping("`shared`")
        .may("vpc", vpc(), "A network; `true` for all defaults.")
        .may("api_gateway", api_gateway(), "One API for all agents.")
        .may("monitoring", monitoring(), "Alarms, logs and traces.")
        .may("tables", of(table()), "DynamoDB tables, by name.")
        .may("buckets", of(or_null(bucket())), "S3 buckets, by name.")
        .may("queues", of(or_null(queue())), "SQS queues, by name.")
        .may("topics", of(or_null(topic())), "SNS topics, by name.")
        .may("parameters", of(parameter), "Parameters of SSM, by name: the value, as text. No secrets.")
        .may("secrets", of(or_null(secret())), "Secrets, by name: made up by AWS, or there already. Never a value.")
        .made()
}

fn on_removal() -> Value {
    default(choice(["retain", "delete"]), "retain")
}

const ON_REMOVAL: &str = "What becomes of it when it leaves the config.";
const KMS_KEY: &str = "The ARN of a key of your own; by default the service's.";

/// An attribute of a key, with its type.
fn attribute() -> Value {
    json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": choice(["S", "N", "B"]) })
}

fn table() -> Value {
    let index = mapping("an index")
        .needs("key", attribute(), "The partition key, e.g. `{ status: S }`.")
        .may("sort", attribute(), "The sort key.")
        .may(
            "projection",
            default(either([choice(["all", "keys"]), list(text())]), "all"),
            "Which attributes the index has: all, the keys, or those listed.",
        )
        .made();
    let mut indexes = named(pattern("^[A-Za-z0-9_.-]{3,255}$"), index);
    if let Value::Object(indexes) = &mut indexes {
        indexes.insert("maxProperties".to_owned(), json!(20));
    }
    mapping("a table")
        .needs("key", attribute(), "The partition key, e.g. `{ PK: S }`.")
        .may("sort", attribute(), "The sort key.")
        .may("indexes", indexes, "Global secondary indexes, by name.")
        .may("stream", choice(["keys", "new", "old", "new-and-old"]), "What a stream of its changes shows.")
        .may("ttl", text(), "The attribute that says until when an item is kept.")
        .may(
            "point_in_time_recovery",
            default(flag(), true),
            "Whether it can be restored to any second of the last 35 days.",
        )
        .may("deletion_protection", default(flag(), false), "Whether AWS refuses to delete it.")
        .may("kms_key", kms_key(), KMS_KEY)
        .may("on_removal", on_removal(), ON_REMOVAL)
        .made()
}

fn bucket() -> Value {
    let days = || whole(1, 36_500);
    let lifecycle = mapping("`lifecycle`")
        .may("archive_after", days(), "After so many days objects are archived.")
        .may("expire_after", days(), "After so many days objects are deleted.")
        .may("old_versions", days(), "For so many days old versions are kept.")
        .made();
    mapping("a bucket")
        .may("versioning", default(flag(), true), "Whether old versions of objects are kept.")
        .may("lifecycle", lifecycle, "What becomes of objects with time.")
        .may("cors", cors(), "Who may read and write from pages of other origins.")
        .may("kms_key", kms_key(), KMS_KEY)
        .may("on_removal", on_removal(), ON_REMOVAL)
        .made()
}

fn queue() -> Value {
    let dlq = mapping("`dlq`")
        .may("receives", default(whole(1, 1_000), 3), "After so many receives a message goes there.")
        .made();
    let fifo = mapping("`fifo`")
        .may(
            "deduplicate_by",
            default(choice(["content", "id"]), "content"),
            "By what a message is known that was sent before.",
        )
        .made();
    mapping("a queue")
        .may("dlq", default(either([flag(), dlq]), false), "A queue for what cannot be worked on.")
        .may("visibility", whole(0, 43_200), "For how many seconds a message that was received is hidden.")
        .may("retention_days", default(whole(1, 14), 4), "For how many days messages are kept.")
        .may("delay", default(whole(0, 900), 0), "For how many seconds a message is held back.")
        .may("fifo", default(either([flag(), fifo]), false), "Whether it keeps the order.")
        .may("kms_key", kms_key(), KMS_KEY)
        .made()
}

/// A filter of messages by their attributes.
pub(super) fn filter() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "array" } })
}

fn topic() -> Value {
    let subscription = mapping("a queue of a topic")
        .needs("queue", text(), "A queue that stands under `queues`.")
        .may("filter", filter(), "Only messages with these attributes, e.g. `{ kind: [order] }`.")
        .made();
    mapping("a topic")
        .may("emails", emails(), "Who is told what is published.")
        .may("queues", list(either([text(), subscription])), "Queues that get what is published.")
        .made()
}

fn secret() -> Value {
    let existing =
        mapping("a secret").needs("arn", arn("secretsmanager", "secret:"), "A secret that is there already.").made();
    let made_up = mapping("a secret")
        .may("arn", text(), "A secret that is there already.")
        .may("length", default(whole(8, 4_096), 32), "How many characters it has.")
        .may("punctuation", default(flag(), true), "Whether it has punctuation.")
        .may("key", text(), "Under which name it stands in a JSON object.")
        .may("with", json!({ "type": "object" }), "What else stands in that object.")
        .may("kms_key", kms_key(), KMS_KEY)
        .may("on_removal", on_removal(), ON_REMOVAL)
        .made();
    let is_arn = json!({ "required": ["arn"], "properties": { "arn": { "type": "string" } } });
    json!({ "if": is_arn, "then": existing, "else": made_up })
}

/// Texts.
pub(super) fn texts() -> Value {
    one_or_more(text())
}
