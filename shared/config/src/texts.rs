//! The other texts and files of a project that its stacks come from: which there must be, and what is wrong where there are
//! none. Looks at nothing itself.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::{Area, Code, Files, Finding, Node, Report, Span};

use crate::assembly::FileAsset;
use crate::chosen::{self, Chosen};
use crate::config::{Config, Origin};
use crate::nested;

/// Other texts that a config is expanded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed<'a> {
    /// The path of a text, or of an assembly's folder.
    pub path: &'a str,
    /// Which of the two it is.
    pub kind: NeededKind,
    /// Where it is named in the config.
    pub span: Span,
}

/// What a config names by a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeededKind {
    /// One text.
    Text,
    /// The texts of an assembly.
    Assembly,
}

impl Needed<'_> {
    /// Whether a file of the bundle is such a text. Of an assembly: what CDK wrote as JSON, its tree of constructs and the
    /// insides of assets left out.
    pub fn takes(&self, path: &str) -> bool {
        match self.kind {
            NeededKind::Text => path == self.path,
            NeededKind::Assembly => path
                .strip_prefix(self.path)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| rest.ends_with(".json") && rest.split('/').all(is_of_cdk)),
        }
    }

    /// A text without which there is nothing to expand.
    pub fn first(&self) -> String {
        match self.kind {
            NeededKind::Text => self.path.to_owned(),
            NeededKind::Assembly => format!("{}/{MANIFEST}", self.path),
        }
    }
}

/// The text of an assembly that says what is in it.
pub(crate) const MANIFEST: &str = "manifest.json";

/// What an asset of a stack is called among artifacts.
pub(crate) fn artifact_key(stack: &str, asset: &str) -> String {
    format!("{stack}/{asset}")
}

/// Whether a part of a path is of what a deployment needs: neither the inside of an asset nor what only people and other tools
/// read (where constructs stand, what was found wrong with them).
fn is_of_cdk(part: &str) -> bool {
    !part.starts_with("asset.")
        && !part.ends_with(".metadata.json")
        && !["tree.json", "validation-report.json"].contains(&part)
}

/// A file or folder that a template needs in the artifact store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetSource {
    /// Its name among artifacts: `{stack}/{id of the asset}`.
    pub key: String,
    /// Its path from the folder that the config is in.
    pub path: String,
    /// What is stored of it.
    pub packaging: Packaging,
    /// Where its stack is named in the config.
    pub span: Span,
}

/// What is stored of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packaging {
    /// The folder as a zip.
    Zip,
    /// The file as it is.
    File,
}

/// The texts of a project as they are being read. Each is read once, and keeps its place among [`Files`].
pub(crate) struct Texts<'a> {
    sources: &'a BTreeMap<String, String>,
    files: Files,
    trees: BTreeMap<String, Option<Rc<Node>>>,
}

impl<'a> Texts<'a> {
    /// Those of a config: its own, and its `sources` by path.
    pub(crate) fn new(config: &Config, sources: &'a BTreeMap<String, String>) -> Self {
        Self { sources, files: config.files.clone(), trees: BTreeMap::new() }
    }

    /// The tree of the text at `path`, which is named at `span`; none where it is not there or is no tree, which is told.
    pub(crate) fn tree(&mut self, path: &str, span: Span, findings: &mut Vec<Finding>) -> Option<Rc<Node>> {
        if let Some(tree) = self.trees.get(path) {
            return tree.clone();
        }
        let tree = match self.sources.get(path) {
            Some(text) => {
                let file = self.files.add(path, Area::Template, text);
                source::tree(&self.files, file, findings)
            }
            None => {
                findings.push(missing(path, span, self.sources.keys().map(String::as_str)));
                None
            }
        };
        self.trees.insert(path.to_owned(), tree.clone());
        tree
    }

    /// The text at `path`, if it is there.
    pub(crate) fn text(&self, path: &str) -> Option<&'a str> {
        self.sources.get(path).map(String::as_str)
    }

    /// The texts that were read.
    pub(crate) fn into_files(self) -> Files {
        self.files
    }
}

/// That the text at `path` is not there; `found` are the paths that are.
fn missing<'f>(path: &str, span: Span, found: impl IntoIterator<Item = &'f str>) -> Finding {
    let assembly = path.strip_suffix(MANIFEST).and_then(|folder| folder.strip_suffix('/'));
    let message = match assembly {
        Some(folder) => format!("there is no assembly in `{folder}`: it has no `{MANIFEST}`"),
        None => format!("the file `{path}` is not in the bundle"),
    };
    let near = source::closest(path, found.into_iter().filter(|found| found.ends_with(MANIFEST) == assembly.is_some()));
    let help = match (near.map(|near| near.strip_suffix(&format!("/{MANIFEST}")).unwrap_or(near)), assembly) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(_)) => "run `cdk synth` before the bundle is zipped, and name the folder that it wrote".to_owned(),
        (None, None) => {
            "paths start at the folder that `strands.yaml` is in; zip that folder's contents, and upload them as \
             `bundle.zip`"
                .to_owned()
        }
    };
    Finding::new(Code::FileMissing, span, message).help(help)
}

impl Config {
    /// The other texts that the environment of that name is expanded with; none where the config has no such environment.
    pub fn needed(&self, environment: &str) -> Vec<Needed<'_>> {
        let stacks = self
            .environments
            .get(environment)
            .map(|environment| environment.brought.stacks.as_slice())
            .unwrap_or_default();
        let needed = stacks.iter().map(|stack| {
            let (path, kind) = match &stack.origin {
                Origin::Template(path) => (path, NeededKind::Text),
                Origin::Assembly { folder, .. } => (folder, NeededKind::Assembly),
            };
            Needed { path: &path.value, kind, span: path.span }
        });
        needed.collect()
    }

    /// The templates of nested stacks that `sources` name and do not have, by their paths, each with the place of the stack in the
    /// config. They may name others: ask again with them.
    pub fn nested(&self, environment: &str, sources: &BTreeMap<String, String>) -> BTreeMap<String, Span> {
        let Some(environment) = self.environments.get(environment) else { return BTreeMap::new() };
        if !sources.values().any(|text| text.contains(nested::STACK)) {
            return BTreeMap::new();
        }
        let (mut texts, mut told) = (Texts::new(self, sources), Vec::new());
        let chosen = chosen::chosen(environment, &mut texts, &mut told);
        let inner = nested::nested(environment, &chosen, &mut texts, &mut told);
        let missing = inner.into_iter().filter(|inner| !sources.contains_key(&inner.template.value));
        missing.filter_map(|inner| Some((inner.template.value, chosen.get(inner.outermost)?.span))).collect()
    }

    /// The files and folders that the templates of an environment need in the artifact store. `sources` are the texts that
    /// [`Config::needed`] asks for.
    ///
    /// # Errors
    /// A report of what is wrong with assemblies, or as [`Config::environment`].
    pub fn assets(&self, environment: &str, sources: &BTreeMap<String, String>) -> Result<Vec<AssetSource>, Report> {
        let environment = self.environment(environment)?;
        let (mut texts, mut findings) = (Texts::new(self, sources), Vec::new());
        let chosen = chosen::chosen(environment, &mut texts, &mut findings);
        if !findings.is_empty() {
            return Err(Report::of(&texts.into_files(), findings));
        }
        let of = |stack: &Chosen<'_>| {
            let (name, span) = (stack.name.clone(), stack.span);
            let assets = stack.assembled.iter().flat_map(|assembled| assembled.assets.clone());
            let assets = assets.filter(|asset| !asset.is_template());
            let source = move |asset: FileAsset| {
                let key = artifact_key(&name, &asset.id);
                AssetSource { key, path: asset.path, packaging: asset.packaging, span }
            };
            assets.map(source).collect::<Vec<_>>()
        };
        Ok(chosen.iter().flat_map(of).collect())
    }

    /// What to say of a text that is not in the bundle; `found` are the paths that are.
    pub fn file_missing<'f>(&self, needed: &Needed<'_>, found: impl IntoIterator<Item = &'f str>) -> Report {
        Report::of(&self.files, [missing(&needed.first(), needed.span, found)])
    }

    /// What to say of an asset that is not in the bundle.
    pub fn asset_missing(&self, asset: &AssetSource) -> Report {
        let message = format!("`{}`, which is an asset of `{}`, is not in the bundle", asset.path, asset.key);
        let help = "run `cdk synth` anew and zip all that it writes, the folders `asset.…` included";
        self.problems_at([(Code::FileMissing, asset.span, message, Some(help.to_owned()))])
    }
}
