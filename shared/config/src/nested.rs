//! Stacks within stacks: which template each of them has, and what it is called.

use std::collections::BTreeSet;
use std::rc::Rc;

use model::ResourceAddress;
use source::{Code, Finding, Key, Node, Reader, Span, Spanned, Value};

use crate::assembly::joined;
use crate::chosen::Chosen;
use crate::config::Environment;
use crate::expand::cut;
use crate::texts::{Packaging, Texts};

/// The type of what stands for a stack within a stack.
pub(crate) const STACK: &str = "AWS::CloudFormation::Stack";
/// How deep stacks are nested.
const DEEPEST: usize = 5;
/// The most nested stacks of an environment: one template may be several.
const MOST: usize = 200;
/// The longest name of a stack: CloudFormation's own bound.
const LONGEST: usize = 128;

/// A stack within a stack.
pub(crate) struct Inner {
    /// Its name: `{stack}-{LogicalId}`.
    pub(crate) name: String,
    /// The resource that stands for it.
    pub(crate) within: ResourceAddress,
    /// The place of its logical id.
    pub(crate) span: Span,
    /// The path of its template, and where that is named.
    pub(crate) template: Spanned<String>,
    /// The place of the outermost stack among those that are chosen.
    pub(crate) outermost: usize,
}

/// The stacks within those that are `chosen`, each after the one that it is in. What is within a template that is not there is not
/// known.
pub(crate) fn nested(
    environment: &Environment,
    chosen: &[Chosen<'_>],
    texts: &mut Texts<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<Inner> {
    let mut taken: BTreeSet<String> = chosen.iter().map(|one| one.name.clone()).collect();
    taken.extend(environment.agents.iter().map(|agent| agent.name.value.clone()));
    taken.insert("shared".to_owned());
    let mut reading =
        Reading { texts, findings, taken, found: Vec::new(), path: Vec::new(), bad: BTreeSet::new(), is_full: false };
    for (outermost, one) in chosen.iter().enumerate() {
        reading.within((outermost, one), &one.name, &one.template.value);
    }
    reading.found
}

struct Reading<'r, 't> {
    texts: &'r mut Texts<'t>,
    findings: &'r mut Vec<Finding>,
    /// The names that are taken.
    taken: BTreeSet<String>,
    found: Vec<Inner>,
    /// The templates that the one which is read is in.
    path: Vec<String>,
    /// The templates in which something is wrong: it is told once, however many stacks they are.
    bad: BTreeSet<String>,
    /// Whether there are as many stacks as there may be, and that was told.
    is_full: bool,
}

impl Reading<'_, '_> {
    /// Finds what is in the template of the stack `name`.
    fn within(&mut self, outermost: (usize, &Chosen<'_>), name: &str, template: &str) {
        if self.is_full || self.bad.contains(template) {
            return;
        }
        // What does not name the type has nothing of it, and need not be read for that.
        if !self.texts.text(template).is_some_and(|text| text.contains(STACK)) {
            return;
        }
        let Some(root) = self.texts.tree(template, outermost.1.span, self.findings) else { return };
        let resources = root.get("Resources").and_then(|section| section.entries()).unwrap_or_default();
        let is_nested = |node: &Node| node.get("Type").and_then(|kind| kind.scalar()) == Some(STACK);
        self.path.push(template.to_owned());
        for (key, node) in resources.iter().filter(|(_, node)| is_nested(node)) {
            if self.is_full || Reader::new(self.findings).is_full() {
                break;
            }
            self.one(outermost, (name, template), key, node);
        }
        self.path.pop();
    }

    fn one(&mut self, outermost: (usize, &Chosen<'_>), (stack, template): (&str, &str), key: &Key, node: &Node) {
        if self.found.len() >= MOST {
            self.is_full = true;
            let message = format!("there are more than {MOST} nested stacks");
            self.add(Code::TooMany, key.span, message, "split the project");
            return;
        }
        let url =
            node.get("Properties").and_then(|properties| properties.get("TemplateURL")).filter(|url| !url.is_null());
        let Some(url) = url else {
            let message = "a nested stack needs the key `TemplateURL` in its `Properties`";
            self.add(
                Code::MissingKey,
                key.span,
                message,
                "add `TemplateURL: …`, the path of its template from this one",
            );
            return;
        };
        let Some(path) = self.template(outermost.1, template, url) else { return };
        if self.path.contains(&path) {
            let named: Vec<String> = self.path.iter().chain([&path]).map(|path| format!("`{path}`")).collect();
            let message = format!("this template is nested within itself: {}", named.join(" → "));
            self.add(Code::Cycle, url.span, message, "name another template");
            return;
        }
        if self.path.len() > DEEPEST {
            let message = format!("stacks are nested more than {DEEPEST} deep");
            self.add(Code::TooDeep, key.span, message, "make some of them stacks of their own under `stacks:`");
            return;
        }
        let name = name(stack, &key.name);
        if !self.taken.insert(name.clone()) {
            let message = format!("this nested stack would be called `{name}`, and another one is already");
            self.add(Code::DuplicateName, key.span, message, "give it another logical id");
            return;
        }
        self.found.push(Inner {
            name: name.clone(),
            within: ResourceAddress::new(stack, &key.name),
            span: key.span,
            template: Spanned::new(path.clone(), url.span),
            outermost: outermost.0,
        });
        self.within(outermost, &name, &path);
    }

    /// The path of a template, by what `TemplateURL` says: an asset of the assembly, or a path from the template that says it.
    fn template(&mut self, outermost: &Chosen<'_>, from: &str, url: &Rc<Node>) -> Option<String> {
        let last = last(url);
        if let Some(assembled) = &outermost.assembled {
            let is_it = |key: &str| {
                last.and_then(|text| text.strip_suffix(key))
                    .is_some_and(|before| !key.is_empty() && before.ends_with('/'))
            };
            let assets = assembled.assets.iter().filter(|asset| asset.packaging == Packaging::File);
            let mut own = assets.filter(|asset| asset.destinations.iter().any(|(_, key)| is_it(key)));
            if let Some(asset) = own.next() {
                return Some(asset.path.clone());
            }
            let message = "the template of this nested stack is no asset of the assembly";
            let help = "make the stack with `NestedStack` of aws-cdk-lib, and run `cdk synth` anew";
            self.add(Code::Unsupported, url.span, message, help);
            return None;
        }
        if url.function().is_some() && !names(url, "://") {
            let message = "the path of a nested stack's template must be written out: it is looked for before anything is evaluated";
            self.add(Code::Unsupported, url.span, message, "write plain text, e.g. `TemplateURL: ./child.yaml`");
            return None;
        }
        let Some(path) = url.scalar().filter(|text| !text.contains("://") && !text.is_empty()) else {
            let message = "the template of this nested stack is elsewhere, and nothing is fetched for a deployment";
            let help = "bring it along, and name it by its path from this template, e.g. `TemplateURL: ./child.yaml`";
            self.add(Code::Unsupported, url.span, message, help);
            return None;
        };
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let whole = joined(folder, path).filter(|whole| !whole.is_empty());
        if whole.is_none() {
            let message = format!("`{}` cannot be the path of a template", path.escape_debug());
            let help = "a path starts at the folder that this template is in, has `/` between its parts, and cannot leave the bundle";
            self.add(Code::WrongPath, url.span, message, help);
        }
        whole
    }

    fn add(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        Reader::new(self.findings).add(Finding::new(code, span, message).help(help));
        self.bad.extend(self.path.last().cloned());
    }
}

/// Whether `part` is in any text of a value.
fn names(node: &Node, part: &str) -> bool {
    match &node.value {
        Value::Scalar { text, .. } => text.contains(part),
        Value::List(items) => items.iter().any(|item| names(item, part)),
        Value::Map(entries) => entries.iter().any(|(_, item)| names(item, part)),
    }
}

/// The text with which a value ends, as far as that is written out.
fn last(node: &Node) -> Option<&str> {
    let Some((key, given)) = node.only() else { return node.scalar() };
    let items = match &given.value {
        Value::List(items) => items.as_slice(),
        Value::Scalar { .. } | Value::Map(_) => &[],
    };
    match (key.name.as_str(), items) {
        ("Fn::Sub", []) => given.scalar(),
        ("Fn::Sub", [text, _]) => text.scalar(),
        ("Fn::Join", [separator, parts]) if separator.scalar() == Some("") => match &parts.value {
            Value::List(parts) => last(parts.last()?),
            Value::Scalar { .. } | Value::Map(_) => None,
        },
        _ => None,
    }
}

/// `{stack}-{LogicalId}`: the name of a stack that `id` stands for in `stack`.
fn name(stack: &str, id: &str) -> String {
    cut(&format!("{stack}-{}", plain(id)), '-', LONGEST)
}

/// The logical id without what CDK adds to the path of a nested stack: `WatchNestedStackWatchNestedStackResourceA92F2E63` → `Watch`.
fn plain(id: &str) -> &str {
    let of_cdk = || {
        let path = id.get(..id.len().checked_sub(8)?)?.strip_suffix("NestedStackResource")?;
        let is_hash = id.bytes().rev().take(8).all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        let mut halves = path.match_indices("NestedStack").filter_map(|(at, between)| {
            let (before, after) = (path.get(..at)?, path.get(at + between.len()..)?);
            (!after.is_empty() && before.ends_with(after)).then_some(before)
        });
        halves.next().filter(|_| is_hash)
    };
    of_cdk().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::chosen::chosen;

    /// How many nested stacks a project of these templates has, of which the first is the outermost, and what is wrong with them.
    fn read(templates: &[(&str, String)]) -> (usize, Vec<Finding>) {
        let head = "project: { name: desk, region: eu-central-1 }\nenvironments: { dev: {} }\n";
        let config = crate::parse("strands.yaml", &format!("{head}stacks: [{{ name: site, template: site.yaml }}]\n"));
        let config = config.unwrap();
        let sources: BTreeMap<String, String> =
            templates.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect();
        let (mut texts, mut findings) = (Texts::new(&config, &sources), Vec::new());
        let environment = &config.environments["dev"];
        let chosen = chosen(environment, &mut texts, &mut findings);
        let found = nested(environment, &chosen, &mut texts, &mut findings);
        (found.len(), findings)
    }

    /// A template with `count` stacks of `url` in it; without a `TemplateURL` if that is empty.
    fn with_stacks(count: usize, url: &str) -> String {
        let url = if url.is_empty() { String::new() } else { format!(", Properties: {{ TemplateURL: {url} }}") };
        let one = |at: usize| format!("  A{at}: {{ Type: AWS::CloudFormation::Stack{url} }}\n");
        format!("Resources:\n{}", (0..count).map(one).collect::<String>())
    }

    #[test]
    fn what_is_wrong_in_a_template_is_told_once_however_many_stacks_it_is() {
        let templates = [("site.yaml", with_stacks(150, "bad.yaml")), ("bad.yaml", with_stacks(3, ""))];
        let (found, findings) = read(&templates);
        assert_eq!((found, findings.len()), (150, 3), "{findings:?}");
    }

    #[test]
    fn no_more_is_told_than_anybody_reads() {
        for (url, name) in [("", "b.yaml"), ("site.yaml", "b.yaml"), ("https://a/b", "b.yaml")] {
            let bad = with_stacks(2_500, url);
            let templates = [("site.yaml", with_stacks(5, name)), ("b.yaml", bad)];
            assert_eq!(read(&templates).1.len(), 2_000, "{url}");
        }
        let templates = [("site.yaml", with_stacks(5_000, "a.yaml")), ("a.yaml", with_stacks(5_000, ""))];
        assert_eq!(read(&templates).1.len(), 2_000);
        let templates = [("site.yaml", with_stacks(5_000, "a.yaml")), ("a.yaml", with_stacks(2, "c.yaml"))];
        let (found, findings) = read(&templates);
        assert_eq!((found, findings.len()), (200, 1), "{findings:?}");
    }

    #[test]
    fn the_name_of_a_nested_stack_says_where_it_is_and_what_the_application_calls_it() {
        for (id, expected) in [
            ("Network", "app-Network"),
            ("WatchNestedStackWatchNestedStackResourceA92F2E63", "app-Watch"),
            ("LayerWatchNestedStackWatchNestedStackResourceA92F2E63", "app-LayerWatch"),
            ("NestedStackNestedStackNestedStackNestedStackResourceA92F2E63", "app-NestedStack"),
            (
                "WatchNestedStackOtherNestedStackResourceA92F2E63",
                "app-WatchNestedStackOtherNestedStackResourceA92F2E63",
            ),
            (
                "WatchNestedStackWatchNestedStackResourceA92F2E6x",
                "app-WatchNestedStackWatchNestedStackResourceA92F2E6x",
            ),
            ("NestedStackNestedStackResourceA92F2E63", "app-NestedStackNestedStackResourceA92F2E63"),
            ("A92F2E63", "app-A92F2E63"),
        ] {
            assert_eq!(name("app", id), expected);
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_and_stays_one_of_its_own() {
        let [one, other] = ["1", "2"].map(|end| name("app", &format!("{}{end}", "Deep".repeat(60))));
        assert!(model::id::is_stack_name(&one) && model::id::is_stack_name(&other), "{one} {other}");
        assert_ne!(one, other);
    }
}
