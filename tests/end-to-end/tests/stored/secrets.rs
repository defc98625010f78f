//! Secrets: what is deployed has them, and nothing that is kept does.

use end_to_end::bot::bot;
use end_to_end::trial::Trial;
use end_to_end::{Field, Project, assert_deployed, outcome};
use local::{Effect, Rule};
use model::Outcome;
use serde_json::{Value, json};

use crate::account::{changed, put};

const KEY: &str = "/support-desk/dev/key";
const FIRST: &str = "kept-in-a-parameter-1";
const SECOND: &str = "kept-in-a-parameter-2";
const PASSWORD: &str = "kept \"in-secrets-manager-zq9x\" there";
/// What stands of it in every form that JSON gives it.
const CORE: &str = "in-secrets-manager-zq9x";

/// A bot with both kinds of secrets in its variables.
fn trusted() -> Project {
    let environment = "    environment:\n      KEY: \"{{resolve:ssm-secure:/support-desk/dev/key:1}}\"\n      \
                       URL: \"https://desk:{{resolve:secretsmanager:support-desk/dev/db:SecretString:password}}@example.com\"\n\
                       shared:\n";
    bot().with("strands.yaml", "shared:\n", environment)
}

const MAKE: &str = "
import boto3, json, sys
boto3.client('secretsmanager').create_secret(Name=sys.argv[1], SecretString=json.dumps({'user': 'desk', 'password': sys.argv[2]}))
";

const VARIABLES: &str = "
import boto3, json
client = boto3.client('lambda')
names = [f['FunctionName'] for f in client.list_functions()['Functions'] if f['FunctionName'].startswith('support-desk-dev-')]
assert len(names) == 1, names
print(json.dumps(client.get_function_configuration(FunctionName=names[0])['Environment']['Variables']))
";

/// Everything that the engine keeps and logs: every version of every object, every item, every line.
pub(crate) const EVERYTHING: &str = "
import boto3, json, sys
found, read = [], 0
s3 = boto3.client('s3')
for bucket in s3.list_buckets()['Buckets']:
    for page in s3.get_paginator('list_object_versions').paginate(Bucket=bucket['Name']):
        for version in page.get('Versions', []):
            body = s3.get_object(Bucket=bucket['Name'], Key=version['Key'], VersionId=version['VersionId'])['Body'].read()
            read += 1
            found += [f\"s3 {version['Key']}\" for text in sys.argv[1:] if text.encode() in body]
dynamodb = boto3.client('dynamodb')
for table in dynamodb.list_tables()['TableNames']:
    for page in dynamodb.get_paginator('scan').paginate(TableName=table):
        for item in page['Items']:
            read += 1
            found += [f'dynamodb {item}' for text in sys.argv[1:] if text in str(item) or text in json.dumps(item)]
logs = boto3.client('logs')
for page in logs.get_paginator('describe_log_groups').paginate():
    for group in page['logGroups']:
        for lines in logs.get_paginator('filter_log_events').paginate(logGroupName=group['logGroupName']):
            for event in lines['events']:
                read += 1
                found += [f\"logs {event['message']}\" for text in sys.argv[1:] if text in event['message']]
sfn = boto3.client('stepfunctions')
for machine in sfn.list_state_machines()['stateMachines']:
    for execution in sfn.list_executions(stateMachineArn=machine['stateMachineArn'])['executions']:
        events = str(sfn.get_execution_history(executionArn=execution['executionArn'], maxResults=1000)['events'])
        read += 1
        found += [f'execution {execution[\"name\"]}' for text in sys.argv[1:] if text in events]
print(json.dumps({'found': found, 'read': read}))
";

async fn variables(field: &Field) -> Value {
    serde_json::from_str(&field.python(VARIABLES, &[]).await).expect("JSON")
}

/// Asserts that no value of a secret stands anywhere, and that the references do.
async fn assert_kept_nowhere(field: &Field) {
    let seen: Value = serde_json::from_str(&field.python(EVERYTHING, &[FIRST, SECOND, CORE]).await).expect("JSON");
    assert_eq!(seen["found"], json!([]));
    assert!(seen["read"].as_u64() > Some(20), "something was read: {seen}");
    let seen: Value =
        serde_json::from_str(&field.python(EVERYTHING, &["ssm-secure:/support-desk/dev"]).await).expect("JSON");
    let found: Vec<&str> = seen["found"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    for place in ["s3 ", "dynamodb "] {
        assert!(found.iter().any(|one| one.starts_with(place)), "{place}is looked at: {found:?}");
    }
}

#[tokio::test]
async fn a_function_has_its_secrets_and_nothing_that_is_kept_has_them() {
    let trial = Trial::start().await;
    put(&trial, KEY, "SecureString", FIRST).await;
    trial.python(MAKE, &["support-desk/dev/db", PASSWORD]).await;
    assert_deployed(&trial.deploy_and_settle(&trusted()).await);
    let url = format!("https://desk:{PASSWORD}@example.com");
    let live = variables(&trial).await;
    assert_eq!((&live["KEY"], &live["URL"]), (&json!(FIRST), &json!(url)));
    assert_kept_nowhere(&trial).await;

    // A new version is a change where it is asked for, and none where it is not.
    put(&trial, KEY, "SecureString", SECOND).await;
    let mark = trial.account.proxy.mark();
    assert_eq!(outcome(&trial.deploy_and_settle(&trusted()).await), &Outcome::Unchanged);
    assert_eq!(changed(&trial, mark), Vec::<String>::new());
    let newer = trusted().with("strands.yaml", "dev/key:1}}", "dev/key:2}}");
    assert_deployed(&trial.deploy_and_settle(&newer).await);
    assert_eq!(variables(&trial).await["KEY"], SECOND);
    assert_kept_nowhere(&trial).await;

    // A secret that is not there fails the change, by its name; everything goes back.
    let lost = newer.with("strands.yaml", "support-desk/dev/db:", "support-desk/dev/gone:");
    let failed = trial.deploy_and_settle(&lost).await;
    let Outcome::RolledBack { causes, .. } = outcome(&failed) else { panic!("{failed:#?}") };
    assert!(causes[0].message.contains("`password` of the secret `support-desk/dev/gone`"), "{causes:#?}");
    assert_eq!(variables(&trial).await["URL"], url);
    assert_kept_nowhere(&trial).await;
}

/// Whether the function has a variable of that name.
async fn has_variable(field: &Field, name: &str) -> bool {
    field.python(HAS, &[name]).await.trim() == "True"
}

const HAS: &str = "
import boto3, sys
client = boto3.client('lambda')
names = [f['FunctionName'] for f in client.list_functions()['Functions'] if f['FunctionName'].startswith('support-desk-dev-')]
assert len(names) == 1, names
variables = client.get_function_configuration(FunctionName=names[0]).get('Environment', {}).get('Variables', {})
print(sys.argv[1] in variables)
";

#[tokio::test]
async fn whatever_becomes_of_a_change_and_when_secrets_are_taken_away_nothing_that_is_kept_has_them() {
    let trial = Trial::start().await;
    put(&trial, KEY, "SecureString", FIRST).await;
    put(&trial, KEY, "SecureString", SECOND).await;
    trial.python(MAKE, &["support-desk/dev/db", PASSWORD]).await;
    let change = || Rule::on("lambda", "UpdateFunctionConfiguration").caller("strandline-target");

    // The answer to the creation is lost.
    trial.account.proxy.inject(Rule::on("lambda", "CreateFunction").caller("strandline-target"), Effect::ResetAfter);
    assert_deployed(&trial.deploy_and_settle(&trusted()).await);
    assert_eq!(variables(&trial).await["KEY"], FIRST);
    assert_kept_nowhere(&trial).await;

    // A change is refused, and goes back.
    let newer = trusted().with("strands.yaml", "dev/key:1}}", "dev/key:2}}");
    trial.account.proxy.inject(change(), Effect::fail(400, "InvalidParameterValueException"));
    let failed = trial.deploy_and_settle(&newer).await;
    assert!(matches!(outcome(&failed), Outcome::RolledBack { .. }), "{failed:#?}");
    assert_eq!(variables(&trial).await["KEY"], FIRST);
    assert_kept_nowhere(&trial).await;

    // The answer to a change is lost.
    trial.account.proxy.inject(change(), Effect::ResetAfter);
    assert_deployed(&trial.deploy_and_settle(&newer).await);
    assert_eq!(variables(&trial).await["KEY"], SECOND);
    assert_kept_nowhere(&trial).await;

    // The answer to what takes them away is lost; then nothing refers to them any more.
    trial.account.proxy.inject(change(), Effect::ResetAfter);
    assert_deployed(&trial.deploy_and_settle(&bot()).await);
    assert!(!has_variable(&trial, "KEY").await && !has_variable(&trial, "URL").await);
    assert_kept_nowhere(&trial).await;
    assert_deployed(&trial.deploy_and_settle(&bot().with("strands.yaml", "memory: 256", "memory: 512")).await);
    assert_kept_nowhere(&trial).await;
}
