//! Which tests draw, and the programs that they are built into.
//!
//! Tests of `proptest! { … }` are found in the sources, so that a new one is hunted without being listed anywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::random::{Random, What};
use crate::error::XtaskError;
use crate::run;

/// Like the profile of tests, but optimised.
const PROFILE: [&str; 2] = ["--profile", "hunt"];
const SIMULATOR: &str = "simulation";

/// Everything that draws, built.
pub(super) fn all() -> Result<Vec<Random>, XtaskError> {
    let sources = sources()?;
    let packages: BTreeSet<_> = sources.iter().map(|source| source.package.as_str()).chain([SIMULATOR]).collect();
    let targets: BTreeSet<_> = sources.iter().map(|source| source.target.as_str()).collect();
    let names: BTreeSet<_> = sources.iter().flat_map(Source::names).collect();
    // The same packages twice: for another selection, cargo could take other features, and build everything again.
    let packages: Vec<_> = packages.into_iter().flat_map(|package| ["-p", package]).collect();
    let targets: Vec<_> = targets.into_iter().flat_map(|target| target.split(' ')).collect();
    let mut all = Vec::new();
    for built in built(&[&["test", "--no-run"], packages.as_slice(), &targets].concat())? {
        for test in listed(&built)? {
            let name = test.rsplit("::").next().unwrap_or(&test);
            if names.contains(&(built.package.as_str(), built.target.as_str(), name)) {
                all.push(built.clone().random(What::Property { target: built.target.clone(), test }));
            }
        }
    }
    let simulator = built(&[&["build", "--bin", SIMULATOR], packages.as_slice()].concat())?;
    all.extend(simulator.into_iter().map(|built| built.random(What::Simulator)));
    Ok(all)
}

/// A file that has tests which draw.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    package: String,
    /// The test program that it belongs to, as cargo names it.
    target: String,
    /// The names of these tests, without those of modules.
    properties: Vec<String>,
}

impl Source {
    fn names(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.properties.iter().map(|name| (self.package.as_str(), self.target.as_str(), name.as_str()))
    }
}

fn sources() -> Result<Vec<Source>, XtaskError> {
    let mut git = run::program("git");
    let listed = output(git.args(["grep", "--untracked", "-lE", r"^(proptest::)?proptest! \{", "--", "*.rs"]))?;
    let mut found = Vec::new();
    for path in String::from_utf8_lossy(&listed).lines() {
        let text = fs::read_to_string(run::root().join(path)).map_err(|why| unexpected(path, why))?;
        let place = place(Path::new(path)).ok_or_else(|| unexpected(path, "it belongs to no test program"))?;
        found.push(Source { package: place.0, target: place.1, properties: properties(&text) });
    }
    Ok(found)
}

/// Package and test program of a source. Packages are called like their folders.
fn place(source: &Path) -> Option<(String, String)> {
    let folder = source.ancestors().skip(1).find(|folder| run::root().join(folder).join("Cargo.toml").exists())?;
    let package = folder.file_name()?.to_string_lossy().into_owned();
    let mut within = source.strip_prefix(folder).ok()?.iter();
    let target = match within.next()?.to_str()? {
        "src" => "--lib".to_owned(),
        "tests" => format!("--test {}", Path::new(within.next()?).file_stem()?.to_string_lossy()),
        _ => return None,
    };
    Some((package, target))
}

/// The tests in every `proptest! { … }` of a source.
fn properties(text: &str) -> Vec<String> {
    let mut is_within = false;
    let mut names = Vec::new();
    for line in text.lines() {
        match line {
            "proptest! {" | "proptest::proptest! {" => is_within = true,
            "}" => is_within = false,
            _ if is_within => {
                let name = line.strip_prefix("    fn ").and_then(|rest| rest.split('(').next());
                names.extend(name.map(str::to_owned));
            }
            _ => {}
        }
    }
    names
}

/// A program that cargo has built.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Built {
    package: String,
    /// How cargo names it.
    target: String,
    program: PathBuf,
    folder: PathBuf,
}

impl Built {
    fn random(self, what: What) -> Random {
        Random { package: self.package, what, program: self.program, folder: self.folder }
    }
}

/// Builds, and returns the programs that came of it.
fn built(arguments: &[&str]) -> Result<Vec<Built>, XtaskError> {
    let mut cargo = run::cargo();
    cargo.args(arguments).args(PROFILE).arg("--message-format=json-render-diagnostics");
    let said = output(&mut cargo)?;
    Ok(String::from_utf8_lossy(&said).lines().filter_map(artifact).collect())
}

/// The program that a line of cargo's speaks of.
fn artifact(line: &str) -> Option<Built> {
    let message: Value = serde_json::from_str(line).ok()?;
    let program = message.get("executable")?.as_str()?;
    let folder = Path::new(message.get("manifest_path")?.as_str()?).parent()?;
    let target = message.get("target")?;
    let (kind, name) = (target.get("kind")?.get(0)?.as_str()?, target.get("name")?.as_str()?);
    let target = match kind {
        "lib" => "--lib".to_owned(),
        kind => format!("--{kind} {name}"),
    };
    let package = folder.file_name()?.to_string_lossy().into_owned();
    Some(Built { package, target, program: program.into(), folder: folder.to_owned() })
}

/// The tests of a program, by their full names.
fn listed(built: &Built) -> Result<Vec<String>, XtaskError> {
    let said = output(Command::new(&built.program).current_dir(&built.folder).args(["--list", "--format", "terse"]))?;
    let name = |line: &str| line.strip_suffix(": test").map(str::to_owned);
    Ok(String::from_utf8_lossy(&said).lines().filter_map(name).collect())
}

/// What a program prints, its errors on the screen.
fn output(command: &mut Command) -> Result<Vec<u8>, XtaskError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let ran = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let ran = ran.map_err(|source| XtaskError::Start { program: program.clone(), source })?;
    if ran.status.success() { Ok(ran.stdout) } else { Err(XtaskError::Program(program)) }
}

fn unexpected(path: &str, why: impl ToString) -> XtaskError {
    XtaskError::Unexpected { what: format!("`{path}` was read"), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    #[test]
    fn tests_that_draw_are_told_from_those_beside_them() {
        let text = "fn a() {\n    fn inner() {}\n}\n\nproptest! {\n    #![proptest_config(x)]\n\n    #[test]\n    fn b(x in 0..1) {\n        \
                    fn not_c() {}\n    }\n\n    #[test]\n    fn d(\n        y in any::<u8>(),\n    ) {\n    }\n}\n\nfn e() {}\n\n\
                    proptest::proptest! {\n    #[test]\n    fn f(z in 0..2) {}\n}\n";
        assert_eq!(properties(text), ["b", "d", "f"]);
    }

    #[test]
    fn every_package_that_is_given_proptest_has_tests_that_are_found() {
        let sources = sources().unwrap();
        let found: BTreeSet<_> = sources.iter().map(|source| source.package.clone()).collect();
        let folders = fs::read_dir(run::root().join("shared")).unwrap().map(|entry| entry.unwrap().path());
        let is_given = |folder: &PathBuf| {
            fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|manifest| manifest.contains("\nproptest."))
        };
        let given = folders.filter(is_given).map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned());
        assert_eq!(found, given.collect());
        for source in sources {
            assert!(!source.properties.is_empty(), "no test is found in a `proptest!` of {source:?}");
        }
    }

    #[test]
    fn a_source_belongs_to_a_test_program_of_its_package() {
        let placed = |path: &str| place(Path::new(path)).map(|(package, target)| format!("-p {package} {target}"));
        assert_eq!(placed("shared/planner/src/tests/random.rs").unwrap(), "-p planner --lib");
        assert_eq!(placed("shared/bundle/tests/bundle/properties.rs").unwrap(), "-p bundle --test bundle");
        assert_eq!(placed("tests/simulation/tests/random.rs").unwrap(), "-p simulation --test random");
        assert_eq!(placed("shared/planner/build.rs"), None);
    }

    #[test]
    fn programs_are_known_by_what_cargo_says_of_them() {
        let line = |kind: &str, name: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/x/shared/bundle/Cargo.toml","target":{{"kind":["{kind}"],"name":"{name}"}},"executable":{executable}}}"#
            )
        };
        let target = |line: &str| artifact(line).map(|built| built.target);
        assert_eq!(target(&line("lib", "bundle", "null")), None, "a library is no program");
        assert_eq!(target(&line("lib", "bundle", r#""/t/bundle-1""#)).unwrap(), "--lib");
        let built = artifact(&line("test", "hostile", r#""/t/hostile-1""#)).unwrap();
        assert_eq!((built.package.as_str(), built.target.as_str()), ("bundle", "--test hostile"));
        assert_eq!((built.program, built.folder), ("/t/hostile-1".into(), "/x/shared/bundle".into()));
        assert_eq!(artifact(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
