//! Arrows run down only: the dependency tables of the architecture, as data, against what cargo says.
//!
//! A crate may use what its row names and whatever those may use in turn. The tables speak of workspace crates, tokio and AWS
//! crates; other libraries are free, and so is what only tests use. `tests/*`, `bench` and `xtask` may use anything.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot read its document has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use cargo_metadata::{DependencyKind, MetadataCommand};
use contracts::template::repository;

/// Synchronous; no I/O, clock, randomness, environment, tokio or AWS SDK.
const PURE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("graph", &[]),
    ("schema", &["model"]),
    ("source", &["model"]),
    ("template", &["model", "schema", "source"]),
    ("config", &["model", "schema", "source", "template"]),
    ("bundle", &["model"]),
    ("project", &["bundle", "config", "model", "source"]),
    ("planner", &["model", "graph", "schema", "journal"]),
    ("check", &["model", "graph", "schema"]),
    ("journal", &["model"]),
    ("render", &["model", "journal", "graph"]),
];

const SHELL: &[(&str, &[&str])] = &[
    ("engine", &["model", "journal", "graph", "schema"]),
    ("store", &["engine"]),
    ("control", &["engine"]),
    ("providers", &["engine", "schema"]),
    ("step", &["engine"]),
    ("testkit", &["engine"]),
];

const FUNCTIONS: &[(&str, &[&str])] = &[
    ("intake", &["project", "store", "control", "step"]),
    ("plan", &["planner", "check", "config", "template", "store", "step"]),
    ("provision-wave", &["engine", "check", "providers", "store", "step"]),
    ("rollback", &["engine", "planner", "check", "journal", "store", "step"]),
    ("drift-scan", &["planner", "providers", "store", "step"]),
    ("conclude", &["engine", "render", "store", "control", "step"]),
];

/// Which service clients a crate may link by itself. `providers` may link any; who is not named, none.
const CLIENTS: &[(&str, &[&str])] = &[
    ("store", &["aws-sdk-s3", "aws-sdk-dynamodb"]),
    ("control", &["aws-sdk-sfn", "aws-sdk-kms", "aws-sdk-lambda", "aws-sdk-sns"]),
];

/// Who may configure and connect clients.
const PLUMBERS: &[&str] = &["store", "control", "providers", "step"];

/// Workspace crate → what it uses outside its own tests.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().manifest_path(repository().join("Cargo.toml")).no_deps().exec().unwrap();
    let packages = metadata.packages.iter().map(|package| {
        let used = package.dependencies.iter().filter(|one| one.kind != DependencyKind::Development);
        (package.name.to_string(), used.map(|one| one.name.clone()).collect())
    });
    packages.collect()
}

fn rows() -> BTreeMap<&'static str, &'static [&'static str]> {
    PURE.iter().chain(SHELL).chain(FUNCTIONS).copied().collect()
}

/// What a row allows, with what those may use in turn.
fn allowed(row: &str) -> BTreeSet<&'static str> {
    let rows = rows();
    let mut allowed = BTreeSet::new();
    let mut ahead: Vec<_> = rows[row].to_vec();
    while let Some(name) = ahead.pop() {
        if allowed.insert(name) {
            ahead.extend(rows[name]);
        }
    }
    allowed
}

fn free(name: &str) -> bool {
    let manifest = repository().join("tests").join(name).join("Cargo.toml");
    ["xtask", "bench"].contains(&name) || manifest.exists()
}

#[test]
fn every_crate_of_the_workspace_is_in_a_table() {
    for name in uses().keys() {
        assert!(rows().contains_key(name.as_str()) || free(name), "`{name}` is in no table");
    }
}

#[test]
fn arrows_run_down_only() {
    let uses = uses();
    let mut upwards = Vec::new();
    for (name, used) in uses.iter().filter(|(name, _)| !free(name)) {
        let allowed = allowed(name);
        let ours = used.iter().filter(|one| uses.contains_key(*one));
        upwards.extend(ours.filter(|one| !allowed.contains(one.as_str())).map(|one| format!("`{name}` uses `{one}`")));
    }
    assert!(upwards.is_empty(), "not allowed by the tables: {upwards:#?}");
}

#[test]
fn service_clients_are_linked_by_who_owns_them() {
    let clients: BTreeMap<_, _> = CLIENTS.iter().copied().collect();
    for (name, used) in uses().iter().filter(|(name, _)| !free(name)) {
        for one in used.iter().filter(|one| one.starts_with("aws-")) {
            let own = clients.get(name.as_str()).is_some_and(|own| own.contains(&one.as_str()));
            let service = one.starts_with("aws-sdk-");
            let may = if service { own || name == "providers" } else { PLUMBERS.contains(&name.as_str()) };
            assert!(may, "`{name}` uses `{one}`");
        }
    }
}

#[test]
fn who_does_not_touch_aws_does_not_link_the_providers() {
    for name in ["plan", "intake", "rollback", "conclude"] {
        assert!(!allowed(name).contains("providers"), "{name}");
    }
}

#[test]
fn the_verifier_never_uses_the_planner() {
    assert!(!allowed("check").contains("planner"));
}

/// Through everything that they link, libraries of others included.
#[test]
fn pure_crates_are_pure() {
    let uses = uses();
    let locked = locked();
    for (name, _) in PURE.iter().filter(|(name, _)| uses.contains_key(*name)) {
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<_> = uses[*name].iter().cloned().collect();
        while let Some(one) = ahead.pop() {
            let impure =
                ["tokio", "lambda_runtime", "hyper", "reqwest"].contains(&one.as_str()) || one.starts_with("aws-");
            assert!(!impure, "`{name}` reaches `{one}`");
            if seen.insert(one.clone()) {
                // Of our own crates, cargo's lock file would also list what only their tests use.
                ahead.extend(uses.get(&one).or_else(|| locked.get(&one)).into_iter().flatten().cloned());
            }
        }
    }
}

/// What the standard library and ours would give of the world outside. Tests may use it.
const IMPURE: [&str; 11] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "RandomState",
    "getrandom",
];

/// Through what they write themselves: no file, clock, environment, network, thread or chance of the standard library.
#[test]
fn pure_crates_use_nothing_impure_of_the_standard_library() {
    for (name, _) in PURE {
        let mut ahead = vec![repository().join("shared").join(name).join("src")];
        while let Some(path) = ahead.pop() {
            if path.is_dir() {
                ahead.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.exists() && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let outside_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                for impure in IMPURE {
                    assert!(!outside_tests.contains(impure), "{} uses `{impure}`", path.display());
                }
            }
        }
    }
}

/// Package → what it links, over all of its versions, after `Cargo.lock`.
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let lock: toml::Table = fs::read_to_string(repository().join("Cargo.lock")).unwrap().parse().unwrap();
    let mut links: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let used = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // An entry is a name, and a version where the name alone is not clear.
        let used = used.map(|one| one.as_str().unwrap().split(' ').next().unwrap().to_owned());
        links.entry(package["name"].as_str().unwrap().to_owned()).or_default().extend(used);
    }
    links
}

#[test]
fn a_function_is_a_few_lines_around_a_library() {
    for folder in fs::read_dir(repository().join("functions")).unwrap() {
        let main = folder.unwrap().path().join("src/main.rs");
        let lines = fs::read_to_string(&main).unwrap().lines().count();
        assert!(lines <= 40, "{} has {lines} lines", main.display());
    }
}
