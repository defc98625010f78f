//! The record that carrying out a plan leaves, with what AWS shows of each type, at the sizes that it has there.

use std::collections::{BTreeMap, BTreeSet};

use model::expression::{references, resolve, resolve_value};
use model::{
    Change, PhysicalId, Plan, Presence, Properties, Recorded, RecordedResource, Reference, ResourceAddress, Revision,
    properties,
};
use serde_json::{Value, json};

use crate::stacks::context;

/// What is recorded after `plan`, a plan of creations from nothing, is carried out.
pub fn carried_out(plan: &Plan) -> Recorded {
    let asked_for = attributes_asked_for(plan);
    let mut recorded = Recorded { revision: Revision(plan.parent.0 + 1), sequence: 400, resources: BTreeMap::new() };
    for change in &plan.changes {
        let Some(to) = change.action.to() else { continue };
        let sent = resolve(to, &|reference| recorded.value_of(reference)).unwrap_or_default();
        let (physical_id, mut attributes) = identity(change, to);
        for name in asked_for.get(&change.key.address).into_iter().flatten() {
            let value = || json!(format!("{}/{name}", physical_id));
            attributes.entry(name.clone()).or_insert_with(value);
        }
        let mut baseline = defaults(change.kind.as_str());
        baseline.0.extend(sent.0.clone());
        let resource = RecordedResource {
            kind: change.kind.clone(),
            physical_id: Some(physical_id),
            presence: Presence::Present,
            asked: to.clone(),
            sent,
            baseline,
            attributes,
            dependencies: change.dependencies.clone(),
            agent: change.agent.clone(),
            retention: change.retention,
            deployment: plan.deployment.clone(),
            intent: None,
            made_as: None,
            reap: None,
            earlier: Vec::new(),
        };
        recorded.resources.insert(change.key.clone(), resource);
    }
    recorded
}

/// The outputs of `plan`, with the values that they have then.
pub fn outputs(plan: &Plan, recorded: &Recorded) -> BTreeMap<String, Value> {
    let value = |value: &Value| resolve_value(value, &|reference| recorded.value_of(reference)).ok();
    plan.outputs.iter().filter_map(|(name, of)| Some((name.clone(), value(of)?))).collect()
}

/// Which attributes the plan refers to.
pub(crate) fn attributes_asked_for(plan: &Plan) -> BTreeMap<ResourceAddress, BTreeSet<String>> {
    let mut asked_for: BTreeMap<ResourceAddress, BTreeSet<String>> = BTreeMap::new();
    let mut found: Vec<Reference> = Vec::new();
    for to in plan.changes.iter().filter_map(|change| change.action.to()) {
        found.extend(references(to).unwrap_or_default());
    }
    for output in plan.outputs.values() {
        // A malformed one has no value, which is all that is asked here.
        let _ = model::expression::references_in(output, &mut found);
    }
    for Reference { address, attribute } in found {
        asked_for.entry(address).or_default().extend(attribute);
    }
    asked_for
}

/// What AWS calls a resource, and the attributes that its creation gives.
fn identity(change: &Change, to: &Properties) -> (PhysicalId, BTreeMap<String, Value>) {
    let (region, account) = (context::REGION, context::ACCOUNT);
    let kind = change.kind.as_str();
    let naming = schema::get(&change.kind).and_then(|schema| schema.naming);
    let digest = model::Digest::of(change.key.to_string().as_bytes());
    let name = naming.and_then(|naming| to.text(naming.property)).unwrap_or_else(|| digest.short(10)).to_owned();
    let service = kind.split("::").nth(1).unwrap_or_default().to_ascii_lowercase();
    let arn = match kind {
        "AWS::IAM::Role" => format!("arn:aws:iam::{account}:role/strandline/bench/dev/{name}"),
        "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
        "AWS::DynamoDB::Table" => format!("arn:aws:dynamodb:{region}:{account}:table/{name}"),
        "AWS::Lambda::Function" => format!("arn:aws:lambda:{region}:{account}:function:{name}"),
        _ => format!("arn:aws:{service}:{region}:{account}:{name}"),
    };
    let physical_id = match kind {
        "AWS::SQS::Queue" => format!("https://sqs.{region}.amazonaws.com/{account}/{name}"),
        "AWS::SNS::Topic" | "AWS::SNS::Subscription" | "AWS::Lambda::Alias" | "AWS::Lambda::Version" => arn.clone(),
        _ => name,
    };
    (PhysicalId(physical_id), BTreeMap::from([("Arn".to_owned(), json!(arn))]))
}

/// What AWS shows of a type besides what was asked for.
fn defaults(kind: &str) -> Properties {
    properties(match kind {
        "AWS::Lambda::Function" => json!({
            "Description": "", "EphemeralStorage": { "Size": 512 }, "Layers": [], "PackageType": "Zip",
            "TracingConfig": { "Mode": "PassThrough" }, "ReservedConcurrentExecutions": null,
        }),
        "AWS::DynamoDB::Table" => json!({
            "DeletionProtectionEnabled": false, "GlobalSecondaryIndexes": [], "LocalSecondaryIndexes": [],
            "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": false },
            "SSESpecification": { "SSEEnabled": false }, "TableClass": "STANDARD",
            "TimeToLiveSpecification": { "Enabled": false },
        }),
        "AWS::S3::Bucket" => json!({
            "BucketEncryption": { "ServerSideEncryptionConfiguration": [{
                "BucketKeyEnabled": false, "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" },
            }] },
            "LifecycleConfiguration": { "Rules": [] },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
            },
            "VersioningConfiguration": { "Status": "Suspended" },
        }),
        "AWS::SQS::Queue" => json!({
            "DelaySeconds": 0, "KmsDataKeyReusePeriodSeconds": 300, "MaximumMessageSize": 262_144,
            "MessageRetentionPeriod": 345_600, "ReceiveMessageWaitTimeSeconds": 0, "VisibilityTimeout": 30,
        }),
        "AWS::IAM::Role" => json!({ "Description": "", "ManagedPolicyArns": [], "MaxSessionDuration": 3_600 }),
        "AWS::ApiGatewayV2::Api" => json!({
            "ApiKeySelectionExpression": "$request.header.x-api-key", "DisableExecuteApiEndpoint": false,
            "RouteSelectionExpression": "$request.method $request.path",
        }),
        "AWS::ApiGatewayV2::Integration" => json!({ "ConnectionType": "INTERNET", "TimeoutInMillis": 30_000 }),
        "AWS::ApiGatewayV2::Route" => json!({ "ApiKeyRequired": false, "AuthorizationType": "NONE" }),
        "AWS::CloudWatch::Alarm" => json!({
            "ActionsEnabled": true, "AlarmDescription": "", "InsufficientDataActions": [], "OKActions": [],
        }),
        "AWS::Logs::LogGroup" => json!({ "LogGroupClass": "STANDARD" }),
        _ => json!({}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stacks::{fleet, plan};

    #[test]
    fn what_is_carried_out_is_unchanged_when_it_is_asked_for_again() {
        let desired = fleet(16).unwrap();
        let first = plan(&desired, &Recorded::default()).unwrap();
        let recorded = carried_out(&first);
        assert_eq!(recorded.resources.len(), desired.resources.len());
        assert!(recorded.resources.values().all(|resource| !resource.sent.0.is_empty() || resource.asked.0.is_empty()));
        let again = plan(&desired, &recorded).unwrap();
        assert_eq!((again.changes.len(), again.unchanged), (0, desired.resources.len()));
        assert_eq!(outputs(&first, &recorded).len(), desired.outputs.len());
    }
}
