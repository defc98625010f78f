//! Templates next to agents.

use model::Lookup;
use serde_json::json;

use super::project::{project, properties};

const STORAGE: &str = "\
Parameters:
  Stage: { Type: String, AllowedValues: [dev, prod] }
  Names: { Type: CommaDelimitedList, Default: 'a,b' }
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{ AttributeName: PK, AttributeType: S }]
      KeySchema: [{ AttributeName: PK, KeyType: HASH }]
      BillingMode: PAY_PER_REQUEST
      Tags: [{ Key: stage, Value: !Ref Stage }]
  Queue: { Type: AWS::SQS::Queue, Properties: { Tags: [{ Key: names, Value: !Join ['-', !Ref Names] }] } }
Outputs:
  TableName: { Value: !Ref Table }
";

const STACK: &str = "stacks: [{ name: storage, template: stacks/storage.yaml, parameters: { Stage: dev } }]\n";

#[test]
fn a_template_stands_next_to_agents_as_a_stack_of_its_own() {
    let expanded = project(STACK).with("stacks/storage.yaml", STORAGE).expanded();
    let addresses: Vec<String> = expanded.desired.resources.keys().map(ToString::to_string).collect();
    assert_eq!(addresses, ["storage/Queue", "storage/Table"]);
    assert!(expanded.desired.resources.values().all(|resource| resource.agent.is_none()));
    assert_eq!(expanded.desired.outputs["StorageTableName"], json!({ "Ref": "storage/Table" }));
    let place = expanded.places[&"storage/Table".parse().unwrap()];
    assert_eq!(expanded.files.slice(place), "Table");
    assert_eq!(&*expanded.files.of(place).unwrap().name, "stacks/storage.yaml");
}

#[test]
fn values_of_parameters_may_be_texts_numbers_truths_and_lists() {
    let parameters = "{ Stage: prod, Names: [x, y] }";
    let text = STACK.replace("{ Stage: dev }", parameters);
    let expanded = project(&text).with("stacks/storage.yaml", STORAGE).expanded();
    let tags = properties(&expanded, "storage/Queue")["Tags"].as_array().unwrap();
    assert_eq!(tags[0], json!({ "Key": "names", "Value": "x-y" }));
}

#[test]
fn an_environment_overrides_parameters_deeply_and_leaves_the_rest() {
    let mut project = project(STACK).with("stacks/storage.yaml", STORAGE);
    let overrides = "dev: { overrides: { stacks: { storage: { parameters: { Names: 'x' }, tags: { tier: gold } } } } }";
    project.config = project.config.replace("dev: {}", overrides);
    let expanded = project.expanded();
    let tags = |address: &str| {
        let tags = properties(&expanded, address)["Tags"].as_array().unwrap().clone();
        let pair =
            |tag: serde_json::Value| format!("{}={}", tag["Key"].as_str().unwrap(), tag["Value"].as_str().unwrap());
        tags.into_iter().map(pair).collect::<Vec<_>>().join(" ")
    };
    let ours = "strands:environment=dev strands:managed-by=strandline strands:project=desk tier=gold";
    assert_eq!(tags("storage/Queue"), format!("names=x {ours}"));
    assert_eq!(tags("storage/Table"), format!("stage=dev {ours}"));
}

#[test]
fn tags_stand_in_the_form_of_the_type_and_the_users_own_win() {
    let template = "\
Resources:
  Parameter: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: x, Tags: { team: own } } }
  Topic: { Type: AWS::SNS::Topic, Properties: { Tags: [{ Key: team, Value: own }] } }
  Policy: { Type: AWS::SQS::QueuePolicy, Properties: { Queues: [q], PolicyDocument: { Version: '2012-10-17', Statement: [] } } }
";
    let mut project = project("stacks: [{ name: a, template: a.yaml }]\n").with("a.yaml", template);
    project.config = project.config.replace("region: eu-central-1", "region: eu-central-1, tags: { team: project }");
    let expanded = project.expanded();
    let map = &properties(&expanded, "a/Parameter")["Tags"];
    assert_eq!((&map["team"], &map["strands:project"]), (&json!("own"), &json!("desk")));
    let list = properties(&expanded, "a/Topic")["Tags"].as_array().unwrap();
    assert_eq!(
        list.iter().filter(|tag| tag["Key"] == "team").collect::<Vec<_>>(),
        [&json!({ "Key": "team", "Value": "own" })]
    );
    assert!(!properties(&expanded, "a/Policy").contains_key("Tags"));
}

#[test]
fn tags_that_say_whose_a_resource_is_are_nobodys_to_give_and_there_cannot_be_too_many() {
    let many: Vec<String> = (0..45).map(|n| format!("{{ Key: t{n}, Value: x }}")).collect();
    let template = format!(
        "Resources:
  Topic: {{ Type: AWS::SNS::Topic, Properties: {{ Tags: [{{ Key: 'strands:project', Value: other }}] }} }}
  Queue: {{ Type: AWS::SQS::Queue, Properties: {{ Tags: [{}] }} }}
",
        many.join(", ")
    );
    assert_eq!(
        project("stacks: [{ name: a, template: a.yaml }]\n").with("a.yaml", template).problems(),
        [
            "a.yaml:2:3 template::wrong-tag | a tag cannot be named `strands:project` | `strands:` is Strandline's own: choose another prefix",
            "a.yaml:3:3 template::too-many | there are 48 tags on this resource, those of the project and environment included | AWS takes 50, and Strandline's own are among them: at most 44 are left",
        ]
    );
}

#[test]
fn every_problem_of_a_template_is_told_in_the_template_and_of_its_entry_in_the_config() {
    let text = "stacks:
  - { name: storage, template: stacks/storage.yaml, parameters: { Stage: test, Size: 3 }, ignore_changes: { Tabel: [Tags], Table: [Tgas, Tags.x] } }
  - { name: other, template: stacks/storge.yaml }
";
    let template = STORAGE.replace("Ref Names", "Ref Name");
    assert_eq!(
        project(text).with("stacks/storage.yaml", template).problems(),
        [
            "strands.yaml:4:74 config::wrong-choice | `Stage` cannot be `test` | it may be `dev` or `prod`",
            "strands.yaml:4:80 config::unknown-parameter | the template of `storage` has no parameter `Size` | there are `Names` and `Stage`",
            "strands.yaml:4:109 config::unknown-resource | there is no resource `Tabel` whose changes could be ignored | did you mean `Table`?",
            "strands.yaml:4:132 config::unknown-key | `AWS::DynamoDB::Table` has no property `Tgas` there | did you mean `Tags`?",
            "strands.yaml:4:138 config::unknown-key | `AWS::DynamoDB::Table` has no property `x` there | a path leads through mappings only: leave a list or a text alone as a whole",
            "strands.yaml:5:30 config::file-missing | the file `stacks/storge.yaml` is not in the bundle | did you mean `stacks/storage.yaml`?",
            "stacks/storage.yaml:12:94 template::unknown-resource | there is no parameter or resource `Name` | did you mean `Names`?",
        ]
    );
}

#[test]
fn entries_that_are_not_whole_are_told() {
    let cases = [
        (
            "{ template: a.yaml }",
            "strands.yaml:3:10 config::missing-key | a stack needs the key `name` | add `name: …`",
        ),
        (
            "{ name: shared, template: a.yaml }",
            "strands.yaml:3:18 config::reserved-name | a stack cannot be named `shared` | that is the stack of what agents share: give it another name",
        ),
        (
            "{ name: a, template: ../a.yaml }",
            "strands.yaml:3:31 config::wrong-path | `../a.yaml` cannot be the path of a template | a path cannot leave the bundle: move it below the folder that `strands.yaml` is in",
        ),
        (
            "{ name: a }",
            "strands.yaml:3:10 config::missing-key | a stack needs the key `template` | add `template: …`, a file; or `assembly: …`, the folder that `cdk synth` wrote",
        ),
        (
            "{ name: a, template: a.yaml, assembly: cdk.out }",
            "strands.yaml:3:39 config::wrong-choice | a stack has a `template` or an `assembly`, not both | `template` is a file, `assembly` the folder that `cdk synth` wrote",
        ),
        (
            "{ name: a, template: a.yaml, stacks: [b] }",
            "strands.yaml:3:47 config::wrong-choice | a template is one stack: there is nothing to choose | remove `stacks`, which chooses among the stacks of an `assembly`",
        ),
        (
            "{ name: a, template: a.yaml, parameters: { Name: !Ref Orders } }",
            "strands.yaml:3:64 config::wrong-type | the parameter `Name` must be a value, not the function `Ref` | a template refers to what is outside of it by itself, e.g. with `!Ref shared/OrdersTable`",
        ),
        (
            "{ name: a, template: a.yaml, parameters: { Name: { x: y } } }",
            "strands.yaml:3:59 config::wrong-type | the parameter `Name` must be text, not a mapping | write one text",
        ),
        (
            "{ name: a, template: a.yaml, parameters: { Key: AKIAIOSFODNN7EXAMPLE } }",
            "strands.yaml:3:58 config::secret | the parameter `Key` holds what looks like an AWS access key | a config is kept and shown in the history: store the secret in AWS Secrets Manager, and give its name",
        ),
        (
            "{ name: a, template: a.yaml, ignore_changes: { Table: [Tags..x] } }",
            "strands.yaml:3:65 config::wrong-path | `Tags..x` is not the path of a property | write the names of properties with dots between them, e.g. `Environment.Variables.MODEL`",
        ),
    ];
    for (entry, expected) in cases {
        assert_eq!(project(&format!("stacks: [{entry}]\n")).problems(), [expected], "{entry}");
    }
}

#[test]
fn names_that_two_stacks_have_are_told() {
    let text = "\
stacks: [{ name: bot, template: a.yaml }, { name: b, template: a.yaml }, { name: b, template: a.yaml }]
agents: [{ name: bot, path: bot, runtime: python3.12, handler: h.h }]
";
    assert_eq!(
        project(text).problems(),
        [
            "strands.yaml:3:18 config::duplicate-name | `bot` is the name of an agent already | an agent's name is that of its stack: give this stack another",
            "strands.yaml:3:82 config::duplicate-name | there are two stacks named `b` | give one of them another name",
        ]
    );
}

#[test]
fn a_stack_that_is_not_there_cannot_be_overridden() {
    let mut project = project(STACK);
    project.config =
        project.config.replace("dev: {}", "dev: { overrides: { stacks: { store: {}, storage: { name: x } } } }");
    assert_eq!(
        project.problems(),
        [
            "strands.yaml:2:47 config::unknown-stack | there is no stack `store` to override | did you mean `storage`?",
            "strands.yaml:2:69 config::fixed-key | an environment cannot override a stack's `name` | remove it: names are the same in every environment",
        ]
    );
}

#[test]
fn a_template_that_is_missing_is_told_with_what_is_there() {
    let project = project(STACK).with("stacks/storag.yaml", STORAGE);
    assert_eq!(
        project.problems(),
        [
            "strands.yaml:3:37 config::file-missing | the file `stacks/storage.yaml` is not in the bundle | did you mean `stacks/storag.yaml`?"
        ]
    );
    let config = project.config();
    let needed = config.needed("dev");
    assert_eq!(needed.iter().map(|one| one.path).collect::<Vec<_>>(), ["stacks/storage.yaml"]);
    assert!(needed[0].takes("stacks/storage.yaml") && !needed[0].takes("stacks/storag.yaml"));
    let report = config.file_missing(&needed[0], ["README.md"]);
    assert_eq!(
        report.to_string(),
        "strands.yaml:3:37: the file `stacks/storage.yaml` is not in the bundle (config::file-missing)"
    );
    assert!(config.needed("prod").is_empty());
}

#[test]
fn what_cdk_asks_of_its_own_bootstrap_stack_is_left_away() {
    let template = r#"{
 "Resources": { "Queue": { "Type": "AWS::SQS::Queue" }, "CDKMetadata": { "Type": "AWS::CDK::Metadata", "Properties": { "Analytics": "v2:x" } } },
 "Parameters": { "BootstrapVersion": { "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version", "Description": "Version" } },
 "Rules": { "CheckBootstrapVersion": { "Assertions": [ { "Assert": { "Fn::Not": [ { "Fn::Contains": [ [ "1", "2" ], { "Ref": "BootstrapVersion" } ] } ] }, "AssertDescription": "x" } ] } }
}"#;
    let expanded = project("stacks: [{ name: a, template: a.json }]\n").with("a.json", template).expanded();
    assert!(expanded.lookups.is_empty());
    assert_eq!(expanded.desired.resources.keys().map(ToString::to_string).collect::<Vec<_>>(), ["a/Queue"]);
}

#[test]
fn what_is_ignored_stands_with_the_resource() {
    let text =
        STACK.replace("} }]", "}, ignore_changes: { Table: [ProvisionedThroughput.ReadCapacityUnits, Tags] } }]");
    let expanded = project(&text).with("stacks/storage.yaml", STORAGE).expanded();
    let table = &expanded.desired.resources[&"storage/Table".parse().unwrap()];
    let paths: Vec<&str> = table.ignore_changes.iter().map(|path| path.0.as_str()).collect();
    assert_eq!(paths, ["ProvisionedThroughput.ReadCapacityUnits", "Tags"]);
}

#[test]
fn types_without_a_provider_and_names_outside_are_told_all_at_once() {
    let template = "\
Resources:
  Cluster: { Type: AWS::Redshift::Cluster, Properties: { ClusterType: single-node, DBName: o, MasterUsername: root, NodeType: ra3.large } }
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      AttributeDefinitions: [{ AttributeName: PK, AttributeType: S }]
      KeySchema: [{ AttributeName: PK, KeyType: HASH }]
      BillingMode: PAY_PER_REQUEST
  Fits: { Type: AWS::SQS::Queue, Properties: { QueueName: desk-dev-work } }
  Parameter: { Type: AWS::SSM::Parameter, Properties: { Name: /x, Type: String, Value: y } }
";
    let expanded = project("stacks: [{ name: a, template: a.yaml }]\n").with("a.yaml", template).expanded();
    assert_eq!(
        super::project::lines(&expanded.deployable()),
        [
            "a.yaml:2:3 template::not-provided | `a/Cluster` is of type `AWS::Redshift::Cluster`, which cannot be deployed yet | deploy it by other means and refer to it by its ARN or name, or do without it",
            "a.yaml:3:3 template::name-outside | `a/Table` is named `orders`, which is not a name of this environment | remove `TableName`: a name is then made; or begin it with `desk-dev-`",
            "a.yaml:11:3 template::name-outside | `a/Parameter` is named `/x`, which is not a name of this environment | remove `Name`: a name is then made; or begin it with `/desk/dev/`",
        ]
    );
}

#[test]
fn what_has_to_be_looked_up_is_asked_for_and_then_used() {
    let template = "\
Parameters: { Image: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/image } }
Resources: { Name: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Image } } }
";
    let asking = project("stacks: [{ name: a, template: a.yaml }]\n").with("a.yaml", template);
    let lookup = Lookup::Parameter { name: "/shop/image".to_owned(), version: None };
    assert_eq!(asking.expanded().lookups, [lookup.clone()].into());
    let told = asking.found(lookup, json!("ami-1")).expanded();
    assert!(told.lookups.is_empty());
    assert_eq!(properties(&told, "a/Name")["Value"], json!("ami-1"));
}

#[test]
fn the_same_template_may_be_several_stacks() {
    let text = "stacks:
  - { name: one, template: storage.yaml, parameters: { Stage: dev } }
  - { name: two, template: storage.yaml, parameters: { Stage: prod } }
";
    let expanded = project(text).with("storage.yaml", STORAGE).expanded();
    let stage = |stack: &str| properties(&expanded, &format!("{stack}/Table"))["Tags"][0]["Value"].clone();
    assert_eq!((stage("one"), stage("two")), (json!("dev"), json!("prod")));
    assert_eq!(expanded.files.count(), 2, "a text is read once");
}
