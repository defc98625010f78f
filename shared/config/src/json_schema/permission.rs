//! What an agent may do.

use serde_json::{Value, json};

use super::make::{arn, choice, either, function, has_one, list, mapping, one_or_more, pattern, text};

/// One permission: in words, on a resource, or of IAM actions.
pub(super) fn permission() -> Value {
    let bus = either([pattern("^[A-Za-z0-9._/-]{1,256}$"), arn("events", "event-bus/")]);
    let model = pattern("^[A-Za-z0-9:_-]+\\.[A-Za-z0-9.:_-]+\\*?$");
    let words = mapping("a permission")
        .may("agent", text(), "Calling another agent.")
        .may(
            "model",
            model,
            "Invoking a model of Bedrock, an inference profile, or all whose ids begin so (`anthropic.claude-*`).",
        )
        .may("state_machine", arn("states", "stateMachine:"), "Starting a state machine.")
        .may("event_bus", bus, "Sending events to a bus, by its name or ARN.")
        .may("kms_key", arn("kms", "key/"), "Using a key of KMS.")
        .may(
            "access",
            choice(["invoke", "start", "send", "full", "decrypt", "encrypt"]),
            "Of a key: `full`, `decrypt` or `encrypt`. Of the others there is one, which may be left out.",
        )
        .made();
    let allowed = json!({ "type": "string", "pattern": "^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$" });
    let plain = mapping("a permission")
        .may("resource", text(), "What stands under `shared` or `resources`, by its name; or `stack/LogicalId`.")
        .may("access", choice(["read", "write", "full"]), "What it may do with the resource.")
        .may("actions", one_or_more(allowed), "IAM actions, e.g. `bedrock:InvokeModel`.")
        .may(
            "resources",
            either([text(), function(), list(either([text(), function()]))]),
            "ARNs that the actions are allowed on, or functions that give one.",
        )
        .rule(json!({ "anyOf": [{ "required": ["resource", "access"] }, { "required": ["actions", "resources"] }] }))
        .made();
    json!({
        "if": has_one(&["agent", "model", "state_machine", "event_bus", "kms_key"]),
        "then": words,
        "else": plain,
    })
}
