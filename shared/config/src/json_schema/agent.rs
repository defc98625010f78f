//! Agents, of each kind.

use serde_json::{Value, json};

use super::data::{filter, texts};
use super::make::{
    Mapping, choice, default, either, flag, function, has_one, list, mapping, named, one_or_more, pattern, scalar,
    text, unless, whole,
};
use super::network::{certificate, route, used};
use super::permission::permission;
use super::{make, stack_name, tags};
use crate::read::{AGENTCORE_RUNTIMES, AgentWord, runtime};

/// An agent of any kind.
pub(super) fn agent() -> Value {
    of_kind(agentcore(), container(), lambda())
}

/// An agent of any kind whose name and code may be told by its folder.
pub(super) fn manifest() -> Value {
    let freed = |agent: Mapping| agent.freed(&["name"]);
    of_kind(freed(agentcore()), freed(container()), freed(lambda()))
}

fn of_kind(agentcore: Mapping, container: Mapping, lambda: Mapping) -> Value {
    let is = |kind: &str| json!({ "required": ["kind"], "properties": { "kind": { "const": kind } } });
    json!({
        "type": "object",
        "if": is("agentcore"),
        "then": agentcore.made(),
        "else": { "if": is("container"), "then": container.made(), "else": lambda.made() },
    })
}

/// What is different in an agent, of whichever kind it is.
pub(super) fn over() -> Value {
    let any = lambda().or(agentcore()).or(container());
    make::over(any.without("name").without("path").without("artifact").made())
}

/// What every kind has.
fn common(kind: AgentWord) -> Mapping {
    let names: Vec<&str> = AgentWord::ALL.iter().map(|(name, _)| *name).collect();
    let settings: Vec<&str> = kind.settings().iter().map(|(name, _)| *name).collect();
    let setting = match settings.contains(&"environment") {
        true => either([choice(settings), pattern("^environment\\..+$")]),
        false => choice(settings),
    };
    mapping(kind.called())
        .needs("name", stack_name(), "Its name, and that of its stack.")
        .may(
            "kind",
            default(choice(names), "lambda"),
            "What runs it: a function, a runtime of Bedrock AgentCore, or a service on Fargate.",
        )
        .may("environment", variables(), "Variables: texts, or functions such as `!Ref Archive`. No secrets.")
        .may("vpc", used(), "Whether it is in the network, and to which ports it may connect there.")
        .may("tags", tags(), "Tags on what is the agent's.")
        .may("permissions", list(permission()), "What it may do.")
        .may(
            "managed_policies",
            one_or_more(pattern("^arn:aws[^:]*:iam::(aws|[^:]{12}):policy/.+$")),
            "Managed policies, by ARN.",
        )
        .may("ignore_changes", one_or_more(setting), "Settings whose later changes here change nothing.")
}

fn variables() -> Value {
    let name = unless(pattern("^[A-Za-z][A-Za-z0-9_]+$"), pattern("^(AWS_|LAMBDA_)"));
    named(name, either([scalar(), function()]))
}

/// Where its code is.
fn with_code(agent: Mapping) -> Mapping {
    agent.may("path", text(), "The folder of its code, from the folder that this file is in.").may(
        "artifact",
        json!({ "type": ["string", "number"], "pattern": "^[0-9a-f]{64}$" }),
        "Instead of `path`: the SHA-256 of code that an earlier deployment stored.",
    )
}

fn architecture() -> Value {
    default(choice(["x86_64", "arm64"]), "x86_64")
}

fn lambda() -> Mapping {
    let auth = mapping("`url`")
        .needs("auth", choice(["iam", "none"]), "Who may call: the account's callers, or anybody.")
        .made();
    with_code(common(AgentWord::Lambda))
        .needs("runtime", choice(runtime::Runtime::names()), "A runtime that Lambda supports.")
        .needs("handler", text(), "What is called, e.g. `handler.handle`: `def handle` in `handler.py`.")
        .may("memory", default(whole(128, 10_240), 512), "Memory in MB.")
        .may("timeout", default(whole(1, 900), 30), "The longest call, in seconds.")
        .may("architecture", architecture(), "The instruction set that its code is built for.")
        .may("concurrency", whole(0, 10_000), "How many run at once, at most and always; 0 turns the agent off.")
        .may("dlq", default(flag(), false), "Whether what asynchronous invocations fail on is kept.")
        .may("tracing", flag(), "X-Ray; by default as `shared.monitoring.xray` says.")
        .may("url", default(either([flag(), auth]), false), "A function URL.")
        .may("route", one_or_more(route()), "Routes of the shared API, e.g. `POST /support`; `[]` for none.")
        .may(
            "alias",
            unless(pattern("^[A-Za-z0-9_-]{1,128}$"), pattern("^[0-9]+$")),
            "Publishes a version of each change, and lets callers use this alias.",
        )
        .may("shift", default(shift(), "all-at-once"), "How calls go over to a new version of the alias.")
        .may("events", list(event()), "What wakes it.")
        .may("health", health(), "What must hold after a deployment.")
        .needs_one(&["path", "artifact"])
}

fn agentcore() -> Mapping {
    let authorizer = mapping("`authorizer`")
        .needs(
            "discovery_url",
            pattern("^https://.*/\\.well-known/openid-configuration$"),
            "The issuer's configuration.",
        )
        .may("audiences", texts(), "The audiences that tokens may be of.")
        .may("clients", texts(), "The clients that tokens may be of.")
        .needs_one(&["audiences", "clients"])
        .made();
    let seconds = || whole(60, 28_800);
    with_code(common(AgentWord::AgentCore))
        .may("image", text(), "Instead of code: an image in ECR, with a tag (not `latest`) or a digest.")
        .may("runtime", choice(AGENTCORE_RUNTIMES.iter().map(|(name, _)| *name)), "A runtime that AgentCore has.")
        .may("handler", text(), "The file that is run, e.g. `main.py`.")
        .may("protocol", default(choice(["http", "mcp", "a2a"]), "http"), "What it speaks.")
        .may("endpoint", default(unless(pattern("^[A-Za-z][A-Za-z0-9_]{0,47}$"), json!({ "const": "DEFAULT" })), "live"), "The endpoint's name.")
        .may("authorizer", authorizer, "Callers with tokens of an OpenID Connect issuer; by default those that IAM allows.")
        .may("idle_timeout", default(seconds(), 900), "After so many seconds without a call a session ends.")
        .may("lifetime", default(seconds(), 28_800), "After so many seconds a session ends.")
        .rule(json!({
            "anyOf": [
                { "required": ["image"] },
                { "required": ["runtime", "handler"], "anyOf": [{ "required": ["path"] }, { "required": ["artifact"] }] },
            ],
        }))
}

fn container() -> Mapping {
    let public = mapping("`public`")
        .may("port", default(whole(1, 65_535), 8080), "The port that the program listens at.")
        .may("health_path", default(pattern("^/[^{}]*$"), "/"), "What is asked for to see whether it is well.")
        .may("certificate", certificate(), "A certificate in ACM, for HTTPS.")
        .made();
    // A choice is read as it is written: with quotes or without.
    let sizes = [256, 512, 1_024, 2_048, 4_096, 8_192, 16_384];
    let cpu = choice(sizes.iter().map(|size| json!(size)).chain(sizes.iter().map(|size| json!(size.to_string()))));
    common(AgentWord::Container)
        .needs("image", text(), "An image with a tag (not `latest`) or a digest.")
        .may("architecture", architecture(), "The instruction set that the image is built for.")
        .may("cpu", default(cpu, 256), "Units of 1/1024 of a processor.")
        .may("memory", whole(512, 122_880), "Memory in MB; by default the least that Fargate has for the `cpu`.")
        .may("count", default(whole(0, 1_000), 1), "How many run.")
        .may("command", texts(), "What is run, in words; by default what the image says.")
        .may("public", default(either([flag(), public]), false), "A load balancer in the public subnets.")
}

fn shift() -> Value {
    let canary = mapping("`canary`")
        .needs("percent", whole(1, 99), "The part of the calls that goes over first.")
        .needs("minutes", whole(1, 60), "For how long; then all go over.")
        .made();
    let linear = mapping("`linear`")
        .needs("percent", whole(1, 50), "The part of the calls that goes over each time.")
        .needs("every_minutes", whole(1, 60), "How long a step takes.")
        .made();
    let shift = mapping("`shift`")
        .may("canary", canary, "A part of the calls for a while, and then all.")
        .may("linear", linear, "The same part more, again and again, until it is all.")
        .needs_one(&["canary", "linear"])
        .made();
    either([choice(["all-at-once"]), shift])
}

fn event() -> Value {
    let shared = "Its name under `shared`.";
    let queue = mapping("an event of a queue")
        .needs("queue", text(), shared)
        .may("batch", default(whole(1, 10_000), 10), "How many messages at once.")
        .may("window", default(whole(0, 300), 0), "For how many seconds messages are gathered.")
        .may("concurrency", whole(2, 1_000), "How many calls at once.");
    let table = mapping("an event of a table").needs("table", text(), shared).may(
        "batch",
        default(whole(1, 10_000), 100),
        "How many changes at once.",
    );
    let topic = mapping("an event of a topic").needs("topic", text(), shared).may(
        "filter",
        filter(),
        "Only messages with these attributes, e.g. `{ kind: [refund] }`.",
    );
    let bucket = mapping("an event of a bucket")
        .needs("bucket", text(), shared)
        .may("on", default(choice(["created", "deleted"]), "created"), "What happens to an object.")
        .may("prefix", text(), "How the object's key begins.");
    let schedule = mapping("a schedule")
        .needs("schedule", pattern("^(rate|cron)\\(.*\\)$"), "`rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)` in UTC.")
        .may("payload", json!({}), "The event that the agent gets.");
    let pattern =
        json!({ "type": "object", "minProperties": 1, "additionalProperties": { "type": ["array", "object"] } });
    let bus = mapping("an event of a bus")
        .needs("event", pattern, "Which events, e.g. `{ source: [desk.shop] }`.")
        .may("bus", text(), "The bus; `default` by default.");
    let each: Vec<Value> = [queue, table, topic, bucket, schedule, bus].into_iter().map(Mapping::made).collect();
    json!({ "oneOf": each })
}

fn health() -> Value {
    let invoke = mapping("`invoke`").may("payload", json!({}), "The event; `{}` by default.").made();
    let http = mapping("`http`")
        .needs("path", pattern("^/"), "What is asked for with `GET`.")
        .may("status", default(whole(100, 599), 200), "The status that must be answered.")
        .made();
    mapping("`health`")
        .may("invoke", invoke, "The function is invoked, and must end without an error.")
        .may("http", http, "A path must answer.")
        .may("alarms", default(flag(), false), "The agent's alarms must not go off.")
        .may("within", default(whole(1, 900), 60), "For how many seconds after the last change is looked.")
        .rule(has_one(&["invoke", "http", "alarms"]))
        .made()
}
