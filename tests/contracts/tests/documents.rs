//! What the documents name exists: files, tests, error codes.
//!
//! Documents grow false in silence. This holds what can be held without reading them: that a link or a path leads somewhere,
//! that a test which is said to hold an invariant is there, and that each error code has its paragraph and no other has.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot read its document has failed"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bundle::Code;
use contracts::template::repository;

/// Folders and files that documents speak of by their path from the root.
const TOP: [&str; 10] = [
    ".cargo/",
    ".ci/",
    "bootstrap/",
    "docs/",
    "examples/",
    "functions/",
    "shared/",
    "statemachine/",
    "tests/",
    "xtask/",
];

/// Every file below `folder` whose name ends with `ending`; what was built or fetched aside.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["target", ".git", ".aws-sam", "node_modules"].contains(&name) {
                files(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn documents() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&repository(), ".md", &mut found);
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

fn sources(below: &str) -> String {
    let mut found = Vec::new();
    files(&repository().join(below), ".rs", &mut found);
    found.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// What stands in single backticks, blocks of code aside.
fn quoted(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// Four words or more, as every test's name has.
fn is_test_name(word: &str) -> bool {
    let words: Vec<_> = word.split('_').collect();
    words.len() > 3 && words.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// The codes that a page explains: its headings of the form `## intake::gone`.
fn explained(page: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("docs/errors").join(page)).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect()
}

/// The codes of one family in the sources: `"intake::gone"`, as a literal.
fn coded(family: &str, below: &[&str]) -> BTreeSet<String> {
    let opening = format!("\"{family}::");
    let is_code = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let sources: String = below.iter().map(|folder| sources(folder)).collect();
    let rests = sources.split(&opening).skip(1).filter_map(|rest| rest.split('"').next());
    rests.filter(|rest| is_code(rest)).map(|rest| format!("{family}::{rest}")).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for (path, text) in documents() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") && !path.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_that_is_named_exists() {
    let mut missing = Vec::new();
    for (document, text) in documents() {
        let is_path = |word: &&str| {
            TOP.iter().any(|top| word.starts_with(top))
                && !word.contains(['{', '*', '…', ' ', '<', '@'])
                && !word.contains("::")
        };
        for path in quoted(&text).into_iter().filter(is_path) {
            if !repository().join(path).exists() && !document.parent().unwrap().join(path).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_test_that_is_said_to_hold_something_exists() {
    let sources = sources("");
    let mut missing = Vec::new();
    // Pages about `strands.yaml` quote its keys, which look alike.
    let is_about_code =
        |path: &Path| !path.ends_with("docs/config.md") && !path.to_string_lossy().contains("docs/errors/codes/");
    for (document, text) in documents().into_iter().filter(|(path, _)| is_about_code(path)) {
        for name in quoted(&text).into_iter().filter(|word| is_test_name(word)) {
            if !sources.contains(&format!("fn {name}(")) {
                missing.push(format!("{}: {name}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_invariant_is_held_by_a_test_or_said_not_to_be() {
    let text = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let invariants = text.split("\n## ").find(|part| part.starts_with("Invariants")).unwrap();
    for number in 1..=12 {
        let opening = format!("\n### {number}. ");
        let part = invariants.split(&opening).nth(1).unwrap_or_else(|| panic!("{number} is missing"));
        let part = part.split("\n### ").next().unwrap();
        let held = quoted(part).into_iter().any(is_test_name);
        assert!(held || part.contains("Not yet held by a test"), "nothing is said of what holds {number}");
    }
}

#[test]
fn every_error_code_has_its_paragraph_and_no_other_has() {
    let bundle: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(explained("bundle.md"), bundle);
    assert_eq!(explained("intake.md"), coded("intake", &["functions/intake", "shared/project"]));
    assert_eq!(explained("observe.md"), coded("observe", &["functions/drift-scan"]));
    assert_eq!(explained("plan.md"), coded("plan", &["functions/plan", "shared/planner"]));
    let ways_back =
        ["rollback", "destroy", "let-go"].map(|family| coded(family, &["functions/rollback", "shared/planner"]));
    assert_eq!(explained("rollback.md"), ways_back.into_iter().flatten().collect());
}
