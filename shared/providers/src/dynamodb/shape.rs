//! Tables between CloudFormation's shape and DynamoDB's.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, GlobalSecondaryIndexDescription, KeySchemaElement, KeyType,
    OnDemandThroughput, Projection, ProjectionType, ProvisionedThroughput, ProvisionedThroughputDescription,
    ScalarAttributeType, SseSpecification, SseStatus, SseType, StreamSpecification, StreamViewType, TableClass,
    TableDescription,
};
use model::{CallError, Properties};
use serde_json::{Value, json};

use crate::shape::invalid;
use crate::tree::{built, flag, items, list, required, said, text, whole};

pub(super) fn attributes(tree: &Value) -> Result<Vec<AttributeDefinition>, CallError> {
    let one = |one: &Value| {
        let kind = ScalarAttributeType::from(required(one, "AttributeType")?.as_str());
        let name = required(one, "AttributeName")?;
        built(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build())
    };
    items(tree, "AttributeDefinitions").iter().map(one).collect()
}

pub(super) fn keys(tree: &Value) -> Result<Vec<KeySchemaElement>, CallError> {
    let one = |one: &Value| {
        let kind = KeyType::from(required(one, "KeyType")?.as_str());
        built(KeySchemaElement::builder().attribute_name(required(one, "AttributeName")?).key_type(kind).build())
    };
    items(tree, "KeySchema").iter().map(one).collect()
}

/// The capacity under `ProvisionedThroughput`, where there is one.
pub(super) fn capacity(tree: &Value) -> Result<Option<ProvisionedThroughput>, CallError> {
    let Some(capacity) = tree.get("ProvisionedThroughput") else { return Ok(None) };
    let units = |name: &str| {
        whole::<i64>(capacity, name).ok_or_else(|| invalid(format!("`ProvisionedThroughput.{name}` is not a number")))
    };
    let builder = ProvisionedThroughput::builder().read_capacity_units(units("ReadCapacityUnits")?);
    built(builder.write_capacity_units(units("WriteCapacityUnits")?).build()).map(Some)
}

/// The limits under `OnDemandThroughput`, where there are any.
pub(super) fn on_demand(tree: &Value) -> Option<OnDemandThroughput> {
    tree.get("OnDemandThroughput").map(|limits| {
        OnDemandThroughput::builder()
            .set_max_read_request_units(whole(limits, "MaxReadRequestUnits"))
            .set_max_write_request_units(whole(limits, "MaxWriteRequestUnits"))
            .build()
    })
}

/// The limits that make those of `live` into those of `to`: DynamoDB keeps the ones that it is not told of, and lifts one that
/// it is told is -1.
pub(super) fn limits(live: &Value, to: &Value) -> Option<OnDemandThroughput> {
    let (had, asked) = (on_demand(live), on_demand(to));
    let limit = |had: Option<i64>, asked: Option<i64>| asked.or(had.map(|_| -1));
    let reads = |limits: &Option<OnDemandThroughput>| limits.as_ref().and_then(|limits| limits.max_read_request_units);
    let writes =
        |limits: &Option<OnDemandThroughput>| limits.as_ref().and_then(|limits| limits.max_write_request_units);
    let (reads, writes) = (limit(reads(&had), reads(&asked)), limit(writes(&had), writes(&asked)));
    let is_any = billing(to) == BillingMode::PayPerRequest && (reads.is_some() || writes.is_some());
    is_any.then(|| {
        OnDemandThroughput::builder().set_max_read_request_units(reads).set_max_write_request_units(writes).build()
    })
}

pub(super) fn projection(tree: &Value) -> Option<Projection> {
    tree.get("Projection").map(|one| {
        Projection::builder()
            .set_projection_type(text(one, "ProjectionType").map(|kind| ProjectionType::from(kind.as_str())))
            .set_non_key_attributes(list(one, "NonKeyAttributes"))
            .build()
    })
}

pub(super) fn indexes(tree: &Value) -> Result<Option<Vec<GlobalSecondaryIndex>>, CallError> {
    let one = |one: &Value| {
        let builder = GlobalSecondaryIndex::builder().index_name(required(one, "IndexName")?);
        let builder = builder.set_key_schema(Some(keys(one)?)).set_projection(projection(one));
        built(builder.set_provisioned_throughput(capacity(one)?).set_on_demand_throughput(on_demand(one)).build())
    };
    let all = items(tree, "GlobalSecondaryIndexes").iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok((!all.is_empty()).then_some(all))
}

/// How the table is paid for; CloudFormation's default is provisioned capacity.
pub(super) fn billing(tree: &Value) -> BillingMode {
    text(tree, "BillingMode").map_or(BillingMode::Provisioned, |mode| BillingMode::from(mode.as_str()))
}

pub(super) fn encryption(tree: &Value) -> SseSpecification {
    let none = json!({});
    let asked = tree.get("SSESpecification").unwrap_or(&none);
    SseSpecification::builder()
        .enabled(flag(asked, "SSEEnabled").unwrap_or_default())
        .set_sse_type(text(asked, "SSEType").map(|kind| SseType::from(kind.as_str())))
        .set_kms_master_key_id(text(asked, "KMSMasterKeyId"))
        .build()
}

/// A stream of `view`, or none.
pub(super) fn stream(view: Option<&str>) -> Result<StreamSpecification, CallError> {
    let view = view.map(StreamViewType::from);
    built(StreamSpecification::builder().stream_enabled(view.is_some()).set_stream_view_type(view).build())
}

pub(super) fn stream_view(tree: &Value) -> Option<String> {
    text(tree.get("StreamSpecification")?, "StreamViewType")
}

pub(super) fn class(tree: &Value) -> Option<TableClass> {
    text(tree, "TableClass").map(|class| TableClass::from(class.as_str()))
}

/// A table as properties; tags, recovery and expiry aside, which other calls show.
pub(super) fn observed(table: &TableDescription) -> Properties {
    let mode = table.billing_mode_summary().and_then(|one| one.billing_mode()).unwrap_or(&BillingMode::Provisioned);
    let is_provisioned = *mode == BillingMode::Provisioned;
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled);
    let encrypted = table
        .sse_description()
        .filter(|one| matches!(one.status, Some(SseStatus::Enabled | SseStatus::Enabling | SseStatus::Updating)));
    let definition = |one: &AttributeDefinition| json!({ "AttributeName": one.attribute_name, "AttributeType": one.attribute_type.as_str() });
    let index = |one: &GlobalSecondaryIndexDescription| {
        json!({
            "IndexName": one.index_name,
            "KeySchema": observed_keys(one.key_schema()),
            "Projection": one.projection.as_ref().map(|projection| json!({
                "ProjectionType": projection.projection_type.as_ref().map(ProjectionType::as_str),
                "NonKeyAttributes": projection.non_key_attributes() })),
            "ProvisionedThroughput": one.provisioned_throughput().filter(|_| is_provisioned).map(observed_capacity),
            "OnDemandThroughput": one.on_demand_throughput().map(observed_on_demand),
        })
    };
    model::properties(said(json!({
        "AttributeDefinitions": table.attribute_definitions().iter().map(definition).collect::<Vec<_>>(),
        "BillingMode": mode.as_str(),
        "DeletionProtectionEnabled": table.deletion_protection_enabled,
        "GlobalSecondaryIndexes": table.global_secondary_indexes().iter().map(index).collect::<Vec<_>>(),
        "KeySchema": observed_keys(table.key_schema()),
        "OnDemandThroughput": table.on_demand_throughput().map(observed_on_demand),
        "ProvisionedThroughput": table.provisioned_throughput().filter(|_| is_provisioned).map(observed_capacity),
        "SSESpecification": encrypted.map(|one| json!({
            "SSEEnabled": true,
            "SSEType": one.sse_type.as_ref().map(SseType::as_str),
            "KMSMasterKeyId": one.kms_master_key_arn })),
        "StreamSpecification": stream.map(|stream| json!({
            "StreamViewType": stream.stream_view_type.as_ref().map(StreamViewType::as_str) })),
        "TableClass": table.table_class_summary().and_then(|one| one.table_class()).map(TableClass::as_str),
        "TableName": table.table_name(),
    })))
}

fn observed_keys(keys: &[KeySchemaElement]) -> Value {
    keys.iter().map(|one| json!({ "AttributeName": one.attribute_name, "KeyType": one.key_type.as_str() })).collect()
}

fn observed_capacity(capacity: &ProvisionedThroughputDescription) -> Value {
    json!({ "ReadCapacityUnits": capacity.read_capacity_units, "WriteCapacityUnits": capacity.write_capacity_units })
}

fn observed_on_demand(limits: &OnDemandThroughput) -> Value {
    json!({
        "MaxReadRequestUnits": limits.max_read_request_units,
        "MaxWriteRequestUnits": limits.max_write_request_units,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provisioned_table_shows_its_capacity_and_one_on_demand_does_not() {
        let capacity =
            ProvisionedThroughputDescription::builder().read_capacity_units(0).write_capacity_units(0).build();
        let on_demand =
            aws_sdk_dynamodb::types::BillingModeSummary::builder().billing_mode(BillingMode::PayPerRequest).build();
        let table = TableDescription::builder().provisioned_throughput(capacity);
        assert!(observed(&table.clone().build()).get("ProvisionedThroughput").is_some());
        let shown = observed(&table.billing_mode_summary(on_demand).build());
        assert_eq!(shown.to_value(), json!({ "BillingMode": "PAY_PER_REQUEST" }));
    }

    #[test]
    fn a_limit_is_lifted_where_there_is_one_and_none_is_asked_for() {
        let with = |limits: Value| json!({ "BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": limits });
        let both = with(json!({ "MaxReadRequestUnits": 9, "MaxWriteRequestUnits": 8 }));
        let sent = |to: &Value| {
            limits(&both, to).map(|limits| (limits.max_read_request_units, limits.max_write_request_units))
        };
        assert_eq!(sent(&with(json!({ "MaxReadRequestUnits": 5 }))), Some((Some(5), Some(-1))));
        assert_eq!(sent(&json!({ "BillingMode": "PAY_PER_REQUEST" })), Some((Some(-1), Some(-1))));
        assert_eq!(sent(&json!({})), None, "capacity is provisioned");
        assert_eq!(limits(&json!({}), &json!({ "BillingMode": "PAY_PER_REQUEST" })), None);
    }

    #[test]
    fn an_index_is_sent_with_its_keys_and_projection() {
        let asked = json!({ "GlobalSecondaryIndexes": [{
            "IndexName": "GSI1",
            "KeySchema": [{ "AttributeName": "GSI1PK", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"] },
            "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": "2" } }] });
        let sent = indexes(&asked).unwrap().unwrap();
        assert_eq!(sent[0].key_schema[0].attribute_name, "GSI1PK");
        assert_eq!(sent[0].provisioned_throughput().unwrap().write_capacity_units, 2);
        assert!(indexes(&json!({})).unwrap().is_none());
    }
}
