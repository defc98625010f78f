//! What could be one where it is several: notes, never errors.
//!
//! Nothing is united here. Two roles that are alike are one already where the config made them (`role`); what people wrote as
//! two is theirs to unite.

use std::collections::{BTreeMap, BTreeSet};

use model::expression::references_in;
use model::{DesiredResource, ResourceAddress, Standing, Usd};
use serde_json::{Value, json};
use source::{Code, Span};

use super::{Expansion, Note, resource_address};
use crate::config::{Access, EventSource, Kind, Permission};

/// Properties that do not tell two resources apart: what they are called, and what is said of them.
const WORDS: [&str; 11] = [
    "BucketName",
    "Description",
    "GroupDescription",
    "GroupName",
    "ManagedPolicyName",
    "PolicyName",
    "QueueName",
    "RoleName",
    "TableName",
    "Tags",
    "TopicName",
];

/// Types of which one does for several, whoever uses them.
const ALIKE: [&str; 4] = ["AWS::EC2::NatGateway", "AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint", "AWS::IAM::Role"];

/// Types of which one does for several only where all of them are used alike.
const USED_ALIKE: [&str; 4] = ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SNS::Topic", "AWS::SQS::Queue"];

/// Types that add to what such a resource is, and the property that names it: what is alike alone is not alike with them, and
/// uniting two would give each what only the other has.
const ADDING: [(&str, &str); 5] = [
    ("AWS::EC2::SecurityGroupEgress", "GroupId"),
    ("AWS::EC2::SecurityGroupIngress", "GroupId"),
    ("AWS::IAM::ManagedPolicy", "Roles"),
    ("AWS::IAM::Policy", "Roles"),
    ("AWS::IAM::RolePolicy", "RoleName"),
];

/// What could be better in what a config came to, in the order of the text.
pub(super) fn notes(expansion: &Expansion<'_>) -> Vec<Note> {
    let mut notes = shared(expansion);
    notes.extend(brought(expansion));
    notes
}

/// Resources of `shared` with equal settings that the same agents use in the same way.
fn shared(expansion: &Expansion<'_>) -> Vec<Note> {
    let uses = uses(expansion);
    let mut alike: BTreeMap<String, Vec<(Kind, &str, Span)>> = BTreeMap::new();
    for (kind, name) in expansion.environment.shared.names() {
        // What a bucket, a parameter or a secret holds is not told by its settings.
        let (Kind::Table | Kind::Queue | Kind::Topic) = kind else { continue };
        let address = resource_address(kind, name);
        let (Some(resource), Some(span)) = (expansion.resources.get(&address), expansion.places.get(&address)) else {
            continue;
        };
        // Dead letters are a queue of their own, with an address of its own.
        let mut settings = settings(resource);
        if let Some(policy) = settings.as_object_mut().and_then(|settings| settings.get_mut("RedrivePolicy")) {
            *policy = json!(policy.get("maxReceiveCount"));
        }
        let used = uses.get(&(kind, name)).cloned().unwrap_or_default();
        let text = format!("{kind:?} {settings} {used:?}");
        alike.entry(text).or_default().push((kind, name, *span));
    }
    let several = alike.into_values().filter(|group| group.len() > 1);
    several.filter_map(|group| note_of_shared(expansion, &group)).collect()
}

fn note_of_shared(expansion: &Expansion<'_>, group: &[(Kind, &str, Span)]) -> Option<Note> {
    let (kind, first, _) = group.first()?;
    let (_, _, span) = group.last()?;
    let names: Vec<&str> = group.iter().map(|(_, name, _)| *name).collect();
    let what = match kind {
        Kind::Table => "tables",
        Kind::Queue => "queues",
        Kind::Topic => "topics",
        Kind::Bucket | Kind::Parameter | Kind::Secret => return None,
    };
    let address = resource_address(*kind, first);
    let saving = saving(expansion.resources.get(&address)?, group.len() - 1);
    Some(Note {
        code: Code::Redundant,
        span: *span,
        message: format!("the {what} {} have the same settings and the same users", source::listed(&names, "and")),
        help: format!("where they hold the same kind of thing, one would do: {saving}"),
    })
}

/// By the kind and the name of a resource: which agents use it, and in which way.
type Uses<'e> = BTreeMap<(Kind, &'e str), BTreeSet<(&'e str, Option<Access>)>>;

/// How each resource of `shared` is used.
fn uses<'e>(expansion: &'e Expansion<'_>) -> Uses<'e> {
    let mut uses = Uses::new();
    for agent in &expansion.environment.agents {
        let user = agent.name.value.as_str();
        for permission in &agent.permissions {
            if let Permission::Resource { name, kind, access } = permission {
                uses.entry((*kind, name)).or_default().insert((user, Some(*access)));
            }
        }
        for event in agent.lambda().iter().flat_map(|lambda| &lambda.events) {
            let of = match &event.source {
                EventSource::Queue { name, .. } => (Kind::Queue, name.as_str()),
                EventSource::Table { name, .. } => (Kind::Table, name.as_str()),
                EventSource::Topic { name, .. } => (Kind::Topic, name.as_str()),
                EventSource::Bucket { .. } | EventSource::Schedule { .. } | EventSource::Pattern { .. } => continue,
            };
            uses.entry(of).or_default().insert((user, None));
        }
    }
    for (name, topic) in &expansion.environment.shared.topics {
        for subscription in &topic.queues {
            uses.entry((Kind::Queue, subscription.queue.value.as_str())).or_default().insert((name, None));
        }
    }
    uses
}

/// Resources of templates and of `resources` that are the same, word for word.
fn brought(expansion: &Expansion<'_>) -> Vec<Note> {
    let mut alike: BTreeMap<String, Vec<&ResourceAddress>> = BTreeMap::new();
    let candidates = expansion
        .elsewhere
        .types
        .iter()
        .filter(|(_, kind)| ALIKE.contains(&kind.as_str()) || USED_ALIKE.contains(&kind.as_str()));
    for (address, kind) in candidates {
        let Some(resource) = expansion.resources.get(address) else { continue };
        alike.entry(format!("{kind} {}", settings(resource))).or_default().push(address);
    }
    alike.retain(|_, group| group.len() > 1);
    if alike.is_empty() {
        return Vec::new();
    }
    let (users, added) = (users(expansion), added(expansion));
    let mut notes = Vec::new();
    for group in alike.into_values() {
        let mut by_use: BTreeMap<String, Vec<&ResourceAddress>> = BTreeMap::new();
        for address in group {
            let Some(resource) = expansion.resources.get(address) else { continue };
            let told = match ALIKE.contains(&resource.kind.as_str()) {
                true => format!("{:?}", added.get(address)),
                false => format!("{:?}", users.get(address)),
            };
            by_use.entry(told).or_default().push(address);
        }
        notes.extend(
            by_use.into_values().filter(|group| group.len() > 1).filter_map(|group| note_of(expansion, &group)),
        );
    }
    notes
}

fn note_of(expansion: &Expansion<'_>, group: &[&ResourceAddress]) -> Option<Note> {
    let resource = expansion.resources.get(*group.first()?)?;
    let span = group.iter().filter_map(|address| expansion.places.get(*address)).max()?;
    let names: Vec<String> = group.iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Some(Note {
        code: Code::Redundant,
        span: *span,
        message: format!("{} are the same `{}`", source::listed(&names, "and"), resource.kind),
        help: format!("refer to one of them in the place of the others: {}", saving(resource, group.len() - 1)),
    })
}

/// Who refers to each resource.
fn users<'e>(expansion: &'e Expansion<'_>) -> BTreeMap<ResourceAddress, BTreeSet<&'e ResourceAddress>> {
    let mut users: BTreeMap<ResourceAddress, BTreeSet<&ResourceAddress>> = BTreeMap::new();
    for (address, resource) in &expansion.resources {
        let mut found = Vec::new();
        for value in resource.properties.0.values() {
            // What is not well formed was told where it was read.
            let _ = references_in(value, &mut found);
        }
        for reference in found {
            users.entry(reference.address).or_default().insert(address);
        }
    }
    users
}

/// What other resources add to each, without the words by which those name it.
fn added(expansion: &Expansion<'_>) -> BTreeMap<ResourceAddress, BTreeSet<String>> {
    let mut added: BTreeMap<ResourceAddress, BTreeSet<String>> = BTreeMap::new();
    for resource in expansion.resources.values() {
        let Some((kind, holder)) = ADDING.iter().find(|(kind, _)| *kind == resource.kind.as_str()) else { continue };
        let mut settings = settings(resource);
        let named = settings.as_object_mut().and_then(|settings| settings.remove(*holder));
        let mut found = Vec::new();
        // What is not well formed was told where it was read.
        let _ = references_in(&named.unwrap_or_default(), &mut found);
        for reference in found {
            added.entry(reference.address).or_default().insert(format!("{kind} {settings}"));
        }
    }
    added
}

/// The properties that tell a resource from others of its type.
fn settings(resource: &DesiredResource) -> Value {
    let told = resource.properties.0.iter().filter(|(name, _)| !WORDS.contains(&name.as_str()));
    told.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What it saves to do without so many of a resource.
fn saving(resource: &DesiredResource, count: usize) -> String {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match schema::price(&resource.kind, &resource.properties).standing {
        Standing::Known(usd) if usd > Usd::default() => {
            format!("{} USD a month less (the list price of us-east-1)", usd.times(count))
        }
        Standing::Known(_) | Standing::Unknown(_) if count == 1 => "one resource less".to_owned(),
        Standing::Known(_) | Standing::Unknown(_) => format!("{count} resources less"),
    }
}
