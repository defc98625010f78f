//! `Ref` and `Fn::GetAtt`.

use std::rc::Rc;

use model::{ResourceAddress, ResourceType};
use source::{Code, Finding, Node, Span, Value};

use super::kept::{DEEPEST_LATE, at, attribute, is_deeper, is_known, is_unknown, list, reference, unknown};
use super::pseudo::{self, Pseudo};
use super::{Evaluator, Place, attributes, within};
use crate::read::{STACK, meant};

/// How the attributes of a nested stack begin.
const OUTPUTS: &str = "Outputs.";

impl<'a> Evaluator<'a> {
    pub(super) fn reference(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        match self.literal(given, "what `Ref` refers to") {
            Some(name) => self.named(span, given.span, name),
            None => Some(unknown(span)),
        }
    }

    /// What `name` stands for, as `Ref` and `${…}` have it; what is wrong with it is told at `name_span`.
    pub(super) fn named(&mut self, span: Span, name_span: Span, name: &str) -> Option<Rc<Node>> {
        match pseudo::value(&self.scope, name) {
            Some(Pseudo::Text(text)) => return Some(Node::text(span, text)),
            Some(Pseudo::Nobody) => return Some(list(span, Vec::new())),
            Some(Pseudo::NoValue) => return None,
            None => {}
        }
        if let Some(parameter) = self.scope.template.parameters.get(name) {
            let value = self.scope.values.get(name);
            let may_be_seen = |value: &&Rc<Node>| {
                // Of what is known only later, there is nothing to see.
                !parameter.no_echo
                    || value.scalar().is_none_or(|text| text.is_empty() || text.starts_with("{{resolve:"))
            };
            return Some(match value.filter(may_be_seen) {
                Some(value) if !is_known(value) && !is_unknown(value) && self.is_needed_before() => {
                    let (what, _) = self.needed_before();
                    let message = format!("{what} is needed before the value of `{name}` is known");
                    let help =
                        "give the nested stack a value that is written out, or taken from a parameter or mapping";
                    self.add(Finding::new(Code::KnownTooLate, name_span, message).help(help));
                    unknown(span)
                }
                Some(value) => {
                    let value = at(span, value);
                    self.made(value)
                }
                None => unknown(span),
            });
        }
        Some(match self.resource(name_span, name, "no parameter or resource") {
            Some((address, kind)) if kind.as_str() == STACK => self.nested_id(span, name_span, &address),
            Some((address, _)) => reference(span, &address),
            None => unknown(span),
        })
    }

    /// What stands for the ARN of a nested stack.
    fn nested_id(&mut self, span: Span, name_span: Span, address: &ResourceAddress) -> Rc<Node> {
        match self.scope.nested.get(address) {
            _ if self.is_of_others(name_span, address) => unknown(span),
            Some(nested) => Node::text(span, pseudo::stack_id(self.scope.context.environment, &nested.name)),
            None => unknown(span),
        }
    }

    /// What a nested stack gives back: the value of its output where that is known, otherwise a reference to it.
    fn output_of(
        &mut self,
        span: Span,
        (id_span, name_span): (Span, Span),
        address: &ResourceAddress,
        name: &str,
    ) -> Rc<Node> {
        if self.is_of_others(id_span, address) {
            return unknown(span);
        }
        let Some(nested) = self.scope.nested.get(address) else { return unknown(span) };
        let id = &address.logical_id;
        let Some(output) = name.strip_prefix(OUTPUTS).filter(|output| !output.is_empty()) else {
            let message = format!("`{id}` has no attribute `{name}`: a nested stack has nothing but its outputs");
            let help = format!("write `{id}.Outputs.Name`");
            self.add(Finding::new(Code::UnknownAttribute, name_span, message).help(help));
            return unknown(span);
        };
        let Some(outputs) = &nested.outputs else { return attribute(span, address, name) };
        let (message, help) = match outputs.get(output) {
            Some(Some(value)) if is_deeper(value, DEEPEST_LATE) => {
                let message =
                    format!("the output `{output}` of `{id}` is made of functions more than {DEEPEST_LATE} deep");
                let help = format!("refer to what it is made of as `{}/LogicalId`", nested.name);
                self.add(Finding::new(Code::TooDeep, name_span, message).help(help));
                return unknown(span);
            }
            Some(Some(value)) => {
                let value = at(span, value);
                return self.made(value);
            }
            Some(None) => {
                let message = format!("the output `{output}` of `{id}` is not there: its condition does not hold");
                (message, "refer to it only where that holds, e.g. with `Fn::If`".to_owned())
            }
            None => {
                let names = outputs.keys().map(String::as_str);
                let help = meant(output, names, "outputs in it", self.findings.len());
                (format!("the nested stack `{id}` has no output `{output}`"), help)
            }
        };
        self.add(Finding::new(Code::UnknownAttribute, name_span, message).help(help));
        unknown(span)
    }

    /// Whether a nested stack belongs to another stack, where it is nobody's business.
    fn is_of_others(&mut self, span: Span, address: &ResourceAddress) -> bool {
        let is_of_others = address.stack != self.scope.stack;
        if is_of_others {
            let message = format!("`{address}` is a nested stack, and is known in `{}` alone", address.stack);
            let help = match self.scope.nested.get(address) {
                Some(nested) => format!("refer to what is in it: `{}/LogicalId`", nested.name),
                None => "refer to what is in it as `stack/LogicalId`".to_owned(),
            };
            self.add(Finding::new(Code::Unsupported, span, message).help(help));
        }
        is_of_others
    }

    fn is_needed_before(&self) -> bool {
        matches!(self.place, Place::Condition | Place::Name)
    }

    /// What needs a value before anything exists, and what to do about that.
    fn needed_before(&self) -> (&'static str, &'static str) {
        match self.place {
            Place::Condition => ("a condition", "conditions may look at parameters, mappings and other conditions"),
            Place::Name | Place::Property | Place::Output => {
                ("what stands here", "write it out, or take it from a parameter or mapping")
            }
        }
    }

    /// The resource that is called `name` here; none where there is none, which is told.
    fn resource(&mut self, span: Span, name: &str, nothing: &str) -> Option<(ResourceAddress, &'a ResourceType)> {
        let own = name.strip_prefix(self.scope.stack).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
        let template = self.scope.template;
        let found = match template.resources.get(own) {
            Some(resource) => {
                if let Some(condition) = resource.condition.as_ref().filter(|_| self.is_taken)
                    && self.decided_silently(&condition.name) == Some(false)
                {
                    let message = format!("`{name}` is not there: its condition `{}` does not hold", condition.name);
                    let help = format!("refer to it only where that holds: `Fn::If: [{}, …, …]`", condition.name);
                    self.add(Finding::new(Code::UnknownResource, span, message).help(help));
                    return None;
                }
                Some((ResourceAddress::new(self.scope.stack, own), &resource.kind.value))
            }
            None => {
                // What the config makes in this stack beside the template is called by its logical id, too.
                let address = name.parse().unwrap_or_else(|_| ResourceAddress::new(self.scope.stack, own));
                self.kind(&address).map(|kind| (address, kind))
            }
        };
        let Some(found) = found else {
            let message = format!("there is {nothing} `{name}`");
            let help = self.near(name);
            self.add(Finding::new(Code::UnknownResource, span, message).help(help));
            return None;
        };
        if !self.is_needed_before() {
            return Some(found);
        }
        let (what, help) = self.needed_before();
        let message = format!("{what} is needed before the resource `{name}` exists");
        self.add(Finding::new(Code::KnownTooLate, span, message).help(help));
        None
    }

    /// The type of a resource.
    pub(super) fn kind(&self, address: &ResourceAddress) -> Option<&'a ResourceType> {
        let own = self.scope.template.resources.get(&address.logical_id);
        if let Some(own) = own.filter(|_| address.stack == self.scope.stack) {
            return Some(&own.kind.value);
        }
        self.scope.elsewhere.get(address).or_else(|| self.scope.context.known.get(address))
    }

    fn near(&self, name: &str) -> String {
        let template = self.scope.template;
        if self.is_much_wrong() {
            return "declare it under `Parameters` or `Resources`".to_owned();
        }
        if name.contains('/') {
            let addresses: Vec<String> =
                self.scope.elsewhere.keys().chain(self.scope.context.known.keys()).map(ToString::to_string).collect();
            return match self.meant(name, addresses.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "what another stack has is called `stack/LogicalId`".to_owned(),
            };
        }
        let beside = self.scope.context.known.keys().filter(|address| address.stack == self.scope.stack);
        let beside = beside.map(|address| &address.logical_id);
        let own = template.parameters.keys().chain(template.resources.keys()).chain(beside).map(String::as_str);
        if let Some(near) = self.meant(name, own.chain(pseudo::NAMES.iter().copied())) {
            return format!("did you mean `{near}`?");
        }
        let same = self.scope.elsewhere.keys().chain(self.scope.context.known.keys());
        match same.into_iter().find(|address| address.logical_id == name) {
            Some(address) => format!("did you mean `{address}`, of another stack?"),
            None => "declare it under `Parameters` or `Resources`".to_owned(),
        }
    }

    pub(super) fn attribute(&mut self, span: Span, given: &Rc<Node>) -> Option<Rc<Node>> {
        let takes = ("Fn::GetAtt", "a logical id and the name of an attribute", "Fn::GetAtt: [LogicalId, Attribute]");
        let (id, name, id_span, name_span) = match &given.value {
            Value::Scalar { text, .. } => match text.split_once('.') {
                Some((id, name)) if !id.is_empty() && !name.is_empty() => {
                    let place = |offset, length| within(self.scope.context.files, given.span, text, offset, length);
                    (id.to_owned(), name.to_owned(), place(0, id.len()), place(id.len() + 1, name.len()))
                }
                _ => return self.wrong_arguments(given.span, takes.0, takes.1, takes.2),
            },
            _ => {
                let Some([id, name]) = self.arguments(given.span, given, takes) else { return Some(unknown(span)) };
                let (id_span, name_span) = (id.span, name.span);
                let may_be_function = self.scope.template.language_extensions;
                let id = match may_be_function {
                    true => self.text(id, "the logical id"),
                    false => self.literal(id, "the logical id").map(str::to_owned),
                };
                // A reference to a parameter may stand for the attribute without the extensions, too.
                let name = match super::left(name) {
                    Some((function, _)) if function != "Ref" && !may_be_function => {
                        self.needs_extensions(name.span, &format!("`{function}` as the name of an attribute"));
                        None
                    }
                    _ => self.text(name, "the name of an attribute"),
                };
                let (Some(id), Some(name)) = (id, name) else { return Some(unknown(span)) };
                (id, name, id_span, name_span)
            }
        };
        Some(self.attribute_of(span, (id_span, name_span), &id, &name))
    }

    /// The attribute `name` of what `id` names here.
    pub(super) fn attribute_of(
        &mut self,
        span: Span,
        (id_span, name_span): (Span, Span),
        id: &str,
        name: &str,
    ) -> Rc<Node> {
        if self.scope.template.parameters.contains_key(id) {
            let message = format!("`{id}` is a parameter, and only resources have attributes");
            self.add(Finding::new(Code::WrongType, id_span, message).help(format!("write `Ref: {id}`")));
            return unknown(span);
        }
        let Some((address, kind)) = self.resource(id_span, id, "no resource") else { return unknown(span) };
        if kind.as_str() == STACK {
            return self.output_of(span, (id_span, name_span), &address, name);
        }
        match attributes::attribute(kind, id, name, name_span) {
            Ok(_) => attribute(span, &address, name),
            Err(finding) => {
                self.add(finding);
                unknown(span)
            }
        }
    }
}
