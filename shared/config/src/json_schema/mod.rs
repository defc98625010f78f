//! What a `strands.yaml` may say, as a JSON Schema: what editors complete and check by while somebody writes.
//!
//! It says what the readers say of keys, types, words and ranges, and never refuses what they take. What depends on something
//! else in the file (names that must exist, overrides that are merged) is theirs alone.

mod agent;
mod beside;
mod data;
mod make;
mod network;
mod permission;

use serde_json::{Value, json};

use self::make::{choice, list, mapping, name, named, one_or_more, or_null, over, pattern, text, unless, whole};
use crate::read::limits::MOST;
use crate::read::names::LONGEST;
use model::id::NAME_LENGTH;

/// The JSON Schema (draft 7) of `strands.yaml`.
pub fn json_schema() -> Value {
    let project = mapping("`project`")
        .needs(
            "name",
            project_name(),
            "The project: the first part of the names of everything in it, and of the upload's path.",
        )
        .may("region", region(), "The region of environments that name none.")
        .may("tags", tags(), "Tags on everything.")
        .made();
    let config = mapping("a config")
        .needs("project", project, "What is deployed.")
        .may("agents", list(agent::agent()), "The agents, each in a stack of its own.")
        .may("discover", one_or_more(text()), "Folders of agents that have an `agent.yaml`, e.g. `agents/*`.")
        .may("shared", data::shared(), "What the agents share.")
        .may("stacks", list(beside::stack().made()), "CloudFormation templates and CDK assemblies next to the agents.")
        .may("resources", beside::resources(), "Resources in CloudFormation's shape, in the stack `shared`.")
        .may("outputs", beside::outputs(), "Outputs besides those that agents and shared resources have.")
        .may(
            "limits",
            limits(),
            "How much one deployment may do, and how much there may be; no more than the environment allows.",
        )
        .may("notifications", notices(), "What is told to who subscribed, beside what the environment's record says.")
        .may(
            "ignore_changes",
            ignored(),
            "Properties of resources of the stack `shared` whose later changes here change nothing.",
        )
        .may("moved", named(text(), text()), "Old addresses with new ones: nothing is made anew, the record follows.")
        .needs("environments", environments(), "Where the project is deployed to, by name.")
        .needs_one(&["agents", "discover", "stacks", "resources"])
        .made();
    whole_text(config, "A project of Strandline: its agents, what they share, and its environments.")
}

/// The JSON Schema (draft 7) of an `agent.yaml`.
pub fn manifest_schema() -> Value {
    whole_text(
        agent::manifest(),
        "An agent of a project of Strandline, named by its folder where it has no name of its own.",
    )
}

fn whole_text(schema: Value, description: &str) -> Value {
    let mut text = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "description": description });
    if let (Value::Object(text), Value::Object(schema)) = (&mut text, schema) {
        text.extend(schema);
    }
    text
}

fn project_name() -> Value {
    unless(name(NAME_LENGTH), pattern("^strandline(-|$)"))
}

fn region() -> Value {
    choice(schema::REGIONS.iter().copied())
}

fn environments() -> Value {
    let overrides = mapping("`overrides`")
        .may("agents", named(text(), or_null(agent::over())), "What is different in agents here, by their names.")
        .may("shared", over(data::shared()), "What is different here in what is shared.")
        .may(
            "stacks",
            named(text(), or_null(over(beside::stack().without("name").made()))),
            "What is different in entries of `stacks` here, by their names.",
        )
        .may("resources", over(beside::resources()), "What is different in `resources` here.")
        .may("outputs", over(beside::outputs()), "What is different in `outputs` here.")
        .may("limits", over(limits()), "What is different in `limits` here.")
        .may("notifications", notices(), "What is told here instead of what `notifications` says.")
        .made();
    let environment = mapping("an environment")
        .may("account", either_digits(), "Twelve digits, between quotes; must agree with the environment's record.")
        .may("region", region(), "Must agree with the environment's record; the project's by default.")
        .may("tags", tags(), "Tags over the project's.")
        .may("overrides", overrides, "What is different here: mappings are merged key by key, anything else is replaced, `null` takes a key away.")
        .made();
    let mut schema = named(name(NAME_LENGTH), or_null(environment));
    if let Value::Object(schema) = &mut schema {
        schema.insert("minProperties".to_owned(), json!(1));
        schema.insert("maxProperties".to_owned(), json!(32));
    }
    schema
}

/// An account: text, or a number that was left without quotes.
fn either_digits() -> Value {
    json!({ "type": ["string", "integer"], "pattern": "^[0-9]{12}$" })
}

/// The limits of a deployment.
fn limits() -> Value {
    let most = || whole(0, MOST);
    mapping("`limits`")
        .may("resources", most(), "How many resources there may be afterwards.")
        .may("changes", most(), "How many changes a plan may have.")
        .may("deletions", most(), "How many of them may delete what is no longer asked for.")
        .may("replacements", most(), "How many of them may make a resource anew.")
        .made()
}

/// What may be told.
fn notices() -> Value {
    let mut schema = list(choice(model::Notice::ALL.map(model::Notice::as_str)));
    if let Value::Object(schema) = &mut schema {
        schema.insert("uniqueItems".to_owned(), json!(true));
    }
    schema
}

/// Tags of one's own.
fn tags() -> Value {
    named(
        json!({ "minLength": 1, "maxLength": 128, "not": { "pattern": "^([aA][wW][sS]|[sS][tT][rR][aA][nN][dD][sS]):" } }),
        json!({ "type": ["string", "number", "boolean"], "maxLength": 256 }),
    )
}

/// Properties whose changes are left alone, by logical id.
fn ignored() -> Value {
    named(text(), one_or_more(pattern("^[^.]+(\\.[^.]+)*$")))
}

/// The name of a stack, an agent's included.
fn stack_name() -> Value {
    unless(name(LONGEST), json!({ "const": "shared" }))
}
