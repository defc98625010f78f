//! The network, the API, and what watches over everything.

use serde_json::{Value, json};

use super::make::{arn, choice, default, either, flag, list, mapping, one_or_more, pattern, text, whole};
use crate::read::{ENDPOINTS, RETENTIONS, names::LONGEST};

pub(super) fn vpc() -> Value {
    let ipam = mapping("`ipam`")
        .needs("pool_id", pattern("^ipam-pool-"), "The pool.")
        .needs("netmask_length", whole(16, 24), "The size: 16 is 65,536 addresses, 24 is 256.")
        .made();
    let zones =
        json!({ "type": "array", "items": { "type": "string" }, "minItems": 2, "maxItems": 3, "uniqueItems": true });
    let vpc = mapping("`vpc`")
        .may("enabled", default(flag(), true), "False in an environment that does without.")
        .may("cidr", default(pattern("^[0-9.]+/(1[6-9]|2[0-4])$"), "10.0.0.0/16"), "A private range, `/16` to `/24`.")
        .may("ipam", ipam, "Instead of `cidr`: a pool that chooses the range.")
        .may("zones", default(either([whole(2, 3), zones]), 2), "How many of the region's zones, or which.")
        .may(
            "nat",
            default(choice(["one", "per-zone", "none"]), "one"),
            "What leads from private subnets to the internet.",
        )
        .may(
            "endpoints",
            one_or_more(choice(ENDPOINTS.iter().copied())),
            "Services that are reached without the internet.",
        )
        .may("flow_logs", default(choice(["all", "rejected", "none"]), "rejected"), "What of the traffic is noted.")
        .may(
            "agents",
            default(choice(["all", "chosen"]), "chosen"),
            "Whether all agents are in it, or those that say `vpc: true`.",
        )
        .made();
    either([flag(), vpc])
}

/// How an agent uses the network.
pub(super) fn used() -> Value {
    let ports = mapping("an agent's `vpc`")
        .may(
            "ports",
            list(whole(1, 65_535)),
            "The TCP ports that it may connect to in the network, besides 443 anywhere.",
        )
        .made();
    either([flag(), ports])
}

/// Who may call from pages of other origins.
pub(super) fn cors() -> Value {
    mapping("`cors`")
        .needs("origins", one_or_more(text()), "The pages that may call.")
        .may("methods", one_or_more(text()), "With which methods.")
        .may("headers", one_or_more(text()), "With which headers.")
        .made()
}

/// A route of the API.
pub(super) fn route() -> Value {
    pattern("^(\\$default|(ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /\\S*)$")
}

/// The ARN of a certificate.
pub(super) fn certificate() -> Value {
    pattern("^arn:[^:]*:acm:[^:]*:[^:]*:certificate/")
}

pub(super) fn api_gateway() -> Value {
    let throttling = mapping("`throttling`")
        .needs("rate", whole(1, 1_000_000), "Calls a second.")
        .needs("burst", whole(1, 1_000_000), "Calls at once.")
        .made();
    let domain = mapping("`domain`")
        .needs("name", pattern("^[a-z0-9-]+(\\.[a-z0-9-]+)+$"), "The domain, e.g. `api.example.com`.")
        .needs("certificate", certificate(), "Its certificate in ACM.")
        .made();
    let keys = mapping("`keys`")
        .needs("names", one_or_more(super::name(LONGEST)), "A key for each name.")
        .may("monthly", whole(1, u32::MAX), "How many calls a month a key has.")
        .may("open", one_or_more(route()), "Routes that need no key.")
        .made();
    let of_both = |title| {
        mapping(title)
            .may("type", default(choice(["http", "rest"]), "http"), "Which kind of API.")
            .may("cors", cors(), "Who may call from pages of other origins.")
            .may("throttling", throttling.clone(), "How many calls are answered; the account's limits by default.")
            .may("domain", domain.clone(), "A domain of your own.")
            .may("access_log", default(flag(), false), "A line for each call, in a log group.")
    };
    let stage = pattern("^[A-Za-z0-9_-]{1,128}$");
    let rest = of_both("a REST API")
        .may("stage", stage, "The first part of its paths; the environment's name by default.")
        .may("keys", keys, "Keys that callers need.");
    json!({
        "if": { "required": ["type"], "properties": { "type": { "const": "rest" } } },
        "then": rest.made(),
        "else": of_both("`api_gateway`").made(),
    })
}

pub(super) fn monitoring() -> Value {
    let many = || whole(1, 1_000_000);
    let alarms = mapping("`alarms`")
        .may("errors", many(), "Errors of an agent.")
        .may("throttles", many(), "Calls of an agent that were throttled.")
        .may("duration_percent", whole(1, 100), "Duration, in percent of the agent's timeout.")
        .may("dlq_depth", many(), "Messages in a dead-letter queue.")
        .may("api_5xx", many(), "Answers of the API with 5xx.")
        .may("table_throttles", many(), "Requests to a table that were throttled.")
        .may("cpu_percent", whole(1, 100), "CPU of a container's service.")
        .may("memory_percent", whole(1, 100), "Memory of a container's service.")
        .may("unhealthy_containers", whole(1, 1_000), "Containers that do not answer.")
        .may("email", emails(), "Who is told.")
        .made();
    mapping("`monitoring`")
        .may("xray", default(flag(), false), "Whether agents are traced that do not say.")
        .may("alarms", alarms, "Thresholds over five minutes, and an alarm for each that is given.")
        .may("log_retention_days", default(choice(RETENTIONS), 30), "For how many days logs are kept.")
        .made()
}

/// E-mail addresses; one may stand without a list.
pub(super) fn emails() -> Value {
    one_or_more(pattern("^[^@\\s]+@[^@\\s.][^@\\s]*\\.[^@\\s]*[^@\\s.]$"))
}

/// A key of KMS of one's own.
pub(super) fn kms_key() -> Value {
    arn("kms", "key/")
}
