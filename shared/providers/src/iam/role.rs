//! `AWS::IAM::Role`: made with its trust, boundary and tags in one call; its policies follow.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use crate::shape::{self, number_at, policy_text, policy_tree, required, texts, unless_missing};
use crate::tags::{self, TagChange, Tags};

/// The provider of `AWS::IAM::Role`.
pub struct Role {
    iam: Client,
}

/// What can be changed of a role besides its policies and tags, with AWS's defaults filled in.
#[derive(PartialEq)]
struct Settings {
    trust: Value,
    description: String,
    session: i32,
    boundary: Option<String>,
}

impl Settings {
    fn of(properties: &Properties) -> Result<Self, CallError> {
        Ok(Self {
            trust: tree(properties.get("AssumeRolePolicyDocument"))?,
            description: properties.text("Description").unwrap_or_default().to_owned(),
            session: number_at(properties, &["MaxSessionDuration"])?.unwrap_or(3_600),
            boundary: properties.text("PermissionsBoundary").map(str::to_owned),
        })
    }
}

/// A policy document as a tree, in whichever form a property holds it.
fn tree(document: Option<&Value>) -> Result<Value, CallError> {
    match document {
        Some(Value::String(text)) => policy_tree(text),
        Some(other) => Ok(other.clone()),
        None => Ok(Value::Null),
    }
}

/// The inline policies by name.
fn inline(properties: &Properties) -> Result<BTreeMap<String, Value>, CallError> {
    let list = properties.get("Policies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = |policy: &Value| {
        let name = policy.get("PolicyName").and_then(Value::as_str);
        let name = name.ok_or_else(|| shape::invalid("an entry of `Policies` has no `PolicyName`"))?;
        Ok((name.to_owned(), tree(policy.get("PolicyDocument"))?))
    };
    list.iter().map(named).collect()
}

fn managed(properties: &Properties) -> BTreeSet<String> {
    texts(properties.get("ManagedPolicyArns")).into_iter().collect()
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>, CallError> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| shape::invalid(error.to_string()))
}

fn attributes(arn: &str, id: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("Arn".to_owned(), json!(arn)), ("RoleId".to_owned(), json!(id))])
}

failures!("iam");

impl Role {
    /// Over this client.
    pub fn new(iam: Client) -> Self {
        Self { iam }
    }

    async fn get(&self, name: &str) -> Result<Option<aws_sdk_iam::types::Role>, CallError> {
        let answer = self.iam.get_role().role_name(name).send().await.map_err(failed("GetRole"));
        Ok(unless_missing(answer)?.and_then(|answer| answer.role))
    }

    async fn inline_names(&self, name: &str) -> Result<Vec<String>, CallError> {
        let pages = self.iam.list_role_policies().role_name(name).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.map_err(failed("ListRolePolicies"))
    }

    async fn attached(&self, name: &str) -> Result<Vec<String>, CallError> {
        let pages = self.iam.list_attached_role_policies().role_name(name).into_paginator().items().send();
        let attached = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("ListAttachedRolePolicies"))?;
        Ok(attached.into_iter().filter_map(|policy| policy.policy_arn).collect())
    }

    async fn put_inline(&self, role: &str, name: &str, document: &Value) -> Result<(), CallError> {
        let put = self.iam.put_role_policy().role_name(role).policy_name(name).policy_document(policy_text(document));
        put.send().await.map_err(failed("PutRolePolicy"))?;
        Ok(())
    }

    async fn delete_inline(&self, role: &str, name: &str) -> Result<(), CallError> {
        let delete = self.iam.delete_role_policy().role_name(role).policy_name(name);
        unless_missing(delete.send().await.map_err(failed("DeleteRolePolicy")))?;
        Ok(())
    }

    async fn attach(&self, role: &str, arn: &str) -> Result<(), CallError> {
        let attach = self.iam.attach_role_policy().role_name(role).policy_arn(arn);
        attach.send().await.map_err(failed("AttachRolePolicy"))?;
        Ok(())
    }

    async fn detach(&self, role: &str, arn: &str) -> Result<(), CallError> {
        let detach = self.iam.detach_role_policy().role_name(role).policy_arn(arn);
        unless_missing(detach.send().await.map_err(failed("DetachRolePolicy")))?;
        Ok(())
    }

    /// Rights are taken before others are given, so that no moment has both.
    async fn change_policies(&self, role: &str, from: &Properties, to: &Properties) -> Result<(), CallError> {
        let (had, want) = (inline(from)?, inline(to)?);
        for name in had.keys().filter(|name| !want.contains_key(*name)) {
            self.delete_inline(role, name).await?;
        }
        for (name, document) in want.iter().filter(|(name, document)| had.get(*name) != Some(document)) {
            self.put_inline(role, name, document).await?;
        }
        let (had, want) = (managed(from), managed(to));
        for arn in had.difference(&want) {
            self.detach(role, arn).await?;
        }
        for arn in want.difference(&had) {
            self.attach(role, arn).await?;
        }
        Ok(())
    }

    async fn change(&self, role: &str, from: &Properties, to: &Properties) -> Result<(), CallError> {
        let (had, want) = (Settings::of(from)?, Settings::of(to)?);
        if had.boundary != want.boundary {
            match &want.boundary {
                Some(arn) => {
                    let put = self.iam.put_role_permissions_boundary().role_name(role).permissions_boundary(arn);
                    put.send().await.map_err(failed("PutRolePermissionsBoundary"))?;
                }
                None => {
                    let delete = self.iam.delete_role_permissions_boundary().role_name(role);
                    delete.send().await.map_err(failed("DeleteRolePermissionsBoundary"))?;
                }
            }
        }
        if had.trust != want.trust {
            let update = self.iam.update_assume_role_policy().role_name(role).policy_document(policy_text(&want.trust));
            update.send().await.map_err(failed("UpdateAssumeRolePolicy"))?;
        }
        if had.description != want.description || had.session != want.session {
            let update = self.iam.update_role().role_name(role);
            let update = update.description(&want.description).max_session_duration(want.session);
            update.send().await.map_err(failed("UpdateRole"))?;
        }
        self.change_policies(role, from, to).await?;
        let change = TagChange::of(from, to)?;
        if !change.remove.is_empty() {
            let untag = self.iam.untag_role().role_name(role).set_tag_keys(Some(change.remove));
            untag.send().await.map_err(failed("UntagRole"))?;
        }
        if !change.set.is_empty() {
            let tag = self.iam.tag_role().role_name(role).set_tags(Some(tag_list(&change.set)?));
            tag.send().await.map_err(failed("TagRole"))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Provider for Role {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Refuses }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let name = existing.physical_id.as_str();
        let Some(role) = self.get(name).await? else { return Ok(None) };
        let mut policies = Vec::new();
        for policy in self.inline_names(name).await? {
            let get = self.iam.get_role_policy().role_name(name).policy_name(&policy);
            let Some(answer) = unless_missing(get.send().await.map_err(failed("GetRolePolicy")))? else { continue };
            policies.push(json!({ "PolicyName": policy, "PolicyDocument": policy_tree(&answer.policy_document)? }));
        }
        let mut properties = Properties::new().with("RoleName", role.role_name.clone()).with("Path", role.path.clone());
        if let Some(document) = &role.assume_role_policy_document {
            properties.set("AssumeRolePolicyDocument", policy_tree(document)?);
        }
        if let Some(text) = role.description.filter(|text| !text.is_empty()) {
            properties.set("Description", text);
        }
        if let Some(seconds) = role.max_session_duration {
            properties.set("MaxSessionDuration", seconds);
        }
        if let Some(arn) = role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn) {
            properties.set("PermissionsBoundary", arn);
        }
        if !policies.is_empty() {
            properties.set("Policies", policies);
        }
        let mut attached = self.attached(name).await?;
        attached.sort();
        if !attached.is_empty() {
            properties.set("ManagedPolicyArns", attached);
        }
        let tags: Tags = role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        tags::observe_list(&mut properties, &tags);
        Ok(Some(Observed {
            physical_id: PhysicalId(role.role_name),
            attributes: attributes(&role.arn, &role.role_id),
            properties,
            ownership: Some(tags::ownership(&tags)),
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = required(creation.properties, "RoleName")?;
        let Some(role) = self.get(name).await? else { return Ok(Found::Absent) };
        let tags: Tags = role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        let physical_id = PhysicalId(role.role_name);
        if !tags::ownership(&tags).is(creation.stamp, creation.key) {
            return Ok(Found::Foreign(physical_id));
        }
        Ok(Found::Ours(Made { physical_id, attributes: attributes(&role.arn, &role.role_id) }))
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let properties = creation.properties;
        let settings = Settings::of(properties)?;
        let answer = self
            .iam
            .create_role()
            .role_name(required(properties, "RoleName")?)
            .set_path(properties.text("Path").map(str::to_owned))
            .assume_role_policy_document(policy_text(&settings.trust))
            .set_description(properties.text("Description").map(str::to_owned))
            .max_session_duration(settings.session)
            .set_permissions_boundary(settings.boundary)
            .set_tags(Some(tag_list(&tags::for_creation(creation)?)?))
            .send()
            .await
            .map_err(failed("CreateRole"))?;
        let role = answer.role.ok_or_else(|| shape::silent("CreateRole"))?;
        Ok(Made { attributes: attributes(&role.arn, &role.role_id), physical_id: PhysicalId(role.role_name) })
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let name = existing.physical_id.as_str();
        if fresh {
            return shape::just_made(self.change_policies(name, &Properties::new(), creation.properties).await);
        }
        let live = shape::seen(self, existing).await?;
        self.change(name, &live.properties, creation.properties).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        self.change(existing.physical_id.as_str(), existing.properties, to).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let name = existing.physical_id.as_str();
        let Some(attached) = unless_missing(self.attached(name).await)? else { return Ok(Deletion::Gone) };
        for arn in attached {
            self.detach(name, &arn).await?;
        }
        for policy in unless_missing(self.inline_names(name).await)?.unwrap_or_default() {
            self.delete_inline(name, &policy).await?;
        }
        unless_missing(self.iam.delete_role().role_name(name).send().await.map_err(failed("DeleteRole")))?;
        Ok(Deletion::Gone)
    }
}
