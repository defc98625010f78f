//! The table of types that the engine makes itself, against what AWS publishes of them.

use std::collections::BTreeSet;

use schema::registry::{self, Path};

fn tops(paths: &[Path]) -> BTreeSet<&str> {
    paths.iter().filter_map(Path::top).collect()
}

/// What the table calls create-only although the schema does not.
const STRICTER: [(&str, &str); 5] = [
    // Whoever waits at another handle is another condition.
    ("AWS::CloudFormation::WaitCondition", "Handle"),
    // A rule stands on one bus: put on another it is another, as the type's page says.
    ("AWS::Events::Rule", "EventBusName"),
    // Published as what can be changed in place in some cases: no key's name or kind ever can.
    ("AWS::DynamoDB::Table", "KeySchema"),
    // A policy of another name is another policy: it is put before the old one is deleted.
    ("AWS::IAM::Policy", "PolicyName"),
    // Its class is given to a log group once and for all, says its documentation.
    ("AWS::Logs::LogGroup", "LogGroupClass"),
];

#[test]
fn what_the_table_calls_create_only_is_published_as_such() {
    let mut differences = Vec::new();
    for known in schema::all() {
        let resource = registry::resource(known.name).unwrap();
        let published = tops(&resource.create_only);
        let not = known.create_only.iter().filter(|property| !published.contains(*property));
        differences.extend(not.map(|property| (known.name, *property)));
    }
    differences.retain(|difference| !STRICTER.contains(difference));
    assert_eq!(differences, [("", ""); 0]);
}

#[test]
fn every_property_that_the_table_names_is_published() {
    for known in schema::all() {
        let resource = registry::resource(known.name).unwrap();
        let root = resource.root();
        let lists = [known.create_only, known.policies, known.sets, known.identity_suffices, known.assumes];
        let naming = known.naming.map(|naming| naming.property);
        for property in lists.into_iter().flatten().copied().chain(naming) {
            assert!(root.property(property).is_some(), "{} has no `{property}`", known.name);
        }
    }
}
