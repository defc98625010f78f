//! Properties against what AWS publishes of their type, told at the places where they were written.

use std::cell::RefCell;
use std::collections::BTreeMap;

use schema::registry::{self, Step, Type, Violation, ViolationKind};
use source::{Code, Finding, Node, Span, Spanned, Value, closest};

use crate::read::is_custom;

/// How many unknown types are compared with all known ones: comparing takes milliseconds.
const COMPARED: usize = 20;

/// Looks at resources by their types.
#[derive(Default)]
pub(crate) struct Types {
    /// What was probably meant by types that are not known.
    near: RefCell<BTreeMap<String, Option<&'static str>>>,
}

impl Types {
    /// Whether there is such a type, which is a finding where there is not.
    pub(crate) fn is_known(&self, kind: &Spanned<model::ResourceType>, findings: &mut Vec<Finding>) -> bool {
        let name = kind.value.as_str();
        if let Some(custom) = name.strip_prefix("Custom::") {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || "_@-".contains(letter);
            let is_name = !custom.is_empty() && name.len() <= 60 && custom.chars().all(fits);
            if !is_name {
                let message = format!("`{name}` cannot be the type of a custom resource");
                let help = "after `Custom::` come letters, digits, `_`, `@` and `-`, and it has at most 60 characters";
                findings.push(Finding::new(Code::UnknownType, kind.span, message).help(help));
            }
            return is_name;
        }
        if registry::resource(name).is_some() {
            return true;
        }
        let help = match self.near(name) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "types are written as CloudFormation writes them, e.g. `AWS::SQS::Queue`; other publishers' are not known".to_owned(),
        };
        findings.push(Finding::new(Code::UnknownType, kind.span, format!("there is no type `{name}`")).help(help));
        false
    }

    fn near(&self, name: &str) -> Option<&'static str> {
        let mut known = self.near.borrow_mut();
        if let Some(near) = known.get(name) {
            return *near;
        }
        if known.len() >= COMPARED {
            return None;
        }
        let service = |name: &str| name.split("::").nth(1).unwrap_or_default().to_lowercase();
        let own = service(name);
        let same_service = || registry::kinds().filter(|kind| service(kind) == own);
        let near = closest(name, same_service()).or_else(|| {
            // As many at a time as are compared.
            let kinds: Vec<&'static str> = registry::kinds().collect();
            let best: Vec<&'static str> =
                kinds.chunks(500).filter_map(|some| closest(name, some.iter().copied())).collect();
            closest(name, best)
        });
        known.insert(name.to_owned(), near);
        near
    }
}

/// Adds to `findings` what AWS would refuse of `properties`, which are `json`, of a resource of that type at `span`.
pub(crate) fn validate(
    kind: &str,
    properties: &Node,
    json: &serde_json::Value,
    span: Span,
    findings: &mut Vec<Finding>,
) {
    if is_custom(kind) {
        if properties.get("ServiceToken").is_none() {
            let message = format!("`ServiceToken` is missing (`{kind}`)");
            let help = "a custom resource is made by the function whose ARN stands in `ServiceToken`";
            findings.push(Finding::new(Code::MissingKey, span, message).help(help));
        }
        return;
    }
    let Some(resource) = registry::resource(kind) else { return };
    for violation in registry::validate(&resource, json) {
        // That something is left empty is told already.
        if matches!(violation.kind, ViolationKind::WrongType { found: Type::Null, .. }) {
            continue;
        }
        findings.push(finding(&violation, kind, properties, span));
    }
}

fn finding(violation: &Violation, kind: &str, properties: &Node, span: Span) -> Finding {
    let (code, help) = told(&violation.kind);
    let place = violation.place();
    let within = if place.is_empty() { format!("`{kind}`") } else { format!("`{place}` of `{kind}`") };
    let message = format!("{} ({within})", violation.message());
    let help = violation.help().unwrap_or(help);
    Finding::new(code, found_at(violation, properties, span), message).help(help)
}

/// The code of a violation, and what to do about it.
fn told(kind: &ViolationKind) -> (Code, String) {
    let (code, help) = match kind {
        ViolationKind::WrongType { .. } => (Code::WrongType, "write a value of that type".to_owned()),
        ViolationKind::Missing { property } => (Code::MissingKey, format!("add `{property}: …`")),
        ViolationKind::NoneOf { .. } => (Code::MissingKey, "add what is missing".to_owned()),
        ViolationKind::DependentRequired { needs, .. } => (Code::MissingKey, format!("add `{needs}: …`")),
        ViolationKind::Unknown { .. } => (Code::UnknownKey, "remove it".to_owned()),
        ViolationKind::NotAllowed { .. } | ViolationKind::Excluded => {
            (Code::WrongChoice, "choose another value".to_owned())
        }
        ViolationKind::Pattern { .. } => (Code::WrongPattern, "AWS takes only texts that match it".to_owned()),
        ViolationKind::TooShort { .. } | ViolationKind::TooFew { .. } => (Code::OutOfRange, "write more".to_owned()),
        ViolationKind::TooLong { .. } | ViolationKind::TooMany { .. } => (Code::OutOfRange, "write less".to_owned()),
        ViolationKind::OutOfRange { .. } | ViolationKind::NotMultiple { .. } => {
            (Code::OutOfRange, "write a number that is allowed".to_owned())
        }
        ViolationKind::NotUnique { .. } => (Code::DuplicateItem, "remove one of the two".to_owned()),
        ViolationKind::MoreThanOneOf { .. } | ViolationKind::DependentExcluded { .. } => {
            (Code::Exclusive, "keep only one of them".to_owned())
        }
        ViolationKind::ReadOnly { property } => (Code::ReadOnly, format!("remove `{property}`")),
        ViolationKind::TooDeep { .. } => (Code::TooDeep, "nothing that can be meant is that deep".to_owned()),
        ViolationKind::TooMuch => (Code::TooLarge, "split it into several".to_owned()),
    };
    (code, help)
}

/// The place of a violation: the deepest that was written, and the key itself where it is about a key.
fn found_at(violation: &Violation, properties: &Node, span: Span) -> Span {
    let (mut node, mut place) = (Some(properties), span);
    for step in &violation.path {
        let Some(here) = node else { break };
        node = match (step, &here.value) {
            (Step::Property(name), Value::Map(entries)) => {
                entries.iter().find(|(key, _)| key.name == *name).map(|(key, item)| {
                    place = key.span;
                    &**item
                })
            }
            (Step::Item(at), Value::List(items)) => items.get(*at).map(|item| {
                place = item.span;
                &**item
            }),
            _ => None,
        };
    }
    let about = match &violation.kind {
        ViolationKind::Unknown { property, .. }
        | ViolationKind::ReadOnly { property }
        | ViolationKind::DependentRequired { property, .. }
        | ViolationKind::DependentExcluded { property, .. } => Some(property),
        ViolationKind::MoreThanOneOf { given } => given.iter().flatten().last(),
        _ => None,
    };
    let key =
        about.and_then(|about| node?.entries()?.iter().find(|(key, _)| key.name == *about).map(|(key, _)| key.span));
    let is_value = !matches!(violation.kind, ViolationKind::Missing { .. } | ViolationKind::NoneOf { .. });
    let value = node.filter(|_| is_value && about.is_none() && !violation.path.is_empty()).map(|node| node.span);
    key.or(value).unwrap_or(place)
}
