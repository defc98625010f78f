//! `Fn::FindInMap`, `Fn::GetAZs` and `Fn::ImportValue`.

use std::rc::Rc;

use model::Lookup;
use source::{Code, Finding, Key, Node, Span, Value};

use super::kept::{DEEPEST_LATE, at, call, is_deeper, left, node, unknown};
use super::pseudo::partition;
use super::{Evaluator, Place};
use crate::read::short;

/// The key under which `Fn::FindInMap` is given what it gives where the mapping has nothing.
const DEFAULT: &str = "DefaultValue";

impl Evaluator<'_> {
    pub(super) fn found_in_map(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let takes = "a mapping and two keys";
        let form = "Fn::FindInMap: [Mapping, Key, SecondKey]";
        let arguments = match &given.value {
            Value::List(items) => items.as_slice(),
            Value::Scalar { .. } | Value::Map(_) => &[],
        };
        let (mapping, first, second, default) = match arguments {
            [mapping, first, second] => (mapping, first, second, None),
            [mapping, first, second, last] => match last.get(DEFAULT) {
                Some(default) if last.only().is_some() => (mapping, first, second, Some(default)),
                _ => {
                    return self.wrong_arguments(
                        last.span,
                        "Fn::FindInMap",
                        "`DefaultValue` as its fourth",
                        "{DefaultValue: value}",
                    );
                }
            },
            _ => return self.wrong_arguments(given.span, "Fn::FindInMap", takes, form),
        };
        if default.is_some() && !self.scope.template.language_extensions {
            self.needs_extensions(span, "`DefaultValue` of `Fn::FindInMap`");
            return Some(unknown(span));
        }
        let names = ["the name of a mapping", "the first key of `Fn::FindInMap`", "the second key of `Fn::FindInMap`"];
        let texts: Vec<Option<String>> =
            [mapping, first, second].into_iter().zip(names).map(|(node, what)| self.map_key(node, what)).collect();
        let [Some(mapping_name), Some(first_key), Some(second_key)] = texts.as_slice() else {
            return Some(unknown(span));
        };
        let mappings = &self.scope.template.mappings;
        let found = mappings.get(mapping_name);
        let entries = found.and_then(|keys| keys.get(first_key));
        let value = entries.and_then(|entries| entries.get(second_key));
        if let Some(value) = value {
            let value = Rc::clone(value);
            return Some(self.made(value));
        }
        if let Some(default) = default {
            return self.evaluated(default);
        }
        let (place, message, near) = match (found, entries) {
            (None, _) => {
                let near = self.meant(mapping_name, mappings.keys().map(String::as_str));
                (mapping.span, format!("there is no mapping `{mapping_name}`"), near)
            }
            (Some(keys), None) => {
                let near = self.meant(first_key, keys.keys().map(String::as_str));
                (first.span, format!("mapping `{mapping_name}` has no key `{first_key}`"), near)
            }
            (_, Some(entries)) => {
                let near = self.meant(second_key, entries.keys().map(String::as_str));
                (second.span, format!("mapping `{mapping_name}` has no key `{second_key}` under `{first_key}`"), near)
            }
        };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it under `Mappings`".to_owned(),
        };
        self.add(Finding::new(Code::UnknownMapping, place, message).help(help));
        Some(unknown(span))
    }

    /// A key of a mapping. Without the language extensions, AWS takes only `Ref` and `Fn::FindInMap` in them.
    fn map_key(&mut self, node: &Rc<Node>, what: &str) -> Option<String> {
        if let Some((name, _)) = left(node)
            && !matches!(name, "Ref" | "Fn::FindInMap")
            && !self.scope.template.language_extensions
        {
            self.needs_extensions(node.span, &format!("`{name}` within `Fn::FindInMap`"));
            return None;
        }
        self.text(node, what)
    }

    pub(super) fn zones(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let Some(region) = self.text_or_empty(given, "the region of `Fn::GetAZs`") else { return Some(unknown(span)) };
        let own = &self.scope.context.environment.region;
        let region = if region.is_empty() { own.clone() } else { region };
        if region != *own && !self.is_in_reach(given.span, &region) {
            return Some(unknown(span));
        }
        let lookup = Lookup::Zones { region };
        Some(match self.scope.context.snapshot.0.get(&lookup) {
            Some(zones) => {
                let zones = node(span, zones);
                self.made(zones)
            }
            None => {
                self.look_up(span, lookup);
                unknown(span)
            }
        })
    }

    /// Whether the zones of a region can be asked for from the environment's; what is wrong with it is told.
    fn is_in_reach(&mut self, span: Span, region: &str) -> bool {
        let own = &self.scope.context.environment.region;
        let (message, help) = if !schema::REGIONS.contains(&region) {
            let near = self.meant(region, schema::REGIONS.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a region is written like `eu-central-1`; empty, it is the environment's".to_owned(),
            };
            (format!("AWS has no region `{}`", short(region)), help)
        } else if partition(region) != partition(own) {
            let message = format!("the zones of `{region}` cannot be asked for from `{own}`: no account is in both");
            (message, "leave it empty: then it is the environment's region".to_owned())
        } else {
            return true;
        };
        self.add(Finding::new(Code::WrongRegion, span, message).help(help));
        false
    }

    /// Text that must be known, where nothing is a text, too.
    fn text_or_empty(&mut self, node: &Rc<Node>, what: &str) -> Option<String> {
        if node.is_null() { Some(String::new()) } else { self.text(node, what) }
    }

    pub(super) fn imported(&mut self, span: Span, key: &Key, given: &Rc<Node>) -> Option<Rc<Node>> {
        if self.place == Place::Condition {
            let message = "`Fn::ImportValue` cannot stand in a condition";
            let help = "conditions may look at parameters, mappings and other conditions";
            self.add(Finding::new(Code::MisplacedFunction, key.span, message).help(help));
            return Some(unknown(span));
        }
        let Some(name) = self.text(given, "the name that `Fn::ImportValue` imports") else {
            return Some(unknown(span));
        };
        let Some(exports) = self.scope.exports else {
            return Some(call(span, "Fn::ImportValue", Node::text(span, name)));
        };
        let Some(export) = exports.get(&name) else {
            let message = format!("no stack of this environment exports `{name}`");
            let help = match self.meant(&name, exports.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "give an output of another stack `Export: {Name: …}`".to_owned(),
            };
            self.add(Finding::new(Code::UnknownExport, given.span, message).help(help));
            return Some(unknown(span));
        };
        Some(match &export.value {
            // What is handed on from stack to stack grows with each.
            Some(value) if is_deeper(value, DEEPEST_LATE) => {
                let message = format!("what `{name}` exports is made of functions more than {DEEPEST_LATE} deep");
                let help = "refer to what it is made of as `stack/LogicalId`";
                self.add(Finding::new(Code::TooDeep, given.span, message).help(help));
                unknown(span)
            }
            Some(value) => {
                let value = at(span, value);
                self.made(value)
            }
            None => unknown(span),
        })
    }
}
