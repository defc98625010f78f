//! An environment to expand templates in.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::{Environment, EnvironmentId, Lookup, ResourceAddress, ResourceType, Snapshot};
use serde_json::{Value, json};
use source::{Area, Files, Finding, Node, Report, Span};
use template::{Asset, Context, Expansion, Stack};

/// Stacks of the environment `shop/dev`, and what is around them.
pub(crate) struct Stage {
    files: Files,
    stacks: Vec<Stack>,
    findings: Vec<Finding>,
    /// What the config makes besides.
    pub(crate) known: BTreeMap<ResourceAddress, ResourceType>,
    /// What was looked up.
    pub(crate) snapshot: Snapshot,
}

impl Stage {
    /// Without a stack.
    pub(crate) fn empty() -> Self {
        let files = Files::config("strands.yaml", "");
        Self { files, stacks: Vec::new(), findings: Vec::new(), known: BTreeMap::new(), snapshot: Snapshot::default() }
    }

    /// With the one stack `site`, whose template is `text`.
    pub(crate) fn of(text: &str) -> Self {
        Self::empty().and("site", text)
    }

    /// With one more stack; its file is called after it.
    pub(crate) fn and(mut self, name: &str, text: &str) -> Self {
        let file = self.files.add(&format!("{name}.yaml"), Area::Template, text);
        let root = source::tree(&self.files, file, &mut self.findings);
        if let Some(root) = root {
            let span = Span::between(0, 0, 0);
            let (parameters, assets, values) = (Vec::new(), Rc::default(), Vec::new());
            let (name, within) = (name.to_owned(), None);
            self.stacks.push(Stack { name, span, root, within, parameters, assets, values });
        }
        self
    }

    /// With one more stack, which is nested in another one: `within` is the resource that stands for it.
    pub(crate) fn nested(mut self, name: &str, within: &str, text: &str) -> Self {
        let within: ResourceAddress = within.parse().unwrap();
        let outer = self.stacks.iter().find(|stack| stack.name == within.stack).unwrap();
        let resources = outer.root.get("Resources").unwrap().entries().unwrap();
        let span = resources.iter().find(|(key, _)| key.name == within.logical_id).map(|(key, _)| key.span).unwrap();
        self = self.and(name, text);
        let stack = self.last();
        (stack.span, stack.within) = (span, Some(within));
        self
    }

    /// The last stack is given `parameters`: a mapping in the config.
    pub(crate) fn given(mut self, parameters: &str) -> Self {
        let file = self.files.add("strands.yaml", Area::Config, parameters);
        let root = source::tree(&self.files, file, &mut self.findings).unwrap();
        self.last().parameters = root.entries().unwrap().to_vec();
        self
    }

    /// The last stack has a file asset.
    pub(crate) fn asset(mut self, bucket: &str, key: &str, kept: &str) -> Self {
        let asset = Asset { bucket: bucket.to_owned(), key: key.to_owned(), kept: kept.to_owned() };
        let stack = self.last();
        stack.assets = stack.assets.iter().cloned().chain([asset]).collect();
        self
    }

    /// A value is evaluated in the last stack.
    pub(crate) fn value(mut self, text: &str) -> Self {
        let file = self.files.add("strands.yaml", Area::Config, text);
        let root = source::tree(&self.files, file, &mut self.findings).unwrap();
        self.last().values.push(root);
        self
    }

    /// The config makes something besides.
    pub(crate) fn knows(mut self, address: &str, kind: &str) -> Self {
        self.known.insert(address.parse().unwrap(), kind.into());
        self
    }

    /// An SSM parameter was looked up.
    pub(crate) fn stored(mut self, name: &str, value: Value) -> Self {
        self.snapshot.0.insert(Lookup::Parameter { name: name.to_owned(), version: None }, value);
        self
    }

    fn last(&mut self) -> &mut Stack {
        self.stacks.last_mut().unwrap()
    }

    /// What the stacks come to, and everything that is wrong.
    pub(crate) fn expand(&self) -> (Expansion, Report) {
        let environment = Environment::new(EnvironmentId::new("shop", "dev").unwrap(), "123456789012", "eu-central-1");
        let context = Context {
            environment: &environment,
            artifact_bucket: "strands-deployments-123456789012-eu-central-1",
            known: &self.known,
            snapshot: &self.snapshot,
            files: &self.files,
        };
        let mut findings = self.findings.clone();
        let expansion = template::expand(&self.stacks, &context, &mut findings);
        (expansion, Report::of(&self.files, findings))
    }

    /// What is wrong, a line each: `file:line:column code | message | help`; the file `site.yaml` goes without saying.
    pub(crate) fn problems(&self) -> Vec<String> {
        let line = |refusal: model::Refusal| {
            let (line, column) = (refusal.line.unwrap(), refusal.column.unwrap());
            let file = refusal.file.filter(|file| file != "site.yaml").map_or(String::new(), |file| format!("{file}:"));
            let (_, code) = refusal.code.split_once("::").unwrap();
            format!("{file}{line}:{column} {code} | {} | {}", refusal.message, refusal.help.unwrap())
        };
        self.expand().1.refusals().into_iter().map(line).collect()
    }

    /// What the stacks come to; nothing may be wrong.
    pub(crate) fn comes_to(&self) -> Expansion {
        assert_eq!(self.problems(), Vec::<String>::new());
        self.expand().0
    }

    /// All of it as one value, for people to look at.
    pub(crate) fn shown(&self) -> Value {
        let Expansion { resources, outputs, values, lookups, .. } = self.comes_to();
        let resources: serde_json::Map<String, Value> = resources
            .into_iter()
            .map(|(address, made)| (address.to_string(), serde_json::to_value(made.desired).unwrap()))
            .collect();
        let outputs: serde_json::Map<String, Value> =
            outputs.into_iter().map(|((stack, name), node)| (format!("{stack}.{name}"), source::json(&node))).collect();
        let json_of = |nodes: Vec<Rc<Node>>| nodes.iter().map(|node| source::json(node)).collect::<Vec<_>>();
        let values: serde_json::Map<String, Value> = values
            .into_iter()
            .filter(|(_, nodes)| !nodes.is_empty())
            .map(|(stack, nodes)| (stack, Value::Array(json_of(nodes))))
            .collect();
        let lookups = serde_json::to_value(lookups).unwrap();
        json!({ "resources": resources, "outputs": outputs, "values": values, "lookups": lookups })
    }

    /// The properties of a resource.
    pub(crate) fn properties(&self, address: &str) -> Value {
        let expansion = self.comes_to();
        expansion.resources[&address.parse().unwrap()].desired.properties.to_value()
    }
}

/// `text`, and what is wrong with it.
pub(crate) fn check(text: &str, expected: &[&str]) {
    assert_eq!(Stage::of(text).problems(), expected, "\n{text}");
}
