//! What holds of every type.

use schema::registry::{self, Resource, Segment, TagForm, Type};

fn all() -> impl Iterator<Item = (&'static str, std::sync::Arc<Resource>)> {
    registry::kinds()
        .map(|kind| (kind, registry::resource(kind).unwrap_or_else(|| panic!("`{kind}` cannot be decoded"))))
}

#[test]
fn every_type_decodes_into_its_properties() {
    let mut types = 0;
    for (kind, resource) in all() {
        types += 1;
        assert_eq!(resource.name, kind);
        assert!(resource.root().types().has(Type::Object), "`{kind}`");
        let named = resource.root().properties();
        for path in resource.create_only.iter().chain(&resource.read_only).chain(&resource.primary_identifier) {
            let known = named.contains(path.head()) || resource.root().is_map();
            assert!(known, "`{kind}` has no property `{}` of `{path}`", path.head());
        }
    }
    assert_eq!(types, 1_884);
}

#[test]
fn names_are_in_order_and_none_stands_twice() {
    let names: Vec<_> = registry::kinds().collect();
    assert!(names.is_sorted_by(|one, other| one < other));
    assert!(registry::resource("AWS::Made::Up").is_none());
    assert!(registry::resource("").is_none());
}

#[test]
fn a_type_is_decoded_once() {
    let first = registry::resource("AWS::SQS::Queue").unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &registry::resource("AWS::SQS::Queue").unwrap()));
}

#[test]
fn what_the_schema_of_a_table_says_is_known() {
    let table = registry::resource("AWS::DynamoDB::Table").unwrap();
    let shown = |paths: &[registry::Path]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&table.create_only), ["TableName", "ImportSourceSpecification"]);
    assert_eq!(shown(&table.conditional_create_only), ["KeySchema"]);
    assert_eq!(shown(&table.primary_identifier), ["TableName"]);
    assert_eq!(table.tagging.form, Some(TagForm::List));
    assert_eq!(table.tagging.property.as_ref().unwrap().0, [Segment::Property("Tags".into())]);
    assert!(table.permissions.create.iter().any(|action| &**action == "dynamodb:CreateTable"));
    assert!(table.permissions.delete.iter().any(|action| &**action == "dynamodb:DeleteTable"));
    let keys = table.root().property("KeySchema").unwrap();
    assert!(keys.ordered() && keys.unique() && keys.types().has(Type::Array));
    let queue = registry::resource("AWS::SQS::Queue").unwrap();
    let tags = queue.root().property("Tags").unwrap();
    assert!(!tags.ordered());
    assert!(tags.item(3).unwrap().property("Key").unwrap().types().has(Type::String));
    assert!(tags.item(0).unwrap().property("Kee").is_none());
}

#[test]
fn the_index_knows_where_a_type_is_published() {
    assert!(registry::regions("AWS::SQS::Queue").any(|region| region == "eu-central-1"));
    assert!(registry::regions("AWS::SQS::Queue").count() > 30);
    assert_eq!(registry::regions("AWS::Made::Up").count(), 0);
}
