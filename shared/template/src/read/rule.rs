//! `Rules`: what parameters must keep together.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::{Key, Node, Reader};

use super::names::is_name;
use super::section::plain;
use super::template::{Assertion, Rule};

/// The rules of a template.
pub(super) fn rules(node: &Rc<Node>, reader: &mut Reader<'_>) -> BTreeMap<String, Rule> {
    let node = plain(node, reader);
    let mut rules = BTreeMap::new();
    for (key, node) in reader.entries(&node, "`Rules`", "rules") {
        if is_name(key, "the name of a rule", reader) && !reader.is_full() {
            rules.extend(rule(key, node, reader).map(|rule| (key.name.clone(), rule)));
        }
    }
    rules
}

fn rule(key: &Key, node: &Rc<Node>, reader: &mut Reader<'_>) -> Option<Rule> {
    let node = plain(node, reader);
    let mut fields = reader.fields(&node, "a rule")?;
    let condition = reader.optional(&mut fields, "RuleCondition").cloned();
    let listed = reader.required(&mut fields, "Assertions");
    let items = listed.map_or(&[][..], |node| reader.items(node, "`Assertions`", "mappings with `Assert`"));
    let assertions = items.iter().filter_map(|item| assertion(item, reader)).collect();
    reader.finish(fields);
    Some(Rule { key: key.clone(), condition, assertions })
}

fn assertion(node: &Rc<Node>, reader: &mut Reader<'_>) -> Option<Assertion> {
    let mut fields = reader.fields(node, "an assertion")?;
    let assert = reader.required(&mut fields, "Assert").cloned();
    let description = reader.optional(&mut fields, "AssertDescription");
    let description = description.and_then(|node| reader.written(node, "`AssertDescription`"));
    reader.finish(fields);
    Some(Assertion { assert: assert?, description: description.map(|description| description.value) })
}
