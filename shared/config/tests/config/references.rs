//! References between agents, what they share, raw resources and templates.

use serde_json::{Value, json};

use super::project::{project, properties};

const TEMPLATE: &str = "\
Parameters: { Make: { Type: String, Default: 'yes' } }
Conditions: { Makes: !Equals [!Ref Make, 'yes'] }
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{ AttributeName: PK, AttributeType: S }]
      KeySchema: [{ AttributeName: PK, KeyType: HASH }]
      BillingMode: PAY_PER_REQUEST
  Work: { Type: AWS::SQS::Queue, Condition: Makes }
  Group: { Type: AWS::Logs::LogGroup }
  Plain: { Type: AWS::SSM::Parameter, Properties: { Name: plain, Type: String, Value: !Ref shared/Archive } }
";

fn config(agent: &str) -> String {
    format!(
        "stacks: [{{ name: storage, template: storage.yaml }}]
resources: {{ Archive: {{ Type: AWS::S3::Bucket }} }}
agents:
  - {{ name: one, path: one, runtime: python3.12, handler: h.h{agent} }}
  - {{ name: two, path: two, runtime: python3.12, handler: h.h }}
"
    )
}

fn variables(expanded: &config::Expanded) -> &Value {
    &properties(expanded, "one/Function")["Environment"]["Variables"]
}

#[test]
fn variables_of_an_agent_may_be_functions_of_anything() {
    let functions = "{ AA: !Ref Archive, BB: !GetAtt storage/Table.Arn, CC: !Sub 'https://${two/Function}.x/${AWS::Region}', DD: plain }";
    let text = config(&format!(", environment: {functions}"));
    let expanded = project(&text).with("storage.yaml", TEMPLATE).expanded();
    assert_eq!(
        *variables(&expanded),
        json!({
            "AA": { "Ref": "shared/Archive" },
            "BB": { "Fn::GetAtt": ["storage/Table", "Arn"] },
            "CC": { "Fn::Join": ["", ["https://", { "Ref": "two/Function" }, ".x/eu-central-1"]] },
            "DD": "plain",
        })
    );
}

#[test]
fn a_function_that_leads_nowhere_or_gives_a_list_is_told_at_its_line() {
    let text = config(", environment: { DD: !Sub 'AKIAIOSFODNN7EXAMPLE' }");
    assert_eq!(
        project(&text).with("storage.yaml", TEMPLATE).problems(),
        [
            "strands.yaml:6:88 config::secret | the variable `DD` holds what looks like an AWS access key | a config is kept and shown in the history: store the secret in AWS Secrets Manager, give the agent its name, and let it read the value"
        ]
    );
    let text = config(", environment: { AA: !Ref Nothing, BB: !GetAtt two/Function.Arm, CC: !Split [',', 'a,b'] }");
    assert_eq!(
        project(&text).with("storage.yaml", TEMPLATE).problems(),
        [
            "strands.yaml:6:88 config::unknown-resource | there is no parameter or resource `Nothing` | declare it under `Parameters` or `Resources`",
            "strands.yaml:6:122 config::unknown-attribute | `two/Function` has no attribute `Arm`: resources of type `AWS::Lambda::Function` have none of that name | did you mean `Arn`?",
            "strands.yaml:6:138 config::wrong-type | the variable `CC` must be text, and this function gives a list | make text of it with `!Join`, or choose from it with `!Select`",
        ]
    );
}

#[test]
fn permissions_name_raw_resources_and_those_of_stacks() {
    let permissions = "[{ resource: Archive, access: read }, { resource: storage/Table, access: full }, \
                       { resource: storage/Work, access: write }, { resource: storage/Plain, access: read }]";
    let text = config(&format!(", permissions: {permissions}"));
    let expanded = project(&text).with("storage.yaml", TEMPLATE).expanded();
    assert_eq!(
        *variables(&expanded),
        json!({
            "ARCHIVE_BUCKET": { "Ref": "shared/Archive" },
            "STORAGE_TABLE": { "Ref": "storage/Table" },
            "STORAGE_WORK_QUEUE_URL": { "Ref": "storage/Work" },
            "STORAGE_PLAIN_PARAMETER": { "Ref": "storage/Plain" },
        })
    );
    let role = properties(&expanded, "one/Function")["Role"]["Fn::GetAtt"][0].as_str().unwrap().to_owned();
    let statements = properties(&expanded, &role)["Policies"][0]["PolicyDocument"]["Statement"].to_string();
    for expected in [
        r#"{"Action":["s3:GetObject","s3:GetObjectVersion"],"Effect":"Allow","Resource":{"Fn::Join":["",[{"Fn::GetAtt":["shared/Archive","Arn"]},"/*"]]}}"#,
        r#""Resource":{"Fn::GetAtt":["storage/Table","Arn"]}"#,
        r#"{"Action":["sqs:GetQueueAttributes","sqs:GetQueueUrl","sqs:SendMessage"],"Effect":"Allow","Resource":{"Fn::GetAtt":["storage/Work","Arn"]}}"#,
        r#""Resource":{"Fn::Join":["",["arn:aws:ssm:eu-central-1:000000000000:parameter/",{"Ref":"storage/Plain"}]]}"#,
    ] {
        assert!(statements.contains(expected), "{expected}\n{statements}");
    }
}

#[test]
fn permissions_on_what_is_not_there_or_has_no_words_are_told() {
    let permissions = "[{ resource: storage/Tabel, access: read }, { resource: storage/Group, access: read }, \
                       { resource: storage/Work, access: write }, { resource: storage/Table, access: read }]";
    let text = config(&format!(", environment: {{ STORAGE_TABLE: x }}, permissions: {permissions}"))
        .replace("template: storage.yaml", "template: storage.yaml, parameters: { Make: 'no' }");
    assert_eq!(
        project(&text).with("storage.yaml", TEMPLATE).problems(),
        [
            "strands.yaml:6:125 config::unknown-resource | there is no resource `storage/Tabel` | did you mean `storage/Table`?",
            "strands.yaml:6:168 config::unsupported | there are no words for what may be done with `storage/Group`, which is `AWS::Logs::LogGroup` | allow IAM `actions` on `resources` instead",
            "strands.yaml:6:211 config::unknown-resource | `storage/Work` is not made here: its condition does not hold | name it where it is made, with `overrides` of the environment",
            "strands.yaml:6:254 config::reserved-name | `STORAGE_TABLE` is set by this permission, and by `environment` as well | remove it from `environment`, or choose another name there",
        ]
    );
}

#[test]
fn actions_may_be_allowed_on_what_a_function_gives() {
    let permissions = "[{ actions: [logs:PutLogEvents], resources: [!GetAtt storage/Group.Arn, !Sub '${storage/Group.Arn}:*', 'arn:aws:logs:*:*:log-group:x'] }]";
    let expanded = project(&config(&format!(", permissions: {permissions}"))).with("storage.yaml", TEMPLATE).expanded();
    let role = properties(&expanded, "one/Function")["Role"]["Fn::GetAtt"][0].as_str().unwrap().to_owned();
    let statements =
        properties(&expanded, &role)["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap().clone();
    let resources = &statements.iter().find(|one| one["Action"] == json!(["logs:PutLogEvents"])).unwrap()["Resource"];
    assert_eq!(
        *resources,
        json!([
            "arn:aws:logs:*:*:log-group:x",
            { "Fn::GetAtt": ["storage/Group", "Arn"] },
            { "Fn::Join": ["", [{ "Fn::GetAtt": ["storage/Group", "Arn"] }, ":*"]] },
        ])
    );
}

#[test]
fn a_function_cannot_say_what_a_text_could_not() {
    let permissions = "[{ actions: ['iam:PassRole'], resources: [!Sub 'arn:aws:iam::*:role/${storage/Work}'] }, \
                       { actions: ['s3:*'], resources: [!Sub '*'] }, { actions: ['s3:GetObject'], resources: [!Ref 'AWS::Region'] }]";
    let text = config(&format!(", permissions: {permissions}"));
    assert_eq!(
        project(&text).with("storage.yaml", TEMPLATE).problems(),
        [
            "strands.yaml:6:124 config::administrator | `iam:PassRole` on these resources makes an administrator | whoever may change or take on identities may do everything: name one action and one role, without `*`",
            "strands.yaml:6:204 config::wildcard | `s3:*` on `*` allows all of a service | name the actions that the agent needs, or the resources that it needs them on",
            "strands.yaml:6:258 config::wrong-arn | `eu-central-1` is not the ARN of a resource | a function under `resources` gives an ARN, e.g. `!GetAtt storage/Group.Arn`",
        ]
    );
}
