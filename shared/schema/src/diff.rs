//! What differs between two property trees, in their canonical form.

use std::collections::BTreeSet;

use model::expression::is_function;
use model::{Properties, PropertyDiff, PropertyPath, ResourceType};
use serde_json::Value;

use crate::canonical::Knowledge;

/// Every property that differs, by path, as deep as both sides are maps.
pub fn diff(kind: &ResourceType, from: &Properties, to: &Properties) -> Vec<PropertyDiff> {
    let mut knowledge = None;
    let mut found = Vec::new();
    // Most read the same, word for word: nothing has to be copied to see it.
    let was = from.0.iter().filter(|(name, value)| to.get(name) != Some(value)).map(|(name, _)| name);
    let new = to.0.keys().filter(|name| from.get(name).is_none());
    for name in was.chain(new).collect::<BTreeSet<&String>>() {
        let knowledge = knowledge.get_or_insert_with(|| Knowledge::of(kind));
        let canonical = |value| knowledge.property(name, value);
        let (from, to) = (from.get(name).and_then(canonical), to.get(name).and_then(canonical));
        compare(&PropertyPath::root(name), from.as_ref(), to.as_ref(), &mut found);
    }
    found
}

fn compare(path: &PropertyPath, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<PropertyDiff>) {
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        (Some(Value::Object(from)), Some(Value::Object(to))) if !is_function(from) && !is_function(to) => {
            let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
            for name in names {
                compare(&path.child(name), from.get(name), to.get(name), found);
            }
        }
        (from, to) => found.push(PropertyDiff { path: path.clone(), from: from.cloned(), to: to.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use model::properties;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_changed_variable_is_named_by_its_path() {
        let with = |model: &str| properties(json!({ "Environment": { "Variables": { "MODEL": model, "A": "1" } } }));
        let found = diff(&"AWS::Lambda::Function".into(), &with("a"), &with("b"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path.0, "Environment.Variables.MODEL");
    }

    #[test]
    fn equal_trees_differ_in_nothing() {
        let tree = properties(json!({ "Role": { "Ref": "shared/Role" } }));
        assert!(diff(&"AWS::Lambda::Function".into(), &tree, &tree).is_empty());
    }
}
