//! What stands between a table as it is and as it is asked for: one change after another, because `UpdateTable` makes one at a
//! time and only on an active table.

use model::Properties;
use serde_json::{Value, json};

use super::shape;
use crate::tree::{covers, flag, items, text, whole};

/// One call of `UpdateTable`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Capacity or billing mode, of the table and, with the mode, of its indexes.
    Capacity,
    /// The stream's view; none to end it.
    Stream(Option<String>),
    /// The key of encryption at rest.
    Encryption,
    /// Protection from deletion.
    Protection(bool),
    /// The table class.
    Class,
    /// An index is dropped.
    DropIndex(String),
    /// An index is added, with these settings.
    AddIndex(Value),
    /// An index's capacity is changed.
    IndexCapacity(Value),
}

/// The steps that are left, the next one first; `names` are the properties that are to be looked at.
pub(super) fn left(live: &Properties, to: &Properties, names: &[&str]) -> Vec<Step> {
    let (live, to) = (live.to_value(), to.to_value());
    let mut steps = Vec::new();
    let wanted = |name: &str| names.contains(&name);
    if wanted("DeletionProtectionEnabled") {
        let protect = flag(&to, "DeletionProtectionEnabled").unwrap_or_default();
        if flag(&live, "DeletionProtectionEnabled").unwrap_or_default() != protect {
            steps.push(Step::Protection(protect));
        }
    }
    let is_capacity = ["BillingMode", "ProvisionedThroughput", "OnDemandThroughput"].into_iter().any(wanted);
    if is_capacity && !has_capacity(&live, &to) {
        steps.push(Step::Capacity);
    }
    if wanted("StreamSpecification") {
        let (have, want) = (shape::stream_view(&live), shape::stream_view(&to));
        // A stream's view cannot be changed: it ends, and another begins.
        if have != want && have.is_some() {
            steps.push(Step::Stream(None));
        }
        if have != want && want.is_some() {
            steps.push(Step::Stream(want));
        }
    }
    if wanted("SSESpecification") && !has_encryption(&live, &to) {
        steps.push(Step::Encryption);
    }
    if wanted("TableClass")
        && text(&live, "TableClass").unwrap_or_else(standard) != text(&to, "TableClass").unwrap_or_else(standard)
    {
        steps.push(Step::Class);
    }
    if wanted("GlobalSecondaryIndexes") {
        indexes(&live, &to, &mut steps);
    }
    steps
}

fn standard() -> String {
    "STANDARD".to_owned()
}

fn has_capacity(live: &Value, to: &Value) -> bool {
    let has = |name| to.get(name).is_none_or(|want| live.get(name).is_some_and(|have: &Value| covers(have, want)));
    shape::billing(live) == shape::billing(to) && has("ProvisionedThroughput") && has_limits(live, to)
}

/// Whether the limits of what is paid for by request are those that are asked for: none where none are.
fn has_limits(live: &Value, to: &Value) -> bool {
    let limit = |tree: &Value, name| tree.get("OnDemandThroughput").and_then(|limits| whole::<i64>(limits, name));
    let of = |tree: &Value, name| limit(tree, name).filter(|units| *units > 0);
    ["MaxReadRequestUnits", "MaxWriteRequestUnits"].into_iter().all(|name| of(live, name) == of(to, name))
}

fn has_encryption(live: &Value, to: &Value) -> bool {
    let none = json!({});
    let (live, to) = (live.get("SSESpecification").unwrap_or(&none), to.get("SSESpecification").unwrap_or(&none));
    let is_on = |tree: &Value| flag(tree, "SSEEnabled").unwrap_or_default();
    // A key asked for by id or ARN is compared; an alias shows as another key's ARN.
    let same_key = match (text(live, "KMSMasterKeyId"), text(to, "KMSMasterKeyId")) {
        (Some(have), Some(want)) => have.ends_with(&want),
        (None, Some(_)) => false,
        (_, None) => true,
    };
    is_on(live) == is_on(to) && (!is_on(to) || same_key)
}

fn indexes(live: &Value, to: &Value, steps: &mut Vec<Step>) {
    let (have, want) = (items(live, "GlobalSecondaryIndexes"), items(to, "GlobalSecondaryIndexes"));
    let named =
        |list: &'_ [Value], name: Option<String>| list.iter().find(|one| text(one, "IndexName") == name).cloned();
    for one in have {
        let stays = named(want, text(one, "IndexName")).is_some_and(|wanted| same_index(one, &wanted));
        if let (false, Some(name)) = (stays, text(one, "IndexName")) {
            steps.push(Step::DropIndex(name));
        }
    }
    for one in want {
        match named(have, text(one, "IndexName")).filter(|live| same_index(live, one)) {
            None => steps.push(Step::AddIndex(one.clone())),
            Some(live) => {
                let capacity = one.get("ProvisionedThroughput");
                let has = |want| live.get("ProvisionedThroughput").is_some_and(|have| covers(have, want));
                if capacity.is_some_and(|want| !has(want)) {
                    steps.push(Step::IndexCapacity(one.clone()));
                }
            }
        }
    }
}

/// Whether an index keeps its keys and projection, which cannot be changed.
fn same_index(live: &Value, wanted: &Value) -> bool {
    let has = |name: &str| wanted.get(name).is_none_or(|want| live.get(name).is_some_and(|have| covers(have, want)));
    has("KeySchema") && has("Projection")
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    const ALL: [&str; 7] = [
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "ProvisionedThroughput",
        "SSESpecification",
        "StreamSpecification",
        "TableClass",
    ];

    fn check(live: Value, to: Value, expect: &[Step]) {
        assert_eq!(left(&properties(live), &properties(to), &ALL), expect);
    }

    fn index(name: &str, key: &str) -> Value {
        json!({ "IndexName": name, "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }] })
    }

    #[test]
    fn a_table_that_is_as_asked_takes_no_step() {
        let live = json!({ "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": false, "TableClass": "STANDARD",
            "GlobalSecondaryIndexes": [index("a", "x")] });
        let to = json!({ "BillingMode": "PAY_PER_REQUEST", "GlobalSecondaryIndexes": [index("a", "x")] });
        check(live, to, &[]);
    }

    #[test]
    fn an_index_whose_key_changes_is_dropped_and_made_anew() {
        let with = |all: Value| json!({ "BillingMode": "PAY_PER_REQUEST", "GlobalSecondaryIndexes": all });
        check(
            with(json!([index("a", "x"), index("b", "y")])),
            with(json!([index("a", "z"), index("c", "y")])),
            &[
                Step::DropIndex("a".into()),
                Step::DropIndex("b".into()),
                Step::AddIndex(index("a", "z")),
                Step::AddIndex(index("c", "y")),
            ],
        );
    }

    #[test]
    fn a_streams_view_changes_by_ending_it() {
        let with =
            |view: &str| json!({ "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": { "StreamViewType": view } });
        check(with("KEYS_ONLY"), with("NEW_IMAGE"), &[Step::Stream(None), Step::Stream(Some("NEW_IMAGE".into()))]);
        check(with("KEYS_ONLY"), json!({ "BillingMode": "PAY_PER_REQUEST" }), &[Step::Stream(None)]);
    }

    #[test]
    fn limits_that_are_no_longer_asked_for_are_lifted() {
        let with = |limits: Value| json!({ "BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": limits });
        let (some, one) =
            (json!({ "MaxReadRequestUnits": 9, "MaxWriteRequestUnits": 9 }), json!({ "MaxReadRequestUnits": 9 }));
        check(with(some.clone()), json!({ "BillingMode": "PAY_PER_REQUEST" }), &[Step::Capacity]);
        check(with(some), with(one.clone()), &[Step::Capacity]);
        check(with(json!({ "MaxReadRequestUnits": 9, "MaxWriteRequestUnits": -1 })), with(one), &[]);
    }

    #[test]
    fn protection_is_changed_before_anything_else() {
        let to = json!({ "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": true });
        check(json!({ "BillingMode": "PROVISIONED" }), to, &[Step::Protection(true), Step::Capacity]);
    }
}
