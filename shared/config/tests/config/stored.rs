//! Values that AWS keeps: in the variables of an agent, and where a secret would not stay one.

use model::Lookup;
use serde_json::json;

use super::project::{lines, project, properties};

const AGENT: &str = "\
agents:
  - name: bot
    path: agents/bot
    runtime: python3.12
    handler: handler.handle
    environment:
      LEVEL: \"level {{resolve:ssm:/desk/dev/level}}\"
      KEY: \"{{resolve:ssm-secure:/desk/dev/key:3}}\"
";

#[test]
fn a_variable_may_refer_to_what_aws_keeps_and_to_a_secret_that_stays_a_reference() {
    let level = Lookup::Parameter { name: "/desk/dev/level".to_owned(), version: None };
    assert_eq!(project(AGENT).expanded().lookups, [level.clone()].into(), "a secret is looked up by nobody");
    let expanded = project(AGENT).found(level, json!("high")).expanded();
    assert!(expanded.lookups.is_empty());
    let variables = &properties(&expanded, "bot/Function")["Environment"]["Variables"];
    assert_eq!(variables["LEVEL"], "level high");
    assert_eq!(variables["KEY"], "{{resolve:ssm-secure:/desk/dev/key:3}}");
}

#[test]
fn a_secret_that_would_be_kept_is_told_at_the_resource() {
    let template = r#"Resources:
  Named: { Type: AWS::SQS::Queue, Properties: { QueueName: "desk-dev-{{resolve:ssm-secure:/desk/dev/name}}" } }
  Asked:
    Type: Custom::Thing
    Properties:
      ServiceToken: !Sub "arn:aws:lambda:eu-central-1:${AWS::AccountId}:function:desk-dev-thing"
      Key: !Join ["", ["{{resolve:secretsmanager:", !Ref Named, "}}"]]
  Written: { Type: AWS::SecretsManager::Secret, Properties: { SecretString: hunter2 } }
  Referred: { Type: AWS::SecretsManager::Secret, Properties: { SecretString: "{{resolve:ssm-secure:/desk/dev/key}}" } }
  MadeUp: { Type: AWS::SecretsManager::Secret, Properties: { GenerateSecretString: {} } }
  Fine: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: "{{resolve:ssm-secure:/desk/dev/key}}" } }
"#;
    let expanded = project("stacks: [{ name: a, template: a.yaml }]\n").with("a.yaml", template).expanded();
    assert_eq!(
        lines(&expanded.deployable()),
        [
            "a.yaml:2:3 template::misplaced-reference | the name of `a/Named` is a secret, and names are kept and shown | refer to it in another property",
            "a.yaml:3:3 template::misplaced-reference | a secret cannot stand in the custom resource `a/Asked`: what its function answers is kept | hand over the secret's name, and let the function read it",
            "a.yaml:8:3 template::secret | the value of the secret `a/Written` is written down, and what is asked for is kept and shown | have it made up with `GenerateSecretString`, refer to one that is stored, as in `{{resolve:ssm-secure:/name}}`, or ask for no value and put it in with the AWS CLI",
        ]
    );
}
