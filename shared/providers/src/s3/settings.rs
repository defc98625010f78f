//! The settings of a bucket: each is read and put by calls of its own.
//!
//! What is no longer asked for goes back to what a new bucket has: encrypted with AES-256, owned by the bucket's owner, closed
//! to the public, without rules, telling nobody; a bucket that had versions keeps those it has.

use aws_sdk_s3::types::{
    BucketVersioningStatus, EventBridgeConfiguration, NotificationConfiguration, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use model::{CallError, Properties};
use serde_json::{Value, json};

use super::{cors, lifecycle};
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::unless_missing;
use crate::tree::{built, flag, items, required, said, text};

/// The properties that are settings. Ownership comes before public access, as AWS wants it where a policy is public.
pub(super) const SETTINGS: [&str; 7] = [
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "BucketEncryption",
    "VersioningConfiguration",
    "LifecycleConfiguration",
    "CorsConfiguration",
    "NotificationConfiguration",
];

/// Those of them that few buckets have.
pub(super) const RARE: [&str; 2] = ["CorsConfiguration", "NotificationConfiguration"];

/// Reads and puts settings.
pub(super) struct Settings {
    s3: aws_sdk_s3::Client,
    account: String,
}

/// Sends a request about a bucket, on behalf of its expected owner.
macro_rules! send {
    ($self:ident, $bucket:expr, $call:ident, $operation:literal $(, $set:ident($value:expr))*) => {
        $self.s3.$call().bucket($bucket).expected_bucket_owner(&$self.account)$(.$set($value))*.send().await
            .map_err(|error| call_error("s3", $operation, error))
    };
}

/// Reads, where it is asked for.
async fn only_if(
    is_asked: bool,
    read: impl Future<Output = Result<Option<Value>, CallError>>,
) -> Result<Option<Value>, CallError> {
    if is_asked { read.await } else { Ok(None) }
}

impl Settings {
    pub(super) fn new(clients: &Clients) -> Self {
        Self { s3: clients.s3.clone(), account: clients.account.clone() }
    }

    /// Those among [`SETTINGS`] that are named, as they are now.
    pub(super) async fn shown(&self, bucket: &str, names: &[&str]) -> Result<Properties, CallError> {
        let is_asked = |name: &str| names.contains(&name);
        let (ownership, access, encryption, versioning, lifecycle, cors, told) = tokio::try_join!(
            only_if(is_asked("OwnershipControls"), self.ownership(bucket)),
            only_if(is_asked("PublicAccessBlockConfiguration"), self.public_access(bucket)),
            only_if(is_asked("BucketEncryption"), self.encryption(bucket)),
            only_if(is_asked("VersioningConfiguration"), self.versioning(bucket)),
            only_if(is_asked("LifecycleConfiguration"), self.lifecycle(bucket)),
            only_if(is_asked("CorsConfiguration"), self.cors(bucket)),
            only_if(is_asked("NotificationConfiguration"), self.told(bucket))
        )?;
        let pairs = [
            ("OwnershipControls", ownership),
            ("PublicAccessBlockConfiguration", access),
            ("BucketEncryption", encryption),
            ("VersioningConfiguration", versioning),
            ("LifecycleConfiguration", lifecycle),
            ("CorsConfiguration", cors),
            ("NotificationConfiguration", told),
        ];
        Ok(pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }

    async fn ownership(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let answer = send!(self, bucket, get_bucket_ownership_controls, "GetBucketOwnershipControls");
        let controls = unless_missing(answer)?.and_then(|answer| answer.ownership_controls);
        Ok(controls.map(|controls| {
            let rule = |rule: &OwnershipControlsRule| json!({ "ObjectOwnership": rule.object_ownership.as_str() });
            json!({ "Rules": controls.rules().iter().map(rule).collect::<Vec<_>>() })
        }))
    }

    async fn public_access(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let answer = send!(self, bucket, get_public_access_block, "GetPublicAccessBlock");
        let block = unless_missing(answer)?.and_then(|answer| answer.public_access_block_configuration);
        Ok(block.map(|block| {
            json!({
                "BlockPublicAcls": block.block_public_acls.unwrap_or_default(),
                "BlockPublicPolicy": block.block_public_policy.unwrap_or_default(),
                "IgnorePublicAcls": block.ignore_public_acls.unwrap_or_default(),
                "RestrictPublicBuckets": block.restrict_public_buckets.unwrap_or_default(),
            })
        }))
    }

    async fn encryption(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let answer = send!(self, bucket, get_bucket_encryption, "GetBucketEncryption");
        let encryption = unless_missing(answer)?.and_then(|answer| answer.server_side_encryption_configuration);
        Ok(encryption.map(|encryption| {
            let rule = |rule: &ServerSideEncryptionRule| {
                let by_default = rule.apply_server_side_encryption_by_default.as_ref();
                json!({
                    "BucketKeyEnabled": rule.bucket_key_enabled,
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": by_default.map(|one| one.sse_algorithm.as_str()),
                        "KMSMasterKeyID": by_default.and_then(|one| one.kms_master_key_id()),
                    },
                })
            };
            let rules: Vec<Value> = encryption.rules().iter().map(rule).collect();
            said(json!({ "ServerSideEncryptionConfiguration": rules }))
        }))
    }

    async fn versioning(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let answer = send!(self, bucket, get_bucket_versioning, "GetBucketVersioning");
        // A bucket that never had versions says nothing, and is as one whose versioning is suspended.
        Ok(unless_missing(answer)?.map(
            |answer| json!({ "Status": answer.status.as_ref().map_or("Suspended", BucketVersioningStatus::as_str) }),
        ))
    }

    async fn lifecycle(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let answer = send!(self, bucket, get_bucket_lifecycle_configuration, "GetBucketLifecycleConfiguration");
        Ok(unless_missing(answer)?.map(|answer| lifecycle::observed(answer.rules())))
    }

    async fn cors(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let answer = send!(self, bucket, get_bucket_cors, "GetBucketCors");
        Ok(unless_missing(answer)?.map(|answer| cors::observed(answer.cors_rules())))
    }

    /// Whether EventBridge is told of its objects.
    async fn told(&self, bucket: &str) -> Result<Option<Value>, CallError> {
        let answer = send!(self, bucket, get_bucket_notification_configuration, "GetBucketNotificationConfiguration");
        let is_told = unless_missing(answer)?.is_some_and(|answer| answer.event_bridge_configuration.is_some());
        Ok(is_told.then(|| json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": true } })))
    }

    /// Has EventBridge told, or not. One call says of everybody who is told, so that whoever else is stays.
    async fn tell(&self, bucket: &str, asked: Option<&Value>) -> Result<(), CallError> {
        let is_told = is_told(asked)?;
        let answer = send!(self, bucket, get_bucket_notification_configuration, "GetBucketNotificationConfiguration")?;
        let value = NotificationConfiguration::builder()
            .set_topic_configurations(answer.topic_configurations)
            .set_queue_configurations(answer.queue_configurations)
            .set_lambda_function_configurations(answer.lambda_function_configurations)
            .set_event_bridge_configuration(is_told.then(|| EventBridgeConfiguration::builder().build()))
            .build();
        let set = send!(
            self,
            bucket,
            put_bucket_notification_configuration,
            "PutBucketNotificationConfiguration",
            notification_configuration(value)
        );
        set.map(drop)
    }

    /// Puts one setting, or takes it back where nothing is asked for.
    pub(super) async fn put(&self, bucket: &str, setting: &str, asked: Option<&Value>) -> Result<(), CallError> {
        match (setting, asked) {
            ("BucketEncryption", Some(asked)) => {
                let value = encryption(asked)?;
                let set = send!(
                    self,
                    bucket,
                    put_bucket_encryption,
                    "PutBucketEncryption",
                    server_side_encryption_configuration(value)
                );
                set.map(drop)
            }
            ("BucketEncryption", None) => {
                send!(self, bucket, delete_bucket_encryption, "DeleteBucketEncryption").map(drop)
            }
            ("LifecycleConfiguration", Some(asked)) => {
                let value = lifecycle::asked(asked)?;
                let set = send!(
                    self,
                    bucket,
                    put_bucket_lifecycle_configuration,
                    "PutBucketLifecycleConfiguration",
                    lifecycle_configuration(value)
                );
                set.map(drop)
            }
            ("LifecycleConfiguration", None) => {
                send!(self, bucket, delete_bucket_lifecycle, "DeleteBucketLifecycle").map(drop)
            }
            ("CorsConfiguration", Some(asked)) => {
                let value = cors::asked(asked)?;
                send!(self, bucket, put_bucket_cors, "PutBucketCors", cors_configuration(value)).map(drop)
            }
            ("CorsConfiguration", None) => send!(self, bucket, delete_bucket_cors, "DeleteBucketCors").map(drop),
            ("NotificationConfiguration", asked) => self.tell(bucket, asked).await,
            ("VersioningConfiguration", asked) => {
                let status = asked.and_then(|asked| text(asked, "Status")).unwrap_or_else(|| "Suspended".to_owned());
                let status = BucketVersioningStatus::from(status.as_str());
                let value = VersioningConfiguration::builder().status(status).build();
                let set =
                    send!(self, bucket, put_bucket_versioning, "PutBucketVersioning", versioning_configuration(value));
                set.map(drop)
            }
            ("PublicAccessBlockConfiguration", asked) => {
                let value = public_access(asked);
                let set = send!(
                    self,
                    bucket,
                    put_public_access_block,
                    "PutPublicAccessBlock",
                    public_access_block_configuration(value)
                );
                set.map(drop)
            }
            ("OwnershipControls", asked) => {
                let value = ownership(asked)?;
                let set = send!(
                    self,
                    bucket,
                    put_bucket_ownership_controls,
                    "PutBucketOwnershipControls",
                    ownership_controls(value)
                );
                set.map(drop)
            }
            (other, _) => Err(crate::shape::invalid(format!("`{other}` is not a setting of a bucket"))),
        }
    }
}

fn encryption(asked: &Value) -> Result<ServerSideEncryptionConfiguration, CallError> {
    let rule = |rule: &Value| {
        let by_default = match rule.get("ServerSideEncryptionByDefault") {
            Some(one) => {
                let algorithm = ServerSideEncryption::from(required(one, "SSEAlgorithm")?.as_str());
                let one = ServerSideEncryptionByDefault::builder()
                    .sse_algorithm(algorithm)
                    .set_kms_master_key_id(text(one, "KMSMasterKeyID"));
                Some(built(one.build())?)
            }
            None => None,
        };
        Ok(ServerSideEncryptionRule::builder()
            .set_apply_server_side_encryption_by_default(by_default)
            .set_bucket_key_enabled(flag(rule, "BucketKeyEnabled"))
            .build())
    };
    let rules = items(asked, "ServerSideEncryptionConfiguration").iter().map(rule);
    let rules = rules.collect::<Result<Vec<_>, CallError>>()?;
    built(ServerSideEncryptionConfiguration::builder().set_rules(Some(rules)).build())
}

/// Whether EventBridge is to be told.
///
/// # Errors
/// `Invalid` for whoever else is to be told.
fn is_told(asked: Option<&Value>) -> Result<bool, CallError> {
    let Some(asked) = asked else { return Ok(false) };
    if let Some(name) = asked.as_object().and_then(|map| map.keys().find(|name| *name != "EventBridgeConfiguration")) {
        return Err(crate::shape::invalid(format!(
            "`NotificationConfiguration.{name}` cannot be set by this engine yet"
        )));
    }
    let told = asked.get("EventBridgeConfiguration");
    Ok(told.is_some_and(|told| flag(told, "EventBridgeEnabled").unwrap_or(true)))
}

fn public_access(asked: Option<&Value>) -> PublicAccessBlockConfiguration {
    // Whoever asks for the block without naming a part of it leaves that part open; whoever asks for nothing gets it all.
    let part = |name: &str| asked.map_or(Some(true), |asked| flag(asked, name));
    PublicAccessBlockConfiguration::builder()
        .set_block_public_acls(part("BlockPublicAcls"))
        .set_block_public_policy(part("BlockPublicPolicy"))
        .set_ignore_public_acls(part("IgnorePublicAcls"))
        .set_restrict_public_buckets(part("RestrictPublicBuckets"))
        .build()
}

fn ownership(asked: Option<&Value>) -> Result<OwnershipControls, CallError> {
    let rule = |ownership: &str| {
        built(OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership)).build())
    };
    let rules = match asked {
        Some(asked) => items(asked, "Rules")
            .iter()
            .map(|one| rule(&required(one, "ObjectOwnership")?))
            .collect::<Result<_, _>>()?,
        None => vec![rule("BucketOwnerEnforced")?],
    };
    built(OwnershipControls::builder().set_rules(Some(rules)).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_access_is_closed_unless_it_is_opened_by_name() {
        let closed = public_access(None);
        assert_eq!((closed.block_public_acls, closed.restrict_public_buckets), (Some(true), Some(true)));
        let opened = public_access(Some(&json!({ "BlockPublicAcls": "false" })));
        assert_eq!((opened.block_public_acls, opened.block_public_policy), (Some(false), None));
    }

    #[test]
    fn only_eventbridge_is_told() {
        let told = |asked: Value| is_told(Some(&asked));
        assert!(told(json!({ "EventBridgeConfiguration": {} })).unwrap());
        assert!(!told(json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": "false" } })).unwrap());
        assert!(!is_told(None).unwrap());
        let error = told(json!({ "QueueConfigurations": [] })).unwrap_err();
        assert!(error.message.contains("`NotificationConfiguration.QueueConfigurations`"), "{error}");
    }

    #[test]
    fn encryption_names_its_key() {
        let asked = json!({ "ServerSideEncryptionConfiguration": [{
            "BucketKeyEnabled": true,
            "ServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k" } }] });
        let sent = encryption(&asked).unwrap();
        let by_default = sent.rules()[0].apply_server_side_encryption_by_default().unwrap();
        assert_eq!((by_default.sse_algorithm.as_str(), by_default.kms_master_key_id()), ("aws:kms", Some("k")));
        assert_eq!(sent.rules()[0].bucket_key_enabled, Some(true));
    }

    #[test]
    fn a_bucket_without_asked_ownership_enforces_its_owner() {
        assert_eq!(ownership(None).unwrap().rules()[0].object_ownership, ObjectOwnership::BucketOwnerEnforced);
    }
}
