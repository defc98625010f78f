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

/// What cannot be taken looks around itself in the middle of a text, or is too large.
#[test]
fn nearly_all_patterns_are_held_against_texts() {
    let mut taken = std::collections::BTreeMap::new();
    for (_, resource) in all() {
        taken.extend(resource.patterns().map(|(pattern, works)| (pattern.to_owned(), works)));
    }
    let not = taken.values().filter(|works| !**works).count();
    assert_eq!((taken.len(), not), (3_072, 52));
}

#[test]
fn tags_are_a_list_or_a_mapping_in_the_property_that_is_published() {
    let tagging = |kind: &str| registry::resource(kind).unwrap().tagging.clone();
    let property = |kind: &str| tagging(kind).property.map(|path| path.to_string());
    assert_eq!(tagging("AWS::SQS::Queue").form, Some(TagForm::List));
    assert_eq!(tagging("AWS::SSM::Parameter").form, Some(TagForm::Map));
    assert_eq!(tagging("AWS::ApiGatewayV2::Api").form, Some(TagForm::Map));
    assert_eq!(property("AWS::EFS::FileSystem").as_deref(), Some("FileSystemTags"));
    assert_eq!(property("AWS::EC2::CapacityReservation").as_deref(), Some("TagSpecifications.*.Tags"));
    assert_eq!(tagging("AWS::EC2::CapacityReservation").form, Some(TagForm::List));
    assert!(!tagging("AWS::IAM::Policy").taggable);
    assert_eq!(property("AWS::IAM::Policy"), None);
    let without = all().filter(|(_, resource)| resource.tagging.property.is_some() && resource.tagging.form.is_none());
    assert_eq!(without.map(|(kind, _)| kind).collect::<Vec<_>>(), ["AWS::CloudFront::AnycastIpList"]);
}

#[test]
fn a_place_is_found_by_its_path() {
    let bucket = registry::resource("AWS::S3::Bucket").unwrap();
    let step = |name: &str| registry::Step::Property(name.to_owned());
    let rules = [step("LifecycleConfiguration"), step("Rules"), registry::Step::Item(7), step("Status")];
    assert!(bucket.shape_at(&rules).unwrap().types().has(Type::String));
    assert!(bucket.shape_at(&[step("LifecycleConfiguration"), step("Rulez")]).is_none());
    let function = registry::resource("AWS::Lambda::Function").unwrap();
    assert!(function.shape_at(&[step("Environment"), step("Variables")]).unwrap().is_map());
    assert!(!function.shape_at(&[step("Environment")]).unwrap().is_map());
    let role = registry::resource("AWS::IAM::Role").unwrap();
    assert_eq!(role.root().property("Path").unwrap().default(), Some(&serde_json::json!("/")));
    assert!(role.root().property("RoleName").unwrap().default().is_none());
    assert!(
        registry::resource("AWS::EC2::LocalGatewayRouteTableVirtualInterfaceGroupAssociation").unwrap().deleted_first
    );
    assert!(!role.deleted_first);
}
