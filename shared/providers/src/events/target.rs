//! What a rule calls, between CloudFormation's shape and EventBridge's.

use aws_sdk_eventbridge::types::{
    DeadLetterConfig, HttpParameters, InputTransformer, KinesisParameters, RetryPolicy, SqsParameters, Target,
};
use model::{CallError, Properties};
use serde_json::{Value, json};

use crate::shape::{invalid, text_map, texts};
use crate::tree::{self, said};

/// What can be asked of a target.
const KNOWN: [&str; 11] = [
    "Arn",
    "DeadLetterConfig",
    "HttpParameters",
    "Id",
    "Input",
    "InputPath",
    "InputTransformer",
    "KinesisParameters",
    "RetryPolicy",
    "RoleArn",
    "SqsParameters",
];

/// The targets that are asked for.
///
/// # Errors
/// `Invalid`, naming what is missing, twice there, or not done.
pub(super) fn asked(properties: &Properties) -> Result<Vec<Target>, CallError> {
    let listed = properties.get("Targets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let targets = listed.iter().map(target).collect::<Result<Vec<_>, _>>()?;
    for (at, target) in targets.iter().enumerate() {
        if targets.iter().take(at).any(|other| other.id == target.id) {
            return Err(invalid(format!("two of `Targets` have the id `{}`", target.id)));
        }
    }
    Ok(targets)
}

fn target(tree: &Value) -> Result<Target, CallError> {
    let unknown = tree.as_object().and_then(|map| map.keys().find(|name| !KNOWN.contains(&name.as_str())));
    if let Some(name) = unknown {
        return Err(invalid(format!("`Targets.{name}` cannot be set by this engine yet")));
    }
    let transformer = tree.get("InputTransformer").map(|transformer| {
        let paths = transformer.get("InputPathsMap").map(|map| text_map(Some(map)).into_iter().collect());
        let built = InputTransformer::builder().set_input_paths_map(paths);
        tree::built(built.input_template(tree::required(transformer, "InputTemplate")?).build())
    });
    let stream = tree.get("KinesisParameters").map(|stream| {
        let path = tree::required(stream, "PartitionKeyPath")?;
        tree::built(KinesisParameters::builder().partition_key_path(path).build())
    });
    let queue = tree.get("SqsParameters");
    let queue =
        queue.map(|queue| SqsParameters::builder().set_message_group_id(tree::text(queue, "MessageGroupId")).build());
    let retries = tree.get("RetryPolicy").map(|retries| {
        RetryPolicy::builder()
            .set_maximum_event_age_in_seconds(tree::whole(retries, "MaximumEventAgeInSeconds"))
            .set_maximum_retry_attempts(tree::whole(retries, "MaximumRetryAttempts"))
            .build()
    });
    let lost = tree.get("DeadLetterConfig");
    let lost = lost.map(|lost| DeadLetterConfig::builder().set_arn(tree::text(lost, "Arn")).build());
    let built = Target::builder()
        .id(tree::required(tree, "Id")?)
        .arn(tree::required(tree, "Arn")?)
        .set_role_arn(tree::text(tree, "RoleArn"))
        .set_input(tree::text(tree, "Input"))
        .set_input_path(tree::text(tree, "InputPath"))
        .set_input_transformer(transformer.transpose()?)
        .set_kinesis_parameters(stream.transpose()?)
        .set_sqs_parameters(queue)
        .set_http_parameters(tree.get("HttpParameters").map(http))
        .set_retry_policy(retries)
        .set_dead_letter_config(lost);
    tree::built(built.build())
}

fn http(tree: &Value) -> HttpParameters {
    let map = |name: &str| tree.get(name).map(|map| text_map(Some(map)).into_iter().collect());
    HttpParameters::builder()
        .set_path_parameter_values(tree.get("PathParameterValues").map(|list| texts(Some(list))))
        .set_header_parameters(map("HeaderParameters"))
        .set_query_string_parameters(map("QueryStringParameters"))
        .build()
}

/// A target as it is asked for. What is never set here is only named, so that it counts as another.
pub(super) fn shown(target: &Target) -> Value {
    let transformer = target.input_transformer.as_ref();
    let http = target.http_parameters.as_ref();
    let retries = target.retry_policy.as_ref();
    let others = [
        ("AppSyncParameters", target.app_sync_parameters.is_some()),
        ("BatchParameters", target.batch_parameters.is_some()),
        ("EcsParameters", target.ecs_parameters.is_some()),
        ("RedshiftDataParameters", target.redshift_data_parameters.is_some()),
        ("RunCommandParameters", target.run_command_parameters.is_some()),
        ("SageMakerPipelineParameters", target.sage_maker_pipeline_parameters.is_some()),
    ];
    let mut shown = json!({
        "Arn": target.arn,
        "DeadLetterConfig": { "Arn": target.dead_letter_config.as_ref().and_then(|lost| lost.arn.as_ref()) },
        "HttpParameters": {
            "HeaderParameters": http.and_then(|http| http.header_parameters.as_ref()),
            "PathParameterValues": http.and_then(|http| http.path_parameter_values.as_ref()),
            "QueryStringParameters": http.and_then(|http| http.query_string_parameters.as_ref()),
        },
        "Id": target.id,
        "Input": target.input,
        "InputPath": target.input_path,
        "InputTransformer": {
            "InputPathsMap": transformer.and_then(|transformer| transformer.input_paths_map.as_ref()),
            "InputTemplate": transformer.map(|transformer| &transformer.input_template),
        },
        "KinesisParameters": {
            "PartitionKeyPath": target.kinesis_parameters.as_ref().map(|stream| &stream.partition_key_path),
        },
        "RetryPolicy": {
            "MaximumEventAgeInSeconds": retries.and_then(|retries| retries.maximum_event_age_in_seconds),
            "MaximumRetryAttempts": retries.and_then(|retries| retries.maximum_retry_attempts),
        },
        "RoleArn": target.role_arn,
        "SqsParameters": {
            "MessageGroupId": target.sqs_parameters.as_ref().and_then(|queue| queue.message_group_id.as_ref()),
        },
    });
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(others.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (name.to_owned(), json!("set"))));
    }
    said(shown)
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn a_target_reads_back_as_it_was_asked_for() {
        let given = json!({
            "Arn": "arn:aws:lambda:eu-west-1:1:function:f", "Id": "agent", "RoleArn": "arn:aws:iam::1:role/r",
            "DeadLetterConfig": { "Arn": "arn:aws:sqs:eu-west-1:1:lost" },
            "RetryPolicy": { "MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60 },
            "InputTransformer": { "InputPathsMap": { "id": "$.detail.id" }, "InputTemplate": "{\"id\":<id>}" },
            "SqsParameters": { "MessageGroupId": "g" }, "KinesisParameters": { "PartitionKeyPath": "$.id" },
            "HttpParameters": { "HeaderParameters": { "a": "b" }, "PathParameterValues": ["c"] },
        });
        let targets = asked(&properties(json!({ "Targets": [given] }))).unwrap();
        assert_eq!(shown(&targets[0]), given);
        let plain = json!({ "Arn": "arn:aws:sqs:eu-west-1:1:q", "Id": "q", "Input": "{}" });
        let targets = asked(&properties(json!({ "Targets": [plain] }))).unwrap();
        assert_eq!(shown(&targets[0]), plain);
    }

    #[test]
    fn what_is_not_done_and_what_is_twice_there_is_refused_by_name() {
        let refused = |targets: Value| asked(&properties(json!({ "Targets": targets }))).unwrap_err().message;
        let one = json!({ "Arn": "a", "Id": "x" });
        assert!(refused(json!([{ "Arn": "a", "Id": "x", "EcsParameters": {} }])).contains("`Targets.EcsParameters`"));
        assert!(refused(json!([{ "Id": "x" }])).contains("`Arn`"));
        assert!(refused(json!([one, one])).contains("`x`"));
        assert!(asked(&properties(json!({}))).unwrap().is_empty());
    }
}
