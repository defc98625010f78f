//! Properties whose changes are ignored: they keep what the record says was asked for.

use model::expression::is_function;
use model::{Ignored, Properties, PropertyPath, ResourceAddress};
use serde_json::{Map, Value};

/// `wanted` with the recorded values at `paths`, and every path at which that makes a difference.
pub(crate) fn keep<'a>(
    resource: &ResourceAddress,
    wanted: &Properties,
    recorded: &Properties,
    paths: impl IntoIterator<Item = &'a PropertyPath>,
) -> (Properties, Vec<Ignored>) {
    let mut kept = wanted.clone();
    let mut ignored = Vec::new();
    for path in paths {
        let steps: Vec<&str> = path.0.split('.').collect();
        let (was, is) = (at(&recorded.0, &steps), at(&wanted.0, &steps));
        if was == is {
            continue;
        }
        match was {
            Some(value) if !put(&mut kept.0, &steps, value) => continue,
            Some(_) => {}
            None => drop_at(&mut kept.0, &steps, &recorded.0),
        }
        let (resource, path) = (resource.clone(), path.clone());
        ignored.push(Ignored { resource, path, kept: was.cloned(), wanted: is.cloned() });
    }
    (kept, ignored)
}

fn at<'a>(map: &'a Map<String, Value>, steps: &[&str]) -> Option<&'a Value> {
    let (first, rest) = steps.split_first()?;
    rest.iter().try_fold(map.get(*first)?, |value, step| value.get(*step))
}

/// Sets the value at `steps`, making the maps on the way. Whether it could: what is a text, a list or a reference as a whole
/// has no place in it.
fn put(map: &mut Map<String, Value>, steps: &[&str], value: &Value) -> bool {
    let Some((first, rest)) = steps.split_first() else { return false };
    if rest.is_empty() {
        map.insert((*first).to_owned(), value.clone());
        return true;
    }
    match map.entry(*first).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(inner) if !is_function(inner) => put(inner, rest, value),
        _ => false,
    }
}

/// Takes the value at `steps` away, and with it the maps that it leaves empty and `model` does not have.
fn drop_at(map: &mut Map<String, Value>, steps: &[&str], model: &Map<String, Value>) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        map.remove(*first);
        return;
    }
    let inside = model.get(*first).and_then(Value::as_object);
    let Some(Value::Object(inner)) = map.get_mut(*first) else { return };
    drop_at(inner, rest, inside.unwrap_or(&Map::new()));
    if inner.is_empty() && inside.is_none() {
        map.remove(*first);
    }
}
