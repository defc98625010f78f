//! `AWS::S3::Bucket`.
//!
//! `CreateBucket` takes tags for general purpose buckets in every region (`CreateBucketConfiguration.Tags`, with
//! `s3:TagResource`), so that a bucket is ours from its first moment and an untagged one never is. In us-east-1 it succeeds on
//! an own bucket that exists; elsewhere it refuses. Every other call names the account as the bucket's expected owner: a
//! bucket's name is nobody's, and a stranger could have taken it. The settings follow in `converge`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership, Tag, Tagging};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::settings::{RARE, SETTINGS, Settings};
use crate::clients::Clients;
use crate::error::call_error;
use crate::shape::{self, any_differs, at, differs, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::{arn, tree};

/// The region whose `CreateBucket` is idempotent, and which must not be named as a location.
const FIRST_REGION: &str = "us-east-1";

/// The settings of a new bucket that depend on when and where it was made: since 2023, all are closed and encrypted.
const UNKNOWN_OF_NEW: [&str; 2] = ["PublicAccessBlockConfiguration", "BucketEncryption"];

/// The provider.
pub struct Bucket {
    clients: Clients,
    settings: Settings,
}

impl Bucket {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone(), settings: Settings::new(clients) }
    }

    fn made(&self, name: &str) -> Made {
        let (region, partition) = (&self.clients.region, arn::partition(&self.clients.region));
        let domain = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let attributes = [
            ("Arn", format!("arn:{partition}:s3:::{name}")),
            ("DomainName", format!("{name}.s3.{domain}")),
            ("RegionalDomainName", format!("{name}.s3.{region}.{domain}")),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), Value::from(value)));
        Made { physical_id: name.into(), attributes: BTreeMap::from(attributes) }
    }

    /// Looks at these settings, and puts those that are not as they are asked for.
    async fn bring(&self, name: &str, asked: &Properties, settings: &[&str]) -> Result<(), CallError> {
        let is_asked = |setting: &&str| asked.get(setting).is_some_and(|asked| !asked.is_null());
        let settings: Vec<&str> = settings.iter().copied().filter(is_asked).collect();
        let live = self.settings.shown(name, &settings).await?;
        self.put_missing(name, asked, &settings, &live).await
    }

    /// Puts those of these settings that `live` does not have as they are asked for.
    async fn put_missing(
        &self,
        name: &str,
        asked: &Properties,
        settings: &[&str],
        live: &Properties,
    ) -> Result<(), CallError> {
        for setting in settings {
            let asked = asked.get(setting).filter(|asked| !asked.is_null());
            if let Some(asked) = asked.filter(|asked| !live.get(setting).is_some_and(|live| tree::covers(live, asked)))
            {
                self.settings.put(name, setting, Some(asked)).await.map_err(not_seen_yet)?;
            }
        }
        Ok(())
    }

    /// Sets the tags. `PutBucketTagging` replaces them all, so those that are not a user's are put back with them.
    async fn tag(&self, name: &str, change: TagChange) -> Result<(), CallError> {
        if change.is_empty() {
            return Ok(());
        }
        let mut all = tags(&self.clients, name).await?.unwrap_or_default();
        let before = all.clone();
        all.retain(|key, _| !change.remove.contains(key));
        all.extend(change.set);
        if all == before {
            return Ok(());
        }
        let call = self.clients.s3.put_bucket_tagging().bucket(name).expected_bucket_owner(&self.clients.account);
        let call = call.tagging(tree::built(Tagging::builder().set_tag_set(Some(tags_of(&all)?)).build())?);
        call.send().await.map_err(|error| call_error("s3", "PutBucketTagging", error))?;
        Ok(())
    }
}

/// The tags of a bucket of this account; none where there is no such bucket.
pub(super) async fn tags(clients: &Clients, name: &str) -> Result<Option<Tags>, CallError> {
    let call = clients.s3.get_bucket_tagging().bucket(name).expected_bucket_owner(&clients.account);
    match call.send().await.map_err(|error| call_error("s3", "GetBucketTagging", error)) {
        Ok(answer) => Ok(Some(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
        Err(error) if error.code.as_deref() == Some("NoSuchTagSet") => Ok(Some(Tags::new())),
        Err(error) => unless_missing(Err(error)),
    }
}

fn tags_of(tags: &Tags) -> Result<Vec<Tag>, CallError> {
    tags.iter().map(|(key, value)| tree::built(Tag::builder().key(key).value(value).build())).collect()
}

/// The settings that are looked at: those that every bucket has, and of the others those that were ever asked for. Each is a call, and
/// a look is made again as a whole where one of its calls fails.
fn to_be_read(existing: &Existing<'_>, to: &Properties) -> Vec<&'static str> {
    let is_asked = |name: &str| shape::was_asked(existing, name) || to.get(name).is_some();
    SETTINGS.into_iter().filter(|name| !RARE.contains(name) || is_asked(name)).collect()
}

#[async_trait]
impl Provider for Bucket {
    fn proof(&self) -> Proof {
        let on_existing = if self.clients.region == FIRST_REGION { OnExisting::Succeeds } else { OnExisting::Refuses };
        Proof::Name { on_existing }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let name = existing.physical_id.as_str();
        let settings = to_be_read(existing, existing.properties);
        let read = tokio::try_join!(tags(&self.clients, name), self.settings.shown(name, &settings));
        let (Some(tags), settings) = read? else { return Ok(None) };
        let mut properties = settings.with("BucketName", name);
        tags::observe_list(&mut properties, &tags);
        let Made { physical_id, attributes } = self.made(name);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "BucketName")?;
        let foreign = || Found::Foreign(PhysicalId(name.to_owned()));
        match tags(&self.clients, name).await {
            Ok(None) => Ok(Found::Absent),
            Ok(Some(tags)) if tags::ownership(&tags).is(creation.stamp, creation.key) => {
                Ok(Found::Ours(self.made(name)))
            }
            Ok(Some(_)) => Ok(foreign()),
            // The role may read every bucket of this name in its account, so it is in another's.
            Err(error) if error.class == ErrorClass::Denied => Ok(foreign()),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        check(creation.properties)?;
        let name = required(creation.properties, "BucketName")?;
        let region = self.clients.region.as_str();
        let location = (region != FIRST_REGION).then(|| BucketLocationConstraint::from(region));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(location)
            .set_tags(Some(tags_of(&tags::for_creation(creation)?)?))
            .build();
        let rules = at(creation.properties, &["OwnershipControls", "Rules"]).and_then(|rules| rules.get(0));
        let ownership = rules.and_then(|rule| tree::text(rule, "ObjectOwnership"));
        let call = self.clients.s3.create_bucket().bucket(name).create_bucket_configuration(configuration);
        let call = call.set_object_ownership(ownership.as_deref().map(ObjectOwnership::from));
        call.send().await.map_err(|error| call_error("s3", "CreateBucket", error))?;
        Ok(self.made(name))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        if fresh {
            // What its creation said or AWS gives no new bucket need not be looked at; what protects it is.
            let of_new = Properties::new().with("VersioningConfiguration", json!({ "Status": "Suspended" }));
            let ownership = creation.properties.get("OwnershipControls").cloned().unwrap_or_default();
            let of_new = of_new.with("OwnershipControls", ownership);
            let rest = self.bring(name, creation.properties, &UNKNOWN_OF_NEW);
            let known = SETTINGS.into_iter().filter(|setting| !UNKNOWN_OF_NEW.contains(setting)).collect::<Vec<_>>();
            tokio::try_join!(self.put_missing(name, creation.properties, &known, &of_new), rest)?;
            return Ok(());
        }
        let (to, settings) = (creation.properties, to_be_read(existing, creation.properties));
        let live = self.settings.shown(name, &settings).await?;
        for setting in settings {
            let asked = to.get(setting).filter(|asked| !asked.is_null());
            let is_there = asked.is_some() || live.get(setting).is_some();
            if is_there && shape::may_differ(existing, &live, to, setting) {
                self.settings.put(name, setting, asked).await.map_err(not_seen_yet)?;
            }
        }
        let have = tags(&self.clients, name).await?.unwrap_or_default();
        self.tag(name, TagChange::between(&have, &tags::asked(creation.properties)?)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        check(to)?;
        let name = existing.physical_id.as_str();
        for setting in SETTINGS {
            if differs(existing.properties, to, setting) {
                self.settings.put(name, setting, to.get(setting).filter(|asked| !asked.is_null())).await?;
            }
        }
        if !any_differs(existing.properties, to, &["Tags"]) {
            return Ok(());
        }
        self.tag(name, TagChange::of(existing.properties, to)?).await
    }

    async fn holds_data(&self, existing: &Existing<'_>) -> Result<bool, CallError> {
        let (mut key, mut version) = (None, None);
        loop {
            let call = self.clients.s3.list_object_versions().bucket(existing.physical_id.as_str());
            let call = call.expected_bucket_owner(&self.clients.account).set_key_marker(key);
            let answer = call.set_version_id_marker(version).send().await;
            let Some(answer) = unless_missing(answer.map_err(|error| call_error("s3", "ListObjectVersions", error)))?
            else {
                return Ok(false);
            };
            // A delete marker holds nothing; that it keeps S3 from deleting the bucket is another matter.
            if !answer.versions().is_empty() {
                return Ok(true);
            }
            if answer.is_truncated != Some(true) {
                return Ok(false);
            }
            (key, version) = (answer.next_key_marker, answer.next_version_id_marker);
        }
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let call = self.clients.s3.delete_bucket().bucket(existing.physical_id.as_str());
        let answer = call.expected_bucket_owner(&self.clients.account).send().await;
        unless_missing(answer.map_err(|error| call_error("s3", "DeleteBucket", error)))?;
        Ok(Deletion::Gone)
    }
}

/// A bucket that was just made and is not there is not there yet.
fn not_seen_yet(error: CallError) -> CallError {
    let class = if error.class == ErrorClass::NotFound { ErrorClass::NotPropagated } else { error.class };
    CallError { class, ..error }
}

fn check(properties: &Properties) -> Result<(), CallError> {
    tree::only(properties, &[SETTINGS.as_slice(), ["BucketName", "Tags"].as_slice()].concat())
}
