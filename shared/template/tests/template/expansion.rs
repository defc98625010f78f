//! What whole templates come to.

use serde_json::json;

use super::stage::Stage;

#[test]
fn a_plain_template_comes_to_its_resources_with_whole_addresses() {
    let stage = Stage::of(
        "
AWSTemplateFormatVersion: 2010-09-09
Description: Where orders wait.
Parameters:
  Seconds: { Type: Number, Default: 60 }
Resources:
  Orders:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    Properties:
      VisibilityTimeout: !Ref Seconds
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3 }
  Dead: { Type: AWS::SQS::Queue, DependsOn: Topic }
  Topic: { Type: AWS::SNS::Topic }
Outputs:
  Url: { Value: !Ref Orders }
",
    );
    assert_eq!(
        stage.shown(),
        json!({
            "resources": {
                "site/Dead": {
                    "type": "AWS::SQS::Queue", "properties": {}, "depends_on": ["site/Topic"], "agent": null, "retention": "delete",
                },
                "site/Orders": {
                    "type": "AWS::SQS::Queue",
                    "properties": {
                        "VisibilityTimeout": 60,
                        "RedrivePolicy": { "deadLetterTargetArn": { "Fn::GetAtt": ["site/Dead", "Arn"] }, "maxReceiveCount": 3 },
                    },
                    "depends_on": [], "agent": null, "retention": "retain",
                },
                "site/Topic": {
                    "type": "AWS::SNS::Topic", "properties": {}, "depends_on": [], "agent": null, "retention": "delete",
                },
            },
            "outputs": { "site.Url": { "Ref": "site/Orders" } },
            "values": {},
            "lookups": [],
        })
    );
}
