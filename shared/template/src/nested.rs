//! Nested stacks: what a stack gives to those within it, what comes back, and what is said of all of one at once.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::{ResourceAddress, Retention, expression};
use source::{Code, Finding, Key, Node, Reader, Span, Value};

use crate::context::Context;
use crate::evaluate::{Evaluator, is_known, is_unknown, left};
use crate::expansion::Expansion;
use crate::read::Resource;

/// The most pairs of resources of which one waits for the other because of a nested stack.
const MOST_WAITS: usize = 200_000;

/// A nested stack, as the stack that it is in sees it.
#[derive(Debug, Clone)]
pub(crate) struct Nested {
    /// Its name.
    pub(crate) name: String,
    /// What its outputs come to, none of those that a condition leaves out; none at all where that is not known yet.
    pub(crate) outputs: Option<BTreeMap<String, Option<Rc<Node>>>>,
}

/// What the resource that stands for a nested stack says of all of it.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) address: ResourceAddress,
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) depends_on: BTreeSet<ResourceAddress>,
    pub(crate) retention: Retention,
}

/// What a nested stack is given for its parameters.
pub(crate) fn parameters(resource: &Resource, evaluator: &mut Evaluator<'_>) -> Vec<(Key, Rc<Node>)> {
    let node = property(resource, "Parameters").and_then(|node| evaluator.value(node));
    node.iter()
        .filter(|node| left(node).is_none())
        .flat_map(|node| node.entries().unwrap_or_default())
        .cloned()
        .collect()
}

fn property<'r>(resource: &'r Resource, name: &str) -> Option<&'r Rc<Node>> {
    resource.properties.as_ref()?.get(name).filter(|node| !node.is_null())
}

/// What stands in values and is known only once something else is: the nested stacks whose outputs are meant, by address, and the
/// names of imports, each with a place of it.
pub(crate) fn awaited(node: &Node, outputs: &mut BTreeMap<ResourceAddress, Span>, imports: &mut Vec<(String, Span)>) {
    if let Some((name, given)) = left(node) {
        let address = match (name, &given.value) {
            ("Fn::ImportValue", Value::Scalar { text, .. }) => {
                imports.push((text.clone(), node.span));
                None
            }
            ("Fn::GetAtt", Value::List(parts)) => match parts.as_slice() {
                [address, attribute] if attribute.scalar().is_some_and(|text| text.starts_with("Outputs.")) => {
                    address.scalar().and_then(|text| text.parse().ok())
                }
                _ => None,
            },
            _ => None,
        };
        outputs.extend(address.map(|address: ResourceAddress| (address, node.span)));
    }
    match &node.value {
        Value::Scalar { .. } => {}
        Value::List(items) => items.iter().for_each(|item| awaited(item, outputs, imports)),
        Value::Map(entries) => entries.iter().for_each(|(_, item)| awaited(item, outputs, imports)),
    }
}

/// Finds properties of a nested stack that mean nothing here.
pub(crate) fn check(resource: &Resource, findings: &mut Vec<Finding>) {
    let Some(properties) = &resource.properties else { return };
    let reader = &mut Reader::new(findings);
    let Some(mut fields) = reader.fields(properties, "a nested stack") else { return };
    // Whoever brought the template along has looked at this one.
    reader.optional(&mut fields, "TemplateURL");
    if let Some(node) = reader.optional(&mut fields, "Parameters")
        && left(node).is_none()
    {
        reader.entries(node, "`Parameters`", "names to values");
    }
    reader.optional(&mut fields, "Tags");
    let refused = [
        (
            "NotificationARNs",
            "nothing is told to topics while it is made",
            "remove it: `notifications` of the config tell of deployments",
        ),
        ("TimeoutInMinutes", "no time is set for all of it", "remove it: what each resource may take is known"),
    ];
    for (name, why, help) in refused {
        if reader.optional(&mut fields, name).is_some() {
            let message = format!("`{name}` of a nested stack is not supported: {why}");
            reader.add(Finding::new(Code::Unsupported, fields.key(name), message).help(help));
        }
    }
    reader.finish(fields);
}

/// The tags of a nested stack, as a mapping of names to texts; none where there are none, or where they are a finding.
pub(crate) fn tags(
    resource: &Resource,
    evaluator: &mut Evaluator<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Rc<Node>> {
    let given = property(resource, "Tags")?;
    let node = evaluator.value(given)?;
    let reader = &mut Reader::new(findings);
    if is_unknown(&node) {
        return None;
    }
    if !is_known(&node) {
        let help = "write it out, or take it from a parameter or mapping";
        let message = "a tag of a nested stack is known only once resources exist, and is needed before";
        reader.add(Finding::new(Code::KnownTooLate, given.span, message).help(help));
        return None;
    }
    let mut tags = Vec::new();
    for item in reader.items(&node, "`Tags`", "tags") {
        let Some(mut fields) = reader.fields(item, "a tag") else { continue };
        let name = reader.required(&mut fields, "Key").and_then(|node| reader.written(node, "the name of a tag"));
        let text = reader.required(&mut fields, "Value").and_then(|node| reader.written(node, "a tag"));
        reader.finish(fields);
        if let (Some(name), Some(text)) = (name, text) {
            tags.push((Key { span: name.span, name: name.value }, Node::text(text.span, text.value)));
        }
    }
    Some(Rc::new(Node::new(node.span, Value::Map(tags))))
}

/// Has everything of each nested stack wait, be waited for and stay as the resource that stands for it says.
pub(crate) fn settle(
    expansion: &mut Expansion,
    standing: &mut [Standing],
    context: &Context<'_>,
    findings: &mut Vec<Finding>,
) {
    let within: BTreeMap<String, String> =
        standing.iter().map(|one| (one.name.clone(), one.address.stack.clone())).collect();
    for one in standing.iter().filter(|one| one.retention == Retention::Retain) {
        for (address, made) in &mut expansion.resources {
            if is_within(&within, &address.stack, &one.name) {
                made.desired.retention = Retention::Retain;
            }
        }
    }
    let named: BTreeSet<ResourceAddress> = {
        let of_resources = expansion.resources.values().flat_map(|made| &made.desired.depends_on);
        of_resources.chain(standing.iter().flat_map(|one| &one.depends_on)).cloned().collect()
    };
    // The innermost first: of what is around them, they are parts like others.
    let mut order: Vec<(usize, usize)> =
        standing.iter().enumerate().map(|(at, one)| (depth(&within, &one.name), at)).collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    let mut waits = 0_usize;
    for level in order.chunk_by(|(depth, _), (other, _)| depth == other) {
        let mut begins = Vec::new();
        for (_, at) in level {
            let Some(one) = standing.get(*at) else { continue };
            let (address, is_named) = (one.address.clone(), named.contains(&one.address));
            if !is_named && one.depends_on.is_empty() {
                continue;
            }
            let (first, mut last) = ends(expansion, &within, &one.name);
            if last.is_empty() {
                // Where there is nothing in it, what it waits for is waited for.
                last.clone_from(&one.depends_on);
            }
            begins.push((*at, first));
            if is_named {
                replace(expansion, standing, &address, &last, &mut waits);
            }
        }
        for (at, first) in begins {
            let Some(one) = standing.get(at) else { continue };
            waits = waits.saturating_add(first.len().saturating_mul(one.depends_on.len()));
            if waits > MOST_WAITS {
                let message = format!("too many resources would wait because of the nested stack `{}`", one.name);
                let help = "let what needs it refer to its outputs, in place of `DependsOn`";
                findings.push(Finding::new(Code::TooMany, one.span, message).help(help));
                return;
            }
            for address in first {
                if let Some(made) = expansion.resources.get_mut(&address) {
                    made.desired.depends_on.extend(one.depends_on.iter().cloned());
                }
            }
        }
    }
    // What a condition leaves out is not waited for, whichever stack it is in.
    let there: BTreeSet<ResourceAddress> = expansion.resources.keys().cloned().collect();
    for made in expansion.resources.values_mut() {
        made.desired.depends_on.retain(|address| there.contains(address) || context.known.contains_key(address));
    }
}

/// Whether `stack` is `outer`, or nested in it at any depth.
fn is_within(within: &BTreeMap<String, String>, stack: &str, outer: &str) -> bool {
    let mut stack = Some(stack);
    for _ in 0..=within.len() {
        match stack {
            Some(name) if name == outer => return true,
            Some(name) => stack = within.get(name).map(String::as_str),
            None => return false,
        }
    }
    false
}

fn depth(within: &BTreeMap<String, String>, stack: &str) -> usize {
    let next = |name: &&str| within.get(*name).map(String::as_str);
    std::iter::successors(Some(stack), next).take(within.len() + 1).count()
}

/// The resources of a nested stack that wait for nothing in it, and those that nothing in it waits for.
fn ends(
    expansion: &Expansion,
    within: &BTreeMap<String, String>,
    name: &str,
) -> (Vec<ResourceAddress>, BTreeSet<ResourceAddress>) {
    let own = |address: &ResourceAddress| is_within(within, &address.stack, name);
    let (mut first, mut last) = (Vec::new(), BTreeSet::new());
    let mut needed = BTreeSet::new();
    for (address, made) in expansion.resources.iter().filter(|(address, _)| own(address)) {
        let referred = expression::references(&made.desired.properties).unwrap_or_default();
        let referred = referred.into_iter().map(|reference| reference.address);
        let needs: Vec<ResourceAddress> =
            referred.chain(made.desired.depends_on.iter().cloned()).filter(|need| own(need)).collect();
        if needs.is_empty() {
            first.push(address.clone());
        }
        last.insert(address.clone());
        needed.extend(needs);
    }
    last.retain(|address| !needed.contains(address));
    (first, last)
}

/// Has whoever waits for a nested stack wait for `last` of it.
fn replace(
    expansion: &mut Expansion,
    standing: &mut [Standing],
    address: &ResourceAddress,
    last: &BTreeSet<ResourceAddress>,
    waits: &mut usize,
) {
    let of_resources = expansion.resources.values_mut().map(|made| &mut made.desired.depends_on);
    for depends_on in of_resources.chain(standing.iter_mut().map(|one| &mut one.depends_on)) {
        if depends_on.remove(address) && *waits <= MOST_WAITS {
            *waits = waits.saturating_add(last.len());
            depends_on.extend(last.iter().cloned());
        }
    }
}
