//! Which attributes a type of resource has.

use std::collections::BTreeSet;

use model::ResourceType;
use schema::registry::{self, Place, Type};
use source::{Code, Finding, Span, closest, listed};

/// What `Fn::GetAtt` gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    /// Text, and nothing else.
    Text,
    /// Whatever the resource says.
    Any,
}

/// The attribute `name` of resources of `kind`; what is wrong with it at `span` where they have none.
///
/// What AWS sets is an attribute. Of what one can ask for, AWS gives some types' back too, and its schemas do not tell which: all
/// of it counts.
pub(super) fn attribute(kind: &ResourceType, id: &str, name: &str, span: Span) -> Result<Attribute, Finding> {
    let Some(resource) = registry::resource(kind.as_str()).filter(|_| !is_free(kind)) else {
        return Ok(Attribute::Any);
    };
    let root = resource.root();
    if let Some(place) = name.split('.').try_fold(root.clone(), |place, step| place.property(step)) {
        let types = place.types();
        let others = [Type::Array, Type::Object, Type::Boolean, Type::Integer, Type::Number];
        let is_text = types.has(Type::String) && !others.into_iter().any(|other| types.has(other));
        return Ok(if is_text { Attribute::Text } else { Attribute::Any });
    }
    let set_by_aws: BTreeSet<String> = resource.read_only.iter().map(ToString::to_string).collect();
    if set_by_aws.contains(name) || is_within_any(root, name) {
        return Ok(Attribute::Any);
    }
    let message = format!("`{id}` has no attribute `{name}`: resources of type `{kind}` have none of that name");
    let names: Vec<&str> = set_by_aws.iter().map(String::as_str).filter(|name| !name.contains('*')).collect();
    // `QueueArn` of what is called `Arn` here, and the other way round.
    let ends_alike = |one: &&str| name.ends_with(*one) || one.ends_with(name);
    let near = names.iter().copied().filter(ends_alike).max_by_key(|one| one.len());
    let help = match near.or_else(|| closest(name, names.iter().copied())) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "they have none that AWS sets".to_owned(),
        None if names.len() > 12 => {
            format!("they have {}, among others", listed(names.get(..12).unwrap_or_default(), "and"))
        }
        None => format!("they have {}", listed(&names, "and")),
    };
    Err(Finding::new(Code::UnknownAttribute, span, message).help(help))
}

/// Whether the resource itself decides which attributes it has.
fn is_free(kind: &ResourceType) -> bool {
    let kind = kind.as_str();
    kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource"
}

/// Whether the way of `name` leads through something of which the schema does not say what is in it.
fn is_within_any(root: Place<'_>, name: &str) -> bool {
    let mut place = root;
    for step in name.split('.') {
        match place.property(step) {
            Some(next) => place = next,
            None => return place.properties().is_empty() && place.types().has(Type::Object),
        }
    }
    true
}
