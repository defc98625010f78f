//! `cargo xtask mutants`: breaks each invariant once, and sees that its test fails.
//!
//! Works on a copy of the checkout, so that a run that is interrupted leaves nothing broken behind. What a mutant is stands in
//! `xtask/mutants.toml`. A mutant that does not compile proves nothing, and counts as a failure of this command.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::error::XtaskError;
use crate::{run, seed};

/// Arguments of `cargo xtask mutants`.
#[derive(Args)]
pub(crate) struct Mutants {
    /// Only this invariant's.
    invariant: Option<u32>,
    /// One JSON object a mutant.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct List {
    mutant: Vec<Mutant>,
}

/// One way to break an invariant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// The invariant's number in ARCHITECTURE.md.
    invariant: u32,
    /// What is broken, in words.
    breaks: String,
    /// The file that is changed.
    file: PathBuf,
    /// The text that is replaced. It stands once in the file.
    find: String,
    /// What stands there instead.
    replace: String,
    /// The package of the test that must fail.
    package: String,
    /// Its target: `lib`, or the name of an integration test.
    target: String,
    /// The test's full name.
    test: String,
}

fn list() -> Result<Vec<Mutant>, XtaskError> {
    let path = run::root().join("xtask/mutants.toml");
    let text = read(&path)?;
    let list: List = toml::from_str(&text).map_err(|error| unexpected("the list of mutants was read", error))?;
    Ok(list.mutant)
}

/// What came of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Killed,
    Survived,
    Stillborn,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Survived => "SURVIVED",
            Self::Stillborn => "DOES NOT COMPILE",
        }
    }
}

impl Mutants {
    pub(crate) fn run(self) -> Result<(), XtaskError> {
        let mut mutants = list()?;
        mutants.retain(|mutant| self.invariant.is_none_or(|number| number == mutant.invariant));
        if mutants.is_empty() {
            return Err(XtaskError::Usage("there is no mutant of that invariant".to_owned()));
        }
        let tree = run::root().join("target/mutants/tree");
        copy(&tree)?;
        eprintln!("-- {} mutants; first, every test has to pass without one", mutants.len());
        let tests: BTreeSet<_> = mutants.iter().map(Mutant::test).collect();
        for (package, target, test) in tests {
            if verdict(&tree, package, target, test)? != Verdict::Survived {
                return Err(unexpected(&format!("`{test}` of `{package}` was run as it is"), "it does not pass"));
            }
        }
        let mut all_killed = true;
        for mutant in &mutants {
            let (package, target, test) = mutant.test();
            let path = tree.join(&mutant.file);
            let sound = read(&path)?;
            write(&path, &sound.replacen(&mutant.find, &mutant.replace, 1))?;
            let verdict = verdict(&tree, package, target, test);
            write(&path, &sound)?;
            let verdict = verdict?;
            all_killed &= verdict == Verdict::Killed;
            if self.json {
                let row = json!({
                    "invariant": mutant.invariant, "breaks": mutant.breaks, "file": mutant.file,
                    "package": package, "test": test, "verdict": verdict.word(),
                });
                println!("{row}");
            } else {
                println!("{:>2}  {:<8}  {}  ({test})", mutant.invariant, verdict.word(), mutant.breaks);
            }
        }
        if all_killed { Ok(()) } else { Err(XtaskError::Shown) }
    }
}

impl Mutant {
    fn test(&self) -> (&str, &str, &str) {
        (&self.package, &self.target, &self.test)
    }
}

/// Runs one test of the copy.
fn verdict(tree: &Path, package: &str, target: &str, test: &str) -> Result<Verdict, XtaskError> {
    let command = || {
        let mut command = run::cargo();
        command.current_dir(tree).env("CARGO_TARGET_DIR", run::root().join("target/mutants/target"));
        command.args(["test", "--quiet", "-p", package]);
        match target {
            "lib" => command.arg("--lib"),
            name => command.args(["--test", name]),
        };
        seed::fix(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    if !output(command().arg("--no-run"))?.status.success() {
        return Ok(Verdict::Stillborn);
    }
    let ran = output(command().args(["--", "--exact", test]))?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    if ran.status.success() && !said.contains("1 passed") {
        return Err(unexpected(&format!("`{test}` of `{package}` was run"), "there is no such test"));
    }
    Ok(if ran.status.success() { Verdict::Survived } else { Verdict::Killed })
}

fn output(command: &mut Command) -> Result<std::process::Output, XtaskError> {
    command.output().map_err(|source| XtaskError::Start { program: "cargo".to_owned(), source })
}

/// Copies what git knows of the checkout. A file that is the same keeps its time, so that nothing is built again for it.
fn copy(tree: &Path) -> Result<(), XtaskError> {
    let mut git = run::program("git");
    let listed = output(git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).stdout(Stdio::piped()))?;
    let root = run::root();
    let mut kept = BTreeSet::new();
    for name in String::from_utf8_lossy(&listed.stdout).lines() {
        let (from, to) = (root.join(name), tree.join(name));
        let Ok(bytes) = fs::read(&from) else { continue };
        kept.insert(to.clone());
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        let parent = to.parent().unwrap_or(tree);
        fs::create_dir_all(parent).map_err(|error| unexpected("the checkout was copied", error))?;
        fs::write(&to, bytes).map_err(|error| unexpected("the checkout was copied", error))?;
    }
    remove_others(tree, &kept)
}

/// Removes what the checkout no longer has.
fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<(), XtaskError> {
    let entries = fs::read_dir(folder).map_err(|error| unexpected("the copy was read", error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path).map_err(|error| unexpected("the copy was cleaned", error))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, XtaskError> {
    fs::read_to_string(path).map_err(|error| unexpected(&format!("`{}` was read", path.display()), error))
}

fn write(path: &Path, text: &str) -> Result<(), XtaskError> {
    fs::write(path, text).map_err(|error| unexpected(&format!("`{}` was written", path.display()), error))
}

fn unexpected(what: &str, why: impl ToString) -> XtaskError {
    XtaskError::Unexpected { what: what.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    #[test]
    fn every_invariant_has_a_mutant_that_changes_what_is_there() {
        let mutants = list().unwrap();
        for mutant in &mutants {
            let text = read(&run::root().join(&mutant.file)).unwrap();
            assert_eq!(text.matches(&mutant.find).count(), 1, "{}: {}", mutant.file.display(), mutant.find);
            assert_ne!(mutant.find, mutant.replace);
        }
        let covered: BTreeSet<u32> = mutants.iter().map(|mutant| mutant.invariant).collect();
        assert_eq!(covered, (1..=12).collect());
    }
}
