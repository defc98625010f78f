//! The search for what carries our tags, whether the record knows of it or not.
//!
//! Owns how each type that can carry tags is found by them, and what its ARN says of it. Must never change anything, nor
//! decide whether what it finds is an orphan: the engine compares it with the record.
//!
//! AWS's tag search (`GetResources` of the Resource Groups Tagging API) finds every type that can carry tags but roles, which
//! are listed under the environment's path instead. It lags behind creations and deletions, by seconds to minutes, and shows
//! buckets in the region where they are only.
//!
//! What cannot carry tags cannot be searched for: it goes with its parent, or stays (versions of layers). Permissions, versions, aliases and URLs go with
//! their function, integrations and routes with their API, subscriptions with their topic, policies with what they
//! stand in.

use engine::ports::Owned;
use futures::future::try_join_all;
use model::{CallError, Ownership, PhysicalId, Properties, ResourceKey, Stamp, ownership};

use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::unless_missing;
use crate::tags::{self, Tags};

/// What one page of the search holds at most (API reference: `ResourcesPerPage`).
const PAGE: i32 = 100;
/// How many single things are looked at at once.
const AT_ONCE: usize = 10;

/// Everything that carries the tags of this installation and environment.
pub(crate) async fn owned(clients: &Clients, stamp: &Stamp) -> Result<Vec<Owned>, CallError> {
    let (mut found, roles) = tokio::try_join!(tagged(clients, stamp), roles(clients, stamp))?;
    found.extend(roles);
    Ok(found)
}

/// What the tag search shows.
async fn tagged(clients: &Clients, stamp: &Stamp) -> Result<Vec<Owned>, CallError> {
    let (project, environment) = stamp.scope.split_once('/').unwrap_or((&stamp.scope, ""));
    let filters = [
        (ownership::ENGINE, stamp.engine.as_str()),
        ("strands:project", project),
        ("strands:environment", environment),
    ];
    let filters = filters
        .map(|(key, value)| aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(key).values(value).build());
    let search = clients.tagging.get_resources().set_tag_filters(Some(filters.to_vec())).resources_per_page(PAGE);
    let shown = search.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let shown = shown.map_err(|error| call_error("tag", "GetResources", error))?;

    let mut found = Vec::new();
    for one in &shown {
        let arn = one.resource_arn().unwrap_or_default();
        let tags = one.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        match (named(arn), claimed(&tags, stamp)) {
            (Some(named), Some(key)) => found.push((named, key)),
            // Of a type that this engine does not make, or not tagged by it: not ours to list.
            _ => tracing::warn!(arn, "carries our tags, and is nothing that was made here"),
        }
    }
    let mut owned = Vec::new();
    for some in found.chunks(AT_ONCE) {
        let some = some.iter().map(async |(named, key)| {
            let known_by = match named.kind {
                "AWS::SQS::Queue" => queue_url(clients, &named.name).await?,
                _ => Some(named.name.clone()),
            };
            Ok(known_by.map(|physical_id| Owned {
                kind: named.kind.into(),
                key: key.clone(),
                physical_id: PhysicalId(physical_id),
                properties: named.api.iter().map(|api| ("ApiId".to_owned(), api.as_str().into())).collect(),
            }))
        });
        owned.extend(try_join_all(some).await?.into_iter().flatten());
    }
    Ok(owned)
}

/// The roles under the environment's path. A listing shows no tags, so that each is asked for its own.
async fn roles(clients: &Clients, stamp: &Stamp) -> Result<Vec<Owned>, CallError> {
    let list = clients.iam.list_roles().path_prefix(format!("/strandline/{}/", stamp.scope));
    let roles = list.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let roles = roles.map_err(|error| call_error("iam", "ListRoles", error))?;
    let mut owned = Vec::new();
    for some in roles.chunks(AT_ONCE) {
        let some = some.iter().map(async |role| {
            let name = role.role_name();
            let list = clients.iam.list_role_tags().role_name(name).into_paginator().items().send();
            let list = list.collect::<Result<Vec<_>, _>>().await;
            let tags = unless_missing(list.map_err(|error| call_error("iam", "ListRoleTags", error)))?;
            let tags: Tags = tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
            let key = claimed(&tags, stamp);
            Ok(key.map(|key| Owned {
                kind: "AWS::IAM::Role".into(),
                key,
                physical_id: name.into(),
                properties: Properties::new(),
            }))
        });
        owned.extend(try_join_all(some).await?.into_iter().flatten());
    }
    Ok(owned)
}

/// A queue is known by its URL, which is not in its ARN. None where it has gone since.
async fn queue_url(clients: &Clients, name: &str) -> Result<Option<String>, CallError> {
    let answer = clients.sqs.get_queue_url().queue_name(name).send().await;
    let answer = unless_missing(answer.map_err(|error| call_error("sqs", "GetQueueUrl", error)))?;
    Ok(answer.and_then(|answer| answer.queue_url))
}

/// The incarnation that these tags name, where they are those of this installation and environment.
fn claimed(tags: &Tags, stamp: &Stamp) -> Option<ResourceKey> {
    match tags::ownership(tags) {
        Ownership::Tagged { engine, scope, address, generation } => {
            let is_ours = engine == stamp.engine && scope.as_deref() == Some(stamp.scope.as_str());
            is_ours.then(|| ResourceKey::new(address, generation))
        }
        Ownership::Foreign => None,
    }
}

/// What an ARN says of what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    kind: &'static str,
    /// What AWS knows it by; of a queue, its name.
    name: String,
    /// The API that a stage is in, without which it cannot be addressed.
    api: Option<String>,
}

/// What an ARN names; none for what is not made here.
fn named(arn: &str) -> Option<Named> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next()?;
    let rest = parts.nth(2)?;
    let plain = |name: &str| (!name.is_empty() && !name.contains([':', '/'])).then(|| name.to_owned());
    let is = |kind, name| Some(Named { kind, name, api: None });
    match service {
        "sqs" => is("AWS::SQS::Queue", plain(rest)?),
        "sns" => is("AWS::SNS::Topic", plain(rest).map(|_| arn.to_owned())?),
        "s3" => is("AWS::S3::Bucket", plain(rest)?),
        "dynamodb" => is("AWS::DynamoDB::Table", plain(rest.strip_prefix("table/")?)?),
        "lambda" => match rest.split_once(':')? {
            ("function", name) => is("AWS::Lambda::Function", plain(name)?),
            ("event-source-mapping", id) => is("AWS::Lambda::EventSourceMapping", plain(id)?),
            _ => None,
        },
        "cloudwatch" => is("AWS::CloudWatch::Alarm", rest.strip_prefix("alarm:")?.to_owned()),
        "logs" => {
            let name = rest.strip_prefix("log-group:")?;
            let name = name.strip_suffix(":*").unwrap_or(name);
            is("AWS::Logs::LogGroup", (!name.contains(':')).then(|| name.to_owned())?)
        }
        "ssm" => {
            let name = rest.strip_prefix("parameter/")?;
            // A name with levels begins with a slash, which the ARN has only once.
            is("AWS::SSM::Parameter", if name.contains('/') { format!("/{name}") } else { name.to_owned() })
        }
        "events" => match rest.strip_prefix("rule/")?.split('/').collect::<Vec<_>>().as_slice() {
            [name] => is("AWS::Events::Rule", plain(name)?),
            // On a bus of its own. One of a partner has slashes in its name.
            [bus @ .., name] => is("AWS::Events::Rule", plain(name).map(|name| format!("{}|{name}", bus.join("/")))?),
            [] => None,
        },
        // What Secrets Manager takes by ARN is the whole of it: six characters at its end are not of the name.
        "secretsmanager" => is("AWS::SecretsManager::Secret", rest.strip_prefix("secret:").map(|_| arn.to_owned())?),
        "apigateway" => {
            let mut path = rest.strip_prefix("/apis/")?.split('/');
            let api = plain(path.next()?)?;
            match (path.next(), path.next(), path.next()) {
                (None, ..) => is("AWS::ApiGatewayV2::Api", api),
                (Some("stages"), Some(stage), None) => {
                    Some(Named { kind: "AWS::ApiGatewayV2::Stage", name: plain(stage)?, api: Some(api) })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_of_which_type_something_is_and_what_aws_knows_it_by() {
        for (arn, kind, name) in [
            ("arn:aws:sqs:eu-west-1:1:shop-dev-q", "AWS::SQS::Queue", "shop-dev-q"),
            ("arn:aws:sns:eu-west-1:1:shop-dev-t", "AWS::SNS::Topic", "arn:aws:sns:eu-west-1:1:shop-dev-t"),
            ("arn:aws:s3:::shop-dev-b", "AWS::S3::Bucket", "shop-dev-b"),
            ("arn:aws:dynamodb:eu-west-1:1:table/shop-dev-t", "AWS::DynamoDB::Table", "shop-dev-t"),
            ("arn:aws-cn:lambda:cn-north-1:1:function:shop-dev-f", "AWS::Lambda::Function", "shop-dev-f"),
            ("arn:aws:cloudwatch:eu-west-1:1:alarm:shop-dev-a", "AWS::CloudWatch::Alarm", "shop-dev-a"),
            (
                "arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/shop-dev-f",
                "AWS::Logs::LogGroup",
                "/aws/lambda/shop-dev-f",
            ),
            ("arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/x:*", "AWS::Logs::LogGroup", "/aws/lambda/x"),
            ("arn:aws:ssm:eu-west-1:1:parameter/shop/dev/p", "AWS::SSM::Parameter", "/shop/dev/p"),
            ("arn:aws:ssm:eu-west-1:1:parameter/p", "AWS::SSM::Parameter", "p"),
            ("arn:aws:events:eu-west-1:1:rule/shop-dev-r", "AWS::Events::Rule", "shop-dev-r"),
            ("arn:aws:events:eu-west-1:1:rule/orders/shop-dev-r", "AWS::Events::Rule", "orders|shop-dev-r"),
            (
                "arn:aws:secretsmanager:eu-west-1:1:secret:shop/dev/s-AbCdEf",
                "AWS::SecretsManager::Secret",
                "arn:aws:secretsmanager:eu-west-1:1:secret:shop/dev/s-AbCdEf",
            ),
            ("arn:aws:apigateway:eu-west-1::/apis/a1", "AWS::ApiGatewayV2::Api", "a1"),
            ("arn:aws:apigateway:eu-west-1::/apis/a1/stages/$default", "AWS::ApiGatewayV2::Stage", "$default"),
        ] {
            let named = named(arn).unwrap();
            assert_eq!((named.kind, named.name.as_str()), (kind, name), "{arn}");
            assert_eq!(named.api.as_deref(), (kind == "AWS::ApiGatewayV2::Stage").then_some("a1"), "{arn}");
        }
    }

    #[test]
    fn what_is_not_made_here_has_no_type() {
        for arn in [
            "arn:aws:sns:eu-west-1:1:shop-dev-t:8f2c",
            "arn:aws:s3:::shop-dev-b/key",
            "arn:aws:dynamodb:eu-west-1:1:table/t/index/i",
            "arn:aws:lambda:eu-west-1:1:function:f:3",
            "arn:aws:lambda:eu-west-1:1:layer:l",
            "arn:aws:events:eu-west-1:1:event-bus/b",
            "arn:aws:logs:eu-west-1:1:log-group:g:log-stream:s",
            "arn:aws:ssm:eu-west-1:1:document/d",
            "arn:aws:apigateway:eu-west-1::/restapis/r1",
            "arn:aws:apigateway:eu-west-1::/apis/a1/routes/r1",
            "arn:aws:ec2:eu-west-1:1:instance/i-1",
            "nonsense",
        ] {
            assert_eq!(named(arn), None, "{arn}");
        }
    }

    #[test]
    fn every_taggable_type_is_searched_and_every_other_has_a_parent() {
        const WITHOUT_TAGS: [&str; 15] = [
            "AWS::ApiGatewayV2::Integration",
            "AWS::ApiGatewayV2::Route",
            "AWS::CloudFormation::CustomResource",
            "AWS::CloudFormation::WaitCondition",
            "AWS::CloudFormation::WaitConditionHandle",
            "AWS::IAM::Policy",
            "AWS::Lambda::Alias",
            "AWS::Lambda::LayerVersion",
            "AWS::Lambda::Permission",
            "AWS::Lambda::Url",
            "AWS::Lambda::Version",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
        ];
        let arns = [
            "arn:aws:sqs:r:1:n",
            "arn:aws:sns:r:1:n",
            "arn:aws:s3:::n",
            "arn:aws:dynamodb:r:1:table/n",
            "arn:aws:lambda:r:1:event-source-mapping:n",
            "arn:aws:lambda:r:1:function:n",
            "arn:aws:cloudwatch:r:1:alarm:n",
            "arn:aws:logs:r:1:log-group:n",
            "arn:aws:ssm:r:1:parameter/n",
            "arn:aws:secretsmanager:r:1:secret:n",
            "arn:aws:events:r:1:rule/n",
            "arn:aws:apigateway:r::/apis/n",
            "arn:aws:apigateway:r::/apis/n/stages/s",
        ];
        let searched = arns.into_iter().filter_map(named).map(|named| named.kind).chain(["AWS::IAM::Role"]);
        let mut covered: Vec<&str> = searched.chain(WITHOUT_TAGS).collect();
        covered.sort_unstable();
        let made: Vec<&str> = schema::all().iter().filter(|kind| kind.provided).map(|kind| kind.name).collect();
        assert_eq!(covered, made);
    }
}
