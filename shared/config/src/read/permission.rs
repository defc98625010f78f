//! What agents may do; and what nobody may ask for.

use std::rc::Rc;

use model::ResourceAddress;

use super::agent::Around;
use super::grant;
use crate::config::{Access, Brought, Kind, Permission};
use source::Code;
use source::Finding;
use source::Node;
use source::Spanned;
use source::{Reader, Span, Value, closest};

/// The permissions that `node` lists.
pub(super) fn permissions(reader: &mut Reader<'_>, node: &Rc<Node>, around: &Around<'_>) -> Vec<Permission> {
    let items = reader.items(node, "`permissions`", "permissions");
    items.iter().filter_map(|item| permission(reader, item, around)).collect()
}

fn permission(reader: &mut Reader<'_>, node: &Rc<Node>, around: &Around<'_>) -> Option<Permission> {
    for (key, _) in node.entries().unwrap_or_default() {
        let plain = key.name.to_lowercase().replace('_', "");
        if ["notaction", "notactions", "notresource", "notresources"].contains(&plain.as_str()) {
            let message = format!("`{}` would allow everything but what it names", key.name);
            let finding = Finding::new(Code::Administrator, key.span, message);
            reader.add(finding.help("name the `actions` and `resources` that the agent needs"));
            return None;
        }
    }
    if grant::is_one(node) {
        return grant::grant(reader, node).map(|grant| Permission::Words { grant, span: node.span });
    }
    let mut fields = reader.fields(node, "a permission")?;
    let resource = reader.optional(&mut fields, "resource");
    let access = reader.optional(&mut fields, "access");
    let actions = reader.optional(&mut fields, "actions");
    let resources = reader.optional(&mut fields, "resources");
    let span = fields.span();
    reader.finish(fields);
    match (resource, access, actions, resources) {
        (Some(resource), access, None, None) => {
            let words = [("read", Access::Read), ("write", Access::Write), ("full", Access::Full)];
            let Some(access) = access else {
                let finding = Finding::new(Code::MissingKey, span, "a permission on a resource needs the key `access`");
                reader.add(finding.help("add `access: read`, `write` or `full`"));
                return None;
            };
            let wanted = reader.choice(access, "`access`", &words);
            let name = reader.text(resource, "`resource`")?;
            let access = (wanted, access.span);
            of_resource(reader, &name, access, around)
        }
        (None, None, Some(actions), Some(resources)) => {
            let actions = of_actions(reader, actions);
            let (resources, functions) = arns(reader, resources);
            let actions = narrow(reader, actions, &resources);
            let has_resources = !resources.is_empty() || !functions.is_empty();
            (!actions.is_empty() && has_resources).then(|| Permission::Actions {
                actions,
                resources: resources.into_iter().map(|resource| resource.value).collect(),
                functions,
            })
        }
        _ => {
            let message = "a permission has `resource` and `access`, or `actions` and `resources`";
            let help = "e.g. `{ resource: orders, access: read }`, or \
                        `{ actions: [\"bedrock:InvokeModel\"], resources: [\"arn:…\"] }`";
            reader.add(Finding::new(Code::MissingKey, span, message).help(help));
            None
        }
    }
}

fn of_resource(
    reader: &mut Reader<'_>,
    name: &Spanned<String>,
    (access, access_span): (Option<Access>, Span),
    around: &Around<'_>,
) -> Option<Permission> {
    let shared = around.shared;
    let Some(kind) = shared.kind(&name.value) else {
        if let Some(address) = of_stack(&name.value, around.brought) {
            let address = Spanned::new(address, name.span);
            return Some(Permission::Made { address, access: Spanned::new(access?, access_span) });
        }
        // What could not be read may have held it.
        if let Some(brought) = around.brought.filter(|_| around.is_known) {
            let message = format!("there is no resource `{}`", name.value);
            let own = brought.resources.iter().map(|(key, _)| key.name.as_str());
            let help = match closest(&name.value, shared.names().map(|(_, name)| name).chain(own)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "a permission names what stands under `shared` or `resources`, or `stack/LogicalId` in a template"
                        .to_owned()
                }
            };
            reader.add(Finding::new(Code::UnknownResource, name.span, message).help(help));
        }
        return None;
    };
    let access = access?;
    if kind == Kind::Topic && access == Access::Read {
        let finding = Finding::new(Code::WrongChoice, access_span, "a topic cannot be read, only published to");
        reader.add(finding.help("write `access: write`; to receive, subscribe a queue and read that"));
        return None;
    }
    Some(Permission::Resource { name: name.value.clone(), kind, access })
}

/// The address of what stands under `resources`, or anywhere by its whole address: what is in stacks is not known yet.
fn of_stack(name: &str, brought: Option<&Brought>) -> Option<ResourceAddress> {
    let is_own = |brought: &Brought| brought.resources.iter().any(|(key, _)| key.name == name);
    match brought.is_some_and(is_own) {
        true => Some(ResourceAddress::new("shared", name)),
        false => name.parse().ok(),
    }
}

fn of_actions(reader: &mut Reader<'_>, node: &Node) -> Vec<Spanned<String>> {
    let mut actions = Vec::new();
    for action in reader.texts(node, "an action") {
        let (service, verb) = action.value.split_once(':').unwrap_or((&action.value, ""));
        if service.contains(['*', '?']) {
            let message = format!("`{}` allows everything", action.value);
            let finding = Finding::new(Code::Administrator, action.span, message);
            reader.add(finding.help("name the actions that the agent needs, e.g. `bedrock:InvokeModel`"));
        } else if service.is_empty()
            || verb.is_empty()
            || !service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            || !verb.chars().all(|c| c.is_ascii_alphanumeric() || c == '*' || c == '?')
        {
            let message = format!("`{}` is not an action", action.value);
            let finding = Finding::new(Code::WrongAction, action.span, message);
            reader.add(finding.help("an action is written `service:Verb`, e.g. `bedrock:InvokeModel`"));
        } else {
            actions.push(action);
        }
    }
    actions
}

/// ARNs as texts, and functions that give some.
fn arns(reader: &mut Reader<'_>, node: &Rc<Node>) -> (Vec<Spanned<String>>, Vec<Rc<Node>>) {
    let (mut arns, mut functions) = (Vec::new(), Vec::new());
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        Value::Map(_) | Value::Scalar { .. } => std::slice::from_ref(node),
    };
    for item in items {
        if item.function().is_some_and(|name| name != "Condition") {
            functions.push(Rc::clone(item));
            continue;
        }
        let Some(arn) = reader.text(item, "a resource") else { continue };
        if is_arn(&arn.value) {
            arns.push(arn);
        } else {
            let message = format!("`{}` is not the ARN of a resource", arn.value);
            let help = "an ARN is written `arn:aws:service:region:account:resource`; \
                        what stands under `shared` is named by `resource` and `access` instead";
            reader.add(Finding::new(Code::WrongArn, arn.span, message).help(help));
        }
    }
    (arns, functions)
}

fn is_arn(text: &str) -> bool {
    let is_whole = text.splitn(6, ':').count() == 6 && !text.contains(char::is_whitespace);
    text == "*" || (text.starts_with("arn:") && is_whole)
}

/// What is wrong with allowing `actions` on what a function gave: `shape` is its text, with something plain in place of what is
/// not known yet.
pub(crate) fn of_function(actions: &[String], shape: &str, is_known: bool, span: Span) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut reader = Reader::new(&mut findings);
    if is_known && !is_arn(shape) {
        let message = format!("`{}` is not the ARN of a resource", shape.escape_debug());
        let help = "a function under `resources` gives an ARN, e.g. `!GetAtt storage/Group.Arn`";
        reader.add(Finding::new(Code::WrongArn, span, message).help(help));
    }
    let actions = actions.iter().map(|action| Spanned::new(action.clone(), span)).collect();
    narrow(&mut reader, actions, &[Spanned::new(shape.to_owned(), span)]);
    findings
}

/// Services by which somebody can give themselves more rights than they have.
const IDENTITY: [&str; 7] = ["iam", "organizations", "account", "sso", "sso-directory", "identitystore", "sts"];

/// The actions that stay within bounds, given what they are allowed on.
fn narrow(reader: &mut Reader<'_>, actions: Vec<Spanned<String>>, resources: &[Spanned<String>]) -> Vec<String> {
    let is_wide = resources.iter().any(|resource| resource.value.contains(['*', '?']));
    let is_everything = resources.iter().any(|resource| is_everything(&resource.value));
    let mut kept = Vec::new();
    for action in actions {
        let lower = action.value.to_ascii_lowercase();
        let (service, verb) = lower.split_once(':').unwrap_or((&lower, ""));
        let reads = ["get", "list", "describe", "simulate"].iter().any(|prefix| verb.starts_with(prefix));
        // A session token is a credential, though its verb reads like a read.
        let reads = reads && service != "sts" || lower == "sts:getcalleridentity";
        let is_all = verb.starts_with('*') || verb.starts_with('?');
        if IDENTITY.contains(&service) && !reads && (is_wide || is_all || verb.contains('*')) {
            let message = format!("`{}` on these resources makes an administrator", action.value);
            let help =
                "whoever may change or take on identities may do everything: name one action and one role, without `*`";
            reader.add(Finding::new(Code::Administrator, action.span, message).help(help));
        } else if is_all && is_everything {
            let message = format!("`{}` on `*` allows all of a service", action.value);
            let finding = Finding::new(Code::Wildcard, action.span, message);
            reader.add(finding.help("name the actions that the agent needs, or the resources that it needs them on"));
        } else {
            kept.push(action.value);
        }
    }
    kept
}

/// Whether an ARN pattern is as good as `*`: no part of it says anything.
fn is_everything(arn: &str) -> bool {
    arn == "*" || arn.splitn(6, ':').skip(5).all(|resource| resource.chars().all(|c| "*?:/".contains(c)))
}

/// Managed policies with which an agent could do everything, or give itself everything.
const ADMINISTRATORS: [&str; 7] = [
    "AdministratorAccess",
    "AdministratorAccess-Amplify",
    "AdministratorAccess-AWSElasticBeanstalk",
    "IAMFullAccess",
    "PowerUserAccess",
    "AWSOrganizationsFullAccess",
    "AWSSSOMasterAccountAdministrator",
];

/// The most managed policies of one role (IAM's default quota).
const MOST_MANAGED: usize = 10;

/// The managed policies that `node` lists.
pub(super) fn managed(reader: &mut Reader<'_>, node: &Rc<Node>) -> Vec<String> {
    let mut policies = Vec::new();
    for arn in reader.texts(node, "a managed policy") {
        let parts: Vec<&str> = arn.value.splitn(6, ':').collect();
        let name = match parts.as_slice() {
            ["arn", partition, "iam", "", account, resource]
                if partition.starts_with("aws") && (*account == "aws" || account.len() == 12) =>
            {
                resource
                    .strip_prefix("policy/")
                    .and_then(|path| path.rsplit('/').next())
                    .filter(|name| !name.is_empty())
            }
            _ => None,
        };
        match name {
            None => {
                let message = format!("`{}` is not the ARN of a managed policy", arn.value);
                let help = "e.g. `arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess`";
                reader.add(Finding::new(Code::WrongArn, arn.span, message).help(help));
            }
            Some(name) if ADMINISTRATORS.contains(&name) => {
                let message = format!("the policy `{name}` makes an administrator");
                let finding = Finding::new(Code::Administrator, arn.span, message);
                reader.add(finding.help("name what the agent needs under `permissions`"));
            }
            Some(_) => policies.push(arn.value),
        }
    }
    if policies.len() > MOST_MANAGED {
        let message = format!("there are {} managed policies", policies.len());
        reader.add(Finding::new(Code::TooMany, node.span, message).help(format!("a role takes {MOST_MANAGED}")));
    }
    policies.sort();
    policies.dedup();
    policies
}
