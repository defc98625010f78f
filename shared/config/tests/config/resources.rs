//! Resources and outputs in CloudFormation's shape, next to agents.

use model::Retention;
use serde_json::json;

use super::project::{project, properties};

const AGENT: &str = "agents: [{ name: bot, path: bot, runtime: python3.12, handler: h.h }]\n";

#[test]
fn raw_resources_stand_in_the_stack_shared_and_refer_to_what_agents_made() {
    let text = format!(
        "{AGENT}shared: {{ tables: {{ orders: {{ key: {{ PK: S }} }} }} }}
resources:
  Archive: {{ Type: AWS::S3::Bucket, DeletionPolicy: Retain }}
  Names:
    Type: AWS::SSM::Parameter
    DependsOn: Archive
    Properties: {{ Type: String, Value: !Sub '${{OrdersTable}} ${{bot/Function.Arn}} ${{Archive.Arn}}' }}
outputs:
  ArchiveName: !Ref Archive
  Function: {{ Value: !GetAtt bot/Function.Arn, Description: the function }}
"
    );
    let expanded = project(&text).expanded();
    let resources = &expanded.desired.resources;
    assert_eq!(resources[&"shared/Archive".parse().unwrap()].retention, Retention::Retain);
    assert!(resources[&"shared/Names".parse().unwrap()].depends_on.contains(&"shared/Archive".parse().unwrap()));
    assert_eq!(
        properties(&expanded, "shared/Names")["Value"],
        json!({ "Fn::Join": ["", [
            { "Ref": "shared/OrdersTable" }, " ", { "Fn::GetAtt": ["bot/Function", "Arn"] }, " ",
            { "Fn::GetAtt": ["shared/Archive", "Arn"] },
        ]] })
    );
    assert_eq!(expanded.desired.outputs["ArchiveName"], json!({ "Ref": "shared/Archive" }));
    assert_eq!(expanded.desired.outputs["Function"], json!({ "Fn::GetAtt": ["bot/Function", "Arn"] }));
    let place = expanded.places[&"shared/Archive".parse().unwrap()];
    assert_eq!((expanded.files.slice(place), place.file), ("Archive", 0));
}

#[test]
fn a_config_needs_no_agents_where_there_is_something_else() {
    let expanded = project("resources: { Work: { Type: AWS::SQS::Queue } }\n").expanded();
    assert_eq!(expanded.desired.resources.len(), 1);
    assert_eq!(
        project("outputs: { A: b }\n").problems(),
        ["strands.yaml:1:1 config::missing-key | a config needs the key `agents` | add `agents: …`"]
    );
}

#[test]
fn an_environment_overrides_properties_and_outputs() {
    let mut project = project(
        "resources: { Work: { Type: AWS::SQS::Queue, Properties: { DelaySeconds: 1, QueueName: !Ref 'AWS::StackName' } } }\noutputs: { A: b }\n",
    );
    let overrides = "dev: { overrides: { outputs: { A: c }, resources: { Work: { Properties: { DelaySeconds: 5, QueueName: !Sub 'desk-dev-x' } } } } }";
    project.config = project.config.replace("dev: {}", overrides);
    let expanded = project.expanded();
    let work = properties(&expanded, "shared/Work");
    assert_eq!((&work["DelaySeconds"], &work["QueueName"]), (&json!(5), &json!("desk-dev-x")));
    assert_eq!(expanded.desired.outputs["A"], json!("c"));
}

#[test]
fn logical_ids_and_outputs_that_are_taken_are_told() {
    let text = format!(
        "{AGENT}shared: {{ tables: {{ orders: {{ key: {{ PK: S }} }} }} }}
resources:
  OrdersTable: {{ Type: AWS::SQS::Queue }}
outputs:
  BotFunctionArn: x
  Fine: y
"
    );
    assert_eq!(
        project(&text).problems(),
        [
            "strands.yaml:6:3 config::duplicate-name | `shared/OrdersTable` is made by the config already | give it another logical id",
            "strands.yaml:8:3 config::duplicate-name | there is an output `BotFunctionArn` already | give this one another name",
        ]
    );
}

#[test]
fn what_is_wrong_with_raw_resources_is_told_at_their_lines() {
    let text = "\
resources:
  Work: { Type: AWS::SQS::Quee }
  Letters: { Type: AWS::SQS::Queue, Properties: { DelaySecond: 1, KmsMasterKeyId: !Ref Nothing } }
outputs:
  A: !GetAtt Letters.Arm
";
    assert_eq!(
        project(text).problems(),
        [
            "strands.yaml:4:17 config::unknown-type | there is no type `AWS::SQS::Quee` | did you mean `AWS::SQS::Queue`?",
            "strands.yaml:5:51 config::unknown-key | there is no property `DelaySecond` (`AWS::SQS::Queue`) | did you mean `DelaySeconds`?",
            "strands.yaml:5:88 config::unknown-resource | there is no parameter or resource `Nothing` | declare it under `Parameters` or `Resources`",
            "strands.yaml:7:22 config::unknown-attribute | `Letters` has no attribute `Arm`: resources of type `AWS::SQS::Queue` have none of that name | did you mean `Arn`?",
        ]
    );
}

#[test]
fn what_has_moved_is_told_by_both_addresses() {
    let text = "resources: { Work: { Type: AWS::SQS::Queue } }\nmoved: { shared/Jobs: shared/Work }\nignore_changes: { Work: [DelaySeconds] }\n";
    let expanded = project(text).expanded();
    let moved: Vec<String> = expanded.desired.moved.iter().map(|(from, to)| format!("{from} → {to}")).collect();
    assert_eq!(moved, ["shared/Jobs → shared/Work"]);
    let work = &expanded.desired.resources[&"shared/Work".parse().unwrap()];
    assert_eq!(work.ignore_changes.iter().map(|path| path.0.as_str()).collect::<Vec<_>>(), ["DelaySeconds"]);

    let cases = [
        (
            "Jobs: shared/Work",
            "4:10 config::wrong-address | `Jobs` is not an address | an address is a stack and a logical id, e.g. `shared/OrdersTable`",
        ),
        (
            "shared/Jobs: shared/Wrok",
            "4:23 config::unknown-resource | there is no resource `shared/Wrok` to which something could have moved | did you mean `shared/Work`?",
        ),
        (
            "shared/Work: shared/Work",
            "4:10 config::wrong-address | `shared/Work` is said to have moved, and is still here | remove the line, or what stands at that address",
        ),
    ];
    for (moved, expected) in cases {
        assert_eq!(
            project(&text.replace("shared/Jobs: shared/Work", moved)).problems(),
            [format!("strands.yaml:{expected}")]
        );
    }
}

#[test]
fn settings_of_an_agent_that_are_left_alone_are_properties_of_its_function() {
    let agent = "agents: [{ name: bot, path: bot, runtime: python3.12, handler: h.h, alias: live, environment: { MODEL: a, BB: c }, ";
    let text = format!("{agent}memory: 256, ignore_changes: [memory, environment.MODEL, tracing] }}]\n");
    let expanded = project(&text).expanded();
    let function = &expanded.desired.resources[&"bot/Function".parse().unwrap()];
    let paths: Vec<&str> = function.ignore_changes.iter().map(|path| path.0.as_str()).collect();
    assert_eq!(paths, ["Environment.Variables.MODEL", "MemorySize", "TracingConfig"]);
    // What is left alone publishes no version.
    let other = project(&text.replace("memory: 256", "memory: 512").replace("MODEL: a", "MODEL: b")).expanded();
    let version = |expanded: &config::Expanded| properties(expanded, "bot/Version").clone();
    assert_eq!(version(&expanded), version(&other));
    let again = project(&text.replace("BB: c", "BB: d")).expanded();
    assert_ne!(version(&expanded), version(&again));

    let wrong = format!("{agent}ignore_changes: [memroy, layers] }}]\n");
    let problems = project(&wrong).problems();
    assert_eq!(
        problems,
        [
            "strands.yaml:3:133 config::wrong-choice | changes of `memroy` cannot be ignored | did you mean `memory`?",
            "strands.yaml:3:141 config::wrong-choice | changes of `layers` cannot be ignored | it may be `architecture`, `concurrency`, `environment`, `handler`, `memory`, `runtime`, `tags`, `timeout` or `tracing`, and `environment.NAME`",
        ]
    );
}
