//! A whole deployment of what `secrets` and `events` come to: a secret that AWS makes up, and rules that wake an agent.

use end_to_end::bot::bot;
use end_to_end::trial::Trial;
use end_to_end::{Field, Project, assert_deployed, outcome};
use model::Outcome;
use serde_json::{Value, json};

use crate::account::changed;

/// A bot that a schedule and a bus wake, and that may read a secret.
fn woken() -> Project {
    let asked = "    permissions: [{ resource: api-key, access: read }]\n    events:\n      \
                 - { schedule: rate(5 minutes), payload: { job: sweep } }\n      - { event: { source: [desk.shop] } }\n\
                 shared:\n  secrets: { api-key: { length: 40, on_removal: delete } }\n";
    bot().with("strands.yaml", "shared:\n", asked)
}

const SEEN: &str = "
import boto3, json
secrets, events, functions = (boto3.client(name) for name in ('secretsmanager', 'events', 'lambda'))
listed = [s for s in secrets.list_secrets()['SecretList'] if s['Name'].startswith('support-desk/dev/')]
function, = [f for f in functions.list_functions()['Functions'] if f['FunctionName'].startswith('support-desk-dev-')]
rules = [r for r in events.list_rules()['Rules'] if r['Name'].startswith('support-desk-dev-')]
targets = [t for r in rules for t in events.list_targets_by_rule(Rule=r['Name'])['Targets']]
policy = []
if rules:
    policy = json.loads(functions.get_policy(FunctionName=function['FunctionName'])['Policy'])['Statement']
variables = functions.get_function_configuration(FunctionName=function['FunctionName']).get('Environment', {}).get('Variables', {})
print(json.dumps({
    'values': [secrets.get_secret_value(SecretId=s['ARN'])['SecretString'] for s in listed],
    'arns': [s['ARN'] for s in listed],
    'variable': variables.get('API_KEY_SECRET_ARN'),
    'function': function['FunctionArn'],
    'rules': sorted(r['Arn'] for r in rules),
    'targets': targets,
    'callers': sorted(s['Condition']['ArnLike']['AWS:SourceArn'] for s in policy),
}))
";

/// Every text that the engine keeps: of objects and of items.
const KEPT: &str = "
import boto3, sys
found = 0
s3, dynamodb = boto3.client('s3'), boto3.client('dynamodb')
for bucket in s3.list_buckets()['Buckets']:
    for page in s3.get_paginator('list_object_versions').paginate(Bucket=bucket['Name']):
        for version in page.get('Versions', []):
            body = s3.get_object(Bucket=bucket['Name'], Key=version['Key'], VersionId=version['VersionId'])['Body'].read()
            found += sys.argv[1].encode() in body
for table in dynamodb.list_tables()['TableNames']:
    for page in dynamodb.get_paginator('scan').paginate(TableName=table):
        found += sum(sys.argv[1] in str(item) for item in page['Items'])
print(found, end='')
";

async fn seen(field: &Field) -> Value {
    serde_json::from_str(&field.python(SEEN, &[]).await).expect("JSON")
}

#[tokio::test]
async fn a_config_with_secrets_and_events_is_deployed_changed_and_taken_away() {
    let trial = Trial::start().await;
    assert_deployed(&trial.deploy_and_settle(&woken()).await);
    let first = seen(&trial).await;
    let value = first["values"][0].as_str().expect("a value").to_owned();
    assert_eq!((first["values"].as_array().unwrap().len(), value.chars().count()), (1, 40));
    assert_eq!(first["arns"][0], first["variable"]);
    assert_eq!(trial.python(KEPT, &[&value]).await, "0", "the value is kept nowhere");
    let rules = first["rules"].as_array().unwrap();
    assert_eq!((rules.len(), &first["callers"]), (2, &first["rules"]), "each rule may call, and nobody else");
    let targets = first["targets"].as_array().unwrap();
    assert!(targets.iter().all(|target| target["Arn"] == first["function"]), "{targets:?}");
    assert!(targets.iter().any(|target| target["Input"] == r#"{"job":"sweep"}"#), "{targets:?}");

    let looked = trial.account.look("support-desk-dev").await.unwrap();
    assert_eq!((looked.names("secrets").len(), looked.names("rules").len()), (1, 2));

    let mark = trial.account.proxy.mark();
    assert_eq!(outcome(&trial.deploy_and_settle(&woken()).await), &Outcome::Unchanged);
    assert_eq!(changed(&trial, mark), Vec::<String>::new());

    // Another payload is another rule; the value of the secret is the same.
    let changed = woken().with("strands.yaml", "job: sweep", "job: report");
    assert_deployed(&trial.deploy_and_settle(&changed).await);
    let second = seen(&trial).await;
    assert_eq!((&second["values"], second["rules"].as_array().unwrap().len()), (&first["values"], 2));
    assert!(second["targets"].to_string().contains("report") && !second["targets"].to_string().contains("sweep"));

    assert_deployed(&trial.deploy_and_settle(&bot()).await);
    let last = seen(&trial).await;
    assert_eq!((&last["rules"], &last["arns"], &last["variable"]), (&json!([]), &json!([]), &Value::Null));
}
