//! `Ref` and `Fn::GetAtt`.

use std::rc::Rc;

use model::{ResourceAddress, ResourceType};
use source::{Code, Finding, Node, Span, Value};

use super::kept::{at, attribute, list, reference, unknown};
use super::pseudo::{self, Pseudo};
use super::{Evaluator, Place, attributes, within};

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
                !parameter.no_echo
                    || value.scalar().is_some_and(|text| text.is_empty() || text.starts_with("{{resolve:"))
            };
            return Some(match value.filter(may_be_seen) {
                Some(value) => {
                    let value = at(span, value);
                    self.made(value)
                }
                None => unknown(span),
            });
        }
        Some(match self.resource(name_span, name, "no parameter or resource") {
            Some((address, _)) => reference(span, &address),
            None => unknown(span),
        })
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
        match self.place {
            Place::Property | Place::Output => Some(found),
            Place::Condition | Place::Name => {
                let (what, help) = if self.place == Place::Condition {
                    ("a condition", "conditions may look at parameters, mappings and other conditions")
                } else {
                    ("what stands here", "write it out, or take it from a parameter or mapping")
                };
                let message = format!("{what} is needed before the resource `{name}` exists");
                self.add(Finding::new(Code::KnownTooLate, span, message).help(help));
                None
            }
        }
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
        match attributes::attribute(kind, id, name, name_span) {
            Ok(_) => attribute(span, &address, name),
            Err(finding) => {
                self.add(finding);
                unknown(span)
            }
        }
    }
}
