//! What CDK wrote: `manifest.json` of an assembly, those of the assemblies within it, and the manifests of assets.
//!
//! The forms are those of `aws-cdk-lib/cloud-assembly-schema`. What a deployment does not need is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use source::{Code, Finding, Key, Node, Reader, Span, Spanned};

use crate::config::{Entries, Tags};
use crate::texts::{MANIFEST, Packaging, Texts};

/// One stack of an assembly.
#[derive(Debug, Clone)]
pub(crate) struct Assembled {
    /// The name that CloudFormation would give it.
    pub(crate) name: String,
    /// Its id in the manifest, and its path in the tree of constructs where that is another.
    pub(crate) ids: Vec<String>,
    /// The path of its template, and where that is named.
    pub(crate) template: Spanned<String>,
    /// What CDK gives to its parameters.
    pub(crate) parameters: Entries,
    /// The tags of the stack.
    pub(crate) tags: Tags,
    /// The account that it was made for, where that was known.
    pub(crate) account: Option<String>,
    /// The region.
    pub(crate) region: Option<String>,
    /// The ids of the stacks that are to be deployed before it.
    pub(crate) after: Vec<String>,
    /// Its assets, its own template left out.
    pub(crate) assets: Vec<FileAsset>,
    /// Whether it has images.
    pub(crate) has_images: bool,
}

impl Assembled {
    /// Whether it is what somebody calls `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name || self.ids.iter().any(|id| id == name)
    }
}

/// A file or folder that a template needs.
#[derive(Debug, Clone)]
pub(crate) struct FileAsset {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) packaging: Packaging,
    /// Where the template looks for it: buckets and keys.
    pub(crate) destinations: Vec<(String, String)>,
}

impl FileAsset {
    /// Whether it is the template of a nested stack, as CDK writes it: that is read, and not kept.
    pub(crate) fn is_template(&self) -> bool {
        self.packaging == Packaging::File && self.path.ends_with(".nested.template.json")
    }
}

/// The deepest assembly within assemblies: stages may stand in stages.
const DEEPEST: usize = 8;

/// The most stacks of one assembly.
const MOST: usize = 500;

/// The most assets of the stacks of one assembly, each counted in every stack that has it.
pub(crate) const MOST_ASSETS: usize = 2_000;

/// The stacks of the assembly in `folder`, each after those that it depends on. `span` is where the folder is named. What is
/// wrong is told, and then there may be none.
pub(crate) fn stacks(texts: &mut Texts<'_>, folder: &str, span: Span, findings: &mut Vec<Finding>) -> Vec<Assembled> {
    let mut reading =
        Reading { texts, root: folder, span, findings, stacks: Vec::new(), assets: 0, seen: BTreeSet::new() };
    reading.assembly(folder, 0);
    let stacks = reading.stacks;
    ordered(stacks, findings)
}

struct Reading<'r, 't> {
    texts: &'r mut Texts<'t>,
    root: &'r str,
    span: Span,
    findings: &'r mut Vec<Finding>,
    stacks: Vec<Assembled>,
    /// How many assets the stacks have together.
    assets: usize,
    seen: BTreeSet<String>,
}

impl Reading<'_, '_> {
    fn assembly(&mut self, folder: &str, depth: usize) {
        // One that is within itself was read already.
        if !self.seen.insert(folder.to_owned()) {
            return;
        }
        let Some(root) = self.texts.tree(&format!("{folder}/{MANIFEST}"), self.span, self.findings) else { return };
        let mut reader = Reader::new(self.findings);
        let Some(mut fields) = reader.fields(&root, "a manifest") else { return };
        let missing = reader.optional(&mut fields, "missing");
        let missing = missing.map(|missing| reader.items(missing, "`missing`", "lookups")).unwrap_or_default();
        if let Some(first) = missing.first() {
            let what = first.get("key").and_then(|key| key.scalar());
            let what = what.map_or_else(|| "something".to_owned(), |key| format!("`{}`", key.escape_debug()));
            let message = format!("CDK could not finish this assembly: it had to look up {what}");
            let finding = Finding::new(Code::Incomplete, fields.key("missing"), message);
            reader.add(finding.help("run `cdk synth` with credentials, and keep `cdk.context.json`"));
        }
        let Some(artifacts) = reader.required(&mut fields, "artifacts") else { return };
        let artifacts: Vec<Artifact> = reader
            .entries(artifacts, "`artifacts`", "ids to artifacts")
            .iter()
            .filter_map(|(key, node)| artifact(&mut reader, key, node))
            .collect();
        let assets = self.assets(folder, &artifacts);
        let ids: BTreeSet<&str> = artifacts.iter().filter(|one| one.kind == STACK).map(|one| one.id.as_str()).collect();
        for artifact in &artifacts {
            match artifact.kind.as_str() {
                STACK => self.stack(folder, artifact, &ids, &assets),
                NESTED if depth >= DEEPEST => {
                    let message = format!("assemblies are nested more than {DEEPEST} deep");
                    let finding = Finding::new(Code::TooDeep, artifact.span, message);
                    self.findings.push(finding.help("take the stages apart"));
                }
                NESTED => {
                    if let Some(inner) = self.path_of(folder, artifact, "directoryName") {
                        self.assembly(&inner.value, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// The manifests of assets, by their ids.
    fn assets(&mut self, folder: &str, artifacts: &[Artifact]) -> BTreeMap<String, Assets> {
        let mut assets = BTreeMap::new();
        for artifact in artifacts.iter().filter(|artifact| artifact.kind == ASSETS) {
            let Some(path) = self.path_of(folder, artifact, "file") else { continue };
            let Some(root) = self.texts.tree(&path.value, path.span, self.findings) else { continue };
            assets.insert(artifact.id.clone(), self.manifest(folder, &root));
        }
        assets
    }

    fn manifest(&mut self, folder: &str, root: &Rc<Node>) -> Assets {
        let mut assets = Assets::default();
        let mut reader = Reader::new(self.findings);
        let Some(mut fields) = reader.fields(root, "a manifest of assets") else { return assets };
        let images = reader.optional(&mut fields, "dockerImages");
        assets.has_images =
            images.is_some_and(|node| !reader.entries(node, "`dockerImages`", "ids to images").is_empty());
        let Some(files) = reader.optional(&mut fields, "files") else { return assets };
        for (key, node) in reader.entries(files, "`files`", "ids to files") {
            let Some(file) = file(&mut reader, node) else { continue };
            match within(self.root, folder, &file.path.value) {
                Some(path) => assets.files.push(FileAsset {
                    id: key.name.clone(),
                    path,
                    packaging: file.packaging,
                    destinations: file.destinations,
                }),
                None => reader.add(outside(&file.path)),
            }
        }
        assets
    }

    fn stack(&mut self, folder: &str, artifact: &Artifact, ids: &BTreeSet<&str>, assets: &BTreeMap<String, Assets>) {
        if self.stacks.len() >= MOST {
            let finding =
                Finding::new(Code::TooMany, artifact.span, format!("there are more than {MOST} stacks in it"));
            self.findings.push(finding.help("split the application"));
            return;
        }
        let Some(template) = self.path_of(folder, artifact, "templateFile") else { return };
        let mut reader = Reader::new(self.findings);
        let Some((account, region)) = environment(&mut reader, artifact) else { return };
        let name = artifact.text("stackName").unwrap_or(&artifact.id).to_owned();
        let shown = artifact.display.as_deref().map(|text| text.split_once(" (").map_or(text, |(path, _)| path));
        let mut own_ids = vec![artifact.id.clone()];
        own_ids.extend(shown.filter(|shown| *shown != artifact.id).map(str::to_owned));
        let mut stack = Assembled {
            name,
            ids: own_ids,
            parameters: artifact.entries(&mut reader, "parameters").to_vec(),
            tags: artifact
                .entries(&mut reader, "tags")
                .iter()
                .filter_map(|(key, node)| Some((key.name.clone(), node.scalar()?.to_owned())))
                .collect(),
            account,
            region,
            after: artifact.dependencies.iter().filter(|id| ids.contains(id.as_str())).cloned().collect(),
            assets: Vec::new(),
            has_images: false,
            template,
        };
        for own in artifact.dependencies.iter().filter_map(|id| assets.get(id)) {
            stack.has_images |= own.has_images;
            self.assets = self.assets.saturating_add(own.files.len());
            if self.assets > MOST_ASSETS {
                self.findings.push(too_many_assets(artifact.span));
                return;
            }
            stack.assets.extend(own.files.iter().filter(|file| file.path != stack.template.value).cloned());
        }
        self.stacks.push(stack);
    }

    /// A path that an artifact names, from the folder that the config is in.
    fn path_of(&mut self, folder: &str, artifact: &Artifact, name: &'static str) -> Option<Spanned<String>> {
        let mut reader = Reader::new(self.findings);
        let Some(node) = artifact.properties.as_ref().and_then(|node| node.get(name)) else {
            let finding = Finding::new(Code::MissingKey, artifact.span, format!("`{}` has no `{name}`", artifact.id));
            reader.add(finding.help(ANEW));
            return None;
        };
        let path = reader.text(node, &format!("`{name}`"))?;
        let whole = within(self.root, folder, &path.value);
        if whole.is_none() {
            reader.add(outside(&path));
        }
        Some(Spanned::new(whole?, path.span))
    }
}

/// What helps where an assembly is not as CDK writes it.
const ANEW: &str = "run `cdk synth` anew: an assembly is not written by hand";

const STACK: &str = "aws:cloudformation:stack";
const ASSETS: &str = "cdk:asset-manifest";
const NESTED: &str = "cdk:cloud-assembly";

/// An entry of a manifest.
struct Artifact {
    id: String,
    span: Span,
    kind: String,
    environment: Option<Spanned<String>>,
    display: Option<String>,
    dependencies: Vec<String>,
    properties: Option<Rc<Node>>,
}

impl Artifact {
    fn text(&self, name: &str) -> Option<&str> {
        self.properties.as_ref()?.get(name)?.scalar()
    }

    fn entries(&self, reader: &mut Reader<'_>, name: &str) -> &[(Key, Rc<Node>)] {
        let node = self.properties.as_ref().and_then(|node| node.get(name)).filter(|node| !node.is_null());
        node.map(|node| reader.entries(node, &format!("`{name}`"), "names to texts")).unwrap_or_default()
    }
}

fn artifact(reader: &mut Reader<'_>, key: &Key, node: &Rc<Node>) -> Option<Artifact> {
    let mut fields = reader.fields(node, "an artifact")?;
    let kind = reader.required(&mut fields, "type").and_then(|node| reader.text(node, "`type`"))?.value;
    let environment = reader.optional(&mut fields, "environment").and_then(|node| reader.text(node, "`environment`"));
    let display = reader.optional(&mut fields, "displayName").and_then(|node| reader.text(node, "`displayName`"));
    let dependencies = reader.optional(&mut fields, "dependencies").map(|node| reader.texts(node, "a dependency"));
    Some(Artifact {
        id: key.name.clone(),
        span: key.span,
        kind,
        environment,
        display: display.map(|text| text.value),
        dependencies: dependencies.unwrap_or_default().into_iter().map(|text| text.value).collect(),
        properties: reader.optional(&mut fields, "properties").cloned(),
    })
}

/// The account and region of `aws://account/region`, each where it was known to CDK.
fn environment(reader: &mut Reader<'_>, artifact: &Artifact) -> Option<(Option<String>, Option<String>)> {
    let Some(given) = &artifact.environment else { return Some((None, None)) };
    let Some((account, region)) = given.value.strip_prefix("aws://").and_then(|rest| rest.split_once('/')) else {
        let message = format!("`{}` is not an environment of CDK", given.value.escape_debug());
        reader.add(Finding::new(Code::WrongChoice, given.span, message).help(ANEW));
        return None;
    };
    let known = |text: &str, unknown: &str| (text != unknown).then(|| text.to_owned());
    Some((known(account, "unknown-account"), known(region, "unknown-region")))
}

#[derive(Default)]
struct Assets {
    files: Vec<FileAsset>,
    has_images: bool,
}

struct File {
    path: Spanned<String>,
    packaging: Packaging,
    destinations: Vec<(String, String)>,
}

fn file(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<File> {
    let mut fields = reader.fields(node, "a file asset")?;
    let from = reader.required(&mut fields, "source")?;
    let destinations = reader.required(&mut fields, "destinations")?;
    let mut source = reader.fields(from, "the source of a file asset")?;
    if reader.optional(&mut source, "executable").is_some() {
        let message = "this asset is made by a program, and none is run for a deployment";
        let finding = Finding::new(Code::Unsupported, source.key("executable"), message);
        reader.add(finding.help("make the file before `cdk synth`, and let the asset name it"));
        return None;
    }
    let path = reader.required(&mut source, "path").and_then(|node| reader.text(node, "`path`"));
    let choices = [("zip", Packaging::Zip), ("file", Packaging::File)];
    let packaging = match reader.optional(&mut source, "packaging") {
        Some(node) => reader.choice(node, "`packaging`", &choices)?,
        None => Packaging::File,
    };
    let mut found = Vec::new();
    for (_, node) in reader.entries(destinations, "`destinations`", "names to destinations") {
        let mut fields = reader.fields(node, "a destination")?;
        let mut text = |name: &'static str| {
            let node = reader.required(&mut fields, name)?;
            Some(reader.text(node, &format!("`{name}`"))?.value)
        };
        found.push((text("bucketName")?, text("objectKey")?));
    }
    Some(File { path: path?, packaging, destinations: found })
}

/// That stacks have more assets than there may be.
pub(crate) fn too_many_assets(span: Span) -> Finding {
    let message = format!("with this stack there are more than {MOST_ASSETS} assets");
    Finding::new(Code::TooMany, span, message).help("deploy fewer stacks of the assembly, or split the application")
}

fn outside(path: &Spanned<String>) -> Finding {
    let message = format!("`{}` leads out of the assembly", path.value.escape_debug());
    Finding::new(Code::WrongPath, path.span, message).help("what an assembly needs is in the folder that CDK wrote")
}

/// `path`, which is relative to `folder`, from where the config is; none where it leads out of `root`.
fn within(root: &str, folder: &str, path: &str) -> Option<String> {
    let whole = joined(folder, path)?;
    whole.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')).then_some(whole)
}

/// `path`, which is relative to `folder`, from where the config is; none where it leads out of there.
pub(crate) fn joined(folder: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.contains(['\\', ':']) || path.chars().any(char::is_control) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The stacks, each after those that it depends on, and otherwise in the order of the text. Those that depend on each other
/// are told.
fn ordered(stacks: Vec<Assembled>, findings: &mut Vec<Finding>) -> Vec<Assembled> {
    let places: BTreeMap<&str, usize> =
        stacks.iter().enumerate().flat_map(|(at, one)| one.ids.iter().map(move |id| (id.as_str(), at))).collect();
    let after = |one: &Assembled| one.after.iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
    let mut waiting: BTreeMap<usize, BTreeSet<usize>> = stacks.iter().map(after).enumerate().collect();
    let mut order = Vec::with_capacity(stacks.len());
    while let Some(first) = waiting.keys().next().copied() {
        let free = waiting.iter().find(|(_, after)| after.iter().all(|other| !waiting.contains_key(other)));
        let next = free.map_or(first, |(at, _)| *at);
        if let (None, Some(stack)) = (free, stacks.get(first)) {
            let message = format!("the stack `{}` depends on itself, by way of those that it depends on", stack.name);
            findings.push(Finding::new(Code::Cycle, stack.template.span, message).help(ANEW));
        }
        waiting.remove(&next);
        order.push(next);
    }
    let mut left: Vec<Option<Assembled>> = stacks.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| left.get_mut(at)?.take()).collect()
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_path_stays_within_the_assembly() {
        assert_eq!(within("cdk.out", "cdk.out", "asset.1").as_deref(), Some("cdk.out/asset.1"));
        assert_eq!(within("cdk.out", "cdk.out/assembly-Prod", "../asset.1").as_deref(), Some("cdk.out/asset.1"));
        assert_eq!(within("a/cdk.out", "a/cdk.out", "./x/../y").as_deref(), Some("a/cdk.out/y"));
        for path in ["../x", "../../x", "x/../../y", "/etc/passwd", "..", "a\\b", "c:/x", "", "../cdk.outside/x"] {
            assert_eq!(within("cdk.out", "cdk.out", path), None, "{path}");
        }
    }
}
