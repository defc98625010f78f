//! `cargo xtask schemas`: makes the bundle of resource types that `schema` embeds from a pinned package of PyPI.
//!
//! Owns which schemas are taken, what of them is kept, and how they are packed; `schema::registry` owns how they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};
use std::path::Path;

use clap::Args;
use flate2::{Compression, write::DeflateEncoder};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{console::Console, error::XtaskError, run};

/// The release of cfn-lint whose wheel holds the schemas.
const VERSION: &str = "1.58.0";
/// The SHA-256 of its wheel.
const WHEEL: &str = "9d9f06043160756a6158f5c3f92a44ce38254b1c578127461608305bc8262987";
/// Where the bundle lies.
const BUNDLE: &str = "shared/schema/bundle/resource-types.bin";
/// How much of it a block holds at least, before it is compressed: deflate looks back 32 KiB, so that more gains little, and
/// reading one type means decoding its block.
const BLOCK: usize = 64 << 10;

/// What is kept of a type.
const KEPT: [&str; 23] = [
    "additionalIdentifiers",
    "additionalProperties",
    "allOf",
    "anyOf",
    "conditionalCreateOnlyProperties",
    "createOnlyProperties",
    "definitions",
    "dependentExcluded",
    "dependentRequired",
    "handlers",
    "oneOf",
    "patternProperties",
    "primaryIdentifier",
    "properties",
    "readOnlyProperties",
    "replacementStrategy",
    "required",
    "requiredOr",
    "requiredXor",
    "taggable",
    "tagging",
    "writeOnlyProperties",
    "type",
];
/// What is dropped wherever it stands: prose, and what ties one type's property to another's.
const DROPPED: [&str; 6] = ["$comment", "arrayType", "description", "examples", "relationshipRef", "title"];

/// Arguments of `cargo xtask schemas`.
#[derive(Args)]
pub(crate) struct Schemas {
    /// Write nothing: say whether the bundle is what the package makes.
    #[arg(long)]
    check: bool,
}

impl Schemas {
    /// Fetches the package unless it is at hand, and makes the bundle, or compares it.
    pub(crate) fn run(self) -> Result<(), XtaskError> {
        let console = Console::new();
        console.doing("fetching the schemas");
        let wheel = fetch(&run::root().join("target/local/schemas"))?;
        console.doing("packing the schemas");
        let made = bundle(&wheel)?;
        console.finish();
        let path = run::root().join(BUNDLE);
        if self.check {
            let found = std::fs::read(&path).map_err(|e| failed(&format!("read `{BUNDLE}`"), &e))?;
            if found != made {
                let why = "run `cargo xtask schemas`, and look at what changed".to_owned();
                let what = format!("`{BUNDLE}` is not what cfn-lint {VERSION} makes");
                return Err(XtaskError::Usage(format!("{what}: {why}")));
            }
        } else {
            std::fs::write(&path, &made).map_err(|e| failed(&format!("write `{BUNDLE}`"), &e))?;
        }
        println!("{BUNDLE}: {} bytes, sha256 {}", made.len(), digest(&made));
        Ok(())
    }
}

/// The wheel, from `dir` or from PyPI, and only if it is the one that is pinned.
fn fetch(dir: &Path) -> Result<Vec<u8>, XtaskError> {
    let wheel = dir.join(format!("cfn_lint-{VERSION}-py3-none-any.whl"));
    if !wheel.exists() {
        std::fs::create_dir_all(dir).map_err(|e| failed(&format!("make `{}`", dir.display()), &e))?;
        let pinned = dir.join("requirements.txt");
        std::fs::write(&pinned, format!("cfn-lint=={VERSION} --hash=sha256:{WHEEL}\n"))
            .map_err(|e| failed(&format!("write `{}`", pinned.display()), &e))?;
        let mut pip = run::program("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
            .args(["--only-binary", ":all:", "--require-hashes", "--dest"])
            .arg(dir)
            .arg("--requirement")
            .arg(&pinned);
        if !run::shown(&mut pip)? {
            return Err(XtaskError::Program("python3 -m pip download".to_owned()));
        }
    }
    let bytes = std::fs::read(&wheel).map_err(|e| failed(&format!("read `{}`", wheel.display()), &e))?;
    if digest(&bytes) != WHEEL {
        let what = format!("`{}` is not the package that is pinned", wheel.display());
        return Err(XtaskError::Usage(format!("{what}: delete it, and run this again")));
    }
    Ok(bytes)
}

/// The bundle that a wheel makes. The same wheel makes the same bytes.
fn bundle(wheel: &[u8]) -> Result<Vec<u8>, XtaskError> {
    let mut package = Package::open(wheel)?;
    let version = package.json("version.json")?;
    let date = version.get("schema_date").and_then(Value::as_str).unwrap_or("an unknown date").to_owned();
    let regions = package.regions()?;
    let mut types: BTreeMap<String, (String, BTreeSet<usize>)> = BTreeMap::new();
    for (at, region) in regions.iter().enumerate() {
        let Value::Object(listed) = package.json(&format!("providers/{region}.json"))? else { continue };
        for (name, file) in listed {
            let file = file.as_str().unwrap_or_default().to_owned();
            let (known, places) = types.entry(name.clone()).or_insert_with(|| (file.clone(), BTreeSet::new()));
            if *known != file {
                return Err(XtaskError::Usage(format!("`{name}` has one schema in `{region}` and another elsewhere")));
            }
            places.insert(at);
        }
    }

    let mut packed = Packed::default();
    for (name, (file, places)) in types {
        let schema = kept(package.json(&format!("resources/{file}.json"))?);
        packed.add(&name, &schema.to_string(), &places)?;
    }
    packed.finish(&format!("cfn-lint {VERSION} sha256 {WHEEL}, schemas of {date}, MIT-0"), &regions)
}

/// The schemas in a wheel.
struct Package<'w>(zip::ZipArchive<Cursor<&'w [u8]>>);

impl<'w> Package<'w> {
    fn open(wheel: &'w [u8]) -> Result<Self, XtaskError> {
        Ok(Self(zip::ZipArchive::new(Cursor::new(wheel)).map_err(|e| failed("open the package", &e))?))
    }

    fn json(&mut self, path: &str) -> Result<Value, XtaskError> {
        let path = format!("{SCHEMAS}{path}");
        let entry = self.0.by_name(&path).map_err(|e| failed(&format!("find `{path}` in the package"), &e))?;
        serde_json::from_reader(std::io::BufReader::new(entry)).map_err(|e| failed(&format!("read `{path}`"), &e))
    }

    /// The regions, by name. `sam.json` stands among them, and holds what is no type of CloudFormation's: what its transform
    /// makes types of.
    fn regions(&self) -> Result<Vec<String>, XtaskError> {
        let folder = format!("{SCHEMAS}providers/");
        let names = self.0.file_names().filter_map(Result::ok);
        let names = names.filter_map(|name| Some(name.strip_prefix(&folder)?.strip_suffix(".json")?.to_owned()));
        let regions: BTreeSet<String> = names.filter(|name| name != "sam").collect();
        // One bit each.
        if regions.is_empty() || regions.len() > 64 {
            return Err(XtaskError::Usage(format!("the package has {} regions in `{folder}`", regions.len())));
        }
        Ok(regions.into_iter().collect())
    }
}

/// Where in the wheel they are.
const SCHEMAS: &str = "cfnlint/data/schemas/";

fn kept(schema: Value) -> Value {
    let Value::Object(schema) = schema else { return schema };
    let kept = schema.into_iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
    let kept = kept.map(|(name, value)| {
        let value = if name == "handlers" { permissions(value) } else { keyword(&name, value) };
        (name, value)
    });
    Value::Object(sorted(kept))
}

/// What each handler may have to do, without its timeouts and arguments.
fn permissions(handlers: Value) -> Value {
    let Value::Object(handlers) = handlers else { return handlers };
    let permissions = handlers.into_iter().filter_map(|(name, mut handler)| {
        let permissions = handler.get_mut("permissions")?.take();
        Some((name, permissions))
    });
    Value::Object(sorted(permissions))
}

/// The value of one keyword: plain data stays as it is, maps of names keep every name.
fn keyword(name: &str, value: Value) -> Value {
    match (name, value) {
        ("enum" | "const" | "default" | "enumCaseInsensitive", data) => data,
        ("properties" | "patternProperties" | "definitions" | "dependencies", Value::Object(names)) => {
            Value::Object(sorted(names.into_iter().map(|(name, value)| (name, without_prose(value)))))
        }
        (_, value) => without_prose(value),
    }
}

fn without_prose(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(name, _)| !DROPPED.contains(&name.as_str()));
            Value::Object(sorted(kept.map(|(name, value)| (name.clone(), keyword(&name, value)))))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_prose).collect()),
        other => other,
    }
}

fn sorted(entries: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
    entries.collect::<BTreeMap<_, _>>().into_iter().collect()
}

/// The bundle as it grows; its form is described where it is read, in `schema::registry`.
#[derive(Default)]
struct Packed {
    index: String,
    blocks: String,
    block: Vec<u8>,
    finished: usize,
    sets: Vec<BTreeSet<usize>>,
    compressed: Vec<u8>,
}

impl Packed {
    fn add(&mut self, name: &str, schema: &str, regions: &BTreeSet<usize>) -> Result<(), XtaskError> {
        if !self.block.is_empty() && self.block.len() + schema.len() > BLOCK {
            self.close()?;
        }
        let set = self.sets.iter().position(|set| set == regions).unwrap_or_else(|| {
            self.sets.push(regions.clone());
            self.sets.len() - 1
        });
        let line = format!("type {name} {} {} {} {set}\n", self.finished, self.block.len(), schema.len());
        self.index.push_str(&line);
        self.block.extend_from_slice(schema.as_bytes());
        Ok(())
    }

    fn close(&mut self) -> Result<(), XtaskError> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&self.block).map_err(|e| failed("compress a block", &e))?;
        let compressed = encoder.finish().map_err(|e| failed("compress a block", &e))?;
        let line = format!("block {} {} {}\n", self.compressed.len(), compressed.len(), self.block.len());
        self.blocks.push_str(&line);
        self.compressed.extend_from_slice(&compressed);
        self.block.clear();
        self.finished += 1;
        Ok(())
    }

    fn finish(mut self, source: &str, regions: &[String]) -> Result<Vec<u8>, XtaskError> {
        self.close()?;
        let sets = self.sets.iter().map(|set| {
            let bits = set.iter().fold(0_u64, |bits, region| bits | 1 << region);
            format!("set {bits:x}\n")
        });
        let sets: String = sets.collect();
        let regions = regions.join(" ");
        let (blocks, index) = (&self.blocks, &self.index);
        let head = format!("strandline resource types 1\nsource {source}\nregions {regions}\n{sets}{blocks}{index}\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.compressed);
        Ok(bytes)
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn failed(what: &str, why: &dyn std::fmt::Display) -> XtaskError {
    XtaskError::Usage(format!("cannot {what}: {why}"))
}
