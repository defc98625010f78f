//! What an agent may use, wherever it is made: by the config itself, as a raw resource, or by a template.

use std::collections::{BTreeMap, BTreeSet};

use model::{ResourceAddress, ResourceType};
use serde_json::Value;
use source::{Code, Finding, Span};

use super::{Expansion, SHARED, resource_address, variable};
use crate::config::{Access, Agent, Kind, Permission, Variable};

/// Among how many names one is looked for that somebody may have meant.
pub(super) const NEAR: usize = 500;

/// A resource that an agent may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Used {
    /// Its name under `shared`; none where it stands elsewhere.
    pub(super) name: Option<String>,
    /// What it is.
    pub(super) kind: Kind,
    /// Where it stands.
    pub(super) address: ResourceAddress,
    /// How it is used.
    pub(super) access: Access,
    /// The environment variable in which the agent finds it.
    pub(super) variable: String,
    /// Whether its physical id begins with a slash; only of parameters.
    pub(super) is_path: bool,
}

/// What agents refer to and do not make themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Elsewhere {
    /// The types of raw resources and of those of templates.
    pub(super) types: BTreeMap<ResourceAddress, ResourceType>,
    /// Parameters whose names are no paths.
    pub(super) plain: BTreeSet<ResourceAddress>,
    /// What functions of agents come to, by their places.
    pub(super) values: BTreeMap<Span, Value>,
}

impl Expansion<'_> {
    /// What a permission is for; none where it is for IAM actions, or for something that there is not.
    pub(super) fn used(&self, permission: &Permission) -> Option<Used> {
        match permission {
            Permission::Resource { name, kind, access } => Some(Used {
                name: Some(name.clone()),
                kind: *kind,
                address: resource_address(*kind, name),
                access: *access,
                variable: variable(*kind, name),
                is_path: true,
            }),
            Permission::Made { address, access } => {
                let address = &address.value;
                let kind = kind_of(self.type_of(address)?)?;
                let is_path = !self.elsewhere.plain.contains(address);
                let variable = variable_of(kind, address);
                Some(Used { name: None, kind, address: address.clone(), access: access.value, variable, is_path })
            }
            Permission::Words { .. } | Permission::Actions { .. } => None,
        }
    }

    /// The value of a variable: text, or what its function comes to.
    pub(super) fn value_of(&self, value: &Variable) -> Value {
        match value {
            Variable::Text(text) => text.as_str().into(),
            // Before functions were evaluated there is nothing in its place.
            Variable::Function(node) => self.elsewhere.values.get(&node.span).cloned().unwrap_or_else(|| "".into()),
        }
    }

    fn type_of(&self, address: &ResourceAddress) -> Option<&ResourceType> {
        self.resources.get(address).map(|own| &own.kind).or_else(|| self.elsewhere.types.get(address))
    }

    /// What is wrong with an agent's permissions on what it does not make itself.
    pub(super) fn problems_of(&self, agent: &Agent) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut variables: BTreeMap<String, ResourceAddress> = BTreeMap::new();
        for permission in &agent.permissions {
            let used = self.used(permission);
            if let Permission::Made { address, access } = permission {
                let what = format!("`{}`", address.value);
                match (self.type_of(&address.value), &used) {
                    (None, _) => {
                        let message = format!("there is no resource {what}");
                        let known: Vec<String> =
                            self.elsewhere.types.keys().take(NEAR).map(ToString::to_string).collect();
                        let help = match source::closest(&address.value.to_string(), known.iter().map(String::as_str)) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "name what stands in a template as `stack/LogicalId`".to_owned(),
                        };
                        findings.push(Finding::new(Code::UnknownResource, address.span, message).help(help));
                    }
                    (Some(kind), None) => {
                        let message = format!("there are no words for what may be done with {what}, which is `{kind}`");
                        let help = "allow IAM `actions` on `resources` instead";
                        findings.push(Finding::new(Code::Unsupported, address.span, message).help(help));
                    }
                    (Some(_), Some(Used { kind: Kind::Topic, .. })) if access.value == Access::Read => {
                        let message = "a topic cannot be read, only published to";
                        let help = "write `access: write`; to receive, subscribe a queue and read that";
                        findings.push(Finding::new(Code::WrongChoice, access.span, message).help(help));
                    }
                    (Some(_), Some(_)) => {}
                }
                if let Some(Used { variable, .. }) = &used
                    && agent.environment.contains_key(variable)
                {
                    let message = format!("`{variable}` is set by this permission, and by `environment` as well");
                    let finding = Finding::new(Code::ReservedName, address.span, message);
                    findings.push(finding.help("remove it from `environment`, or choose another name there"));
                }
            }
            if let Some(Used { variable, address, .. }) = used
                && let Some(other) = variables.insert(variable.clone(), address.clone())
                && other != address
                && let Permission::Made { address: written, .. } = permission
            {
                let message = format!("`{address}` and `{other}` would both be in the variable `{variable}`");
                let help = "allow IAM `actions` on one of them instead, and name it in `environment`";
                findings.push(Finding::new(Code::DuplicateName, written.span, message).help(help));
            }
        }
        findings
    }
}

/// What a type is to permissions.
fn kind_of(kind: &ResourceType) -> Option<Kind> {
    Some(match kind.as_str() {
        "AWS::DynamoDB::Table" => Kind::Table,
        "AWS::S3::Bucket" => Kind::Bucket,
        "AWS::SQS::Queue" => Kind::Queue,
        "AWS::SNS::Topic" => Kind::Topic,
        "AWS::SSM::Parameter" => Kind::Parameter,
        "AWS::SecretsManager::Secret" => Kind::Secret,
        _ => return None,
    })
}

/// The variable in which an agent finds a resource by its address: `ARCHIVE_BUCKET` for a bucket `Archive`,
/// `STORAGE_ORDERS_TABLE` for a table `storage/OrdersTable`.
fn variable_of(kind: Kind, address: &ResourceAddress) -> String {
    let name = match address.stack.as_str() {
        SHARED => words(&address.logical_id),
        stack => format!("{}-{}", words(stack), words(&address.logical_id)),
    };
    let suffix = variable(kind, "");
    let what = suffix.trim_start_matches('_').split('_').next().unwrap_or_default().to_ascii_lowercase();
    // A name that ends in what the resource is need not say so twice.
    let name = name.strip_suffix(&what).filter(|rest| rest.is_empty() || rest.ends_with('-')).unwrap_or(&name);
    variable(kind, name.trim_end_matches('-')).trim_start_matches('_').to_owned()
}

/// `OrdersTable` → `orders-table`.
fn words(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    for (at, letter) in letters.iter().enumerate() {
        let next_is_lower = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|c| c.is_ascii_lowercase() || (c.is_ascii_alphanumeric() && next_is_lower));
        if begins {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
        before = Some(*letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_says_what_it_holds_once() {
        let cases = [
            (Kind::Bucket, "shared", "Archive", "ARCHIVE_BUCKET"),
            (Kind::Table, "shared", "OrdersTable", "ORDERS_TABLE"),
            (Kind::Table, "storage", "Table", "STORAGE_TABLE"),
            (Kind::Bucket, "shared", "S3Files", "S3_FILES_BUCKET"),
            (Kind::Topic, "shared", "Topic", "TOPIC_ARN"),
            (Kind::Table, "MyStack-Dev", "OrdersHTTPTable1A2B", "MY_STACK_DEV_ORDERS_HTTP_TABLE1A2B_TABLE"),
            (Kind::Queue, "storage", "WorkQueue", "STORAGE_WORK_QUEUE_URL"),
        ];
        for (kind, stack, logical_id, expected) in cases {
            assert_eq!(variable_of(kind, &ResourceAddress::new(stack, logical_id)), expected);
        }
    }
}
