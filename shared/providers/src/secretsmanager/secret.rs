//! `AWS::SecretsManager::Secret`.
//!
//! `CreateSecret` carries everything, value and tags included, and refuses a name that is taken. A value that is made up is asked
//! for right before the call that carries it, and stands nowhere else.
//!
//! A deleted secret keeps name, tags and values for 30 days. What is to be made under such a name for the same address is restored,
//! with the value that it had.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::Tag;
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider, Secret as Hidden};
use model::ownership::{DEPLOYED_BY, GENERATION};
use model::{CallError, ErrorClass, Observed, Ownership, PhysicalId, Properties};
use serde_json::json;

use super::failed;
use super::generate::Rules;
use crate::clients::Clients;
use crate::shape::{self, any_differs, invalid, required, unless_missing};
use crate::tags::{self, TagChange, Tags};
use crate::tree;

/// What can be asked for.
const KNOWN: [&str; 6] = ["Description", "GenerateSecretString", "KmsKeyId", "Name", "SecretString", "Tags"];
/// The properties that a value comes from.
const VALUES: [&str; 2] = ["GenerateSecretString", "SecretString"];

/// The label of the value that is in use, and of the one before it.
const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The provider.
pub struct Secret {
    client: Client,
}

/// Where a value comes from.
enum Source {
    /// It is made up.
    Generated(Rules),
    /// It is handed in.
    Given(Hidden),
    /// Somebody else puts it in.
    Elsewhere,
}

impl Source {
    fn of(properties: &Properties) -> Result<Self, CallError> {
        tree::only(properties, &KNOWN)?;
        match (properties.get("GenerateSecretString"), properties.text("SecretString")) {
            (Some(_), Some(_)) => Err(invalid("`SecretString` and `GenerateSecretString` exclude each other")),
            (Some(how), None) => Ok(Self::Generated(Rules::of(how)?)),
            (None, Some(text)) => Ok(Self::Given(Hidden::new(text))),
            (None, None) => Ok(Self::Elsewhere),
        }
    }
}

impl Secret {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { client: clients.secretsmanager.clone() }
    }

    /// A secret by its ARN or name, also one that is scheduled for deletion.
    async fn shown(&self, id: &str) -> Result<Option<DescribeSecretOutput>, CallError> {
        unless_missing(self.client.describe_secret().secret_id(id).send().await.map_err(failed("DescribeSecret")))
    }

    /// The value with this label; none where there is none, or where it is no text.
    async fn labelled(&self, id: &str, label: &str) -> Result<Option<Hidden>, CallError> {
        let get = self.client.get_secret_value().secret_id(id).version_stage(label);
        let answer = get.send().await.map_err(failed("GetSecretValue"));
        Ok(unless_missing(answer)?.and_then(|answer| answer.secret_string).map(Hidden::new))
    }

    async fn generated(&self, rules: &Rules) -> Result<Hidden, CallError> {
        let ask = self
            .client
            .get_random_password()
            .set_password_length(i64::try_from(rules.length).ok())
            .set_exclude_characters((!rules.excluded.is_empty()).then(|| rules.excluded.clone()))
            .exclude_lowercase(rules.without_lowercase)
            .exclude_numbers(rules.without_numbers)
            .exclude_punctuation(rules.without_punctuation)
            .exclude_uppercase(rules.without_uppercase)
            .include_space(rules.with_space)
            .require_each_included_type(rules.each_type);
        let answer = ask.send().await.map_err(failed("GetRandomPassword"))?;
        let password = answer.random_password.map(Hidden::new).ok_or_else(|| shape::silent("GetRandomPassword"))?;
        Ok(rules.value(&password))
    }

    async fn put(&self, id: &str, value: &Hidden) -> Result<(), CallError> {
        let put = self.client.put_secret_value().secret_id(id).secret_string(value.reveal());
        put.send().await.map_err(failed("PutSecretValue"))?;
        Ok(())
    }

    /// Gives it a value from `source`, unless it has one. The value before stays its previous one. The previous one is taken again
    /// where these rules give it: a way back must not lock out who used it.
    async fn bring(&self, id: &str, source: &Source) -> Result<(), CallError> {
        let current = match source {
            Source::Elsewhere => return Ok(()),
            Source::Given(_) | Source::Generated(_) => self.labelled(id, CURRENT).await?,
        };
        match (source, current) {
            (Source::Elsewhere, _) => Ok(()),
            (Source::Given(value), Some(current)) if current.reveal() == value.reveal() => Ok(()),
            (Source::Given(value), _) => self.put(id, value).await,
            (Source::Generated(rules), Some(current)) if rules.give(&current) => Ok(()),
            (Source::Generated(rules), _) => match self.labelled(id, PREVIOUS).await? {
                Some(previous) if rules.give(&previous) => self.put(id, &previous).await,
                _ => self.put(id, &self.generated(rules).await?).await,
            },
        }
    }

    /// Those of description and key that are another, which never touches the value. Empty ones are Secrets Manager's default.
    async fn describe(&self, id: &str, text: Option<&str>, key: Option<&str>) -> Result<(), CallError> {
        if text.is_none() && key.is_none() {
            return Ok(());
        }
        let update = self.client.update_secret().secret_id(id).set_description(text.map(str::to_owned));
        update.set_kms_key_id(key.map(str::to_owned)).send().await.map_err(failed("UpdateSecret"))?;
        Ok(())
    }

    async fn tag(&self, id: &str, change: TagChange) -> Result<(), CallError> {
        if !change.set.is_empty() {
            let tag = self.client.tag_resource().secret_id(id).set_tags(Some(tags_of(&change.set)));
            tag.send().await.map_err(failed("TagResource"))?;
        }
        if !change.remove.is_empty() {
            let untag = self.client.untag_resource().secret_id(id).set_tag_keys(Some(change.remove));
            untag.send().await.map_err(failed("UntagResource"))?;
        }
        Ok(())
    }

    /// Brings back the deleted secret that holds the name, where it was made for the same address.
    async fn restore(&self, name: &str, creation: &Creation<'_>, refusal: CallError) -> Result<Made, CallError> {
        let Some(held) = self.shown(name).await? else { return Err(refusal) };
        let Some(deleted) = held.deleted_date() else { return Err(refusal) };
        if !is_for(&live_tags(&held), creation) {
            let message = format!(
                "the name `{name}` is held until {deleted} by a deleted secret that was not made here: restore that one and \
                 refer to it by its ARN, have it deleted at once (`aws secretsmanager delete-secret \
                 --force-delete-without-recovery`), or give this one another name"
            );
            return Err(CallError { message, class: ErrorClass::AlreadyExists, ..refusal });
        }
        let answer = self.client.restore_secret().secret_id(name).send().await.map_err(failed("RestoreSecret"))?;
        made(answer.arn).ok_or_else(|| shape::silent("RestoreSecret"))
    }
}

/// Whether these tags say: made by this installation, in this environment, for this address, in whichever incarnation. Two of one
/// address never share a name, so that under the same name it is the same secret.
fn is_for(tags: &Tags, creation: &Creation<'_>) -> bool {
    match tags::ownership(tags) {
        Ownership::Tagged { engine, scope, address, .. } => {
            engine == creation.stamp.engine
                && scope.as_deref() == Some(creation.stamp.scope.as_str())
                && address == creation.key.address
        }
        Ownership::Foreign => false,
    }
}

fn live_tags(shown: &DescribeSecretOutput) -> Tags {
    shown.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

fn tags_of(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn made(arn: Option<String>) -> Option<Made> {
    let arn = arn?;
    Some(Made { attributes: BTreeMap::from([("Id".to_owned(), json!(arn))]), physical_id: PhysicalId(arn) })
}

/// The description and the key that are asked for; empty where none is.
fn described(properties: &Properties) -> (&str, &str) {
    (properties.text("Description").unwrap_or_default(), properties.text("KmsKeyId").unwrap_or_default())
}

/// A key by its id or alias, of whatever it was named by.
fn bare_key(key: &str) -> &str {
    let name = key.rsplit(':').next().unwrap_or_default();
    name.strip_prefix("key/").unwrap_or(name)
}

#[async_trait]
impl Provider for Secret {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let shown = self.shown(existing.physical_id.as_str()).await?;
        let Some(shown) = shown.filter(|shown| shown.deleted_date().is_none()) else { return Ok(None) };
        let tags = live_tags(&shown);
        let mut properties = Properties::new();
        let texts = [("Name", shown.name()), ("Description", shown.description()), ("KmsKeyId", shown.kms_key_id())];
        for (name, text) in texts {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                properties.set(name, text);
            }
        }
        tags::observe_list(&mut properties, &tags);
        let Made { physical_id, attributes } = made(shown.arn).ok_or_else(|| shape::silent("DescribeSecret"))?;
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let shown = self.shown(required(creation.properties, "Name")?).await?;
        // One that is deleted is brought back by the creation.
        let Some(shown) = shown.filter(|shown| shown.deleted_date().is_none()) else { return Ok(Found::Absent) };
        let is_ours = is_for(&live_tags(&shown), creation);
        let made = made(shown.arn).ok_or_else(|| shape::silent("DescribeSecret"))?;
        Ok(if is_ours { Found::Ours(made) } else { Found::Foreign(made.physical_id) })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let name = required(properties, "Name")?;
        let value = match Source::of(properties)? {
            Source::Generated(rules) => Some(self.generated(&rules).await?),
            Source::Given(value) => Some(value),
            Source::Elsewhere => None,
        };
        let create = self
            .client
            .create_secret()
            .name(name)
            .client_request_token(creation.token)
            .set_description(properties.text("Description").map(str::to_owned))
            .set_kms_key_id(properties.text("KmsKeyId").map(str::to_owned))
            .set_secret_string(value.map(|value| value.reveal().to_owned()))
            .set_tags(Some(tags_of(&tags::for_creation(creation)?)));
        match create.send().await.map_err(failed("CreateSecret")) {
            Ok(answer) => made(answer.arn).ok_or_else(|| shape::silent("CreateSecret")),
            Err(error) if error.class == ErrorClass::AlreadyExists => self.restore(name, creation, error).await,
            Err(error) => Err(error),
        }
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let (id, properties) = (existing.physical_id.as_str(), creation.properties);
        let shown = self.shown(id).await?.ok_or_else(|| shape::vanished(existing))?;
        let have = live_tags(&shown);
        if fresh && have.get(DEPLOYED_BY) == Some(&creation.stamp.deployed_by) {
            return Ok(());
        }
        let (text, key) = described(properties);
        let is_text = text == shown.description().unwrap_or_default();
        let is_key = bare_key(key) == bare_key(shown.kms_key_id().unwrap_or_default());
        self.describe(id, (!is_text).then_some(text), (!is_key).then_some(key)).await?;
        // What somebody put in after it was made is not put over, unless another value may have been asked for meanwhile.
        let is_first = shown.version_ids_to_stages().is_none_or(|versions| versions.len() <= 1);
        let is_open = is_first || VALUES.iter().any(|name| shape::is_unsettled(existing, properties, name));
        // Of an earlier incarnation, whose value it has.
        let is_restored = !tags::ownership(&have).is(creation.stamp, creation.key);
        match Source::of(properties)? {
            Source::Generated(_) if !is_open => {}
            Source::Given(_) if !is_open && !is_restored => {}
            source => self.bring(id, &source).await?,
        }
        let mut change = TagChange::between(&have, &tags::asked(properties)?);
        if is_restored {
            change.set.insert(GENERATION.to_owned(), creation.key.generation.to_string());
        }
        self.tag(id, change).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let (id, from) = (existing.physical_id.as_str(), existing.properties);
        let source = Source::of(to)?;
        let (before, (text, key)) = (described(from), described(to));
        self.describe(id, (before.0 != text).then_some(text), (before.1 != key).then_some(key)).await?;
        if any_differs(from, to, &VALUES) {
            self.bring(id, &source).await?;
        }
        self.tag(id, TagChange::of(from, to)?).await
    }

    /// Whether anybody put a value in besides the one that it was made with.
    async fn holds_data(&self, existing: &Existing<'_>) -> Result<bool, CallError> {
        let made_with = usize::from(VALUES.iter().any(|name| existing.properties.get(name).is_some()));
        let list = self.client.list_secret_version_ids().secret_id(existing.physical_id.as_str());
        let answer = list.include_deprecated(true).send().await.map_err(failed("ListSecretVersionIds"));
        Ok(unless_missing(answer)?.is_some_and(|answer| answer.versions().len() > made_with))
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let answer = self.client.delete_secret().secret_id(existing.physical_id.as_str()).send().await;
        unless_missing(answer.map_err(failed("DeleteSecret")))?;
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn what_is_not_done_is_refused_by_name() {
        for (asked, part) in [
            (json!({ "ReplicaRegions": [{ "Region": "eu-west-1" }] }), "`ReplicaRegions`"),
            (json!({ "Type": "x" }), "`Type`"),
            (json!({ "SecretString": "hush", "GenerateSecretString": {} }), "exclude each other"),
        ] {
            let error = Source::of(&properties(asked)).err().unwrap();
            assert_eq!(error.class, ErrorClass::Invalid);
            assert!(error.message.contains(part) && !error.message.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_key_is_the_same_by_whichever_name() {
        let arn = "arn:aws:kms:eu-west-1:1:key/ab-12";
        assert_eq!(bare_key(arn), bare_key("ab-12"));
        assert_eq!(bare_key("arn:aws:kms:eu-west-1:1:alias/shop"), bare_key("alias/shop"));
        assert_ne!(bare_key(arn), bare_key(""));
    }
}
