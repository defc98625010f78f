//! `AWS::IAM::Policy`: an inline policy of roles, kept apart from them.

use async_trait::async_trait;
use aws_sdk_iam::Client;
use model::{CallError, Properties};
use serde_json::Value;

use crate::attached::{Attached, Holder, name};
use crate::shape::{policy_text, policy_tree, unless_missing};
use crate::tags::Tags;

/// The provider of `AWS::IAM::Policy`. Of holders it knows roles; users and groups are not made here.
pub(crate) fn policy(iam: Client) -> Attached<Roles> {
    Attached(Roles(iam))
}

pub(crate) struct Roles(Client);

failures!("iam");

#[async_trait]
impl Holder for Roles {
    const KIND: &'static str = "AWS::IAM::Policy";
    const HOLDERS: &'static str = "Roles";
    const MARKED: bool = false;

    async fn document(&self, role: &str, properties: &Properties) -> Result<Option<Value>, CallError> {
        let get = self.0.get_role_policy().role_name(role).policy_name(name(properties));
        let answer = unless_missing(get.send().await.map_err(failed("GetRolePolicy")))?;
        answer.map(|answer| policy_tree(&answer.policy_document)).transpose()
    }

    async fn put(&self, role: &str, properties: &Properties, document: &Value) -> Result<(), CallError> {
        let put = self.0.put_role_policy().role_name(role).policy_name(name(properties));
        put.policy_document(policy_text(document)).send().await.map_err(failed("PutRolePolicy"))?;
        Ok(())
    }

    async fn clear(&self, role: &str, properties: &Properties) -> Result<(), CallError> {
        let delete = self.0.delete_role_policy().role_name(role).policy_name(name(properties));
        unless_missing(delete.send().await.map_err(failed("DeleteRolePolicy")))?;
        Ok(())
    }

    async fn tags(&self, role: &str) -> Result<Option<Tags>, CallError> {
        let list = self.0.list_role_tags().role_name(role).into_paginator().items().send();
        let list = unless_missing(list.collect::<Result<Vec<_>, _>>().await.map_err(failed("ListRoleTags")))?;
        Ok(list.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
    }
}
