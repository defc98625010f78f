//! The pages about what can be wrong: each shows what is wrong and what is right, and both are what they say they are.

use std::collections::{BTreeMap, BTreeSet};

use config::{Code, Context, Report};
use model::{Artifact, Digest, Environment, EnvironmentId, Snapshot};

/// What is told from outside of the texts: by what a bundle holds.
const FROM_OUTSIDE: [Code; 4] = [Code::FolderMissing, Code::HandlerMissing, Code::FileMissing, Code::NotText];

/// A template that examples name.
const STORAGE: &str = "\
Parameters: { Stage: { Type: String, Default: dev } }
Resources: { Bucket: { Type: AWS::S3::Bucket } }
";

/// The page about a code.
pub(super) fn page(code: Code) -> String {
    let path = format!("{}/../../docs/errors/codes/{}.md", env!("CARGO_MANIFEST_DIR"), code.as_str());
    std::fs::read_to_string(path).unwrap()
}

/// The texts of a page's examples: what is wrong, and what is right.
pub(super) fn examples(page: &str) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut right) = (Vec::new(), Vec::new());
    let mut of = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        match line {
            line if line.starts_with("Wrong") => of = Some(&mut wrong),
            line if line.starts_with("Right") => of = Some(&mut right),
            line if line.starts_with("```") => {
                let text: String =
                    lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
                if let Some(of) = &mut of {
                    of.push(text);
                }
            }
            _ => {}
        }
    }
    (wrong, right)
}

/// A whole config, of an example that may leave away what every config has; of a template, the config that brings it along.
pub(super) fn whole(example: &str) -> (String, BTreeMap<String, String>) {
    let has = |key: &str| example.lines().any(|line| line.starts_with(key));
    let is_template =
        ["Resources:", "Parameters:", "Conditions:", "Transform:", "Mappings:", "Rules:", "Outputs:", "AWSTemplate"];
    if example.starts_with('{') && example.contains("\"artifacts\"") {
        let (config, _) = whole("stacks: [{ name: site, assembly: cdk.out }]\n");
        return (config, [("cdk.out/manifest.json".to_owned(), example.to_owned())].into());
    }
    if is_template.iter().any(|key| has(key)) || example.starts_with('{') {
        let config = "stacks: [{ name: stack, template: stack.yaml }]\n";
        let (config, _) = whole(config);
        return (config, [("stack.yaml".to_owned(), example.to_owned())].into());
    }
    let mut config = String::new();
    // What is empty on purpose, or broken, stays as it is.
    if !example.starts_with('#') && !has("project:") {
        config.push_str("project: { name: desk, region: eu-central-1 }\n");
        if !has("environments:") {
            config.push_str("environments: { dev: {} }\n");
        }
    }
    config.push_str(example);
    (config, BTreeMap::new())
}

/// The codes of everything that is wrong with an example.
fn codes(example: &str) -> BTreeSet<String> {
    let (text, mut sources) = whole(example);
    // Texts that an example names are there, and say nothing of interest.
    for name in ["stacks/storage.yaml", "stacks/network.yaml", "storage.yaml"] {
        sources.entry(name.to_owned()).or_insert_with(|| STORAGE.to_owned());
    }
    let told = |report: Report| report.problems().iter().map(|problem| problem.code.as_str().to_owned()).collect();
    let config = match config::parse("strands.yaml", &text) {
        Ok(config) => config,
        Err(report) => return told(report),
    };
    let record = Environment {
        id: EnvironmentId::new("desk", "dev").unwrap(),
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
        ..super::record(&config, config.environments.keys().next().unwrap())
    };
    let Ok(agents) = config.agents_with_paths("dev") else {
        return told(config.agrees_with(&record).unwrap_err());
    };
    let kept = |agent: &config::AgentSource<'_>| {
        // No code is stored but that of folders.
        let artifact = Artifact { digest: Digest::of(agent.name.as_bytes()), size: 1 };
        matches!(agent.source, config::Source::Folder(_)).then(|| (agent.name.to_owned(), artifact))
    };
    let artifacts: BTreeMap<String, Artifact> = agents.iter().filter_map(kept).collect();
    let snapshot = Snapshot::default();
    let context =
        Context { sources: &sources, snapshot: &snapshot, ..Context::new(&record, &artifacts, "deployments") };
    let expanded = match config::expand(&config, &context) {
        Ok(expanded) => expanded,
        Err(report) => return told(report),
    };
    let noted = expanded.notes.iter().map(|note| note.code.as_str().to_owned());
    let untold = expanded.deployable().map_or_else(told, |()| BTreeSet::new());
    noted.chain(untold).collect()
}

#[test]
fn every_example_is_as_wrong_and_as_right_as_its_page_says() {
    let mut untrue = Vec::new();
    for code in Code::ALL {
        let name = code.as_str();
        let page = page(*code);
        assert!(page.starts_with(&format!("# {name}\n")), "{name}");
        let (wrong, right) = examples(&page);
        if wrong.is_empty() || right.is_empty() {
            untrue.push(format!("{name}: it shows {} that is wrong and {} that is right", wrong.len(), right.len()));
        }
        for example in wrong {
            let found = codes(&example);
            if !FROM_OUTSIDE.contains(code) && !found.contains(name) {
                untrue.push(format!("{name}: what is said to be wrong is told {found:?}:\n{example}"));
            }
        }
        for example in right {
            let found = codes(&example);
            if found.contains(name) {
                untrue.push(format!("{name}: what is said to be right is told {found:?}:\n{example}"));
            }
        }
    }
    assert!(untrue.is_empty(), "{}", untrue.join("\n"));
}

#[test]
fn the_table_of_codes_has_a_line_for_each_in_order_that_leads_to_its_page() {
    let page = include_str!("../../../../docs/errors/config.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| [")).map(|row| {
        let (code, rest) = row.split_once("](codes/").unwrap();
        let meaning = rest.strip_prefix(&format!("{code}.md) | ")).and_then(|rest| rest.strip_suffix(" |")).unwrap();
        assert!(meaning.len() > 10, "{code} says what it is: {meaning}");
        code
    });
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(rows.collect::<Vec<_>>(), codes);
}
