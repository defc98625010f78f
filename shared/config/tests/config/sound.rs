//! What must hold of everything that a config comes to.

use std::collections::{BTreeMap, BTreeSet};

use model::expression::references_in;
use model::{Reach, ResourceAddress};

/// That every reference leads to a resource, and to an attribute that its type has; that nothing waits for itself; and that the
/// properties are such as CloudFormation's schema of the type asks for.
pub(super) fn check(expanded: &config::Expanded) {
    let resources = &expanded.desired.resources;
    let mut waits: BTreeMap<&ResourceAddress, BTreeSet<ResourceAddress>> = BTreeMap::new();
    let mut problems = Vec::new();
    for (address, resource) in resources {
        let Some(schema) = schema::registry::resource(resource.kind.as_str()) else {
            problems.push(format!("{address}: AWS has no type {}", resource.kind));
            continue;
        };
        for violation in schema::registry::validate(&schema, &resource.properties.to_value()) {
            problems.push(format!("{address} ({}): {}: {}", resource.kind, violation.place(), violation.message()));
        }
        let mut needed = resource.depends_on.clone();
        for (head, value) in &resource.properties.0 {
            let mut found = Vec::new();
            references_in(value, &mut found).unwrap();
            let reach = schema::get(&resource.kind).map_or(Reach::Ready, |known| known.reach(head));
            for reference in found {
                problems.extend(missing(expanded, address, &reference));
                if reach == Reach::Ready {
                    needed.insert(reference.address);
                }
            }
        }
        problems.extend(
            needed.iter().filter(|other| !resources.contains_key(*other)).map(|other| format!("{address} → {other}")),
        );
        waits.insert(address, needed);
    }
    for (name, value) in &expanded.desired.outputs {
        let mut found = Vec::new();
        references_in(value, &mut found).unwrap();
        let output = ResourceAddress::new("outputs", name.as_str());
        problems.extend(found.iter().filter_map(|reference| missing(expanded, &output, reference)));
    }
    problems.extend(waiting(waits));
    assert!(problems.is_empty(), "{problems:#?}");
}

fn missing(
    expanded: &config::Expanded,
    from: &ResourceAddress,
    reference: &model::expression::Reference,
) -> Option<String> {
    let Some(target) = expanded.desired.resources.get(&reference.address) else {
        return Some(format!("{from} → {}", reference.address));
    };
    let attribute = reference.attribute.as_deref()?;
    let schema = schema::registry::resource(target.kind.as_str())?;
    let is_read = schema.read_only.iter().any(|path| path.top() == Some(attribute));
    // A queue's name is a property, and an attribute too.
    let is_property = target.kind.as_str() == "AWS::SQS::Queue" && attribute == "QueueName";
    let is_range = target.kind.as_str() == "AWS::EC2::VPC" && attribute == "CidrBlock";
    (!is_read && !is_property && !is_range).then(|| format!("{from}: {} has no attribute {attribute}", target.kind))
}

/// What waits for itself, if anything does.
fn waiting(mut waits: BTreeMap<&ResourceAddress, BTreeSet<ResourceAddress>>) -> Option<String> {
    loop {
        let free: BTreeSet<ResourceAddress> =
            waits.iter().filter(|(_, needed)| needed.is_empty()).map(|(address, _)| (*address).clone()).collect();
        if free.is_empty() {
            return (!waits.is_empty()).then(|| format!("in a circle: {waits:#?}"));
        }
        waits.retain(|address, _| !free.contains(*address));
        for needed in waits.values_mut() {
            needed.retain(|other| !free.contains(other));
        }
    }
}

#[test]
fn what_is_not_sound_is_noticed() {
    let spoil: [fn(&mut config::Expanded); 4] = [
        |expanded| resource(expanded, "bot/Function").properties.set("Memory", 512),
        |expanded| resource(expanded, "bot/Function").properties.set("Timeout", 9000),
        |expanded| {
            resource(expanded, "bot/Function")
                .properties
                .set("Role", serde_json::json!({ "Fn::GetAtt": ["bot/LogGroup", "Role"] }))
        },
        |expanded| {
            let itself = "bot/LogGroup".parse().unwrap();
            resource(expanded, "bot/LogGroup").depends_on.insert(itself);
        },
    ];
    for (at, spoil) in spoil.into_iter().enumerate() {
        let mut expanded = super::sound(super::SMALL);
        spoil(&mut expanded);
        assert!(std::panic::catch_unwind(|| check(&expanded)).is_err(), "{at}");
    }
}

fn resource<'e>(expanded: &'e mut config::Expanded, address: &str) -> &'e mut model::DesiredResource {
    expanded.desired.resources.get_mut(&address.parse().unwrap()).unwrap()
}
